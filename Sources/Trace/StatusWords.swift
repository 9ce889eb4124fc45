import Octets

/// Status words in words: TS 102 221 clause 10.2, TS 31.102 clause 7.3, TS 102 222 clause 7, TS 51.011 clause 9.4.
public enum StatusWords {
    /// How a command ended.
    public enum Outcome: Sendable {
        /// It was executed.
        case success
        /// It was executed, or a part of it, and something is to be said.
        case warning
        /// It was not executed.
        case failure
    }

    /// How the command ended that was answered `value`.
    public static func outcome(of value: UInt16) -> Outcome {
        switch value >> 8 {
        case 0x92: value < 0x9240 ? .success : .failure
        case 0x90, 0x91, 0x9F, 0x61: .success
        case 0x62, 0x63, 0x6C, 0x9E: .warning
        default: .failure
        }
    }

    /// The status word in words.
    public static func text(_ value: UInt16) -> String {
        if let exact = table[value] { return exact }
        let low = Int(value & 0xFF)
        switch value >> 8 {
        case 0x61: return low == 0 ? "256 octets or more wait" : octets(low, "wait")
        case 0x62: return "warning, memory unchanged"
        case 0x63:
            return low >> 4 == 0x0C
                ? low == 0xC1 ? "1 try left" : "\(low & 0x0F) tries left" : "warning, memory changed"
        case 0x64: return "execution error, memory unchanged"
        case 0x65: return "execution error, memory changed"
        case 0x67: return "wrong length"
        case 0x68: return "function in CLA not supported"
        case 0x69: return "command not allowed"
        case 0x6A: return "wrong parameters"
        case 0x6C: return "wrong Le, \(octets(low == 0 ? 256 : low, "are there"))"
        case 0x6F: return "technical problem"
        case 0x91: return "ok, proactive command of \(low) octets"
        case 0x92: return low < 0x40 ? "ok, after \(low & 0x0F) retries" : "memory problem"
        case 0x9E: return "SMS-PP download error, \(octets(low, "wait"))"
        case 0x9F: return octets(low, "wait")
        default: return "unknown"
        }
    }

    private static func octets(_ count: Int, _ verb: String) -> String {
        count == 1 ? "1 octet \(verb == "wait" ? "waits" : "is there")" : "\(count) octets \(verb)"
    }

    private static let table: [UInt16: String] = [
        0x9000: "ok", 0x9300: "toolkit busy",
        0x6200: "no information given", 0x6281: "data may be corrupted", 0x6282: "end of file, or nothing found",
        0x6283: "file deactivated", 0x6285: "file terminated", 0x62F1: "more data available",
        0x62F2: "more data available, proactive command pending", 0x62F3: "response data available",
        0x63F1: "more data expected", 0x63F2: "more data expected, proactive command pending",
        0x63C0: "no tries left",
        0x6400: "execution error, memory unchanged", 0x6500: "execution error, memory changed",
        0x6581: "memory problem", 0x6700: "wrong length",
        0x6800: "function in CLA not supported", 0x6881: "logical channel not open or not supported",
        0x6882: "secure messaging not supported", 0x6883: "last command of the chain expected",
        0x6884: "command chaining not supported",
        0x6900: "command not allowed", 0x6981: "incompatible with the file structure",
        0x6982: "security status not satisfied", 0x6983: "PIN or authentication method blocked",
        0x6984: "referenced data invalidated", 0x6985: "conditions of use not satisfied",
        0x6986: "no EF selected", 0x6987: "secure messaging data objects missing",
        0x6988: "secure messaging data objects wrong", 0x6989: "secure channel needed",
        0x6A80: "wrong data field", 0x6A81: "function not supported", 0x6A82: "file not found",
        0x6A83: "record not found", 0x6A84: "not enough memory", 0x6A86: "wrong P1 or P2",
        0x6A87: "Lc inconsistent with P1 and P2", 0x6A88: "referenced data not found", 0x6A89: "file exists",
        0x6A8A: "DF name exists", 0x6B00: "wrong P1 or P2: outside the file",
        0x6D00: "instruction not supported", 0x6E00: "class not supported", 0x6F00: "technical problem",
        0x9240: "memory problem", 0x9850: "maximum value reached",
        0x9862: "authentication error, incorrect MAC", 0x9863: "session expired",
        0x9864: "security context not supported", 0x9865: "key freshness failure", 0x9866: "no memory available",
        0x9867: "no memory available in EF.MUK",
        0x9400: "no EF selected", 0x9402: "out of range", 0x9404: "file or pattern not found",
        0x9408: "inconsistent with the command", 0x9802: "no CHV initialised",
        0x9804: "access condition not fulfilled, or wrong CHV", 0x9808: "contradiction with CHV status",
        0x9810: "contradiction with invalidation status", 0x9840: "CHV blocked",
    ]
}

/// Key references in words: TS 102 221 table 9.3.
enum KeyReference {
    static func name(_ reference: UInt8) -> String {
        switch reference {
        case 0x01...0x08: "PIN\(reference == 1 ? "1" : " of application \(reference)")"
        case 0x0A...0x0E: "ADM\(reference - 9)"
        case 0x11: "universal PIN"
        case 0x81...0x88: "PIN2\(reference == 0x81 ? "" : " of application \(reference & 0x0F)")"
        case 0x8A...0x8E: "ADM\(reference - 0x84)"
        default: "key \(Hex.string([reference]))"
        }
    }
}
