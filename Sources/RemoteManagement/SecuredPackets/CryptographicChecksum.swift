import CardCrypto
import Octets

/// The cryptographic checksum of packets, eight octets: with AES the first ones of the CMAC, with Triple DES the last
/// block of the message in CBC mode, filled up with zeros (TS 102 225 clause 5.1.3).
enum CryptographicChecksum {
    static let length = 8

    /// The checksum of a message, in `output`, which has eight octets.
    static func compute(
        _ message: OctetView,
        with key: borrowing PacketKey,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        switch key.algorithm {
        case .aes:
            var cmac = try CMAC(key: key.octets.view)
            try cmac.update(message)
            try cmac.finish(into: output)
        case .des:
            let cipher = try BlockCipher(.des, key: key.octets.view)
            let blocks = SecretOctets(count: (message.count + 7) / 8 * 8)
            message.copy(to: blocks.buffer)
            try cipher.encryptCBC(blocks.view, into: blocks.buffer)
            blocks.view.part(from: blocks.count - length).copy(to: output)
        }
    }

    /// Whether `checksum` is that of a message, found in constant time.
    static func verify(
        _ checksum: OctetView,
        of message: OctetView,
        with key: borrowing PacketKey
    ) throws(CryptoError) -> Bool {
        let computed = SecretOctets(count: length)
        try compute(message, with: key, into: computed.buffer)
        return constantTimeEqual(checksum, computed.view)
    }
}
