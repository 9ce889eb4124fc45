import CardCrypto
import Octets
import Testing

@Suite struct BlockCipherTests {
    struct Vector: Decodable {
        let cipher: String
        let mode: String
        let key: HexOctets
        let iv: HexOctets?
        let plaintext: HexOctets
        let ciphertext: HexOctets
    }

    static func apply(
        _ vector: Vector,
        decrypt: Bool,
        _ input: OctetView,
        _ output: UnsafeMutableRawBufferPointer
    ) throws {
        let iv = vector.iv?.octets ?? []
        try iv.withView { iv in
            try vector.key.octets.withView { key in
                let cipher = try BlockCipher(vector.cipher == "AES" ? .aes : .des, key: key)
                switch (vector.mode, decrypt) {
                case ("ECB", false): try cipher.encryptECB(input, into: output)
                case ("ECB", true): try cipher.decryptECB(input, into: output)
                case ("CBC", false): try cipher.encryptCBC(input, iv: iv, into: output)
                case ("CBC", true): try cipher.decryptCBC(input, iv: iv, into: output)
                default: try cipher.applyCTR(input, counter: iv, into: output)
                }
            }
        }
    }

    /// Into other memory, and into the memory of the input itself.
    static func bothWays(_ vector: Vector, decrypt: Bool, _ input: [UInt8]) throws -> (String, String) {
        let apart = try written(input.count) { output in
            try input.withView { input in try apply(vector, decrypt: decrypt, input, output) }
        }
        let inPlace = try written(input.count) { output in
            output.copyBytes(from: input)
            try apply(vector, decrypt: decrypt, OctetView(UnsafeRawBufferPointer(output)), output)
        }
        return (hex(apart), hex(inPlace))
    }

    @Test(arguments: [("aes.json", 214), ("des.json", 237)])
    func publishedVectors(_ name: String, _ count: Int) throws {
        for vector in try VectorFile<Vector>.cases(name, count: count) {
            let encrypted = try Self.bothWays(vector, decrypt: false, vector.plaintext.octets)
            let decrypted = try Self.bothWays(vector, decrypt: true, vector.ciphertext.octets)
            let cipher = hex(vector.ciphertext.octets)
            let plain = hex(vector.plaintext.octets)
            #expect(encrypted == (cipher, cipher), "\(vector)")
            #expect(decrypted == (plain, plain), "\(vector)")
        }
    }

    /// SP 800-38A clause 6.5 with blocks of 8 octets: the keystream is the encrypted counters.
    @Test func counterModeOfDES() throws {
        let key: [UInt8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF]
        let counters = Hex.octets("FFFFFFFFFFFFFFFE FFFFFFFFFFFFFFFF 0000000000000000") ?? []
        let (stream, output) = try key.withView { key in
            let cipher = try BlockCipher(.des, key: key)
            let stream = try written(24) { output in
                try counters.withView { input in try cipher.encryptECB(input, into: output) }
            }
            let output = try written(21) { output in
                try [UInt8](repeating: 0, count: 21).withView { zeros in
                    try counters.withView { counters in
                        try cipher.applyCTR(zeros, counter: counters.part(from: 0, length: 8), into: output)
                    }
                }
            }
            return (stream, output)
        }
        #expect(hex(output) == hex(Array(stream.prefix(21))))
    }

    @Test func noInitialVectorIsZeros() throws {
        let data = [UInt8](0..<48)
        let zeros = [UInt8](repeating: 0, count: 16)
        let results = try data.withView { data in
            let cipher = try BlockCipher(.aes, key: data.part(from: 0, length: 16))
            return try zeros.withView { zeros in
                [
                    try written(48) { try cipher.encryptCBC(data, into: $0) },
                    try written(48) { try cipher.encryptCBC(data, iv: zeros, into: $0) },
                    try written(48) { try cipher.decryptCBC(data, into: $0) },
                    try written(48) { try cipher.decryptCBC(data, iv: zeros, into: $0) },
                ]
            }
        }
        #expect(results[0] == results[1])
        #expect(results[2] == results[3])
        #expect(results[0] != results[2])
    }

