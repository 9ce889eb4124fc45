import Card
import CardOS
import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// The access rule application master, by commands.
@Suite struct AccessRulesTests {
    struct Vectors: Decodable {
        struct Session: Decodable, CustomTestStringConvertible {
            let name: String
            let exchanges: [[String]]
            var testDescription: String { name }
        }
        let sessions: [Session]

        static func read() throws -> [Session] {
            let file: Vectors = try GlobalPlatformTests.Vectors.decode("access-rules.json")
            return file.sessions
        }
    }

    /// What clients and other ARA-Ms send and expect: vectors/gp/README.md.
    @Test func vectors() throws {
        let sessions = try Vectors.read()
        #expect(sessions.count == 25)
        for session in sessions {
            let card = try AccessRuleCard()
            for (number, exchange) in session.exchanges.enumerated() {
                #expect(try card.send(exchange[0]) == exchange[1], "\(session.name), command \(number)")
            }
        }
    }

    @Test func select() throws {
        let card = try AccessRuleCard()
        #expect(try card.send("00A4040009A00000015141434C0000") == "9000")
        // By a part of the AID, on a channel of its own.
        #expect(try card.send("0070000001") == "019000")
        #expect(try card.send("01A4040C05A000000151") == "9000")
        #expect(try card.send("01A4040C08A00000015141434C") == "9000")
        #expect(try card.send("81CADF2000") == "DF200800000000000000009000")
        #expect(try card.send("81CAFF4000") == "FF40009000")
    }

    /// Commands of the UICC that concern the card go to the platform, others are refused.
    @Test func otherCommands() throws {
        let card = try AccessRuleCard()
        #expect(try card.send("00B0000000") == "6E00")
        #expect(try card.send("00CAFF4000") == "6E00")
        #expect(try card.send("80D0000000") == "6D00")
        // The card of this test has no MF.
        #expect(try card.send("80F2000C00") == "6985")
        #expect(try card.send("84CAFF4000") == "6982")
    }

    @Test func parametersOfInstall() throws {
        let card = try AccessRuleCard(parameters: "C90101")
        #expect(try card.store(0xF1, "") == "6982")
        #expect(try AccessRuleCard(parameters: "C90100").store(0xF1, "") == "9000")
        try card.select(AccessRuleCard.issuer)
        _ = try card.openSession(0x00)
        let image = [UInt8](card.image)
        for parameters in ["C90102", "C9020000"] {
            #expect(try card.install(octets("A00000015141434C01"), parameters) == "6A80")
            #expect([UInt8](card.image) == image)
        }
    }

