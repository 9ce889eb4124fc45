import CardCrypto
import Octets
import Testing

@Suite struct HashTests {
    struct HashVector: Decodable {
        let algorithm: HashAlgorithm
        let message: HexOctets
        let digest: HexOctets
    }

    struct HMACVector: Decodable {
        let algorithm: HashAlgorithm
        let key: HexOctets
        let message: HexOctets
        let mac: HexOctets
    }

    struct KDFVector: Decodable {
        let algorithm: HashAlgorithm
        let z: HexOctets
        let sharedInfo: HexOctets
        let keyData: HexOctets
    }

    @Test func digests() throws {
        for vector in try VectorFile<HashVector>.cases("hash.json", count: 116) {
            try vector.message.octets.withView { message in
                #expect(hex(try Hash.digest(vector.algorithm, message)) == hex(vector.digest.octets))
                var hash = try Hash(vector.algorithm)
                for step in [1, 7, 64] {
                    for start in stride(from: 0, to: message.count, by: step) {
                        try hash.update(message.part(from: start, length: step))
                    }
                    let digest = try written(vector.algorithm.length) { output in
                        try hash.finish(into: output)
                    }
                    #expect(hex(digest) == hex(vector.digest.octets))
                }
            }
        }
    }

    /// FIPS 180-2 appendix A.3, B.3, C.3, D.3: a million times the letter a.
    @Test(arguments: [
        (HashAlgorithm.sha1, "34AA973CD4C4DAA4F61EEB2BDBAD27316534016F"),
        (.sha256, "CDC76E5C9914FB9281A1C7E284D73E67F1809A48A497200E046D39CCC7112CD0"),
        (
            .sha384,
            "9D0E1809716474CB086E834E310A4A1CED149E9C00F248527972CEC5704C2A5B07B8B3DC38ECC4EBAE97DDD87F3D8985"
        ),
        (
            .sha512,
            "E718483D0CE769644E2E42C7BC15B4638E1F98B13B2044285632A803AFA973EB"
                + "DE0FF244877EA60A4CB0432CE577C31BEB009C5C2C49AA2E4EADB217AD8CC09B"
        ),
    ])
    func longMessage(_ algorithm: HashAlgorithm, _ digest: String) throws {
        let message = [UInt8](repeating: 0x61, count: 1_000_000)
        let computed = try message.withView { message in try Hash.digest(algorithm, message) }
        #expect(hex(computed) == digest)
    }

    @Test func messageAuthenticationCodes() throws {
        for vector in try VectorFile<HMACVector>.cases("hmac.json", count: 25) {
            try vector.key.octets.withView { key in
                try vector.message.octets.withView { message in
                    let whole = try HMAC.mac(vector.algorithm, key: key, message)
                    #expect(whole.count == vector.algorithm.length)
                    #expect(hex(Array(whole.prefix(vector.mac.octets.count))) == hex(vector.mac.octets))
                    var hmac = try HMAC(vector.algorithm, key: key)
                    for step in [1, 9] {
                        for start in stride(from: 0, to: message.count, by: step) {
                            try hmac.update(message.part(from: start, length: step))
                        }
                        let mac = try written(vector.mac.octets.count) { output in
                            try hmac.finish(into: output)
                        }
                        #expect(hex(mac) == hex(vector.mac.octets))
                    }
                    try hmac.update(key)
                    try hmac.reset()
                    try hmac.update(message)
                    #expect(
                        try written(whole.count) { output in try hmac.finish(into: output) }
                            == whole
                    )
                }
            }
        }
    }

    @Test func keyDerivation() throws {
        for vector in try VectorFile<KDFVector>.cases("x963kdf.json", count: 16) {
            let keyData = try vector.z.octets.withView { z in
                try vector.sharedInfo.octets.withView { sharedInfo in
                    try written(vector.keyData.octets.count) { output in
                        try X963KDF.derive(vector.algorithm, z: z, sharedInfo: sharedInfo, into: output)
                    }
                }
            }
            #expect(hex(keyData) == hex(vector.keyData.octets))
        }
    }

    @Test(arguments: HashAlgorithm.allCases)
    func outputLengths(_ algorithm: HashAlgorithm) throws {
        for length in 0...(algorithm.length + 1) {
            let hashError = thrown {
                var hash = try Hash(algorithm)
                _ = try written(length) { output in try hash.finish(into: output) }
            }
            #expect(hashError == (length < algorithm.length ? .outputLength : nil))
            let hmacError = thrown {
                var hmac = try HMAC(algorithm, key: .empty)
                _ = try written(length) { output in try hmac.finish(into: output) }
            }
            #expect(hmacError == (length == 0 || length > algorithm.length ? .outputLength : nil))
            let derived = try written(length) { output in
                try X963KDF.derive(algorithm, z: .empty, into: output)
            }
            let longer = try written(length + 70) { output in
                try X963KDF.derive(algorithm, z: .empty, into: output)
            }
            #expect(derived == Array(longer.prefix(length)))
        }
    }
}
