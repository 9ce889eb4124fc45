import CardCrypto

/// What f1 and f1* authenticate: TS 33.102 clauses 6.3.2 and 6.3.3.
public struct Challenge: Sendable {
    /// RAND.
    public var random: UInt128
    /// SQN, 48 bits.
    public var sequenceNumber: UInt64
    /// AMF, or AMF* for f1*.
    public var managementField: UInt16

    /// A challenge; of the sequence number the last 48 bits count.
    public init(random: UInt128, sequenceNumber: UInt64, managementField: UInt16) {
        self.random = random
        self.sequenceNumber = sequenceNumber & SequenceNumber.mask
        self.managementField = managementField
    }
}

/// What f2, f3, f4 and f5 make of RAND: TS 33.102 clause 6.3.3.
public struct AuthenticationResult: Equatable, Sendable {
    /// RES, 4 to 32 octets.
    public let response: ShortOctets
    /// CK, 16 or 32 octets.
    public let cipherKey: ShortOctets
    /// IK, 16 or 32 octets.
    public let integrityKey: ShortOctets
    /// AK, 48 bits.
    public let anonymityKey: UInt64
}

/// The functions f1 to f5* of an authentication and key agreement algorithm under one key: TS 33.105 clause 5.1.
public protocol AuthenticationAlgorithm: ~Copyable {
    /// f1: MAC-A, 8, 16 or 32 octets.
    func f1(_ challenge: Challenge) throws(CryptoError) -> ShortOctets
    /// f1*: MAC-S, as long as MAC-A.
    func f1Star(_ challenge: Challenge) throws(CryptoError) -> ShortOctets
    /// f2 to f5: RES, CK, IK and AK.
    func f2345(_ random: UInt128) throws(CryptoError) -> AuthenticationResult
    /// f5*: the AK that hides SQN in a resynchronisation, 48 bits.
    func f5Star(_ random: UInt128) throws(CryptoError) -> UInt64
}
