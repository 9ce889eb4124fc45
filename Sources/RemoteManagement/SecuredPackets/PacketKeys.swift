import CardCrypto
import Octets

/// A key of a packet, copied: on the card, the script in the packet may replace it before the response is made. It is
/// wiped when this ends.
package struct PacketKey: ~Copyable {
    let algorithm: BlockCipher.Algorithm
    let octets: SecretOctets

    /// A copy of a key.
    package init(_ algorithm: BlockCipher.Algorithm, _ octets: OctetView) {
        self.algorithm = algorithm
        self.octets = SecretOctets(octets)
    }
}

/// The keys of a packet and its response: TS 102 225 clauses 5.1.2 and 5.1.3.
package struct PacketKeys: ~Copyable {
    /// KID; nil where the packet has no cryptographic checksum, and its response neither.
    let integrity: PacketKey?
    /// KIc; nil where neither is ciphered.
    let ciphering: PacketKey?
    /// What the octet KID says of an algorithm, b4 to b1: that of a redundancy check, where there is one.
    let kidAlgorithm: UInt8

    /// Keys, as far as there are.
    package init(integrity: consuming PacketKey?, ciphering: consuming PacketKey?, kidAlgorithm: UInt8) {
        self.integrity = integrity
        self.ciphering = ciphering
        self.kidAlgorithm = kidAlgorithm
    }

    /// How long the blocks of the ciphering are; nil without a key for it.
    var cipheringBlockLength: Int? {
        switch ciphering {
        case .some(let key): key.algorithm.blockLength
        case .none: nil
        }
    }
}
