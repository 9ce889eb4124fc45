import CardCrypto
import Octets
import Testing

@testable import GlobalPlatform

/// Keys with STORE DATA: GPCS clause 11.11.3.
@Suite struct KeyDataGroupTests {
    static func store(_ group: UInt16, _ data: [UInt8], _ card: TestDomain, _ host: Host) -> String {
        let length = UInt8(truncatingIfNeeded: data.count)
        return PutKeyTests.send(
            [0x80, 0xE2, UInt8(group >> 8), UInt8(group & 0xFF), length] + data,
            card,
            host
        )
    }

    /// A template B9.
    static func template(
        _ type: UInt8,
        _ length: UInt16,
        _ identifier: UInt8,
        _ version: UInt8,
        _ more: String = ""
    ) -> [UInt8] {
        let wide = length > 255 ? [0x81, 0x02, UInt8(length >> 8), UInt8(length & 0xFF)] : [0x81, 0x01, UInt8(length)]
        let content =
            octets("95011896010080 01") + [type] + wide + [0x82, 0x01, identifier, 0x83, 0x01, version] + octets(more)
        return [0xB9, UInt8(content.count)] + content
    }

    /// A secret component, padded and enciphered.
    static func secret(_ key: [UInt8]) -> [UInt8] {
        let padded = key + [UInt8](repeating: 0, count: (16 - key.count % 16) % 16)
        return cbc(.aes, PutKeyTests.keys[2], [UInt8](repeating: 0, count: 16), padded)
    }

    static func checkValue(_ key: [UInt8]) -> String {
        "8403" + hex(Array(ecb(.aes, key, [UInt8](repeating: 1, count: 16)).prefix(3)))
    }

