import CardCrypto
import Octets
import Telecom
import Testing

/// SUCI: TS 33.501 annex C.
@Suite struct IdentityTests {
    struct File: Decodable {
        struct Set: Decodable {
            struct Example: Decodable {
                let routingIndicator, suciValue: String
                let hnKeyId: UInt8
            }
            let profile, clause: String
            let hnPub, ephPriv, plain, schemeOutput: HexOctets
            let hnPubUncompressed: HexOctets?
            let getIdentityExample: Example?
        }
        struct NullScheme: Decodable {
            let schemeInput, schemeOutput: HexOctets
        }
        let nullScheme: NullScheme
        let sets: [Set]
    }

    // TS 33.501 clause C.4.
    @Test func schemeOutputs() throws {
        let file: File = try Vectors.decode("suci.json")
        #expect(file.sets.count == 4)
        for set in file.sets {
            for key in [set.hnPub.octets, set.hnPubUncompressed?.octets ?? set.hnPub.octets] {
                #expect(try output(set, key) == Hex.string(set.schemeOutput.octets), "\(set.clause)")
            }
        }
    }

    @Test func nullScheme() throws {
        let file: File = try Vectors.decode("suci.json")
        var memory = [UInt8](repeating: 0, count: 64)
        let output = try memory.withUnsafeMutableBytes { buffer in
            var writer = OctetWriter(buffer)
            try file.nullScheme.schemeInput.octets.withView { input in
                try ProtectionScheme.null.conceal(input, homeKey: .empty, random: .empty, to: &writer)
            }
            return writer.view.array
        }
        #expect(output == file.nullScheme.schemeOutput.octets)
    }

