/// Which protocol, with which options, the keys of a version are for.
public enum SecureChannelProtocol: Equatable, Sendable {
    /// SCP02 (GPCS annex E).
    case scp02(SCP02Options)
    /// SCP03 (AmdD).
    case scp03(SCP03Options)
    /// SCP11 (AmdF): the keys are those of the card; MACs have this length.
    case scp11(AESSecureMessaging.Size)
}

/// The parameter i of SCP02: GPCS table E-1.
///
/// Built are the options with three keys, explicit initiation, C-MAC on the modified command and ICV zero: 05, and that
/// with any of 10, 20 and 40.
public struct SCP02Options: Equatable, Sendable {
    /// i.
    public let value: UInt8

    /// 55: a pseudo-random challenge, and the ICV of a C-MAC enciphered.
    public static let common = SCP02Options(known: 0x55)

    /// nil for an option that is not built.
    public init?(_ value: UInt8) {
        guard value & 0x8F == 0x05 else { return nil }
        self.init(known: value)
    }

    private init(known value: UInt8) { self.value = value }

    /// Whether the ICV of a C-MAC is enciphered.
    public var encryptsVector: Bool { value & 0x10 != 0 }
    /// Whether responses can have R-MACs.
    public var hasResponseMAC: Bool { value & 0x20 != 0 }
    /// Whether the card challenge can be computed by who has the keys.
    public var hasPseudoRandomChallenge: Bool { value & 0x40 != 0 }
}

/// The parameter i of SCP03: AmdD table 5-1; in version 1.2 of it also the mode S16.
public struct SCP03Options: Equatable, Sendable {
    /// i.
    public let value: UInt8

    /// 70: a pseudo-random challenge, R-MAC and R-ENC, S8.
    public static let common = SCP03Options(known: 0x70)

    /// nil where i is none: R-ENC needs R-MAC.
    public init?(_ value: UInt8) {
        guard value & 0x8E == 0, value & 0x60 != 0x40 else { return nil }
        self.init(known: value)
    }

    private init(known value: UInt8) { self.value = value }

    /// How long challenges, cryptograms and MACs are.
    public var size: AESSecureMessaging.Size { value & 0x01 == 0 ? .s8 : .s16 }
    /// Whether the card challenge can be computed by who has the keys.
    public var hasPseudoRandomChallenge: Bool { value & 0x10 != 0 }
    /// Whether responses can have R-MACs.
    public var hasResponseMAC: Bool { value & 0x20 != 0 }
    /// Whether responses can be enciphered.
    public var hasResponseEncryption: Bool { value & 0x40 != 0 }
}
