import Card
import Dispatch
import Octets
import Synchronization

@testable import Reader

/// What a test sees of a card that runs in another thread: things that happened, in their order.
final class Log: Sendable {
    private let entries = Mutex<[String]>([])
    private let arrived = DispatchSemaphore(value: 0)

    func append(_ entry: String) {
        entries.withLock { $0.append(entry) }
        arrived.signal()
    }

    var all: [String] { entries.withLock { $0 } }

    /// Waits until there is `entry`.
    ///
    /// - Returns: false if there is none within 10 s.
    func wait(for entry: String) -> Bool {
        let deadline = DispatchTime.now() + 10
        while !all.contains(entry) {
            if arrived.wait(timeout: deadline) == .timedOut { return false }
        }
        return true
    }
}

/// A terminal with a card that does what INS says, and writes down what it was asked for.
///
/// - E0: answers with the command itself, and 9000
/// - 10: answers with as many octets as P1 P2 say, status word included (5A, then 9000)
/// - 20: waits until the test lets it go on, then 9000
/// - 30: its power fails
/// - 40: the terminal has an error of its own
/// - anything else: 6D00
final class ScriptedTerminal: CardTerminal {
    static let atr: [UInt8] = Hex.octets("3B9F96801FC78031E073FE211B63564555494343 01DA") ?? []

    let answerToReset: [UInt8] = ScriptedTerminal.atr
    let log: Log
    let gate: DispatchSemaphore

    init(_ log: Log = Log(), gate: DispatchSemaphore = DispatchSemaphore(value: 0)) {
        self.log = log
        self.gate = gate
    }

    deinit { log.append("let go") }

    func powerOn() { log.append("power on") }
    func powerOff() { log.append("power off") }
    func warmReset() { log.append("warm reset") }

    func transmit(
        _ command: UnsafeRawBufferPointer,
        into response: UnsafeMutableRawBufferPointer
    ) throws(TerminalError) -> Int {
        log.append(command.count > 40 ? "command of \(command.count)" : Hex.string(command))
        var data: [UInt8] = []
        var status: [UInt8] = [0x90, 0x00]
        switch command.count < 4 ? 0 : command[1] {
        case 0xE0: data = Array(command)
        case 0x10:
            let length = Int(command[2]) << 8 | Int(command[3])
            data = [UInt8](repeating: 0x5A, count: max(0, length - 2))
            if length < 2 { status = Array(status.prefix(length)) }
        case 0x20: gate.wait()
        case 0x30: throw TerminalError(.powerFailed, "power")
        case 0x40: throw TerminalError(.system, "trouble")
        default: status = [0x6D, 0x00]
        }
        response.copyBytes(from: data + status)
        return data.count + status.count
    }
}

/// The events of a service in words.
func word(_ event: VPCDEvent) -> String {
    switch event {
    case .unreachable: "unreachable"
    case .connected: "connected"
    case .inserted: "inserted"
    case .powerOn: "power on"
    case .powerOff: "power off"
    case .warmReset: "warm reset"
    case .answerToReset: "answer to reset"
    case .command(let command, let response): "\(Hex.string(command)) \(Hex.string(response))"
    case .overdue: "overdue"
    case .disconnected(let reason): "disconnected: \(reason)"
    }
}
