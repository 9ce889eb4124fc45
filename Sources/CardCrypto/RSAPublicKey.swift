import CardCryptoSeam
import Octets

/// How RSA signs a message (RFC 8017 clause 8).
public enum RSASignatureScheme: Sendable {
    /// RSASSA-PKCS1-v1_5 with SHA-1.
    case pkcs1
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256, and a salt of 32 octets.
    case pss

    /// The hash function that the message goes through.
    public var hash: HashAlgorithm { self == .pkcs1 ? .sha1 : .sha256 }

    var seam: Int32 { Int32(self == .pkcs1 ? SEAM_RSA_PKCS1_SHA1 : SEAM_RSA_PSS_SHA256) }
}

/// A public key of RSA, to verify signatures with: a look at its modulus and its exponent, whose owner must outlive it.
public struct RSAPublicKey {
    /// How many bits the modulus of a key can have.
    public static var lengths: ClosedRange<Int> { 1024...4096 }

    private let modulus: OctetView
    private let exponent: OctetView

    /// Takes a modulus and an exponent, big-endian; zeros in front do not count.
    ///
    /// - Throws: `CryptoError.keyLength` for a modulus that has less than 1024 bits or more than 4096, and for an
    ///   exponent that has more than 64; for an even number, and for the exponent 1.
    public init(modulus: OctetView, exponent: OctetView) throws(CryptoError) {
        self.modulus = modulus.withoutLeadingZeros
        self.exponent = exponent.withoutLeadingZeros
        guard Self.lengths.contains(self.modulus.bitCount), self.modulus.isOdd,
            (2...64).contains(self.exponent.bitCount), self.exponent.isOdd
        else { throw .keyLength }
    }

    /// How many bits the modulus has.
    public var length: Int { modulus.bitCount }

    /// How many octets a signature has.
    public var signatureLength: Int { modulus.count }

    /// Whether `signature` is this key's signature of the message with this digest. It is not where it, or the digest,
    /// has another length than it must have.
    public func verify(
        _ signature: OctetView,
        digest: OctetView,
        _ scheme: RSASignatureScheme
    ) throws(CryptoError) -> Bool {
        guard signature.count == signatureLength, digest.count == scheme.hash.length else { return false }
        let result = modulus.withUnsafeBytes { modulus in
            exponent.withUnsafeBytes { exponent in
                digest.withUnsafeBytes { digest in
                    signature.withUnsafeBytes { signature in
                        seam_rsa_verify(
                            scheme.seam,
                            modulus.octets,
                            modulus.count,
                            exponent.octets,
                            exponent.count,
                            digest.octets,
                            digest.count,
                            signature.octets,
                            signature.count
                        )
                    }
                }
            }
        }
        if result == 0 { return false }
        try check(result)
        return true
    }

    /// Whether `signature` is this key's signature of `message`.
    public func verify(
        _ signature: OctetView,
        message: OctetView,
        _ scheme: RSASignatureScheme
    ) throws(CryptoError) -> Bool {
        let digest = try Hash.digest(scheme.hash, message)
        return try digest.withView { digest throws(CryptoError) in try verify(signature, digest: digest, scheme) }
    }
}

extension OctetView {
    /// The number that the octets are, in as few as it needs.
    fileprivate var withoutLeadingZeros: OctetView {
        var start = 0
        while octet(at: start) == 0 { start += 1 }
        return part(from: start)
    }

    /// How many bits the number has, where no zeros are in front.
    fileprivate var bitCount: Int { octet(at: 0).map { count * 8 - $0.leadingZeroBitCount } ?? 0 }

    fileprivate var isOdd: Bool { (octet(at: count - 1) ?? 0) & 1 == 1 }
}
