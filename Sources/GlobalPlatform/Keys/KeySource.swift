import CardCrypto
import Octets

/// Which key of a security domain: GPCS clause 7.5.
public struct KeyReference: Equatable, Hashable, Sendable {
    /// The key version number, 01 to 7F, or FF for the initial keys of the issuer's.
    public let version: UInt8
    /// The key identifier, 00 to 7F.
    public let identifier: UInt8

    /// The version of the initial keys of the issuer security domain: FF.
    static let initialVersion: UInt8 = 0xFF

    /// Names a key.
    public init(version: UInt8, identifier: UInt8) {
        self.version = version
        self.identifier = identifier
    }
}

/// A key as its security domain lends it, for one call.
public struct Key {
    /// What it is for.
    public let type: KeyType
    /// The curve of a key of an elliptic curve.
    public let curve: Curve?
    /// The octets: of a public key of an elliptic curve its point, of a private one its number, of an RSA key the
    /// modulus.
    public let octets: OctetView
    /// The exponent of an RSA public key.
    public let exponent: OctetView

    /// A key of `octets`.
    public init(_ type: KeyType, curve: Curve? = nil, _ octets: OctetView, exponent: OctetView = .empty) {
        self.type = type
        self.curve = curve
        self.octets = octets
        self.exponent = exponent
    }
}

/// What a secure channel needs of its security domain.
///
/// A sequence counter counts the secure channel sessions of one key version. It is 0 when the keys are made or
/// replaced, and durable when `setSequenceCounter` returns: an answer computed with it never leaves a card that could
/// compute another with the same one.
public protocol KeySource: ~Copyable {
    /// The key version that stands for 00 in INITIALIZE UPDATE; nil where the security domain has no keys.
    var defaultVersion: UInt8? { get }

    /// The protocol whose sessions the keys of a version protect; nil where there are none, or for something else.
    func secureChannel(of version: UInt8) -> SecureChannelProtocol?

    /// Calls `body` with a key.
    ///
    /// - Throws: 6A88 where there is no such key; what `body` throws.
    func withKey<Result: ~Copyable>(
        _ reference: KeyReference,
        _ body: (Key) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result

    /// The sequence counter of a key version.
    func sequenceCounter(of version: UInt8) throws(StatusWord) -> UInt32

    /// Keeps the sequence counter of a key version.
    mutating func setSequenceCounter(_ value: UInt32, of version: UInt8) throws(StatusWord)

    /// Whether so many authentications in a row have failed that the keys of a version begin no session any more.
    func isBlocked(_ version: UInt8) -> Bool

    /// Counts an authentication with the keys of a version, before anything is compared. Durable when it returns.
    ///
    /// - Throws: 6983 where they are blocked.
    mutating func countAuthentication(with version: UInt8) throws(StatusWord)

    /// Forgets what was counted: an authentication has succeeded. Durable when it returns.
    mutating func forgetFailedAuthentications(with version: UInt8) throws(StatusWord)

    /// Calls `body` with the AID of the application that is selected on the channel.
    func withSelectedAID<Result: ~Copyable>(
        _ body: (OctetView) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result

    /// Writes the ten octets of key diversification data that begin the response of INITIALIZE UPDATE.
    func appendDiversificationData(to response: inout OctetWriter)

    /// Fills `octets` with random ones.
    ///
    /// - Throws: 6F00 where the card was given no entropy.
    mutating func fillRandom(_ octets: UnsafeMutableRawBufferPointer) throws(StatusWord)
}
