import Octets

/// The privileges of an application: GPCS table 11-7 to 11-9, three octets as one number.
public struct Privileges: OptionSet, Hashable, Sendable {
    /// The octets, the first one on top.
    public let rawValue: UInt32

    /// Privileges by their octets.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Is a security domain.
    public static let securityDomain = Privileges(rawValue: 0x80_0000)
    /// Verifies signatures of load files; only with `securityDomain`.
    public static let dapVerification = Privileges(rawValue: 0x40_0000)
    /// Manages card content with tokens; only with `securityDomain`.
    public static let delegatedManagement = Privileges(rawValue: 0x20_0000)
    /// Locks and unlocks the card.
    public static let cardLock = Privileges(rawValue: 0x10_0000)
    /// Terminates the card.
    public static let cardTerminate = Privileges(rawValue: 0x08_0000)
    /// Selected by default.
    public static let cardReset = Privileges(rawValue: 0x04_0000)
    /// Manages the cardholder verification method.
    public static let cvmManagement = Privileges(rawValue: 0x02_0000)
    /// Verifies signatures of all load files; only with `dapVerification`.
    public static let mandatedDAPVerification = Privileges(rawValue: 0x01_0000)
    /// Receives what OPEN forwards.
    public static let trustedPath = Privileges(rawValue: 0x00_8000)
    /// Manages card content without tokens.
    public static let authorizedManagement = Privileges(rawValue: 0x00_4000)
    /// Verifies the tokens of delegated management.
    public static let tokenVerification = Privileges(rawValue: 0x00_2000)
    /// Deletes whatever it is associated with or not.
    public static let globalDelete = Privileges(rawValue: 0x00_1000)
    /// Locks and unlocks any application.
    public static let globalLock = Privileges(rawValue: 0x00_0800)
    /// Sees the whole registry.
    public static let globalRegistry = Privileges(rawValue: 0x00_0400)
    /// Is selectable on a locked or terminated card.
    public static let finalApplication = Privileges(rawValue: 0x00_0200)
    /// Offers services to other applications.
    public static let globalService = Privileges(rawValue: 0x00_0100)
    /// Makes receipts of delegated management.
    public static let receiptGeneration = Privileges(rawValue: 0x00_0080)
    /// Deciphers load file data blocks.
    public static let cipheredLoadFileDataBlock = Privileges(rawValue: 0x00_0040)
    /// Activates applications on the contactless interface.
    public static let contactlessActivation = Privileges(rawValue: 0x00_0020)
    /// Activates itself on the contactless interface.
    public static let contactlessSelfActivation = Privileges(rawValue: 0x00_0010)

    /// Those that only one application has: when it loses them the issuer security domain has them again.
    static let single: Privileges = [.cardReset, .finalApplication]

    /// Those that only a security domain can have: GPCS table 6-1.
    static let ofSecurityDomains: Privileges = [
        .dapVerification, .delegatedManagement, .mandatedDAPVerification, .trustedPath, .authorizedManagement,
        .tokenVerification, .receiptGeneration, .cipheredLoadFileDataBlock,
    ]

    /// The privileges in one or three octets: GPCS clause 11.1.2. Of one octet the others follow from clause 6.6.2.
    ///
    /// - Returns: nil for another number of octets, or for what cannot go together: clauses 6.6.1 and 11.1.2.
    init?(_ octets: OctetView) {
        guard let value = octets.number else { return nil }
        switch octets.count {
        case 1: self.init(rawValue: value << 16 | (value & 0x80 != 0 ? 0x00_8000 : 0))
        case 3: self.init(rawValue: value)
        default: return nil
        }
        guard isConsistent else { return nil }
    }

    /// Whether they can go together.
    var isConsistent: Bool {
        guard rawValue & 0x0F == 0 else { return false }
        if !contains(.securityDomain), !isDisjoint(with: .ofSecurityDomains) { return false }
        if contains(.mandatedDAPVerification), !contains(.dapVerification) { return false }
        if contains(.delegatedManagement),
            !isDisjoint(with: [.authorizedManagement, .tokenVerification, .receiptGeneration])
        {
            return false
        }
        return true
    }
}
