import CardCryptoSeam
import Octets

/// A key of AES (FIPS 197) or of DES and Triple DES (SP 800-67), ready to use.
///
/// It has one owner, and is wiped when that ends. Operations do not change it; one thread uses it at a time.
/// No operation allocates memory, but to make one does. An output buffer is the input's memory itself, or does not overlap it; it may be
/// longer than the result.
public struct BlockCipher: ~Copyable {
    /// The algorithm that a key is for.
    public enum Algorithm: Sendable {
        /// AES with a key of 16, 24 or 32 octets; a block has 16 octets.
        case aes
        /// DES with a key of 8 octets, Triple DES with one of 16 (two keys) or 24 (three keys); a block has 8 octets.
        /// The parity bits are passed over.
        case des

        /// How many octets a block has.
        public var blockLength: Int { self == .aes ? Block.length : 8 }
    }

    /// The algorithm of the key.
    public let algorithm: Algorithm
    let context: OpaquePointer

    /// Makes a key ready to use.
    ///
    /// - Throws: `CryptoError.keyLength` for a length that the algorithm does not have.
    public init(_ algorithm: Algorithm, key: OctetView) throws(CryptoError) {
        switch (algorithm, key.count) {
        case (.aes, 16), (.aes, 24), (.aes, 32), (.des, 8), (.des, 16), (.des, 24): break
        default: throw .keyLength
        }
        let seam = algorithm == .aes ? SEAM_AES : SEAM_DES
        guard let context = key.withUnsafeBytes({ seam_cipher_new(Int32(seam), $0.octets, $0.count) }) else {
            throw .libraryFailure
        }
        self.algorithm = algorithm
        self.context = context
    }

    /// Puts another key of the same length in the place of this one.
    ///
    /// - Throws: `CryptoError.keyLength` for another length; the key is then as before.
    public mutating func setKey(_ key: OctetView) throws(CryptoError) {
        try check(key.withUnsafeBytes { seam_cipher_set_key(context, $0.octets, $0.count) }, refused: .keyLength)
    }

    deinit { seam_cipher_free(context) }

    /// How many octets a block has: 16 or 8.
    public var blockLength: Int { algorithm.blockLength }

    /// Enciphers whole blocks, each by itself (SP 800-38A clause 6.1).
    ///
    /// - Throws: `CryptoError.dataLength` where the input is no whole blocks, `outputLength` where the output is shorter.
    public func encryptECB(_ input: OctetView, into output: UnsafeMutableRawBufferPointer) throws(CryptoError) {
        try requireBlocks(input, output)
        try check(input.withUnsafeBytes { encrypt($0.octets, $0.count, output.octets) }, refused: .dataLength)
    }

    /// Deciphers whole blocks, each by itself (SP 800-38A clause 6.1).
    ///
    /// - Throws: as `encryptECB`.
    public func decryptECB(_ input: OctetView, into output: UnsafeMutableRawBufferPointer) throws(CryptoError) {
        try requireBlocks(input, output)
        try check(
            input.withUnsafeBytes { seam_cipher_decrypt(context, $0.octets, $0.count, output.octets) },
            refused: .dataLength
        )
    }

    func encrypt(_ input: UnsafePointer<UInt8>?, _ length: Int, _ output: UnsafeMutablePointer<UInt8>?) -> Int32 {
        seam_cipher_encrypt(context, input, length, output)
    }

    func requireBlocks(_ input: OctetView, _ output: UnsafeMutableRawBufferPointer) throws(CryptoError) {
        guard input.count % blockLength == 0 else { throw .dataLength }
        guard output.count >= input.count else { throw .outputLength }
    }
}

/// A block in two halves, as they lie in memory. A block of 8 octets is the first half alone.
struct Block {
    static var length: Int { 16 }

    var first: UInt64 = 0
    var second: UInt64 = 0

    init() {}

    /// Reads a block of `length` (16 or 8) octets.
    init(_ place: UnsafeRawPointer, length: Int) {
        first = place.loadUnaligned(as: UInt64.self)
        if length == Block.length { second = place.loadUnaligned(fromByteOffset: 8, as: UInt64.self) }
    }

    func store(to place: UnsafeMutableRawPointer, length: Int) {
        place.storeBytes(of: first, as: UInt64.self)
        if length == Block.length { place.storeBytes(of: second, toByteOffset: 8, as: UInt64.self) }
    }

    static func ^ (left: Block, right: Block) -> Block {
        var block = left
        block.first ^= right.first
        block.second ^= right.second
        return block
    }

    /// Adds 1 to the block as a big-endian number, modulo 2 to the number of its bits (SP 800-38A appendix B.1).
    mutating func increment(length: Int) {
        if length == Block.length {
            second = (UInt64(bigEndian: second) &+ 1).bigEndian
            if second != 0 { return }
        }
        first = (UInt64(bigEndian: first) &+ 1).bigEndian
    }
}
