import CardCryptoSeam
import Octets

/// A point of a curve other than infinity, which nothing but such a point can become.
public struct PublicKey: Sendable {
    /// The curve.
    public let curve: Curve
    /// x, then y.
    var coordinates: InlineArray<64, UInt8>

    /// Decodes a point (SEC 1 clause 2.3.4): `04`, x and y, or `02` or `03` and x.
    ///
    /// - Throws: `CryptoError.invalidPoint` for any other octets, and for a point that is not on the curve.
    public init(_ curve: Curve, point: OctetView) throws(CryptoError) {
        self.curve = curve
        coordinates = InlineArray(repeating: 0)
        var span = coordinates.mutableSpan
        let result = point.withUnsafeBytes { point in
            span.withUnsafeMutableBytes { seam_ec_decode(curve.seam, point.octets, point.count, $0.octets) }
        }
        try check(result, refused: .invalidPoint)
    }

    /// The base point times `scalar`, which has 32 octets.
    init(_ curve: Curve, scalar: borrowing SecretOctets) throws(CryptoError) {
        self.curve = curve
        coordinates = InlineArray(repeating: 0)
        var span = coordinates.mutableSpan
        let octets = scalar.octets
        let result = span.withUnsafeMutableBytes { seam_ec_multiply(curve.seam, octets, nil, $0.octets) }
        try check(result, refused: .invalidScalar)
    }

    /// Appends the point: 65 octets `04`, x and y, or 33 octets `02` or `03` and x.
    public func append(to writer: inout OctetWriter, compressed: Bool = false) {
        coordinates.span.withUnsafeBytes { octets in
            let both = OctetView(octets)
            if compressed {
                writer.append(0x02 | (both.octet(at: 63) ?? 0) & 0x01)
                writer.append(both.part(from: 0, length: Curve.length))
            } else {
                writer.append(UInt8(0x04))
                writer.append(both)
            }
        }
    }

    /// The point in 65 octets: `04`, x and y.
    public var uncompressed: [UInt8] {
        coordinates.span.withUnsafeBytes { [0x04] + $0 }
    }

    /// The point in 33 octets: `02` or `03` (by the lowest bit of y) and x.
    public var compressed: [UInt8] {
        coordinates.span.withUnsafeBytes { [0x02 | ($0.last ?? 0) & 0x01] + $0.prefix(Curve.length) }
    }

    /// Whether `signature` (r, then s, 32 octets each) is this key's ECDSA signature of the message with this digest.
    /// It is not where it has another length, or r or s lies outside 1 to n-1.
    public func verify(_ signature: OctetView, digest: OctetView) throws(CryptoError) -> Bool {
        guard signature.count == 2 * Curve.length else { return false }
        let number = DigestNumber(digest)
        let octets = number.octets.octets
        let result = coordinates.span.withUnsafeBytes { key in
            signature.withUnsafeBytes { seam_ecdsa_verify(curve.seam, key.octets, octets, $0.octets) }
        }
        if result == 0 { return false }
        try check(result)
        return true
    }

    /// Whether `signature` is this key's ECDSA signature of `message`, hashed with `algorithm`.
    public func verify(
        _ signature: OctetView,
        message: OctetView,
        _ algorithm: HashAlgorithm = .sha256
    ) throws(CryptoError) -> Bool {
        let digest = try Hash.digest(algorithm, message)
        return try digest.withView { digest throws(CryptoError) in try verify(signature, digest: digest) }
    }
}

extension PublicKey: Equatable {
    /// Whether both are the same point of the same curve.
    public static func == (left: PublicKey, right: PublicKey) -> Bool {
        left.curve == right.curve
            && left.coordinates.span.withUnsafeBytes { left in
                right.coordinates.span.withUnsafeBytes { OctetView(left).equals(OctetView($0)) }
            }
    }
}
