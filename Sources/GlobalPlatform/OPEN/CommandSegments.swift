import CardOS
import Octets

/// Puts together a command that comes in segments, all but the last with b8 of P1: GPCS clause 11.1.5. Its protection is
/// that of the whole.
struct CommandSegments {
    private var octets: [UInt8] = []
    private var header: (ins: UInt8, p1: UInt8, p2: UInt8)?

    /// Whether segments have come.
    var isEmpty: Bool { header == nil }

    /// The data field of the segments that have come.
    var data: [UInt8] { octets }

    /// Whether commands with this instruction code can come in segments: DELETE, INSTALL, PUT KEY.
    static func has(_ command: CommandAPDU) -> Bool {
        command.classOctet.kind == .proprietary && (command.ins == 0xE4 || command.ins == 0xE6 || command.ins == 0xD8)
    }

    /// Adds a segment.
    ///
    /// - Returns: whether it is the last one.
    /// - Throws: 6985 for one of another command; 6A86 where the data field becomes too long.
    mutating func append(_ command: CommandAPDU) throws(StatusWord) -> Bool {
        let next = (ins: command.ins, p1: command.p1 & 0x7F, p2: command.p2)
        if let header, header != next { throw .conditionsNotSatisfied }
        guard octets.count + command.data.count <= ApplicationSession.limit else { throw .incorrectP1P2 }
        header = next
        command.data.withUnsafeBytes { octets.append(contentsOf: $0) }
        return command.p1 & 0x80 == 0
    }
}
