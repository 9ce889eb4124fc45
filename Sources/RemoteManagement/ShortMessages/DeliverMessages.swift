import Octets

/// A command packet in SMS-DELIVERs, as its sender makes them: TS 23.040 clause 9.2.2.1, TS 31.115 clause 4.
package enum DeliverMessages {
    /// How many octets fit into as many messages as there can be.
    package static let largestPacket = 132 + 254 * 134

    /// Makes the messages, one after the other. `DeliverMessage` reads one.
    ///
    /// - Parameters:
    ///   - packet: the command packet, at most `largestPacket` octets.
    ///   - origin: whom they come from: length in digits, type, digits.
    ///   - timestamp: the time stamp of the service centre, seven octets (TS 23.040 clause 9.2.3.11).
    ///   - reference: what tells the parts of this packet from those of others.
    package static func make(
        _ packet: OctetView,
        from origin: [UInt8],
        timestamp: [UInt8],
        reference: UInt8
    ) -> [[UInt8]] {
        // TP-MTI of SMS-DELIVER with a user data header, protocol 7F and coding F6: TS 31.115 clause 4.
        PacketUserData.parts(of: packet, .command, reference: reference).map { userData in
            [0x40] + origin + [0x7F, 0xF6] + timestamp + [UInt8(truncatingIfNeeded: userData.count)] + userData
        }
    }
}
