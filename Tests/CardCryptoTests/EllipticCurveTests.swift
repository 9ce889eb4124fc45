import CardCrypto
import Octets
import Testing

@Suite struct EllipticCurveTests {
    struct CurveVector: Decodable {
        let curve: String
        let p: HexOctets
        let n: HexOctets
        let generator: HexOctets
    }

    struct PointVector: Decodable {
        let curve: String
        let octets: HexOctets
        let valid: Bool
        let uncompressed: HexOctets?
    }

    struct KeyVector: Decodable {
        let curve: String
        let random: HexOctets?
        let privateKey: HexOctets
        let publicKey: HexOctets
    }

    struct AgreementVector: Decodable {
        let curve: String
        let privateKey: HexOctets
        let publicKey: HexOctets
        let peer: HexOctets
        let z: HexOctets
    }

    struct SignVector: Decodable {
        let curve: String
        let algorithm: HashAlgorithm
        let privateKey: HexOctets
        let publicKey: HexOctets
        let message: HexOctets
        let signature: HexOctets
    }

    struct VerifyVector: Decodable {
        let curve: String
        let algorithm: HashAlgorithm
        let publicKey: HexOctets
        let message: HexOctets
        let signature: HexOctets
        let valid: Bool
    }

    static func privateKey(_ curve: Curve, _ octets: [UInt8]) throws -> PrivateKey {
        let scalar = SecretOctets(octets)
        return try PrivateKey(curve, scalar: scalar.view)
    }

    static func publicKey(_ curve: Curve, _ octets: [UInt8]) throws -> PublicKey {
        try octets.withView { octets in try PublicKey(curve, point: octets) }
    }

    /// `left` less `right`, of the same length, big-endian.
    static func difference(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        var result = left
        var borrow = 0
        for index in left.indices.reversed() {
            let value = Int(left[index]) - Int(right[index]) - borrow
            borrow = value < 0 ? 1 : 0
            result[index] = UInt8(truncatingIfNeeded: value)
        }
        return result
    }

