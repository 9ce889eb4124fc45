import CardCrypto
import Octets
import Testing

/// Many cards live in one process, on different threads: what one computes does not depend on the others.
@Suite struct IsolationTests {
    /// What a card of its own computes from its number.
    static func transcript(_ card: UInt8) throws -> [UInt8] {
        let seed = SecretOctets([UInt8](repeating: card, count: 48))
        let part = seed.view.part(from: 0, length: 32)
        var generator = try HMACDRBG(entropy: part, nonce: seed.view.part(from: 32))
        let cipher = try BlockCipher(.aes, key: part)
        var cmac = try CMAC(key: part)
        var octets: [UInt8] = []
        for round in 0..<20 {
            let data = SecretOctets(try generator.octets(64))
            try cipher.encryptCBC(data.view, into: data.buffer)
            try cmac.update(data.view)
            octets += data.view.array
            octets += try written(16) { output in try cmac.finish(into: output) }
            if round % 5 == 0 {
                for curve in Curve.allCases {
                    octets += try PrivateKey(curve, from: &generator).sign(message: data.view)
                }
            }
        }
        return octets
    }

    @Test func manyCardsAtOnce() async throws {
        let alone = try (0..<16).map { try Self.transcript(UInt8($0)) }
        #expect(Set(alone).count == 16)
        let together = try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
            for card in 0..<16 { group.addTask { (card, try Self.transcript(UInt8(card))) } }
            var transcripts = [[UInt8]](repeating: [], count: 16)
            for try await (card, transcript) in group { transcripts[card] = transcript }
            return transcripts
        }
        #expect(together == alone)
    }
}
