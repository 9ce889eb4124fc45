import Memory
import Octets

/// Finds files by their DF and identifier: a hash table in RAM over the file objects of the image, made at power-on.
///
/// It holds page numbers only; what a file is called is read where the image says it, so that nothing is kept twice.
struct FileIndex: ~Copyable {
    private static let emptySlot: UInt32 = .max
    /// Marks the entry of a file under its short file identifier.
    private static let shortFlag: UInt32 = 0x8000_0000
    /// Keys of short file identifiers: FFXX is reserved as a file identifier.
    private static let shortKey: UInt16 = 0xFF00

    private var slots: UnsafeMutableBufferPointer<UInt32>
    private var used = 0
    /// The MF.
    private(set) var masterFile = ObjectReference(page: 0)
    /// The ADFs, in the order of their objects.
    private(set) var applications: [ObjectReference] = []

    init() {
        slots = .allocate(capacity: 16)
        slots.initialize(repeating: Self.emptySlot)
    }

    deinit {
        slots.deallocate()
    }

    /// Whether there is an MF, that is, anything to select.
    var hasMasterFile: Bool { masterFile.page != 0 }

    /// Reads all file objects of `memory`, but for those in `freed`.
    mutating func build(from memory: borrowing Memory, without freed: Set<ObjectReference> = []) {
        clear()
        var next = memory.firstObject(of: .file)
        while let reference = next {
            if !freed.contains(reference) { insert(reference, in: memory) }
            next = memory.firstObject(of: .file, from: reference.page + 1)
        }
    }

    /// Knows no file.
    mutating func clear() {
        slots.update(repeating: Self.emptySlot)
        used = 0
        masterFile = ObjectReference(page: 0)
        applications.removeAll(keepingCapacity: true)
    }

    /// Enters the file object at `reference`.
    mutating func insert(_ reference: ObjectReference, in memory: borrowing Memory) {
        if let file = File(unchecked: reference, in: memory) { insert(file, in: memory) }
    }

    /// Enters `file`, which has just been made.
    mutating func insert(_ file: File, in memory: borrowing Memory) {
        guard let parent = file.parent else {
            if !hasMasterFile { masterFile = file.reference }
            return
        }
        if file.isApplication {
            applications.append(file.reference)
            return
        }
        reserveTwo(in: memory)
        place(file.reference.page, key: Self.hash(parent, file.fileIdentifier))
        if file.shortFileIdentifier != 0 {
            let key = Self.hash(parent, Self.shortKey | UInt16(file.shortFileIdentifier))
            place(file.reference.page | Self.shortFlag, key: key)
        }
    }

    /// The file with `identifier` in `directory`, which is not a link.
    func child(_ identifier: UInt16, of directory: ObjectReference, in memory: borrowing Memory) -> File? {
        var slot = Self.hash(directory, identifier) & (slots.count - 1)
        while slots[slot] != Self.emptySlot {
            if slots[slot] & Self.shortFlag == 0,
                let file = File(unchecked: ObjectReference(page: slots[slot]), in: memory),
                file.fileIdentifier == identifier, file.parent == directory
            {
                return file
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// The EF with a short file identifier (1 to 30) in `directory`, which is not a link.
    func child(short identifier: UInt8, of directory: ObjectReference, in memory: borrowing Memory) -> File? {
        var slot = Self.hash(directory, Self.shortKey | UInt16(identifier)) & (slots.count - 1)
        while slots[slot] != Self.emptySlot {
            if slots[slot] & Self.shortFlag != 0,
                let file = File(unchecked: ObjectReference(page: slots[slot] & ~Self.shortFlag), in: memory),
                file.shortFileIdentifier == identifier, file.parent == directory
            {
                return file
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private static func hash(_ directory: ObjectReference, _ identifier: UInt16) -> Int {
        let mixed = (directory.page << 16 ^ directory.page >> 16 ^ UInt32(identifier)) &* 0x9E37_79B1
        return Int(mixed >> 8)
    }

    private mutating func place(_ value: UInt32, key: Int) {
        var slot = key & (slots.count - 1)
        while slots[slot] != Self.emptySlot { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = value
        used += 1
    }

    /// Makes room for two entries, so that at least half of the slots stay empty.
    private mutating func reserveTwo(in memory: borrowing Memory) {
        guard (used + 2) * 2 > slots.count else { return }
        let old = slots
        slots = .allocate(capacity: old.count * 2)
        slots.initialize(repeating: Self.emptySlot)
        used = 0
        for value in old where value != Self.emptySlot {
            let reference = ObjectReference(page: value & ~Self.shortFlag)
            guard let file = File(unchecked: reference, in: memory), let parent = file.parent else { continue }
            let isShort = value & Self.shortFlag != 0
            let identifier = isShort ? Self.shortKey | UInt16(file.shortFileIdentifier) : file.fileIdentifier
            place(value, key: Self.hash(parent, identifier))
        }
        old.deallocate()
    }
}
