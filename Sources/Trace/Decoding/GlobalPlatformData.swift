import Octets

/// Data objects of security domains, in GET DATA, STORE DATA and the answer to SELECT: GPCS clauses 11.3, 11.9, 11.11.
enum GlobalPlatformData {
    /// GPCS table 11-76: the proprietary data of an FCI.
    static let selection = ObjectTable([
        .init(0x73, "Security Domain management data", .template(GlobalPlatformRecognition.recognition)),
        .init(0x9F6E, "application production life cycle data"),
        .init(0x9F65, "maximum length of data field", .number),
    ])

    /// GPCS clause 11.3.2, with those that TS 102 226, AmdB, AmdF and SGP.02 have added.
    static let objects = ObjectTable([
        .init(0x42, "Issuer Identification Number"),
        .init(0x45, "Card Image Number"),
        .init(0x4F, "AID", .aid),
        .init(0x5A, "EID"),
        .init(
            0x66,
            "card data",
            .template(
                ObjectTable([.init(0x73, "card recognition data", .template(GlobalPlatformRecognition.recognition))])
            )
        ),
        .init(0x67, "card capability information", .template(GlobalPlatformRecognition.capability)),
        .init(
            0xE0,
            "key information",
            .template(ObjectTable([.init(0xC0, "key", .words(GlobalPlatformKeys.information))]))
        ),
        .init(0xD3, "current security level", .words { GlobalPlatformSecureChannel.level($0[0]) }),
        .init(0xC1, "sequence counter", .number),
        .init(0xC2, "confirmation counter", .number),
        .init(
            0x61,
            "application",
            .template(
                ObjectTable([
                    .init(0x4F, "AID", .aid), .init(0x50, "label", .text), .init(0x9F70, "life cycle state"),
                    .init(0xC5, "privileges", .words(GlobalPlatformRegistry.privileges)),
                ])
            )
        ),
        .init(
            0xFF21,
            "extended card resources",
            .template(
                ObjectTable([
                    .init(0x81, "installed applications", .number), .init(0x82, "free non-volatile memory", .number),
                    .init(0x83, "free volatile memory", .number),
                ])
            )
        ),
        .init(0x5F50, "Security Domain manager URL", .text),
        .init(0xCF, "key diversification data"),
        .init(0x9F7F, "card production life cycle data", .parts(GlobalPlatformRecognition.production)),
        .init(0x85, "administration session parameters", .words { Hex.string($0) }),
        .init(0xBF21, "certificate store", .template(certificates)),
        .init(0x7F21, "certificate", .template(certificate)),
    ])

    private static let certificates = ObjectTable([.init(0x7F21, "certificate", .template(certificate))])

    /// AmdA, AmdF.
    private static let certificate = ObjectTable([
        .init(0x93, "serial number"), .init(0x42, "CA identifier"), .init(0x5F20, "subject identifier"),
        .init(0x95, "key usage", .words(GlobalPlatformKeys.usage)), .init(0x5F25, "effective date"),
        .init(0x5F24, "expiration date"), .init(0x45, "CA Security Domain image number"),
        .init(0x53, "discretionary data"), .init(0x73, "discretionary data"),
        .init(
            0x7F49,
            "public key",
            .template(
                ObjectTable([
                    .init(0xB0, "point"), .init(0x86, "point"),
                    .init(0xF0, "curve", .words(GlobalPlatformKeys.curve)),
                ])
            )
        ),
        .init(0x5F37, "signature"),
    ])

    // MARK: GET DATA

    /// What P1 and P2 ask for.
    static func requested(_ command: TracedCommand) -> String {
        let tag = Hex.string(command.p1 == 0 && command.ins == 0xCA ? [command.p2] : [command.p1, command.p2])
        if command.p1p2 == 0x2F00 { return "\(tag) list of applications" }
        let row = objects.row(UInt32(command.p1p2)) ?? AccessRules.objects.row(UInt32(command.p1p2))
        return row.map { "\(tag) \($0.name)" } ?? tag
    }

    /// Which of several objects.
    static let request = ObjectTable([
        .init(0x5C, "tag list", .words(GlobalPlatformRegistry.tags)),
        .init(
            0xA6,
            "control reference template",
            .template(ObjectTable([.init(0x83, "KID and KVN")]))
        ),
    ])

