import CardOS
import Octets

/// The commands of secure channel sessions, by class and instruction code.
enum SessionCommand {
    /// 80 50: GPCS clauses E.5.1, AmdD clause 7.1.1.
    case initializeUpdate
    /// 84 82: GPCS clause E.5.2, AmdD clause 7.1.2.
    case externalAuthenticate
    /// 80 82: AmdF.
    case mutualAuthenticate
    /// 80 88: AmdF.
    case internalAuthenticate
    /// 80 2A: AmdF.
    case performSecurityOperation
    /// 80 7A, 84 7A: GPCS clause E.5.3, AmdD clause 7.1.3.
    case beginResponseMAC
    /// 80 78, 84 78: GPCS clause E.5.4, AmdD clause 7.1.4.
    case endResponseMAC

    /// nil for a command of the application.
    ///
    /// - Throws: 6E00 for a command that begins a session with secure messaging; 6882 for secure messaging of
    ///   ISO/IEC 7816-4.
    init?(_ command: CommandAPDU) throws(StatusWord) {
        guard command.classOctet.kind == .proprietary else { return nil }
        let isSecured = try Self.isSecured(command)
        switch (command.ins, isSecured) {
        case (0x50, false): self = .initializeUpdate
        case (0x82, true): self = .externalAuthenticate
        case (0x82, false): self = .mutualAuthenticate
        case (0x88, false): self = .internalAuthenticate
        case (0x2A, false): self = .performSecurityOperation
        case (0x50, true), (0x88, true), (0x2A, true): throw .classNotSupported
        case (0x7A, _): self = .beginResponseMAC
        case (0x78, _): self = .endResponseMAC
        default: return nil
        }
    }

    /// Whether a command comes with the secure messaging of GlobalPlatform: GPCS clause 11.1.4.
    ///
    /// - Throws: 6882 where it comes with that of ISO/IEC 7816-4.
    static func isSecured(_ command: CommandAPDU) throws(StatusWord) -> Bool {
        guard command.classOctet.hasSecureMessaging else { return false }
        guard command.cla & 0x40 != 0 || command.cla & 0x0C == 0x04 else { throw .secureMessagingNotSupported }
        return true
    }

    /// Whether a command is none of the session's application, but of the card: SELECT, MANAGE CHANNEL, GET RESPONSE.
    static func isForeign(_ command: CommandAPDU) -> Bool {
        guard command.classOctet.kind == .interindustry, !command.classOctet.hasSecureMessaging else { return false }
        return command.ins == 0xA4 || command.ins == 0x70 || command.ins == 0xC0
    }
}
