import Card
import CardCrypto
import GlobalPlatform
import Memory
import Octets
import Testing

/// The power fails in every program operation of STORE DATA to an access rule application: the rules, and their refresh
/// tag, are then those from before the command or those after it.
@Suite struct AccessRuleTearingTests {
    /// A rule for an application with a number.
    private static func rule(_ number: Int, _ permissions: [UInt8] = [0xE3, 0x03, 0xD0, 0x01, 0x01]) -> [UInt8] {
        let aid = [0x4F, 0x07, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, UInt8(number >> 8), UInt8(number & 0xFF)]
        let reference = aid + [0xC1, 0x14] + [UInt8](repeating: 0xC5, count: 20)
        let parts = [0xE1, UInt8(reference.count)] + reference + permissions
        return [0xE2, UInt8(parts.count)] + parts
    }

    private static func store(_ tag: UInt8, _ value: [UInt8]) -> [UInt8] {
        [0x80, 0xE2, 0x90, 0x00, UInt8(value.count + 2), tag, UInt8(value.count)] + value
    }

    private static let select: [UInt8] = [
        0x00, 0xA4, 0x04, 0x0C, 0x09, 0xA0, 0x00, 0x00, 0x01, 0x51, 0x41, 0x43, 0x4C, 0x00,
    ]

    private static func card() throws -> FaultCard {
        let card = try FaultCard(Fixture.empty(size: 65_536), .t1)
        try card.card.manufacture(FactoryConfiguration())
        try #require(card.send(select) == [0x90, 0x00])
        return card
    }

    /// With few rules the object is changed in its place.
    @Test func everyProgramOperationIsTorn() throws {
        let more: [UInt8] = [0xE3, 0x0D, 0xD1, 0x01, 0x01, 0xDB, 0x08, 0, 0, 0, 0, 0, 0, 0, 0x01]
        let flow: [([UInt8], UInt16)] = [
            (Self.store(0xF0, Self.rule(0)), 0x9000), (Self.store(0xF0, Self.rule(1)), 0x9000),
            (Self.store(0xF0, Self.rule(2)), 0x9000), (Self.store(0xF0, Self.rule(3)), 0x9000),
            (Self.store(0xF0, Self.rule(1, more)), 0x6381), (Self.store(0xF2, []), 0x9000),
            (Self.store(0xF1, Self.rule(1, [0xE3, 0x02, 0xDB, 0x00])), 0x9000),
            ([0x80, 0xE2, 0x90, 0x00, 0x01, 0xA1], 0x9000),
        ]
        try cut(flow, in: Self.card(), "few rules")
        try cut(
            [
                (Self.store(0xF0, Self.rule(0)), 0x9000), (Self.store(0xF0, Self.rule(1)), 0x9000),
                (Self.store(0xF1, Self.rule(0)), 0x9000), (Self.store(0xF1, []), 0x9000),
            ],
            in: Self.card(),
            "deletion"
        )
    }

    /// With more of them than the journal holds it is another object.
    @Test func everyProgramOperationIsTornWhereTheObjectMoves() throws {
        let card = try Self.card()
        for number in 0..<70 { #expect(card.send(Self.store(0xF0, Self.rule(number))) == [0x90, 0x00]) }
        let flow: [([UInt8], UInt16)] = [
            (Self.store(0xF0, Self.rule(70)), 0x9000), (Self.store(0xF1, Self.rule(35)), 0x9000),
            (Self.store(0xF1, Self.rule(0)), 0x9000), (Self.store(0xF1, []), 0x9000),
        ]
        try cut(flow, in: card, "many rules")
    }

    private func cut(_ flow: [([UInt8], UInt16)], in card: FaultCard, _ name: String) throws {
        let seed: UInt64 = 0xA2A
        var cuts = try PowerCuts(size: card.image.octets.count, seed: seed, .chosen)
        let before = Block(card.image)
        for (number, (command, expected)) in flow.enumerated() {
            let what = "\(name), command \(number)"
            before.copy(card.image)
            let log = OperationLog(of: card.image)
            card.card.system.memory.observeOperations { log.note($0) }
            let response = card.send(command)
            card.card.system.memory.observeOperations(nil)
            log.finish()
            try #require(
                response == [UInt8(expected >> 8), UInt8(expected & 0xFF)],
                "\(what): \(Hex.string(response))"
            )
            #expect(!log.operations.isEmpty, "\(what)")
            let found = defects(of: card.image)
            #expect(found == [], "\(what)")
            let seen = cuts.everywhere(in: log.operations, states: [before, Block(card.image)], what)
            #expect(seen == [0, 1], "\(what): a state that no power failure leaves")
        }
        print("\(name): seed \(seed), \(cuts.counts.text)")
    }
}
