import Card
import Foundation
import Testing

/// PINs: TS 102 221 clauses 9.5 and 11.1.9 to 11.1.13. PIN 01 is 0000, the universal PIN 11 is 77777777.
@Suite struct PINTests {
    static let universal = "0020001108 3737373737373737"
    static let replace = "0026910108 30303030FFFFFFFF"
    static let wrong = "0020000108 3939393939393939"

    @Test func conditionsAreAnswered() throws {
        try TestCard().answers([
            ("P1", "0020010108 30303030FFFFFFFF", "6A86"), ("P1", "0024010100", "6A86"), ("P1", "0028010100", "6A86"),
            ("P1", "002C010100", "6A86"), ("P1 of DISABLE without b8", "0026010108 30303030FFFFFFFF", "6A86"),
            ("RFU bits", "0026D10108 30303030FFFFFFFF", "6A86"),
            ("no such PIN", "0020000500", "6A88"),
            ("no such PIN", "002400051030303030FFFFFFFF30303030FFFFFFFF", "6A88"),
            ("no such PIN", "0026000508 30303030FFFFFFFF", "6A88"),
            ("no such PIN", "0028000508 30303030FFFFFFFF", "6A88"),
            ("no such PIN", "002C0005103131313131313131 30303030FFFFFFFF", "6A88"),
            ("no such PIN to replace it", "0026920108 30303030FFFFFFFF", "6A88"),
            ("by itself", "0026810108 30303030FFFFFFFF", "6A88"),
            ("length", "0020000104 30303030", "6700"), ("length", "0024000108 30303030FFFFFFFF", "6700"),
            ("length", "00260001", "6700"), ("length", "0028000104 30303030", "6700"),
            ("length", "002C000108 3131313131313131", "6700"), ("class", "8020000100", "6E00"),
            ("tries", "0020000100", "63C3"), ("tries", "00200001", "63C3"), ("tries of the PUK", "002C000100", "63CA"),
            ("enabled already", "0028000108 30303030FFFFFFFF", "6984"), ("ADM1 has no PUK", "002C000A00", "6A88"),
            ("ADM1 cannot be disabled", "0026000A08 3535353535353535", "6985"),
            ("wrong", Self.wrong, "63C2"), ("wrong old PIN", "0024000110 3939393939393939 30303030FFFFFFFF", "63C1"),
            ("wrong", "0026000108 3939393939393939", "63C0"), ("no try is left", CardTests.verify, "6983"),
            ("blocked", "0026000108 30303030FFFFFFFF", "6983"),
            ("blocked", "0024000110 30303030FFFFFFFF 39393939FFFFFFFF", "6983"), ("tries", "0020000100", "63C0"),
            ("wrong PUK", "002C000110 3232323232323232 39393939FFFFFFFF", "63C9"),
            ("right PUK", "002C000110 3131313131313131 39393939FFFFFFFF", "9000"), ("tries", "0020000100", "63C3"),
            ("tries of the PUK", "002C000100", "63CA"), ("verified", "00B0850001", "FF9000"),
        ])
    }

    @Test func aBlockedPUKStaysBlocked() throws {
        let card = try TestCard()
        for left in (0..<10).reversed() {
            try card.answers([
                ("wrong PUK", "002C000110 3232323232323232 39393939FFFFFFFF", "63C\(left)")
            ])
        }
        try card.answers([
            ("blocked", "002C000110 3131313131313131 39393939FFFFFFFF", "6983"), ("tries", "002C000100", "63C0"),
            ("the PIN is as before", CardTests.verify, "9000"),
        ])
        card.card.powerOn()
        try card.answers([("blocked", "002C000110 3131313131313131 39393939FFFFFFFF", "6983")])
    }

    @Test func aWrongPresentationTakesTheRightAway() throws {
        try TestCard().answers([
            ("right", CardTests.verify, "9000"), ("read", "00B0850001", "FF9000"), ("wrong", Self.wrong, "63C2"),
            ("not any more", "00B0000001", "6982"), ("right", CardTests.verify, "9000"),
            ("tries", "0020000100", "63C3"),
        ])
    }

