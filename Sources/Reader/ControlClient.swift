import Glibc

/// A connection with the control socket of `veuicc run`, to send requests on.
public final class ControlClient {
    private let descriptor: Int32
    private var lines: LineReader

    /// Connects to the socket at `path`.
    ///
    /// - Throws: `unavailable` where nobody listens there.
    public init(connectingTo path: String) throws(TerminalError) {
        descriptor = try UnixSocket.connect(path)
        lines = LineReader(descriptor)
    }

    deinit { close(descriptor) }

    /// The answer to a request: one line of JSON, without its end.
    ///
    /// - Throws: `system` when the process at the other end has gone.
    public func ask(_ request: String) throws(TerminalError) -> String {
        let line = Array(request.utf8) + [0x0A]
        guard line.withUnsafeBytes({ TCP.send(descriptor, $0) }), let answer = lines.next() else {
            throw TerminalError(.system, "the control socket was closed")
        }
        return answer
    }

    /// The request that `words` make. The name of a file is made one for the process at the other end, which may run in
    /// another directory.
    ///
    /// - Throws: `usage` for what is more than a line.
    public static func request(_ words: [String]) throws(ControlFailure) -> String {
        var words = words
        let verb = words.first.map { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } } == true ? 1 : 0
        if words.count > verb + 1, words[verb] == "snapshot" || words[verb] == "restore" {
            let name = words[(verb + 1)...].joined(separator: " ")
            if case .file(let path) = ControlPlace(name[...]), !path.hasPrefix("/") {
                guard let directory = getcwd(nil, 0) else { throw ControlFailure(.system, "there is no directory") }
                defer { free(directory) }
                words.replaceSubrange((verb + 1)..., with: ["\(String(cString: directory))/\(path)"])
            }
        }
        let line = words.joined(separator: " ")
        guard !line.utf8.contains(0x0A) else { throw ControlFailure(.usage, "a request is one line") }
        return line
    }
}
