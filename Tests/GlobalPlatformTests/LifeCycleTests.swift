import Card
import Octets
import Testing

@testable import GlobalPlatform

/// SET STATUS and GET STATUS: GPCS clauses 5, 9.6, 11.4 and 11.10.
@Suite struct LifeCycleTests {
    private static let first = "A00000015153504201"
    private static let below = "A00000015153504202"

    private static func setStatus(_ p1p2: String, _ aid: String) -> String {
        "80F0" + p1p2 + hex([UInt8(aid.count / 2)]) + aid
    }

    private static func card() throws -> FactoryCard {
        let card = try FactoryCard()
        try card.authenticate()
        return card
    }

    @Test func theCard() throws {
        let card = try Self.card()
        try card.answers([
            // It is SECURED: not again, not back, no state that there is not.
            ("80F0800F00", "6985"), ("80F0800700", "6985"), ("80F0800100", "6985"), ("80F0800300", "6A86"),
            ("80F0807F00", "9000"),
            // CARD_LOCKED: Card Content and data stay, the registry can be read.
            ("80CA004200", "420540123456789000"),
            ("80F28002024F0000", "E3134F08A0000001510000009F70017FC5039EFE809000"),
            (FactoryCard.command("80E29000", "4501AA"), "6985"), (FactoryCard.installation(Self.first), "6985"),
            (FactoryCard.command("80E40000", "4F07" + FactoryCard.loadFile), "6985"),
            ("80D80081033001AA00", "6985"), ("80E80000010000", "6985"), ("0070000001", "6A81"),
            ("80F0807F00", "6985"), ("80F0800700", "6985"), ("80F0800F00", "9000"), ("0070000001", "019000"),
        ])
    }

    @Test func aLockedCardSelectsTheFinalApplication() throws {
        let card = try Self.card()
        try card.answers([
            (FactoryCard.installation(Self.first), "009000"), ("80F0807F00", "9000"),
            (FactoryCard.selection(Self.first), "6A82"),
        ])
        let answer = try card.send(FactoryCard.selection(FactoryCard.issuer))
        #expect(answer == "6283" || answer.hasPrefix("6F") && answer.hasSuffix("6283"))
        card.card.powerOn()
        try card.answers([("80CA004200", "420540123456789000")])
    }

    @Test func aTerminatedCard() throws {
        let card = try Self.card()
        try card.answers([
            ("80F080FF00", "9000"), ("80CA004200", "420540123456789000"), ("00CA004200", "40123456789000"),
            ("80F0800F00", "6985"), ("80F080FF00", "6985"), ("80F28002024F0000", "6985"),
            (FactoryCard.selection(FactoryCard.issuer), "6985"), ("00A40004023F00", "6985"), ("0070000001", "6985"),
            ("8050000008010203040506070800", "6985"), ("80E29000034501AA", "6985"), ("80F2000000", "6985"),
        ])
        card.card.powerOn()
        try card.answers([("80CA004200", "420540123456789000"), ("80F0800F00", "6985"), ("00A40004023F00", "6985")])
    }

    @Test func parameters() throws {
        let card = try Self.card()
        try card.answers([
            (Self.setStatus("2080", Self.first), "6A86"), (Self.setStatus("4180", Self.first), "6A86"),
            (Self.setStatus("4080", Self.first), "6A88"), (Self.setStatus("6080", Self.first), "6A88"),
            (Self.setStatus("4080", "A0000001"), "6A80"), ("80F0408000", "6A80"),
            (Self.setStatus("4080", FactoryCard.loadFile), "6A88"),
            (Self.setStatus("4080", FactoryCard.issuer), "6985"), (Self.setStatus("6080", FactoryCard.issuer), "6985"),
        ])
        card.card.powerOn()
        try card.answers([("80F0807F00", "6982"), (Self.setStatus("4080", Self.first), "6982")])
    }

    @Test func lockedApplications() throws {
        let card = try Self.card()
        let install = FactoryCard.installation(Self.first)
        let unselectable = "80E604" + install.dropFirst(6)
        for (installation, state, locked) in [(unselectable, "03", "83"), (install, "07", "87")] {
            try card.answers([(installation, "009000")])
            #expect(try card.state(of: Self.first) == state)
            try card.answers([
                // Another application is locked and unlocked, nothing else; not twice.
                (Self.setStatus("4000", Self.first), "6985"), (Self.setStatus("400F", Self.first), "6985"),
                (Self.setStatus("4080", Self.first), "9000"), (Self.setStatus("4083", Self.first), "6985"),
            ])
            #expect(try card.state(of: Self.first) == locked)
            _ = try card.send("0070000001")
            try card.answers([
                ("01A4040009" + Self.first, "6A82"), ("0070800100", "9000"),
                (Self.setStatus("407F", Self.first), "9000"), (Self.setStatus("4000", Self.first), "6985"),
            ])
            #expect(try card.state(of: Self.first) == state)
            try card.answers([(FactoryCard.command("80E40000", "4F09" + Self.first), "009000")])
        }
    }

    @Test func itsOwnState() throws {
        let card = try Self.card()
        try card.answers([(FactoryCard.installation(Self.first), "009000"), ("0070000001", "019000")])
        _ = try card.send("01" + FactoryCard.selection(Self.first).dropFirst(2))
        try card.authenticate(on: 1)
        func own(_ state: String) -> String { "81F040" + state + "09" + Self.first }
        try card.answers([
            (own("07"), "6985"), (own("03"), "6985"), (own("1F"), "6985"), (own("0F"), "9000"), (own("0F"), "6985"),
            (own("07"), "6985"),
            // It has neither Card Lock nor Card Terminate, and others are not its own.
            ("81F0807F00", "6985"), ("81F080FF00", "6985"), ("81F0800F00", "6985"),
            ("81F0408008" + FactoryCard.issuer, "6A88"),
            // It locks itself, and cannot unlock itself: it answers nothing any more.
            (own("8F"), "9000"), (own("0F"), "6985"), ("81CA00D300", "6985"),
            (Self.setStatus("4000", Self.first), "9000"),
        ])
        #expect(try card.state(of: Self.first) == "0F")
        // Its session is over.
        try card.answers([("81CA00D300", "D301009000"), (own("8F"), "6982")])
    }