    @Test func secureChannelKeys() throws {
        let (card, host) = try PutKeyTests.opened()
        let new = threeKeys(0x90)
        let templates = (0..<3).flatMap { Self.template(0x88, 16, UInt8($0 + 1), 0x31, Self.checkValue(new[$0])) }
        for round in 0..<2 {
            #expect(Self.store(0x00B9, templates, card, host) == "9000")
            for number in 0..<3 {
                // All or none.
                if round == 0 { #expect(card.versions == [0x30] && card.isPending) }
                #expect(Self.store(0x8113, Self.secret(new[number]), card, host) == "9000")
            }
            #expect(card.versions == [0x30, 0x31] && !card.isPending)
        }
        for number in 0..<3 { #expect(card.key(0x31, UInt8(number + 1)) == new[number]) }
        #expect(card.keyInformation.hasSuffix("C00A0331FF88001001180100"))
        _ = try card.open(PutKeyTests.scp03, 0x31, new)
    }

    @Test func otherKeys() throws {
        let (card, host) = try PutKeyTests.opened()
        let scalar = [UInt8](repeating: 0x21, count: 32)
        let point = try SCP11Tests.point(scalar)
        // A key pair by reference, versions one behind the other.
        let pair =
            Self.template(0xB0, 0x41, 0x10, 0x51, "8001F0850100")
            + Self.template(0xB1, 0x20, 0x11, 0x52, "8001F0850100")
        #expect(Self.store(0x00B9, pair, card, host) == "9000")
        #expect(Self.store(0x0036, point, card, host) == "9000")
        #expect(card.versions == [0x30, 0x51])
        #expect(Self.store(0x8137, Self.secret(scalar), card, host) == "9000")
        #expect(card.key(0x51, 0x10) == point && card.key(0x52, 0x11) == scalar)
        // RSA: public, private, and for the Chinese remainder theorem.
        let modulus = [UInt8](repeating: 0xC3, count: 65)
        let half = (0..<5).map { [UInt8](repeating: UInt8(0x60 + $0), count: 33) }
        let templates =
            Self.template(0xA1, 65, 0x01, 0x73) + Self.template(0xA2, 65, 0x02, 0x73)
            + Self.template(0xA4, 65, 0x03, 0x73)
        #expect(Self.store(0x00B9, templates, card, host) == "9000")
        for (group, value) in [
            (0x0011, [0x03]), (0x0010, modulus), (0x0010, modulus), (0x8112, Self.secret(modulus)),
            (0x8125, Self.secret(half[0])), (0x8121, Self.secret(half[2])), (0x8122, Self.secret(half[4])),
            (0x8123, Self.secret(half[3])), (0x8124, Self.secret(half[1])),
        ] as [(UInt16, [UInt8])] {
            #expect(Self.store(group, value, card, host) == "9000", "\(group)")
        }
        try card.uicc.memory.withKey(KeyReference(version: 0x73, identifier: 3), of: card.domain) {
            (key) throws(StatusWord) in
            var cursor = key.components
            for number in 0..<5 {
                let component = KeyComponent(&cursor)
                #expect(component?.type.rawValue == 0xA4 + UInt8(number))
                #expect(component?.value.array == half[number])
            }
            #expect(cursor.isAtEnd)
        }
        #expect(card.keyInformation.contains("C00E0173FFA10041FFA0000101180100"))
    }

    /// P-256 by value (SP 800-186 clause 3.2.1.3).
    @Test func curveByValue() throws {
        let values = [
            "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
            "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC",
            "5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B",
            "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
                + "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5",
            "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", "01",
        ]
        let scalar = [UInt8](repeating: 0x21, count: 32)
        for wrong in [nil, 0, 5] as [Int?] {
            let (card, host) = try PutKeyTests.opened()
            #expect(Self.store(0x00B9, Self.template(0xB1, 0x20, 0x11, 0x51), card, host) == "9000")
            #expect(Self.store(0x8137, Self.secret(scalar), card, host) == "9000")
            for (index, value) in values.enumerated() {
                let value = octets(value).map { index == wrong ? $0 ^ 0x02 : $0 }
                let isRefused = wrong != nil && index == 5
                #expect(Self.store(0x0030 + UInt16(index), value, card, host) == (isRefused ? "6A80" : "9000"))
            }
            #expect(card.key(0x51, 0x11) == (wrong == nil ? scalar : nil))
        }
    }

    @Test func refusals() throws {
        let (card, host) = try PutKeyTests.opened()
        let before = card.content
        let key = [UInt8](0x50..<0x60)
        let good = Self.template(0x88, 16, 1, 0x60, Self.checkValue(key))
        // No template before; templates that are none.
        #expect(Self.store(0x8113, Self.secret(key), card, host) == "6A80")
        for count in 0..<good.count { #expect(Self.store(0x00B9, Array(good.prefix(count)), card, host) == "6A80") }
        #expect(Self.store(0x00B9, good + good, card, host) == "6A80")
        for wrong in [
            "B909 800188 810110 820101", "B90C 800188 810110 820101 830100", "B90C 800188 810110 820180 830160",
            "B90C 800188 810100 820101 830160", "B90F 800188 800188 810110 820101 830160",
            "B90F 800188 810110 820101 830160 870100", "B90D 800188 81020201 820101 830160",
            "B912 800188 8001F0850100 810110 820101 830160",
        ] { #expect(Self.store(0x00B9, octets(wrong), card, host) == "6A80", "\(wrong)") }
        #expect(Self.store(0x00B9, Self.template(0x82, 16, 1, 0x60), card, host) == "9484")
        #expect(Self.store(0x00B9, Self.template(0xB1, 32, 1, 0x60, "8001F0850102"), card, host) == "9484")
        #expect(!card.isPending)
        // What does not follow: another 00B9, a component of another type, twice, of a wrong length, a wrong check value.
        func after(_ template: [UInt8], _ group: UInt16, _ data: [UInt8]) -> String {
            #expect(Self.store(0x00B9, template, card, host) == "9000")
            let status = Self.store(group, data, card, host)
            #expect(!card.isPending)
            return status
        }
        #expect(after(good, 0x00B9, good) == "6A80")
        for group in [0x0010, 0x0011, 0x8112, 0x8121, 0x0036, 0x8137, 0x0030, 0x0070] as [UInt16] {
            #expect(after(good, group, Self.secret(key)) == "6A80")
        }
        for count in [0, 8, 15, 17, 32] {
            #expect(after(good, 0x8113, [UInt8](repeating: 0x11, count: count)) == "6A80", "\(count)")
        }
        #expect(after(good, 0x8113, Self.secret(key.reversed())) == "6982")
        #expect(after(Self.template(0x85, 16, 1, 0x40, "8403010203"), 0x8113, Self.secret(key)) == "6A80")
        let half = [UInt8](0x50..<0x58)
        #expect(after(Self.template(0x80, 16, 1, 0x60), 0x8113, Self.secret(half + half)) == "6A80")
        #expect(
            after(Self.template(0xB0, 65, 1, 0x60, "8001F0850100"), 0x0036, [0x04] + key + key + key + key) == "6A80"
        )
        let modulus = [UInt8](repeating: 0xC3, count: 64)
        #expect(Self.store(0x00B9, Self.template(0xA1, 64, 1, 0x60), card, host) == "9000")
        #expect(Self.store(0x0010, modulus, card, host) == "9000")
        #expect(Self.store(0x0010, modulus, card, host) == "6A80")
        #expect(Self.store(0x0011, [0x03], card, host) == "6A80")
        #expect(card.content == before)
    }
}
