import CardCrypto
import Octets

/// What the ECKA-EG scheme of the confidential setup of keys (scenario 3) derives keys from: AmdA, SGP.02 clause
/// 4.1.3.1.
///
/// Only the case without a host identifier and without derivation random is confirmed by records of a real card.
public struct ConfidentialKeySetup {
    /// Key usage qualifier: 10 for the three keys of a secure channel, 5C for one key.
    public let usage: UInt8
    /// The type of the keys.
    public let type: KeyType
    /// The length of each key.
    public let length: Int

    /// Keys that template A6 asks for.
    public init(usage: UInt8, type: KeyType, length: Int) {
        self.usage = usage
        self.type = type
        self.length = length
    }

    /// How many keys there are besides the receipt key.
    public var count: Int { usage == 0x10 ? 3 : 1 }

    /// Derives the keys from the shared secret, the card's random octets, and what names the host (`84`), the issuer
    /// (`42`) and the security domain (`45`), where they take part.
    public func keys(
        z: OctetView,
        random: OctetView = .empty,
        host: OctetView? = nil,
        issuer: OctetView? = nil,
        domain: OctetView? = nil
    ) throws(CryptoError) -> AgreedKeys {
        let room = SecretOctets(count: 3 + 32 + 3 * 256)
        var info = OctetWriter(room.buffer)
        info.append(usage)
        info.append(type.rawValue)
        info.append(UInt8(truncatingIfNeeded: length))
        info.append(random)
        for name in [host, issuer, domain] {
            guard let name else { continue }
            info.append(UInt8(truncatingIfNeeded: name.count))
            info.append(name)
        }
        guard !info.overflowed, [16, 24, 32].contains(length) else { throw .dataLength }
        return try AgreedKeys(z: z, sharedInfo: info.view, count: count, length: length)
    }
}
