import Octets

/// What a command and its response mean, given the file that it is about.
struct Description {
    /// The name of the command; empty where it has none.
    let name: String
    /// In the clear as far as it can be, and with what has come before it in a chain.
    var command: TracedCommand
    let place: Place
    let status: StatusWord
    var isCommandEnciphered = false
    var isResponseEnciphered = false
    /// Whether more of the data field follows.
    var isPart = false
    /// Whether FF stands in place of the data field.
    var isMasked = false

    /// What a line names of the place: the file, the directory, the application, or nothing.
    var subject: Place? {
        switch name {
        case "SELECT", "READ BINARY", "UPDATE BINARY", "READ RECORD", "UPDATE RECORD", "SEARCH RECORD", "INCREASE",
            "RETRIEVE DATA", "SET DATA", "CREATE FILE", "DELETE FILE", "RESIZE FILE", "TERMINATE DF", "TERMINATE EF",
            "ACTIVATE FILE", "DEACTIVATE FILE", "SEEK", "INVALIDATE", "REHABILITATE", "APPEND RECORD", "ERASE BINARY":
            place
        case "STATUS": place.directory
        case "AUTHENTICATE", "GET IDENTITY", "RUN GSM ALGORITHM", "GET DATA", "PUT DATA", "GET STATUS", "SET STATUS",
            "INITIALIZE UPDATE", "EXTERNAL AUTHENTICATE", "PUT KEY", "STORE DATA", "DELETE", "INSTALL", "LOAD",
            "MUTUAL AUTHENTICATE", "INTERNAL AUTHENTICATE", "BEGIN R-MAC SESSION", "END R-MAC SESSION",
            "PERFORM SECURITY OPERATION":
            Place(application: place.application)
        default: nil
        }
    }

    /// What P1 and P2 say.
    var argument: String {
        let p1 = command.p1
        let p2 = command.p2
        if let argument = GlobalPlatform.argument(name, command) { return argument }
        switch name {
        case "SELECT":
            switch p1 {
            case 0x04:
                let occurrences = ["", "last", "next", "previous"]
                return p2 & 0x60 == 0x40 ? "(terminate)" : occurrences[Int(p2 & 0x03)]
            case 0x03: return "parent"
            default: return ""
            }
        case "STATUS": return ["", "initialised", "terminating"][Int(min(p1, 2)) % 3]
        case "READ BINARY", "UPDATE BINARY":
            let offset = p1 & 0x80 == 0 ? command.p1p2 : Int(p2)
            return offset == 0 ? "" : "from \(offset)"
        case "READ RECORD", "UPDATE RECORD", "SEARCH RECORD":
            switch p2 & 0x07 {
            case 0x02: return "next"
            case 0x03: return "previous"
            case 0x04: return p1 == 0 ? "current" : "\(p1)"
            default: return "\(p1)"
            }
        case "VERIFY PIN", "CHANGE PIN", "ENABLE PIN", "DISABLE PIN", "UNBLOCK PIN": return KeyReference.name(p2)
        case "VERIFY CHV", "CHANGE CHV", "ENABLE CHV", "DISABLE CHV", "UNBLOCK CHV": return p2 == 0 ? "1" : "\(p2)"
        case "MANAGE CHANNEL": return p1 == 0x80 ? "close \(p2)" : p2 == 0 ? "open" : "open \(p2)"
        case "AUTHENTICATE": return Authentication.contextName(p2)
        case "SUSPEND UICC": return p1 == 0 ? "" : "(resume)"
        case "RETRIEVE DATA", "SET DATA": return p2 & 0x80 == 0 ? "next" : p2 & 0x40 == 0 ? "" : "again"
        case "PUT DATA": return Hex.string([p1, p2])
        case "GET IDENTITY": return p2 == 1 ? "SUCI" : p2 == 2 ? "SUCI for 5G NSWO" : Hex.string([p2])
        case "": return "P1 P2 \(Hex.string([p1, p2]))"
        default: return ""
        }
    }

    // MARK: fields