    // TS 23.003 clause 28.7.3 and the examples of TS 29.503 annex C; the scheme output of TS 33.501 clause C.4.3.2. The
    // ephemeral key of that of profile B is made of no random octets.
    @Test func networkSpecificIdentity() throws {
        let file: File = try Vectors.decode("suci.json")
        let set = try #require(file.sets.first { $0.clause == "C.4.3.2" })
        let list: [UInt8] = [0xA0, 0x02, 0x01, 0x01]
        let key = TelecomCard.tlv(0x80, [250]) + TelecomCard.tlv(0x81, set.hnPub.octets)
        let text = Hex.string(set.schemeOutput.octets).lowercased()
        let (user, realm) = (String(decoding: set.plain.octets, as: UTF8.self), "@3gpp.com")
        let parts = [text.prefix(64), text.dropFirst(64).dropLast(16), text.suffix(16)]
        #expect(
            try identity("\(user)\(realm)", list + TelecomCard.tlv(0xA1, key), set.ephPriv.octets, 0x48FF)
                == "\u{11}type1.rid84.schid1.hnkey250.ecckey\(parts[0]).cip\(parts[1]).mac\(parts[2])\(realm)"
        )
        for (identifier, routing, expected) in [
            ("anonymous@operator.com", 0x4365, "type1.rid3456.schid0.useridanonymous@operator.com"),
            ("@operator.com", 0xF0FF, "type1.rid0.schid0.userid@operator.com"),
            ("a@b@c", 0x1032, "type1.rid0123.schid0.userida@b@c"),
            ("user17", 0x76F8, "type1.rid678.schid0.useriduser17"),
        ] {
            let made = try identity(identifier, [], set.ephPriv.octets, UInt16(routing))
            #expect(made == "\u{11}" + expected)
        }
        #expect(try identity("", [], set.ephPriv.octets, 0) == nil)
        #expect(try identity(String(repeating: "a", count: 254), [], set.ephPriv.octets, 0) == nil)
    }

    private func identity(
        _ identifier: String,
        _ information: [UInt8],
        _ random: [UInt8],
        _ routing: UInt16
    ) throws -> String? {
        var memory = [UInt8](repeating: 0, count: 1_024)
        return try memory.withUnsafeMutableBytes { buffer in
            var writer = OctetWriter(buffer)
            return try Array(identifier.utf8).withView { identifier -> String? in
                guard let identity = NetworkSpecificIdentity(identifier, routingIndicator: routing) else { return nil }
                try information.withView { information in
                    try (random + [UInt8](repeating: 0, count: 8)).withView { random in
                        try identity.appendConcealed(information, random: random, to: &writer)
                    }
                }
                return String(decoding: writer.view.array, as: UTF8.self)
            }
        }
    }

    // Service 130, EF.SUPI_NAI in DF.5GS, and EF.SUCI_Calc_Info_USIM with profile B in DF.SAIP: up to the longest.
    @Test func getIdentityOfNetworkSpecificIdentifier() throws {
        let file: File = try Vectors.decode("suci.json")
        let set = try #require(file.sets.last)
        #expect(set.profile == "B")
        let card = try TelecomCard(TelecomCard.testAlgorithm, services: [124, 125, 130])
        let usim = try card.usimFile
        let directory = try card.create(usim, 0x78, 0x5FC0)
        card.card.system.memory.commit()
        try card.select()
        #expect(try card.send("8078000100") == "6A88")
        let supi = try card.create(directory, 0x41, 0x4F09, size: 256)
        let value = String(repeating: "a", count: 250) + "@bc"
        try card.fill(supi, TelecomCard.tlv(0x80, Array(value.utf8)))
        card.card.system.memory.commit()
        try card.select()
        let null = Array("\u{11}type1.rid0.schid0.userid\(value)".utf8)
        #expect(try card.send("0078000100") == "6E00")
        #expect(try whole(card) == Hex.string(TelecomCard.tlv(0xA1, null)) + "9000")
        let saip = try card.create(usim, 0x78, 0x5FD0)
        let key = TelecomCard.tlv(0x80, [0x07]) + TelecomCard.tlv(0x81, set.hnPub.octets)
        let information = [0xA0, 0x02, 0x02, 0x01] + TelecomCard.tlv(0xA1, key)
        try card.fill(card.create(saip, 0x41, 0x4F01, size: 64), information)
        card.card.system.memory.commit()
        try card.select()
        let answer = try whole(card)
        let text = String(decoding: TelecomCard.octets(answer).dropFirst(4).dropLast(2), as: UTF8.self)
        let pattern = try Regex(
            "\u{11}type1\\.rid0\\.schid2\\.hnkey7"
                + "\\.ecckey0[23][0-9a-f]{64}\\.cip[0-9a-f]{500}\\.mac[0-9a-f]{16}@bc"
        )
        #expect(text.wholeMatch(of: pattern) != nil, "\(text)")
        // Another SUPI than a network specific identifier.
        try card.fill(supi, TelecomCard.tlv(0x82, Array(value.utf8)))
        card.card.system.memory.commit()
        #expect(try card.send("8078000100") == "6A88")
    }

    /// The whole response to GET IDENTITY, with GET RESPONSE.
    private func whole(_ card: TelecomCard) throws -> String {
        var answer = try card.send("8078000100")
        while answer.dropLast(2).hasSuffix("61") {
            answer = try answer.dropLast(4) + card.send("00C00000" + answer.suffix(2))
        }
        return answer
    }

    private func output(_ set: File.Set, _ homeKey: [UInt8]) throws -> String {
        let secret = SecretOctets(count: 32)
        secret.buffer.copyBytes(from: set.ephPriv.octets)
        var memory = [UInt8](repeating: 0, count: 256)
        return try memory.withUnsafeMutableBytes { buffer in
            var writer = OctetWriter(buffer)
            try set.plain.octets.withView { input in
                try homeKey.withView { homeKey in
                    if set.profile == "A" {
                        let ephemeral = try X25519PrivateKey(secret.view)
                        try ephemeral.conceal(input, homeKey: homeKey, to: &writer)
                    } else {
                        let ephemeral = try PrivateKey(.p256, scalar: secret.view)
                        try ephemeral.conceal(input, homeKey: homeKey, to: &writer)
                    }
                }
            }
            return Hex.string(writer.view.array)
        }
    }

    // The layout of TS 24.501 clause 9.11.3.4, with the ephemeral key of TS 33.501 clause C.4.3.1.
    @Test func wholeIdentity() throws {
        let file: File = try Vectors.decode("suci.json")
        let set = try #require(file.sets.first)
        let example = try #require(set.getIdentityExample)
        let list: [UInt8] = [0xA0, 0x06, 0x01, 0x02, 0x02, 0x01, 0x00, 0x00]
        let other = TelecomCard.tlv(0x80, [0x1C]) + TelecomCard.tlv(0x81, [UInt8](repeating: 0x02, count: 33))
        let keys = other + TelecomCard.tlv(0x80, [example.hnKeyId]) + TelecomCard.tlv(0x81, set.hnPub.octets)
        #expect(try identity(list + TelecomCard.tlv(0xA1, keys), set.ephPriv.octets, 0x76F8) == example.suciValue)
        // Without a usable key: the null scheme.
        for information in [[], [0xA0, 0x02, 0x00, 0x00], list, [0xA0, 0x02, 0x01, 0x00], [0xA0, 0x02, 0x09, 0x01]] {
            #expect(try identity(information, set.ephPriv.octets, 0x76F8) == "0172241076F8000000012080F6")
        }
        // A point of small order is no key.
        let zero = TelecomCard.tlv(0x80, [0x01]) + TelecomCard.tlv(0x81, [UInt8](repeating: 0x00, count: 32))
        #expect(throws: CryptoError.invalidPoint) {
            _ = try identity([0xA0, 0x02, 0x01, 0x01] + TelecomCard.tlv(0xA1, zero), set.ephPriv.octets, 0)
        }
    }

    private func identity(_ information: [UInt8], _ random: [UInt8], _ routing: UInt16) throws -> String {
        // 274 012 001002086.
        let content: [UInt8] = [0x08, 0x29, 0x47, 0x10, 0x02, 0x10, 0x00, 0x02, 0x68]
        var identity = SubscriptionIdentity(imsi: try #require(content.withView { IMSI($0) }))
        identity.mncLength = 3
        identity.routingIndicator = routing
        var memory = [UInt8](repeating: 0, count: 128)
        return try memory.withUnsafeMutableBytes { buffer in
            var writer = OctetWriter(buffer)
            try information.withView { information in
                try (random + [UInt8](repeating: 0, count: 8)).withView { random in
                    try identity.appendConcealed(information, random: random, to: &writer)
                }
            }
            return Hex.string(writer.view.array)
        }
    }

    @Test func imsi() {
        func count(_ octets: [UInt8]) -> Int? { octets.withView { IMSI($0)?.count } }
        #expect(count([0x08, 0x29, 0x47, 0x10, 0x02, 0x10, 0x00, 0x02, 0x68]) == 15)
        #expect(count([0x08, 0x21, 0x47, 0x10, 0x02, 0x10, 0x00, 0x02, 0xF8]) == 14)
        #expect(count([0x04, 0x29, 0x47, 0x10, 0x02, 0xFF, 0xFF, 0xFF, 0xFF]) == 7)
        #expect(count([UInt8](repeating: 0xFF, count: 9)) == nil)
        #expect(count([0x08, 0x29, 0x47, 0x10, 0x02, 0x10, 0x00, 0x02]) == nil)
        #expect(count([0x08, 0x29, 0x4A, 0x10, 0x02, 0x10, 0x00, 0x02, 0x68]) == nil)
        #expect(count([]) == nil)
    }

    // The card's own random numbers, on the command interface: null scheme, since the card has no DF.SAIP.
    @Test func getIdentity() throws {
        let card = try TelecomCard(TelecomCard.testAlgorithm)
        try card.select()
        #expect(try card.send("8078000100") == "A10D01722410F0FF000000012080F69000")
        #expect(try card.send("8078000200") == "6A81")
        #expect(try card.send("8078000300") == "6A86")
        #expect(try card.send("8078010100") == "6A86")
        #expect(try card.send("807800010100") == "6700")
        #expect(try card.send("0078000100") == "6E00")
        #expect(try card.send("8078000101") == "6C0F")
        try card.select(TelecomCard.isim)
        #expect(try card.send("8078000100") == "6985")
    }
}
