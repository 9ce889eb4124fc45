import Card
import CardOS
import Octets
import Testing

/// CREATE FILE: TS 102 222 clause 6.3.
@Suite struct CreateFileTests {
    private static let descriptor = "82024121"
    private static let identifier = "83022F20"
    private static let status = "8A0105"
    private static let rules = Build.everything
    private static let size = "80020004"

    @Test func aTemplateThatSaysTooLittleOrTooMuchIsRefused() throws {
        let card = try TestCard.verified()
        let before = card.octets
        let (descriptor, identifier, status, rules, size) =
            (Self.descriptor, Self.identifier, Self.status, Self.rules, Self.size)
        try card.answers([
            ("P1", "00E0010000", "6A86"), ("P2", "00E0000100", "6A86"), ("no data", "00E00000", "6700"),
            ("class", "80E0000002 6200", "6E00"), ("not a template", "00E0000002 6F00", "6A80"),
            ("octets behind it", "00E0000003 620000", "6A80"), ("empty", "00E0000002 6200", "6A80"),
            ("no 82", Build.create(identifier, status, rules, size), "6A80"),
            ("no 83", Build.create(descriptor, status, rules, size), "6A80"),
            ("no 8A", Build.create(descriptor, identifier, rules, size), "6A80"),
            ("no security attributes", Build.create(descriptor, identifier, status, size), "6A80"),
            ("two of them", Build.create(descriptor, identifier, status, rules, "8B032F0601", size), "6A80"),
            ("no 80", Build.create(descriptor, identifier, status, rules), "6A80"),
            ("a member that is cut off", Build.create(descriptor, identifier, status, rules, size, "8802"), "6A80"),
            ("structure 3", Build.create("82024321", identifier, status, rules, size), "6A80"),
            ("an identifier of one octet", Build.create(descriptor, "83012F", status, rules, size), "6A80"),
            ("3F00", Build.create(descriptor, "83023F00", status, rules, size), "6A89"),
            ("3FFF", Build.create(descriptor, "83023FFF", status, rules, size), "6A80"),
            ("7FFF", Build.create(descriptor, "83027FFF", status, rules, size), "6A80"),
            ("FFFF", Build.create(descriptor, "8302FFFF", status, rules, size), "6A80"),
            ("life cycle 0C", Build.create(descriptor, identifier, "8A010C", rules, size), "6A80"),
            ("life cycle of two octets", Build.create(descriptor, identifier, "8A020505", rules, size), "6A80"),
            ("size 0", Build.create(descriptor, identifier, status, rules, "80020000"), "6A80"),
            ("an empty size", Build.create(descriptor, identifier, status, rules, "8000"), "6A80"),
            ("a size of five octets", Build.create(descriptor, identifier, status, rules, "80050000000001"), "6A80"),
            ("more than the memory", Build.create(descriptor, identifier, status, rules, "8003FFFFFF"), "6A84"),
            ("SFI with RFU bits", Build.create(descriptor, identifier, status, rules, size, "8801F1"), "6A80"),
            ("SFI 31", Build.create(descriptor, identifier, status, rules, size, "8801F8"), "6A80"),
            ("SFI 0", Build.create(descriptor, identifier, status, rules, size, "880100"), "6A80"),
            ("SFI of another EF", Build.create(descriptor, identifier, status, rules, size, "880110"), "6A89"),
            ("identifier of another EF", Build.create(descriptor, "83022FE2", status, rules, size), "6A89"),
            (
                "an EF with a DF name", Build.create(descriptor, identifier, "8405A000000001", status, rules, size),
                "6A80"
            ),
            ("no record length", Build.create("82024221", identifier, status, rules, size), "6A80"),
            ("record length 0", Build.create("820442210000", identifier, status, rules, size), "6A80"),
            ("record length 256", Build.create("820442210100", identifier, status, rules, "80020200"), "6A80"),
            ("not whole records", Build.create("820442210003", identifier, status, rules, size), "6A80"),
            ("another number of records", Build.create("82054221000203", identifier, status, rules, size), "6A80"),
            ("255 records", Build.create("820446210001", identifier, status, rules, "800200FF"), "6A80"),
            ("a record length, no records", Build.create("820441210001", identifier, status, rules, size), "6A80"),
            ("C1 and C2", Build.create(descriptor, identifier, status, rules, size, "A506C10100C20100"), "6A80"),
            ("A5 that is cut off", Build.create(descriptor, identifier, status, rules, size, "A502C101"), "6A80"),
            (
                "below its reserved size", Build.create("82027921", identifier, status, rules, size, "A50486020003"),
                "6A80"
            ),
            (
                "a DF name of 17 octets",
                Build.create("82027821", "8411" + String(repeating: "A0", count: 17), status, rules), "6A80"
            ),
            ("an empty DF name", Build.create("82027821", "8400", status, rules), "6A80"),
            (
                "the name of another ADF", Build.create("82027821", "840C" + ChannelTests.application, status, rules),
                "6A8A"
            ),
            ("PIN status that is cut off", Build.create("82027821", "83027F20", status, rules, "C60490018083"), "6A80"),
        ])
        #expect(card.octets == before)
    }

