import CardCrypto
import Octets
import RemoteManagement

/// Keys of a security domain for secured packets that a host has: KIc and KID of TS 102 225. They are wiped with their
/// last user.
public final class PacketKeySet {
    /// What the keys are of.
    public enum Algorithm: String, CaseIterable, Sendable {
        case aes, des
    }

    /// The key version, 01 to 0F: the key index of KIc and KID.
    public let version: UInt8
    /// What the keys are of.
    public let algorithm: Algorithm
    private let ciphering: SecretOctets
    private let integrity: SecretOctets

    /// Takes keys: of AES 16, 24 or 32 octets, of Triple DES 16 or 24.
    public init(version: UInt8, _ algorithm: Algorithm, ciphering: [UInt8], integrity: [UInt8]) {
        self.version = version
        self.algorithm = algorithm
        self.ciphering = secret(ciphering)
        self.integrity = secret(integrity)
    }

    /// The octet KIc that names the key for ciphering: TS 102 225 clause 5.1.2.
    public var kic: UInt8 { indication(of: ciphering.count) }
    /// The octet KID that names the key for cryptographic checksums: TS 102 225 clause 5.1.3.
    public var kid: UInt8 { indication(of: integrity.count) }

    private func indication(of length: Int) -> UInt8 {
        version << 4 | (algorithm == .aes ? 0x02 : length == 16 ? 0x05 : 0x09)
    }

    /// The keys as packets take them.
    func keys(kid: UInt8) -> PacketKeys {
        let cipher: BlockCipher.Algorithm = algorithm == .aes ? .aes : .des
        return PacketKeys(
            integrity: PacketKey(cipher, integrity.view),
            ciphering: PacketKey(cipher, ciphering.view),
            kidAlgorithm: kid & 0x0F
        )
    }
}
