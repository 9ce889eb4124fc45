import Octets

/// The registry: life cycle states, privileges, GET STATUS and SET STATUS: GPCS clauses 11.1.1, 11.1.2, 11.4, 11.10.
enum GlobalPlatformRegistry {
    /// Whose life cycle it is.
    enum Kind: String {
        case issuerSecurityDomain = "ISD"
        case securityDomain = "security domain"
        case application = "application"
        case loadFile = "Executable Load File"
    }

    /// GPCS tables 11-3 to 11-6. SGP.02 clause 2.2.1.3 has two more for ISD-P.
    static func lifeCycle(_ state: UInt8, of kind: Kind) -> String {
        switch kind {
        case .issuerSecurityDomain:
            let names: [UInt8: String] = [
                0x01: "OP_READY", 0x07: "INITIALIZED", 0x0F: "SECURED", 0x7F: "CARD_LOCKED", 0xFF: "TERMINATED",
            ]
            return nameOrHex(state, names)
        case .loadFile: return nameOrHex(state, [0x01: "LOADED"])
        case .securityDomain:
            let names: [UInt8: String] = [
                0x03: "INSTALLED", 0x07: "SELECTABLE", 0x0F: "PERSONALIZED", 0x1F: "DISABLED", 0x3F: "ENABLED",
            ]
            if state & 0x83 == 0x83 { return "LOCKED (\(nameOrHex(state & 0x7F, names)))" }
            return nameOrHex(state, names)
        case .application:
            let names: [UInt8: String] = [0x03: "INSTALLED", 0x07: "SELECTABLE"]
            if state & 0x83 == 0x83 { return "LOCKED (\(lifeCycle(state & 0x7F, of: .application)))" }
            if let name = names[state] { return name }
            return state & 0x87 == 0x07 ? "application specific \(Hex.string([state]))" : Hex.string([state])
        }
    }

    /// GPCS tables 11-7 to 11-9: one octet, or three.
    static func privileges(_ octets: [UInt8]) -> String {
        guard octets.count == 1 || octets.count == 3 else { return Hex.string(octets) }
        var names: [String] = []
        for (octet, row) in zip(octets, privilegeNames) {
            for (bit, name) in row.enumerated() where octet << UInt8(bit) & 0x80 != 0 { names.append(name) }
        }
        // The bit of Mandated DAP Verification comes with that of DAP Verification.
        if octets[0] & 0x01 != 0 { names.removeAll { $0 == "DAP Verification" } }
        return names.isEmpty ? "none" : names.joined(separator: ", ")
    }

    private static let privilegeNames = [
        [
            "Security Domain", "DAP Verification", "Delegated Management", "Card Lock", "Card Terminate", "Card Reset",
            "CVM Management", "Mandated DAP Verification",
        ],
        [
            "Trusted Path", "Authorized Management", "Token Verification", "Global Delete", "Global Lock",
            "Global Registry", "Final Application", "Global Service",
        ],
        [
            "Receipt Generation", "Ciphered Load File Data Block", "Contactless Activation",
            "Contactless Self-Activation", "RFU", "RFU", "RFU", "RFU",
        ],
    ]

    /// GPCS table 11-10.
    static func implicitSelection(_ octets: [UInt8]) -> String {
        octets.map { octet in
            let interfaces = [(0x80, "contactless"), (0x40, "contact")].filter { Int(octet) & $0.0 != 0 }.map(\.1)
            if interfaces.isEmpty { return "only explicit" }
            return "\(interfaces.joined(separator: " and ")) on channel \(octet & 0x1F)"
        }
        .joined(separator: ", ")
    }

    /// Two octets: family and what it offers.
    static func globalServices(_ octets: [UInt8]) -> String {
        guard octets.count % 2 == 0 else { return Hex.string(octets) }
        let families: [UInt8: String] = [
            0x00: "all", 0x81: "secure channel", 0x82: "CVM", 0x83: "authority", 0x84: "HTTP administration",
            0x85: "HTTP report",
        ]
        return stride(from: 0, to: octets.count, by: 2).map { index in
            "\(nameOrHex(octets[index], families)) \(Hex.string(octets[index...index + 1]))"
        }
        .joined(separator: ", ")
    }

    // MARK: GET STATUS

    /// GPCS table 11-32: P1.
    static func scope(_ p1: UInt8) -> String {
        switch p1 {
        case 0x80: "ISD"
        case 0x40: "applications"
        case 0x20: "ELFs"
        case 0x10: "ELFs and modules"
        default: "P1 \(Hex.string([p1]))"
        }
    }

