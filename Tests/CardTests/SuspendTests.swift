import Card
import Memory
import Octets
import Testing

/// SUSPEND UICC: TS 102 221 clause 11.1.22, docs/memory-image.md sections 7.4 and 8.
@Suite struct SuspendTests {
    /// Suspends, and returns the resume token.
    private func suspend(_ card: TestCard) throws -> String {
        try card.answers([("suspend: 1 minute to 1 day", "807600000401010301", "610A")])
        let response = try card.send("80C000000A")
        #expect(response.hasPrefix("0301") && response.hasSuffix("9000") && response.count == 24)
        return String(response.dropFirst(4).prefix(16))
    }

    private func resume(_ token: String) -> String { Build.command("80760100", token) }

    /// PIN 01 verified, ICCID current on channel 0, record 2 of 2F11 and the application on channel 5.
    private func prepare(_ card: TestCard) throws {
        try card.answers([
            ("capability", "80AA000004A9028100", "9000"), ("PIN 01", CardTests.verify, "9000"),
            ("ICCID", "00A4000C022FE2", "9000"), ("open", "0070000500", "9000"),
            ("application", "41A4040C0C" + ChannelTests.application, "9000"), ("by path", "41A4080C022F11", "9000"),
            ("record 1", "41B2000205", "01020304059000"), ("record 2", "41B2000205", "02030405069000"),
        ])
    }

    private func isAsPrepared(_ card: TestCard) throws {
        try card.answers([
            ("ICCID", "00B0000002", "98009000"), ("record 2", "41B2000405", "02030405069000"),
            ("application", "C1F2000100", "840C" + ChannelTests.application + "9000"),
            ("PIN 01", "00B0850001", "FF9000"), ("extended channels", "0070000600", "9000"),
        ])
    }

    private func isAsAfterPowerOn(_ card: TestCard) throws {
        try card.answers([
            ("no EF", "00B0000002", "6986"), ("closed", "41B2000405", "6881"), ("PIN 01", "00B0850001", "6982"),
            ("extended channels", "0070000600", "6A81"),
        ])
    }

    @Test func conditionsAreAnswered() throws {
        let card = try TestCard()
        try card.answers([
            ("class", "007600000401010301", "6E00"), ("another channel", "0070000001", "019000"),
            ("another channel", "817600000401010301", "6E00"), ("P1", "807602000401010301", "6A86"),
            ("P2", "807600010401010301", "6A86"), ("length", "8076000003010103", "6700"),
            ("length", "80760000", "6700"),
            ("unit of the minimum", "807600000405010301", "6A80"),
            ("unit of the maximum", "807600000401010501", "6A80"),
            ("minimum above the maximum", "807600000403010201", "6A80"),
            ("minimum above 30 days", "80760000040404041F", "9864"),
            ("length of a token", "8076010007 01020304050607", "6700"),
            ("nothing is suspended", resume("0102030405060708"), "6985"),
            ("at most 30 days", "8076000004000004FF", "610A"),
        ])
        #expect(try card.send("80C000000A").hasPrefix("031E"))
    }

    @Test func theSessionIsRestoredOnce() throws {
        for transmissionProtocol in Environment.TransmissionProtocol.allCases {
            let card = try TestCard(transmissionProtocol)
            try prepare(card)
            let token = try suspend(card)
            card.card.powerOff()
            card.card.powerOn()
            try card.answers([("resume", resume(token), "9000")])
            try isAsPrepared(card)
            card.card.powerOn()
            try card.answers([("once", resume(token), "6985")])
            try isAsAfterPowerOn(card)
        }
    }

    @Test func afterTheResumptionTheImageIsAsBefore() throws {
        let card = try TestCard()
        try prepare(card)
        let before = card.octets
        let token = try suspend(card)
        #expect(card.octets != before)
        card.card.powerOn()
        try card.answers([("resume", resume(token), "9000")])
        #expect(card.octets == before)
    }

