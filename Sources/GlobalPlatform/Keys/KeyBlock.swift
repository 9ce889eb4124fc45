import CardCrypto
import Octets

/// A secret component of a key as it arrives: GPCS tables 11-70 and 11-71.
///
/// It is either ciphertext alone, which then is whole blocks, or the length of the plain text and the ciphertext, which
/// then are not. Both are in use for keys that fill their blocks.
struct KeyBlock {
    /// The length in the clear.
    let length: Int
    private let ciphertext: OctetView

    /// Reads the block of a key data field.
    ///
    /// - Throws: 6A80 where it is neither of the two.
    init(_ block: OctetView, blockLength: Int) throws(StatusWord) {
        if !block.isEmpty, block.count % blockLength == 0 {
            try self.init(block, length: block.count, blockLength: blockLength)
        } else {
            var cursor = OctetCursor(block)
            guard let length = cursor.berLength() else { throw .incorrectData }
            try self.init(cursor.rest(), length: length, blockLength: blockLength)
        }
    }

    /// A ciphertext whose length in the clear is known.
    ///
    /// - Throws: 6A80 where it is no whole blocks, or another number of them.
    init(_ ciphertext: OctetView, length: Int, blockLength: Int) throws(StatusWord) {
        guard length > 0, ciphertext.count % blockLength == 0, length <= ciphertext.count,
            ciphertext.count - length < blockLength
        else { throw .incorrectData }
        self.length = length
        self.ciphertext = ciphertext
    }

    /// The component in the clear.
    func decrypted(_ encryption: borrowing DataEncryptionKey) throws(StatusWord) -> SecretOctets {
        let blocks = SecretOctets(count: ciphertext.count)
        let view = ciphertext
        try computed { () throws(CryptoError) in try encryption.decrypt(view, into: blocks.buffer) }
        return SecretOctets(blocks.view.part(from: 0, length: length))
    }
}

extension KeyType {
    /// The longest component that is no symmetric key and on no curve, in octets: RSA with 4096 bits.
    private static let longestNumber = 512

    /// Checks a component in the clear.
    ///
    /// - Parameter curve: of a key of an elliptic curve.
    /// - Throws: 6A80 where it has a length that its type does not have, where a Triple DES key is a DES key twice over,
    ///   or where it is no point or number of the curve.
    func require(_ value: OctetView, on curve: Curve?) throws(StatusWord) {
        let isRight: Bool
        switch self {
        case .aes: isRight = [16, 24, 32].contains(value.count)
        case .des: isRight = [16, 24].contains(value.count) && Self.isTriple(value)
        case .tlsPSK, .hmac, .hmac160: isRight = (16...64).contains(value.count)
        case .eccPublic: isRight = Self.isPoint(value, of: curve)
        case .eccPrivate: isRight = Self.isNumber(value, of: curve)
        default: isRight = (1...Self.longestNumber).contains(value.count)
        }
        guard isRight else { throw .incorrectData }
    }

    /// With equal halves Triple DES is DES; with three keys, the last two undo each other as well.
    private static func isTriple(_ key: OctetView) -> Bool {
        let second = key.part(from: 8, length: 8)
        guard !constantTimeEqual(key.part(from: 0, length: 8), second) else { return false }
        return key.count == 16 || !constantTimeEqual(second, key.part(from: 16))
    }

    private static func isPoint(_ octets: OctetView, of curve: Curve?) -> Bool {
        guard let curve, octets.octet(at: 0) == 0x04 else { return false }
        do throws(CryptoError) {
            _ = try PublicKey(curve, point: octets)
            return true
        } catch { return false }
    }

    private static func isNumber(_ octets: OctetView, of curve: Curve?) -> Bool {
        guard let curve else { return false }
        do throws(CryptoError) {
            _ = try PrivateKey(curve, scalar: octets)
            return true
        } catch { return false }
    }

    /// Checks what goes with a key in the clear: DES and AES keys have a key check value, others have none (that of
    /// pre-shared and HMAC keys is not known).
    ///
    /// - Throws: 6A80 where it is missing, too much, or of another length; 6982 where it is that of another key.
    func require(_ checkValue: OctetView, of key: OctetView) throws(StatusWord) {
        guard self == .aes || self == .des else {
            guard checkValue.isEmpty else { throw .incorrectData }
            return
        }
        guard checkValue.count == KeyCheckValue.length else { throw .incorrectData }
        let algorithm: BlockCipher.Algorithm = self == .aes ? .aes : .des
        let expected = try computed { () throws(CryptoError) in try KeyCheckValue(algorithm, key: key) }
        guard expected.matches(checkValue) else { throw .securityStatusNotSatisfied }
    }
}

extension StatusWord {
    /// 9484: algorithm not supported (GPCS table 11-73).
    static let algorithmNotSupported = StatusWord(0x9484)
}
