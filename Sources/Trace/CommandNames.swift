/// The commands, by name: TS 102 221 table 10.5, TS 102 222 clause 6, TS 51.011 table 11, GlobalPlatform Card Specification
/// table 11-1.
enum CommandNames {
    struct Entry {
        let ins: UInt8
        let name: String
        /// Whether the data field is in the command; otherwise the card gives data, if there are any.
        let carriesData: Bool
    }

    /// The entry of a command.
    static func entry(of command: TracedCommand) -> Entry? {
        switch command.kind {
        case .interindustry: return find(command.ins, in: interindustry)
        case .gsm: return find(command.ins, in: gsm)
        case .proprietary:
            // GlobalPlatform has instruction codes of TS 102 221: P1 tells GET STATUS from STATUS.
            if command.ins == 0xF2, command.p1 >= 0x10 { return find(0xF2, in: globalPlatform) }
            // P1 of EXCHANGE CAPABILITIES and GET IDENTITY is 00, and they have no secure messaging.
            if command.ins == 0x7A, command.p1 != 0 { return find(0x7A, in: globalPlatform) }
            if command.ins == 0x78, command.hasSecureMessaging || command.p2 == 0x03 {
                return find(0x78, in: globalPlatform)
            }
            // P1 of RETRIEVE DATA is 00.
            if command.ins == 0xCB, command.p1 != 0 { return Entry(0xCB, "GET DATA", carriesData: true) }
            // AmdF: what begins with a template agrees on keys.
            if command.ins == 0x82, !command.hasSecureMessaging, command.data.first == 0xA6 {
                return Entry(0x82, "MUTUAL AUTHENTICATE", carriesData: true)
            }
            // TS 102 221 clause 11.3.1: a first block has the tag, the next ones have no data field.
            if command.ins == 0xCB, command.p2 & 0x80 == 0 { return Entry(0xCB, "RETRIEVE DATA", carriesData: false) }
            return find(command.ins, in: proprietary) ?? find(command.ins, in: globalPlatform)
        case nil: return nil
        }
    }

    private static func find(_ ins: UInt8, in table: [Entry]) -> Entry? { table.first { $0.ins == ins } }

    private static let interindustry: [Entry] = [
        // TS 102 221 clause 11
        Entry(0xA4, "SELECT"), Entry(0xB0, "READ BINARY", carriesData: false), Entry(0xD6, "UPDATE BINARY"),
        Entry(0xB2, "READ RECORD", carriesData: false), Entry(0xDC, "UPDATE RECORD"), Entry(0xA2, "SEARCH RECORD"),
        Entry(0x20, "VERIFY PIN"), Entry(0x24, "CHANGE PIN"), Entry(0x26, "DISABLE PIN"), Entry(0x28, "ENABLE PIN"),
        Entry(0x2C, "UNBLOCK PIN"), Entry(0x04, "DEACTIVATE FILE"), Entry(0x44, "ACTIVATE FILE"),
        Entry(0x88, "AUTHENTICATE"), Entry(0x89, "AUTHENTICATE"), Entry(0x84, "GET CHALLENGE", carriesData: false),
        Entry(0x70, "MANAGE CHANNEL", carriesData: false), Entry(0x73, "MANAGE SECURE CHANNEL"),
        Entry(0x75, "TRANSACT DATA"), Entry(0xC0, "GET RESPONSE", carriesData: false),
        // TS 102 222 clause 6
        Entry(0xE0, "CREATE FILE"), Entry(0xE4, "DELETE FILE"), Entry(0xE6, "TERMINATE DF"),
        Entry(0xE8, "TERMINATE EF"), Entry(0xFE, "TERMINATE CARD USAGE"),
        // ISO/IEC 7816-4, -8
        Entry(0xB1, "READ BINARY"), Entry(0xB3, "READ RECORD"), Entry(0xCA, "GET DATA", carriesData: false),
        Entry(0xCB, "GET DATA"), Entry(0xDA, "PUT DATA"), Entry(0xDB, "PUT DATA"), Entry(0xE2, "APPEND RECORD"),
        Entry(0x22, "MANAGE SECURITY ENVIRONMENT"), Entry(0x2A, "PERFORM SECURITY OPERATION"),
        Entry(0x82, "EXTERNAL AUTHENTICATE"), Entry(0x0E, "ERASE BINARY"), Entry(0xC2, "ENVELOPE"),
    ]

    private static let proprietary: [Entry] = [
        // TS 102 221 clause 11
        Entry(0xF2, "STATUS", carriesData: false), Entry(0x32, "INCREASE"), Entry(0xCB, "RETRIEVE DATA"),
        Entry(0xDB, "SET DATA"), Entry(0xAA, "TERMINAL CAPABILITY"), Entry(0x10, "TERMINAL PROFILE"),
        Entry(0x12, "FETCH", carriesData: false), Entry(0x14, "TERMINAL RESPONSE"), Entry(0xC2, "ENVELOPE"),
        Entry(0x76, "SUSPEND UICC"), Entry(0x78, "GET IDENTITY", carriesData: false),
        Entry(0x7A, "EXCHANGE CAPABILITIES"), Entry(0xC0, "GET RESPONSE", carriesData: false),
        // TS 102 222 clause 6.10
        Entry(0xD4, "RESIZE FILE"),
    ]

    private static let globalPlatform: [Entry] = [
        Entry(0xA4, "SELECT"), Entry(0xCA, "GET DATA", carriesData: false), Entry(0xF2, "GET STATUS"),
        Entry(0x50, "INITIALIZE UPDATE"), Entry(0x82, "EXTERNAL AUTHENTICATE"), Entry(0xD8, "PUT KEY"),
        Entry(0xE2, "STORE DATA"), Entry(0xE4, "DELETE"), Entry(0xE6, "INSTALL"), Entry(0xE8, "LOAD"),
        Entry(0xF0, "SET STATUS"), Entry(0x70, "MANAGE CHANNEL", carriesData: false),
        Entry(0x7A, "BEGIN R-MAC SESSION"), Entry(0x78, "END R-MAC SESSION"),
        Entry(0x2A, "PERFORM SECURITY OPERATION"), Entry(0x88, "INTERNAL AUTHENTICATE"),
    ]

    private static let gsm: [Entry] = [
        Entry(0xA4, "SELECT"), Entry(0xF2, "STATUS", carriesData: false),
        Entry(0xB0, "READ BINARY", carriesData: false), Entry(0xD6, "UPDATE BINARY"),
        Entry(0xB2, "READ RECORD", carriesData: false), Entry(0xDC, "UPDATE RECORD"), Entry(0xA2, "SEEK"),
        Entry(0x32, "INCREASE"), Entry(0x20, "VERIFY CHV"), Entry(0x24, "CHANGE CHV"), Entry(0x26, "DISABLE CHV"),
        Entry(0x28, "ENABLE CHV"), Entry(0x2C, "UNBLOCK CHV"), Entry(0x04, "INVALIDATE"), Entry(0x44, "REHABILITATE"),
        Entry(0x88, "RUN GSM ALGORITHM"), Entry(0xFA, "SLEEP"), Entry(0xC0, "GET RESPONSE", carriesData: false),
        Entry(0x10, "TERMINAL PROFILE"), Entry(0xC2, "ENVELOPE"), Entry(0x12, "FETCH", carriesData: false),
        Entry(0x14, "TERMINAL RESPONSE"),
    ]
}

extension CommandNames.Entry {
    fileprivate init(_ ins: UInt8, _ name: String, carriesData: Bool = true) {
        self.init(ins: ins, name: name, carriesData: carriesData)
    }
}
