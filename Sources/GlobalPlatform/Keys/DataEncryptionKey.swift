import CardCrypto
import Octets

/// The key that keys and other sensitive data are enciphered with inside a session, in addition to its protection.
///
/// It is the session DEK of SCP02 (Triple DES in ECB mode: GPCS clause E.4.7), the static Key-DEK of SCP03 (AES in CBC
/// mode from a zero ICV: AmdD clause 6.2.8), the session DEK of SCP11 (as of SCP03), or the KIK of SCP80 (either).
public struct DataEncryptionKey: ~Copyable {
    /// nil: nothing is enciphered.
    private let cipher: BlockCipher?

    /// Makes a key ready to use.
    ///
    /// - Throws: `CryptoError.keyLength` for a length that the algorithm does not have.
    public init(_ algorithm: BlockCipher.Algorithm, key: OctetView) throws(CryptoError) {
        cipher = try BlockCipher(algorithm, key: key)
    }

    private init() { cipher = nil }

    /// No key: keys come in the clear, as in a profile package.
    static var inTheClear: DataEncryptionKey { DataEncryptionKey() }

    /// How many octets a block has: 8 or 16; 1 where nothing is enciphered.
    public var blockLength: Int {
        switch cipher {
        case .some(let cipher): cipher.blockLength
        case .none: 1
        }
    }

    /// Deciphers whole blocks.
    ///
    /// - Throws: `CryptoError.dataLength` for others, `outputLength` where the output is shorter.
    public func decrypt(_ data: OctetView, into output: UnsafeMutableRawBufferPointer) throws(CryptoError) {
        switch cipher {
        case .some(let cipher):
            switch cipher.algorithm {
            case .des: try cipher.decryptECB(data, into: output)
            case .aes: try cipher.decryptCBC(data, into: output)
            }
        case .none: try Self.copy(data, into: output)
        }
    }

    /// Enciphers whole blocks.
    ///
    /// - Throws: as `decrypt`.
    public func encrypt(_ data: OctetView, into output: UnsafeMutableRawBufferPointer) throws(CryptoError) {
        switch cipher {
        case .some(let cipher):
            switch cipher.algorithm {
            case .des: try cipher.encryptECB(data, into: output)
            case .aes: try cipher.encryptCBC(data, into: output)
            }
        case .none: try Self.copy(data, into: output)
        }
    }

    private static func copy(_ data: OctetView, into output: UnsafeMutableRawBufferPointer) throws(CryptoError) {
        guard output.count >= data.count else { throw .outputLength }
        data.copy(to: output)
    }
}
