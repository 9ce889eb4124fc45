import Card
import Memory

/// What a card is sent and what it answers, as a file says it: docs/vectors.md specifies the format.
public struct Transcript: Sendable {
    /// The file, as it was named.
    public let file: String
    let steps: [Step]

    /// How many lines check something.
    public var checks: Int { steps.count { $0.action.isCheck } }

    /// The profile packages and images that the cards of the transcript start from.
    public var cards: [String] {
        steps.compactMap { step in
            if case .card(let source, _) = step.action { source.file } else { nil }
        }
    }
}

/// What is wrong with a transcript, and where.
public struct TranscriptError: Error, Equatable, CustomStringConvertible {
    /// The file, as it was named.
    public let file: String
    /// The line, from 1.
    public let line: Int
    /// One line that says what is wrong.
    public let reason: String

    /// `file:line: reason`.
    public var description: String { "\(file):\(line): \(reason)" }
}

/// One line of a transcript.
struct Step: Sendable {
    let line: Int
    /// The clause of a standard that the line shows; empty where none is named.
    let clause: String
    /// What the line says of itself, behind #.
    let note: String
    let action: Action
}

/// What a line does.
enum Action: Sendable {
    /// Begins with another card, factory-fresh and powered on.
    case card(CardSource, CardSettings)
    /// Sends a command, and expects one of the responses.
    case exchange(Pattern, [Response])
    /// Resets the card; expects one of the answers to reset, if any are named.
    case reset(isCold: Bool, [Response])
    /// Takes the power away.
    case powerOff
    /// Lets the power fail in the next command.
    case cut(PowerFailure)
    /// Expects one of the digests of the image.
    case image([Response])

    /// Whether it expects something.
    var isCheck: Bool {
        switch self {
        case .exchange, .image: true
        case .reset(_, let expected): !expected.isEmpty
        case .card, .powerOff, .cut: false
        }
    }
}

/// What the card may answer.
enum Response: Equatable, Sendable, CustomStringConvertible {
    case octets(Pattern)
    /// Nothing: the power has failed.
    case none

    var description: String {
        switch self {
        case .octets(let pattern): pattern.description
        case .none: "none"
        }
    }
}

/// What a card starts from.
enum CardSource: Equatable, Hashable, Sendable {
    /// A profile package, installed in an empty image.
    case package(String)
    /// An image.
    case image(String)
    /// Whatever card there is; in process: one with the package that the runner was given.
    case any

    var file: String? {
        switch self {
        case .package(let file), .image(let file): file
        case .any: nil
        }
    }
}

/// What `protocol`, `seed` and `size` have said before `card`.
struct CardSettings: Equatable, Sendable {
    var transmissionProtocol = Environment.TransmissionProtocol.t0
    var seed = [UInt8](repeating: 0, count: 48)
    /// Octets of the image.
    var size = Geometry.defaultSize
}