    @Test func rightsAreThoseOfTheDF() throws {
        try TestCard().answers([
            ("no ADM1", Build.create(Self.descriptor, Self.identifier, Self.status, Self.rules, Self.size), "6982"),
            ("no ADM1", Build.createDF("7F20"), "6982"), ("ADM1", CardTests.verifyADM, "9000"),
            ("EFs, no DFs", Build.create("82027821", "83027F20", Self.status, "AB058001029000"), "9000"),
            ("EF", Build.createEF("6F20", size: "0001"), "9000"), ("DF", Build.createDF("5F20"), "6982"),
            ("the MF", "00A4000C", "9000"),
            ("DFs, no EFs", Build.create("82027821", "83027F21", Self.status, "AB058001049000"), "9000"),
            ("EF", Build.createEF("6F20", size: "0001"), "6982"), ("DF", Build.createDF("5F20"), "9000"),
        ])
    }

    @Test func eachTypeOfFileIsMadeAndShown() throws {
        let card = try TestCard.verified()
        let select = { (identifier: String, template: String) throws in
            let length = String(Build.object("", template).prefix(2))
            try card.answers([
                (identifier, "00A4000402" + identifier, "61" + length),
                (identifier, "00C00000" + length, template + "9000"),
            ])
        }
        let rules = Build.everything
        try card.answers([
            ("transparent", Build.createEF("2F20", size: "04", short: "98"), "9000"),
            ("linear", Build.createEF("2F21", "42210003", size: "0006", short: nil), "9000"),
            ("cyclic, five octets", Build.createEF("2F22", "4621000302", size: "0006"), "9000"),
            ("BER-TLV", Build.createEF("2F23", "7921", size: "0006", more: "A503840101"), "9000"),
            ("internal, not shareable", Build.createEF("2F24", "0921", size: "0001"), "9000"),
        ])
        try select("2F20", Build.object("62", "82024121" + "83022F20" + "8A0105" + rules + "80020004" + "880198"))
        // SFI 1 (the low bits of 2F21) is that of another EF.
        try select("2F21", Build.object("62", "82054221000302" + "83022F21" + "8A0105" + rules + "80020006" + "8800"))
        try select("2F22", Build.object("62", "82054621000302" + "83022F22" + "8A0105" + rules + "80020006" + "8800"))
        try select(
            "2F23",
            Build.object(
                "62",
                "82027921" + "83022F23" + "A507" + "840101" + "85020006" + "8A0105" + rules + "80020000" + "8800"
            )
        )
        try select("2F24", Build.object("62", "82020921" + "83022F24" + "8A0105" + rules + "80020001" + "8800"))
        try card.answers([
            ("DF, PINs as SELECT shows them", Build.createDF("7F20", more: "C609900180830101830111"), "9000"),
            ("in it: SFI from the identifier", Build.createEF("6F25", size: "0001", short: nil), "9000"),
            ("by that SFI", "00B0850001", "FF9000"),
            ("taken: none", Build.createEF("6F45", size: "0001", short: nil), "9000"),
            ("that of the first", "00B0850001", "FF9000"), ("identifier of the DF", Build.createDF("7F20"), "6A89"),
            ("an ADF, elsewhere than in the MF", Build.create("82027821", "8405A000000001", "8A0105", rules), "6985"),
        ])
        try select(
            "7F20",
            Build.object(
                "62",
                "82027821" + "83027F20" + "8A0105" + rules + "C60C" + "9001C0" + "830101" + "950100" + "830111"
            )
        )
        try card.answers([
            ("the MF", "00A4000C", "9000"),
            ("an ADF", Build.create("82027821", "8405A000000001", "8A0105", rules), "9000"),
            ("it is active", "80F2000100", "8405A0000000019000"), ("the MF", "00A4000C", "9000"),
            ("by 7FFF", "00A4000C027FFF", "9000"),
        ])
    }

