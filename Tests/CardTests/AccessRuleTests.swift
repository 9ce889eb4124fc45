import Card
import Testing

/// The formats of access rules: TS 102 221 clauses 9.2 and 13.4, ISO/IEC 7816-4 clause 9.3.3.
@Suite struct AccessRuleTests {
    private static let pin = "A406830101950108"
    private static let administrator = "A40683010A950108"

    /// Makes an EF with each of the rules, and tries to read and to update it as `response` says, with and without PIN 01.
    private func check(_ rules: [(rule: String, read: String, update: String)], isVerified: Bool) throws {
        let card = try TestCard()
        try card.answers([("ADM1", CardTests.verifyADM, "9000")])
        for (number, row) in rules.enumerated() {
            let create = Build.createEF(
                number < 10 ? "2F8\(number)" : "2F9\(number - 10)",
                size: "0001",
                rules: row.rule
            )
            try card.answers([("CREATE FILE", create, "9000")])
        }
        if isVerified { try card.answers([("PIN 01", CardTests.verify, "9000")]) }
        for (number, row) in rules.enumerated() {
            try card.answers([
                ("select", "00A4000C02" + (number < 10 ? "2F8\(number)" : "2F9\(number - 10)"), "9000"),
                (row.rule, "00B0000001", row.read == "9000" ? "FF9000" : row.read),
                (row.rule, "00D6000001FF", row.update),
            ])
        }
    }

    @Test func compactRules() throws {
        try check(
            [
                ("8C020100", "9000", "6982"), ("8C020200", "6982", "9000"), ("8C0303FF00", "9000", "6982"),
                ("8C03031000", "9000", "6982"), ("8C0303FFFF", "6982", "6982"), ("8C03039000", "9000", "6982"),
                // DELETE, then READ; secure messaging; external authentication or a PIN; both of them.
                ("8C0341FF00", "9000", "6982"), ("8C020140", "6982", "6982"), ("8C020130", "6982", "6982"),
                ("8C0201B0", "6982", "6982"),
                // Too few conditions; proprietary; empty.
                ("8C0103", "6982", "6982"), ("8C028100", "6982", "6982"), ("8C00", "6982", "6982"),
            ],
            isVerified: false
        )
        try check(
            [
                ("8C03031000", "9000", "9000"), ("8C03039000", "9000", "9000"), ("8C020130", "9000", "6982"),
                ("8C0201B0", "6982", "6982"), ("8C020150", "9000", "6982"), ("8C0201D0", "6982", "6982"),
            ],
            isVerified: true
        )
    }

    @Test func expandedRules() throws {
        let object = { (value: String) in Build.object("AB", value) }
        try check(
            [
                (object("8001039000"), "9000", "9000"), (object("8001019000"), "9000", "6982"),
                (object("8001019700"), "6982", "6982"), (object("8001839000"), "6982", "6982"),
                (object("800101" + Self.administrator), "9000", "6982"), (object("800101" + Self.pin), "6982", "6982"),
                // Two conditions are alternatives; a rule without condition allows nothing; FF ends the rules.
                (object("800101" + Self.pin + Self.administrator), "9000", "6982"),
                (object("8001018001029000"), "6982", "9000"), (object("8001019000FF8001029000"), "9000", "6982"),
                // A condition before any mode, an unknown one, a proprietary state machine, a cut off one.
                (object("9000800101B400"), "6982", "6982"), (object("8001039C0101" + "9000"), "6982", "6982"),
                (object("80010190"), "6982", "6982"), (object("8001019E0100"), "9000", "6982"),
            ],
            isVerified: false
        )
        try check(
            [
                (object("800101" + Self.pin), "9000", "6982"), (object("800101A700"), "6982", "6982"),
                (object("800101" + Build.object("A7", Self.pin)), "6982", "6982"),
                (object("800101" + Build.object("AF", Self.pin + Self.administrator)), "9000", "6982"),
                (object("800101" + Build.object("AF", Self.pin + "9700")), "6982", "6982"),
                (object("800101" + Build.object("A0", "9700" + Self.pin)), "9000", "6982"),
                (object("800101" + Build.object("A0", "9700")), "6982", "6982"),
                (object("8001019E0110"), "9000", "6982"),
                (object("800101A403830101"), "9000", "6982"), (object("800101A406830181830101"), "9000", "6982"),
            ],
            isVerified: true
        )
    }

