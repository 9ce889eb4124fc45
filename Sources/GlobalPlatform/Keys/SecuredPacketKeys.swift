import CardCrypto
import Memory
import Octets

// Keys for secured packets (TS 102 225): the key sets 01 to 0F of a security domain.

/// What a key of SCP80 is for: its identifier.
public enum SecuredPacketKey: UInt8, Sendable {
    /// Ciphering: KIc.
    case ciphering = 0x01
    /// Redundancy checks and cryptographic checksums: KID.
    case integrity = 0x02
    /// Protection of keys inside commands: KIK.
    case keyEncryption = 0x03
}

extension KeySet {
    /// The largest counter: it blocks the key set.
    public static let lastPacketCounter: UInt64 = 0xFF_FFFF_FFFF
    /// Where the counter of secured packets stands, five octets, in a key set that is for them.
    static let packetCounterOffset = 11
    static let packetCounterWidth = 5

    /// Whether it is for secured packets.
    public var isForSecuredPackets: Bool { purpose == .scp80 }

    /// The counter of the last secured packet that was accepted, 40 bits; 0 before the first, and of a key set for
    /// something else.
    public var packetCounter: UInt64 {
        guard isForSecuredPackets else { return 0 }
        var value: UInt64 = 0
        for index in 0..<Self.packetCounterWidth {
            value = value << 8 | UInt64(header.octet(at: Self.packetCounterOffset + index) ?? 0)
        }
        return value
    }
}

extension Memory {
    /// The key set of a version for secured packets; nil where a security domain has none.
    ///
    /// - Parameter version: the key index of KIc and KID, 1 to 15.
    public func securedPacketKeySet(_ version: UInt8, of domain: ObjectReference) -> KeySet? {
        guard (0x01...0x0F).contains(version), let set = keySet(version, of: domain), set.isForSecuredPackets else {
            return nil
        }
        return set
    }

    /// Keeps the counter of a key set for secured packets. The caller commits.
    ///
    /// - Parameter value: at most `KeySet.lastPacketCounter`.
    /// - Throws: 6A88 for a key set that is not for secured packets; 6A80 for a larger value; 6581 where the journal is
    ///   full.
    public mutating func setPacketCounter(_ value: UInt64, of set: ObjectReference) throws(StatusWord) {
        guard KeySet(set, in: self)?.isForSecuredPackets == true else { throw .referencedDataNotFound }
        guard value <= KeySet.lastPacketCounter else { throw .incorrectData }
        var octets = InlineArray<5, UInt8>(repeating: 0)
        try withUnsafeMutableBytes(of: &octets) { (buffer) throws(StatusWord) in
            var writer = OctetWriter(buffer)
            for shift in [32, 24, 16, 8, 0] as [UInt64] { writer.append(UInt8(truncatingIfNeeded: value >> shift)) }
            try write(set, at: KeySet.packetCounterOffset, writer.view)
        }
    }

    /// Calls `body` with a key of a key set for secured packets: Triple DES or AES. A Triple DES key whose neighbouring
    /// parts are the same but for parity, and that is single DES, is none.
    ///
    /// - Throws: 6A88 where there is no such key; what `body` throws.
    public func withKey<Result: ~Copyable>(
        _ key: SecuredPacketKey,
        of set: KeySet,
        _ body: (BlockCipher.Algorithm, OctetView) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        guard set.isForSecuredPackets else { throw .referencedDataNotFound }
        return try withKeys(of: set) { (keys) throws(StatusWord) -> Result in
            guard let found = keys.key(key.rawValue)?.key else { throw .referencedDataNotFound }
            switch found.type {
            case .aes: return try body(.aes, found.octets)
            case .des where !isSingleDES(found.octets): return try body(.des, found.octets)
            default: throw .referencedDataNotFound
            }
        }
    }

    /// The key that keys inside commands are enciphered with: KIK; nil where there is none.
    func keyEncryptionKey(of set: KeySet) -> DataEncryptionKey? {
        do throws(StatusWord) {
            return try withKey(.keyEncryption, of: set) { (algorithm, octets) throws(StatusWord) -> DataEncryptionKey in
                do throws(CryptoError) {
                    return try DataEncryptionKey(algorithm, key: octets)
                } catch {
                    throw .referencedDataNotFound
                }
            }
        } catch {
            return nil
        }
    }
}

/// Whether a key of Triple DES is one of single DES: its neighbouring parts of eight octets are the same but for their
/// parity bits. It looks at all of them, whatever it finds.
private func isSingleDES(_ key: OctetView) -> Bool {
    guard key.count >= 16 else { return true }
    var isSingle = false
    for start in stride(from: 0, through: key.count - 16, by: 8) {
        var difference: UInt8 = 0
        for index in start..<start + 8 {
            difference |= ((key.octet(at: index) ?? 0) ^ (key.octet(at: index + 8) ?? 0)) & 0xFE
        }
        isSingle = isSingle || difference == 0
    }
    return isSingle
}
