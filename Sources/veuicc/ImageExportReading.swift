import Glibc

/// A file that is read line by line as it comes. `-` is the standard input.
final class ImageImportFile {
    let path: String
    /// The number of the line that was read last.
    private(set) var lineNumber = 0

    private let descriptor: Int32
    private var piece: [UInt8] = []
    private var position = 0

    private static let pieceSize = 65_536
    /// Longer than any record.
    private static let lineLimit = 1_024

    init(_ path: String) throws(Failure) {
        self.path = path
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path) }
    }

    deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

    /// The first octet; nil in an empty file.
    var first: UInt8? {
        get throws(Failure) { try fill() ? piece[position] : nil }
    }

    /// Reads on if everything is used up.
    ///
    /// - Returns: false at the end of the file.
    private func fill() throws(Failure) -> Bool {
        guard position == piece.count else { return true }
        var next = [UInt8](repeating: 0, count: Self.pieceSize)
        while true {
            let count = Glibc.read(descriptor, &next, next.count)
            if count >= 0 {
                piece = Array(next[..<count])
                position = 0
                return count > 0
            }
            guard errno == EINTR else { throw Self.failure(path) }
        }
    }

    /// The next line, without LF or CR LF; nil at the end of the file.
    func line() throws(Failure) -> [UInt8]? {
        var line: [UInt8] = []
        guard try fill() else { return nil }
        lineNumber += 1
        while try fill() {
            let end = piece[position...].firstIndex(of: 0x0A)
            line += piece[position..<(end ?? piece.count)]
            position = end.map { $0 + 1 } ?? piece.count
            guard line.count <= Self.lineLimit else { throw failure("longer than any record") }
            if end != nil { break }
        }
        if line.last == 0x0D { line.removeLast() }
        return line
    }

    /// All that is left, at most `limit` octets.
    func rest(limit: Int) throws(Failure) -> [UInt8] {
        var octets: [UInt8] = []
        while octets.count < limit, try fill() {
            octets += piece[position...].prefix(limit - octets.count)
            position = piece.count
        }
        return octets
    }

    /// What is wrong with the line that was read last.
    func failure(_ reason: String) -> Failure {
        Failure(.data, description: "\(path):\(lineNumber): \(reason)")
    }

    private static func failure(_ path: String) -> Failure {
        let (number, reason) = (errno, String(cString: strerror(errno)))
        let status: ExitStatus =
            switch number {
            case ENOENT, ENOTDIR, EISDIR: .noInput
            case EACCES, EPERM: .noPermission
            default: .inputOutput
            }
        guard number != ENOENT else { return Failure(status, description: "\(path): no such file") }
        return Failure(status, description: "\(path): cannot read the file: \(reason)")
    }
}
