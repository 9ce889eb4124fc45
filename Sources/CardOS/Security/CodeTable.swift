import Memory
import Octets

/// The PIN codes and unblocking codes of the card: where they stand, and which PINs are verified in this session.
///
/// What a code is, how many tries are left, whether it is enabled: that is read in the image. docs/memory-image.md
/// section 7.2.
struct CodeTable: ~Copyable {
    struct Entry {
        /// The object, and where in its content the entry stands.
        let object: ObjectReference
        let offset: Int
        /// The MF, ADF or DF whose code it is.
        let context: ObjectReference
        let reference: UInt8
        let isUnblocking: Bool
        var isVerified = false
        /// Whether the remote script that is executed has verified it.
        var isVerifiedByScript = false
    }

    static let headerSize = 8
    static let entrySize = 16
    static let codeSize = 8

    private(set) var entries: [Entry] = []
    /// How often the table, or what is verified, may have changed.
    private(set) var changes: UInt64 = 0
    /// Contexts that use the PIN codes of another one.
    private var shared: [(context: ObjectReference, origin: ObjectReference)] = []

    /// Knows no code.
    mutating func clear() {
        changes &+= 1
        entries.removeAll(keepingCapacity: true)
        shared.removeAll(keepingCapacity: true)
    }

    /// Reads all objects with codes; nothing is verified.
    private mutating func build(from memory: borrowing Memory) {
        clear()
        for kind in [ObjectKind.pinCodes, .unblockingCodes] {
            var next = memory.firstObject(of: kind)
            while let object = next {
                read(object, isUnblocking: kind == .unblockingCodes, memory)
                next = memory.firstObject(of: kind, from: object.page + 1)
            }
        }
    }

    /// Reads all objects with codes again; what is verified stays so.
    mutating func refresh(from memory: borrowing Memory) {
        let verified = entries.filter { $0.isVerified || $0.isVerifiedByScript }
        build(from: memory)
        for known in verified {
            for number in entries.indices
            where entries[number].object == known.object && entries[number].offset == known.offset {
                entries[number].isVerified = known.isVerified
                entries[number].isVerifiedByScript = known.isVerifiedByScript
            }
        }
    }

    /// Knows no code of `objects` any more, nor that any of `directories` uses codes or lends its own.
    mutating func remove(_ objects: [ObjectReference], of directories: [ObjectReference]) {
        changes &+= 1
        entries.removeAll { objects.contains($0.object) }
        shared.removeAll { directories.contains($0.context) || directories.contains($0.origin) }
    }

    /// Reads an object with PIN codes or unblocking codes; nothing of it is verified.
    mutating func read(_ object: ObjectReference, isUnblocking: Bool, _ memory: borrowing Memory) {
        let head = memory.head(of: object, count: Self.headerSize)
        guard let context = head.uint32(at: 0), let origin = head.uint32(at: 4) else { return }
        let contextReference = ObjectReference(page: context)
        if origin != File.noObject { shared.append((contextReference, ObjectReference(page: origin))) }
        // A key reference is one octet: more codes are those of a damaged image.
        let length = min(memory.length(of: object), Self.headerSize + 256 * Self.entrySize)
        for offset in stride(from: Self.headerSize, through: length - Self.entrySize, by: Self.entrySize) {
            guard let reference = octet(0, of: object, offset, memory) else { continue }
            entries.append(
                Entry(
                    object: object,
                    offset: offset,
                    context: contextReference,
                    reference: reference,
                    isUnblocking: isUnblocking
                )
            )
        }
    }

    private func octet(
        _ index: Int,
        of object: ObjectReference,
        _ offset: Int,
        _ memory: borrowing Memory
    ) -> UInt8? {
        var value: UInt8 = 0
        do throws(StatusWord) {
            try memory.read(object, at: offset + index, count: 1, to: &value)
        } catch {
            return nil
        }
        return value
    }

    // MARK: Looking up

    /// The number of the PIN with `reference`, as it is seen from `directory`: in the DF itself, then upwards.
    func number(of reference: UInt8, in directory: ObjectReference, _ memory: borrowing Memory) -> Int? {
        number(of: reference, in: directory, isUnblocking: false, memory)
    }

    /// The number of the unblocking code with `reference`, as it is seen from the context of a PIN.
    func unblockingNumber(of reference: UInt8, for pin: Int, _ memory: borrowing Memory) -> Int? {
        guard entries.indices.contains(pin) else { return nil }
        return number(of: reference, in: entries[pin].context, isUnblocking: true, memory)
    }

