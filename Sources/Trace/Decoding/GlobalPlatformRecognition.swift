import Octets

/// Card recognition data, card capability information and the production of the card: GPCS annex H.
enum GlobalPlatformRecognition {
    /// GPCS table H-1: card recognition data, or what a security domain says of its management.
    static let recognition = ObjectTable([
        .init(0x06, "OID", .words(oid)),
        .init(0x60, "card management type and version", .words { identified($0, version) }),
        .init(0x63, "card identification scheme", .words { identified($0) { _ in nil } }),
        .init(0x64, "secure channel protocol", .words { identified($0, protocolName) }),
        .init(0x65, "card configuration details"),
        .init(0x66, "card / chip details"),
        .init(0x67, "trust point certificate information"),
        .init(0x68, "certificate information"),
    ])

    /// GPCS table H-4.
    static let capability = ObjectTable([
        .init(
            0xA0,
            "SCP information",
            .template(
                ObjectTable([
                    .init(0x80, "SCP identifier", .words { "SCP" + Hex.string($0) }),
                    .init(0x81, "implementation options", .words { each($0) { "i = " + Hex.string([$0]) } }),
                    .init(
                        0x82,
                        "supported keys",
                        .words { bitNames($0.first ?? 0, ["AES-128", "AES-192", "AES-256"]) }
                    ),
                    .init(0x83, "supported TLS cipher suites"),
                    .init(0x84, "maximum length of pre-shared key", .number),
                ])
            )
        ),
        .init(0x81, "privileges of security domains", .words(GlobalPlatformRegistry.privileges)),
        .init(0x82, "privileges of applications", .words(GlobalPlatformRegistry.privileges)),
        .init(
            0x83,
            "LFDB hash algorithms",
            .words { each($0) { nameOrHex($0, [1: "SHA-1", 2: "SHA-256", 3: "SHA-384", 4: "SHA-512"]) } }
        ),
        .init(
            0x84,
            "LFDB cipher suites",
            .words {
                bitNames($0.first ?? 0, ["Triple DES", "AES-128", "AES-192", "AES-256", "b5", "b6", "b7", "ICV"])
            }
        ),
        .init(0x85, "token cipher suites", .words(signatures)),
        .init(0x86, "receipt cipher suites", .words(signatures)),
        .init(0x87, "DAP cipher suites", .words(signatures)),
        .init(0x88, "key parameter references"),
    ])

    private static func each(_ octets: [UInt8], _ name: (UInt8) -> String) -> String {
        octets.map(name).joined(separator: ", ")
    }

    /// GPCS table H-5.
    private static func signatures(_ octets: [UInt8]) -> String {
        let first = [
            "RSA-1024 with SHA-1", "RSA-PSS with SHA-256", "single DES plus final Triple DES", "CMAC with AES-128",
            "CMAC with AES-192", "CMAC with AES-256", "ECDSA with 256 bits", "ECDSA with 384 bits",
        ]
        let names = zip(octets, [first, ["ECDSA with 512 bits", "ECDSA with 521 bits"]]).map(bitNames)
        return names.filter { $0 != "none" }.joined(separator: ", ")
    }

    // MARK: object identifiers

    /// globalPlatform: 1.2.840.114283.
    private static let root: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B]

    /// The number of each arc, or nil for octets that are no object identifier.
    private static func arcs(_ octets: some Sequence<UInt8>) -> [Int]? {
        var arcs: [Int] = []
        var value = 0
        var isComplete = true
        for octet in octets {
            guard value < 1 << 48 else { return nil }
            value = value << 7 | Int(octet & 0x7F)
            isComplete = octet & 0x80 == 0
            if isComplete {
                arcs.append(value)
                value = 0
            }
        }
        return isComplete ? arcs : nil
    }

    static func oid(_ octets: [UInt8]) -> String {
        guard let arcs = arcs(octets), let first = arcs.first else { return Hex.string(octets) }
        let root = min(first / 40, 2)
        return ([root, first - root * 40] + arcs.dropFirst()).map(String.init).joined(separator: ".")
    }

    /// One or several identifiers of GlobalPlatform in a template, by what stands behind `root` and the number of the
    /// tag.
    private static func identified(_ octets: [UInt8], _ name: ([UInt8]) -> String?) -> String {
        guard let objects = BER.sequence(octets) else { return Hex.string(octets) }
        return objects.map { object in
            guard object.tag == 0x06 else { return "\(object.tagText) \(Hex.string(object.value))" }
            guard object.value.starts(with: root) else { return oid(object.value) }
            return name(Array(object.value.dropFirst(root.count + 1))) ?? oid(object.value)
        }
        .joined(separator: ", ")
    }

    private static func version(_ octets: [UInt8]) -> String? {
        guard let arcs = arcs(octets), !arcs.isEmpty else { return nil }
        return "GlobalPlatform " + arcs.map(String.init).joined(separator: ".")
    }

    /// `SCP03 i=70`. Cards write 80 and more as one octet too, which is no object identifier.
    private static func protocolName(_ octets: [UInt8]) -> String? {
        var numbers = arcs(octets) ?? []
        if numbers.count != 2 { numbers = octets.map(Int.init) }
        guard numbers.count == 2, let scp = UInt8(exactly: numbers[0]), let i = UInt8(exactly: numbers[1]) else {
            return nil
        }
        return "SCP\(Hex.string([scp])) i=\(Hex.string([i]))"
    }

    /// The data of a selection in a few words: `GlobalPlatform 2.2.1, SCP03 i=70`.
    static func words(inSelection octets: [UInt8]) -> [String] {
        let objects = BER.sequence(octets) ?? []
        let data = objects.first { $0.tag == 0x73 }.flatMap { BER.sequence($0.value) } ?? []
        let words = data.compactMap { object -> String? in
            switch object.tag {
            case 0x60: identified(object.value, version)
            case 0x64: identified(object.value, protocolName)
            default: nil
            }
        }
        let length = objects.first { $0.tag == 0x9F65 }?.value
        return words
            + (length.map { ["data fields of \($0.count <= 2 ? "\($0.number)" : Hex.string($0)) octets"] } ?? [])
    }

    // MARK: production

    /// CPLC data, by widths: no clause of GPCS has them, all cards have the same ones.
    static func production(_ octets: [UInt8]) -> [TraceField] {
        var reader = OctetReader(octets)
        var fields: [TraceField] = []
        for (name, width) in productionParts {
            guard let part = reader.octets(width) else { break }
            fields.append(TraceField(name, Hex.string(part)))
        }
        if !reader.isAtEnd { fields.append(TraceField("rest", Hex.string(reader.all()))) }
        return fields
    }

    private static let productionParts = [
        ("IC fabricator", 2), ("IC type", 2), ("operating system identifier", 2),
        ("operating system release date", 2), ("operating system release level", 2),
        ("IC fabrication date", 2), ("IC serial number", 4), ("IC batch identifier", 2),
        ("IC module fabricator", 2), ("IC module packaging date", 2), ("ICC manufacturer", 2),
        ("IC embedding date", 2), ("IC pre-personalizer", 2), ("IC pre-personalization date", 2),
        ("IC pre-personalization equipment identifier", 4), ("IC personalizer", 2),
        ("IC personalization date", 2), ("IC personalization equipment identifier", 4),
    ]
}
