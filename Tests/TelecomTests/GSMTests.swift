import Card
import CardOS
import Memory
import Octets
import Testing

/// The commands of class A0: TS 51.011.
@Suite struct GSMTests {
    private func defaultCard(_ transmissionProtocol: Environment.TransmissionProtocol = .t0) throws -> TelecomCard {
        let card = try TelecomCard(image: nil, transmissionProtocol)
        #expect(card.card.install(profilePackage: [try Vectors.profile("veuicc-default.der")]).isInstalled)
        card.card.powerOn()
        return card
    }

    /// Sends commands, each with its expected response; `*` at the end: any octets follow.
    private func expect(_ exchanges: [(command: String, response: String)], of card: TelecomCard) throws {
        for (command, expected) in exchanges {
            let response = try card.send(command)
            if expected.hasSuffix("*") {
                #expect(response.hasPrefix(expected.dropLast()), "\(command)")
            } else {
                #expect(response == expected, "\(command)")
            }
        }
    }

    // What strongSwan's eap-sim-pcsc and gnokii do: clause 9.2.1, 9.2.3, 9.2.16.
    @Test func identityAndAlgorithm() throws {
        let card = try defaultCard()
        try expect(
            [
                ("A0A40000023F00", "9F17"), ("A0C0000017", "0000*"), ("A0A40000027F20", "9F17"),
                ("A0A40000026F07", "9F0F"), ("A0C000000F", "000000096F0704*"),
                ("A0B0000009", "0809101000000000109000"),
                ("A0B000000A", "6709"), ("A0B0000903", "9402"), ("A0B0800003", "6B00"),
                ("A08800001000112233445566778899AABBCCDDEEFF", "9F0C"),
                // SRES and Kc of the 3G result in docs/default-profile.md: c2 and c3.
                ("A0C000000C", "DB315B3989AE3140B02DF6999000"),
                ("A088000010", "6710"), ("A08800000F00112233445566778899AABBCCDDEE", "6710"),
                ("A0A40000023F00", "9F17"), ("A08800001000112233445566778899AABBCCDDEEFF", "9404"),
            ],
            of: card
        )
    }

    @Test func selection() throws {
        let card = try defaultCard()
        try expect(
            [
                ("A0A40000027F20", "9F17"),
                // MF, DF: file identifier, type, CHV1 disabled; the tries of the codes.
                ("A0C0000017", "0000*"), ("A0F2000016", "0000*"),
                ("A0A40000027F10", "9F17"), ("A0A40000026F3A", "9F0F"), ("A0B2010401", "67*"),
                ("A0A40000026F99", "9404"), ("A0A40000027FFF", "9404"), ("A0A4000001AA", "6702"),
                ("A0A40100023F00", "6B00"), ("A0A40000027F20", "9F17"), ("A0B0000001", "9400"),
                ("A0A40000026F07", "9F0F"), ("A0B2010405", "9408"),
                // Not ours: toolkit commands, and what no table has.
                ("A010000001FF", "6D00"), ("A0CA000000", "6D00"), ("A0FA0000", "9000"), ("A1A40000023F00", "6E00"),
            ],
            of: card
        )
    }

    @Test func directoryDescription() throws {
        let card = try defaultCard()
        _ = try card.send("A0A40000027F20")
        let text = try card.send("A0C0000017")
        let octets = TelecomCard.octets(text)
        #expect(octets.count == 25)
        #expect(octets[4...6] == [0x7F, 0x20, 0x02])
        #expect(octets[12] == 10)
        // CHV1 disabled, two CHVs with unblocking codes, 3 and 10 tries.
        #expect(octets[13] & 0x80 != 0)
        #expect(octets[16] == 4)
        #expect(octets[18...21] == [0x83, 0x8A, 0x83, 0x8A])
    }