    @Test func aSecurityDomainWithItsApplications() throws {
        let card = try Self.card()
        try card.answers([
            (FactoryCard.installation(Self.first, privileges: "80C000"), "009000"), ("0070000001", "019000"),
        ])
        _ = try card.send("01" + FactoryCard.selection(Self.first).dropFirst(2))
        try card.authenticate(on: 1)
        try card.answers([
            ("81F0400F09" + Self.first, "9000"),
            ("81" + FactoryCard.installation(Self.below).dropFirst(2), "009000"),
        ])
        try card.answers([(Self.setStatus("4080", Self.below), "9000"), (Self.setStatus("6080", Self.first), "9000")])
        #expect(try card.state(of: Self.first) == "8F")
        #expect(try card.state(of: Self.below) == "87")
        // The session on the other channel is over; all are locked already, which is no error.
        try card.answers([
            ("81F28002024F0000", "6985"), (Self.setStatus("6080", Self.first), "9000"),
            (Self.setStatus("6000", Self.first), "9000"), (Self.setStatus("6000", Self.first), "9000"),
        ])
        #expect(try card.state(of: Self.first) == "0F")
        #expect(try card.state(of: Self.below) == "07")
        // The Final Application privilege protects.
        try card.answers([
            (FactoryCard.installation("A00000015153504203", privileges: "800200"), "009000"),
            (Self.setStatus("4080", "A00000015153504203"), "6985"),
        ])
    }

    @Test func getStatus() throws {
        let card = try Self.card()
        let all = "024F0000"
        try card.answers([
            ("80F28002" + all, "E3134F08A0000001510000009F70010FC5039EFE809000"), ("80F24002" + all, "6A88"),
            (
                "80F21002094F07A000000151535000",
                "E3254F07A00000015153509F700101CE0201008408A000000151535041CC08A0000001510000009000"
            ),
            ("80F22002094F07A000000151535000", "E31B4F07A00000015153509F700101CE020100CC08A0000001510000009000"),
            (FactoryCard.installation(FactoryCard.module, privileges: "80C000"), "009000"),
            (
                "80F24002" + all,
                "E3264F08A0000001515350419F700107C50380C000C407A0000001515350CC08A0000001510000009000"
            ),
            // The subset, the format, the next of none; the criterion.
            ("80F28000" + all, "6A86"), ("80F2C002" + all, "6A86"), ("80F24006" + all, "6A86"),
            ("80F24003" + all, "6985"), ("80F28003" + all, "6A86"), ("80F2400200", "6A80"),
            ("80F24002025C0000", "6A80"), ("80F24002034F000100", "6A80"), ("80F24002034F02A000", "6A80"),
            ("80F24002074F05A00000000200", "6A88"),
            (
                "80F24002074F05A00000015100",
                "E3264F08A0000001515350419F700107C50380C000C407A0000001515350CC08A0000001510000009000"
            ),
            // The tag list.
            ("80F28002074F005C034F9F7000", "E30E4F08A0000001510000009F70010F9000"),
            ("80F28002054F005C01C400", "E309C407A00000015153509000"),
        ])
    }

    // Parts of at most 256 octets, in the order of the AIDs, each once.
    @Test(arguments: [Environment.TransmissionProtocol.t0, .t1]) func aThousandApplications(
        _ transmissionProtocol: Environment.TransmissionProtocol
    ) throws {
        let card = try FactoryCard(size: 1_048_576, transmissionProtocol)
        // In the registry itself: there are fewer owners than that.
        let found = card.card.open.registry.issuer
        let issuer = try #require(found)
        var expected: [String] = []
        for number in 0..<1_000 {
            // 389 and 1,000 have no common divisor: each number once, in another order.
            let value = number * 389 % 1_000
            let aid: [UInt8] = [0xA0, 0x00, 0x00, 0x05, 0x59, UInt8(value >> 8), UInt8(value & 0xFF)]
            let entry = RegistryEntryContent(
                kind: .application,
                lifeCycle: .selectable,
                program: .networkAccess,
                securityDomain: issuer,
                owner: .card
            )
            _ = try aid.withView { (aid) throws(StatusWord) in
                try card.card.system.memory.createEntry(entry, aid: aid, attributes: .empty)
            }
            card.card.system.memory.commit()
            expected.append(hex(aid))
        }
        card.card.powerOn()
        try card.authenticate()
        var listed: [String] = []
        var parts = 0
        var next = "80F24002024F0000"
        while true {
            let answer = try card.send(next)
            parts += 1
            #expect(answer.count <= 516)
            let entries = answer.dropLast(4).split(separator: "4F07").dropFirst().map { String($0.prefix(14)) }
            listed += entries
            if answer.hasSuffix("9000") { break }
            try #require(answer.hasSuffix("6310") && !entries.isEmpty)
            next = "80F24003024F0000"
        }
        #expect(parts > 100)
        #expect(listed == expected.sorted())
        try card.answers([("80F24003024F0000", "6985")])
        let list = try card.send("80CA2F00025C0000")
        #expect(list.count == 2 * (1_000 * 11 + 12) + 4)
    }
}
