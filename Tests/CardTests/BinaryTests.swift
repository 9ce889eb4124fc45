import Card
import Testing

/// READ and UPDATE BINARY: TS 102 221 clauses 11.1.3 and 11.1.4.
@Suite struct BinaryTests {
    @Test func readAndUpdateAnswerEachCondition() throws {
        try TestCard.verified().answers([
            ("no EF is current", "00B0000001", "6986"), ("no EF is current", "00D6000001AA", "6986"),
            ("no EF has the SFI", "00B0830001", "6A82"), ("no EF has the SFI", "00D6830001AA", "6A82"),
            ("SFI with RFU bits", "00B0A20001", "6A86"), ("SFI with RFU bits", "00D6A20001AA", "6A86"),
            ("a data field in a command to read", "00B0820001AA", "6700"),
            ("no data field in a command to update", "00D68200", "6700"),
            ("the EF has records", "00B0810001", "6981"), ("the EF has records", "00D6810001AA", "6981"),
            ("by SFI, offset in P2", "00B0820802", "32149000"), ("now it is current", "00B0000002", "98009000"),
            ("offset of the last octet", "00B0000901", "149000"), ("offset at the end", "00B0000A01", "6B00"),
            ("offset far behind the end", "00B07FFF01", "6B00"), ("Le beyond the end", "00B0000803", "6C02"),
            ("Le = 00", "00B0000800", "32149000"), ("update at the end", "00D6000A01AA", "6B00"),
            ("update beyond the end", "00D6000902AABB", "6700"), ("the last octets", "00D6000802AABB", "9000"),
            ("what was written", "00B0000702", "10AA9000"),
        ])
    }

    @Test func theRightsAreAskedFor() throws {
        try TestCard().answers([
            ("without PIN", "00B0850001", "6982"), ("without PIN", "00D6850001AA", "6982"),
            ("READ always", "00B0820001", "989000"), ("UPDATE needs ADM1", "00D6820001AA", "6982"),
        ])
    }

    // Under T=0 a header alone comes with P3 = 00, which is Le = 00 of a case 2 command.
    @Test func aHeaderAloneIsLe00UnderT0() throws {
        try TestCard.verified().answers([
            ("READ BINARY", "00B08200", "980010325476981032149000"), ("READ RECORD", "00B2010C", "01020304059000"),
            ("a command without response data", "80F2000C", "9000"), ("MANAGE CHANNEL", "00700000", "019000"),
        ])
        for transmissionProtocol in [Environment.TransmissionProtocol.t1, .both] {
            try TestCard.verified(transmissionProtocol).answers([
                ("no Le: announced", "00B08200", "610A"), ("GET RESPONSE", "00C000000A", "980010325476981032149000"),
                ("no Le: announced", "00B2010C", "6105"),
            ])
        }
    }

    @Test func moreThan256OctetsAreReadWithAnExtendedLe() throws {
        let card = try TestCard.verified(.t1)
        try card.answers([
            ("CREATE FILE", Build.createEF("2F60", size: "0140"), "9000"),
            ("the whole EF", "00B00000000140", String(repeating: "FF", count: 320) + "9000"),
            ("Le beyond the end", "00B00000000200", String(repeating: "FF", count: 320) + "6282"),
            ("Le = 0000", "00B00000000000", String(repeating: "FF", count: 320) + "9000"),
            ("Le = 00", "00B0000000", String(repeating: "FF", count: 256) + "9000"),
            ("what is left", "00B001000000FF", "6C40"),
            ("an extended Lc", "00D60000000102" + String(repeating: "5A", count: 258), "9000"),
            ("what was written", "00B0010103", "5AFFFF9000"),
        ])
    }
}