    /// The base point is on the curve, and n times it is infinity: (n-1)G has the same x and the other y, p - y.
    @Test func domainParameters() throws {
        for vector in try VectorFile<CurveVector>.cases("curves.json", count: 3) {
            let curve = try Curve(named: vector.curve)
            let base = vector.generator.octets
            let one = [UInt8](repeating: 0, count: 31) + [1]
            #expect(try Self.publicKey(curve, base).uncompressed == base)
            #expect(try Self.privateKey(curve, one).publicKey.uncompressed == base)
            let last = try Self.privateKey(curve, Self.difference(vector.n.octets, one)).publicKey.uncompressed
            #expect(hex(Array(last[1..<33])) == hex(Array(base[1..<33])))
            #expect(hex(Array(last[33...])) == hex(Self.difference(vector.p.octets, Array(base[33...]))))
            for outside in [[UInt8](repeating: 0, count: 32), vector.n.octets, [UInt8](repeating: 0xFF, count: 32)] {
                #expect(
                    thrown { _ = try Self.privateKey(curve, outside) } == .invalidScalar
                )
            }
        }
    }

    @Test func points() throws {
        for vector in try VectorFile<PointVector>.cases("points.json", count: 69) {
            let curve = try Curve(named: vector.curve)
            guard vector.valid else {
                let error = thrown { _ = try Self.publicKey(curve, vector.octets.octets) }
                #expect(error == .invalidPoint, "\(vector)")
                continue
            }
            let point = try Self.publicKey(curve, vector.octets.octets)
            #expect(hex(point.uncompressed) == hex(vector.uncompressed?.octets ?? vector.octets.octets))
            #expect(try Self.publicKey(curve, point.compressed) == point)
            let forms = try written(98) { output in
                var writer = OctetWriter(output)
                point.append(to: &writer)
                point.append(to: &writer, compressed: true)
            }
            #expect(forms == point.uncompressed + point.compressed)
        }
    }

    @Test func keyPairs() throws {
        for vector in try VectorFile<KeyVector>.cases("keypair.json", count: 25) {
            let curve = try Curve(named: vector.curve)
            let key = try Self.privateKey(curve, vector.privateKey.octets)
            #expect(hex(key.publicKey.uncompressed) == hex(vector.publicKey.octets))
            guard let random = vector.random else { continue }
            let octets = SecretOctets(random.octets)
            let made = try PrivateKey(curve, random: octets.view)
            #expect(hex(made.octets.array) == hex(vector.privateKey.octets))
            #expect(made.publicKey == key.publicKey)
        }
    }

    @Test func agreement() throws {
        for vector in try VectorFile<AgreementVector>.cases("ecdh.json", count: 26) {
            let curve = try Curve(named: vector.curve)
            let key = try Self.privateKey(curve, vector.privateKey.octets)
            let peer = try Self.publicKey(curve, vector.peer.octets)
            #expect(hex(key.publicKey.uncompressed) == hex(vector.publicKey.octets))
            let z = try written(32) { output in try key.sharedSecret(with: peer, into: output) }
            #expect(hex(z) == hex(vector.z.octets))
        }
    }

    @Test func signatures() throws {
        for vector in try VectorFile<SignVector>.cases("ecdsa-sign.json", count: 24) {
            let curve = try Curve(named: vector.curve)
            let key = try Self.privateKey(curve, vector.privateKey.octets)
            let message = SecretOctets(vector.message.octets)
            let signature = try key.sign(message: message.view, vector.algorithm)
            #expect(hex(key.publicKey.uncompressed) == hex(vector.publicKey.octets))
            #expect(hex(signature) == hex(vector.signature.octets))
            // RFC 6979 clause 3.6: another signature, as good, and the same again from the same additional octets.
            let additional = SecretOctets([1, 2, 3, 4, 5, 6, 7, 8])
            let varied = try key.sign(message: message.view, vector.algorithm, additional: additional.view)
            #expect(varied != signature)
            #expect(try varied == key.sign(message: message.view, vector.algorithm, additional: additional.view))
            for signature in [signature, varied] {
                let octets = SecretOctets(signature)
                #expect(try key.publicKey.verify(octets.view, message: message.view, vector.algorithm))
                #expect(try !key.publicKey.verify(octets.view, message: octets.view, vector.algorithm))
            }
        }
    }

    @Test func verification() throws {
        for vector in try VectorFile<VerifyVector>.cases("ecdsa-verify.json", count: 84) {
            let key = try Self.publicKey(try Curve(named: vector.curve), vector.publicKey.octets)
            let signature = SecretOctets(vector.signature.octets)
            let message = SecretOctets(vector.message.octets)
            let verdict = try key.verify(signature.view, message: message.view, vector.algorithm)
            #expect(verdict == vector.valid, "\(vector)")
            #expect(try !key.verify(signature.view.part(from: 0, length: 63), digest: message.view))
            #expect(try !key.verify(.empty, digest: .empty))
        }
    }

    @Test(arguments: Curve.allCases)
    func keysOfAGenerator(_ curve: Curve) throws {
        var first = try HMACDRBGTests.generator()
        var second = try HMACDRBGTests.generator()
        let key = try PrivateKey(curve, from: &first)
        #expect(try PrivateKey(curve, from: &second).publicKey == key.publicKey)
        let other = try PrivateKey(curve, from: &first)
        #expect(other.publicKey != key.publicKey)
        let theirs = try written(32) { output in
            try other.sharedSecret(with: key.publicKey, into: output)
        }
        let ours = try written(32) { output in
            try key.sharedSecret(with: other.publicKey, into: output)
        }
        #expect(ours == theirs)
    }

    @Test func lengthsAndCurves() throws {
        let octets = SecretOctets([UInt8](repeating: 7, count: 64))
        let key = try PrivateKey(.p256, scalar: octets.view.part(from: 0, length: 32))
        let foreign = try PrivateKey(.brainpoolP256r1, scalar: octets.view.part(from: 0, length: 32))
        for length in 0...64 where length != 32 {
            let scalar = octets.view.part(from: 0, length: length)
            #expect(thrown { _ = try PrivateKey(.p256, scalar: scalar) } == .keyLength)
        }
        for length in 0...64 {
            let random = octets.view.part(from: 0, length: length)
            let error = thrown { _ = try PrivateKey(.p256, random: random) }
            #expect(error == (length < 40 ? .dataLength : nil))
            let digest = octets.view.part(from: 0, length: length)
            let digestError = thrown {
                _ = try written(64) { output in try key.sign(digest: digest, into: output) }
            }
            #expect(digestError == (length == 32 ? nil : .dataLength))
        }
        let digest = octets.view.part(from: 0, length: 32)
        let short = thrown {
            _ = try written(63) { output in try key.sign(digest: digest, into: output) }
        }
        #expect(short == .outputLength)
        let narrow = thrown {
            _ = try written(31) { output in
                try key.sharedSecret(with: key.publicKey, into: output)
            }
        }
        #expect(narrow == .outputLength)
        let mixed = thrown {
            _ = try written(32) { output in
                try key.sharedSecret(with: foreign.publicKey, into: output)
            }
        }
        #expect(mixed == .invalidPoint)
        #expect(key.publicKey != foreign.publicKey)
    }
}
