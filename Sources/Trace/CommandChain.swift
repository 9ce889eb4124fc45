import Octets

/// A command whose data field comes in several: GPCS clauses 11.1.5.1 and 11.11, AmdF.
struct CommandChain {
    private var ins: UInt8 = 0
    private var p1: UInt8 = 0
    private var p2: UInt8 = 0
    private var octets: [UInt8] = []
    /// Whether there is a key in it, so that nothing more of it is shown.
    var isSecret = false

    /// More than this is not kept: no command is so long.
    private static let limit = 1 << 16

    /// Whether more of the command follows, as its header says.
    static func isFollowed(_ command: TracedCommand) -> Bool {
        guard command.kind == .proprietary else { return false }
        switch command.ins {
        case 0xE4, 0xE6, 0xD8, 0x2A: return command.p1 & 0x80 != 0
        default: return false
        }
    }

    /// Whether a command has the next part: its header is the same but for the bit that says whether more follows, and
    /// blocks of STORE DATA are counted.
    func goesOn(with command: TracedCommand) -> Bool {
        let next = ins == 0xE2 ? p2 &+ 1 : p2
        return command.ins == ins && command.p1 & 0x7F == p1 & 0x7F && command.p2 == next
    }

    /// The data field with what has come before it.
    func joined(_ command: TracedCommand) -> [UInt8] { octets + command.data }

    /// Keeps a part, with all that has come before it.
    mutating func keep(_ data: [UInt8], of command: TracedCommand) {
        (ins, p1, p2) = (command.ins, command.p1, command.p2)
        octets = data.count <= Self.limit ? data : []
    }
}
