import Octets

/// Card content management: INSTALL, LOAD, DELETE: GPCS clauses 11.2, 11.5, 11.6.
enum GlobalPlatformContent {
    // MARK: INSTALL

    /// GPCS table 11-41: `[for install and make selectable]`.
    static func purpose(_ p1: UInt8, _ p2: UInt8) -> String {
        let names = [
            (0x02, "load"), (0x04, "install"), (0x08, "make selectable"), (0x10, "extradition"),
            (0x20, "personalization"), (0x40, "registry update"),
        ]
        let set = names.filter { Int(p1) & $0.0 != 0 }.map(\.1)
        guard let last = set.last else { return "[P1 \(Hex.string([p1]))]" }
        let text = set.count == 1 ? last : set.dropLast().joined(separator: ", ") + " and " + last
        return "[for \(text)]" + (p2 == 1 ? " combined, begin" : p2 == 3 ? " combined, end" : "")
    }

    /// A part of the data field, each with its length in front.
    private enum Part {
        case aid(String)
        case privileges
        case parameters(String)
        case octets(String)
    }

    /// GPCS tables 11-42 to 11-47.
    private static func parts(_ p1: UInt8) -> [Part] {
        switch p1 & 0x7E {
        case 0x02:
            [
                .aid("Load File AID"), .aid("Security Domain AID"), .octets("LFDB hash"),
                .parameters("load parameters"), .octets("load token"),
            ]
        case 0x10:
            [
                .aid("Security Domain AID"), .octets("not used"), .aid("Application AID"), .octets("not used"),
                .parameters("extradition parameters"), .octets("extradition token"),
            ]
        case 0x20:
            [
                .octets("not used"), .octets("not used"), .aid("Application AID"), .octets("not used"),
                .octets("not used"), .octets("not used"),
            ]
        case 0x40:
            [
                .aid("Security Domain AID"), .octets("not used"), .aid("Application AID"), .privileges,
                .parameters("registry update parameters"), .octets("registry update token"),
            ]
        default:
            [
                .aid("ELF AID"), .aid("Module AID"), .aid("Application AID"), .privileges,
                .parameters("parameters"), .octets("token"),
            ]
        }
    }

    /// The data field of INSTALL, as far as it goes. A part that is empty is left out.
    static func install(_ data: [UInt8], p1: UInt8) -> [TraceField] {
        var reader = OctetReader(data)
        var fields: [TraceField] = []
        var isSecurityDomain = false
        for part in parts(p1) {
            guard let value = reader.berCounted() else { break }
            if value.isEmpty { continue }
            switch part {
            case .aid(let name): fields.append(TraceField(name, Templates.named(value)))
            case .privileges:
                isSecurityDomain = value[0] & 0x80 != 0
                fields.append(TraceField("privileges", GlobalPlatformRegistry.privileges(value)))
            case .parameters(let name):
                let table = isSecurityDomain ? securityDomainParameters : parameters
                fields.append(TraceField(name, "", table.fields(value)))
            case .octets(let name): fields.append(TraceField(name, Hex.string(value)))
            }
        }
        if !reader.isAtEnd { fields.append(TraceField("rest", Hex.string(reader.all()))) }
        return fields
    }

    /// GPCS tables 11-48 to 11-52: what all forms of INSTALL have.
    private static let parameters =
        ObjectTable([.init(0xC9, "application specific parameters")]) + commonParameters

    private static let securityDomainParameters =
        ObjectTable([.init(0xC9, "security domain parameters", .template(securityDomain))]) + commonParameters

    private static let commonParameters = ObjectTable([
        .init(0xEF, "system specific parameters", .template(system)),
        .init(0xEA, "UICC system specific parameters", .template(uicc)),
        .init(0xB6, "control reference template", .template(token)),
    ])

    private static let system = ObjectTable([
        .init(0xC6, "non-volatile code minimum memory", .number),
        .init(0xC7, "volatile memory quota", .number),
        .init(0xC8, "non-volatile memory quota", .number),
        .init(0xC9, "application specific parameters"),
        .init(0xCA, "SIM file access and toolkit parameters", .parts(toolkit)),
        .init(0xCB, "global service parameters", .words(GlobalPlatformRegistry.globalServices)),
        .init(0xCD, "Load File Data Block format identifier"),
        .init(0xDD, "Load File Data Block parameters"),
        .init(0xCF, "implicit selection", .words(GlobalPlatformRegistry.implicitSelection)),
        .init(0xD7, "volatile reserved memory", .number),
        .init(0xD8, "non-volatile reserved memory", .number),
        .init(
            0xD9,
            "restrict",
            .words {
                bitNames(
                    $0[0],
                    [
                        "delete", "load", "install", "make selectable", "extradition", "personalization",
                        "registry update",
                    ]
                )
            }
        ),
    ])

    /// Of the token and who verifies it: GPCS table 11-53.
    static let token = ObjectTable([
        .init(0x42, "Security Domain identification number"), .init(0x45, "Security Domain image number"),
        .init(0x5F20, "Application Provider identifier"), .init(0x93, "token identifier"),
    ])

