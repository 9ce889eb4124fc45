import CardCrypto
import Octets

/// The three octets that tell whether a key has arrived as it was sent: GPCS clause B.6, AmdD clause 4.1.4.
public struct KeyCheckValue: Equatable, Sendable {
    /// How many octets it has.
    public static var length: Int { 3 }

    /// The octets as one number.
    public let number: UInt32

    /// The value of a key: the first octets of a block enciphered with it. The block is all 00 for DES, all 01 for AES.
    ///
    /// - Throws: `CryptoError.keyLength` where `key` is none.
    public init(_ algorithm: BlockCipher.Algorithm, key: OctetView) throws(CryptoError) {
        let cipher = try BlockCipher(algorithm, key: key)
        let block = SecretOctets(count: cipher.blockLength)
        for index in 0..<block.count { block.buffer[index] = algorithm == .aes ? 0x01 : 0x00 }
        try cipher.encryptECB(block.view, into: block.buffer)
        number = block.view.part(from: 0, length: Self.length).number ?? 0
    }

    /// Whether `octets` are this value.
    public func matches(_ octets: OctetView) -> Bool { octets.count == Self.length && octets.number == number }

    /// Appends the octets.
    public func append(to writer: inout OctetWriter) { writer.append(number: number, minimum: Self.length) }
}
