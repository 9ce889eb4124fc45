import CardCrypto
import Octets

/// How a SUCI hides the subscriber: TS 33.501 annex C, the identifiers of clause C.1.
public enum ProtectionScheme: UInt8, Sendable {
    /// The scheme output is the scheme input.
    case null = 0
    /// ECIES over Curve25519.
    case profileA = 1
    /// ECIES over P-256.
    case profileB = 2

    /// How many random octets a scheme output takes.
    public var randomLength: Int {
        switch self {
        case .null: 0
        case .profileA: X25519PrivateKey.length
        case .profileB: PrivateKey.randomLength
        }
    }

    /// How many octets the ephemeral public key takes, with which the scheme output begins.
    var ephemeralKeyLength: Int {
        switch self {
        case .null: 0
        case .profileA: X25519PrivateKey.length
        case .profileB: Curve.length + 1
        }
    }

    /// Appends the scheme output (TS 33.501 clause C.3.2): the ephemeral public key, the input enciphered, and the MAC
    /// of it.
    ///
    /// - Parameters:
    ///   - input: the scheme input: the MSIN, or the user name of a NAI.
    ///   - homeKey: the public key of the home network: 32 octets for profile A, a point for profile B.
    ///   - random: `randomLength` random octets, of which the ephemeral key is made.
    /// - Throws: `CryptoError.invalidPoint` where `homeKey` is no public key of the scheme, `keyLength` or `dataLength`
    ///   for another number of random octets.
    public func conceal(
        _ input: OctetView,
        homeKey: OctetView,
        random: OctetView,
        to writer: inout OctetWriter
    ) throws(CryptoError) {
        switch self {
        case .null: writer.append(input)
        case .profileA:
            let ephemeral = try X25519PrivateKey(random)
            try ephemeral.conceal(input, homeKey: homeKey, to: &writer)
        case .profileB:
            let ephemeral = try PrivateKey(.p256, random: random)
            try ephemeral.conceal(input, homeKey: homeKey, to: &writer)
        }
    }
}

extension X25519PrivateKey {
    /// Appends the scheme output of profile A, with this as the ephemeral key.
    public func conceal(
        _ input: OctetView,
        homeKey: OctetView,
        to writer: inout OctetWriter
    ) throws(CryptoError) {
        let secret = SecretOctets(count: X25519PrivateKey.length)
        try sharedSecret(with: homeKey, into: secret.buffer)
        let start = writer.count
        for index in 0..<X25519PrivateKey.length { writer.append(publicKey[index]) }
        try writer.appendConcealed(input, secret: secret.view, ephemeralKeyAt: start)
    }
}

extension PrivateKey {
    /// Appends the scheme output of profile B, with this as the ephemeral key.
    public func conceal(
        _ input: OctetView,
        homeKey: OctetView,
        to writer: inout OctetWriter
    ) throws(CryptoError) {
        let secret = SecretOctets(count: Curve.length)
        try sharedSecret(with: PublicKey(.p256, point: homeKey), into: secret.buffer)
        let start = writer.count
        publicKey.append(to: &writer, compressed: true)
        try writer.appendConcealed(input, secret: secret.view, ephemeralKeyAt: start)
    }
}

extension OctetWriter {
    /// TS 33.501 clause C.3.2: of the shared secret and the ephemeral public key, which has just been written, come an
    /// AES key, a first counter block and a MAC key.
    fileprivate mutating func appendConcealed(
        _ input: OctetView,
        secret: OctetView,
        ephemeralKeyAt start: Int
    ) throws(CryptoError) {
        let keys = SecretOctets(count: 64)
        try X963KDF.derive(z: secret, sharedInfo: view.part(from: start), into: keys.buffer)
        let cipherStart = count
        let cipher = try BlockCipher(.aes, key: keys.view.part(from: 0, length: 16))
        guard let place = reserve(input.count) else { throw .outputLength }
        let output = UnsafeMutableRawBufferPointer(start: place, count: input.count)
        try cipher.applyCTR(input, counter: keys.view.part(from: 16, length: 16), into: output)
        var hmac = try HMAC(.sha256, key: keys.view.part(from: 32))
        try hmac.update(view.part(from: cipherStart))
        guard let place = reserve(8) else { throw .outputLength }
        try hmac.finish(into: UnsafeMutableRawBufferPointer(start: place, count: 8))
    }
}
