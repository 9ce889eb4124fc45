import CardCrypto
import Octets

/// How a security domain uses the keys that it is given: its install parameters (tag 81 of UICC Configuration clause
/// 4.3.2), and what the card adds.
public struct SecureChannelOptions: Sendable {
    /// i of SCP02; 55 by default.
    public var scp02 = SCP02Options.common
    /// i of SCP03; 70 by default.
    public var scp03 = SCP03Options.common
    /// The length of MACs of SCP11; S8 by default.
    public var scp11 = AESSecureMessaging.Size.s8
    /// How many failed authentications in a row block a key set; 0: none do. 255 by default.
    public var authenticationLimit: UInt8 = 255

    /// The defaults.
    public init() {}

    /// The option octet of a key set.
    func option(of purpose: KeySetPurpose) -> UInt8 {
        switch purpose {
        case .scp02: scp02.value
        case .scp03: scp03.value
        case .scp11: scp11 == .s8 ? 0x00 : 0x01
        case .scp80, .scp81, .other: KeySet.noOption
        }
    }
}

extension KeySetPurpose {
    /// What keys are for: by their version (UICC Configuration), otherwise by their types. SCP02 and SCP03 need keys 01
    /// to 03.
    ///
    /// - Throws: 6A80 where keys 01 to 03 are of a type or length that the protocol of the version does not take, or
    ///   stand with the card's keys of SCP11.
    init(version: UInt8, keys: OctetCursor) throws(StatusWord) {
        let first = keys.key(1)?.key
        let second = keys.key(2)?.key
        let third = keys.key(3)?.key
        let isSCP11 = Self.isSCP11(keys)
        guard !isSCP11 || (first == nil && second == nil && third == nil) else { throw .incorrectData }
        if isSCP11 {
            self = .scp11
            return
        }
        let isComplete = first != nil && second != nil && third != nil
        let areDES = [first, second, third].allSatisfy { $0.map { $0.type == .des && $0.octets.count == 16 } ?? true }
        let length = (first ?? second ?? third)?.octets.count
        let areAES = [first, second, third].allSatisfy {
            $0.map { $0.type == .aes && $0.octets.count == length } ?? true
        }
        switch version {
        case 0x01...0x0F: self = .scp80
        case 0x20...0x2F:
            guard areDES else { throw .incorrectData }
            self = isComplete ? .scp02 : .other
        case 0x30...0x3F:
            guard areAES else { throw .incorrectData }
            self = isComplete ? .scp03 : .other
        case 0x40...0x4F: self = .scp81
        case 0x11, 0x70, 0x71, 0x73, 0x74, 0x75: self = .other
        default: self = isComplete && areDES ? .scp02 : isComplete && areAES ? .scp03 : .other
        }
    }

    /// Whether the private key of a variant of SCP11 is there: AmdF.
    private static func isSCP11(_ keys: OctetCursor) -> Bool {
        for variant in [0x11, 0x13, 0x15] as [UInt8] where keys.key(variant)?.key?.type == .eccPrivate {
            return true
        }
        return false
    }

    /// Whether sessions begin with INITIALIZE UPDATE.
    var isInitialized: Bool { self == .scp02 || self == .scp03 }
    /// Whether there are sessions in which keys can be managed.
    var hasSessions: Bool { isInitialized || self == .scp11 }
}
