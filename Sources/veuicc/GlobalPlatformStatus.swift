import Octets
import Trace

/// Status words, life cycle states and privileges of GlobalPlatform in words.
enum GlobalPlatformStatus {
    /// GPCS table 11-10 and the tables of the commands, where they differ from what TS 102 221 says.
    static func text(_ status: StatusWord) -> String {
        switch status.value {
        case 0x6283: "the card is locked"
        case 0x6300: "authentication of the host cryptogram failed"
        case 0x6581: "memory failure"
        case 0x6640: "verification of the certificate failed"
        case 0x6A80: "incorrect parameters in the data field"
        case 0x6A82: "application or file not found"
        case 0x9484: "algorithm not supported"
        case 0x9485: "invalid key check value"
        default: StatusWords.text(status.value)
        }
    }

    /// GPCS tables 11-3 to 11-6.
    static func state(_ state: UInt8, isCard: Bool, isLoadFile: Bool, isDomain: Bool) -> String {
        if isCard {
            switch state {
            case 0x01: return "OP_READY"
            case 0x07: return "INITIALIZED"
            case 0x0F: return "SECURED"
            case 0x7F: return "CARD_LOCKED"
            case 0xFF: return "TERMINATED"
            default: return Hex.string([state])
            }
        }
        if isLoadFile { return state == 0x01 ? "LOADED" : Hex.string([state]) }
        switch state {
        case 0x03: return "INSTALLED"
        case 0x07: return "SELECTABLE"
        case 0x0F where isDomain: return "PERSONALIZED"
        case _ where state & 0x83 == 0x83: return "LOCKED"
        default: return Hex.string([state])
        }
    }

    /// The names of privileges: GPCS table 6-1.
    static func privileges(_ octets: [UInt8]) -> [String] {
        let names = [
            "security-domain", "dap-verification", "delegated-management", "card-lock", "card-terminate", "card-reset",
            "cvm-management", "mandated-dap-verification", "trusted-path", "authorized-management",
            "token-verification", "global-delete", "global-lock", "global-registry", "final-application",
            "global-service", "receipt-generation", "ciphered-load-file-data-block", "contactless-activation",
            "contactless-self-activation",
        ]
        guard octets.count == 3 else { return [] }
        let number = UInt32(octets[0]) << 16 | UInt32(octets[1]) << 8 | UInt32(octets[2])
        return names.enumerated().filter { number & (0x80_0000 >> UInt32($0.offset)) != 0 }.map(\.element)
    }
}
