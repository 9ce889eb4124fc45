import Octets

/// A response packet in SMS-SUBMITs: TS 23.040 clause 9.2.2.2, TS 31.115 clause 4.
package enum SubmitMessages {
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
        PacketUserData.parts(
            of: packet.part(from: ResponsePacket.userDataHeader.count),
            .response,
            reference: reference
        ).map { message($0, to: address) }
    }

    /// Puts the response packet together that some messages bring, in any order: with its user data header, as
    /// `ResponsePacket.open` takes it.
    ///
    /// - Returns: nil where a part is missing, or a message is none of one response packet.
    package static func packet(in messages: [[UInt8]]) -> [UInt8]? {
        var parts: [UInt8: [UInt8]] = [:]
        var total = 1
        for message in messages {
            let isRead = message.withView { octets in
                guard let userData = userDataField(of: octets), let data = PacketUserData(userData, .response) else {
                    return false
                }
                let number = data.part?.number ?? 1
                total = Int(data.part?.total ?? 1)
                guard data.beginsPacket == (number == 1) else { return false }
                parts[number] = data.data.array
                return true
            }
            guard isRead else { return nil }
        }
        guard !messages.isEmpty, parts.count == total else { return nil }
        return ResponsePacket.userDataHeader + parts.sorted { $0.key < $1.key }.flatMap(\.value)
    }

    /// The user data of an SMS-SUBMIT that has a header; nil of another message.
    private static func userDataField(of message: OctetView) -> OctetView? {
        var cursor = OctetCursor(message)
        guard let first = cursor.octet(), first & 0x43 == 0x41, cursor.octet() != nil, let digits = cursor.peek,
            digits <= 20, cursor.octets(2 + (Int(digits) + 1) / 2) != nil, cursor.octets(2) != nil
        else { return nil }
        // The validity period: none, relative, or of seven octets.
        let validity = first & 0x18 == 0x00 ? 0 : first & 0x18 == 0x10 ? 1 : 7
        guard cursor.octets(validity) != nil, let length = cursor.octet() else { return nil }
        return cursor.octets(Int(length))
    }

    /// TP-MTI of SMS-SUBMIT with a user data header, protocol 7F and coding F6 as in the messages to the card.
    private static func message(_ userData: [UInt8], to address: OctetView) -> [UInt8] {
        [0x41, 0x00] + address.array + [0x7F, 0xF6, UInt8(truncatingIfNeeded: userData.count)] + userData
    }
}
