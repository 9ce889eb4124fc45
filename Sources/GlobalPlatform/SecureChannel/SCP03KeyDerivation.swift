import CardCrypto
import Octets

/// The key derivation of SCP03: AmdD clause 4.1.5, the counter mode of SP 800-108 with AES-CMAC.
public struct SCP03KeyDerivation: ~Copyable {
    /// What is derived: AmdD table 4-1.
    public enum Purpose: UInt8, Sendable {
        case cardCryptogram = 0x00
        case hostCryptogram = 0x01
        case cardChallenge = 0x02
        case encryption = 0x04
        case commandMAC = 0x06
        case responseMAC = 0x07
    }

    private var cmac: CMAC

    /// Derives from an AES key of 16, 24 or 32 octets.
    ///
    /// - Throws: `CryptoError.keyLength` for another length.
    public init(key: OctetView) throws(CryptoError) { cmac = try CMAC(key: key) }

    /// Fills `output`, at most 32 octets; the context is both views one after the other.
    public mutating func derive(
        _ purpose: Purpose,
        _ first: OctetView,
        _ second: OctetView,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        guard output.count <= 32 else { throw .outputLength }
        let bits = UInt16(output.count) * 8
        var offset = 0
        var counter: UInt8 = 1
        while offset < output.count {
            var label = InlineArray<16, UInt8>(repeating: 0)
            label[11] = purpose.rawValue
            label[13] = UInt8(truncatingIfNeeded: bits >> 8)
            label[14] = UInt8(truncatingIfNeeded: bits)
            label[15] = counter
            try label.span.withUnsafeBytes { (label) throws(CryptoError) in try cmac.update(OctetView(label)) }
            try cmac.update(first)
            try cmac.update(second)
            let count = min(16, output.count - offset)
            try cmac.finish(into: UnsafeMutableRawBufferPointer(rebasing: output[offset..<(offset + count)]))
            offset += count
            counter += 1
        }
    }

    /// A derived secret of `count` octets, at most 32.
    public mutating func derive(
        _ purpose: Purpose,
        _ first: OctetView,
        _ second: OctetView,
        count: Int
    ) throws(CryptoError) -> SecretOctets {
        let secret = SecretOctets(count: count)
        try derive(purpose, first, second, into: secret.buffer)
        return secret
    }
}

/// The session keys and cryptograms of an SCP03 session: AmdD clause 6.2.
public struct SCP03SessionKeys: ~Copyable {
    /// S-ENC.
    public let encryption: SecretOctets
    /// S-MAC.
    public let commandMAC: SecretOctets
    /// S-RMAC.
    public let responseMAC: SecretOctets
    /// What the card authenticates itself with.
    public let cardCryptogram: SecretOctets
    /// What the host authenticates itself with.
    public let hostCryptogram: SecretOctets

    /// Derives them from the static keys and the challenges.
    ///
    /// - Throws: `CryptoError.keyLength` where the keys are not AES keys of one length.
    public init(
        encryptionKey: OctetView,
        macKey: OctetView,
        hostChallenge: OctetView,
        cardChallenge: OctetView,
        size: AESSecureMessaging.Size
    ) throws(CryptoError) {
        let length = encryptionKey.count
        guard macKey.count == length else { throw .keyLength }
        var fromEncryption = try SCP03KeyDerivation(key: encryptionKey)
        var fromMAC = try SCP03KeyDerivation(key: macKey)
        let encryption = try fromEncryption.derive(.encryption, hostChallenge, cardChallenge, count: length)
        let commandMAC = try fromMAC.derive(.commandMAC, hostChallenge, cardChallenge, count: length)
        let responseMAC = try fromMAC.derive(.responseMAC, hostChallenge, cardChallenge, count: length)
        var fromSession = try SCP03KeyDerivation(key: commandMAC.view)
        let card = try fromSession.derive(.cardCryptogram, hostChallenge, cardChallenge, count: size.rawValue)
        let host = try fromSession.derive(.hostCryptogram, hostChallenge, cardChallenge, count: size.rawValue)
        self.encryption = encryption
        self.commandMAC = commandMAC
        self.responseMAC = responseMAC
        cardCryptogram = card
        hostCryptogram = host
    }
}
