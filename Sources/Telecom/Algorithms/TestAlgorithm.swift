import CardCrypto

/// The test algorithm, an exclusive-or of K and RAND: TS 34.108 clause 8.1.2.
public struct TestAlgorithm: AuthenticationAlgorithm, Sendable {
    private let key: UInt128
    private let responseLength: Int

    /// Makes the functions of a test subscriber.
    ///
    /// - Parameters:
    ///   - key: K, 16 octets.
    ///   - responseLength: the length of RES in octets, 4 to 16.
    /// - Throws: `CryptoError.keyLength` for another length of K.
    public init(key: ShortOctets, responseLength: Int = 16) throws(CryptoError) {
        guard key.count == 16 else { throw .keyLength }
        self.key = key.low
        self.responseLength = max(4, min(responseLength, 16))
    }

    /// f1: the first eight octets, exclusive-or SQN and AMF.
    public func f1(_ challenge: Challenge) -> ShortOctets {
        let difference = key ^ challenge.random
        let data = challenge.sequenceNumber << 16 | UInt64(challenge.managementField)
        return ShortOctets(low: difference >> 64 ^ UInt128(data), count: 8)
    }

    /// f1*: as f1.
    public func f1Star(_ challenge: Challenge) -> ShortOctets { f1(challenge) }

    /// f2 to f5.
    public func f2345(_ random: UInt128) -> AuthenticationResult {
        let difference = key ^ random
        return AuthenticationResult(
            response: ShortOctets(low: difference >> UInt128((16 - responseLength) * 8), count: responseLength),
            cipherKey: ShortOctets(low: difference << 8 | difference >> 120, count: 16),
            integrityKey: ShortOctets(low: difference << 16 | difference >> 112, count: 16),
            anonymityKey: f5Star(random)
        )
    }

    /// f5*: as f5, the octets 3 to 8.
    public func f5Star(_ random: UInt128) -> UInt64 {
        UInt64(truncatingIfNeeded: (key ^ random) >> 56) & SequenceNumber.mask
    }

    /// A3 and A8 of the test SIM: TS 51.010-1 annex 4.
    public func a3a8(_ random: UInt128) -> GSMResult {
        let difference = key ^ random
        return GSMResult(
            signedResponse: UInt32(truncatingIfNeeded: difference >> 96),
            cipherKey: UInt64(truncatingIfNeeded: difference >> 32)
        )
    }
}