    @Test func dataFieldsOfGetData() throws {
        let card = try AccessRuleCard()
        for command in ["80CAFF400100", "80CAFF600100", "80CADF200100"] { #expect(try card.send(command) == "6700") }
        #expect(try card.send("80CADF2100") == "DF2107E505E6030101009000")
        for data in ["E500", "E400", "E404E6020001", "E405E603000001E400", "E4"] {
            #expect(try card.send("80CADF21" + hex([UInt8(octets(data).count)]) + data) == "6A80")
        }
        for data in ["E100", "E1024F00", "E104C100C100", "E202C100", "E102C100E102C100"] {
            #expect(try card.send("80CAFF50" + hex([UInt8(octets(data).count)]) + data) == "6A80", "\(data)")
        }
        #expect(try card.send("80CAFF5004E102C100") == "6A88")
        #expect(try card.send("80CADF2005") == "6C0B")
    }

    // MARK: Storing

    @Test(arguments: [
        // No REF-DO, no AR-DO, nothing in it, twice, two rules.
        "E200", "E204E102C100", "E205E303D00101", "E206E102C100E300", "E20EE102C100E303D00101E303D00101",
        "E209E102C100E303D00101E209E102C100E303D00101",
        // AIDs of 4 and 17 octets, C0 that is not empty, two of them.
        "E20FE1084F04FFFFFFFFC100E303D00101",
        "E21CE1154F11FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC100E303D00101",
        "E20CE105C00101C100E303D00101", "E20DE1064F00C000C100E303D00101",
        // Hashes of 19 octets; no hash; an empty package name.
        "E21CE115C11301010101010101010101010101010101010101E303D00101", "E209E1024F00E303D00101",
        "E20BE104C100CA00E303D00101",
        // APDU-AR-DO of another value, of no and of 7 octets; NFC-AR-DO; PERM-AR-DO of 7 octets.
        "E209E102C100E303D00102", "E208E102C100E302D000", "E20FE102C100E309D00701020304050607",
        "E209E102C100E303D10102", "E20AE102C100E304D1020101", "E20FE102C100E309DB0701020304050607",
        // Lengths beyond the end, an indefinite length.
        "E209E102C100E303D00201", "E280E102C100E303D001010000",
    ])
    func malformedRules(_ value: String) throws {
        let card = try AccessRuleCard()
        let image = [UInt8](card.image)
        #expect(try card.store(0xF0, value) == "6A80")
        #expect([UInt8](card.image) == image)
    }

    /// What the card does not know is not stored; lengths become the shortest, data objects come into their order.
    @Test func unknownObjects() throws {
        let card = try AccessRuleCard()
        func tlv(_ tag: UInt8, _ parts: String...) -> String { hex(AccessRuleCard.tlv(tag, octets(parts.joined()))) }
        let stored = "E20BE1044F00C100E303D00101"
        for (rule, status) in [
            ("E2810F" + "E303D00101" + "E18107" + "C18100" + "4F820000", "9000"),
            (tlv(0xE2, "5A00", "E1044F00C100", "E303D00101"), "6382"),
            (tlv(0xE2, tlv(0xE1, "C100", "9F0101AA", "4F00"), "E303D00101"), "6382"),
            (tlv(0xE2, "E1044F00C100", tlv(0xE3, "DF8101020000", "D00101", "C700")), "6382"),
        ] {
            #expect(try card.store(0xF0, rule) == status, "\(rule)")
            #expect(try card.rules() == stored)
            #expect(try card.send(AccessRuleCard.deleteAll) == "9000")
        }
        // Unknown objects alone are no permissions.
        #expect(try card.store(0xF0, tlv(0xE2, "E102C100", "E302D200")) == "6A80")
    }

    /// There is one rule for each reference: another one is put to it, unless they contradict each other.
    @Test func merging() throws {
        let card = try AccessRuleCard()
        var rule = TestRule.numbered(1)
        rule.commands = "AABBCCDD01020304"
        rule.privileges = "0000000000000001"
        #expect(try card.store(0xF0, TestRule.numbered(0).text) == "9000")
        #expect(try card.store(0xF0, rule.text) == "9000")
        #expect(try card.store(0xF0, TestRule.numbered(2).text) == "9000")
        func expectRule(_ line: Int = #line) throws {
            let all = TestRule.numbered(2).text + rule.text + TestRule.numbered(0).text
            #expect(try card.rules() == all, "line \(line)")
        }
        try expectRule()
        // The same once more changes nothing, the refresh tag included.
        let image = [UInt8](card.image)
        #expect(try card.store(0xF0, rule.text) == "6381")
        #expect([UInt8](card.image) == image)
        var other = rule
        other.commands = "AABBCCDD010203041122334405060708"
        other.events = "00"
        other.privileges = "8000000000000002"
        #expect(try card.store(0xF0, other.text) == "6381")
        rule = other
        rule.privileges = "8000000000000003"
        try expectRule()
        // A part of what there is.
        other.commands = "1122334405060708"
        #expect(try card.store(0xF0, other.text) == "6381")
        try expectRule()
        let merged = [UInt8](card.image)
        for (commands, events) in [("00", nil), ("01", nil), (nil, "01")] as [(String?, String?)] {
            other = TestRule(
                application: rule.application,
                device: rule.device,
                commands: commands,
                events: events,
                privileges: "FFFFFFFFFFFFFFFF"
            )
            #expect(try card.store(0xF0, other.text) == "6A89")
            #expect([UInt8](card.image) == merged)
        }
        // Other references, though much is the same.
        for (index, change) in [
            { $0.application = nil }, { $0.application = "" }, { $0.device = "" }, { $0.package = "61" },
            { $0.device += "000000000000000000000000" },
        ].enumerated() as EnumeratedSequence<[(inout TestRule) -> Void]> {
            other = TestRule.numbered(1)
            change(&other)
            #expect(try card.store(0xF0, other.text) == "9000", "change \(index)")
        }
    }

    @Test func refreshTag() throws {
        let card = try AccessRuleCard()
        var seen: Set<String> = []
        func next(_ response: String, _ expected: String = "9000") throws {
            #expect(response == expected)
            let tag = try card.send("80CADF2000")
            #expect(tag.hasPrefix("DF2008") && tag.hasSuffix("9000") && tag.count == 26)
            #expect(seen.insert(tag).inserted)
        }
        try next("9000")
        try next(try card.store(0xF0, TestRule.numbered(0).text))
        try next(try card.store(0xF2, ""))
        var rule = TestRule.numbered(0)
        rule.events = "01"
        try next(try card.store(0xF0, rule.text), "6381")
        try next(
            try card.store(
                0xF1,
                "E2" + hex([UInt8(octets(rule.reference + "E302D100").count)]) + rule.reference + "E302D100"
            )
        )
        try next(try card.store(0xF1, rule.reference))
        try next(try card.store(0xF0, rule.text))
        try next(try card.store(0xF1, ""))
        // Nothing to delete, nothing that changes.
        let tag = try card.send("80CADF2000")
        #expect(try card.store(0xF1, "") == "9000")
        #expect(try card.store(0xF1, rule.reference) == "6A88")
        #expect(try card.store(0xF2, "00") == "6A80")
        #expect(try card.send("80CADF2000") == tag)
    }

    // MARK: Deleting

    @Test func deletingByReference() throws {
        let card = try AccessRuleCard()
        var rules = (0..<6).map(TestRule.numbered)
        rules[1].application = nil
        rules[2].application = ""
        rules[4].application = rules[3].application
        rules[4].device = ""
        for rule in rules { #expect(try card.store(0xF0, rule.text) == "9000") }
        func expect(_ left: [Int], _ line: Int = #line) throws {
            #expect(try card.rules() == left.map { rules[$0].text }.joined(), "line \(line)")
        }
        try expect([5, 4, 3, 2, 1, 0])
        #expect(try card.store(0xF1, "4F00") == "9000")
        try expect([5, 4, 3, 1, 0])
        for value in ["4F00", "C000", "4F05FFFFFFFFFF", "E102C100"] { #expect(try card.store(0xF1, value) == "6A88") }
        for value in ["4F04FFFFFFFF", "C00100", "C100", "E100", "4F004F00", "E2", "E200", "E202E100"] {
            #expect(try card.store(0xF1, value) == "6A80")
        }
        // Two neighbours, for the same application; the last one; the first one.
        #expect(try card.store(0xF1, "4F07" + (rules[3].application ?? "")) == "9000")
        try expect([5, 1, 0])
        #expect(try card.store(0xF1, rules[0].reference) == "9000")
        try expect([5, 1])
        #expect(try card.store(0xF1, rules[5].text) == "9000")
        try expect([1])
        #expect(try card.store(0xF1, rules[1].reference) == "9000")
        try expect([])
    }

    /// REF-AR-DO names what goes; the rule goes with the last of it.
    @Test func deletingByRule() throws {
        let card = try AccessRuleCard()
        var rule = TestRule.numbered(0)
        rule.commands = "AABBCCDD01020304"
        rule.events = "01"
        rule.privileges = "0000000000000001"
        #expect(try card.store(0xF0, rule.text) == "9000")
        func deletion(_ permissions: String) -> String {
            hex(AccessRuleCard.tlv(0xE2, octets(rule.reference + permissions)))
        }
        #expect(try card.store(0xF1, deletion("E303D10100")) == "6A88")
        #expect(try card.store(0xF1, deletion("E303D00101")) == "6A88")
        #expect(try card.store(0xF1, deletion("E304D1020101")) == "6A80")
        #expect(try card.store(0xF1, deletion("E303D10101")) == "9000")
        rule.events = nil
        #expect(try card.rules() == rule.text)
        #expect(try card.store(0xF1, deletion("E305D000D10101")) == "6A88")
        #expect(try card.rules() == rule.text)
        #expect(try card.store(0xF1, deletion("E302D000")) == "9000")
        rule.commands = nil
        #expect(try card.rules() == rule.text)
        #expect(try card.store(0xF1, deletion("E302DB00")) == "9000")
        #expect(try card.rules() == "")
        // The whole of it: as it is, or without AR-DO.
        for permissions in ["E303D00101", "", "E300"] {
            #expect(try card.store(0xF0, TestRule.numbered(0).text) == "9000")
            #expect(try card.store(0xF1, deletion(permissions)) == "9000")
            #expect(try card.rules() == "")
        }
    }

    // MARK: STORE DATA

    @Test func otherRequests() throws {
        let card = try AccessRuleCard()
        for tag: UInt8 in [0xF3, 0xF6, 0xF7, 0xF8, 0xE7] { #expect(try card.store(tag, "") == "6981") }
        for data in ["F9", "00", "A3"] { #expect(try card.send("80E2900001" + data) == "6A80") }
        for data in ["F900", "F2", "F100F100", "F101", "F40100", "F50100"] {
            #expect(try card.send("80E29000" + hex([UInt8(data.count / 2)]) + data) == "6A80")
        }
        #expect(try card.send("80E29000") == "6A80")
        #expect(try card.send("80E2800002F100") == "6A86")
        #expect(try card.send("80E2B00002F100") == "6A86")
        #expect(try card.send("80E2980002F100") == "6A86")
        #expect(try card.send("80E2900102F100") == "6A86")
        #expect(try card.store(0xF0, TestRule.numbered(0).text) == "9000")
        #expect(try card.send("80E2900002F40000") == "FF4028" + TestRule.numbered(0).text + "9000")
        #expect(try card.send("80E2900002F50000") == "6A88")
    }

    @Test func blocks() throws {
        let card = try AccessRuleCard()
        var rule = TestRule.numbered(0)
        rule.commands = (0..<60).map { hex([0x80, UInt8($0), 0, 0, 0xFF, 0xFF, 0, 0]) }.joined()
        let data = hex(AccessRuleCard.tlv(0xF0, octets(rule.text)))
        func block(_ number: Int, _ start: Int, _ end: Int?, _ cla: String = "80") -> String {
            let part = octets(data)[start..<(end ?? octets(data).count)]
            return cla + "E2" + (end == nil ? "90" : "10") + hex([UInt8(number), UInt8(part.count)] + part)
        }
        #expect(try card.send(block(0, 0, 200)) == "9000")
        #expect(try card.send(block(1, 200, 400)) == "9000")
        #expect(try card.rules() == "")
        #expect(try card.send(block(2, 400, nil)) == "9000")
        #expect(try card.rules() == rule.text)
        // Out of turn: what has come is lost.
        for number in [0, 2] {
            #expect(try card.send(block(0, 0, 200)) == "9000")
            #expect(try card.send(block(number, 200, 400)) == "6A86")
            #expect(try card.send(block(1, 200, 400)) == "6A86")
        }
        // On another channel, and after another selection.
        #expect(try card.send("0070000001") == "019000")
        #expect(try card.send("01A4040C09A00000015141434C00") == "9000")
        #expect(try card.send(block(0, 0, 200)) == "9000")
        #expect(try card.send(block(1, 200, 400, "81")) == "6A86")
        try card.select()
        #expect(try card.send(block(1, 200, 400)) == "6A86")
        // More than the card takes; a rule that is too long, and one that becomes too long.
        let filler = String(repeating: "00", count: 250)
        for number in 0..<8 { #expect(try card.send("80E210" + hex([UInt8(number)]) + "FA" + filler) == "9000") }
        #expect(try card.send("80E21008FA" + filler) == "6A84")
        #expect(try card.send("80E2900902F100") == "6A86")
        let image = [UInt8](card.image)
        for first in [100, 0] {
            rule.application = first == 0 ? "FFFFFFFFFF" : rule.application
            rule.commands = (first..<first + 124).map { hex([0x90, UInt8($0), 0, 0, 0xFF, 0xFF, 0, 0]) }.joined()
            let long = AccessRuleCard.tlv(0xF0, octets(rule.text))
            for (number, start) in stride(from: 0, to: long.count, by: 250).enumerated() {
                let part = Array(long[start..<min(long.count, start + 250)])
                let isLast = start + 250 >= long.count
                let command = [0x80, 0xE2, isLast ? 0x90 : 0x10, UInt8(number), UInt8(part.count)] + part
                #expect(hex(card.transmit(command)) == (isLast ? "6A84" : "9000"))
            }
            #expect([UInt8](card.image) == image)
        }
    }
}
