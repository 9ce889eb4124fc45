import CardCrypto
import Octets

/// TUAK over Keccak-f[1600]: TS 35.231.
///
/// TUAK writes each of its strings into the state with the last octet first. A lane is thus eight octets of a string as
/// a big-endian number, the last eight in the first lane.
public struct TUAK: AuthenticationAlgorithm, Sendable {
    /// The lengths in octets, and the iterations, that an operator may choose: TS 35.231 clauses 6.1 and 7.2.
    public struct Options: Sendable, Equatable {
        /// MAC-A and MAC-S: 8, 16 or 32.
        public var macLength = 8
        /// RES: 4, 8, 16 or 32.
        public var responseLength = 8
        /// CK: 16 or 32.
        public var cipherKeyLength = 16
        /// IK: 16 or 32.
        public var integrityKeyLength = 16
        /// How many times the permutation is applied.
        public var iterations: UInt8 = 1

        /// The shortest lengths that 3G allows, and one iteration.
        public init() {}
    }

    private let key: ShortOctets
    private let topc: ShortOctets
    private let options: Options

    /// Makes the functions of a subscriber.
    ///
    /// - Parameters:
    ///   - key: K, 16 or 32 octets.
    ///   - topc: TOPc, 32 octets.
    /// - Throws: `CryptoError.keyLength` for other lengths.
    public init(key: ShortOctets, topc: ShortOctets, options: Options = Options()) throws(CryptoError) {
        guard key.count == 16 || key.count == 32, topc.count == 32 else { throw .keyLength }
        self.key = key
        self.topc = topc
        self.options = options
    }

    /// TOPc, which binds the operator's TOP (32 octets) to K: TS 35.231 clause 6.2.
    public static func topc(
        key: ShortOctets,
        top: ShortOctets,
        iterations: UInt8 = 1
    ) throws(CryptoError) -> ShortOctets {
        var options = Options()
        options.iterations = iterations
        return try TUAK(key: key, topc: top, options: options).output(instance: 0, nil).string(at: 0, count: 32)
    }

    /// f1: TS 35.231 clause 6.3.
    public func f1(_ challenge: Challenge) -> ShortOctets {
        output(instance: macInstance, challenge).string(at: 0, count: options.macLength)
    }

    /// f1*: TS 35.231 clause 6.4.
    public func f1Star(_ challenge: Challenge) -> ShortOctets {
        output(instance: 0x80 | macInstance, challenge).string(at: 0, count: options.macLength)
    }

    /// f2 to f5: TS 35.231 clause 6.5.
    public func f2345(_ random: UInt128) -> AuthenticationResult {
        let lengths =
            UInt64(options.responseLength / 8) << 3 | (options.cipherKeyLength == 32 ? 0x04 : 0)
            | (options.integrityKeyLength == 32 ? 0x02 : 0)
        let state = output(instance: 0x40 | lengths, challenge(random))
        return AuthenticationResult(
            response: state.string(at: 0, count: options.responseLength),
            cipherKey: state.string(at: 4, count: options.cipherKeyLength),
            integrityKey: state.string(at: 8, count: options.integrityKeyLength),
            anonymityKey: state.lanes[12] & SequenceNumber.mask
        )
    }

    /// f5*: TS 35.231 clause 6.6.
    public func f5Star(_ random: UInt128) -> UInt64 {
        output(instance: 0xC0, challenge(random)).lanes[12] & SequenceNumber.mask
    }

    private var macInstance: UInt64 { UInt64(options.macLength / 8) << 3 }

    private func challenge(_ random: UInt128) -> Challenge {
        Challenge(random: random, sequenceNumber: 0, managementField: 0)
    }

    /// The state after the permutation: TS 35.231 clause 6.
    private func output(instance: UInt64, _ challenge: Challenge?) -> Keccak {
        var state = Keccak()
        state.set(topc, at: 0)
        // "TUAK1.0"; b1 of INSTANCE says that K has 256 bits.
        state.lanes[4] = 0x5455_414B_312E_3000 | instance | (key.count == 32 ? 0x01 : 0x00)
        if let challenge {
            state.lanes[5] = UInt64(truncatingIfNeeded: challenge.random)
            state.lanes[6] = UInt64(truncatingIfNeeded: challenge.random >> 64)
            state.lanes[7] = challenge.sequenceNumber << 16 | UInt64(challenge.managementField)
        }
        state.set(key, at: 8)
        // The padding of a block of 136 octets.
        state.lanes[12] = 0x1F
        state.lanes[16] = 0x80 << 56
        for _ in 0..<options.iterations { state.permute() }
        return state
    }
}

extension Keccak {
    /// Writes 16 or 32 octets from lane `lane` (at most 21) on, last octet first.
    fileprivate mutating func set(_ string: ShortOctets, at lane: Int) {
        lanes[lane] = UInt64(truncatingIfNeeded: string.low)
        lanes[lane + 1] = UInt64(truncatingIfNeeded: string.low >> 64)
        lanes[lane + 2] = UInt64(truncatingIfNeeded: string.high)
        lanes[lane + 3] = UInt64(truncatingIfNeeded: string.high >> 64)
    }

    /// The string of `count` octets (at most 32) that stands from lane `lane` (at most 21) on, last octet first.
    fileprivate func string(at lane: Int, count: Int) -> ShortOctets {
        ShortOctets(
            high: UInt128(lanes[lane + 3]) << 64 | UInt128(lanes[lane + 2]),
            low: UInt128(lanes[lane + 1]) << 64 | UInt128(lanes[lane]),
            count: count
        )
    }
}
