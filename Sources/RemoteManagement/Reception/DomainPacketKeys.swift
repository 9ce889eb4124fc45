import CardCrypto
import GlobalPlatform
import Memory
import Octets

/// The keys of a security domain that KIc and KID of a packet name.
struct DomainPacketKeys: ~Copyable {
    /// Their key version, and the object of the key set.
    let version: UInt8
    let set: ObjectReference
    let keys: PacketKeys

    /// The algorithm and the length that an octet KIc or KID asks for: TS 102 225 clauses 5.1.2 and 5.1.3.
    private struct Indication {
        let version: UInt8
        private let algorithm: UInt8

        init(_ octet: UInt8) {
            version = octet >> 4
            algorithm = octet & 0x0F
        }

        /// Whether a key is of that algorithm. An implicit one is that of the key; single DES is none.
        func isFor(_ key: BlockCipher.Algorithm, length: Int) -> Bool {
            switch algorithm {
            case 0x00: true
            case 0x02: key == .aes
            case 0x05: key == .des && length == 16
            case 0x09: key == .des && length == 24
            default: false
            }
        }
    }

    /// Finds keys in a security domain; nil where one is not there, or of another algorithm than the octet says, and where
    /// the octets name different versions.
    ///
    /// - Parameters:
    ///   - kic: the octet, where anything is ciphered.
    ///   - kid: the octet, where anything has a cryptographic checksum.
    static func find(
        kic: UInt8?,
        kid: UInt8?,
        of domain: ObjectReference,
        in memory: borrowing Memory
    ) -> DomainPacketKeys? {
        let ciphering = kic.map(Indication.init)
        let integrity = kid.map(Indication.init)
        guard let version = integrity?.version ?? ciphering?.version,
            ciphering == nil || ciphering?.version == version,
            let set = memory.securedPacketKeySet(version, of: domain)
        else { return nil }
        let integrityKey = integrity.flatMap { key(.integrity, $0, of: set, in: memory) }
        let cipheringKey = ciphering.flatMap { key(.ciphering, $0, of: set, in: memory) }
        guard hasKey(integrityKey) || kid == nil, hasKey(cipheringKey) || kic == nil else { return nil }
        return DomainPacketKeys(
            version: version,
            set: set.reference,
            keys: PacketKeys(
                integrity: integrityKey,
                ciphering: cipheringKey,
                kidAlgorithm: (kid ?? 0) & 0x0F
            )
        )
    }

    private static func key(
        _ key: SecuredPacketKey,
        _ indication: Indication,
        of set: KeySet,
        in memory: borrowing Memory
    ) -> PacketKey? {
        do throws(StatusWord) {
            return try memory.withKey(key, of: set) { (algorithm, octets) throws(StatusWord) -> PacketKey in
                guard indication.isFor(algorithm, length: octets.count) else { throw .referencedDataNotFound }
                return PacketKey(algorithm, octets)
            }
        } catch {
            return nil
        }
    }
}

private func hasKey(_ key: borrowing PacketKey?) -> Bool {
    switch key {
    case .some: true
    case .none: false
    }
}
