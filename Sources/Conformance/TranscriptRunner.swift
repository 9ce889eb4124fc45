import Card
import Memory
import Octets
import Reader

/// Runs transcripts against cards: each on cards of this process, or all on one that is somewhere else.
public final class TranscriptRunner {
    private let workshop: CardWorkshop
    private let outside: (any CardTerminal)?
    /// What a card outside has been taken for so far.
    private var hasUsedFreshCard = false

    /// A runner.
    ///
    /// - Parameters:
    ///   - outside: a terminal with the card to run on; nil: cards are made in this process.
    ///   - anyPackage: the profile package of a card where a transcript says that any will do.
    ///   - load: reads the profile packages and images that transcripts name.
    public init(outside: (any CardTerminal)? = nil, anyPackage: [UInt8], load: @escaping FileLoader) {
        workshop = CardWorkshop(anyPackage: anyPackage, load)
        self.outside = outside
    }

    /// Runs a transcript from its first line to its last.
    public func run(_ transcript: Transcript) -> TranscriptResult {
        var run = Run(file: transcript.file)
        for step in transcript.steps { execute(step, in: &run) }
        return run.result
    }

    /// What has become of a transcript so far.
    private struct Run {
        var result: TranscriptResult
        var terminal: (any CardTerminal)?
        var captures: Captures = [:]
        /// Why the lines up to the next card say nothing; nil: they do.
        var obstacle: TranscriptResult.Outcome?
        var cut: PowerFailure?

        init(file: String) {
            result = TranscriptResult(file: file)
        }

        mutating func report(_ step: Step, _ command: String, _ outcome: TranscriptResult.Outcome) {
            result.lines.append(
                .init(number: step.line, clause: step.clause, note: step.note, command: command, outcome: outcome)
            )
        }
    }

    private func execute(_ step: Step, in run: inout Run) {
        if case .card(let source, let settings) = step.action {
            begin(source, settings, in: &run)
            return
        }
        if let obstacle = run.obstacle {
            if step.action.isCheck { run.report(step, Self.command(of: step.action, run.captures), obstacle) }
            return
        }
        guard let terminal = run.terminal else { return }
        do {
            switch step.action {
            case .card: break
            case .exchange(let command, let expected):
                try exchange(command, expected, step, terminal, in: &run)
            case .reset(let isCold, let expected):
                if isCold { try terminal.powerOn() } else { try terminal.warmReset() }
                if !expected.isEmpty {
                    compare(terminal.answerToReset, with: expected, step, "reset \(isCold ? "cold" : "warm")", &run)
                }
            case .powerOff: try terminal.powerOff()
            case .cut(let failure):
                run.cut = failure
                if !(terminal is InProcessTerminal) {
                    run.obstacle = .notApplicable("the power of this card cannot be made to fail")
                }
            case .image(let expected):
                guard let card = terminal as? InProcessTerminal else {
                    run.report(step, "image", .notApplicable("the image of this card cannot be seen"))
                    return
                }
                compare(try card.imageDigest(), with: expected, step, "image", &run)
            }
        } catch {
            let command = Self.command(of: step.action, run.captures)
            if step.action.isCheck { run.report(step, command, .failed(expected: "a response", actual: "\(error)")) }
            run.obstacle = .failed(expected: "a card that answers", actual: "line \(step.line): \(error)")
        }
    }

    // MARK: Cards

    private func begin(_ source: CardSource, _ settings: CardSettings, in run: inout Run) {
        run.terminal = nil
        run.obstacle = nil
        run.cut = nil
        guard let outside else {
            do throws(CardFailure) {
                run.terminal = try workshop.card(from: source, settings)
            } catch {
                run.obstacle = .failed(expected: "a card", actual: error.reason)
            }
            return
        }
        if let file = source.file {
            guard !hasUsedFreshCard else {
                run.obstacle = .notApplicable("needs another fresh card made from \(file)")
                return
            }
            hasUsedFreshCard = true
            run.result.assumedCards.append(file)
        }
        if let card = outside as? PCSCTerminal, !settings.transmissionProtocol.isOffered(by: card.transmissionProtocol)
        {
            run.obstacle = .notApplicable("needs protocol \(settings.transmissionProtocol.rawValue)")
            return
        }
        do throws(TerminalError) {
            try outside.powerOn()
            run.terminal = outside
        } catch {
            run.obstacle = .failed(expected: "a card", actual: "\(error)")
        }
    }

    // MARK: Lines

    private func exchange(
        _ command: Pattern,
        _ expected: [Response],
        _ step: Step,
        _ terminal: any CardTerminal,
        in run: inout Run
    ) throws {
        guard let octets = command.octets(run.captures) else {
            // What would have been captured came otherwise.
            run.report(step, command.description, .failed(expected: "a command", actual: "a name without octets"))
            return
        }
        let card = terminal as? InProcessTerminal
        if let cut = run.cut { card?.schedule(cut) }
        defer { run.cut = nil }
        let response: [UInt8]
        do throws(TerminalError) {
            response = try terminal.transmit(octets)
            if run.cut != nil { card?.schedule(nil) }
        } catch {
            switch error.kind {
            case .powerFailed: response = []
            case .length:
                run.report(step, Hex.string(octets), .notApplicable(error.description))
                return
            default: throw error
            }
        }
        if compare(response, with: expected, step, Hex.string(octets), &run), let pair = ShownPair(octets, response) {
            run.result.shown.append(pair)
        }
    }

    @discardableResult
    private func compare(
        _ octets: [UInt8],
        with expected: [Response],
        _ step: Step,
        _ command: String,
        _ run: inout Run
    ) -> Bool {
        for response in expected {
            switch response {
            case .none where octets.isEmpty:
                run.report(step, command, .passed)
                return true
            case .octets(let pattern) where !octets.isEmpty && pattern.matches(octets, &run.captures):
                run.report(step, command, .passed)
                return true
            default: break
            }
        }
        let wanted = expected.map(\.description).joined(separator: " | ")
        run.report(step, command, .failed(expected: wanted, actual: octets.isEmpty ? "none" : Hex.string(octets)))
        return false
    }

    private static func command(of action: Action, _ captures: Captures) -> String {
        switch action {
        case .exchange(let command, _): command.octets(captures).map { Hex.string($0) } ?? command.description
        case .reset(let isCold, _): isCold ? "reset cold" : "reset warm"
        case .image: "image"
        default: ""
        }
    }
}

extension Environment.TransmissionProtocol {
    /// Whether a terminal that uses T=0 or T=1 (0 or 1) can show what is said of this protocol.
    fileprivate func isOffered(by number: Int) -> Bool {
        switch self {
        case .t0: number == 0
        case .t1: number == 1
        case .both: false
        }
    }
}
