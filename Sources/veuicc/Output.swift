import FoundationEssentials
import Glibc

/// What the commands write, at once: somebody may wait for it at the other end of a pipe.
enum Output {
    /// Writes `text` and a line end to stdout.
    ///
    /// - Throws: `inputOutput` when not all of it could be written.
    static func line(_ text: String) throws(Failure) { try octets(Array((text + "\n").utf8)) }

    /// Writes `octets` to stdout.
    ///
    /// - Throws: `inputOutput` when not all of them could be written.
    static func octets(_ octets: [UInt8]) throws(Failure) {
        var rest = octets[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw Failure(.inputOutput, description: "cannot write the output: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// Writes `value` to stdout as JSON with sorted keys, in one line or indented.
    static func json(_ value: some Encodable, indented: Bool = false) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if indented { encoder.outputFormatting.insert(.prettyPrinted) }
        try octets([UInt8](try encoder.encode(value)) + [0x0A])
    }

    /// Writes a line to stderr.
    static func note(_ text: String) {
        let line = Array((text + "\n").utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
