import CardOS
import Octets
import Testing

@testable import GlobalPlatform

/// Who may change access rules, and whose they are.
@Suite struct AccessRulesSecurityTests {
    @Test func lock() throws {
        let card = try AccessRuleCard()
        #expect(try card.store(0xF0, TestRule.numbered(0).text) == "9000")
        #expect(try card.send("80E2900001A2") == "6982")
        let tag = try card.send("80CADF2000")
        #expect(try card.send("80E2900001A1") == "9000")
        card.card.powerOn()
        try card.select()
        for command in [AccessRuleCard.deleteAll, "80E2900001A1", "80E2900001A2", "80E2900002F200", "80E2900002F400"] {
            #expect(try card.send(command) == "6982")
        }
        #expect(try card.send("80CADF2000") == tag)
        // With the keys of the security domain, at any level.
        let image = [UInt8](card.image)
        for level: UInt8 in [0x00, 0x01, 0x03, 0x33] {
            card.image.copyBytes(from: image)
            card.card.powerOn()
            try card.select()
            let host = try card.openSession(level)
            let store = AccessRuleCard.tlv(0xF0, octets(TestRule.numbered(1).text))
            for data in [store, octets("F200"), octets("A2")] {
                let command = [0x80, 0xE2, 0x90, 0x00, UInt8(data.count)] + data
                let response = card.transmit(host.wrap(command))
                #expect(response.suffix(2) == [0x90, 0x00], "level \(level)")
                #expect(host.unwrap(response, to: command) == [])
            }
            let command = octets("80CAFF40")
            let response = card.transmit(host.wrap(command))
            let told = host.unwrap(response, to: command)
            #expect(told.map(hex) == "FF4050" + TestRule.numbered(1).text + TestRule.numbered(0).text)
            try card.select()
            #expect(try card.send(AccessRuleCard.deleteAll) == "9000")
            #expect(try card.rules() == "")
        }
    }

    /// As GlobalPlatformPro and pySim do: INSTALL [for personalization], STORE DATA to the security domain.
    @Test func personalization() throws {
        let card = try AccessRuleCard(parameters: "C90101")
        try card.select(AccessRuleCard.issuer)
        let host = try card.openSession()
        func send(_ command: String) -> String {
            let command = octets(command)
            let response = card.transmit(host.wrap(command))
            return (host.unwrap(response, to: command).map(hex) ?? "wrong") + hex(Array(response.suffix(2)))
        }
        let personalize = "80E62000" + "0F" + "0000" + "09A00000015141434C00" + "000000"
        let store = hex(AccessRuleCard.tlv(0xF0, octets(TestRule.numbered(0).text)))
        #expect(send(personalize) == "009000")
        #expect(send("80E29000" + hex([UInt8(store.count / 2)]) + store) == "9000")
        // In blocks.
        #expect(send(personalize) == "009000")
        #expect(send("80E2100001F1") == "9000")
        #expect(send("80E290010100") == "9000")
        #expect(send(personalize) == "009000")
        #expect(send("80E2900001A2") == "9000")
        try card.select()
        #expect(try card.rules() == "")
        #expect(try card.store(0xF0, TestRule.numbered(1).text) == "9000")
    }

    /// Blocks that came in a secure channel session do not outlive it.
    @Test func blocksOfASession() throws {
        let card = try AccessRuleCard()
        let host = try card.openSession(0x01)
        #expect(hex(card.transmit(host.wrap(octets("80E2100001F1")))) == "9000")
        #expect(try card.send(AccessRuleCard.getAll) == "6982")
        #expect(try card.send("80E290010100") == "6982")
        let other = try card.openSession(0x01)
        #expect(hex(card.transmit(other.wrap(octets("80E290010100")))) == "6A86")
    }

    /// A security domain that is locked renders no services, but the rules can be read.
    @Test func lockedSecurityDomain() throws {
        let card = try AccessRuleCard()
        #expect(try card.store(0xF0, TestRule.numbered(0).text) == "9000")
        try card.select(AccessRuleCard.issuer)
        _ = try card.openSession(0x00)
        let domain = "07A0000001515350 08A000000151535041 08A000000151535042 0180 02C900 00"
        #expect(try card.send(AccessRuleCard.install(domain)) == "009000")
        let reference = try card.entry(octets("A000000151535042")).reference
        try card.card.system.memory.set(.securityDomain, of: card.entry(AccessRuleCard.aid).reference, to: reference)
        try card.card.system.memory.set(
            .lifeCycle,
            of: reference,
            to: UInt32(LifeCycleState.selectable.locked.rawValue)
        )
        card.card.system.memory.commit()
        card.card.powerOn()
        try card.select()
        #expect(try card.rules() == TestRule.numbered(0).text)
        #expect(try card.send("8050000008010203040506070800") == "6985")
        #expect(try card.send("84E290000AF100000000000000000000") == "6985")
    }

    /// Instances have rules of their own, and take them with them.
    @Test func instances() throws {
        let card = try AccessRuleCard()
        let second = octets("A00000015141434C01")
        #expect(try card.store(0xF0, TestRule.numbered(0).text) == "9000")
        try card.select(AccessRuleCard.issuer)
        let free = card.card.system.memory.freePages
        let host = try card.openSession(0x00)
        let file = "08A00000015141434C 09A00000015141434C00 09A00000015141434C01 0100 02C900 00"
        let counters = card.card.system.memory.freePages - free
        #expect(try card.send(AccessRuleCard.install(file)) == "009000")
        _ = host
        try card.select(second)
        #expect(try card.rules() == "")
        #expect(try card.store(0xF0, TestRule.numbered(1).text) == "9000")
        try card.select()
        #expect(try card.rules() == TestRule.numbered(0).text)
        try card.select(AccessRuleCard.issuer)
        _ = try card.openSession(0x00)
        #expect(try card.send("80E400000B4F09A00000015141434C0100") == "009000")
        #expect(card.card.system.memory.freePages == free + counters)
        try card.select()
        #expect(try card.rules() == TestRule.numbered(0).text)
    }
}
