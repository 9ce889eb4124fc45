import CardCrypto
import Octets
import Testing

@Suite struct RSATests {
    struct VerifyVector: Decodable {
        let scheme: RSASignatureScheme
        let modulus: HexOctets
        let exponent: HexOctets
        let message: HexOctets
        let signature: HexOctets
        let valid: Bool
    }

    /// What `verify` says of a signature.
    static func verdict(
        _ modulus: [UInt8],
        _ exponent: [UInt8],
        _ message: [UInt8],
        _ signature: [UInt8],
        _ scheme: RSASignatureScheme
    ) throws -> Bool {
        try modulus.withView { modulus in
            try exponent.withView { exponent in
                try message.withView { message in
                    try signature.withView { signature in
                        try RSAPublicKey(modulus: modulus, exponent: exponent)
                            .verify(signature, message: message, scheme)
                    }
                }
            }
        }
    }

    @Test func verification() throws {
        for vector in try VectorFile<VerifyVector>.cases("rsa-verify.json", count: 127) {
            let (modulus, exponent) = (vector.modulus.octets, vector.exponent.octets)
            let (message, signature) = (vector.message.octets, vector.signature.octets)
            #expect(
                try Self.verdict(modulus, exponent, message, signature, vector.scheme) == vector.valid,
                "\(vector)"
            )
            #expect(
                try Self.verdict([0] + modulus, [0, 0] + exponent, message, signature, vector.scheme) == vector.valid
            )
            guard vector.valid else { continue }
            let other = vector.scheme == .pkcs1 ? RSASignatureScheme.pss : .pkcs1
            #expect(try !Self.verdict(modulus, exponent, message, signature, other))
            #expect(try !Self.verdict(modulus, exponent, message + [0], signature, vector.scheme))
            #expect(try !Self.verdict(modulus, exponent, message, [0] + signature, vector.scheme))
            #expect(try !Self.verdict(modulus, exponent, message, Array(signature.dropLast()), vector.scheme))
            #expect(try !Self.verdict(modulus, exponent, message, modulus, vector.scheme))
            for index in [0, signature.count / 2, signature.count - 1] {
                var wrong = signature
                wrong[index] ^= 0x10
                #expect(try !Self.verdict(modulus, exponent, message, wrong, vector.scheme))
            }
        }
    }

    @Test func lengths() throws {
        func error(_ modulus: [UInt8], _ exponent: [UInt8]) -> CryptoError? {
            modulus.withView { modulus in
                exponent.withView { exponent in
                    thrown { _ = try RSAPublicKey(modulus: modulus, exponent: exponent) }
                }
            }
        }
        for count in 0...520 {
            let modulus = [UInt8](repeating: 0x81, count: count)
            #expect(error(modulus, [3]) == ((128...512).contains(count) ? nil : .keyLength))
        }
        let good = [UInt8](repeating: 0x81, count: 128)
        #expect(error([0x7F] + good.dropFirst(), [3]) == .keyLength)
        #expect(error([0x01] + good, [3]) == nil)
        #expect(error(good.dropLast() + [0x80], [3]) == .keyLength)
        for exponent: [UInt8] in [[], [0], [1], [2], [0, 1], [1, 0, 0], [1] + [UInt8](repeating: 1, count: 8)] {
            #expect(error(good, exponent) == .keyLength)
        }
        for exponent: [UInt8] in [[3], [0, 3], [1, 0, 1], [UInt8](repeating: 0xFF, count: 8)] {
            #expect(error(good, exponent) == nil)
        }
        try good.withView { modulus in
            try [3].withView { exponent in
                let key = try RSAPublicKey(modulus: modulus, exponent: exponent)
                #expect(key.length == 1024)
                #expect(key.signatureLength == 128)
                for count in 0...64 {
                    let digest = SecretOctets(count: count)
                    #expect(try !key.verify(modulus, digest: digest.view, .pss))
                    #expect(try !key.verify(modulus, digest: digest.view, .pkcs1))
                }
            }
        }
    }
}

extension RSASignatureScheme: Decodable {
    /// The name that a vector file gives the scheme.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        switch try container.decode(String.self) {
        case "PKCS1-SHA-1": self = .pkcs1
        case "PSS-SHA-256": self = .pss
        default: throw DecodingError.dataCorruptedError(in: container, debugDescription: "no such scheme")
        }
    }
}
