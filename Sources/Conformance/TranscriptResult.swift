/// What became of one transcript.
public struct TranscriptResult: Sendable {
    /// What became of a line that checks something.
    public enum Outcome: Equatable, Sendable {
        /// The card answers what is expected.
        case passed
        /// What was expected, and what came instead.
        case failed(expected: String, actual: String)
        /// Why the line says nothing about this card.
        case notApplicable(String)
    }

    /// A line that checks something.
    public struct Line: Sendable {
        /// Its number, from 1.
        public let number: Int
        /// The clause that it shows.
        public let clause: String
        /// What it says of itself.
        public let note: String
        /// What was sent, in hexadecimal, or the directive.
        public let command: String
        /// What became of it.
        public let outcome: Outcome
    }

    /// The file, as it was named.
    public let file: String
    /// The lines that check something, in order.
    public internal(set) var lines: [Line] = []
    /// What the card had to be for the lines that ran: profile packages and images. Only where the card came from
    /// outside.
    public internal(set) var assumedCards: [String] = []
    /// The pairs of command and status word that lines which passed have shown.
    public internal(set) var shown: [ShownPair] = []

    /// How many lines passed.
    public var passed: Int { lines.count { $0.outcome == .passed } }
    /// The lines that failed.
    public var failures: [Line] {
        lines.filter { line in
            if case .failed = line.outcome { true } else { false }
        }
    }
    /// How many lines say nothing about this card.
    public var notApplicable: Int { lines.count - passed - failures.count }
}

/// A command that was answered with a status word.
public struct ShownPair: Hashable, Sendable {
    /// The class octet without channel: 00, 80, A0.
    public let cla: UInt8
    /// The instruction code.
    public let ins: UInt8
    /// SW1 SW2.
    public let statusWord: UInt16

    /// nil where there is no command header, or no status word.
    init?(_ command: [UInt8], _ response: [UInt8]) {
        guard let cla = command.first, let ins = command.dropFirst().first, let sw1 = response.dropLast().last,
            let sw2 = response.last
        else { return nil }
        self.cla = cla < 0x80 ? 0x00 : cla & 0xF0 == 0xA0 ? 0xA0 : 0x80
        self.ins = ins
        statusWord = UInt16(sw1) << 8 | UInt16(sw2)
    }
}
