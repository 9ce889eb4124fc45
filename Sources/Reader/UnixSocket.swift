import Glibc

/// The few things that the control socket needs of Unix domain sockets.
enum UnixSocket {
    /// Only its owner may connect.
    static let mode: mode_t = 0o600

    /// Calls `body` with the address of `path`.
    ///
    /// - Throws: `system` where the path is too long for one.
    private static func withAddress(
        _ path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(TerminalError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array(path.utf8)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { place in
            guard !name.isEmpty, name.count < place.count else { return false }
            place.copyBytes(from: name)
            return true
        }
        guard fits else { throw TerminalError(.system, "\(path): a socket has a name of 1 to 107 octets") }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                body(address, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func make() throws(TerminalError) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TerminalError(failed: "make a socket") }
        return descriptor
    }

    /// Connects to the socket at `path`.
    static func connect(_ path: String) throws(TerminalError) -> Int32 {
        let descriptor = try make()
        let status = try withAddress(path) { Glibc.connect(descriptor, $0, $1) }
        guard status == 0 else {
            let number = errno
            close(descriptor)
            let reason = String(cString: strerror(number))
            let kind: TerminalError.Kind = number == ENOENT || number == ECONNREFUSED ? .unavailable : .system
            throw TerminalError(kind, "\(path): cannot connect: \(reason)")
        }
        return descriptor
    }

    /// A socket that listens at `path`, made with `mode`. A socket that a process has left behind is replaced; nothing
    /// else is.
    ///
    /// - Throws: `inUse` where somebody listens there, or something else has the name.
    static func listen(_ path: String) throws(TerminalError) -> Int32 {
        // Two that find the same old socket would each remove it, the second one that of the first.
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0 else { throw TerminalError(failed: "open \(directory)") }
        defer { close(lock) }
        flock(lock, LOCK_EX)

        let descriptor = try make()
        // The file gets the mode of the socket.
        fchmod(descriptor, mode)
        var status = try withAddress(path) { bind(descriptor, $0, $1) }
        if status != 0, errno == EADDRINUSE {
            do throws(TerminalError) { try removeAbandoned(path) } catch {
                close(descriptor)
                throw error
            }
            status = try withAddress(path) { bind(descriptor, $0, $1) }
        }
        guard status == 0, Glibc.listen(descriptor, 16) == 0 else {
            let error = TerminalError(failed: "listen at \(path)")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func removeAbandoned(_ path: String) throws(TerminalError) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
            throw TerminalError(.inUse, "\(path): the file exists, and is no socket")
        }
        do throws(TerminalError) {
            close(try connect(path))
        } catch {
            guard error.kind == .unavailable else { throw error }
            unlink(path)
            return
        }
        throw TerminalError(.inUse, "\(path): somebody listens there already")
    }
}

/// The lines that come on a socket.
struct LineReader {
    /// The longest line, in octets.
    static let limit = 65_536

    private let descriptor: Int32
    private var rest: [UInt8] = []

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// The next line without its end; nil where no more come, or where one is too long.
    mutating func next() -> String? {
        var searched = 0
        while true {
            if let end = rest[searched...].firstIndex(of: 0x0A) {
                var line = rest[..<end]
                if line.last == 0x0D { line.removeLast() }
                defer { rest.removeSubrange(...end) }
                return String(decoding: line, as: UTF8.self)
            }
            searched = rest.count
            guard rest.count < Self.limit else { return nil }
            var buffer = [UInt8](repeating: 0, count: 4_096)
            let count = buffer.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { TCP.receive(descriptor, $0, buffer.count) } ?? 0
            }
            guard count > 0 else { return nil }
            rest += buffer[..<count]
        }
    }
}
