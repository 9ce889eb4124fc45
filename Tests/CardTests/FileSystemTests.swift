import Card
import Octets
import Testing

/// Commands on files that each test makes for itself with CREATE FILE.
@Suite struct FileSystemTests {
    /// A BER-TLV object in hexadecimal.
    private func object(_ tag: String, _ value: String) throws -> String {
        let length = try #require(Hex.octets(value)).count
        return tag + Hex.string([UInt8(length)]) + value
    }

    /// A command with a data field, in hexadecimal.
    private func command(_ header: String, _ data: String) throws -> String {
        try object(header, data)
    }

    /// CREATE FILE, below the current DF.
    private func create(
        _ identifier: String,
        descriptor: String = "4121",
        size: String? = "0004",
        _ rules: String,
        _ more: String = ""
    ) throws -> String {
        var fields = try object("82", descriptor) + object("83", identifier) + object("8A", "05") + rules
        if let size { fields += try object("80", size) + object("88", "") }
        return try command("00E00000", object("62", fields + more))
    }

    private func authentication(_ reference: String) throws -> String {
        try object("A4", "8301" + reference + "950108")
    }

    /// A card on which ADM1 is verified, so that files can be made.
    private func card(_ transmissionProtocol: Environment.TransmissionProtocol = .t0) throws -> TestCard {
        let card = try TestCard(transmissionProtocol)
        #expect(try card.send(CardTests.verifyADM) == "9000")
        return card
    }

    private func expect(_ card: TestCard, _ exchanges: [(String, String)]) throws {
        for (command, expected) in exchanges {
            let response = try card.send(command)
            #expect(response == expected, "\(command)")
        }
    }

    // MARK: Access rules, TS 102 221 clause 9

    /// What rules have once allowed is asked again when a PIN or the rules have changed.
    @Test func aPermissionLastsAsLongAsItsReasons() throws {
        let card = try card()
        let rules = try object("80", "01") + object("A4", "83010A950108") + object("80", "02") + "9000"
        let padded = rules + String(repeating: "F", count: 48 - rules.count)
        let noReading = try object("80", "03") + "9700"
        let records = try object("AB", "80017F9000")
        try expect(
            card,
            [
                (create("6F06", descriptor: "42210018", size: "0018", records), "9000"),
                (command("00DC0104", padded), "9000"),
                (create("6F3A", object("8B", "6F0601")), "9000"),
                ("00D6000004 AABBCCDD", "9000"), ("00B0000004", "AABBCCDD9000"), ("00B0000004", "AABBCCDD9000"),
                // A wrong ADM1 takes the right to read away, the right one brings it back.
                ("0020000A08 3030303030303030", "63C9"), ("00B0000004", "6982"), ("00D6000004 AABBCCDE", "9000"),
                (CardTests.verifyADM, "9000"), ("00B0000004", "AABBCCDE9000"),
                // So does a change of the rules.
                ("00A4000C026F06", "9000"),
                (command("00DC0104", noReading + String(repeating: "F", count: 48 - noReading.count)), "9000"),
                ("00A4000C026F3A", "9000"), ("00B0000004", "6982"),
                ("00A4000C026F06", "9000"), (command("00DC0104", padded), "9000"),
                ("00A4000C026F3A", "9000"), ("00B0000004", "AABBCCDE9000"),
            ]
        )
    }

    // MARK: SELECT, TS 102 221 clauses 8.4 and 11.1.1

