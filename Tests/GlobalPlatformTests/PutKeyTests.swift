import CardCrypto
import CardOS
import Memory
import Octets
import Testing

@testable import GlobalPlatform

@Suite struct PutKeyTests {
    static let scp03 = SecureChannelProtocol.scp03(.common)
    static let keys = [[UInt8](0x00..<0x10), [UInt8](0x10..<0x20), [UInt8](0x20..<0x30)]

    /// A card with keys 30, and a session at level 01 under them.
    static func opened() throws -> (TestDomain, Host) {
        let card = try TestDomain()
        try card.put(0x30, .aes, keys)
        return (card, try card.open(scp03, 0x30, keys))
    }

    /// The status word and data of a command with protection.
    static func send(_ command: [UInt8], _ card: TestDomain, _ host: Host) -> String {
        hex(card.send(host.wrap(command)))
    }

    /// PUT KEY with a data field.
    static func putKey(_ p1: UInt8, _ p2: UInt8, _ data: [UInt8]) -> [UInt8] {
        [0x80, 0xD8, p1, p2, UInt8(truncatingIfNeeded: data.count)] + data
    }

    /// A secret key in a field of the basic format, enciphered with the third of `keys`.
    static func field(_ type: UInt8, _ key: [UInt8], checkValue: [UInt8]? = nil, withLength: Bool = false) -> [UInt8] {
        let padded = key + [UInt8](repeating: 0, count: (16 - key.count % 16) % 16)
        let block = cbc(.aes, keys[2], [UInt8](repeating: 0, count: 16), padded)
        let length = withLength || padded.count != key.count ? [UInt8(key.count)] : []
        let content = length + block
        let value: [UInt8]
        switch type {
        case 0x88: value = Array(ecb(.aes, key, [UInt8](repeating: 1, count: 16)).prefix(3))
        case 0x80: value = Array(ecb(.des, key, [UInt8](repeating: 0, count: 8)).prefix(3))
        default: value = []
        }
        let check = checkValue ?? value
        return [type, UInt8(content.count)] + content + [UInt8(check.count)] + check
    }

