import FoundationEssentials
import Octets

/// Why a recording cannot be read.
public struct TraceFormatError: Error, Equatable, CustomStringConvertible {
    /// The line that is wrong, from 1 on; nil for a capture.
    public let line: Int?
    /// What is wrong.
    public let description: String

    init(line: Int? = nil, _ description: String) {
        self.line = line
        self.description = description
    }
}

/// Reads recordings, line by line:
///
/// - JSON objects, as `veuicc trace`, `veuicc run` and `veuicc apdu` write them with `--json`;
/// - lines `> COMMAND` and `< RESPONSE`, as `veuicc apdu` and scriptor (Debian package pcsc-tools) write them.
///
/// And whole captures: `readCapture`.
public struct TraceFile {
    private var line = 0
    private var command: (text: [UInt8]?, line: Int)?
    private var response: [UInt8] = []
    private var isContinued = false

    /// Begins with the first line.
    public init() {}

    /// Adds the records of a capture of GSMTAP to `records`, up to where it is malformed or cut off.
    ///
    /// - Returns: false for a file that is no capture.
    public static func readCapture(
        _ octets: [UInt8],
        into records: inout [TraceRecord]
    ) throws(TraceFormatError) -> Bool {
        guard PacketCapture.isCapture(octets) else { return false }
        try PacketCapture.read(octets, into: &records)
        return true
    }

    /// Takes the next line, without its line end.
    ///
    /// - Returns: the record that is complete with it; nil where there is none.
    public mutating func read(_ text: some StringProtocol) throws(TraceFormatError) -> TraceRecord? {
        line += 1
        let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
        let words = String(text[start...])
        if isContinued {
            return try answer(words[...])
        }
        switch words.first {
        case nil, "#": return nil
        case "{": return try object(words)
        case ">": return try begin(words.dropFirst())
        case "<":
            response = []
            return try answer(words.dropFirst())
        default:
            // What scriptor says of itself.
            let remarks = ["Using ", "No reader given", "Reading commands", "Trying T=", "waiting for a card"]
            if remarks.contains(where: { words.hasPrefix($0) }) { return nil }
            throw failure("\(Text.quoted(String(words.prefix(40)))) is no line of a recording")
        }
    }

    /// Says that there are no more lines.
    public func finish() throws(TraceFormatError) {
        if let command { throw TraceFormatError(line: command.line, "the command has no response") }
    }

    private func failure(_ description: String) -> TraceFormatError { TraceFormatError(line: line, description) }

    private mutating func begin(_ text: Substring) throws(TraceFormatError) -> TraceRecord? {
        try finish()
        let words = text.drop(while: \.isWhitespace)
        if words.lowercased().hasPrefix("reset") {
            command = (nil, line)
            return nil
        }
        guard let octets = Hex.octets(words), !octets.isEmpty else {
            throw failure("\(Text.quoted(String(words.prefix(40)))) is no command in hexadecimal")
        }
        command = (octets, line)
        return nil
    }

    /// A line with a response, or with more of it: scriptor has 16 octets in each line, and words behind a colon.
    private mutating func answer(_ text: Substring) throws(TraceFormatError) -> TraceRecord? {
        guard let command else { throw failure("a response without a command") }
        var words = text.drop(while: \.isWhitespace)
        if command.text == nil, words.hasPrefix("OK:") { words = words.dropFirst(3) }
        if command.text == nil, words.hasPrefix("KO:") {
            self.command = nil
            return nil
        }
        let colon = words.firstIndex(of: ":")
        let digits = colon.map { words[..<$0] } ?? words
        guard let octets = Hex.octets(digits) else {
            throw failure("\(Text.quoted(String(words.prefix(40)))) is no response in hexadecimal")
        }
        response += octets
        let groups = digits.split(separator: " ")
        isContinued = colon == nil && command.text != nil && groups.count == 16 && groups.allSatisfy { $0.count == 2 }
        if isContinued { return nil }
        self.command = nil
        guard let sent = command.text else { return TraceRecord(.warmReset(answerToReset: response)) }
        guard response.count >= 2 else { throw failure("a response without a status word") }
        return TraceRecord(.command(sent, response: response))
    }

    private struct Line: Decodable {
        var card: Int?
        var time: Double?
        var event: String?
        var atr: String?
        var command: String?
        var response: String?
        var data: String?
        var sw: String?
    }

    private func object(_ text: String) throws(TraceFormatError) -> TraceRecord? {
        guard let object = try? JSONDecoder().decode(Line.self, from: Data(text.utf8)) else {
            throw failure("no JSON object of a recording")
        }
        let time = object.time.flatMap { UInt64(exactly: ($0 * 1_000_000).rounded()) }
        func octets(_ text: String?, _ name: String) throws(TraceFormatError) -> [UInt8] {
            guard let octets = Hex.octets(text ?? "") else { throw failure("\"\(name)\" is not hexadecimal") }
            return octets
        }
        let answerToReset = try octets(object.atr, "atr")
        switch object.event {
        case "powerOn": return TraceRecord(time: time, card: object.card, .powerOn(answerToReset: answerToReset))
        case "warmReset": return TraceRecord(time: time, card: object.card, .warmReset(answerToReset: answerToReset))
        case "powerOff", "disconnected": return TraceRecord(time: time, card: object.card, .powerOff)
        case "command", nil: break
        // What `veuicc run` says besides.
        default: return nil
        }
        guard let command = object.command else { throw failure("the object has no \"command\"") }
        if command == "reset" {
            return TraceRecord(time: time, card: object.card, .warmReset(answerToReset: answerToReset))
        }
        let sent = try octets(command, "command")
        let parts = (try octets(object.data, "data"), try octets(object.sw, "sw"))
        let answer = object.response == nil ? parts.0 + parts.1 : try octets(object.response, "response")
        guard !sent.isEmpty, answer.count >= 2 else {
            throw failure("a command and a response with a status word are needed")
        }
        return TraceRecord(time: time, card: object.card, .command(sent, response: answer))
    }
}
