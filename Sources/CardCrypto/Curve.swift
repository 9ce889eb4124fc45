import CardCryptoSeam
import Octets

/// The elliptic curves of SGP.02. The raw value is the key parameter reference value (GlobalPlatform Card
/// Specification amendment E, table 4-3): what stands under tag F0 of a key.
public enum Curve: UInt8, Sendable, CaseIterable {
    /// NIST P-256 (SP 800-186).
    case p256 = 0x00
    /// brainpoolP256r1 (RFC 5639).
    case brainpoolP256r1 = 0x03
    /// FRP256V1 (ANSSI).
    case frp256v1 = 0x40

    /// How many octets a coordinate, a private key and half of a signature have on each of these curves.
    public static var length: Int { 32 }

    var seam: Int32 {
        switch self {
        case .p256: Int32(SEAM_P256)
        case .brainpoolP256r1: Int32(SEAM_BRAINPOOL_P256R1)
        case .frp256v1: Int32(SEAM_FRP256V1)
        }
    }
}

/// The leftmost 32 octets of a digest as a number, which ECDSA works on (FIPS 186-5 clause 6.4.1); a shorter digest
/// has zeros in front.
struct DigestNumber: ~Copyable {
    let octets = SecretOctets(count: Curve.length)

    init(_ digest: OctetView) {
        let part = digest.part(from: 0, length: Curve.length)
        part.copy(to: octets.part(Curve.length - part.count, part.count))
    }
}