    /// What the data field of the command is made of.
    var commandFields: [TraceField] {
        let data = command.data
        if !command.isWellFormed { return [TraceField("malformed command APDU")] }
        guard !data.isEmpty else { return [] }
        if isCommandEnciphered { return [TraceField("enciphered", Hex.string(data))] }
        if isMasked, GlobalPlatform.isAboutCommand(name) { return [TraceField("data", "(masked)")] }
        if isPart { return [TraceField("data", "\(data.count) octets, more follow")] }
        if let fields = GlobalPlatform.commandFields(name, command, application: place.application) { return fields }
        switch name {
        case "SELECT":
            return command.p1 == 0x04 ? [TraceField("AID", Templates.named(data))] : []
        case "VERIFY PIN", "DISABLE PIN", "ENABLE PIN", "VERIFY CHV", "DISABLE CHV", "ENABLE CHV":
            return [TraceField("PIN", Self.code(data))]
        case "CHANGE PIN", "CHANGE CHV":
            return [
                TraceField("old PIN", Self.code(data.prefix(8))), TraceField("new PIN", Self.code(data.dropFirst(8))),
            ]
        case "UNBLOCK PIN", "UNBLOCK CHV":
            return [TraceField("PUK", Self.code(data.prefix(8))), TraceField("new PIN", Self.code(data.dropFirst(8)))]
        case "UPDATE BINARY", "UPDATE RECORD": return content(data) ?? [TraceField("data", Hex.string(data))]
        case "CREATE FILE", "RESIZE FILE": return Templates.fileControl(data) ?? Self.objects(data)
        case "AUTHENTICATE" where command.ins == 0x88: return Authentication.challenge(data, context: command.p2)
        case "RUN GSM ALGORITHM": return [TraceField("RAND", Hex.string(data))]
        case "TERMINAL PROFILE": return TerminalProfile.fields(data)
        case "TERMINAL RESPONSE": return Toolkit.response(data)
        case "ENVELOPE": return Toolkit.template(data) ?? Self.objects(data)
        case "TERMINAL CAPABILITY": return capabilities(data)
        case "SEARCH RECORD", "SEEK": return [TraceField("pattern", Hex.string(data))]
        case "RETRIEVE DATA": return [TraceField("tag", Hex.string(data))]
        case "DELETE FILE", "TERMINATE DF", "TERMINATE EF", "ACTIVATE FILE", "DEACTIVATE FILE": return []
        case "SUSPEND UICC" where data.count == 4:
            return [
                TraceField("at least", Self.duration(data[0], data[1])),
                TraceField("at most", Self.duration(data[2], data[3])),
            ]
        default: return command.hasSecureMessaging ? [TraceField("data", Hex.string(data))] : Self.objects(data)
        }
    }

    /// What the response data are made of.
    func responseFields(_ data: [UInt8]) -> [TraceField]? {
        guard !data.isEmpty else { return nil }
        if isResponseEnciphered { return [TraceField("enciphered", Hex.string(data))] }
        if let fields = GlobalPlatform.responseFields(name, command, data) { return fields }
        switch name {
        case "SELECT", "STATUS":
            return Templates.fileControl(data) ?? (command.kind == .gsm ? gsmHeader(data) : nil) ?? Self.objects(data)
        case "READ BINARY", "READ RECORD": return content(data) ?? [TraceField("data", Hex.string(data))]
        case "AUTHENTICATE" where command.ins == 0x88: return Authentication.result(data, context: command.p2)
        case "RUN GSM ALGORITHM" where data.count == 12:
            return [TraceField("SRES", Hex.string(data.prefix(4))), TraceField("Kc", Hex.string(data.dropFirst(4)))]
        case "FETCH": return Toolkit.template(data) ?? Self.objects(data)
        case "MANAGE CHANNEL": return [TraceField("channel", "\(data[0])")]
        case "SEARCH RECORD": return [TraceField("records", data.map(String.init).joined(separator: " "))]
        case "GET CHALLENGE": return [TraceField("challenge", Hex.string(data))]
        case "SUSPEND UICC" where data.count == 10:
            return [
                TraceField("at most", Self.duration(data[0], data[1])), TraceField("token", Hex.string(data[2...])),
            ]
        case "INCREASE": return [TraceField("value and amount", Hex.string(data))]
        default: return Self.objects(data)
        }
    }

    /// The content of the file that the command is about.
    private func content(_ data: [UInt8]) -> [TraceField]? {
        guard let file = place.name, command.p1 & 0x80 != 0 || name.hasSuffix("RECORD") || command.p1p2 == 0 else {
            return nil
        }
        if command.p1 & 0x80 != 0, name.hasSuffix("BINARY"), command.p2 != 0 { return nil }
        return Files.fields(file, data)
    }

