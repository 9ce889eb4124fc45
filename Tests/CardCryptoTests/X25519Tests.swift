import CardCrypto
import Octets
import Testing

@Suite struct X25519Tests {
    private func secret(_ key: String, _ peer: String) throws -> String {
        let key = try X25519PrivateKey.take(key)
        let peer = try #require(Hex.octets(peer))
        return hex(try written(32) { output in try peer.withView { try key.sharedSecret(with: $0, into: output) } })
    }

    // RFC 7748 clause 6.1.
    @Test func keyAgreement() throws {
        let first = try X25519PrivateKey.take(Self.alice)
        let second = try X25519PrivateKey.take(Self.bob)
        #expect(hex(first.publicKeyOctets) == "8520F0098930A754748B7DDCB43EF75A0DBF3A0D26381AF4EBA4A98EAA9B4E6A")
        #expect(hex(second.publicKeyOctets) == "DE9EDB7D7B7DC1B4D35B61C2ECE435373F8343C85B78674DADFC7E146F882B4F")
        let expected = "4A5D9D5BA4CE2DE1728E3BF480350F25E07E21C947D19E3376F09B3C1E161742"
        #expect(try secret(Self.alice, hex(second.publicKeyOctets)) == expected)
        #expect(try secret(Self.bob, hex(first.publicKeyOctets)) == expected)
    }

    // RFC 7748 clause 5.2: the private key is not clamped yet, and the top bit of the point does not count.
    @Test func functionOfTheCurve() throws {
        #expect(
            try secret(
                "A546E36BF0527C9D3B16154B82465EDD62144C0AC1FC5A18506A2244BA449AC4",
                "E6DB6867583030DB3594C1A424B15F7C726624EC26B3353B10A903A6D0AB1C4C"
            ) == "C3DA55379DE9C6908E94EA4DF28D084F32ECCF03491C71F754B4075577A28552"
        )
        #expect(
            try secret(
                "4B66E9D4D1B4673C5AD22691957D6AF5C11B6421E0EA01D42CA4169E7918BA0D",
                "E5210F12786811D3F4B7959D0538AE2C31DBE7106FC03C3EFC4CD549C715A493"
            ) == "95CBDE9476E8907D7AADE45CB4B873F88B595A68799FA152E6F8F7647AAC7957"
        )
    }

    // RFC 7748 clause 6.1: points of small order give zero.
    @Test func refusesWhatIsNoKey() throws {
        let key = try X25519PrivateKey.take(Self.alice)
        for peer in [
            [UInt8](repeating: 0, count: 32), [1] + [UInt8](repeating: 0, count: 31), [UInt8](repeating: 9, count: 31),
        ] {
            var octets = [UInt8](repeating: 0, count: 32)
            let error = octets.withUnsafeMutableBytes { output in
                thrown { try peer.withView { try key.sharedSecret(with: $0, into: output) } }
            }
            #expect(error == .invalidPoint)
        }
        #expect(thrown { _ = try X25519PrivateKey.take("00") } == .keyLength)
    }

    private static let alice = "77076D0A7318A57D3C16C17251B26645DF4C2F87EBC0992AB177FBA51DB92C2A"
    private static let bob = "5DAB087E624A8A4B79E17F8B83800EE66F3BB1292618B6FD1C2F8B27FF88E0EB"
}

extension X25519PrivateKey {
    fileprivate static func take(_ digits: String) throws -> X25519PrivateKey {
        let octets = try #require(Hex.octets(digits))
        let scalar = SecretOctets(count: octets.count)
        scalar.buffer.copyBytes(from: octets)
        return try X25519PrivateKey(scalar.view)
    }

    fileprivate var publicKeyOctets: [UInt8] { (0..<32).map { publicKey[$0] } }
}
