import Octets

/// A response packet in SMS-SUBMITs: TS 23.040 clause 9.2.2.2, TS 31.115 clause 4.
struct SubmitMessages {
    /// The most octets of user data in one message.
    private static let userDataLength = 140
    /// How many messages a response packet may take.
    static let largestNumber = 5
    /// The most octets of a response packet, with its user data header.
    static let largestPacket = 3 + 132 + (largestNumber - 1) * 134

    /// Makes the messages, one after the other.
    ///
    /// - Parameters:
    ///   - packet: the response packet with its user data header, 02 71 00.
    ///   - address: whom they go to: length in digits, type, digits.
    ///   - reference: what tells the parts of this packet from those of others.
    static func make(_ packet: OctetView, to address: OctetView, reference: UInt8) -> [[UInt8]] {
        if packet.count <= userDataLength { return [message(packet.array, to: address)] }
        var rest = OctetCursor(packet.part(from: ResponsePacket.userDataHeader.count))
        let total = UInt8(truncatingIfNeeded: 1 + max(0, rest.remaining - 132 + 133) / 134)
        var messages: [[UInt8]] = []
        while !rest.isAtEnd {
            let number = UInt8(truncatingIfNeeded: messages.count + 1)
            // Only the first part says that a response packet begins.
            let header: [UInt8] = number == 1 ? [0x07, 0x71, 0x00] : [0x05]
            let concatenation: [UInt8] = [0x00, 0x03, reference, total, number]
            let room = userDataLength - header.count - concatenation.count
            guard let part = rest.octets(min(room, rest.remaining)) else { break }
            messages.append(message(header + concatenation + part.array, to: address))
        }
        return messages
    }

    /// TP-MTI of SMS-SUBMIT with a user data header, protocol 7F and coding F6 as in the messages to the card.
    private static func message(_ userData: [UInt8], to address: OctetView) -> [UInt8] {
        [0x41, 0x00] + address.array + [0x7F, 0xF6, UInt8(truncatingIfNeeded: userData.count)] + userData
    }
}