    @Test func filesAreSelectedByIdentifierPathAndParent() throws {
        let card = try card()
        let everything = try object("AB", "80017F9000")
        let directory = { (identifier: String) throws in
            try self.create(identifier, descriptor: "7821", size: nil, everything, self.object("C6", "01"))
        }
        try expect(
            card,
            [
                (directory("7F10"), "9000"), (create("6F3A", everything), "9000"), (directory("5F50"), "9000"),
                (create("4F20", everything), "9000"), ("00D6000004 AABBCCDD", "9000"),
                // The child, the DF itself, the parent, a sibling, the MF.
                ("00A4000C024F20", "9000"), ("00A4000C025F50", "9000"), ("00A4000C027F10", "9000"),
                ("00A4000C025F50", "9000"), ("00A4000C026F3A", "6A82"), ("00A4000C023F00", "9000"),
                ("00A4000C025F50", "6A82"),
                // By path from the MF, then from the current DF.
                ("00A4080C067F105F504F20", "9000"), ("00B0000004", "AABBCCDD9000"), ("00A4080C027F10", "9000"),
                ("00A4090C045F504F20", "9000"), ("00B0000001", "AA9000"), ("00A4080C037F105F", "6700"),
                ("00A4080C047F104F20", "6A82"),
                // A child DF, the parent, and nothing above the MF.
                ("00A4080C027F10", "9000"), ("00A4010C025F50", "9000"), ("00A4010C024F20", "6A82"),
                ("00A4030C", "9000"), ("00A4010C025F50", "9000"), ("00A4030C", "9000"), ("00A4030C", "9000"),
                ("00A4030C", "6A82"), ("00A4000C", "9000"), ("00A4050C023F00", "6A86"), ("00A40010023F00", "6A86"),
                ("00A4000D023F00", "6A86"), ("00A4004C023F00", "6A86"), ("00A40008022F99", "6A86"),
                ("00A4046C05A000000087", "6A86"), ("00A4048C05A000000087", "6A86"), ("00A4041C05A000000087", "6A86"),
            ]
        )
    }

    @Test func aFailedSelectionChangesNothing() throws {
        let card = try card()
        try expect(
            card,
            [
                ("00A4000C022FE2", "9000"), ("00A4000C027FFF", "6A82"), ("00A4080C047F102F00", "6A82"),
                ("00A4040C05A000000099", "6A82"), ("00B0000002", "98009000"),
            ]
        )
    }

    // MARK: Access rules, ISO/IEC 7816-4 clause 9.3.3, TS 102 221 clause 9.2

    @Test func expandedRulesCombineConditions() throws {
        let pin = try authentication("01")
        let administrator = try authentication("0A")
        let free = "8001029000"
        let rules = [
            ("2F30", try object("AB", "800101" + object("AF", pin + administrator) + free)),
            ("2F31", try object("AB", "800101" + object("A0", authentication("0B") + pin) + free)),
            ("2F32", try object("AB", "800101" + object("A7", pin) + free)),
            ("2F33", try object("AB", "8001019700" + free)),
            ("2F34", try object("AB", "800101" + pin + "800101" + administrator)),
            ("2F35", try object("AB", "8401B09000")),
            ("2F36", try object("AB", "8401B29000")),
        ]
        let card = try card()
        for (identifier, rule) in rules { try expect(card, [(create(identifier, rule), "9000")]) }
        let read = { (expected: [String]) throws in
            for (rule, status) in zip(rules, expected) {
                #expect(try card.send("00A4000C02" + rule.0) == "9000")
                #expect(try card.send("00B0000001").suffix(4) == status, "\(rule.0)")
            }
        }
        // ADM1 is verified: AND lacks PIN1, OR lacks both, NOT holds; never; the second of two rules; by instruction.
        try read(["6982", "6982", "9000", "6982", "9000", "9000", "6982"])
        #expect(try card.send(CardTests.verify) == "9000")
        try read(["9000", "9000", "6982", "6982", "9000", "9000", "6982"])
        card.card.warmReset()
        try read(["6982", "6982", "9000", "6982", "6982", "9000", "6982"])
    }

    @Test func compactRulesGiveAConditionForEachMode() throws {
        let card = try card()
        try expect(
            card,
            [
                // READ always, UPDATE user authentication; never; none of the modes asked for.
                (create("2F40", "8C03031000"), "9000"), (create("2F41", "8C0201FF"), "9000"),
                (create("2F42", "8C024000"), "9000"), ("00A4000C022F40", "9000"), ("00B0000001", "FF9000"),
                ("00D6000001AA", "6982"), (CardTests.verify, "9000"), ("00D6000001AA", "9000"),
                ("00A4000C022F41", "9000"), ("00B0000001", "6982"), ("00A4000C022F42", "9000"), ("00B0000001", "6982"),
            ]
        )
    }

    // MARK: Life cycle, TS 102 221 clauses 11.1.14 and .15, TS 102 222 clause 6

