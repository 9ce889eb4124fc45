/// What a SIM answers to RAND: TS 43.020 clause 3.3.
public struct GSMResult: Equatable, Sendable {
    /// SRES.
    public let signedResponse: UInt32
    /// Kc.
    public let cipherKey: UInt64

    /// An answer from its parts.
    public init(signedResponse: UInt32, cipherKey: UInt64) {
        self.signedResponse = signedResponse
        self.cipherKey = cipherKey
    }

    /// The conversion functions c2 and c3: TS 33.102 clause 6.8.1.2. Of keys of 32 octets the first 16 count.
    public init(converting result: AuthenticationResult) {
        var words: UInt32 = 0
        for index in 0..<min(result.response.count, 16) {
            words ^= UInt32(result.response.octet(at: index)) << UInt32((3 - index % 4) * 8)
        }
        let keys = result.cipherKey.leading ^ result.integrityKey.leading
        self.init(signedResponse: words, cipherKey: UInt64(truncatingIfNeeded: keys >> 64 ^ keys))
    }

    /// The conversion function c4: CK of Kc.
    public var convertedCipherKey: ShortOctets {
        ShortOctets(low: UInt128(cipherKey) << 64 | UInt128(cipherKey), count: 16)
    }

    /// The conversion function c5: IK of Kc.
    public var convertedIntegrityKey: ShortOctets {
        let halves = UInt128((cipherKey >> 32 ^ cipherKey) & 0xFFFF_FFFF)
        return ShortOctets(low: halves << 96 | UInt128(cipherKey) << 32 | halves, count: 16)
    }
}
