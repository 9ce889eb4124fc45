import CardCrypto
import GlobalPlatform
import Octets

/// The keys that PUT KEY carries.
public enum NewKey {
    /// Its type.
    public enum Kind: String, CaseIterable, Sendable {
        /// AES, 16, 24 or 32 octets.
        case aes
        /// Triple DES, 16 or 24 octets.
        case des
        /// A pre-shared key of TLS, 16 to 64 octets.
        case psk
        /// The public key of an elliptic curve, a point of 65 octets.
        case ecPublic = "ec-public"
        /// The private key of an elliptic curve, 32 octets.
        case ecPrivate = "ec-private"

        var type: KeyType {
            switch self {
            case .aes: .aes
            case .des: .des
            case .psk: .tlsPSK
            case .ecPublic: .eccPublic
            case .ecPrivate: .eccPrivate
            }
        }

        /// Whether a key can have so many octets.
        public func takes(_ count: Int) -> Bool {
            switch self {
            case .aes: count == 16 || count == 24 || count == 32
            case .des: count == 16 || count == 24
            case .psk: (16...64).contains(count)
            case .ecPublic: count == 2 * Curve.length + 1
            case .ecPrivate: count == Curve.length
            }
        }
    }

    /// Key data fields.
    ///
    /// - Parameter curve: of keys of an elliptic curve.
    /// - Throws: `input` where the key has a length that its type does not have.
    static func fields(
        _ kind: Kind,
        _ keys: [[UInt8]],
        curve: Curve = .p256,
        in session: HostSession
    ) throws(CardManagementError) -> [UInt8] {
        var fields: [UInt8] = []
        for key in keys {
            guard kind.takes(key.count) else {
                throw CardManagementError(
                    .input,
                    "PUT KEY",
                    "length \(key.count) is not that of a key of the type \(kind.rawValue)"
                )
            }
            fields += try field(kind, key, curve, session)
        }
        return fields
    }

    /// The key data field: GPCS tables 11-68 and 11-70.
    private static func field(
        _ kind: Kind,
        _ key: [UInt8],
        _ curve: Curve,
        _ session: HostSession
    ) throws(CardManagementError) -> [UInt8] {
        var field = [kind.type.rawValue]
        if kind == .ecPublic {
            field += TLV.field(key)
        } else {
            field += TLV.field(TLV.length(key.count) + (try session.encipher(key)))
        }
        switch kind {
        case .aes, .des: field += [0x03] + (try checkValue(kind == .aes ? .aes : .des, key))
        case .psk: field += [0x00]
        case .ecPublic, .ecPrivate: field += [0xF0, 0x01, curve.rawValue, 0x00]
        }
        return field
    }

    /// The key check value: GPCS clause B.6.
    static func checkValue(
        _ algorithm: BlockCipher.Algorithm,
        _ key: [UInt8]
    ) throws(CardManagementError) -> [UInt8] {
        let key = secret(key)
        let value = try computing("PUT KEY") { () throws(CryptoError) in try KeyCheckValue(algorithm, key: key.view) }
        return [16, 8, 0].map { UInt8(truncatingIfNeeded: value.number >> UInt32($0)) }
    }
}

extension CardManager {
    /// PUT KEY: new keys with identifiers that follow each other.
    ///
    /// - Parameters:
    ///   - version: the version that the keys get.
    ///   - replaced: the version that they take the place of; 00: none.
    ///   - identifier: that of the first key.
    /// - Returns: the version and the key check values, as the card gives them.
    @discardableResult public func putKeys(
        _ kind: NewKey.Kind,
        _ keys: [[UInt8]],
        curve: Curve = .p256,
        version: UInt8,
        replacing replaced: UInt8 = 0x00,
        identifier: UInt8 = 0x01
    ) throws(CardManagementError) -> [UInt8] {
        guard let session else {
            throw CardManagementError(.input, "PUT KEY", "keys are put in a secure channel session")
        }
        guard replaced < 0x80, identifier < 0x80, version < 0x80, !keys.isEmpty else {
            throw CardManagementError(.input, "PUT KEY", "versions and identifiers go up to 7F")
        }
        let data = [version] + (try NewKey.fields(kind, keys, curve: curve, in: session))
        let p2 = identifier | (keys.count > 1 ? 0x80 : 0x00)
        let response = try send(Command(0x80, 0xD8, replaced, p2, data), "PUT KEY").data
        guard response.first.map({ $0 == version }) ?? true else {
            throw CardManagementError(.answer, "PUT KEY", "the card has put keys of another version")
        }
        return response
    }
}