    @Test func aWrongTokenIsTakenOnce() throws {
        let card = try TestCard()
        let before = card.octets
        try prepare(card)
        let token = try suspend(card)
        card.card.powerOn()
        try card.answers([
            ("wrong", resume("0000000000000000"), "6982"), ("right, but too late", resume(token), "6985"),
        ])
        try isAsAfterPowerOn(card)
        #expect(card.octets == before)
    }

    @Test func anotherCommandEndsTheSuspension() throws {
        let card = try TestCard()
        try prepare(card)
        let token = try suspend(card)
        card.card.powerOn()
        try card.answers([("SELECT", "00A4000C023F00", "9000"), ("too late", resume(token), "6985")])
        try isAsAfterPowerOn(card)
        // So does one before the power-off: the session has moved on.
        let second = try suspend(card)
        #expect(second != token)
        try card.answers([("SELECT", "00A4000C023F00", "9000")])
        card.card.powerOn()
        try card.answers([("too late", resume(second), "6985")])
    }

    @Test func aSessionThatDoesNotFitTheFilesIsTakenToo() throws {
        let card = try TestCard()
        try prepare(card)
        let token = try suspend(card)
        guard let session = card.card.system.memory.firstObject(of: .suspendedSession) else {
            Issue.record("no session")
            return
        }
        // The current DF of the first channel: docs/memory-image.md section 8.
        try ([0xFF, 0xFF, 0xFF, 0xFE] as [UInt8]).withView { (octets) throws(StatusWord) in
            try card.card.system.memory.write(session, at: 8 + 1 + 4, octets)
        }
        card.card.system.memory.commit()
        card.card.powerOn()
        try card.answers([("no such DF", resume(token), "6985")])
        let isKept = card.card.system.memory.firstObject(of: .suspendedSession) != nil
        #expect(!isKept)
        try card.answers([("nothing is suspended", resume(token), "6985")])
        try isAsAfterPowerOn(card)
    }

    @Test func aSecondSuspensionReplacesTheFirst() throws {
        let card = try TestCard()
        let first = try suspend(card)
        let second = try suspend(card)
        card.card.powerOn()
        try card.answers([("the first token", resume(first), "6982")])
        let third = try suspend(card)
        #expect(Set([first, second, third]).count == 3)
        card.card.powerOn()
        try card.answers([("the last token", resume(third), "9000")])
    }

    /// Sends a command while the power fails in one of its program operations after the other, each time on a card of
    /// its own, and looks at the card after the next power-on.
    private func tear(
        _ prepare: (TestCard) throws -> String,
        _ check: (_ card: TestCard, _ isDone: Bool) throws -> Void
    ) throws {
        var isDone = false
        var operation: UInt64 = 0
        while !isDone {
            let card = try TestCard()
            let command = try prepare(card)
            card.card.system.memory.schedule(PowerFailure(completeOperations: operation, tear: .before))
            isDone = try !card.send(command).isEmpty
            card.card.powerOn()
            try check(card, isDone)
            operation += 1
        }
        #expect(operation > 3)
    }

    @Test func aPowerFailureInTheSuspensionSuspendsOrNot() throws {
        try tear { card in
            try prepare(card)
            return "807600000401010301"
        } _: { card, isDone in
            // A token that never arrived resumes nothing, whatever was kept.
            let response = try card.send("8076010008 0000000000000000")
            #expect(response == "6982" || (response == "6985" && !isDone))
            try isAsAfterPowerOn(card)
        }
    }

    @Test func aPowerFailureInTheResumptionTakesTheTokenOrNot() throws {
        var token = ""
        try tear { card in
            try prepare(card)
            token = try suspend(card)
            card.card.powerOn()
            return resume(token)
        } _: { card, isDone in
            if try card.send(resume(token)) == "9000" {
                #expect(!isDone)
                try isAsPrepared(card)
            } else {
                try isAsAfterPowerOn(card)
            }
        }
    }
}