    // Clauses 9.2.1 and 9.3: READ and UPDATE, INCREASE, REHABILITATE and INVALIDATE, as docs/default-profile.md has the
    // access rules.
    @Test func accessConditions() throws {
        let card = try defaultCard()
        for (directory, file, conditions) in [
            ("3F00", "2F05", "01F044"), ("3F00", "2FE2", "0FF044"), ("7F20", "6FAD", "04F044"),
            ("7F20", "6F07", "14F044"), ("7F20", "6F7E", "11F044"), ("7F20", "6F3B", "12F044"),
            // Cyclic.
            ("7F20", "6F39", "111044"),
            // A link has rules of its own; a file that nobody may update; what a PIN may activate.
            ("7F10", "6F40", "14F044"), ("5FD0", "4F01", "44F044"),
        ] {
            if directory == "5FD0" { #expect(try card.send("A0A40000027F20") == "9F17") }
            #expect(try card.send("A0A4000002\(directory)") == "9F17")
            #expect(try card.send("A0A4000002\(file)") == "9F0F")
            let description = try card.send("A0C000000F")
            #expect(description.dropFirst(16).prefix(6) == conditions, "\(file): \(description)")
        }
        // They do not change with what is verified or enabled.
        #expect(try card.send("A02800010830303030FFFFFFFF") == "9000")
        #expect(try card.send("A0A40000027F20") == "9F17")
        #expect(try card.send("A0A40000026F07") == "9F0F")
        #expect(try card.send("A0C000000F").dropFirst(16).prefix(6) == "14F044")
    }

    // Clauses 9.2.9 to 9.2.13, 9.4.4.
    @Test func codes() throws {
        let card = try defaultCard()
        try expect(
            [
                ("A0A40000027F20", "9F17"), ("A02000010830303030FFFFFFFF", "9808"),
                ("A02800010830303030FFFFFFFF", "9000"), ("A02000010831313131FFFFFFFF", "9804"),
                ("A0A40000026F07", "9F0F"), ("A0B0000009", "9804"),
                ("A088000010" + "00112233445566778899AABBCCDDEEFF", "9804"),
                ("A02000010830303030FFFFFFFF", "9000"), ("A0B0000009", "0809*"),
                ("A02400011030303030FFFFFFFF31323334FFFFFFFF", "9000"), ("A02000010830303030FFFFFFFF", "9804"),
                ("A02000010830303030FFFFFFFF", "9804"), ("A02000010830303030FFFFFFFF", "9840"),
                ("A02000010831323334FFFFFFFF", "9840"),
                ("A02C00001031313131313131313030303030303030", "9000"), ("A0200001083030303030303030", "9000"),
                ("A02600010830303030" + "30303030", "9000"), ("A0200003083030303030303030", "6B00"),
                ("A020000208" + "39393939FFFFFFFF", "9000"), ("A0200001", "6700"),
            ],
            of: card
        )
    }

    // Clause 9.2.7: SEEK in EF.ADN of DF.TELECOM. The record pointer is the found record's.
    @Test func seek() throws {
        let card = try TelecomCard(TelecomCard.testAlgorithm)
        let file = try card.create(card.root, 0x42, 0x6F3A, size: 12, record: 4)
        try card.fill(file, [1, 2, 3, 4, 5, 2, 3, 6, 7, 8, 9, 10])
        card.card.system.memory.commit()
        try expect(
            [
                ("A0A40000026F3A", "9F0F"), ("A0A20000020203", "9000"), ("A0B2000404", "010203049000"),
                ("A0A20002020203", "9000"), ("A0B2000404", "050203069000"), ("A0A20002020203", "9404"),
                ("A0A2001102" + "0203" + "00", "029000"), ("A0A20010020809" + "00", "039000"),
                ("A0A20001020A0B", "9404"), ("A0A2000402AAAA", "6B00"), ("A0B2000204", "9402"),
                // Previous: the record before the current one; before the first there is none.
                ("A0A20013020203" + "00", "029000"), ("A0A20013020203" + "00", "019000"), ("A0A20003020203", "9404"),
                ("A0B2000404", "010203049000"),
            ],
            of: card
        )
    }
}
