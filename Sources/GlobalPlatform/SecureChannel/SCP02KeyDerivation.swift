import CardCrypto
import Octets

/// What GPCS annex E computes from the keys of SCP02 and the sequence counter.
public enum SCP02KeyDerivation {
    /// What a session key is for: GPCS clause E.4.1.
    public enum Purpose: UInt16, Sendable {
        case commandMAC = 0x0101
        case responseMAC = 0x0102
        case dataEncryption = 0x0181
        case encryption = 0x0182
    }

    /// A session key of 16 octets.
    ///
    /// - Throws: `CryptoError.keyLength` where `key` does not have 16 octets.
    public static func sessionKey(
        _ purpose: Purpose,
        key: OctetView,
        counter: UInt16
    ) throws(CryptoError) -> SecretOctets {
        guard key.count == 16 else { throw .keyLength }
        let secret = SecretOctets(count: 16)
        secret.buffer.storeBytes(of: purpose.rawValue.bigEndian, as: UInt16.self)
        secret.buffer.storeBytes(of: counter.bigEndian, toByteOffset: 2, as: UInt16.self)
        try BlockCipher(.des, key: key).encryptCBC(secret.view, into: secret.buffer)
        return secret
    }

    /// The cryptogram of the card (host challenge, counter and card challenge) or of the host (counter and card
    /// challenge, host challenge), 16 octets in all: GPCS clause E.4.2.
    public static func cryptogram(key: OctetView, _ first: OctetView, _ second: OctetView) throws(CryptoError)
        -> SecretOctets
    {
        guard first.count + second.count == 16 else { throw .dataLength }
        let blocks = SecretOctets(count: 24)
        first.copy(to: blocks.buffer)
        second.copy(to: blocks.part(first.count, second.count))
        blocks.buffer[16] = 0x80
        try BlockCipher(.des, key: key).encryptCBC(blocks.view, into: blocks.buffer)
        return SecretOctets(blocks.view.part(from: 16))
    }

    /// Writes the card challenge of option 40 into six octets: GPCS clause E.4.2.3.
    public static func cardChallenge(
        commandMAC: OctetView,
        aid: OctetView,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        var mac = try RetailMAC(key: commandMAC)
        let whole = SecretOctets(count: 8)
        mac.begin()
        try mac.update(aid)
        try mac.finish(into: whole.buffer)
        whole.view.part(from: 0, length: 6).copy(to: output)
    }
}
