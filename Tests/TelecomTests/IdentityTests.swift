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
