import Glibc
import ImageFile

/// A file that is made as it comes, piece by piece, readable by its owner only, since what it shows are keys. It
/// appears complete or not at all, as an image file does. `-` is the standard output.
final class ImageExportFile {
    private let path: String
    private let overwriting: Bool
    private var descriptor = STDOUT_FILENO
    /// The file until it has its name; empty for the standard output.
    private var temporary: [CChar] = []
    private var buffer: [UInt8] = []

    private static let bufferSize = 65_536

    /// - Throws: `cannotCreate` where the file is there and is not to be replaced.
    init(_ path: String, overwriting: Bool) throws(Failure) {
        self.path = path
        self.overwriting = overwriting
        buffer.reserveCapacity(Self.bufferSize + 256)
        guard path != "-" else { return }
        // Told now, and not when all is written; `finish` sees to it again.
        guard overwriting || access(path, F_OK) != 0 else {
            throw Failure(.cannotCreate, description: "\(path): the file exists already")
        }
        if overwriting { try Self.refuseImageInUse(path) }
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let directory = slash.map { String(path[...$0]) } ?? ""
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        temporary = Array("\(directory).\(name).XXXXXX".utf8CString)
        descriptor = mkstemp(&temporary)
        guard descriptor >= 0 else { throw Self.failure(path, "make a file in its directory") }
    }

    /// An image on which a card runs, or that is being read, is not replaced: its card would go on in a file without name.
    private static func refuseImageInUse(_ path: String) throws(Failure) {
        do throws(ImageFileError) {
            _ = try CardImage(file: path)
        } catch {
            guard error.reason == .inUse else { return }
            throw Failure(.temporary, description: "\(error)")
        }
    }

    deinit {
        guard !temporary.isEmpty else { return }
        close(descriptor)
        unlink(temporary)
    }

    /// Appends `octets`.
    func write(_ octets: some Sequence<UInt8>) throws(Failure) {
        buffer.append(contentsOf: octets)
        if buffer.count >= Self.bufferSize { try flush() }
    }

    private func flush() throws(Failure) {
        var rest = buffer[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw Self.failure(path == "-" ? "standard output" : path, "write the file")
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Gives the complete file its name.
    func finish() throws(Failure) {
        try flush()
        guard !temporary.isEmpty else { return }
        guard fsync(descriptor) == 0 else { throw Self.failure(path, "write the file") }
        // Unlike rename, link does not replace what has the name.
        guard (overwriting ? rename(temporary, path) : link(temporary, path)) == 0 else {
            guard errno != EEXIST else {
                throw Failure(.cannotCreate, description: "\(path): the file exists already")
            }
            throw Self.failure(path, "name the file")
        }
    }

    private static func failure(_ path: String, _ action: String, _ number: Int32 = errno) -> Failure {
        let status: ExitStatus =
            switch number {
            case ENOENT, ENOTDIR, EISDIR: .noInput
            case EACCES, EPERM: .noPermission
            default: .inputOutput
            }
        return Failure(status, description: "\(path): cannot \(action): \(String(cString: strerror(number)))")
    }
}