    @Test func filesAreDeactivatedActivatedResizedAndTerminated() throws {
        let card = try card()
        let everything = try object("AB", "80017F90008401D49000")
        let resize = { (size: String) throws in
            try self.command("80D40000", self.object("62", self.object("83", "2F50") + self.object("80", size)))
        }
        try expect(
            card,
            [
                (create("2F50", everything), "9000"), ("00D600000401020304", "9000"), ("00040000", "9000"),
                ("00B0000001", "6984"), ("00D6000001AA", "6984"), ("00A4000C022F50", "6283"),
                ("00440000022F50", "9000"), ("00B0000004", "010203049000"), ("00040800022F50", "9000"),
                ("00440900022F50", "9000"), (resize("0006"), "9000"), ("00B0000006", "01020304FFFF9000"),
                (resize("0002"), "9000"), ("00B0000000", "01029000"), (resize("0000"), "6A80"),
                ("00E60000022F50", "6981"), ("00E80000022F50", "9000"), ("00A4000C022F50", "6285"),
                ("00B0000001", "6985"), ("00440000", "6985"), ("00E40000022F50", "9000"), ("00A4000C022F50", "6A82"),
                ("00FE0000", "6982"),
            ]
        )
    }

    @Test func anEFThatMayBeReadWhileDeactivatedIs() throws {
        let card = try card()
        let rules = try object("AB", "80017F9000")
        try expect(
            card,
            [
                (create("2F51", rules, object("A5", "C00140")), "9000"), ("00040000", "9000"),
                ("00D6000001AA", "9000"), ("00B0000001", "AA9000"),
            ]
        )
    }

    @Test func aDirectoryIsDeletedWithAllBelowIt() throws {
        let card = try card()
        let before = card.octets
        let rules = try object("AB", "80017F9000")
        let free = card.card.system.memory.freePages
        try expect(
            card,
            [
                (create("7F20", descriptor: "7821", size: nil, rules), "9000"), (create("6F07", rules), "9000"),
                ("00E40000027F20", "9000"), ("00A4000C027F20", "6A82"), ("80F2000C", "9000"),
            ]
        )
        let freeAgain = card.card.system.memory.freePages
        #expect(freeAgain == free)
        #expect(card.octets == before)
    }

    // MARK: Transmission protocols, TS 102 221 clause 7.3, ISO/IEC 7816-4 clause 5.2

    @Test func responseDataComeAsTheProtocolSays() throws {
        let template = "62178202412183022FE28A01058B032F06028002000A8801109000"
        for (transmissionProtocol, withLe, without) in [
            (Environment.TransmissionProtocol.t0, "6119", "6119"), (.t1, template, "6119"), (.both, template, "6119"),
        ] {
            let card = try card(transmissionProtocol)
            #expect(try card.send("00A40004022FE200") == withLe)
            #expect(try card.send("00A40004022FE2") == without)
            #expect(try card.send("00A40004022FE202") == (transmissionProtocol == .t0 ? "6119" : "62176117"))
        }
    }

    @Test func extendedLengthsNeedAnotherProtocolThanT0() throws {
        for (transmissionProtocol, expected) in [
            (Environment.TransmissionProtocol.t0, "6700"), (.t1, "98009000"), (.both, "98009000"),
        ] {
            let card = try card(transmissionProtocol)
            #expect(try card.send("00A4000C022FE2") == "9000")
            #expect(try card.send("00B00000000002") == expected)
            #expect(try card.send("00D60000000001980000") == (transmissionProtocol == .t0 ? "6700" : "9000"))
        }
    }

    @Test func allTwentyChannelsOpenAndOneMoreDoesNot() throws {
        let card = try card()
        #expect(try card.send("80AA000004A9028100") == "9000")
        for channel in 1..<UInt8(20) {
            #expect(try card.send("0070000001") == Hex.string([channel]) + "9000")
        }
        #expect(try card.send("0070000001") == "6A81")
        #expect(try card.send("4FA4000C022FE2") == "9000")
        #expect(try card.send("4FB0000002") == "98009000")
        #expect(try card.send("4EB0000002") == "6986")
        #expect(try card.send("CFF2000C") == "9000")
    }
}