    // The tag says which octets of the header follow: b4 class, b3 instruction, b2 P1, b1 P2; several combinations may.
    @Test func rulesForCommandHeaders() throws {
        let object = { (value: String) in Build.object("AB", value) }
        try check(
            [
                (object("8401B09000"), "9000", "6982"), (object("8402B0D69000"), "9000", "9000"),
                (object("8C0200B09000"), "9000", "6982"), (object("8C0280B09000"), "6982", "6982"),
                (object("880100" + "9000"), "9000", "9000"), (object("880180" + "9000"), "6982", "6982"),
                (object("8604B000D600" + "9000"), "9000", "9000"), (object("8702B000" + "9000"), "6982", "6982"),
                (object("8703B00000" + "9000"), "9000", "6982"), (object("8F0400D60000" + "9000"), "6982", "9000"),
                (object("8F0400D60001" + "9000"), "6982", "6982"), (object("8400" + "9000"), "6982", "6982"),
                (object("8201009000"), "9000", "9000"), (object("8101019000"), "6982", "6982"),
            ],
            isVerified: false
        )
    }

    @Test func theClassOfAHeaderIsThatOfEachChannel() throws {
        let card = try TestCard()
        try card.answers([
            ("ADM1", CardTests.verifyADM, "9000"), ("capability", "80AA000004A9028100", "9000"),
            ("for class 00", Build.createEF("2F80", size: "0001", rules: Build.object("AB", "8C0200B09000")), "9000"),
            ("for class 40", Build.createEF("2F81", size: "0001", rules: Build.object("AB", "8C0240B09000")), "9000"),
            (
                "for class 80",
                Build.createEF("2F82", "46210001", size: "0001", rules: Build.object("AB", "8C0280329000")), "9000"
            ),
            ("open", "0070000200", "9000"), ("open", "0070000500", "9000"),
        ])
        for (select, read) in [("00A4", "00B0"), ("02A4", "02B0"), ("41A4", "41B0")] {
            for file in ["2F80", "2F81"] {
                try card.answers([
                    ("select", select + "000C02" + file, "9000"), ("read", read + "000001", "FF9000"),
                ])
            }
        }
        for (select, increase) in [("00A4", "8032"), ("02A4", "8232"), ("41A4", "C132")] {
            try card.answers([
                ("select", select + "000C022F82", "9000"), ("increase", increase + "00000101", "9850"),
            ])
        }
    }

    // 8B: the EF.ARR lies in the DF of the file, or above it; without it, or its record, nothing is allowed.
    @Test func rulesThatAreReferredTo() throws {
        let card = try TestCard.verified()
        try card.answers([
            ("a DF", Build.createDF("7F20"), "9000"),
            ("EF.ARR", Build.createEF("6F06", "42210005", size: "000A"), "9000"),
            ("record 1: read always", "00DC0104058001019000", "9000"),
            ("record 2: never", "00DC0204058001019700", "9000"),
            ("record 1", Build.createEF("6F20", size: "0001", rules: "8B036F0601"), "9000"),
            ("read", "00B0000001", "FF9000"),
            ("record 2", Build.createEF("6F21", size: "0001", rules: "8B036F0602"), "9000"),
            ("read", "00B0000001", "6982"),
            ("record 3 of 2", Build.createEF("6F22", size: "0001", rules: "8B036F0603"), "9000"),
            ("read", "00B0000001", "6982"),
            ("record 0", Build.createEF("6F23", size: "0001", rules: "8B036F0600"), "9000"),
            ("read", "00B0000001", "6982"),
            ("in the MF", Build.createEF("6F24", size: "0001", rules: "8B032F0602"), "9000"),
            ("read", "00B0000001", "FF9000"),
            ("nowhere", Build.createEF("6F25", size: "0001", rules: "8B036F0701"), "9000"),
            ("read", "00B0000001", "6982"),
            ("SE 00 only", Build.createEF("6F26", size: "0001", rules: "8B046F060001"), "9000"),
            ("read", "00B0000001", "6982"),
            ("SE 01", Build.createEF("6F27", size: "0001", rules: "8B046F060101"), "9000"),
            ("read", "00B0000001", "FF9000"),
            ("no EF.ARR", Build.createEF("6F28", size: "0001", rules: "8B036F2001"), "9000"),
            ("read", "00B0000001", "6982"),
        ])
    }
}
