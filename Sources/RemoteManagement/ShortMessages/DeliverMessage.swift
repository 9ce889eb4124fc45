import Octets

/// An SMS-DELIVER with a part of a command packet: TS 23.040 clause 9.2.2.1, TS 31.115 clause 4.
struct DeliverMessage {
    /// Which part of a message it is: TS 23.040 clauses 9.2.3.24.1 and 9.2.3.24.8.
    struct Part: Equatable {
        let reference: UInt16
        let isReferenceLong: Bool
        /// How many there are, and which it is, from 1.
        let total: UInt8
        let number: UInt8
    }

    /// The originating address: length in digits, type, digits.
    let origin: OctetView
    /// Whether a command packet begins in it: information element 70.
    let beginsPacket: Bool
    /// nil for a message that is not concatenated.
    let part: Part?
    /// The user data behind their header.
    let data: OctetView

    /// nil for another message, and for one without 8 bit data and a user data header.
    init?(_ octets: OctetView) {
        var cursor = OctetCursor(octets)
        guard let first = cursor.octet(), first & 0x03 == 0x00, first & 0x40 != 0, let digits = cursor.peek,
            digits <= 20, let origin = cursor.octets(2 + (Int(digits) + 1) / 2), cursor.octet() != nil,
            let coding = cursor.octet(), Self.isBinary(coding), cursor.octets(7) != nil,
            let length = cursor.octet(), let userData = cursor.octets(Int(length))
        else { return nil }
        guard let packet = PacketUserData(userData, .command) else { return nil }
        self.origin = origin
        data = packet.data
        beginsPacket = packet.beginsPacket
        part = packet.part
    }

    /// Whether a data coding scheme is one of 8 bit data: TS 23.038 clause 4.
    private static func isBinary(_ coding: UInt8) -> Bool {
        coding & 0xF4 == 0xF4 || (coding & 0xC0 == 0x00 && coding & 0x0C == 0x04)
    }
}

extension DeliverMessage.Part {
    /// Reads the information element.
    init?(_ element: OctetView, isReferenceLong: Bool) {
        var cursor = OctetCursor(element)
        let reference = isReferenceLong ? cursor.uint16() : cursor.octet().map { UInt16($0) }
        guard let reference, let total = cursor.octet(), let number = cursor.octet(), cursor.isAtEnd,
            total > 0, (1...total).contains(number)
        else { return nil }
        self.init(reference: reference, isReferenceLong: isReferenceLong, total: total, number: number)
    }
}
