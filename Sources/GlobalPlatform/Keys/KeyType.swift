/// The type of a key, or of a component of one: GPCS table 11-16.
public enum KeyType: UInt8, Sendable, CaseIterable {
    /// DES, Triple DES with two or three keys.
    case des = 0x80
    /// A pre-shared key of TLS.
    case tlsPSK = 0x85
    /// AES.
    case aes = 0x88
    /// HMAC with SHA-1, the length of the MAC implicit.
    case hmac = 0x90
    /// HMAC with SHA-1, 160 bits.
    case hmac160 = 0x91
    /// The exponent e of an RSA public key, behind its modulus.
    case rsaPublicExponent = 0xA0
    /// The modulus of an RSA public key.
    case rsaModulus = 0xA1
    /// The modulus of an RSA private key.
    case rsaPrivateModulus = 0xA2
    /// The exponent d of an RSA private key, behind its modulus.
    case rsaPrivateExponent = 0xA3
    /// The first of the five components of an RSA private key for the Chinese remainder theorem, in this order.
    case rsaP = 0xA4
    case rsaQ = 0xA5
    case rsaPQ = 0xA6
    case rsaDP1 = 0xA7
    case rsaDQ1 = 0xA8
    /// A public key of an elliptic curve.
    case eccPublic = 0xB0
    /// A private key of an elliptic curve.
    case eccPrivate = 0xB1
    /// The parameters of a curve by value, in this order: p, a, b, G, N and k.
    case curveP = 0xB2
    case curveA = 0xB3
    case curveB = 0xB4
    case curveG = 0xB5
    case curveN = 0xB6
    case curveK = 0xB7
    /// The parameters of a curve by reference.
    case curveReference = 0xF0

    /// Whether a key, that is its first component, can be of this type.
    var beginsKey: Bool {
        switch self {
        case .des, .tlsPSK, .aes, .hmac, .hmac160, .eccPublic, .eccPrivate: true
        case .rsaModulus, .rsaPrivateModulus, .rsaP: true
        default: false
        }
    }

    /// The component that follows one of this type in a key; nil where none does, and where what follows is a curve.
    var next: KeyType? {
        switch self {
        case .rsaModulus: .rsaPublicExponent
        case .rsaPrivateModulus: .rsaPrivateExponent
        case .rsaP: .rsaQ
        case .rsaQ: .rsaPQ
        case .rsaPQ: .rsaDP1
        case .rsaDP1: .rsaDQ1
        default: nil
        }
    }

    /// Whether a curve follows.
    var hasCurve: Bool { self == .eccPublic || self == .eccPrivate }

    /// Whether the component is enciphered on its way to the card.
    var isSecret: Bool {
        switch self {
        case .rsaPublicExponent, .rsaModulus, .rsaPrivateModulus, .eccPublic: false
        case .curveP, .curveA, .curveB, .curveG, .curveN, .curveK, .curveReference: false
        default: true
        }
    }
}
