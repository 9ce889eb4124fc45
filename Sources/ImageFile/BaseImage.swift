import Glibc

/// An image that is read and never written: to inspect a file, and as the base of cards whose changes are forgotten.
///
/// As long as the value lives, no card can run on the file itself.
public final class BaseImage: @unchecked Sendable {
    // Unchecked: the memory is mapped for reading only, and the lock keeps writers away.

    /// The octets of the file. The pointer does not keep the image: whoever uses it holds the image in a variable.
    public let octets: UnsafeRawBufferPointer

    let path: String
    let file: LockedFile

    /// Opens the image file at `path` for reading.
    ///
    /// - Throws: also when a card runs on the file.
    public convenience init(file path: String) throws(ImageFileError) {
        try self.init(path, LockedFile(path, .shared))
    }

    /// A base that is in no file, with the octets of `contents`.
    public convenience init(contents: UnsafeRawBufferPointer) throws(ImageFileError) {
        guard CardImage.isPermitted(size: contents.count) else {
            throw ImageFileError("memory", .size(contents.count))
        }
        try self.init("memory", LockedFile(holding: contents))
    }

    private init(_ path: String, _ file: LockedFile) throws(ImageFileError) {
        guard CardImage.isPermitted(size: file.size) else { throw ImageFileError(path, .size(file.size)) }
        let start = mmap(nil, file.size, PROT_READ, MAP_SHARED, file.descriptor, 0)
        guard let start, start != MAP_FAILED else { throw ImageFileError(path, failed: "map the image") }
        octets = UnsafeRawBufferPointer(start: start, count: file.size)
        self.path = path
        self.file = file
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: octets.baseAddress), octets.count) }

    /// An image for one card that begins as this one, and whose changes are forgotten with it. All such images share
    /// the pages, of 4,096 octets, that their cards have not changed.
    public func ephemeral() throws(ImageFileError) -> CardImage { try CardImage(changing: self) }
}
