import Octets

/// A command whose data field comes in several: GPCS clauses 11.1.5.1 and 11.11, AmdF.
struct CommandChain {
    private var ins: UInt8 = 0
    private var octets: [UInt8] = []

    /// More than this is not kept: no command is so long.
    private static let limit = 1 << 16

    /// Whether more of the command follows, as its header says.
    static func isContinued(_ command: TracedCommand) -> Bool {
        guard command.kind == .proprietary else { return false }
        switch command.ins {
        case 0xE4, 0xE6, 0xD8, 0x2A: return command.p1 & 0x80 != 0
        default: return false
        }
    }

    /// The data field with what has come before it.
    func joined(_ command: TracedCommand) -> [UInt8] {
        ins == command.ins ? octets + command.data : command.data
    }

    /// Keeps a part.
    mutating func keep(_ data: [UInt8], of command: TracedCommand) {
        ins = command.ins
        octets = data.count <= Self.limit ? data : []
    }

    mutating func clear() { self = CommandChain() }
}
