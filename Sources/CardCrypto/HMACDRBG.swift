import Octets

/// The deterministic random bit generator HMAC_DRBG of SP 800-90A clause 10.1.2: the same seed and the same requests
/// give the same octets, on every machine.
///
/// HMAC_DRBG, of the generators of SP 800-90A, because RFC 6979 makes the nonces of ECDSA with the very same
/// construction: one generator serves both, and published signatures test it too. The card's own one is
/// `HMACDRBG(entropy:nonce:)` with 32 and 16 octets of its seed. It does not reach for entropy by itself: the owner
/// reseeds it or not. It has one owner, since two copies would give the same octets twice.
public struct HMACDRBG: ~Copyable {
    /// The longest output of one request, in octets (2^19 bits, SP 800-90A table 2).
    public static var requestLimit: Int { 65536 }

    let algorithm: HashAlgorithm
    var hmac: HMAC
    /// K, then V.
    let state: SecretOctets
    package var requests: UInt64

    /// Instantiates a generator.
    ///
    /// - Parameters:
    ///   - entropy: at least 32 octets (16 for SHA-1) that nobody can guess.
    ///   - nonce: octets that do not repeat; with `entropy` they should be 48 octets or more.
    ///   - personalization: any octets that set this generator apart.
    /// - Throws: `CryptoError.dataLength` where the entropy is shorter than the security strength.
    public init(
        _ algorithm: HashAlgorithm = .sha256,
        entropy: OctetView,
        nonce: OctetView = .empty,
        personalization: OctetView = .empty
    ) throws(CryptoError) {
        guard entropy.count >= algorithm.strength else { throw .dataLength }
        var generator = HMACDRBG(try HMAC(algorithm, key: .empty))
        try generator.update(entropy, nonce, personalization)
        self = generator
    }

    private init(_ hmac: consuming HMAC) {
        algorithm = hmac.algorithm
        requests = 1
        state = SecretOctets(count: 2 * hmac.algorithm.length)
        self.hmac = hmac
        for index in 0..<algorithm.length { state.octets[algorithm.length + index] = 0x01 }
    }

    /// Mixes in further entropy.
    ///
    /// - Throws: `CryptoError.dataLength` where the entropy is shorter than the security strength.
    public mutating func reseed(entropy: OctetView, additional: OctetView = .empty) throws(CryptoError) {
        guard entropy.count >= algorithm.strength else { throw .dataLength }
        try update(entropy, additional, .empty)
        requests = 1
    }

    /// Fills `output`, at most `requestLimit` octets, and mixes in the additional input if there is one.
    ///
    /// - Throws: `CryptoError.outputLength` above the limit, `reseedRequired` after 2^48 requests.
    public mutating func generate(
        into output: UnsafeMutableRawBufferPointer,
        additional: OctetView = .empty
    ) throws(CryptoError) {
        guard output.count <= HMACDRBG.requestLimit else { throw .outputLength }
        guard requests <= 1 << 48 else { throw .reseedRequired }
        if !additional.isEmpty { try update(additional, .empty, .empty) }
        try hmac.setKey(key.view)
        var offset = 0
        while offset < output.count {
            try nextValue()
            let part = value.view.part(from: 0, length: output.count - offset)
            part.copy(to: output[offset..<(offset + part.count)].rebased)
            offset += part.count
        }
        try update(additional, .empty, .empty)
        requests += 1
    }

    /// `count` octets, 0 to `requestLimit`.
    ///
    /// - Throws: as `generate(into:additional:)`.
    public mutating func octets(_ count: Int) throws(CryptoError) -> [UInt8] {
        guard (0...HMACDRBG.requestLimit).contains(count) else { throw .outputLength }
        return try filled(count) { output throws(CryptoError) in try generate(into: output) }
    }

    private var key: UnsafeMutableRawBufferPointer { state.part(0, algorithm.length) }
    private var value: UnsafeMutableRawBufferPointer { state.part(algorithm.length, algorithm.length) }

    /// SP 800-90A clause 10.1.2.2, HMAC_DRBG_Update; the provided data are the three views one after the other.
    private mutating func update(_ first: OctetView, _ second: OctetView, _ third: OctetView) throws(CryptoError) {
        let provided = !(first.isEmpty && second.isEmpty && third.isEmpty)
        for round: UInt8 in provided ? 0...1 : 0...0 {
            try hmac.setKey(key.view)
            try hmac.update(value.view)
            try hmac.update(round)
            try hmac.update(first)
            try hmac.update(second)
            try hmac.update(third)
            try hmac.finish(into: key)
            try hmac.setKey(key.view)
            try nextValue()
        }
    }

    /// V = HMAC(K, V); K is in `hmac` already.
    private mutating func nextValue() throws(CryptoError) {
        try hmac.update(value.view)
        try hmac.finish(into: value)
    }
}

extension HMAC {
    mutating func update(_ octet: UInt8) throws(CryptoError) {
        var octet: InlineArray<1, UInt8> = [octet]
        var span = octet.mutableSpan
        try span.withUnsafeMutableBytes { octet throws(CryptoError) in try update(octet.view) }
    }
}
