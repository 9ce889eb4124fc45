import Octets
import Reader
import Synchronization

/// What `veuicc run` says on standard output: where its cards are, and with JSON what happens to them.
final class RunReport: Sendable {
    /// One line; as a JSON object without what is nil.
    struct Line: Encodable {
        var card: Int
        var event: String
        var host: String?
        var port: UInt16?
        var atr: String?
        var iccid: String?
        var command: String?
        var response: String?
        var reason: String?

        /// The line for people.
        var text: String {
            "\(host ?? ""):\(port ?? 0)  ATR \(atr ?? "")  ICCID \(iccid ?? "none")"
        }
    }

    private let isJSON: Bool
    private let lock = Mutex(())

    init(isJSON: Bool) { self.isJSON = isJSON }

    /// All cards are there.
    func ready(_ lines: [Line], isSummarised: Bool) {
        if isJSON {
            lines.forEach(write)
        } else if isSummarised, let first = lines.first, let last = lines.last {
            let ports = "\(first.host ?? "") ports \(first.port ?? 0) to \(last.port ?? 0) in steps of 2"
            write("\(lines.count) cards, \(ports), ATR \(first.atr ?? "")")
        } else {
            lines.forEach { write($0.text) }
        }
    }

    /// Writes the events of a card, but for the questions for the answer to reset and the attempts to connect: they come
    /// all the time.
    ///
    /// - Parameter isTraced: whether a trace tells of power and commands.
    func observer(ofCard card: Int, isTraced: Bool) -> @Sendable (VPCDEvent) -> Void {
        { [self] event in
            switch event {
            case .powerOn, .powerOff, .warmReset, .command: if isTraced { return }
            default: break
            }
            switch event {
            case .unreachable, .answerToReset: break
            case .connected: write(Line(card: card, event: "connected"))
            case .inserted: write(Line(card: card, event: "inserted"))
            case .powerOn: write(Line(card: card, event: "powerOn"))
            case .powerOff: write(Line(card: card, event: "powerOff"))
            case .warmReset: write(Line(card: card, event: "warmReset"))
            case .command(let command, let response):
                var line = Line(card: card, event: "command")
                line.command = Hex.string(command)
                line.response = Hex.string(response)
                write(line)
            case .overdue: write(Line(card: card, event: "overdue"))
            case .disconnected(let reason):
                var line = Line(card: card, event: "disconnected")
                line.reason = "\(reason)"
                write(line)
            }
        }
    }

    // Where standard output is gone the cards go on.
    private func write(_ line: Line) { lock.withLock { _ in try? Output.json(line) } }
    private func write(_ line: String) { lock.withLock { _ in try? Output.line(line) } }
}
