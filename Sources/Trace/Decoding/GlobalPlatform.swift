import Octets

/// The commands of GPCS clause 11 and their responses in words, by the name of the command.
enum GlobalPlatform {
    /// What P1 and P2 say; nil for other commands.
    static func argument(_ name: String, _ command: TracedCommand) -> String? {
        let (p1, p2) = (command.p1, command.p2)
        switch name {
        case "GET DATA": return GlobalPlatformData.requested(command)
        case "GET STATUS": return GlobalPlatformRegistry.scope(p1) + (p2 & 0x01 == 0 ? "" : " next")
        case "SET STATUS": return GlobalPlatformRegistry.change(p1, p2)
        case "INSTALL": return GlobalPlatformContent.purpose(p1, p2) + (p1 & 0x80 == 0 ? "" : " more")
        case "LOAD": return "block \(p2)" + (p1 & 0x80 == 0 ? "" : " last")
        case "DELETE": return (p2 & 0x80 == 0 ? "" : "and related") + (p1 & 0x80 == 0 ? "" : " more")
        case "PUT KEY": return GlobalPlatformKeys.replaced(p1, p2)
        case "STORE DATA":
            let words = ["block \(p2)" + (p1 & 0x80 == 0 ? "" : " last")] + GlobalPlatformData.structure(p1)
            return words.joined(separator: ", ")
        case "INITIALIZE UPDATE": return p1 == 0 ? "" : "KVN \(Hex.string([p1]))"
        case "EXTERNAL AUTHENTICATE" where command.kind == .proprietary: return "level \(Hex.string([p1]))"
        case "MUTUAL AUTHENTICATE", "INTERNAL AUTHENTICATE", "PERFORM SECURITY OPERATION":
            guard command.kind == .proprietary else { return nil }
            return "KVN \(Hex.string([p1 & 0x7F])) KID \(Hex.string([p2 & 0x7F]))"
        case "BEGIN R-MAC SESSION": return "level \(Hex.string([p1]))"
        case "END R-MAC SESSION": return p2 & 0x02 == 0 ? "(return R-MAC)" : ""
        default: return nil
        }
    }

    /// What the data field is made of; nil for other commands.
    static func commandFields(_ name: String, _ command: TracedCommand, application: [UInt8]?) -> [TraceField]? {
        let data = command.data
        switch name {
        case "GET DATA": return (GlobalPlatformData.request + AccessRules.objects).fields(data)
        case "GET STATUS": return GlobalPlatformRegistry.criteria(data)
        case "SET STATUS": return [TraceField("AID", Templates.named(data))]
        case "INSTALL": return GlobalPlatformContent.install(data, p1: command.p1)
        case "LOAD": return GlobalPlatformContent.load(data, block: command.p2)
        case "DELETE": return GlobalPlatformContent.deletion.fields(data)
        case "PUT KEY": return GlobalPlatformKeys.put(data, p2: command.p2)
        case "STORE DATA":
            return stored(command, application: application) ?? [
                TraceField("data", "\(data.count) octets, more follow")
            ]
        case "INITIALIZE UPDATE": return [TraceField("host challenge", Hex.string(data))]
        case "EXTERNAL AUTHENTICATE" where command.kind == .proprietary:
            let level = TraceField("security level", GlobalPlatformSecureChannel.level(command.p1))
            return [level] + GlobalPlatformSecureChannel.authentication(data)
        case "MUTUAL AUTHENTICATE": return GlobalPlatformSecureChannel.agreement.fields(data)
        case "INTERNAL AUTHENTICATE": return GlobalPlatformSecureChannel.agreement.fields(data)
        case "PERFORM SECURITY OPERATION" where command.kind == .proprietary:
            return GlobalPlatformData.objects.objects(data) ?? [TraceField("certificate", Hex.string(data))]
        case "BEGIN R-MAC SESSION":
            return [TraceField("data", Hex.string(data.first.map(Int.init) == data.count - 1 ? data[1...] : data[...]))]
        default: return nil
        }
    }

    /// The data of STORE DATA; nil where they end within a structure.
    static func stored(_ command: TracedCommand, application: [UInt8]?) -> [TraceField]? {
        let isAccessRules = application.flatMap(FileNames.selectable) == "ARA-M"
        return GlobalPlatformData.stored(command.data, p1: command.p1, isAccessRules: isAccessRules)
    }