    /// The object, or in class 00 its value.
    static func answer(_ data: [UInt8], to command: TracedCommand) -> [TraceField]? {
        let tag = UInt32(command.p1p2)
        let table = objects + AccessRules.objects
        if let found = BER.sequence(data), tag == 0x2F00 || found.contains(where: { $0.tag == tag }) {
            return found.map(table.field)
        }
        guard command.kind == .interindustry, let row = table.row(tag) else { return nil }
        if case .template(let inner) = row.coding {
            return inner.objects(data).map { [TraceField(row.name, "", $0)] } ?? [
                TraceField(row.name, Hex.string(data))
            ]
        }
        return [row.field(data)]
    }

    // MARK: STORE DATA

    /// P1: GPCS table 11-88.
    static func structure(_ p1: UInt8) -> [String] {
        let ciphers: [String?] = [nil, "application dependent encryption", "RFU encryption", "encrypted"]
        let formats: [String?] = [nil, "DGI", "BER-TLV", "RFU structure"]
        return [ciphers[Int(p1 >> 5 & 3)], formats[Int(p1 >> 3 & 3)]].compactMap { $0 }
    }

    /// The data of one or more blocks.
    ///
    /// - Returns: nil where they end in the middle of a structure.
    static func stored(_ data: [UInt8], p1: UInt8, isAccessRules: Bool) -> [TraceField]? {
        switch p1 >> 3 & 3 {
        case 0x01: return groupings(data)
        case 0x02: return (isAccessRules ? AccessRules.commands : objects + keyTemplates).objects(data)
        default:
            // Nothing is said of the structure; GlobalPlatformPro sends data groupings so.
            return objects.objects(data) ?? (data.first == 0x00 ? groupings(data) : nil)
                ?? [TraceField("data", Hex.string(data))]
        }
    }

    private static let keyTemplates = ObjectTable([
        .init(0xB9, "control reference template of a key", .template(GlobalPlatformKeys.reference)),
        .init(0xA6, "control reference template of key agreement", .template(GlobalPlatformKeys.agreement)),
    ])

    /// Data grouping identifiers, with their lengths and values.
    private static func groupings(_ data: [UInt8]) -> [TraceField]? {
        var reader = OctetReader(data)
        var fields: [TraceField] = []
        while !reader.isAtEnd {
            guard let identifier = reader.octets(2), let first = reader.octet() else { return nil }
            var length = Int(first)
            if first == 0xFF {
                guard let long = reader.octets(2) else { return nil }
                length = long.number
            }
            guard let value = reader.octets(length) else { return nil }
            fields.append(grouping(identifier.number, value))
        }
        return fields
    }

    private static func grouping(_ identifier: Int, _ value: [UInt8]) -> TraceField {
        let label = "DGI \(Hex.string(UInt16(truncatingIfNeeded: identifier)))"
        switch identifier {
        case 0x0070: return TraceField(label, "", (objects + keyTemplates).fields(value))
        case 0x00B9, 0x00A6, 0x3A02: return TraceField(label, "", (keyTemplates + certificate).fields(value))
        case 0x3A01, 0x7F21: return TraceField(label, "", (objects + certificate).fields(value))
        default:
            let name = groupingNames[identifier].map { "\($0) " } ?? ""
            return TraceField(label, name + Hex.string(value))
        }
    }

    /// GPCS table 11-81.
    private static let groupingNames: [Int: String] = [
        0x8113: "secret key", 0x0010: "RSA modulus", 0x0011: "RSA public exponent", 0x8112: "RSA private exponent",
        0x8121: "RSA CRT q^-1 mod p", 0x8122: "RSA CRT d mod (q-1)", 0x8123: "RSA CRT d mod (p-1)",
        0x8124: "RSA CRT q", 0x8125: "RSA CRT p", 0x0030: "ECC field P", 0x0031: "ECC curve A", 0x0032: "ECC curve B",
        0x0033: "ECC generator G", 0x0034: "ECC order N", 0x0035: "ECC cofactor k", 0x0036: "ECC public key",
        0x8137: "ECC private key", 0x5F37: "signature", 0x7F49: "public key",
    ]

