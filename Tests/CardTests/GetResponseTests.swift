import Card
import Testing

/// How response data reach the terminal with T=0: TS 102 221 clauses 7.3.1.1 and 12.1.1, annexes C.1.7 and L.
@Suite struct GetResponseTests {
    /// An EF that everybody may do everything with but INCREASE and RESIZE FILE.
    private static let create = "00E000001A62188202412183022F508A0105AB0580017F9000800200048800"
    private static let template = "62188202412183022F508A01%AB0580017F9000800200048800"

    private func template(_ lifeCycleStatus: String) -> String {
        Self.template.replacing("%", with: lifeCycleStatus)
    }

    private func expect(_ card: TestCard, _ exchanges: [(String, String)]) throws {
        for (command, expected) in exchanges {
            let response = try card.send(command)
            #expect(response == expected, "\(command)")
        }
    }

    @Test func aWarningComesBeforeTheData() throws {
        try expect(
            TestCard(),
            [
                (CardTests.verifyADM, "9000"), (Self.create, "9000"), ("00A40004022F50", "611A"),
                ("00C000001A", template("05") + "9000"), ("00040000", "9000"),
                // pySim does not take "6283 with data" for the end: it sends another GET RESPONSE.
                ("00A40004022F50", "6283"), ("00C0000000", template("04") + "9000"), ("00C0000000", "6985"),
                ("00A40004022F5000", "6283"), ("00C000001B", "6C1A"),
                ("00C0000010", "62188202412183022F508A0104AB0580610A"), ("00C000000A", "017F90008002000488009000"),
                ("00A4000C022F50", "6283"), ("00C0000000", "6985"),
                ("00E80000022F50", "9000"), ("00A40004022F50", "6285"), ("00C0000000", template("0C") + "9000"),
            ]
        )
    }

    @Test(arguments: [Environment.TransmissionProtocol.t1, .both])
    func aWarningComesWithTheDataWhereTheyComeAtOnce(transmissionProtocol: Environment.TransmissionProtocol) throws {
        try expect(
            TestCard(transmissionProtocol),
            [
                (CardTests.verifyADM, "9000"), (Self.create, "9000"), ("00040000", "9000"),
                ("00A40004022F5000", template("04") + "6283"), ("00A40004022F50", "6283"),
                ("00C0000000", template("04") + "9000"),
            ]
        )
    }

    @Test func blocksOfADataObjectAreAnnounced() throws {
        let value = String(repeating: "A5", count: 300)
        try expect(
            TestCard(),
            [
                (CardTests.verify, "9000"), ("00A4000C022F12", "9000"),
                ("80DB0080FF8082012C" + value.prefix(502), "63F1"), ("80DB000031" + value.suffix(98), "9000"),
                ("80CB00800180", "62F3"), ("00C0000000", "8082012C" + value.prefix(502) + "62F1"),
                ("80CB000000", value.suffix(98) + "9000"), ("80CB000000", "6985"),
            ]
        )
    }

    @Test func anotherCommandLosesTheData() throws {
        try expect(
            TestCard(),
            [
                ("00C0000000", "6985"), ("0070000001", "019000"),
                ("00A40004022FE2", "6119"), ("01A4000C022FE2", "9000"), ("00C0000019", "6985"),
                ("00A40004022FE2", "6119"), ("01C0000019", "6985"), ("00C0000019", "6985"),
                ("00A40004022FE2", "6119"), ("02A4000C022FE2", "6881"), ("00C0000019", "6985"),
                ("01A40004022FE2", "6119"), ("01C0000005", "62178202416114"),
                ("81C0000014", "2183022FE28A01058B032F06028002000A8801109000"),
            ]
        )
    }
}
