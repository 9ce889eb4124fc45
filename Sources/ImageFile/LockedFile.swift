import Glibc

/// An open file with a lock on it: the lock lasts as long as the value.
///
/// The lock is that of `flock`: it belongs to the open file, so that two cards in one process exclude each other as two
/// processes do, and it ends with the process however that ends.
final class LockedFile: Sendable {
    enum Access {
        /// For one card: nobody else may have the file open.
        case exclusive
        /// For reading, together with others that read.
        case shared
    }

    let descriptor: Int32
    let size: Int

    /// Opens and locks the file that exists at `path`.
    init(_ path: String, _ access: Access) throws(ImageFileError) {
        // Without O_NONBLOCK, to open a FIFO would wait for its other end.
        let mode = (access == .exclusive ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK
        let opened = open(path, mode)
        guard opened >= 0 else {
            throw errno == EISDIR ? ImageFileError(path, .notAFile) : ImageFileError(path, failed: "open the file")
        }
        do throws(ImageFileError) {
            size = try LockedFile.lock(opened, path, access)
        } catch {
            close(opened)
            throw error
        }
        descriptor = opened
    }

    /// A file with the octets of `contents` that lies in memory and has no name: nobody else can open it.
    init(holding contents: UnsafeRawBufferPointer) throws(ImageFileError) {
        let name = "/veuicc-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR)
        size = contents.count
        guard descriptor >= 0 else { throw ImageFileError("memory", failed: "make a file in memory") }
        shm_unlink(name)
        // Written, not mapped: where memory is short that is an error and not a signal.
        guard CardImage.writeAll(contents, to: descriptor) else {
            throw ImageFileError("memory", failed: "write a file in memory")
        }
    }

    deinit { close(descriptor) }

    /// - Returns: the size of the file in octets.
    private static func lock(_ descriptor: Int32, _ path: String, _ access: Access) throws(ImageFileError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw ImageFileError(path, failed: "examine the file") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw ImageFileError(path, .notAFile) }
        guard flock(descriptor, (access == .exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 else {
            throw errno == EWOULDBLOCK ? ImageFileError(path, .inUse) : ImageFileError(path, failed: "lock the file")
        }
        // Between open and lock the path may have come to lead to another file: then the lock protects nothing.
        var current = stat()
        guard stat(path, &current) == 0, fstat(descriptor, &status) == 0 else {
            throw ImageFileError(path, failed: "examine the file")
        }
        guard current.st_ino == status.st_ino, current.st_dev == status.st_dev else {
            throw ImageFileError(path, .inUse)
        }
        return Int(status.st_size)
    }
}
