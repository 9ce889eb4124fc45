import CardCrypto
import Octets

/// A secret key in the data field of PUT KEY: GPCS tables 11-68, 11-70 and 11-71.
///
/// The key stands in its field either as ciphertext alone, which then is whole blocks, or as its length and the
/// ciphertext, which then are not. Both are in use for keys that fill their blocks.
public struct KeyDataField {
    /// The type of the key.
    public let type: KeyType
    /// The length of the key in the clear.
    public let length: Int
    /// The key as it was enciphered.
    public let ciphertext: OctetView
    /// The key check value; empty where there is none.
    public let checkValue: OctetView

    /// Reads a field of the basic format.
    ///
    /// - Parameters:
    ///   - cursor: stands on the key type.
    ///   - blockLength: that of the key it was enciphered with.
    /// - Throws: 6A80 where the field is malformed, or the type not that of a secret symmetric key.
    public init(_ cursor: inout OctetCursor, blockLength: Int) throws(StatusWord) {
        guard let type = cursor.octet().flatMap(KeyType.init(rawValue:)), let count = cursor.berLength(),
            let block = cursor.octets(count), let checkLength = cursor.octet(),
            let checkValue = cursor.octets(Int(checkLength))
        else { throw .incorrectData }
        guard type == .des || type == .aes || type == .tlsPSK, !block.isEmpty else { throw .incorrectData }
        self.type = type
        self.checkValue = checkValue
        if block.count % blockLength == 0 {
            ciphertext = block
            length = block.count
        } else {
            var cursor = OctetCursor(block)
            guard let length = cursor.berLength(), length > 0 else { throw .incorrectData }
            self.length = length
            ciphertext = cursor.rest()
            guard ciphertext.count % blockLength == 0, length <= ciphertext.count,
                ciphertext.count - length < blockLength
            else { throw .incorrectData }
        }
    }

    /// The key in the clear, checked.
    ///
    /// - Throws: 6A80 where it has a length that its type does not have, where its check value is missing or of another
    ///   length, or where a Triple DES key is a DES key twice over; 6982 where its check value is another one.
    public func key(_ encryption: borrowing DataEncryptionKey) throws(StatusWord) -> SecretOctets {
        let blocks = SecretOctets(count: ciphertext.count)
        let view = ciphertext
        try computed { () throws(CryptoError) in try encryption.decrypt(view, into: blocks.buffer) }
        let key = SecretOctets(blocks.view.part(from: 0, length: length))
        let algorithm: BlockCipher.Algorithm
        switch (type, key.count) {
        case (.aes, 16), (.aes, 24), (.aes, 32): algorithm = .aes
        case (.des, 16), (.des, 24):
            algorithm = .des
            let first = key.view.part(from: 0, length: 8)
            let second = key.view.part(from: 8, length: 8)
            guard !constantTimeEqual(first, second) else { throw .incorrectData }
            // With three keys, the last two undo each other as well.
            if key.count == 24 {
                guard !constantTimeEqual(second, key.view.part(from: 16)) else { throw .incorrectData }
            }
        case (.tlsPSK, 16...64):
            // AmdB: the check value of these is not known; none is asked for.
            guard checkValue.isEmpty else { throw .incorrectData }
            return key
        default: throw .incorrectData
        }
        guard checkValue.count == KeyCheckValue.length else { throw .incorrectData }
        let expected = try computed { () throws(CryptoError) in try KeyCheckValue(algorithm, key: key.view) }
        guard expected.matches(checkValue) else { throw .securityStatusNotSatisfied }
        return key
    }

    /// Appends a field of the basic format: what a host sends.
    ///
    /// - Parameter withLength: whether the length of the key stands before a ciphertext that does not need it.
    public static func append(
        _ type: KeyType,
        _ key: OctetView,
        _ encryption: borrowing DataEncryptionKey,
        withLength: Bool,
        to writer: inout OctetWriter
    ) throws(CryptoError) {
        let block = encryption.blockLength
        let blocks = SecretOctets(count: (key.count + block - 1) / block * block)
        key.copy(to: blocks.buffer)
        try encryption.encrypt(blocks.view, into: blocks.buffer)
        let hasLength = withLength || blocks.count != key.count
        writer.append(type.rawValue)
        writer.append(UInt8(truncatingIfNeeded: blocks.count + (hasLength ? 1 : 0)))
        if hasLength { writer.append(UInt8(truncatingIfNeeded: key.count)) }
        writer.append(blocks.view)
        let value = try KeyCheckValue(type == .aes ? .aes : .des, key: key)
        writer.append(UInt8(KeyCheckValue.length))
        value.append(to: &writer)
    }
}
