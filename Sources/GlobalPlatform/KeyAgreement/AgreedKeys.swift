import CardCrypto
import Octets

/// The keys that come of a key agreement: the receipt key, then as many keys of one length as there are purposes.
///
/// SCP11 (AmdF) and scenario 3 of the confidential setup of keys (AmdA, ECKA-EG) derive them alike, by the
/// KDF of X9.63 with SHA-256.
public struct AgreedKeys: ~Copyable {
    private let octets: SecretOctets
    /// How many octets each key has.
    public let length: Int

    /// Derives the receipt key and `count` keys of `length` octets (16, 24 or 32).
    public init(z: OctetView, sharedInfo: OctetView, count: Int, length: Int) throws(CryptoError) {
        octets = SecretOctets(count: (count + 1) * length)
        self.length = length
        try X963KDF.derive(z: z, sharedInfo: sharedInfo, into: octets.buffer)
    }

    /// A key by its place, from 0; no octets beyond the last one. Not for use beyond the life of this value.
    public func key(_ index: Int) -> OctetView { octets.view.part(from: (index + 1) * length, length: length) }

    /// Writes the receipt over the views, one after the other, in 16 octets.
    public func receipt(
        over first: OctetView,
        _ second: OctetView = .empty,
        _ third: OctetView = .empty,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        var cmac = try CMAC(key: octets.view.part(from: 0, length: length))
        try cmac.update(first)
        try cmac.update(second)
        try cmac.update(third)
        try cmac.finish(into: output)
    }
}
