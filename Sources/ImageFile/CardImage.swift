import Glibc
import Memory
import Synchronization

/// When a commit of the card is safe.
public enum Durability: String, Sendable, CaseIterable {
    /// As soon as it is in the memory of the system: it survives the end of the process, however that comes. Costs
    /// nothing.
    case process
    /// When the disk has it: it survives the end of the system too. Costs one `msync` for each commit.
    case disk
}

/// The non-volatile memory of one card, and whatever it takes to keep it: a mapping, a file, a lock.
///
/// The memory stays in place as long as the value lives. One card uses it at a time.
public final class CardImage {
    /// The sizes that an image may have, in octets (docs/memory-image.md section 1).
    public static let sizes = Geometry.sizes
    /// What the size of an image is a multiple of, in octets.
    public static let sizeStep = Geometry.sizeUnit
    /// The size of an image when nobody says otherwise, in octets.
    public static let defaultSize = Geometry.defaultSize

    /// Whether an image may have `size` octets.
    public static func isPermitted(size: Int) -> Bool { Geometry(size: size) != nil }

    /// The memory. What is written to it is in the image at once. The pointer does not keep the image: whoever uses it
    /// holds the image in a variable, as `InProcessTerminal` does for a card.
    public let octets: UnsafeMutableRawBufferPointer
    /// When a commit is safe.
    public let durability: Durability
    /// The file as it was named, or `memory`.
    public let path: String

    /// The file; that of the base for an image whose changes are forgotten.
    var file: LockedFile?
    /// Whether what is written is in the file.
    let isKept: Bool
    private let failure = Atomic<Int32>(0)

    private init(_ path: String, _ size: Int, flags: Int32, _ file: LockedFile?, _ durability: Durability)
        throws(ImageFileError)
    {
        let start = mmap(nil, size, PROT_READ | PROT_WRITE, flags, file?.descriptor ?? -1, 0)
        guard let start, start != MAP_FAILED else { throw ImageFileError(path, failed: "map the image") }
        octets = UnsafeMutableRawBufferPointer(start: start, count: size)
        self.path = path
        self.file = file
        isKept = flags & MAP_SHARED != 0
        self.durability = durability
    }

    deinit {
        synchronize()
        munmap(octets.baseAddress, octets.count)
    }

    /// The image file at `path`, for one card: what the card writes is in the file at once, and nobody else may use it.
    ///
    /// - Throws: also when a card runs on the file, in this process or another, and when it is being inspected.
    public convenience init(file path: String, durability: Durability = .process) throws(ImageFileError) {
        let file = try LockedFile(path, .exclusive)
        guard CardImage.isPermitted(size: file.size) else { throw ImageFileError(path, .size(file.size)) }
        // A hole in the file would be filled only when the card writes there, and a full disk would then be a signal
        // that ends the process. File systems that cannot reserve space say so, and nothing is lost.
        if posix_fallocate(file.descriptor, 0, off_t(file.size)) == ENOSPC {
            throw ImageFileError(path, failed: "reserve the space of the image", ENOSPC)
        }
        try self.init(path, file.size, flags: MAP_SHARED, file, durability)
    }

    /// An image in memory only, erased (all octets FF).
    public convenience init(size: Int = CardImage.defaultSize) throws(ImageFileError) {
        guard CardImage.isPermitted(size: size) else { throw ImageFileError("memory", .size(size)) }
        try self.init("memory", size, flags: MAP_PRIVATE | MAP_ANONYMOUS, nil, .process)
        octets.initializeMemory(as: UInt8.self, repeating: 0xFF)
    }

    /// The image in `base`, for one card whose changes are forgotten with it.
    convenience init(changing base: BaseImage) throws(ImageFileError) {
        let flags = MAP_PRIVATE | Int32(MAP_NORESERVE)
        try self.init(base.path, base.octets.count, flags: flags, base.file, .process)
    }

    /// What `Environment.synchronize` takes: nil where a commit needs nothing. Whatever holds it holds the image.
    public var synchronization: (() -> Void)? { durability == .disk ? { self.synchronize() } : nil }

    /// The error number of the first commit that the disk did not take; nil if there is none. The card goes on: for it
    /// the commit is in the image.
    public var synchronizationFailure: Int32? {
        let number = failure.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    private func synchronize() {
        guard durability == .disk, msync(octets.baseAddress, octets.count, MS_SYNC) != 0 else { return }
        _ = failure.compareExchange(expected: 0, desired: errno, ordering: .relaxed)
    }
}
