import Glibc

/// Files that a command writes beside its output.
enum OutputFile {
    /// Writes `text` to the file at `path`, in the place of what is there.
    ///
    /// - Throws: `cannotCreate` where the file cannot be made; `inputOutput` where it cannot be written.
    static func write(_ text: String, to path: String) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw Failure(.cannotCreate, description: "\(path): cannot write: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw Failure(.inputOutput, description: "\(path): cannot write: \(String(cString: strerror(errno)))")
            }
        }
    }
}