    /// The bytes of vectors/gp/computed.json, in both forms of the key block.
    @Test func computedVectors() throws {
        let vector = try KeyTests.Computed.entry("put-key-aes128-x3-scp03")
        let new = try #require(vector.newKeys).octets
        for command in [vector.apduTable1170, vector.apduTable1171] {
            let (card, host) = try Self.opened()
            let plain = withoutLe(try #require(command).octets)
            #expect(Self.send(plain, card, host) == "31504A77504A77504A779000")
            for identifier in UInt8(1)...3 { #expect(card.key(0x31, identifier) == new) }
            #expect(card.keySet(0x31)?.secureChannel == Self.scp03)
            _ = try card.open(Self.scp03, 0x31, [new, new, new])
        }
        // A key of 24 octets, the block padded.
        let long = try KeyTests.Computed.entry("put-key-aes192-block")
        let (card, host) = try Self.opened()
        let field = try #require(long.keyDataField).octets
        let answer = Self.send(Self.putKey(0x00, 0x05, [0x60] + field), card, host)
        #expect(answer == "60" + hex(Array(field.suffix(3))) + "9000")
        #expect(card.key(0x60, 5) == long.key?.octets)
        // Under the session key of SCP02: the vector is that of the counter 0.
        let des = try KeyTests.Computed.entry("put-key-des-scp02")
        let three = try TestDomain()
        let dek = try #require(des.sessionDek).octets
        try dek.withView { dek in
            let encryption = try DataEncryptionKey(.des, key: dek)
            let room = SecretOctets(count: 16)
            var response = OctetWriter(room.buffer)
            let command = Self.putKey(0x00, 0x01, [0x20] + (try #require(des.keyDataField).octets))
            try command.withView { view in
                try KeyManagement.putKey(
                    CommandAPDU(view, allowsExtended: false),
                    &three.uicc.memory,
                    domain: three.domain,
                    encryption,
                    SecureChannelOptions(),
                    into: &response
                )
            }
            #expect(hex(response.view.array) == "20A4B7D6")
        }
        #expect(three.key(0x20, 1) == des.key?.octets)
    }

    /// What GlobalPlatformPro and pySim-shell sent when they put keys, in their sessions. The card of the record answered
    /// with the last key check value alone.
    @Test func clientTraces() throws {
        let clients = try Vectors.decodePlainly("client-traces.json", as: ClientTraceTests.File.self).clients
        var count = 0
        for (client, traces) in clients {
            for (name, trace) in traces {
                guard let number = trace.firstIndex(where: { $0.plain?.octets.starts(with: [0x80, 0xD8]) ?? false })
                else { continue }
                let card = try TestDomain()
                if client.hasPrefix("pySim") {
                    card.selectedAID = octets("A000000003000000")
                }
                try card.put(0x30, .aes, Self.keys)
                for exchange in trace[...number] {
                    let command = exchange.command
                    guard command.starts(with: [0x80, 0x50]) || command.first == 0x84 else { continue }
                    let response = card.send(command)
                    let recorded = exchange.rsp.octets
                    if command.starts(with: [0x80, 0x50]) { #expect(hex(response) == hex(recorded), "\(name)") }
                    #expect(response.suffix(2) == [0x90, 0x00], "\(client) \(name): \(hex(command))")
                }
                let plain = try #require(trace[number].plain).octets
                let hasLength = plain[7] == 0x11
                #expect(hasLength == !client.hasPrefix("pySim"))
                for identifier in UInt8(1)...3 {
                    let value = try #require(card.key(0x31, identifier))
                    let check = ecb(.aes, value, [UInt8](repeating: 1, count: 16)).prefix(3)
                    let field = (plain.count - 7) / 3
                    let start = 6 + Int(identifier - 1) * field
                    #expect(plain[(start + field - 3)..<(start + field)] == check)
                }
                count += 1
            }
        }
        #expect(count == 3)
    }

    /// Everything that a field can hold besides.
    @Test func types() throws {
        let (card, host) = try Self.opened()
        func put(_ data: String, _ status: String, _ identifier: UInt8 = 1) {
            let answer = Self.send(Self.putKey(0x00, identifier, octets(data)), card, host)
            #expect(answer.hasSuffix(status), "\(data): \(answer)")
        }
        let key = [UInt8](0x50..<0x60)
        put("40" + hex(Self.field(0x85, key)), "409000")
        put("73" + hex(Self.field(0x90, key + key)), "739000")
        put("73" + hex(Self.field(0x91, key + [1, 2, 3, 4])), "739000", 2)
        #expect(card.key(0x73, 2) == key + [1, 2, 3, 4])
        put("74" + hex(Self.field(0x80, key + [UInt8](0x70..<0x78))), "9000")
        // RSA: with and without the length of the key check value at the end.
        let modulus = [UInt8](repeating: 0xC3, count: 128)
        put("70A18180" + hex(modulus) + "A003010001" + "00", "709000")
        put("71A180" + hex(modulus.map { $0 }) + "A003010001", "6A80")
        put("71A18180" + hex(modulus) + "A003010001", "719000")
        put("71A18180" + hex(modulus) + "00", "9484", 2)
        put("71A003010001" + "00", "9484", 2)
        // Elliptic curves, by reference and by value.
        for (number, curve) in Curve.allCases.enumerated() {
            let scalar = [UInt8](repeating: 0x21, count: 32)
            let point = try SCP11Tests.point(scalar, curve)
            let reference = "F001" + hex([curve.rawValue]) + "00"
            let version = 0x50 + UInt8(number)
            put(hex([version]) + "B041" + hex(point) + reference, hex([version]) + "9000", 0x10)
            #expect(card.key(version, 0x10) == point)
            let secret = Self.field(0xB1, scalar).dropLast()
            put(hex([version]) + hex(Array(secret)) + reference, hex([version]) + "9000", 0x11)
            #expect(card.key(version, 0x11) == scalar)
            #expect(card.keySet(version)?.secureChannel == .scp11(.s8))
            // A point of another curve, none at all, no number, no curve.
            let other = curve == .p256 ? "03" : "00"
            put(hex([version]) + "B041" + hex(point) + "F001" + other + "00", "6A80", 0x20)
            put(hex([version]) + "B041" + hex([0x02] + point.dropFirst()) + reference, "6A80", 0x20)
            put(hex([version]) + "B021" + hex([0x02] + point[1..<33]) + reference, "6A80", 0x20)
            let zero = Self.field(0xB1, [UInt8](repeating: 0, count: 32)).dropLast()
            put(hex([version]) + hex(Array(zero)) + reference, "6A80", 0x20)
            put(hex([version]) + "B041" + hex(point) + "00", "6A80", 0x20)
            put(hex([version]) + "B041" + hex(point) + "F0010100", "9484", 0x20)
            put(hex([version]) + "B041" + hex(point) + "F002800000", "9484", 0x20)
            put(hex([version]) + "B041" + hex(point) + "F00200" + hex([curve.rawValue]) + "00", "9000", 0x21)
        }
        for type in ["81", "87", "B2", "F0", "00", "82"] { put("61" + type + "10" + hex(key) + "00", "9484", 0x30) }
    }

    /// The parameters of P-256 (SP 800-186 clause 3.2.1.3) and brainpoolP256r1 (RFC 5639 clause 3.4) by value.
    @Test func curvesByValue() throws {
        let p256 = [
            "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
            "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC",
            "5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B",
            "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
                + "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5",
            "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
        ]
        let brainpool = [
            "A9FB57DBA1EEA9BC3E660A909D838D726E3BF623D52620282013481D1F6E5377",
            "7D5A0975FC2C3057EEF67530417AFFE7FB8055C126DC5C6CE94A4B44F330B5D9",
            "26DC5C6CE94A4B44F330B5D9BBD77CBF958416295CF7E1CE6BCCDC18FF8C07B6",
            "048BD2AEB9CB7E57CB2C4B482FFC81B7AFB9DE27E1E3BD23C23A4453BD9ACE3262"
                + "547EF835C3DAC4FD97F8461A14611DC9C27745132DED8E545C1D54C72F046997",
            "A9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7",
        ]
        let scalar = [UInt8](repeating: 0x21, count: 32)
        for (curve, values) in [(Curve.p256, p256), (.brainpoolP256r1, brainpool)] {
            let (card, host) = try Self.opened()
            let point = [0x60, 0xB0, 0x41] + (try SCP11Tests.point(scalar, curve))
            func parameters(_ values: [String]) -> [UInt8] {
                values.enumerated().flatMap { index, value in
                    [UInt8(0xB2 + index), UInt8(value.count / 2)] + octets(value)
                }
            }
            func put(_ identifier: UInt8, _ parameters: [UInt8]) -> String {
                Self.send(Self.putKey(0x00, identifier, point + parameters + [0x00]), card, host)
            }
            #expect(put(1, parameters(values)) == "609000")
            #expect(put(2, parameters(values + ["01"])) == "609000")
            #expect(put(3, parameters(values + ["02"])) == "6A80")
            #expect(put(3, parameters(Array(values.dropLast()))) == "6A80")
            for index in values.indices {
                var wrong = octets(values[index])
                wrong[wrong.count - 1] ^= 1
                var all = values
                all[index] = hex(wrong)
                #expect(put(3, parameters(all)) == "6A80", "\(index)")
            }
            #expect(card.key(0x60, 2) == Array(point.dropFirst(3)))
        }
    }

    /// GPCS table 11-69.
    @Test func extendedFormat() throws {
        let (card, host) = try Self.opened()
        let basic = Self.field(0x88, [UInt8](0x50..<0x60))
        func put(_ identifier: UInt8, _ qualifiers: String) -> String {
            Self.send(Self.putKey(0x00, identifier, [0x61, 0xFF] + basic + octets(qualifiers)), card, host)
        }
        #expect(put(1, "01180100").hasSuffix("9000"))
        #expect(put(2, "0248800101").hasSuffix("9000"))
        #expect(put(3, "0000").hasSuffix("9000"))
        for wrong in ["", "00", "01", "0118", "011801", "03010203 00", "00 020001", "0000FF"] {
            #expect(put(4, wrong) == "6A80", "\(wrong)")
        }
        let point = try SCP11Tests.point([UInt8](repeating: 0x21, count: 32))
        let right = octets("61FFB041") + point + octets("FFF00100 00 0102 0100")
        #expect(Self.send(Self.putKey(0x00, 5, right), card, host) == "619000")
        let expected =
            "C00401308810C00402308810C00403308810" + "C00A0161FF88001001180100" + "C00B0261FF88001002488001 01"
            + "C00403618810" + "C00E0561FFB00040FFF0000001020100"
        let content = octets(expected)
        #expect(card.keyInformation == hex([0xE0, UInt8(content.count)] + content))
    }

    /// Whatever is cut off, added or of another length is refused, and changes nothing.
    @Test func wrongLengths() throws {
        let (card, host) = try Self.opened()
        let before = card.content
        let fields = Self.field(0x88, [UInt8](0x50..<0x60)) + Self.field(0x88, [UInt8](0x60..<0x70), withLength: true)
        let data = [0x31] + fields
        let first = 1 + Self.field(0x88, [UInt8](0x50..<0x60)).count
        for count in 0..<data.count {
            let cut = Array(data.prefix(count))
            let answer = Self.send(Self.putKey(0x00, 0x81, cut), card, host)
            // The first field alone is a command.
            #expect(answer == (count == first ? "31" + hex(Array(cut.suffix(3))) + "9000" : "6A80"), "\(count)")
            if count == first { try card.delete(version: 0x31) }
        }
        #expect(Self.send(Self.putKey(0x00, 0x81, data + [0x00]), card, host) != "9000")
        for (index, values) in [(0, [0x00, 0x80, 0xFF]), (2, [0x0F, 0x11, 0x80, 0x84]), (19, [0x02, 0x04])] {
            for value in values {
                var wrong = data
                wrong[index] = UInt8(value)
                #expect(Self.send(Self.putKey(0x00, 0x81, wrong), card, host) == "6A80", "\(index) \(value)")
            }
        }
        // Several keys where one is announced, identifiers past the last, more segments to come.
        #expect(Self.send(Self.putKey(0x00, 0x01, data), card, host) == "6A80")
        #expect(Self.send(Self.putKey(0x00, 0xFF, data), card, host) == "6A80")
        #expect(Self.send(Self.putKey(0x80, 0x81, data), card, host) == "6A86")
        for length in [1, 8, 15, 17, 23, 25, 31, 33, 48] {
            let key = [UInt8](repeating: 0x31, count: length)
            let block = [0x88] + Self.field(0x85, key).dropFirst().dropLast() + [0x03, 1, 2, 3]
            #expect(Self.send(Self.putKey(0x00, 0x01, [0x60] + block), card, host) == "6A80", "\(length)")
        }
        for key in [[UInt8](repeating: 0x31, count: 15), [UInt8](repeating: 0x31, count: 65)] {
            #expect(Self.send(Self.putKey(0x00, 0x01, [0x40] + Self.field(0x85, key)), card, host) == "6A80")
        }
        #expect(card.content == before)
    }

    @Test func wrongCheckValues() throws {
        let (card, host) = try Self.opened()
        let before = card.content
        let key = [UInt8](0x50..<0x60)
        let good = Self.field(0x88, key)
        // The second of two is wrong: neither is there.
        for bit in 0..<24 {
            var wrong = good
            wrong[wrong.count - 1 - bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(Self.send(Self.putKey(0x00, 0x81, [0x31] + good + wrong), card, host) == "6982")
        }
        // That of the other algorithm; none; one where there is none.
        #expect(
            Self.send(Self.putKey(0x00, 1, [0x60] + Self.field(0x80, key, checkValue: good.suffix(3))), card, host)
                == "6982"
        )
        for check in [[], [0x01], [0x01, 0x02, 0x03, 0x04]] as [[UInt8]] {
            let field = Self.field(0x88, key, checkValue: check)
            #expect(Self.send(Self.putKey(0x00, 1, [0x60] + field), card, host) == "6A80")
        }
        let psk = Self.field(0x85, key, checkValue: good.suffix(3))
        #expect(Self.send(Self.putKey(0x00, 1, [0x40] + psk), card, host) == "6A80")
        // A Triple DES key that is DES.
        let half = [UInt8](0x50..<0x58)
        #expect(Self.send(Self.putKey(0x00, 1, [0x60] + Self.field(0x80, half + half)), card, host) == "6A80")
        #expect(card.content == before)
    }

    @Test func replacement() throws {
        let (card, host) = try Self.opened()
        let new = (0..<3).map { number in (0..<16).map { UInt8(0x90 + number * 16 + $0) } }
        let fields = new.flatMap { Self.field(0x88, $0) }
        #expect(Self.send(Self.putKey(0x00, 0x81, [0x30] + fields), card, host) == "6985")
        #expect(Self.send(Self.putKey(0x31, 0x81, [0x31] + fields), card, host) == "6A88")
        #expect(Self.send(Self.putKey(0x30, 0x82, [0x30] + fields), card, host) == "6A88")
        let long = Self.field(0x88, new[0] + new[1])
        #expect(Self.send(Self.putKey(0x30, 0x01, [0x30] + long), card, host) == "6A80")
        let des = Self.field(0x80, new[0])
        #expect(Self.send(Self.putKey(0x30, 0x01, [0x30] + des), card, host) == "6A80")
        #expect(card.keySet(0x30)?.sequenceCounter == 1)
        #expect(Self.send(Self.putKey(0x30, 0x81, [0x30] + fields), card, host).hasSuffix("9000"))
        #expect(card.keySet(0x30)?.sequenceCounter == 0)
        for key in Self.keys { #expect(!card.holds(key)) }
        // The session goes on with the keys that it has.
        #expect(Self.send(Self.putKey(0x30, 0x81, [0x32] + fields), card, host).hasSuffix("9000"))
        #expect(card.versions == [0x32])
        _ = try card.open(Self.scp03, 0x32, new)
    }

    @Test func deletion() throws {
        let (card, host) = try Self.opened()
        let key = [UInt8](0x50..<0x60)
        let fields = Self.field(0x88, key) + Self.field(0x88, key)
        #expect(Self.send(Self.putKey(0x00, 0x81, [0x60] + fields), card, host).hasSuffix("9000"))
        #expect(card.holds(key))
        for (data, status) in [
            ("", "6A80"), ("D0", "6A80"), ("D001", "6A80"), ("D000", "6A80"), ("D0020101", "6A80"), ("D10101", "6A80"),
            ("D00101D00101", "6A80"), ("D20160D20160", "6A80"), ("D0010AD20160", "6A88"), ("D20161", "6A88"),
            ("D0017E", "6A88"), ("D20130", "6985"), ("D00103", "6985"),
        ] {
            let field = octets(data)
            let command = octets("80E40000") + (field.isEmpty ? [] : [UInt8(field.count)] + field)
            #expect(Self.send(command, card, host) == status, "\(data)")
        }
        #expect(Self.send(octets("80E4000006D20160D00101"), card, host) == "9000")
        #expect(card.key(0x60, 1) == nil && card.key(0x60, 2) == key)
        #expect(Self.send(octets("80E4000003D20160"), card, host) == "9000")
        #expect(!card.holds(key) && card.versions == [0x30])
    }

    /// Without a session there is no key that could protect these.
    @Test func noSession() throws {
        let card = try TestDomain()
        let command = Self.putKey(0x00, 0x01, [0x31] + Self.field(0x88, [UInt8](0x50..<0x60)))
        #expect(hex(card.send(command)) == "6985")
    }
}