    @Test func keyLengths() {
        let octets = [UInt8](repeating: 0x11, count: 64)
        for length in 0...64 {
            for algorithm in [BlockCipher.Algorithm.aes, .des] {
                let valid: Set<Int> = algorithm == .aes ? [16, 24, 32] : [8, 16, 24]
                let error = thrown {
                    try octets.withView { octets in
                        _ = try BlockCipher(algorithm, key: octets.part(from: 0, length: length))
                    }
                }
                #expect(error == (valid.contains(length) ? nil : .keyLength), "\(algorithm) \(length)")
            }
        }
    }

    // A cipher with another key is the cipher that is made with it, in both directions.
    @Test(arguments: [BlockCipher.Algorithm.aes, .des], [8, 16, 24, 32])
    func anotherKey(_ algorithm: BlockCipher.Algorithm, _ length: Int) throws {
        guard algorithm == .aes ? length != 8 : length != 32 else { return }
        let octets = [UInt8](0..<96)
        try octets.withView { octets in
            let (first, second) = (octets.part(from: 0, length: length), octets.part(from: 33, length: length))
            let made = try results(of: BlockCipher(algorithm, key: second), octets)
            #expect(try results(of: cipher(algorithm, first, second), octets) == made)
            #expect(try results(of: BlockCipher(algorithm, key: first), octets) != made)
            let error = thrown { _ = try cipher(algorithm, first, octets.part(from: 33, length: length - 1)) }
            #expect(error == .keyLength)
        }
    }

    private func cipher(
        _ algorithm: BlockCipher.Algorithm,
        _ first: OctetView,
        _ second: OctetView
    ) throws(CryptoError) -> BlockCipher {
        var cipher = try BlockCipher(algorithm, key: first)
        try cipher.setKey(second)
        return cipher
    }

    private func results(of cipher: borrowing BlockCipher, _ input: OctetView) throws -> [[UInt8]] {
        var octets = [UInt8](repeating: 0, count: input.count)
        try octets.withUnsafeMutableBytes { try cipher.encryptECB(input, into: $0) }
        let enciphered = octets
        try octets.withUnsafeMutableBytes { try cipher.decryptECB(input, into: $0) }
        return [enciphered, octets]
    }

    @Test(arguments: [BlockCipher.Algorithm.aes, .des])
    func dataLengths(_ algorithm: BlockCipher.Algorithm) throws {
        let octets = [UInt8](repeating: 0x22, count: 40)
        let length = algorithm.blockLength
        try octets.withView { octets in
            let cipher = try BlockCipher(algorithm, key: octets.part(from: 0, length: 16))
            for count in 0...33 {
                for space in 0...33 {
                    let input = octets.part(from: 0, length: count)
                    let expected: CryptoError? =
                        count % length != 0 ? .dataLength : space < count ? .outputLength : nil
                    let errors = [
                        thrown {
                            _ = try written(space) { try cipher.encryptECB(input, into: $0) }
                        },
                        thrown {
                            _ = try written(space) { try cipher.decryptECB(input, into: $0) }
                        },
                        thrown {
                            _ = try written(space) { try cipher.encryptCBC(input, into: $0) }
                        },
                        thrown {
                            _ = try written(space) { try cipher.decryptCBC(input, into: $0) }
                        },
                    ]
                    #expect(errors == [expected, expected, expected, expected], "\(count) \(space)")
                    // An initial vector or counter of another length than a block.
                    let other = thrown {
                        _ = try written(33) {
                            try cipher.applyCTR(input, counter: octets.part(from: 0, length: space), into: $0)
                        }
                    }
                    #expect(other == (space == length ? nil : .dataLength), "\(count) \(space)")
                }
            }
        }
    }
}
