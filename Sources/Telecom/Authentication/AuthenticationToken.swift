import CardCrypto
import Octets

/// AUTN: TS 33.102 clause 6.3.2.
public struct AuthenticationToken: Sendable {
    /// SQN exclusive-or AK, 48 bits.
    public var concealedNumber: UInt64
    /// AMF.
    public var managementField: UInt16
    /// MAC.
    public var code: ShortOctets

    /// Takes AUTN apart; nil for fewer than 9 or more than 40 octets.
    public init?(_ octets: OctetView) {
        var cursor = OctetCursor(octets)
        guard let number = cursor.number(6), let field = cursor.uint16(), let code = ShortOctets(cursor.rest()),
            code.count > 0
        else { return nil }
        concealedNumber = UInt64(truncatingIfNeeded: number)
        managementField = field
        self.code = code
    }
}

/// AUTS: TS 33.102 clause 6.3.3.
public struct ResynchronisationToken: Equatable, Sendable {
    /// SQN_MS exclusive-or AK, 48 bits.
    public let concealedNumber: UInt64
    /// MAC-S.
    public let code: ShortOctets

    /// Appends the token, 14 octets with a MAC-S of eight.
    public func append(to writer: inout OctetWriter) {
        writer.append(UInt128(concealedNumber), count: 6)
        writer.append(code)
    }

    /// How many octets the token takes.
    public var count: Int { 6 + code.count }
}

/// What the USIM finds when it looks at a challenge: TS 33.102 clause 6.3.3.
public enum AuthenticationFinding: Equatable, Sendable {
    /// The network is authentic and its sequence number acceptable; the number must be remembered before the result
    /// is given out.
    case authentic(AuthenticationResult, SequenceNumber)
    /// The MAC is wrong.
    case wrongCode
    /// The MAC is right, but the sequence number is not acceptable.
    case synchronisationFailure(ResynchronisationToken)
}

extension AuthenticationAlgorithm where Self: ~Copyable {
    /// Looks at a challenge.
    ///
    /// - Parameters:
    ///   - random: RAND.
    ///   - numbers: what the USIM remembers.
    ///   - isModified: whether the MAC in AUTN is exclusive-or the first octets of SHA-1 of IK, as in GBA_U (TS 33.220
    ///     clause 5.3.2).
    ///   - forcesFailure: whether a right MAC is answered with a synchronisation failure in any case.
    public func examine(
        random: UInt128,
        token: AuthenticationToken,
        against numbers: borrowing SequenceNumberArray,
        isModified: Bool = false,
        forcesFailure: Bool = false
    ) throws(CryptoError) -> AuthenticationFinding {
        let result = try f2345(random)
        let number = SequenceNumber(token.concealedNumber ^ result.anonymityKey)
        let challenge = Challenge(
            random: random,
            sequenceNumber: number.value,
            managementField: token.managementField
        )
        var code = token.code
        if isModified { code = try code.masked(byDigestOf: result.integrityKey) }
        guard try f1(challenge).matches(code) else { return .wrongCode }
        guard !forcesFailure, numbers.accepts(number) else {
            let answer = Challenge(random: random, sequenceNumber: numbers.highest.value, managementField: 0)
            return .synchronisationFailure(
                ResynchronisationToken(
                    concealedNumber: numbers.highest.value ^ (try f5Star(random)),
                    code: try f1Star(answer)
                )
            )
        }
        return .authentic(result, number)
    }
}

extension ShortOctets {
    /// The octets exclusive-or the first octets of SHA-1 of `key`; of more than 20 octets those behind stay.
    fileprivate func masked(byDigestOf key: ShortOctets) throws(CryptoError) -> ShortOctets {
        var digest = InlineArray<20, UInt8>(repeating: 0)
        try key.withOctets { (key) throws(CryptoError) in
            var hash = try Hash(.sha1)
            try hash.update(key)
            var span = digest.mutableSpan
            try span.withUnsafeMutableBytes { (output) throws(CryptoError) in try hash.finish(into: output) }
        }
        var masked = InlineArray<32, UInt8>(repeating: 0)
        for index in 0..<count { masked[index] = octet(at: index) ^ (index < 20 ? digest[index] : 0) }
        return masked.span.withUnsafeBytes { ShortOctets(OctetView($0).part(from: 0, length: count)) } ?? self
    }
}
