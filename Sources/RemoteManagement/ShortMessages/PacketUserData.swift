import Octets

/// A packet, or a part of one, in the user data of a short message: TS 31.115 clause 4, TS 23.040 clause 9.2.3.24.
struct PacketUserData {
    /// The information elements that begin packets.
    enum Kind: UInt8 {
        case command = 0x70
        case response = 0x71
    }

    /// The most octets of user data in one message.
    static let largest = 140

    /// Whether a packet begins in it.
    let beginsPacket: Bool
    /// nil for a message that is not concatenated.
    let part: DeliverMessage.Part?
    /// What stands behind the header.
    let data: OctetView

    /// Reads user data; nil where the header is malformed.
    init?(_ octets: OctetView, _ kind: Kind) {
        var user = OctetCursor(octets)
        guard let headerLength = user.octet(), let header = user.octets(Int(headerLength)) else { return nil }
        data = user.rest()
        var elements = OctetCursor(header)
        var beginsPacket = false
        var part: DeliverMessage.Part?
        while !elements.isAtEnd {
            guard let identifier = elements.octet(), let length = elements.octet(),
                let value = elements.octets(Int(length))
            else { return nil }
            switch identifier {
            case kind.rawValue: beginsPacket = true
            case 0x00, 0x08:
                guard let found = DeliverMessage.Part(value, isReferenceLong: identifier == 0x08) else { return nil }
                part = found
            default: break
            }
        }
        self.beginsPacket = beginsPacket
        self.part = part
    }

    /// The user data of as many messages as a packet takes, one after the other.
    ///
    /// - Parameters:
    ///   - packet: the packet without a user data header.
    ///   - reference: what tells the parts of this packet from those of others.
    static func parts(of packet: OctetView, _ kind: Kind, reference: UInt8) -> [[UInt8]] {
        let start: [UInt8] = [kind.rawValue, 0x00]
        if packet.count <= largest - 3 { return [[0x02] + start + packet.array] }
        let total = UInt8(truncatingIfNeeded: 1 + max(0, packet.count - 132 + 133) / 134)
        var rest = OctetCursor(packet)
        var parts: [[UInt8]] = []
        while !rest.isAtEnd {
            let number = UInt8(truncatingIfNeeded: parts.count + 1)
            // Only the first part says that a packet begins.
            let header: [UInt8] = parts.isEmpty ? [0x07] + start : [0x05]
            let concatenation: [UInt8] = [0x00, 0x03, reference, total, number]
            let room = largest - header.count - concatenation.count
            guard let part = rest.octets(min(room, rest.remaining)) else { break }
            parts.append(header + concatenation + part.array)
        }
        return parts
    }
}
