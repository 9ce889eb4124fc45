import CardCryptoSeam
import Octets

/// A private key of X25519 (RFC 7748): any 32 octets. It has one owner, and is wiped when that ends.
public struct X25519PrivateKey: ~Copyable {
    /// How many octets a private key, a public key and a shared secret have.
    public static var length: Int { 32 }

    private let scalar: SecretOctets
    /// The public key that belongs to it, 32 octets.
    public let publicKey: InlineArray<32, UInt8>

    /// Takes a private key of 32 octets.
    ///
    /// - Throws: `CryptoError.keyLength` for another length.
    public init(_ octets: OctetView) throws(CryptoError) {
        guard octets.count == X25519PrivateKey.length else { throw .keyLength }
        let scalar = SecretOctets(octets)
        var key = InlineArray<32, UInt8>(repeating: 0)
        var span = key.mutableSpan
        let base = scalar.octets
        try check(span.withUnsafeMutableBytes { seam_x25519(base, nil, $0.octets) })
        publicKey = key
        self.scalar = scalar
    }

    /// Makes a private key of the next octets of `generator`.
    public init(from generator: inout HMACDRBG) throws(CryptoError) {
        let random = SecretOctets(count: X25519PrivateKey.length)
        try generator.generate(into: random.buffer)
        try self.init(random.view)
    }

    /// Writes the shared secret (RFC 7748 clause 6.1), 32 octets, at the beginning of `output`.
    ///
    /// - Throws: `CryptoError.invalidPoint` where `peer` is not 32 octets or the secret would be zero, `outputLength`
    ///   below 32 octets.
    public func sharedSecret(with peer: OctetView, into output: UnsafeMutableRawBufferPointer) throws(CryptoError) {
        guard peer.count == X25519PrivateKey.length else { throw .invalidPoint }
        guard output.count >= X25519PrivateKey.length else { throw .outputLength }
        try check(
            peer.withUnsafeBytes { seam_x25519(scalar.octets, $0.octets, output.octets) },
            refused: .invalidPoint
        )
    }
}