    /// What the response data are made of; nil for other commands.
    static func responseFields(_ name: String, _ command: TracedCommand, _ data: [UInt8]) -> [TraceField]? {
        switch name {
        case "GET DATA": return GlobalPlatformData.answer(data, to: command)
        case "GET STATUS": return GlobalPlatformRegistry.entries(data, p1: command.p1, p2: command.p2)
        case "INSTALL", "LOAD", "DELETE": return GlobalPlatformContent.confirmation(data) ?? []
        case "PUT KEY": return GlobalPlatformKeys.putResult(data)
        case "STORE DATA": return AccessRules.objects.objects(data)
        case "INITIALIZE UPDATE": return GlobalPlatformSecureChannel.Initiation(data)?.fields
        case "MUTUAL AUTHENTICATE", "INTERNAL AUTHENTICATE":
            return GlobalPlatformSecureChannel.agreement.fields(data)
        case "END R-MAC SESSION": return [TraceField("R-MAC", Hex.string(data))]
        default: return nil
        }
    }

    /// Commands whose data field says more than the response.
    static func isAboutCommand(_ name: String) -> Bool {
        ["INSTALL", "LOAD", "DELETE", "PUT KEY", "SET STATUS", "STORE DATA"].contains(name)
    }

    // MARK: status words

    /// A status word in the meaning of the command; nil where it has none of its own.
    static func statusText(_ value: UInt16, _ name: String, application: [UInt8]?) -> String? {
        if application.flatMap(FileNames.selectable) == "ARA-M", let text = accessRules[value] { return text }
        return statusWords.first { $0.value == value && $0.commands.contains(name) }?.text
    }

    private static let authentication = ["EXTERNAL AUTHENTICATE", "MUTUAL AUTHENTICATE", "INTERNAL AUTHENTICATE"]
    private static let contentManagement = ["DELETE", "INSTALL", "LOAD", "PUT KEY", "SET STATUS", "STORE DATA"]

    /// The tables "Error Conditions" of GPCS clause 11 and annex E.
    private static let statusWords: [(value: UInt16, commands: [String], text: String)] = [
        (0x6200, ["MANAGE CHANNEL"], "logical channel already closed"),
        (0x6283, ["SELECT"], "card locked, or application deactivated"),
        (0x6300, ["EXTERNAL AUTHENTICATE"], "authentication of host cryptogram failed"),
        (0x6300, ["MUTUAL AUTHENTICATE", "INTERNAL AUTHENTICATE"], "authentication failed"),
        (0x6300, ["PERFORM SECURITY OPERATION"], "verification of the certificate failed"),
        (0x6310, ["GET STATUS"], "more data available"),
        (0x6400, contentManagement + ["GET STATUS"], "no specific diagnosis"),
        (0x6581, contentManagement, "memory failure"),
        (0x6982, ["EXTERNAL AUTHENTICATE"], "security status not satisfied: C-MAC is wrong"),
        (0x6A80, contentManagement + ["GET STATUS"], "incorrect values in command data"),
        (0x6A81, ["INSTALL"], "function not supported: no machine on the card for this load file"),
        (0x6A81, ["SELECT"], "function not supported: card locked, or already selected elsewhere"),
        (0x6A82, ["DELETE"], "application not found"),
        (0x6A84, contentManagement, "not enough memory space"),
        (0x6A88, ["INITIALIZE UPDATE"] + authentication, "referenced data not found: no such key"),
        (0x6A88, ["PUT KEY"], "referenced data not found: no such key version"),
        (0x6A88, ["GET DATA"], "referenced data not found: no such object"),
        (0x6A88, ["GET STATUS"], "referenced data not found: no entry matches"),
        (0x6A88, ["DELETE"], "referenced data not found: neither object nor key"),
        (0x6A88, ["INSTALL", "SET STATUS"], "referenced data not found: not in the registry"),
        (0x6985, ["INITIALIZE UPDATE"], "conditions of use not satisfied: sequence counter at its maximum"),
        (0x6985, ["EXTERNAL AUTHENTICATE"], "conditions of use not satisfied: no INITIALIZE UPDATE before"),
        (0x6985, ["DELETE"], "conditions of use not satisfied: in use, or referenced"),
        (0x6985, ["INSTALL"], "conditions of use not satisfied: AID in use, or not allowed in this state"),
        (0x6985, ["SET STATUS"], "conditions of use not satisfied: no such transition"),
        (0x6985, ["PUT KEY", "STORE DATA"], "conditions of use not satisfied: not in this state"),
        (0x6985, ["LOAD"], "conditions of use not satisfied: no INSTALL [for load] before"),
        (0x6985, ["BEGIN R-MAC SESSION", "END R-MAC SESSION"], "conditions of use not satisfied: R-MAC session"),
        (0x9484, ["PUT KEY"], "algorithm not supported"),
        (0x9485, ["PUT KEY"], "invalid key check value"),
    ]

    /// Secure Element Access Control clauses 4.1.2.2 and 5.1.2.2.
    private static let accessRules: [UInt16: String] = [
        0x6381: "rule stored, but an access rule already exists",
        0x6382: "rule stored, but with an unknown BER-TLV that was discarded", 0x6981: "DO not supported",
        0x6984: "rules have been updated and must be read again", 0x6A89: "conflicting access rule already exists",
    ]
}
