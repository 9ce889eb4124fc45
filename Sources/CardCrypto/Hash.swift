import CardCryptoSeam
import Octets

/// The hash functions of FIPS 180-4 that the card uses.
public enum HashAlgorithm: Sendable, CaseIterable {
    /// SHA-1.
    case sha1
    /// SHA-256.
    case sha256
    /// SHA-384.
    case sha384
    /// SHA-512.
    case sha512

    /// How many octets a digest has: 20, 32, 48 or 64.
    public var length: Int {
        switch self {
        case .sha1: 20
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    /// How many octets the function takes at a time, which HMAC builds on: 64 or 128.
    public var blockLength: Int {
        switch self {
        case .sha1, .sha256: 64
        case .sha384, .sha512: 128
        }
    }

    /// The security strength of HMAC_DRBG, in octets (SP 800-57 part 1, table 3).
    var strength: Int { self == .sha1 ? 16 : 32 }

    var seam: Int32 {
        switch self {
        case .sha1: Int32(SEAM_SHA1)
        case .sha256: Int32(SEAM_SHA256)
        case .sha384: Int32(SEAM_SHA384)
        case .sha512: Int32(SEAM_SHA512)
        }
    }
}

/// The digest of messages that come in pieces. One value serves one message after another.
///
/// It has one owner, and is wiped when that ends.
public struct Hash: ~Copyable {
    /// The hash function.
    public let algorithm: HashAlgorithm
    let context: OpaquePointer

    /// Begins a message.
    public init(_ algorithm: HashAlgorithm) throws(CryptoError) {
        guard let context = seam_hash_new(algorithm.seam) else { throw .libraryFailure }
        self.algorithm = algorithm
        self.context = context
    }

    deinit { seam_hash_free(context) }

    /// Takes further octets of the message.
    public mutating func update(_ data: OctetView) throws(CryptoError) {
        try check(data.withUnsafeBytes { seam_hash_update(context, $0.octets, $0.count) })
    }

    /// Ends the message and writes its digest at the beginning of `output`. The next message can begin.
    ///
    /// - Throws: `CryptoError.outputLength` where the digest does not fit; the message then goes on.
    public mutating func finish(into output: UnsafeMutableRawBufferPointer) throws(CryptoError) {
        guard output.count >= algorithm.length else { throw .outputLength }
        try check(seam_hash_finish(context, output.octets))
        try reset()
    }

    /// Forgets the message, so that another can begin.
    public mutating func reset() throws(CryptoError) {
        try check(seam_hash_reset(context))
    }

    /// The digest of one message.
    public static func digest(_ algorithm: HashAlgorithm, _ message: OctetView) throws(CryptoError) -> [UInt8] {
        var hash = try Hash(algorithm)
        try hash.update(message)
        return try filled(algorithm.length) { output throws(CryptoError) in try hash.finish(into: output) }
    }
}
