import CardCrypto
import Octets

/// The certificate of an off-card entity, as far as the card looks into it: its public key, and who has signed what.
///
/// The card has no clock and no revocation lists: it looks at neither dates nor names.
public struct Certificate {
    /// The public key that is certified.
    public let publicKey: PublicKey
    /// What has been signed.
    public let signed: OctetView
    /// The signature: r, then s.
    let signature: InlineArray<64, UInt8>

    /// Reads an X.509 certificate (30), or one of GlobalPlatform (7F21: GPCS clause 11.9, AmdF).
    ///
    /// - Throws: 6A80 where it is malformed, on a curve that the card does not have, or signed with something else than
    ///   ECDSA and SHA-256.
    public init(_ octets: OctetView) throws(StatusWord) {
        var cursor = OctetCursor(octets)
        guard let object = cursor.berTLV(), cursor.isAtEnd else { throw .incorrectData }
        switch object.tag {
        case 0x30: self = try Certificate(x509: object.value)
        case 0x7F21: self = try Certificate(globalPlatform: object.value)
        default: throw .incorrectData
        }
    }

    /// Whether `issuer` has signed it.
    public func isSigned(by issuer: PublicKey) throws(StatusWord) -> Bool {
        let signature = signature
        let signed = signed
        return try computed { () throws(CryptoError) in
            try signature.span.withUnsafeBytes { (signature) throws(CryptoError) in
                try issuer.verify(OctetView(signature), message: signed)
            }
        }
    }

    private init(publicKey: PublicKey, signed: OctetView, signature: InlineArray<64, UInt8>) {
        self.publicKey = publicKey
        self.signed = signed
        self.signature = signature
    }

    // MARK: GlobalPlatform

    private init(globalPlatform content: OctetView) throws(StatusWord) {
        var cursor = OctetCursor(content)
        var key: PublicKey?
        var usage: OctetView?
        while true {
            let end = cursor.position
            guard let object = cursor.berTLV() else { throw .incorrectData }
            switch object.tag {
            case 0x95: usage = object.value
            case 0x7F49: key = try Self.publicKey(object.cursor)
            case 0x5F37:
                // Key usage 0080: key agreement (GPCS table 11-17).
                guard cursor.isAtEnd, let key, let usage, usage.octet(at: usage.count - 1) == 0x80,
                    usage.count == 2
                else { throw .incorrectData }
                let signature: InlineArray<64, UInt8>
                if object.value.count == 64 {
                    signature = Self.halves(
                        object.value.part(from: 0, length: 32),
                        object.value.part(from: 32, length: 32)
                    )
                } else {
                    signature = try Self.signature(der: object.value)
                }
                self.init(publicKey: key, signed: content.part(from: 0, length: end), signature: signature)
                return
            default: break
            }
        }
    }

    /// B0: the point; F0: the curve (GPCS clause 11.8.2.3).
    private static func publicKey(_ cursor: OctetCursor) throws(StatusWord) -> PublicKey {
        guard let point = cursor.firstValue(0xB0), let reference = cursor.firstValue(0xF0), reference.count == 1,
            let curve = reference.octet(at: 0).flatMap(Curve.init(rawValue:))
        else { throw .incorrectData }
        return try publicKey(curve, point)
    }

    private static func publicKey(_ curve: Curve, _ point: OctetView) throws(StatusWord) -> PublicKey {
        do throws(CryptoError) {
            return try PublicKey(curve, point: point)
        } catch {
            throw .incorrectData
        }
    }

    // MARK: X.509