    // docs/memory-image.md section 7.1: what a link has of its own, and what of the file that it leads to.
    @Test func aLinkToADirectoryShowsItsFilesAndItsPINs() throws {
        let card = try TestCard.verified()
        try card.answers([
            ("DF", Build.createDF("7F20", more: "C6020111"), "9000"),
            ("EF", Build.createEF("6F25", size: "0002", short: nil), "9000"), ("the MF", "00A4000C", "9000"),
        ])
        let masterFile = try #require(card.masterFile)
        let found = card.card.system.child(0x7F20, of: masterFile)
        let target = try #require(found)
        try #require(Hex.octets("8B032F0602")).withView { (attributes) throws(StatusWord) in
            var parameters = FileParameters(descriptor: 0x38, fileIdentifier: 0x7F21)
            parameters.securityAttributes = attributes
            parameters.link = target
            _ = try card.card.system.createFile(parameters, parent: masterFile)
        }
        card.card.system.memory.commit()
        try card.answers([
            ("select", "00A40004027F21", "6120"),
            (
                "its own identifier, descriptor and rules", "00C0000020",
                "621E" + "82023821" + "83027F21" + "8A0105" + "8B032F0602" + "C60C" + "9001C0" + "830101" + "950100"
                    + "830111" + "9000"
            ),
            ("the EF of the target", "00A4000C026F25", "9000"), ("update", "00D6000002AABB", "9000"),
            ("in the target", "00A4080C047F206F25", "9000"), ("read", "00B0000002", "AABB9000"),
            ("by SFI, in the link", "00A4000C027F21", "9000"), ("read", "00B0850002", "AABB9000"),
            ("the target goes", "00A4000C", "9000"), ("with its link", "00E40000027F20", "9000"),
            ("the link", "00A4000C027F21", "6A82"),
        ])
    }

    @Test func bodiesAreFilledAsTheTemplateSays() throws {
        try TestCard.verified().answers([
            ("C1", Build.createEF("2F20", size: "0005", more: "A504C1020102"), "9000"),
            ("read", "00B0000000", "01020202029000"),
            ("C2", Build.createEF("2F21", size: "0005", more: "A504C2020102"), "9000"),
            ("read", "00B0000000", "01020102019000"),
            ("C2, each record", Build.createEF("2F22", "42210003", size: "0006", more: "A504C2020102"), "9000"),
            ("read", "00B2010403", "0102019000"), ("read", "00B2020403", "0102019000"),
            ("longer than the body", Build.createEF("2F23", size: "0001", more: "A504C1020102"), "9000"),
            ("read", "00B0000000", "019000"),
        ])
    }

    // TS 102 222 clause 6.1: before it is activated the rules of a file are not in force.
    @Test func aFileInCreationStateIsFilledBeforeItsRulesCount() throws {
        for status in ["8A0101", "8A0103"] {
            let card = try TestCard.verified()
            try card.answers([
                (
                    "create",
                    Build.create(Self.descriptor, Self.identifier, status, "AB0A80010190008001109000", Self.size),
                    "9000"
                ),
                ("fill", "00D6000002AABB", "9000"), ("activate", "00440000", "9000"),
                ("read", "00B0000002", "AABB9000"),
                ("update", "00D6000002AABB", "6982"),
            ])
        }
    }
}
