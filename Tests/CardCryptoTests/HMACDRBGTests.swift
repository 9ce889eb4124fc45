import CardCrypto
import Octets
import Testing

@Suite struct HMACDRBGTests {
    struct Vector: Decodable {
        let algorithm: HashAlgorithm
        let entropy: HexOctets
        let nonce: HexOctets
        let personalization: HexOctets?
        let entropyReseed: HexOctets?
        let additional1: HexOctets?
        let additional2: HexOctets?
        let returned: HexOctets
    }

    @Test func publishedVectors() throws {
        for vector in try VectorFile<Vector>.cases("hmac-drbg.json", count: 7) {
            let entropy = SecretOctets(vector.entropy.octets)
            let nonce = SecretOctets(vector.nonce.octets)
            let personalization = SecretOctets(vector.personalization?.octets ?? [])
            let additional = [vector.additional1?.octets ?? [], vector.additional2?.octets ?? []]
            var generator = try HMACDRBG(
                vector.algorithm,
                entropy: entropy.view,
                nonce: nonce.view,
                personalization: personalization.view
            )
            if let reseed = vector.entropyReseed {
                let entropy = SecretOctets(reseed.octets)
                try generator.reseed(entropy: entropy.view)
            }
            var returned: [UInt8] = []
            for additional in additional {
                let additional = SecretOctets(additional)
                returned = try written(vector.returned.octets.count) { output in
                    try generator.generate(into: output, additional: additional.view)
                }
            }
            #expect(hex(returned) == hex(vector.returned.octets))
        }
    }

    static func generator(_ octet: UInt8 = 0x5A, count: Int = 48) throws -> HMACDRBG {
        let seed = SecretOctets([UInt8](repeating: octet, count: count))
        return try HMACDRBG(entropy: seed.view.part(from: 0, length: 32), nonce: seed.view.part(from: 32))
    }

    @Test func repeatsUnderItsSeed() throws {
        var first = try Self.generator()
        var second = try Self.generator()
        var other = try Self.generator(0x5B)
        for length in [1, 8, 16, 33, 0, 100] {
            let octets = try first.octets(length)
            #expect(try octets == second.octets(length))
            #expect(try octets != other.octets(length) || length < 8)
        }
        #expect(try first.octets(16) != first.octets(16))
    }

    @Test func limits() throws {
        #expect(thrown { _ = try Self.generator(count: 31) } == .dataLength)
        var generator = try Self.generator(count: 32)
        let short = SecretOctets(count: 31)
        #expect(thrown { try generator.reseed(entropy: short.view) } == .dataLength)
        #expect(thrown { _ = try generator.octets(65537) } == .outputLength)
        #expect(thrown { _ = try generator.octets(-1) } == .outputLength)
        #expect(try generator.octets(65536).count == 65536)
        generator.requests = 1 << 48
        #expect(try generator.octets(1).count == 1)
        #expect(thrown { _ = try generator.octets(1) } == .reseedRequired)
        let long = SecretOctets(count: 32)
        try generator.reseed(entropy: long.view)
        #expect(try generator.octets(1).count == 1)
    }
}

extension SecretOctets {
    init(_ octets: [UInt8]) {
        self.init(count: octets.count)
        buffer.copyBytes(from: octets)
    }
}
