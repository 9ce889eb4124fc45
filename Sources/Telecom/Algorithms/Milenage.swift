import CardCrypto
import Octets

/// MILENAGE with AES-128 as its kernel: TS 35.206.
public struct Milenage: AuthenticationAlgorithm, ~Copyable {
    /// The constants that an operator may choose: TS 35.206 clause 4.1.
    public struct Constants: Sendable {
        /// r1 to r5: how many bits the input of f1 and so on is turned to the left.
        public var rotations: InlineArray<5, UInt8> = [64, 0, 32, 64, 96]
        /// c1 to c5.
        public var additions: InlineArray<5, UInt128> = [0, 1, 2, 4, 8]

        /// The constants of TS 35.206.
        public init() {}
    }

    private let cipher: BlockCipher
    private let opc: UInt128
    private let constants: Constants

    /// Makes the functions of a subscriber.
    ///
    /// - Parameters:
    ///   - key: K, 16 octets.
    ///   - opc: OPc.
    /// - Throws: `CryptoError.keyLength` for another length.
    public init(key: ShortOctets, opc: UInt128, constants: Constants = Constants()) throws(CryptoError) {
        var none: BlockCipher?
        try self.init(key: key, opc: opc, constants: constants, reusing: &none)
    }

    /// Makes the functions of a subscriber with a cipher of AES-128 that is there already, so that no memory is
    /// allocated; nil: a cipher is made. `endUse` gives it back.
    init(
        key: ShortOctets,
        opc: UInt128,
        constants: Constants,
        reusing spare: inout BlockCipher?
    ) throws(CryptoError) {
        guard key.count == 16 else { throw .keyLength }
        cipher = try Self.cipher(key, spare.take())
        self.opc = opc
        self.constants = constants
    }

    /// The end of the functions: their cipher, for others.
    consuming func endUse() -> BlockCipher { cipher }

    /// OPc, which binds the operator's OP to K: TS 35.206 clause 4.1.
    public static func opc(key: ShortOctets, op: UInt128) throws(CryptoError) -> UInt128 {
        op ^ (try Milenage(key: key, opc: 0).encrypt(op))
    }

    /// f1: the first half of OUT1.
    public func f1(_ challenge: Challenge) throws(CryptoError) -> ShortOctets {
        ShortOctets(low: try authenticate(challenge) >> 64, count: 8)
    }

    /// f1*: the second half of OUT1.
    public func f1Star(_ challenge: Challenge) throws(CryptoError) -> ShortOctets {
        ShortOctets(low: try authenticate(challenge), count: 8)
    }

    /// f2 and f5 from OUT2, f3 from OUT3, f4 from OUT4.
    public func f2345(_ random: UInt128) throws(CryptoError) -> AuthenticationResult {
        let start = try encrypt(random ^ opc)
        let second = try output(1, start)
        return AuthenticationResult(
            response: ShortOctets(low: second, count: 8),
            cipherKey: ShortOctets(low: try output(2, start), count: 16),
            integrityKey: ShortOctets(low: try output(3, start), count: 16),
            anonymityKey: UInt64(truncatingIfNeeded: second >> 80)
        )
    }

    /// f5* from OUT5.
    public func f5Star(_ random: UInt128) throws(CryptoError) -> UInt64 {
        UInt64(truncatingIfNeeded: try output(4, encrypt(random ^ opc)) >> 80)
    }

    private static func cipher(
        _ key: ShortOctets,
        _ spare: consuming BlockCipher?
    ) throws(CryptoError) -> BlockCipher {
        var cipher = spare
        try key.withOctets { (octets) throws(CryptoError) in
            if cipher == nil { cipher = try BlockCipher(.aes, key: octets) } else { try cipher?.setKey(octets) }
        }
        guard let cipher else { throw .libraryFailure }
        return cipher
    }

    /// OUT1.
    private func authenticate(_ challenge: Challenge) throws(CryptoError) -> UInt128 {
        let half = UInt128(challenge.sequenceNumber) << 16 | UInt128(challenge.managementField)
        let turned = rotate(half << 64 | half ^ opc, constants.rotations[0])
        return try encrypt(encrypt(challenge.random ^ opc) ^ turned ^ constants.additions[0]) ^ opc
    }

    /// OUT2 to OUT5, for `index` 1 to 4.
    private func output(_ index: Int, _ start: UInt128) throws(CryptoError) -> UInt128 {
        try encrypt(rotate(start ^ opc, constants.rotations[index]) ^ constants.additions[index]) ^ opc
    }

    private func rotate(_ block: UInt128, _ bits: UInt8) -> UInt128 {
        let bits = UInt128(bits & 127)
        return block << bits | block >> (128 - bits)
    }

    private func encrypt(_ block: UInt128) throws(CryptoError) -> UInt128 {
        var octets = block.bigEndian
        try withUnsafeMutableBytes(of: &octets) { (buffer) throws(CryptoError) in
            try cipher.encryptECB(OctetView(UnsafeRawBufferPointer(buffer)), into: buffer)
        }
        return UInt128(bigEndian: octets)
    }
}
