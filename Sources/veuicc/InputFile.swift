import Glibc

/// Files of the user that are read as a whole.
enum InputFile {
    /// The most octets that are read: as many as the largest image has.
    static let limit = 16_773_120

    /// The octets of the file at `path`; `role` says in a message what it was to be.
    ///
    /// - Throws: `noInput` where there is none; `inputOutput` or `noPermission` where it cannot be read; `data` where it is
    ///   too long for anything.
    static func octets(_ path: String, _ role: String, limit: Int = limit) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, role) }
        defer { close(descriptor) }
        var octets: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count > 0 {
                octets += buffer[..<count]
                guard octets.count <= limit else {
                    throw Failure(.data, description: "\(path): cannot read \(role): longer than \(limit) octets")
                }
            } else if count == 0 {
                return octets
            } else if errno != EINTR {
                throw failure(path, role)
            }
        }
    }

    private static func failure(_ path: String, _ role: String) -> Failure {
        let status: ExitStatus =
            switch errno {
            case ENOENT, ENOTDIR, EISDIR: .noInput
            case EACCES, EPERM: .noPermission
            default: .inputOutput
            }
        return Failure(status, description: "\(path): cannot read \(role): \(String(cString: strerror(errno)))")
    }
}