    /// Digits padded with FF: TS 102 221 clause 9.5.1.
    private static func code(_ octets: some Sequence<UInt8>) -> String {
        let digits = octets.prefix { $0 != 0xFF }
        if digits.isEmpty { return "(masked)" }
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return Hex.string(octets) }
        return String(decoding: Array(digits), as: UTF8.self)
    }

    private static func objects(_ data: [UInt8]) -> [TraceField] {
        guard BER.isSequence(data) else { return [TraceField("data", Hex.string(data))] }
        return BER.objects(data).map(TLV.field)
    }

    /// TS 102 221 clause 11.1.19.
    private func capabilities(_ data: [UInt8]) -> [TraceField] {
        guard let template = BER.objects(data).first, template.tag == 0xA9 else { return Self.objects(data) }
        let names: [UInt32: String] = [
            0x80: "power supply", 0x81: "extended logical channels", 0x82: "additional interfaces",
            0x83: "eUICC related",
        ]
        return BER.objects(template.value).map { object in
            TraceField(names[object.tag] ?? object.tagText, Hex.string(object.value))
        }
    }

    /// TS 102 221 clause 11.1.22.
    private static func duration(_ unit: UInt8, _ count: UInt8) -> String {
        let units = ["s", "min", "h", "d", "x 10 d"]
        return Int(unit) < units.count ? "\(count) \(units[Int(unit)])" : Hex.string([unit, count])
    }

    /// The response of TS 51.011 clause 9.2.1.
    private func gsmHeader(_ data: [UInt8]) -> [TraceField]? {
        guard data.count >= 14 else { return nil }
        let types: [UInt8: String] = [0x01: "MF", 0x02: "DF", 0x04: "EF"]
        let type = types[data[6]] ?? Hex.string([data[6]])
        let structures = ["transparent", "linear fixed", "", "cyclic"]
        var fields = [TraceField("file identifier", Hex.string(data[4..<6])), TraceField("type", type)]
        guard data[6] == 0x04 else { return fields }
        fields.append(TraceField("file size", "\(data[2..<4].number)"))
        if Int(data[13]) < structures.count { fields.append(TraceField("structure", structures[Int(data[13])])) }
        if data.count > 14, data[13] != 0 { fields.append(TraceField("record length", "\(data[14])")) }
        return fields
    }

    // MARK: in a few words

    /// The octets that a line shows of data that are not decoded.
    private static let shownOctets = 20

    func summary(command fields: [TraceField]?, response: [TraceField]?, data: [UInt8]) -> String {
        if !command.isWellFormed { return "malformed command APDU" }
        if isCommandEnciphered || isResponseEnciphered {
            let answer = response ?? []
            return Self.short((answer.isEmpty ? fields ?? [] : answer).summary)
        }
        switch name {
        case "SELECT", "STATUS":
            if let text = Templates.summary(data) { return text }
            return response.map { Self.short($0.summary) } ?? ""
        case "READ BINARY", "READ RECORD":
            return data.isEmpty ? "" : decoded(data)
        case "UPDATE BINARY", "UPDATE RECORD":
            return fields == nil ? "" : decoded(command.data)
        case "TERMINAL PROFILE": return "\(command.data.count) octets"
        case "FETCH": return response.map { Toolkit.summary($0) } ?? ""
        case "TERMINAL RESPONSE", "ENVELOPE":
            return data.isEmpty ? fields.map { Toolkit.summary($0) } ?? "" : Self.hex(data)
        case "CREATE FILE": return fields == nil ? "" : Templates.summary(command.data) ?? ""
        case "AUTHENTICATE" where status.value == 0x9862 || data.isEmpty: return ""
        case _ where GlobalPlatform.isAboutCommand(name):
            return Self.short(((fields ?? []) + (response ?? [])).summary)
        default:
            let all = response ?? fields ?? []
            return Self.short(all.summary)
        }
    }

    private func decoded(_ data: [UInt8]) -> String {
        guard let fields = content(data) else { return Self.hex(data) }
        if place.name == "EF.ARR" {
            let rules = fields.map { $0.value.isEmpty ? $0.name : "\($0.name): \($0.value)" }
            return Self.short(rules.joined(separator: "; "))
        }
        return Self.short(fields.summary)
    }

    private static func hex(_ data: [UInt8]) -> String {
        if data.count > 4, data.isErased { return "FF x \(data.count)" }
        guard data.count > shownOctets else { return Hex.string(data) }
        return "\(Hex.string(data.prefix(shownOctets)))... (\(data.count) octets)"
    }

    private static func short(_ text: String) -> String {
        text.count <= 100 ? text : "\(text.prefix(97))..."
    }

    // MARK: secrets

    /// Files that hold keys: TS 31.102 clauses 4.2.3, 4.2.4, 4.2.91, 4.4.3, 4.4.11.
    private static let secretFiles: Set<String> = [
        "EF.Keys", "EF.KeysPS", "EF.EPSNSC", "EF.Kc", "EF.KcGPRS", "EF.5GS3GPPNSC", "EF.5GSN3GPPNSC", "EF.5GAUTHKEYS",
        "EF.GBABP", "EF.MSK", "EF.MUK", "EF.HiddenKey", "EF.DCK",
    ]

    /// The command and the response data with FF in place of PINs and keys.
    func masked(
        command sent: TracedCommand,
        data: [UInt8],
        _ isContinuation: Bool,
        isSecretBlock: Bool
    ) -> (command: [UInt8], data: [UInt8]) {
        let isSecretFile = place.name.map { Self.secretFiles.contains($0) } ?? false
        let isCode = name.hasSuffix(" PIN") || name.hasSuffix(" CHV")
        let isKey = name == "PUT KEY" || name == "STORE DATA" && isSecretBlock
        let masksCommand = isCode || isKey || (isSecretFile && name.hasPrefix("UPDATE"))
        let masksResponse =
            ["AUTHENTICATE", "RUN GSM ALGORITHM"].contains(name) || (isSecretFile && name.hasPrefix("READ"))
        var octets = sent.octets
        if masksCommand, !isContinuation, let start = octets.firstRange(of: sent.data)?.lowerBound, !sent.data.isEmpty {
            // The data field begins behind the header and one or three octets of length.
            let first = max(start, octets.count > 7 && octets[4] == 0 ? 7 : 5)
            // Where the lengths do not fit, nothing says where it ends.
            let end = sent.isWellFormed ? first + sent.data.count : octets.count
            for index in first..<max(first, min(end, octets.count)) { octets[index] = 0xFF }
        }
        return (octets, masksResponse ? [UInt8](repeating: 0xFF, count: data.count) : data)
    }
}
