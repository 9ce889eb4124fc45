import CardCrypto
import Octets

/// Octets in memory that is wiped.
func secret(_ octets: some Collection<UInt8>) -> SecretOctets {
    let secret = SecretOctets(count: octets.count)
    for (index, octet) in octets.enumerated() { secret.buffer[index] = octet }
    return secret
}

/// Padding method 2 of ISO/IEC 9797-1.
enum Padding {
    static func added(to data: [UInt8], block: Int) -> [UInt8] {
        data + [0x80] + [UInt8](repeating: 0x00, count: block - 1 - data.count % block)
    }

    /// The octets in front of the padding; nil where there is none. Whole blocks of zeros, which some cards add, are
    /// taken for a part of it.
    static func removed(from data: [UInt8]) -> [UInt8]? {
        guard let mark = data.lastIndex(where: { $0 != 0x00 }), data[mark] == 0x80 else { return nil }
        return Array(data[..<mark])
    }
}

extension BlockCipher {
    /// Whole blocks, enciphered in CBC mode.
    borrowing func encrypted(_ data: [UInt8], iv: [UInt8]) throws(CryptoError) -> [UInt8] {
        let blocks = secret(data)
        let vector = secret(iv)
        try encryptCBC(blocks.view, iv: vector.view, into: blocks.buffer)
        return blocks.view.array
    }

    /// Whole blocks, deciphered in CBC mode.
    borrowing func decrypted(_ data: [UInt8], iv: [UInt8]) throws(CryptoError) -> [UInt8] {
        let blocks = secret(data)
        let vector = secret(iv)
        try decryptCBC(blocks.view, iv: vector.view, into: blocks.buffer)
        return blocks.view.array
    }

    /// One block, enciphered.
    borrowing func encrypted(block: [UInt8]) throws(CryptoError) -> [UInt8] {
        let copy = secret(block)
        try encryptECB(copy.view, into: copy.buffer)
        return copy.view.array
    }
}

/// Whether both are the same octets, found in a time that depends on their number only.
func areEqual(_ first: some Collection<UInt8>, _ second: some Collection<UInt8>) -> Bool {
    let first = secret(first)
    let second = secret(second)
    return constantTimeEqual(first.view, second.view)
}
