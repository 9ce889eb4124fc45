import Glibc

extension CardImage {
    /// Makes the image file `path` with the octets of `contents`, readable by its owner only, since it holds keys.
    ///
    /// The file appears complete or not at all: the octets go to a temporary file in the same directory, to the disk,
    /// and the file then gets its name.
    ///
    /// - Parameter overwriting: whether a file that has the name is replaced. One on which a card runs never is.
    public static func create(
        file path: String,
        contents: UnsafeRawBufferPointer,
        overwriting: Bool = false
    ) throws(ImageFileError) {
        guard isPermitted(size: contents.count) else { throw ImageFileError(path, .size(contents.count)) }
        // Held until the file has its name.
        let replaced: LockedFile? = try overwriting ? existing(path) : nil
        defer { withExtendedLifetime(replaced) {} }

        let temporary = try TemporaryFile(beside: path, contents)
        defer { withExtendedLifetime(temporary) {} }
        // Unlike rename, link does not replace what has the name.
        guard (overwriting ? rename(temporary.path, path) : link(temporary.path, path)) == 0 else {
            throw errno == EEXIST ? ImageFileError(path, .exists) : ImageFileError(path, failed: "name the file")
        }
        synchronize(directory: temporary.directory)
    }

    /// The file that has the name, locked; nil if there is none.
    private static func existing(_ path: String) throws(ImageFileError) -> LockedFile? {
        do throws(ImageFileError) {
            return try LockedFile(path, .exclusive)
        } catch {
            if error.reason == .missing { return nil }
            throw error
        }
    }

    /// - Returns: false when the system refused, with its error number in `errno`.
    static func writeAll(_ contents: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var rest = contents
        while !rest.isEmpty {
            let count = write(descriptor, rest.baseAddress, rest.count)
            if count < 0 {
                guard errno == EINTR else { return false }
            } else {
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
        }
        return true
    }

    /// Makes the name durable. Not every file system can, and the file is complete all the same.
    static func synchronize(directory: String) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

/// A file with the octets of an image, on the disk, in the directory of `path`, readable by its owner only. The name that
/// it still has is gone with the value.
final class TemporaryFile {
    let path: String
    let directory: String

    init(beside target: String, _ contents: UnsafeRawBufferPointer) throws(ImageFileError) {
        let slash = target.utf8.lastIndex(of: UInt8(ascii: "/"))
        directory = slash.map { String(target[...$0]) } ?? "./"
        let name = slash.map { String(target[target.index(after: $0)...]) } ?? target
        var template = Array("\(directory).\(name).XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw ImageFileError(target, failed: "make a file in its directory") }
        defer { close(descriptor) }
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        guard CardImage.writeAll(contents, to: descriptor), fsync(descriptor) == 0 else {
            throw ImageFileError(target, failed: "write the file")
        }
    }

    deinit { unlink(path) }
}