    private func number(
        of reference: UInt8,
        in directory: ObjectReference,
        isUnblocking: Bool,
        _ memory: borrowing Memory
    ) -> Int? {
        var place: ObjectReference? = directory
        for _ in 0..<UICC.maximumDepth {
            guard let context = place else { return nil }
            let origin = shared.first { $0.context == context }?.origin
            for number in entries.indices {
                let entry = entries[number]
                if entry.reference == reference, entry.isUnblocking == isUnblocking,
                    entry.context == context || entry.context == origin
                {
                    return number
                }
            }
            place = File(context, in: memory)?.parent
        }
        return nil
    }

    // MARK: Security status

    /// Whether the condition "PIN `reference`" holds for a file in `directory`: verified, or disabled at level 1. A
    /// PIN that another one replaces counts as that one.
    func satisfies(_ reference: UInt8, in directory: ObjectReference, _ memory: borrowing Memory) -> Bool {
        guard let pin = number(of: reference, in: directory, memory) else { return false }
        if isSatisfied(pin, memory) { return true }
        guard !isEnabled(pin, memory), let replacing = replacement(of: pin, memory),
            let other = number(of: replacing, in: directory, memory)
        else { return false }
        return isSatisfied(other, memory)
    }

    private func isSatisfied(_ pin: Int, _ memory: borrowing Memory) -> Bool {
        let entry = entries[pin]
        if entry.isVerified { return true }
        // TS 102 221 table 9.3: level 1 is that of the application PINs 01 to 08 and of the universal PIN 11.
        let isOfLevel1 = (0x01...0x08).contains(entry.reference) || entry.reference == 0x11
        return isOfLevel1 && !isEnabled(pin, memory) && replacement(of: pin, memory) == nil
    }

    /// Whether the PIN is enabled.
    func isEnabled(_ pin: Int, _ memory: borrowing Memory) -> Bool {
        attributes(of: pin, memory).contains(.enabled)
    }

    /// The attributes of the PIN.
    func attributes(of pin: Int, _ memory: borrowing Memory) -> PINAttributes {
        PINAttributes(rawValue: field(1, of: pin, memory))
    }

    /// The key reference of the PIN that replaces a disabled one.
    func replacement(of pin: Int, _ memory: borrowing Memory) -> UInt8? {
        let reference = field(4, of: pin, memory)
        return reference == 0 || reference == 0xFF ? nil : reference
    }

    /// The octet at `index` of an entry; 00 where there is none.
    func field(_ index: Int, of number: Int, _ memory: borrowing Memory) -> UInt8 {
        guard entries.indices.contains(number) else { return 0 }
        return octet(index, of: entries[number].object, entries[number].offset, memory) ?? 0
    }

    /// Remembers that the PIN is verified, or that it is not.
    mutating func setVerified(_ isVerified: Bool, _ pin: Int) {
        changes &+= 1
        if entries.indices.contains(pin) { entries[pin].isVerified = isVerified }
    }

    /// Remembers that a remote script has verified the PIN, or that it has not.
    mutating func setVerifiedByScript(_ isVerified: Bool, _ pin: Int) {
        if entries.indices.contains(pin) { entries[pin].isVerifiedByScript = isVerified }
    }

    /// Forgets what remote scripts have verified.
    mutating func resetVerifiedByScript() {
        for number in entries.indices { entries[number].isVerifiedByScript = false }
    }

    /// Whether a remote script has verified the PIN `reference`, as it is seen from `directory`.
    func isVerifiedByScript(_ reference: UInt8, in directory: ObjectReference, _ memory: borrowing Memory) -> Bool {
        number(of: reference, in: directory, memory).map { entries[$0].isVerifiedByScript } ?? false
    }

    /// Forgets that the PINs of `context` are verified.
    mutating func resetVerified(in context: ObjectReference) {
        changes &+= 1
        for number in entries.indices where entries[number].context == context { entries[number].isVerified = false }
    }
}

/// The attributes of a PIN: SAIP PINConfiguration, pinAttributes.
struct PINAttributes: OptionSet {
    let rawValue: UInt8
    static let enabled = PINAttributes(rawValue: 0x01)
    static let changeable = PINAttributes(rawValue: 0x02)
    /// May be disabled and enabled.
    static let switchable = PINAttributes(rawValue: 0x04)
}