    /// GlobalPlatform UICC Configuration clause 4.3.2: what a security domain takes in C9.
    private static let securityDomain = ObjectTable([
        .init(
            0x81,
            "secure channel protocol",
            .words { value in
                value.count == 2
                    ? "SCP\(Hex.string(value.prefix(1))) i=\(Hex.string(value.suffix(1)))" : Hex.string(value)
            }
        ),
        .init(0x82, "accepts extradition to it"), .init(0x83, "accepts deletion"),
        .init(0x84, "transition to PERSONALIZED"), .init(0x86, "CASD capability"),
        .init(0x87, "accepts extradition from it"),
    ])

    /// TS 102 226 clause 8.2.1.3.2.2.
    static let uicc = ObjectTable([
        .init(0x80, "UICC toolkit parameters", .parts { toolkit($0, isSIM: false) }),
        .init(0x81, "UICC access parameters"),
        .init(0x82, "UICC administrative access parameters"),
    ])

    private static func toolkit(_ octets: [UInt8]) -> [TraceField] { toolkit(octets, isSIM: true) }

    /// TS 102 226 clauses 8.2.1.3.2.1 and 8.2.1.3.2.2.1: the same but for the access domain in front.
    private static func toolkit(_ octets: [UInt8], isSIM: Bool) -> [TraceField] {
        var reader = OctetReader(octets)
        var fields: [TraceField] = []
        if isSIM, let domain = reader.counted() { fields.append(TraceField("access domain", Hex.string(domain))) }
        for name in ["priority level", "maximum timers", "maximum menu text length"] {
            if let octet = reader.octet() { fields.append(TraceField(name, "\(octet)")) }
        }
        if let count = reader.octet() {
            fields.append(TraceField("maximum menu entries", "\(count)"))
            for _ in 0..<count {
                guard let entry = reader.octets(2) else { break }
                // SIM and UICC parameters have them in another order.
                let (position, identifier) = isSIM ? (entry[1], entry[0]) : (entry[0], entry[1])
                fields.append(TraceField("menu entry", "position \(position), identifier \(identifier)"))
            }
        }
        if let channels = reader.octet() { fields.append(TraceField("maximum channels", "\(channels)")) }
        if let level = reader.counted(), !level.isEmpty {
            fields.append(TraceField("minimum security level", Hex.string(level)))
        }
        if let targets = reader.counted(), !targets.isEmpty {
            let values = stride(from: 0, to: targets.count, by: 3).map {
                Hex.string(targets[$0..<min($0 + 3, targets.count)])
            }
            fields.append(TraceField("TAR", values.joined(separator: " ")))
        }
        if let services = reader.octet() { fields.append(TraceField("maximum services", "\(services)")) }
        if !reader.isAtEnd { fields.append(TraceField("rest", Hex.string(reader.all()))) }
        return fields
    }

    // MARK: LOAD

    /// GPCS table 11-58: the first block has DAP blocks and the beginning of the Load File Data Block.
    static func load(_ data: [UInt8], block: UInt8) -> [TraceField] {
        var fields: [TraceField] = []
        var rest = data
        while block == 0, let (object, end) = head(rest) {
            switch object.tag {
            case 0xE2: fields.append(TraceField("DAP block", "", dapBlock.fields(object.value)))
            case 0xD3: fields.append(TraceField("ICV", Hex.string(object.value)))
            case 0xC4: fields.append(TraceField("Load File Data Block", "\(object.length) octets"))
            case 0xD4: fields.append(TraceField("ciphered Load File Data Block", "\(object.length) octets"))
            default: break
            }
            guard [0xE2, 0xD3].contains(object.tag), object.value.count == object.length else { break }
            rest = Array(rest.dropFirst(end))
        }
        return fields.isEmpty ? [TraceField("data", "\(data.count) octets")] : fields
    }

    private static let dapBlock = ObjectTable([
        .init(0x4F, "Security Domain AID", .aid), .init(0xC3, "Load File Data Block signature"),
    ])

    /// The first object, whose value may go on in the next block, and where it ends.
    private static func head(_ octets: [UInt8]) -> (object: (tag: UInt32, length: Int, value: [UInt8]), end: Int)? {
        octets.withView { view in
            var cursor = OctetCursor(view)
            guard let tag = cursor.berTag(), let length = cursor.berLength() else { return nil }
            let start = octets.count - cursor.remaining
            let value = Array(octets[start...].prefix(length))
            return ((tag, length, value), start + value.count)
        }
    }

    // MARK: DELETE

    /// GPCS tables 11-22 and 11-23.
    static let deletion = ObjectTable([
        .init(0x4F, "AID", .aid), .init(0x9E, "delete token"),
        .init(0xB6, "control reference template", .template(token)),
        .init(0xD0, "key identifier"), .init(0xD2, "key version number"),
    ])

    /// What an operation is answered with: nothing to say, or the confirmation with its receipt (GPCS clause 11.1.6).
    static func confirmation(_ octets: [UInt8]) -> [TraceField]? {
        if octets == [0x00] { return nil }
        var reader = OctetReader(octets)
        guard let receipt = reader.berCounted(), !receipt.isEmpty else {
            return [TraceField("data", Hex.string(octets))]
        }
        return [TraceField("receipt", Hex.string(receipt)), TraceField("confirmation data", Hex.string(reader.all()))]
            .filter { !$0.value.isEmpty }
    }
}