    private init(x509 content: OctetView) throws(StatusWord) {
        var cursor = OctetCursor(content)
        guard let body = cursor.berTLV(.distinguished), body.tag == 0x30 else { throw .incorrectData }
        let signed = content.part(from: 0, length: cursor.position)
        guard let algorithm = cursor.berTLV(.distinguished), algorithm.tag == 0x30,
            let signature = cursor.berTLV(.distinguished), signature.tag == 0x03, cursor.isAtEnd,
            signature.value.octet(at: 0) == 0,
            Self.isObjectIdentifier(algorithm.value, Self.ecdsaWithSHA256)
        else { throw .incorrectData }
        var fields = body.cursor
        // Version, serial number, signature algorithm, issuer, validity, subject; then the public key.
        for tag: UInt32 in [0xA0, 0x02, 0x30, 0x30, 0x30, 0x30] {
            guard let field = fields.berTLV(.distinguished), field.tag == tag else { throw .incorrectData }
        }
        guard let info = fields.berTLV(.distinguished), info.tag == 0x30 else { throw .incorrectData }
        var parts = info.cursor
        guard let kind = parts.berTLV(.distinguished), kind.tag == 0x30,
            let point = parts.berTLV(.distinguished), point.tag == 0x03, point.value.octet(at: 0) == 0, parts.isAtEnd
        else { throw .incorrectData }
        var names = kind.cursor
        guard let first = names.berTLV(.distinguished), first.tag == 0x06, Self.equals(first.value, Self.ecPublicKey),
            let second = names.berTLV(.distinguished), second.tag == 0x06, names.isAtEnd
        else { throw .incorrectData }
        let curve: Curve
        if Self.equals(second.value, Self.p256) {
            curve = .p256
        } else if Self.equals(second.value, Self.brainpoolP256r1) {
            curve = .brainpoolP256r1
        } else {
            throw .incorrectData
        }
        self.init(
            publicKey: try Self.publicKey(curve, point.value.part(from: 1)),
            signed: signed,
            signature: try Self.signature(der: signature.value.part(from: 1))
        )
    }

    private static func isObjectIdentifier(_ content: OctetView, _ digits: UInt64) -> Bool {
        var cursor = OctetCursor(content)
        guard let object = cursor.berTLV(.distinguished), object.tag == 0x06 else { return false }
        return equals(object.value, digits)
    }

    /// Whether the octets are an object identifier, written as a number; up to nine octets, the first of which is 2A or
    /// 2B and left out where there are nine.
    private static func equals(_ octets: OctetView, _ digits: UInt64) -> Bool {
        guard octets.count <= 9 else { return false }
        var value: UInt64 = 0
        for index in (octets.count == 9 ? 1 : 0)..<octets.count {
            value = value << 8 | UInt64(octets.octet(at: index) ?? 0)
        }
        return value == digits && (octets.count < 9 || octets.octet(at: 0) == 0x2B)
    }

    /// 1.2.840.10045.2.1
    private static var ecPublicKey: UInt64 { 0x2A_8648_CE3D_0201 }
    /// 1.2.840.10045.4.3.2
    private static var ecdsaWithSHA256: UInt64 { 0x2A86_48CE_3D04_0302 }
    /// 1.2.840.10045.3.1.7
    private static var p256: UInt64 { 0x2A86_48CE_3D03_0107 }
    /// 1.3.36.3.3.2.8.1.1.7, without its first octet 2B
    private static var brainpoolP256r1: UInt64 { 0x2403_0302_0801_0107 }

    /// SEQUENCE of r and s, positive numbers of at most 32 octets.
    private static func signature(der: OctetView) throws(StatusWord) -> InlineArray<64, UInt8> {
        var cursor = OctetCursor(der)
        guard let object = cursor.berTLV(.distinguished), object.tag == 0x30, cursor.isAtEnd else {
            throw .incorrectData
        }
        var numbers = object.cursor
        guard let r = numbers.berTLV(.distinguished), r.tag == 0x02, let s = numbers.berTLV(.distinguished),
            s.tag == 0x02, numbers.isAtEnd
        else { throw .incorrectData }
        return halves(try number(r.value), try number(s.value))
    }

    private static func number(_ octets: OctetView) throws(StatusWord) -> OctetView {
        var octets = octets
        guard let first = octets.octet(at: 0), first < 0x80 else { throw .incorrectData }
        if first == 0, octets.count > 1 { octets = octets.part(from: 1) }
        guard octets.count <= 32 else { throw .incorrectData }
        return octets
    }

    private static func halves(_ r: OctetView, _ s: OctetView) -> InlineArray<64, UInt8> {
        var halves = InlineArray<64, UInt8>(repeating: 0)
        for index in 0..<r.count { halves[32 - r.count + index] = r.octet(at: index) ?? 0 }
        for index in 0..<s.count { halves[64 - s.count + index] = s.octet(at: index) ?? 0 }
        return halves
    }
}
