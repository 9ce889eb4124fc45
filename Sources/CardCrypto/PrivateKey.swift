import CardCryptoSeam
import Octets

/// A private key: a number of 1 to n-1, where n is the order of the curve's base point. It has one owner, and is wiped
/// when that ends.
public struct PrivateKey: ~Copyable {
    /// How many random octets make a key: 64 bits more than the order has, so that no number is preferred in a way
    /// that can be noticed (FIPS 186-5 appendix A.2.1).
    public static var randomLength: Int { 40 }

    /// The curve.
    public let curve: Curve
    let scalar: SecretOctets
    /// The public key that belongs to it.
    public let publicKey: PublicKey

    /// Takes a private key of 32 octets.
    ///
    /// - Throws: `CryptoError.keyLength` for another length, `invalidScalar` outside 1 to n-1.
    public init(_ curve: Curve, scalar: OctetView) throws(CryptoError) {
        guard scalar.count == Curve.length else { throw .keyLength }
        let scalar = SecretOctets(scalar)
        publicKey = try PublicKey(curve, scalar: scalar)
        self.curve = curve
        self.scalar = scalar
    }

    /// Makes a private key of 40 octets or more from a random bit generator; the same octets give the same key
    /// (FIPS 186-5 appendix A.2.1).
    ///
    /// - Throws: `CryptoError.dataLength` for fewer octets.
    public init(_ curve: Curve, random: OctetView) throws(CryptoError) {
        guard random.count >= PrivateKey.randomLength else { throw .dataLength }
        let scalar = SecretOctets(count: Curve.length)
        let target = scalar.octets
        try check(random.withUnsafeBytes { seam_ec_reduce(curve.seam, 1, $0.octets, $0.count, target) })
        publicKey = try PublicKey(curve, scalar: scalar)
        self.curve = curve
        self.scalar = scalar
    }

    /// Makes a private key of the next octets of `generator`.
    public init(_ curve: Curve, from generator: inout HMACDRBG) throws(CryptoError) {
        let random = SecretOctets(count: PrivateKey.randomLength)
        try generator.generate(into: random.buffer)
        try self.init(curve, random: random.view)
    }

    /// The private key itself, for the memory that keeps it; not for use beyond the life of this value.
    public var octets: OctetView { scalar.view }

    /// Writes the shared secret of a Diffie-Hellman key agreement, the x coordinate of this key times `peer`
    /// (BSI TR-03111 clause 4.3.1), in 32 octets at the beginning of `output`.
    ///
    /// - Throws: `CryptoError.invalidPoint` where `peer` is on another curve, `outputLength` below 32 octets.
    public func sharedSecret(
        with peer: PublicKey,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        guard peer.curve == curve else { throw .invalidPoint }
        guard output.count >= Curve.length else { throw .outputLength }
        let product = SecretOctets(count: 64)
        let result = peer.coordinates.span.withUnsafeBytes {
            seam_ec_multiply(curve.seam, scalar.octets, $0.octets, product.octets)
        }
        try check(result, refused: .invalidPoint)
        product.view.part(from: 0, length: Curve.length).copy(to: output)
    }

    /// Writes the ECDSA signature (r, then s, 32 octets each) of the message with this digest, in 64 octets at the
    /// beginning of `output`.
    ///
    /// The nonce is that of RFC 6979, drawn from an `HMACDRBG` seeded with the private key and the digest. A nonce
    /// drawn from the card's generator instead would repeat, over another message, where an image is loaded twice with
    /// one seed, and so give away the key. `additional` is mixed in (RFC 6979 clause 3.6): octets from the card's
    /// generator there make signatures of one message differ.
    ///
    /// - Throws: `CryptoError.dataLength` where the digest has not the length of `algorithm`, `outputLength` below 64
    ///   octets.
    public func sign(
        digest: OctetView,
        _ algorithm: HashAlgorithm = .sha256,
        additional: OctetView = .empty,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        guard digest.count == algorithm.length else { throw .dataLength }
        guard output.count >= 2 * Curve.length else { throw .outputLength }
        let number = DigestNumber(digest)
        let reduced = SecretOctets(count: Curve.length)
        try check(seam_ec_reduce(curve.seam, 0, number.octets.octets, Curve.length, reduced.octets))
        var nonces = try HMACDRBG(
            algorithm,
            entropy: scalar.view,
            nonce: reduced.view,
            personalization: additional
        )
        let nonce = SecretOctets(count: Curve.length)
        // At most a third of the nonces lie outside 1 to n-1: so many in a row do not come up.
        for _ in 0..<256 {
            try nonces.generate(into: nonce.buffer)
            let result = seam_ecdsa_sign(
                curve.seam,
                scalar.octets,
                nonce.octets,
                number.octets.octets,
                output.octets
            )
            if result == 0 { continue }
            return try check(result)
        }
        throw .libraryFailure
    }

    /// The ECDSA signature of `message`, hashed with `algorithm`: r, then s, 32 octets each.
    public func sign(
        message: OctetView,
        _ algorithm: HashAlgorithm = .sha256,
        additional: OctetView = .empty
    ) throws(CryptoError) -> [UInt8] {
        let digest = try Hash.digest(algorithm, message)
        return try filled(2 * Curve.length) { output throws(CryptoError) in
            try digest.withView { digest throws(CryptoError) in
                try sign(digest: digest, algorithm, additional: additional, into: output)
            }
        }
    }
}
