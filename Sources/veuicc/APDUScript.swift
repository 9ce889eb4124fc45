import Glibc
import Octets

/// One step of a script.
enum ScriptStep {
    case command([UInt8])
    case reset
}

/// Reads a script line by line, in the format of `scriptor` (Debian package pcsc-tools): a command in hexadecimal, with or
/// without spaces, which a backslash at the end of a line continues; `reset`; `exit`; comments from `#` on.
struct ScriptReader {
    /// What to call the script in a message.
    let source: String
    /// Whether the script has said `exit`.
    private(set) var isEnded = false
    private var line = 0
    private var begun = ""
    private var firstLine = 0

    init(_ source: String) {
        self.source = source
    }

    /// Takes the next line.
    ///
    /// - Returns: the step that is complete with it; nil if there is none.
    /// - Throws: `data` for a line that is none of the format.
    mutating func read(_ text: some StringProtocol) throws(Failure) -> ScriptStep? {
        line += 1
        guard !isEnded else { return nil }
        let end = text.firstIndex(of: "#") ?? text.endIndex
        let last = text[..<end].lastIndex { !$0.isWhitespace }
        let words = last.map { String(text[...$0].drop(while: \.isWhitespace)) } ?? ""
        if words.isEmpty { return nil }
        if begun.isEmpty {
            switch words.lowercased() {
            case "reset": return .reset
            case "exit":
                isEnded = true
                return nil
            default: break
            }
        }
        let isContinued = words.hasSuffix("\\")
        let digits = isContinued ? String(words.dropLast()) : words
        guard Hex.octets(digits) != nil else {
            throw Failure(.data, description: "\(source):\(line): \(Self.quoted(words)) is no command in hexadecimal")
        }
        if begun.isEmpty { firstLine = line }
        begun += digits
        if isContinued { return nil }
        defer { begun = "" }
        return Hex.octets(begun).map { .command($0) }
    }

    /// Says that there are no more lines.
    ///
    /// - Throws: `data` where a command is continued on a line that does not come.
    func finish() throws(Failure) {
        guard begun.isEmpty else {
            throw Failure(.data, description: "\(source):\(firstLine): the command is not finished")
        }
    }

    /// All steps of the script in the file at `path`.
    static func steps(ofFile path: String) throws(Failure) -> [ScriptStep] {
        let text = String(decoding: try InputFile.octets(path, "the script"), as: UTF8.self)
        var reader = ScriptReader(path)
        var steps: [ScriptStep] = []
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }) {
            if let step = try reader.read(line) { steps.append(step) }
        }
        try reader.finish()
        return steps
    }

    /// The steps that arguments of the command line say.
    static func steps(ofArguments arguments: [String]) throws(Failure) -> [ScriptStep] {
        var steps: [ScriptStep] = []
        for argument in arguments {
            if argument.lowercased() == "reset" {
                steps.append(.reset)
            } else if let octets = Hex.octets(argument), !octets.isEmpty {
                steps.append(.command(octets))
            } else {
                throw Failure(.usage, description: "\(quoted(argument)) is no command in hexadecimal")
            }
        }
        return steps
    }

    /// `text` in one line, not longer than is good for it.
    private static func quoted(_ text: String) -> String {
        text.count > 40 ? "\(String(text.prefix(40)).debugDescription)..." : text.debugDescription
    }
}
