import CardCrypto
import GlobalPlatform
import Octets

/// The secure channel protocols of a host.
public enum HostProtocol: String, CaseIterable, Sendable {
    case scp02, scp03, scp11a, scp11b, scp11c

    /// Whether sessions begin with INITIALIZE UPDATE.
    public var isSymmetric: Bool { self == .scp02 || self == .scp03 }

    /// The protocol identifier of card recognition data and of INITIALIZE UPDATE.
    public var identifier: UInt8 {
        switch self {
        case .scp02: 0x02
        case .scp03: 0x03
        case .scp11a, .scp11b, .scp11c: 0x11
        }
    }
}

/// Keys of a security domain that a host has.
public struct HostKeys {
    /// What the keys are.
    public enum Material {
        /// ENC, MAC and DEK of SCP02 or SCP03.
        case symmetric(StaticKeys)
        /// The off-card entity's keys and certificates of SCP11.
        case agreement(AgreementKeys)
    }

    /// The key version number; nil: any.
    public let version: UInt8?
    /// The protocol; nil: SCP02 or SCP03, whichever the card uses with them.
    public let channel: HostProtocol?
    /// The keys.
    public let material: Material
    /// The parameter i of SCP02, which INITIALIZE UPDATE does not tell; nil: as the card recognition data say, or 55.
    public let i: UInt8?

    /// Keys for a protocol.
    public init(version: UInt8? = nil, channel: HostProtocol? = nil, _ material: Material, i: UInt8? = nil) {
        self.version = version
        self.channel = channel
        self.material = material
        self.i = i
    }

    /// The test keys that cards are delivered with: 404142...4F, three times, of any version.
    public static func test() -> HostKeys {
        HostKeys(.symmetric(StaticKeys(all: [UInt8](0x40...0x4F))))
    }

    /// Whether they can be the keys of this version and protocol.
    func fit(version: UInt8, _ channel: HostProtocol) -> Bool {
        (self.version == nil || self.version == version)
            && (self.channel == channel || self.channel == nil && channel.isSymmetric)
    }
}

/// The static keys of SCP02 (16 octets each) or SCP03 (16, 24 or 32 octets each). They are wiped with their last user.
public final class StaticKeys {
    let encryption: SecretOctets
    let mac: SecretOctets
    let dataEncryption: SecretOctets

    /// Takes three keys.
    public init(encryption: [UInt8], mac: [UInt8], dataEncryption: [UInt8]) {
        self.encryption = secret(encryption)
        self.mac = secret(mac)
        self.dataEncryption = secret(dataEncryption)
    }

    /// One key in all three places.
    public convenience init(all key: [UInt8]) { self.init(encryption: key, mac: key, dataEncryption: key) }
}

/// What the off-card entity needs for SCP11.
public final class AgreementKeys {
    /// The private key of the off-card entity, SK.OCE; no octets for SCP11b.
    let privateKey: SecretOctets
    /// The curve of all keys.
    let curve: Curve
    /// The certificates that PERFORM SECURITY OPERATION takes: the off-card entity's last.
    let certificates: [[UInt8]]
    /// The key of the card that verifies the first of them: version and identifier.
    let authority: (version: UInt8, identifier: UInt8)
    /// The public key of the card; nil: it is taken from the card's certificate.
    let cardKey: PublicKey?
    /// The public key that the card's certificate must be signed with; nil: it is believed.
    let cardAuthority: PublicKey?
    /// The length of session keys in octets.
    let keyLength: UInt8
    /// The length of MACs.
    let size: AESSecureMessaging.Size

    /// Takes keys and certificates.
    public init(
        privateKey: [UInt8],
        curve: Curve,
        certificates: [[UInt8]],
        authority: (version: UInt8, identifier: UInt8),
        cardKey: PublicKey?,
        cardAuthority: PublicKey?,
        keyLength: UInt8 = 16,
        size: AESSecureMessaging.Size = .s8
    ) {
        self.privateKey = secret(privateKey)
        self.curve = curve
        self.certificates = certificates
        self.authority = authority
        self.cardKey = cardKey
        self.cardAuthority = cardAuthority
        self.keyLength = keyLength
        self.size = size
    }
}
