import Memory
import Octets

/// A request of the control socket, decoded: docs/faults.md. A line is words with spaces between them, perhaps behind the
/// number of a card.
enum ControlRequest {
    case status
    case snapshot(ControlPlace)
    case restore(ControlPlace)
    case reset(cold: Bool)
    case remove
    case insert
    case powerCut(PowerFailure?)
    case mute(Int)
    case answerToReset([UInt8]?)
    case delay(Int)

    /// What stands in the place of a fault that is not to be any more.
    private static let off = "off"
    /// As long as it may take, in milliseconds.
    static let longestDelay = 60_000

    /// - Throws: `usage`, with what was expected.
    init(_ line: Substring) throws(ControlFailure) {
        let words = line.split(separator: " ", omittingEmptySubsequences: true)
        guard let verb = words.first else { throw ControlFailure(.usage, "a command is missing: \(Self.commands)") }
        let arguments = Array(words.dropFirst())
        // The name of a file may have spaces in it.
        let rest = line[verb.endIndex...].drop { $0 == " " }
        switch (verb, arguments.count) {
        case ("status", 0): self = .status
        case ("remove", 0): self = .remove
        case ("insert", 0): self = .insert
        case ("snapshot", 1...): self = .snapshot(ControlPlace(rest))
        case ("restore", 1...): self = .restore(ControlPlace(rest))
        case ("reset", 1) where arguments[0] == "cold" || arguments[0] == "warm":
            self = .reset(cold: arguments[0] == "cold")
        case ("power-cut", 1) where arguments[0] == Self.off: self = .powerCut(nil)
        case ("power-cut", 1...):
            guard let number = UInt64(arguments[0]), number > 0, let tear = Self.tear(arguments[1...]) else {
                throw Self.expected("power-cut OPERATION [before | prefix N | suffix N | subset SEED | after]")
            }
            self = .powerCut(PowerFailure(completeOperations: number - 1, tear: tear))
        case ("mute", 0): self = .mute(1)
        case ("mute", 1):
            let count = arguments[0] == Self.off ? 0 : Int(arguments[0])
            guard let count, count >= 0 else { throw Self.expected("mute [N | off]") }
            self = .mute(count)
        case ("atr", 1) where arguments[0] == "default": self = .answerToReset(nil)
        case ("atr", 1...):
            // ISO/IEC 7816-3: at most 33 octets, TS among them.
            guard let octets = Hex.octets(rest), (1...33).contains(octets.count) else {
                throw Self.expected("atr HEX, 1 to 33 octets, or atr default")
            }
            self = .answerToReset(octets)
        case ("delay", 1):
            let milliseconds = arguments[0] == Self.off ? 0 : Int(arguments[0])
            guard let milliseconds, (0...Self.longestDelay).contains(milliseconds) else {
                throw Self.expected("delay MILLISECONDS, at most \(Self.longestDelay), or delay off")
            }
            self = .delay(milliseconds)
        default:
            let forms = Self.forms.filter { $0.hasPrefix(verb) }
            throw Self.expected(forms.first ?? "one of \(Self.commands)")
        }
    }

    private static func expected(_ form: String) -> ControlFailure { ControlFailure(.usage, "expected: \(form)") }

    private static let forms = [
        "status", "snapshot NAME | FILE", "restore NAME | FILE", "reset cold | warm", "remove", "insert",
        "power-cut OPERATION [before | prefix N | suffix N | subset SEED | after]", "mute [N | off]",
        "atr HEX | default", "delay MILLISECONDS | off",
    ]
    private static var commands: String {
        forms.map { String($0.prefix { $0 != " " }) }.joined(separator: ", ")
    }

    /// What the torn operation leaves behind; by default nothing.
    private static func tear(_ words: ArraySlice<Substring>) -> PowerFailure.Tear? {
        let numbers = words.dropFirst().map { UInt64($0) }
        switch (words.first, numbers.count) {
        case (nil, _), ("before", 0): return .before
        case ("after", 0): return .after
        case ("subset", 1): return numbers[0].map { .subset(seed: $0) }
        case ("prefix", 1...2), ("suffix", 1...2):
            guard let octets = numbers[0], octets <= 64, let bits = numbers.count == 2 ? numbers[1] : 0, bits < 8 else {
                return nil
            }
            return words.first == "prefix"
                ? .prefix(octets: Int(octets), bits: Int(bits)) : .suffix(octets: Int(octets), bits: Int(bits))
        default: return nil
        }
    }
}

/// Where a snapshot is.
enum ControlPlace {
    /// In the memory of the process.
    case named(String)
    case file(String)

    /// What has only letters, digits, - and _ in it is a name, anything else a file.
    init(_ text: Substring) {
        let isName = text.utf8.allSatisfy { octet in
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        self = isName ? .named(String(text)) : .file(String(text))
    }
}

/// Why a request was not carried out.
public struct ControlFailure: Error, Equatable, Sendable {
    /// What kind of failure it is; in an answer the name is what stands under `kind`.
    public enum Kind: String, Sendable {
        /// The request is none.
        case usage
        /// There is no such card, snapshot or file.
        case missing
        /// The octets cannot be the image of the card.
        case data
        /// The file to be made exists.
        case exists
        /// Somebody else uses the file.
        case inUse = "in-use"
        /// The system refuses.
        case system
    }

    /// What kind of failure it is.
    public let kind: Kind
    /// One line that says what is in the way.
    public let reason: String

    init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }
}

extension ControlFailure: CustomStringConvertible {
    /// The reason.
    public var description: String { reason }
}
