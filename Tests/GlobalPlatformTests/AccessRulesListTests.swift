import Card
import CardOS
import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// Lists of rules that are longer than a response APDU, or than the journal.
@Suite struct AccessRulesListTests {
    private static func text(_ numbers: some Sequence<Int>) -> String {
        numbers.map { TestRule.numbered($0).text }.joined()
    }

    private static func fill(_ card: AccessRuleCard, _ count: Int) throws {
        for number in 0..<count { #expect(try card.store(0xF0, TestRule.numbered(number).text) == "9000") }
    }

    /// GET DATA [next] with any Le: the blocks make up the whole, whose length is in the first one.
    @Test(arguments: [1, 2, 4, 7, 64, 255])
    func blocks(_ size: Int) throws {
        let card = try AccessRuleCard()
        try Self.fill(card, 8)
        let whole = "FF40820140" + Self.text((0..<8).reversed())
        var told = ""
        var command = "80CAFF40"
        while told.count < whole.count {
            let left = whole.count / 2 - told.count / 2
            if left < size {
                #expect(try card.send(command + hex([UInt8(size)])) == "6C" + hex([UInt8(left)]))
            }
            let response = try card.send(command + hex([UInt8(min(left, size))]))
            #expect(response.hasSuffix("9000") && response.count == 2 * min(left, size) + 4)
            told += response.dropLast(4)
            command = "80CAFF60"
        }
        #expect(told == whole)
        #expect(try card.send("80CAFF6000") == "6A88")
    }

    /// Under T=0 a block of 256 octets comes with Le = 00; with extended lengths all comes at once.
    @Test func lengths() throws {
        for transmissionProtocol in [Environment.TransmissionProtocol.t0, .t1, .both] {
            let card = try AccessRuleCard(transmissionProtocol)
            try Self.fill(card, 8)
            let whole = "FF40820140" + Self.text((0..<8).reversed())
            #expect(try card.send("80CAFF4000") == whole.prefix(512) + "9000")
            #expect(try card.send("80CAFF6000") == whole.dropFirst(512) + "9000")
            guard transmissionProtocol != .t0 else { continue }
            #expect(try card.send("80CAFF40000000") == whole + "9000")
            #expect(try card.send("80CAFF6000") == "6A88")
        }
        let card = try AccessRuleCard(.t0)
        try Self.fill(card, 1)
        let reference = TestRule.numbered(0).reference
        #expect(try card.send("80CAFF50" + hex([UInt8(reference.count / 2)]) + reference) == "6108")
        #expect(try card.send("00C0000008") == "FF5005E303D001019000")
        #expect(try card.send("80E2900002F400") == "612B")
        #expect(try card.send("00C000002B") == "FF4028" + TestRule.numbered(0).text + "9000")
    }

    /// The length has the shortest form, whatever it is.
    @Test(arguments: [
        (10, 119, "77"), (10, 127, "7F"), (10, 128, "8180"), (26, 247, "81F7"), (26, 255, "81FF"), (26, 256, "820100"),
    ])
    func lengthFields(_ filters: Int, _ length: Int, _ field: String) throws {
        let card = try AccessRuleCard()
        var rule = TestRule(device: "", commands: "")
        rule.commands = (0..<filters).map { hex([0x80, UInt8($0), 0, 0, 0xFF, 0xFF, 0, 0]) }.joined()
        let missing = length - octets(rule.text).count
        if missing > 2 { rule.package = String(repeating: "61", count: missing - 2) }
        try #require(octets(rule.text).count == length)
        let data = AccessRuleCard.tlv(0xF0, octets(rule.text))
        #expect(hex(card.transmit([0x80, 0xE2, 0x10, 0x00, 100] + data.prefix(100))) == "9000")
        #expect(hex(card.transmit([0x80, 0xE2, 0x90, 0x01, UInt8(data.count - 100)] + data.dropFirst(100))) == "9000")
        #expect(try card.send("80CAFF40000000") == "FF40" + field + rule.text + "9000")
    }

    /// The rules have changed between two blocks; a list belongs to a channel, and ends with the selection.
    @Test func changesBetweenBlocks() throws {
        let card = try AccessRuleCard()
        try Self.fill(card, 8)
        #expect(try card.send("0070000001") == "019000")
        #expect(try card.send("01A4040C09A00000015141434C00") == "9000")
        let whole = "FF40820140" + Self.text((0..<8).reversed())
        #expect(try card.send("80CAFF4020") == whole.prefix(64) + "9000")
        #expect(try card.send("81CAFF6000") == "6A88")
        #expect(try card.send("81CAFF4010") == whole.prefix(32) + "9000")
        #expect(try card.send("80CAFF6020") == whole.dropFirst(64).prefix(64) + "9000")
        #expect(try card.send("81CAFF6010") == whole.dropFirst(32).prefix(32) + "9000")
        // Another request is not a change, but a specific one is a list of its own.
        #expect(try card.send("80CADF2000").hasSuffix("9000"))
        #expect(try card.store(0xF1, "4F00") == "6A88")
        #expect(try card.send("80CAFF6010") == whole.dropFirst(128).prefix(32) + "9000")
        #expect(try card.store(0xF0, TestRule.numbered(8).text) == "9000")
        #expect(try card.send("81CAFF6010") == "6A84")
        #expect(try card.send("81CAFF6010") == "6A88")
        #expect(try card.send("80CAFF6010") == "6A84")
        #expect(try card.send("80CAFF4020").hasSuffix("9000"))
        try card.select()
        #expect(try card.send("80CAFF6010") == "6A88")
    }

    /// In a secure channel session, blocks leave room for their protection.
    @Test func protectedBlocks() throws {
        let card = try AccessRuleCard()
        try Self.fill(card, 8)
        let whole = octets("FF40820140" + Self.text((0..<8).reversed()))
        let host = try card.openSession()
        var told: [UInt8] = []
        for (command, count) in [("80CAFF40", 239), ("80CAFF60", 86)] {
            let response = card.transmit(host.wrap(octets(command)))
            #expect(response.count <= 258)
            let block = host.unwrap(response, to: octets(command)) ?? []
            #expect(block.count == count)
            told += block
        }
        #expect(told == whole)
    }

    /// As many rules as the memory holds, with the smallest journal: their object is moved as a whole where the journal
    /// could not keep it. All can be told and deleted, and nothing is lost.
    @Test func asManyAsTheMemoryHolds() throws {
        let card = try AccessRuleCard()
        let free = card.card.system.memory.freePages
        var count = 0
        while true {
            let response = try card.store(0xF0, TestRule.numbered(count).text)
            guard response == "9000" else {
                // Where what is free lies in pieces, the journal may be full before the memory is.
                #expect(response == "6A84" || response == "6581")
                break
            }
            count += 1
        }
        print("\(count) rules of 40 octets, of \(free) pages \(card.card.system.memory.freePages) are left")
        // While the object is moved there are two of it.
        #expect(count * 40 > free * 64 * 3 / 10)
        #expect(try card.rules() == Self.text((0..<count).reversed()))
        // One in the middle, the last one, the first one; one is changed.
        for number in [count / 2, 0, count - 1] {
            #expect(try card.store(0xF1, TestRule.numbered(number).reference) == "9000")
        }
        var left = (0..<count).filter { ![count / 2, 0, count - 1].contains($0) }
        #expect(try card.rules() == Self.text(left.reversed()))
        var changed = TestRule.numbered(left[0])
        changed.events = "01"
        #expect(try card.store(0xF0, changed.text) == "6381")
        #expect(try card.store(0xF0, TestRule.numbered(count).text) == "9000")
        left.removeFirst()
        #expect(try card.rules() == Self.text([count] + left.reversed()) + changed.text)
        card.card.powerOn()
        try card.select()
        #expect(try card.rules() == Self.text([count] + left.reversed()) + changed.text)
        #expect(try card.send(AccessRuleCard.deleteAll) == "9000")
        #expect(try card.rules() == "")
        #expect(card.card.system.memory.freePages == free)
    }

    /// Rules count for the quota of their instance.
    @Test func quota() throws {
        let card = try AccessRuleCard(parameters: "EF04C8020400C900")
        var count = 0
        var response = "9000"
        while response == "9000", count < 100 {
            response = try card.store(0xF0, TestRule.numbered(count).text)
            if response == "9000" { count += 1 }
        }
        #expect(response == "6A84" && (15...25).contains(count), "\(count) rules")
        #expect(try card.rules() == Self.text((0..<count).reversed()))
        #expect(try card.store(0xF1, TestRule.numbered(3).reference) == "9000")
        #expect(try card.store(0xF0, TestRule.numbered(count).text) == "9000")
    }
}