    @Test func aDisabledPINIsNeverAskedFor() throws {
        let card = try TestCard()
        try card.answers([
            ("disable", "0026000108 30303030FFFFFFFF", "9000"),
            ("disabled already", "0026000108 30303030FFFFFFFF", "6984"),
            ("verify", CardTests.verify, "6984"), ("tries", "0020000100", "63C3"),
            ("change", "0024000110 30303030FFFFFFFF 39393939FFFFFFFF", "6984"),
        ])
        card.card.powerOn()
        try card.answers([
            ("read", "00B0850001", "FF9000"), ("enable, wrong", "0028000108 3939393939393939", "63C2"),
            ("enable", "0028000108 30303030FFFFFFFF", "9000"), ("verified by it", "00B0850001", "FF9000"),
        ])
        card.card.powerOn()
        try card.answers([("enabled", "00B0850001", "6982"), ("tries", "0020000100", "63C3")])
        try card.answers([
            ("disable", "0026000108 30303030FFFFFFFF", "9000"),
            ("UNBLOCK enables", "002C000110 3131313131313131 30303030FFFFFFFF", "9000"),
            ("enabled", "0028000108 30303030FFFFFFFF", "6984"),
        ])
    }

    // TS 102 221 clause 9.5.1: while it is replaced, a PIN's conditions are those of the universal PIN.
    @Test func theUniversalPINReplacesAnApplicationPIN() throws {
        let card = try TestCard()
        let status = { () throws -> String in
            let length = try card.send("80F20000FF").suffix(2)
            let template = try card.send("80F20000" + length)
            return String(template[try #require(template.range(of: "C6", options: .backwards)).lowerBound...])
        }
        #expect(try status() == "C60F" + "9001E0" + "830101" + "950100" + "830111" + "83010A" + "9000")
        try card.answers([
            ("wrong", "0026910108 3939393939393939", "63C2"), ("verify", CardTests.verify, "9000"),
            ("replace", Self.replace, "9000"), ("PIN 01 does not count", "00B0850001", "6982"),
            ("it is disabled", CardTests.verify, "6984"), ("wrong", "0020001108 3030303030303030", "63C2"),
            ("still not", "00B0850001", "6982"), ("the universal PIN", Self.universal, "9000"),
            ("it does", "00B0850001", "FF9000"), ("tries", "0020001100", "63C3"),
        ])
        #expect(try status() == "C60F" + "900160" + "830101" + "950108" + "830111" + "83010A" + "9000")
        card.card.powerOn()
        try card.answers([
            ("not verified", "00B0850001", "6982"), ("the universal PIN", Self.universal, "9000"),
            ("verified", "00B0850001", "FF9000"), ("disable it too", "0026001108 3737373737373737", "9000"),
        ])
        #expect(try status() == "C60F" + "900120" + "830101" + "950108" + "830111" + "83010A" + "9000")
        card.card.powerOn()
        try card.answers([
            ("nothing is asked for", "00B0850001", "FF9000"), ("enable it", "0028001108 3737373737373737", "9000"),
            ("enable PIN 01", "0028000108 30303030FFFFFFFF", "9000"),
        ])
        #expect(try status() == "C60F" + "9001E0" + "830101" + "950100" + "830111" + "83010A" + "9000")
        card.card.powerOn()
        try card.answers([
            ("the universal PIN", Self.universal, "9000"), ("does not count", "00B0850001", "6982"),
            ("PIN 01", CardTests.verify, "9000"), ("does", "00B0850001", "FF9000"),
        ])
    }

    @Test func unblockingEndsTheReplacement() throws {
        let card = try TestCard()
        try card.answers([
            ("replace", Self.replace, "9000"),
            ("unblock", "002C000110 3131313131313131 30303030FFFFFFFF", "9000"), ("verified", "00B0850001", "FF9000"),
        ])
        card.card.powerOn()
        try card.answers([
            ("the universal PIN", Self.universal, "9000"), ("does not count", "00B0850001", "6982"),
            ("PIN 01", CardTests.verify, "9000"), ("does", "00B0850001", "FF9000"),
        ])
    }

    // TS 102 221 clause 9.2.7: rules for each security environment, 8B with SEID and record.
    @Test func theSecurityEnvironmentFollowsThePINs() throws {
        let card = try TestCard()
        try card.answers([
            // SE 01: record 2 (read always); SE 00: record 3 (PIN 01).
            ("ADM1", CardTests.verifyADM, "9000"),
            ("rules", Build.createEF("2F63", size: "0001", rules: "8B062F06" + "0102" + "0003"), "9000"),
            ("SE 01", "00B0000001", "FF9000"), ("replace PIN 01", Self.replace, "9000"),
            ("SE 00", "00B0000001", "6982"), ("the universal PIN", Self.universal, "9000"),
            ("SE 00", "00B0000001", "FF9000"),
        ])
    }
}
