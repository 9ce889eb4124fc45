/// How commands and responses are protected: GPCS table 10-1.
public struct SecurityLevel: OptionSet, Hashable, Sendable {
    /// The octet of the table.
    public let rawValue: UInt8

    /// A level by its octet.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Commands have a C-MAC.
    public static let commandMAC = SecurityLevel(rawValue: 0x01)
    /// The data of commands are enciphered.
    public static let commandEncryption = SecurityLevel(rawValue: 0x02)
    /// Responses have an R-MAC.
    public static let responseMAC = SecurityLevel(rawValue: 0x10)
    /// The data of responses are enciphered.
    public static let responseEncryption = SecurityLevel(rawValue: 0x20)
    /// Somebody is authenticated, but not as the provider of the security domain.
    public static let anyAuthenticated = SecurityLevel(rawValue: 0x40)
    /// The off-card entity is authenticated.
    public static let authenticated = SecurityLevel(rawValue: 0x80)

    /// What of it concerns messages: P1 of EXTERNAL AUTHENTICATE.
    public var messaging: SecurityLevel { SecurityLevel(rawValue: rawValue & 0x33) }

    /// The levels that EXTERNAL AUTHENTICATE can ask for with SCP02: GPCS table E-10.
    static func scp02(_ value: UInt8, _ options: SCP02Options) -> SecurityLevel? {
        switch value {
        case 0x00, 0x01, 0x03: SecurityLevel(rawValue: value)
        case 0x10, 0x11, 0x13: options.hasResponseMAC ? SecurityLevel(rawValue: value) : nil
        default: nil
        }
    }

    /// The levels that EXTERNAL AUTHENTICATE can ask for with SCP03: AmdD table 7-4.
    static func scp03(_ value: UInt8, _ options: SCP03Options) -> SecurityLevel? {
        switch value {
        case 0x00, 0x01, 0x03: SecurityLevel(rawValue: value)
        case 0x11, 0x13: options.hasResponseMAC ? SecurityLevel(rawValue: value) : nil
        case 0x33: options.hasResponseEncryption ? SecurityLevel(rawValue: value) : nil
        default: nil
        }
    }
}
