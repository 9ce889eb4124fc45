import Octets
import Testing

/// Random octets through the readers of data objects: what is read is within bounds, and is read again when written.
@Suite struct TLVFuzzTests {
    @Test func whatIsReadIsWithinBounds() throws {
        var (read, refused) = (0, 0)
        try Setting.forEachSeed("data objects", 20_000) { seed in
            var random = SeededGenerator(seed: seed)
            let octets = Self.octets(&random)
            octets.withView { view in
                for isComprehension in [false, true] {
                    var cursor = OctetCursor(view)
                    while true {
                        let start = cursor.position
                        guard let value = Self.object(&cursor, isComprehension) else { break }
                        read += 1
                        let isWithin = value.count < cursor.position - start && cursor.position <= octets.count
                        if !isWithin { Issue.record("seed \(seed): \(Hex.string(octets))") }
                        let expected = octets[cursor.position - value.count..<cursor.position]
                        if !value.array.elementsEqual(expected) { Issue.record("seed \(seed): \(Hex.string(octets))") }
                    }
                    // A read that does not succeed moves nothing.
                    let place = cursor.position
                    _ = Self.object(&cursor, isComprehension)
                    if cursor.position != place { Issue.record("seed \(seed): \(Hex.string(octets))") }
                    if !cursor.isAtEnd { refused += 1 }
                }
                _ = OctetCursor(view).firstValue(UInt32(random.octet()))
            }
        }
        print("data objects: \(read) read, \(refused) lists with an end that is refused")
        #expect(read > refused)
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        try Setting.forEachSeed("written objects", 2_000) { seed in
            var random = SeededGenerator(seed: seed)
            let tag = random.pick([0x80, 0x5A, 0x9F70, 0x7F21, 0xBF1F, 0x9F8101] as [UInt32])
            let value = random.octets(random.below(random.chance(10) ? 70_000 : 300))
            let room = Block(size: value.count + 16)
            var writer = OctetWriter(room.octets)
            value.withView { value in writer.appendTLV(tag, value) }
            for rules in [BERTLV.Rules.basic, .distinguished] {
                var cursor = OctetCursor(writer.view)
                let object = cursor.berTLV(rules)
                let isSame = object?.tag == tag && object?.value.array == value && cursor.isAtEnd
                if writer.overflowed || !isSame { Issue.record("seed \(seed)") }
            }
            withExtendedLifetime(room) {}
        }
    }

    private static func object(_ cursor: inout OctetCursor, _ isComprehension: Bool) -> OctetView? {
        isComprehension ? cursor.comprehensionTLV()?.value : cursor.berTLV()?.value
    }

    /// Data objects in a row, with a fault in half of the cases.
    private static func octets(_ random: inout SeededGenerator) -> [UInt8] {
        guard !random.chance(6) else { return random.octets(random.below(40)) }
        var octets: [UInt8] = []
        for _ in 0..<random.below(6) {
            let value = random.octets(random.below(random.chance(8) ? 300 : 12))
            octets += random.pick([
                [0x80], [0x9F, 0x70], [0x7F, 0x21], [0xBF, 0x81, 0x01], [0x01], [0xFF, 0x12, 0x34],
            ])
            switch value.count {
            case ..<128: octets += random.chance(4) ? [0x81, UInt8(value.count)] : [UInt8(value.count)]
            default: octets += [0x82, UInt8(value.count >> 8), UInt8(value.count & 0xFF)]
            }
            octets += value
        }
        if random.chance(2), !octets.isEmpty {
            octets[random.below(octets.count)] = random.pick([0x00, 0x1F, 0x7F, 0x80, 0x84, 0xFF, random.octet()])
        }
        if random.chance(4) { octets.removeLast(random.below(octets.count + 1)) }
        return octets
    }
}
