/// A life cycle state: GPCS tables 11-3 to 11-6. One octet means what the kind of its object says.
public struct LifeCycleState: RawRepresentable, Equatable, Hashable, Sendable {
    /// The octet.
    public let rawValue: UInt8

    /// The state with an octet.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    // Executable load files and modules: table 11-3.
    /// LOADED.
    public static let loaded = LifeCycleState(rawValue: 0x01)

    // Applications and security domains: tables 11-4 and 11-5.
    /// INSTALLED.
    public static let installed = LifeCycleState(rawValue: 0x03)
    /// SELECTABLE.
    public static let selectable = LifeCycleState(rawValue: 0x07)
    /// PERSONALIZED, of a security domain.
    public static let personalized = LifeCycleState(rawValue: 0x0F)

    // The card, that is the issuer security domain: table 11-6.
    /// OP_READY.
    public static let opReady = LifeCycleState(rawValue: 0x01)
    /// INITIALIZED.
    public static let initialized = LifeCycleState(rawValue: 0x07)
    /// SECURED.
    public static let secured = LifeCycleState(rawValue: 0x0F)
    /// CARD_LOCKED.
    public static let cardLocked = LifeCycleState(rawValue: 0x7F)
    /// TERMINATED.
    public static let terminated = LifeCycleState(rawValue: 0xFF)

    /// Whether an application or security domain is LOCKED.
    public var isLocked: Bool { rawValue & 0x83 == 0x83 }

    /// The state of an application or security domain that is locked in this one.
    var locked: LifeCycleState { LifeCycleState(rawValue: rawValue | 0x80) }

    /// Whether an application or security domain in this state can be selected.
    public var isSelectable: Bool { rawValue & 0x87 == 0x07 }
}
