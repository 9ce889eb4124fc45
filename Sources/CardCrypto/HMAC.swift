import Octets

/// HMAC (FIPS 198-1) of messages that come in pieces. One value serves one message after another.
///
/// It has one owner, and the key is wiped when that ends.
public struct HMAC: ~Copyable {
    /// The hash function.
    public let algorithm: HashAlgorithm
    var hash: Hash
    /// The key exclusive-or ipad, the key exclusive-or opad, and a digest, each in a block.
    let state: SecretOctets

    /// Begins a message under a key of any length.
    public init(_ algorithm: HashAlgorithm, key: OctetView) throws(CryptoError) {
        var hmac = HMAC(try Hash(algorithm))
        try hmac.setKey(key)
        self = hmac
    }

    private init(_ hash: consuming Hash) {
        algorithm = hash.algorithm
        state = SecretOctets(count: 3 * hash.algorithm.blockLength)
        self.hash = hash
    }

    /// Begins a message under another key.
    mutating func setKey(_ key: OctetView) throws(CryptoError) {
        try hash.reset()
        wipe(inner)
        if key.count > algorithm.blockLength {
            try hash.update(key)
            try hash.finish(into: inner)
        } else {
            key.copy(to: inner)
        }
        for index in 0..<algorithm.blockLength {
            let octet = state.octets[index]
            state.octets[index] = octet ^ 0x36
            state.octets[algorithm.blockLength + index] = octet ^ 0x5C
        }
        try hash.update(inner.view)
    }

    /// Takes further octets of the message.
    public mutating func update(_ data: OctetView) throws(CryptoError) {
        try hash.update(data)
    }

    /// Ends the message and writes the first octets of its MAC, as many as `output` has: 1 up to the length of a
    /// digest. The next message can begin.
    ///
    /// - Throws: `CryptoError.outputLength` for any other length of `output`; the message then goes on.
    public mutating func finish(into output: UnsafeMutableRawBufferPointer) throws(CryptoError) {
        guard (1...algorithm.length).contains(output.count) else { throw .outputLength }
        let digest = state.part(2 * algorithm.blockLength, algorithm.length)
        try hash.finish(into: digest)
        try hash.update(state.part(algorithm.blockLength, algorithm.blockLength).view)
        try hash.update(digest.view)
        try hash.finish(into: digest)
        try hash.update(inner.view)
        digest.view.copy(to: output)
    }

    /// Forgets the message, so that another can begin.
    public mutating func reset() throws(CryptoError) {
        try hash.reset()
        try hash.update(inner.view)
    }

    /// The MAC of one message, as long as a digest.
    public static func mac(
        _ algorithm: HashAlgorithm,
        key: OctetView,
        _ message: OctetView
    ) throws(CryptoError) -> [UInt8] {
        var hmac = try HMAC(algorithm, key: key)
        try hmac.update(message)
        return try filled(algorithm.length) { output throws(CryptoError) in try hmac.finish(into: output) }
    }

    private var inner: UnsafeMutableRawBufferPointer { state.part(0, algorithm.blockLength) }
}