    /// The search criterion.
    static func criteria(_ octets: [UInt8]) -> [TraceField] {
        ObjectTable([
            .init(0x4F, "AID", .aid),
            .init(0x5C, "tag list", .words { tags($0) }),
            .init(0xC4, "ELF AID", .aid), .init(0xCC, "security domain AID", .aid),
            .init(0xC5, "privileges", .words(privileges)), .init(0x9F70, "life cycle state"),
        ])
        .fields(octets).map { $0.name == "AID" && $0.value == "empty" ? TraceField("AID", "any") : $0 }
    }

    /// The tags of a tag list.
    static func tags(_ octets: [UInt8]) -> String {
        octets.withView { view in
            var cursor = OctetCursor(view)
            var tags: [String] = []
            while let tag = cursor.berTag() { tags.append(BER.Object(tag: tag, value: []).tagText) }
            return cursor.isAtEnd ? tags.joined(separator: " ") : Hex.string(octets)
        }
    }

    /// What GET STATUS answers: entries as data objects (E3), or as lengths and values.
    static func entries(_ octets: [UInt8], p1: UInt8, p2: UInt8) -> [TraceField] {
        if p2 & 0x02 == 0 { return plainEntries(octets, p1: p1) }
        guard let objects = BER.sequence(octets) else { return [TraceField("data", Hex.string(octets))] }
        return objects.map { $0.tag == 0xE3 ? entry($0.value, p1: p1) : TLV.field($0) }
    }

    private static func entry(_ octets: [UInt8], p1: UInt8) -> TraceField {
        let objects = BER.sequence(octets) ?? []
        func value(_ tag: UInt32) -> [UInt8]? { objects.first { $0.tag == tag }?.value }
        let kind = kind(p1, privileges: value(0xC5))
        let state = value(0x9F70)?.first.map { lifeCycle($0, of: kind) }
        let table = entryTable(kind)
        let words = [value(0x4F).map(Templates.named), state].compactMap { $0 }
        return TraceField(kind.rawValue, words.joined(separator: " "), objects.map(table.field))
    }

    private static func kind(_ p1: UInt8, privileges: [UInt8]?) -> Kind {
        switch p1 {
        case 0x80: .issuerSecurityDomain
        case 0x40: (privileges?.first ?? 0) & 0x80 != 0 ? .securityDomain : .application
        default: .loadFile
        }
    }

    /// GPCS table 11-36.
    private static func entryTable(_ kind: Kind) -> ObjectTable {
        ObjectTable([
            .init(0x4F, "AID", .aid),
            .init(0x9F70, "life cycle state", .words { value in lifeCycle(value[0], of: kind) }),
            .init(0xC5, "privileges", .words(privileges)),
            .init(0xCF, "implicit selection", .words(implicitSelection)),
            .init(0xC4, "ELF AID", .aid),
            .init(0xCE, "ELF version", .words { $0.map(String.init).joined(separator: ".") }),
            .init(0x84, "module AID", .aid),
            .init(0xCC, "security domain AID", .aid),
            .init(0xEA, "UICC parameters", .template(GlobalPlatformContent.uicc)),
        ])
    }

    /// GPCS table 11-34: AID, life cycle state, privileges, and the modules where they were asked for.
    private static func plainEntries(_ octets: [UInt8], p1: UInt8) -> [TraceField] {
        var reader = OctetReader(octets)
        var fields: [TraceField] = []
        while !reader.isAtEnd {
            guard let aid = reader.counted(), let state = reader.octet(), let privilege = reader.octet() else { break }
            let kind = kind(p1, privileges: [privilege])
            var inner = [TraceField("privileges", privileges([privilege]))]
            if p1 == 0x10, let count = reader.octet() {
                for _ in 0..<count {
                    if let module = reader.counted() { inner.append(TraceField("module AID", Templates.named(module))) }
                }
            }
            let value = "\(Templates.named(aid)) \(lifeCycle(state, of: kind))"
            fields.append(TraceField(kind.rawValue, value, inner))
        }
        if !reader.isAtEnd { fields.append(TraceField("rest", Hex.string(reader.all()))) }
        return fields
    }

    // MARK: SET STATUS

    /// GPCS table 11-86 and P2: `card CARD_LOCKED`, `lock`.
    static func change(_ p1: UInt8, _ p2: UInt8) -> String {
        switch p1 {
        case 0x80: "card \(lifeCycle(p2, of: .issuerSecurityDomain))"
        case 0x60: p2 & 0x80 != 0 ? "lock with applications" : "unlock with applications"
        default: p2 & 0x80 != 0 ? "lock" : p2 == 0 ? "unlock" : "to \(lifeCycle(p2, of: .securityDomain))"
        }
    }
}
