import CardCryptoSeam
import Octets

// The modes of SP 800-38A that chain blocks or count them. Padding is the protocols' own.

extension BlockCipher {
    /// Enciphers whole blocks in CBC mode (clause 6.2), without padding. `iv` has the length of a block; nil stands for
    /// zeros.
    ///
    /// - Throws: `CryptoError.dataLength` where the input is no whole blocks or `iv` no block, `outputLength` where the
    ///   output is shorter than the input.
    public func encryptCBC(
        _ input: OctetView,
        iv: OctetView? = nil,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        try requireBlocks(input, output)
        var chain = try block(iv)
        let result: Int32 = input.withUnsafeBytes { input in
            withUnsafeMutableBytes(of: &chain) { chain in
                seam_cipher_encrypt_chained(context, chain.octets, input.octets, input.count, output.octets)
            }
        }
        try check(result)
    }

    /// Deciphers whole blocks in CBC mode (clause 6.2); the padding stays. `iv` as in `encryptCBC`.
    ///
    /// - Throws: as `encryptCBC`.
    public func decryptCBC(
        _ input: OctetView,
        iv: OctetView? = nil,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        try requireBlocks(input, output)
        let chain = try block(iv)
        let result: Int32 = input.withUnsafeBytes { input in
            withUnsafeBytes(of: chain) { chain in
                seam_cipher_decrypt_chained(context, chain.octets, input.octets, input.count, output.octets)
            }
        }
        try check(result)
    }

    /// Enciphers whole blocks in CBC mode, of which only the chaining value, a block, is kept.
    func absorb(_ input: OctetView, into chain: UnsafeMutablePointer<UInt8>) throws(CryptoError) {
        try check(
            input.withUnsafeBytes { seam_cipher_absorb(context, chain, $0.octets, $0.count) },
            refused: .dataLength
        )
    }

    /// Enciphers or deciphers any number of octets in CTR mode (clause 6.5). `counter` is the first counter block; the
    /// whole block counts, modulo 2 to the number of its bits.
    ///
    /// - Throws: `CryptoError.dataLength` where `counter` is no block, `outputLength` where the output is shorter than
    ///   the input.
    public func applyCTR(
        _ input: OctetView,
        counter: OctetView,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        guard output.count >= input.count else { throw .outputLength }
        var counter = try block(counter)
        let length = blockLength
        let result: Int32 = input.withUnsafeBytes { input in
            guard let from = input.baseAddress, let to = output.baseAddress else { return 1 }
            var stream = Block()
            return withUnsafeMutableBytes(of: &stream) { stream in
                defer { wipe(stream) }
                for offset in stride(from: 0, to: input.count, by: length) {
                    guard let mask = stream.baseAddress else { return -1 }
                    counter.store(to: mask, length: length)
                    let result = encrypt(stream.octets, length, stream.octets)
                    guard result == 1 else { return result }
                    counter.increment(length: length)
                    for index in 0..<min(length, input.count - offset) {
                        let octet = from.load(fromByteOffset: offset + index, as: UInt8.self)
                        let masked = octet ^ mask.load(fromByteOffset: index, as: UInt8.self)
                        to.storeBytes(of: masked, toByteOffset: offset + index, as: UInt8.self)
                    }
                }
                return 1
            }
        }
        try check(result)
    }

    private func block(_ view: OctetView?) throws(CryptoError) -> Block {
        guard let view else { return Block() }
        guard view.count == blockLength else { throw .dataLength }
        return view.withUnsafeBytes { $0.baseAddress.map { Block($0, length: blockLength) } ?? Block() }
    }
}
