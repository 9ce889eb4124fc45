import CardCrypto
import Octets
import Testing

/// Messages longer than what the seam takes at once, under a key that has done other work before, beside a key of its own
/// for each block.
@Suite struct ChainedBlockTests {
    static let lengths = [0, 1, 2, 15, 16, 17, 18, 31, 32, 33, 34, 65]

    /// One block, enciphered with a key that is used for nothing else.
    private static func single(_ algorithm: BlockCipher.Algorithm, _ key: [UInt8], _ block: [UInt8]) throws -> [UInt8] {
        try key.withView { key in
            let cipher = try BlockCipher(algorithm, key: key)
            return try block.withView { block in try written(block.count) { try cipher.encryptECB(block, into: $0) } }
        }
    }

    private static func chained(
        _ algorithm: BlockCipher.Algorithm,
        _ key: [UInt8],
        iv: [UInt8],
        _ octets: [UInt8]
    ) throws -> [UInt8] {
        var (chain, result) = (iv, [UInt8]())
        for start in stride(from: 0, to: octets.count, by: iv.count) {
            chain = try single(algorithm, key, zip(octets[start..<start + iv.count], chain).map { $0 ^ $1 })
            result += chain
        }
        return result
    }

    @Test(arguments: [(BlockCipher.Algorithm.aes, 16), (.aes, 24), (.aes, 32), (.des, 8), (.des, 16), (.des, 24)])
    func chains(_ algorithm: BlockCipher.Algorithm, _ length: Int) throws {
        let key = (0..<length).map { UInt8($0 * 7 + 1) }
        let block = algorithm.blockLength
        let other = [UInt8](repeating: 0x3C, count: block)
        let alone = try Self.single(algorithm, key, other)
        try key.withView { key in
            var cipher = try BlockCipher(algorithm, key: key)
            for blocks in Self.lengths {
                let iv = (0..<block).map { UInt8($0 + blocks) }
                let plain = (0..<blocks * block).map { UInt8(truncatingIfNeeded: $0 * 13 + blocks) }
                let expected = try Self.chained(algorithm, key.array, iv: iv, plain)
                try iv.withView { iv in
                    let apart = try plain.withView { plain in
                        try written(plain.count) { try cipher.encryptCBC(plain, iv: iv, into: $0) }
                    }
                    #expect(hex(apart) == hex(expected), "\(blocks) blocks")
                    let back = try expected.withView { octets in
                        try written(octets.count) { try cipher.decryptCBC(octets, iv: iv, into: $0) }
                    }
                    #expect(hex(back) == hex(plain), "\(blocks) blocks")
                    let inPlace = try written(plain.count) { output in
                        output.copyBytes(from: plain)
                        let view = OctetView(UnsafeRawBufferPointer(output))
                        try cipher.encryptCBC(view, iv: iv, into: output)
                        #expect(view.array == expected)
                        try cipher.decryptCBC(view, iv: iv, into: output)
                    }
                    #expect(hex(inPlace) == hex(plain), "\(blocks) blocks")
                }
                // What came before does not show in a block by itself, nor after a new key.
                if blocks % 2 == 0 { try cipher.setKey(key) }
                let again = try other.withView { other in
                    try written(block) { try cipher.encryptECB(other, into: $0) }
                }
                #expect(hex(again) == hex(alone))
            }
        }
    }

    /// SP 800-38B clause 6.2, from blocks by themselves.
    @Test func longMACs() throws {
        let key = [UInt8](0x20...0x2F)
        func double(_ block: [UInt8]) -> [UInt8] {
            var shifted = block.indices.map { block[$0] << 1 | ($0 < 15 ? block[$0 + 1] >> 7 : 0) }
            if block[0] & 0x80 != 0 { shifted[15] ^= 0x87 }
            return shifted
        }
        let zeros = [UInt8](repeating: 0, count: 16)
        let first = double(try Self.single(.aes, key, zeros))
        try key.withView { keyView in
            var cmac = try CMAC(key: keyView)
            for count in [0, 1, 16, 17, 255, 256, 257, 271, 272, 273, 511, 512, 513, 528, 529, 1_000] {
                let message = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 31 + count) }
                let isWhole = count > 0 && count % 16 == 0
                var padded = message
                if !isWhole { padded += [0x80] + [UInt8](repeating: 0, count: 15 - count % 16) }
                let subkey = isWhole ? first : double(first)
                for index in 0..<16 { padded[padded.count - 16 + index] ^= subkey[index] }
                let expected = try Self.chained(.aes, key, iv: zeros, padded).suffix(16)
                for step in [1, 7, 16, 21, 256, 300, 1_000] {
                    try message.withView { view in
                        for start in stride(from: 0, to: count, by: step) {
                            try cmac.update(view.part(from: start, length: step))
                        }
                    }
                    let mac = try written(16) { try cmac.finish(into: $0) }
                    #expect(hex(mac) == hex(Array(expected)), "\(count) octets in pieces of \(step)")
                }
            }
        }
    }
}
