import CardCrypto
import Octets

/// How a key signs. Its type and its length decide: GPCS clauses B.1 to B.4, as tokens, receipts and DAP have them (C.3
/// to C.5).
public enum SignatureScheme: Equatable, Sendable {
    /// Single DES plus final Triple DES (clause B.1.2.2).
    case retailMAC
    /// AES-CMAC (clause B.2.2), whole.
    case cmac
    /// RSA (clause B.3), with keys of 1024 bits as `pkcs1`, with longer ones as `pss`.
    case rsa(RSASignatureScheme)
    /// ECDSA (clause B.4.3), r then s. All curves of the card have 256 bits, which go with SHA-256.
    case ecdsa

    /// The scheme of a key that signs, or whose signatures are verified.
    ///
    /// - Throws: 6985 for a key of another type, or of a length that its type does not sign with.
    public init(_ key: Key) throws(StatusWord) {
        switch (key.type, key.octets.count) {
        case (.des, 16): self = .retailMAC
        case (.aes, 16), (.aes, 24), (.aes, 32): self = .cmac
        case (.rsaModulus, _):
            let length = try key.publicRSA.length
            self = .rsa(length == RSAPublicKey.lengths.lowerBound ? .pkcs1 : .pss)
        case (.eccPublic, _): self = .ecdsa
        default: throw .unsuitableKey
        }
    }

    /// How many octets a MAC has; nil for signatures that the card only verifies.
    var macLength: Int? {
        switch self {
        case .retailMAC: RetailMAC.length
        case .cmac: CMAC.length
        case .rsa, .ecdsa: nil
        }
    }
}

/// What is signed, in up to four pieces that need not lie one behind the other.
public struct SignedData {
    private let pieces: InlineArray<4, OctetView>

    /// The pieces, in order.
    public init(
        _ first: OctetView,
        _ second: OctetView = .empty,
        _ third: OctetView = .empty,
        _ fourth: OctetView = .empty
    ) {
        pieces = [first, second, third, fourth]
    }

    /// Calls `body` with each piece.
    func forEach(_ body: (OctetView) throws(CryptoError) -> Void) throws(CryptoError) {
        for index in 0..<4 { try body(pieces[index]) }
    }
}

extension Key {
    /// Whether `signature` is a signature of `data` with this key, or with the private key that belongs to it. A MAC is
    /// compared in constant time.
    ///
    /// - Throws: 6985 for a key that does not sign.
    public func verify(_ signature: OctetView, of data: SignedData) throws(StatusWord) -> Bool {
        switch try SignatureScheme(self) {
        case .retailMAC, .cmac:
            let mac = try mac(of: data)
            return constantTimeEqual(mac.view, signature)
        case .rsa(let scheme):
            let key = try publicRSA
            return try Self.verify(data, scheme.hash) { (digest) throws(CryptoError) in
                try key.verify(signature, digest: digest, scheme)
            }
        case .ecdsa:
            let key = try publicPoint
            return try Self.verify(data, .sha256) { (digest) throws(CryptoError) in
                try key.verify(signature, digest: digest)
            }
        }
    }

    /// The MAC of `data`: 8 or 16 octets.
    ///
    /// - Throws: 6985 for a key that is not one of AES or Triple DES.
    public func mac(of data: SignedData) throws(StatusWord) -> SecretOctets {
        let scheme = try SignatureScheme(self)
        guard let length = scheme.macLength else { throw .unsuitableKey }
        let output = SecretOctets(count: length)
        let key = octets
        try computed { () throws(CryptoError) in
            if scheme == .cmac {
                var mac = try CMAC(key: key)
                try data.forEach { (piece) throws(CryptoError) in try mac.update(piece) }
                try mac.finish(into: output.buffer)
            } else {
                var mac = try RetailMAC(key: key)
                mac.begin()
                try data.forEach { (piece) throws(CryptoError) in try mac.update(piece) }
                try mac.finish(into: output.buffer)
            }
        }
        return output
    }

    private static func verify(
        _ data: SignedData,
        _ algorithm: HashAlgorithm,
        _ body: (OctetView) throws(CryptoError) -> Bool
    ) throws(StatusWord) -> Bool {
        try computed { () throws(CryptoError) in
            var hash = try Hash(algorithm)
            try data.forEach { (piece) throws(CryptoError) in try hash.update(piece) }
            let digest = SecretOctets(count: algorithm.length)
            try hash.finish(into: digest.buffer)
            return try body(digest.view)
        }
    }

    /// The RSA key, whose modulus and exponent these are.
    fileprivate var publicRSA: RSAPublicKey {
        get throws(StatusWord) {
            do throws(CryptoError) {
                return try RSAPublicKey(modulus: octets, exponent: exponent)
            } catch {
                throw .unsuitableKey
            }
        }
    }

    /// The key of an elliptic curve, whose point this is.
    private var publicPoint: PublicKey {
        get throws(StatusWord) {
            guard let curve else { throw .unsuitableKey }
            do throws(CryptoError) {
                return try PublicKey(curve, point: octets)
            } catch {
                throw .unsuitableKey
            }
        }
    }
}