    /// Whether the data of STORE DATA have a key in them: they are said to be enciphered, or a data grouping has one.
    static func isSecret(_ data: [UInt8], p1: UInt8) -> Bool {
        if p1 & 0x60 == 0x60 { return true }
        // Where nothing is said of the structure there may be data groupings, too.
        guard p1 & 0x10 == 0 else { return false }
        var reader = OctetReader(data)
        while let identifier = reader.octets(2) {
            if identifier[0] == 0x81 || identifier == [0x00, 0xB9] { return true }
            guard let first = reader.octet() else { break }
            guard let length = first == 0xFF ? reader.octets(2)?.number : Int(first), reader.octets(length) != nil
            else { break }
        }
        return false
    }
}

/// Access rules of the ARA-M: Secure Element Access Control clauses 4, 5 and 6.
enum AccessRules {
    /// What GET DATA and STORE DATA answer.
    static let objects = ObjectTable([
        .init(0xFF40, "Response-ALL-REF-AR-DO", .template(ObjectTable([.init(0xE2, "REF-AR-DO", .template(rule))]))),
        .init(0xFF50, "Response-AR-DO", .template(ObjectTable([.init(0xE3, "AR-DO", .template(access))]))),
        .init(0xFF60, "Response-ALL-REF-AR-DO, next"),
        .init(0xFF70, "Response-ARAC-AID-DO", .template(ObjectTable([.init(0x4F, "AID-REF-DO", .aid)]))),
        .init(0xFF7F, "Response-Device-Config-DO", .template(configuration)),
        .init(0xDF20, "Response-RefreshTag-DO"),
        .init(0xDF21, "Response-ARAM-Config-DO", .template(configuration)),
        .init(0xE1, "REF-DO", .template(reference)),
        .init(0xE4, "Device-Config-DO", .template(interface)),
    ])

    /// What STORE DATA brings.
    static let commands = ObjectTable([
        .init(0xF0, "Command-Store-REF-AR-DO", .template(deleted)),
        .init(0xF1, "Command-Delete-DO", .template(deleted)),
        .init(0xF2, "Command-UpdateRefreshTag-DO"),
        .init(0xF3, "Command-Get-DO", .template(reference)),
        .init(0xF4, "Command-GetAll-DO"), .init(0xF5, "Command-GetNext-DO"),
        .init(0xF6, "Command-Get-ClientAIDs-DO"),
        .init(0xF7, "Command-Register-ClientAIDs-DO", .template(reference)),
        .init(0xF8, "Command-Get-DeviceConfig-DO"),
        .init(0xE7, "Block-DO"),
    ])

    private static let deleted =
        ObjectTable([.init(0xE2, "REF-AR-DO", .template(rule)), .init(0xE1, "REF-DO", .template(reference))])
        + reference

    private static let rule = ObjectTable([
        .init(0xE1, "REF-DO", .template(reference)), .init(0xE3, "AR-DO", .template(access)),
    ])

    private static let reference = ObjectTable([
        .init(0x4F, "AID-REF-DO", .aid), .init(0xC0, "AID-REF-DO", .aid), .init(0xC1, "DeviceAppID-REF-DO"),
        .init(0xCA, "PKG-REF-DO", .text),
    ])

    private static let access = ObjectTable([
        .init(0xD0, "APDU-AR-DO", .words(filters)), .init(0xD1, "NFC-AR-DO", .words(filters)),
        .init(0xDB, "PERM-AR-DO"),
    ])

    private static let interface = ObjectTable([
        .init(0xE6, "Device-Interface-Version-DO", .words { $0.map(String.init).joined(separator: ".") })
    ])

    private static let configuration = ObjectTable([
        .init(0xE4, "Device-Config-DO", .template(interface)), .init(0xE5, "ARAM-Config-DO", .template(interface)),
    ])

    /// Never, always, or for command headers under a mask.
    private static func filters(_ octets: [UInt8]) -> String {
        if octets == [0x00] { return "never" }
        if octets == [0x01] { return "always" }
        guard octets.count % 8 == 0 else { return Hex.string(octets) }
        return stride(from: 0, to: octets.count, by: 8).map {
            "\(Hex.string(octets[$0..<$0 + 4])) mask \(Hex.string(octets[$0 + 4..<$0 + 8]))"
        }
        .joined(separator: ", ")
    }
}
