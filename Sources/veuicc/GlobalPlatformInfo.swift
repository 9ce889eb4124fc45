import ArgumentParser
import CardManagement
import Octets

struct GlobalPlatformInfo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Shows what a security domain tells of itself and the card, without a session.",
        discussion: "veuicc gp info --image card.img --json"
    )

    @OptionGroup var domain: DomainOptions

    @Flag(help: "A JSON object.")
    var json = false

    func run() throws {
        try domain.withDomain { manager in
            let report = InfoReport(manager.selected, try manager.readCardData())
            if json { return try Output.json(report, indented: true) }
            try Output.line(report.lines.joined(separator: "\n"))
        }
    }
}

/// What `gp info` shows.
private struct InfoReport: Encodable {
    struct SecureChannel: Encodable {
        let scp: String
        let i: String
    }

    struct Key: Encodable {
        let version: String
        let identifier: String
        let type: String
        let length: Int
    }

    struct Resources: Encodable {
        let applications: Int
        let nonVolatile: Int
        let volatile: Int
    }

    let aid: String
    let specification: String?
    let secureChannels: [SecureChannel]
    let keys: [Key]
    let applications: [String]
    let resources: Resources?
    /// The responses to GET DATA by P1 and P2.
    let objects: [String: String]
    private let named: [(name: String, value: String)]

    private enum CodingKeys: CodingKey {
        case aid, specification, secureChannels, keys, applications, resources, objects
    }

    init(_ domain: SelectedDomain?, _ data: CardData) {
        aid = Hex.string(domain?.aid ?? [])
        specification = data.recognition.version ?? domain?.recognition.version
        secureChannels = data.recognition.secureChannels.map {
            SecureChannel(scp: Hex.string([$0.identifier]), i: Hex.string([$0.i]))
        }
        keys = data.keys.map {
            Key(
                version: Hex.string([$0.version]),
                identifier: Hex.string([$0.identifier]),
                type: Self.typeName($0.type),
                length: $0.length
            )
        }
        applications = data.applications.map { Hex.string($0) }
        resources = data.resources.map {
            Resources(applications: $0.applications, nonVolatile: $0.nonVolatile, volatile: $0.volatile)
        }
        var objects: [String: String] = [:]
        var named: [(name: String, value: String)] = []
        for object in CardData.objects {
            guard let response = data.responses[object.tag], let value = data.value(object.tag) else { continue }
            let tag = [UInt8(truncatingIfNeeded: object.tag >> 8), UInt8(truncatingIfNeeded: object.tag)]
            objects[Hex.string(tag)] = Hex.string(response)
            if ![0x0066, 0x00E0, 0x2F00, 0xFF21].contains(object.tag) {
                named.append((object.name, Hex.string(value)))
            }
        }
        self.objects = objects
        self.named = named
    }

    var lines: [String] {
        var rows = [("security domain", aid)]
        if let specification { rows.append(("GlobalPlatform", specification)) }
        rows += secureChannels.map { ("secure channel", "SCP\($0.scp) i=\($0.i)") }
        rows += keys.map { ("key \($0.version)/\($0.identifier)", "\($0.type), \($0.length) octets") }
        rows += named
        rows += applications.map { ("application", $0) }
        if let resources {
            rows.append(("installed", "\(resources.applications) applications"))
            rows.append(("free memory", "\(resources.nonVolatile) octets, volatile \(resources.volatile)"))
        }
        let width = (rows.map(\.0.count).max() ?? 0) + 3
        return rows.map { $0.0 + String(repeating: " ", count: width - $0.0.count) + $0.1 }
    }

    /// GPCS table 11-16.
    private static func typeName(_ type: UInt8) -> String {
        switch type {
        case 0x80, 0x82: "DES"
        case 0x85: "TLS-PSK"
        case 0x88: "AES"
        case 0x90, 0x91: "HMAC"
        case 0xA0...0xA8: "RSA"
        case 0xB0: "EC public"
        case 0xB1: "EC private"
        default: Hex.string([type])
        }
    }
}

struct GlobalPlatformList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the registry: security domains, applications, load files and modules.",
        discussion: "veuicc gp list --image card.img --level renc"
    )

    @Option(help: "List what has an AID that begins so.")
    var prefix: HexArgument?

    @OptionGroup var session: SessionOptions

    @Flag(help: "A JSON object.")
    var json = false

    func run() throws {
        try session.withSession { manager in
            let report = ListReport(try manager.registry(prefix: prefix?.octets ?? []))
            if json { return try Output.json(report, indented: true) }
            for entry in report.entries { try Output.line(entry.line) }
        }
    }
}

/// What `gp list` shows.
private struct ListReport: Encodable {
    struct Entry: Encodable {
        let kind: String
        let aid: String
        let state: String
        let privileges: [String]
        let loadFile: String?
        let securityDomain: String?
        let version: String?
        let modules: [String]
        let implicitSelection: String?

        init(_ item: RegistryItem) {
            let isDomain = (item.privileges.first ?? 0) & 0x80 != 0
            let isLoadFile = item.scope == .loadFiles || item.scope == .loadFilesAndModules
            kind = item.scope == .issuer ? "issuer" : isLoadFile ? "load-file" : isDomain ? "domain" : "application"
            aid = Hex.string(item.aid)
            state = GlobalPlatformStatus.state(
                item.state,
                isCard: item.scope == .issuer,
                isLoadFile: isLoadFile,
                isDomain: isDomain
            )
            privileges = GlobalPlatformStatus.privileges(item.privileges)
            loadFile = item.loadFile.map { Hex.string($0) }
            securityDomain = item.securityDomain.map { Hex.string($0) }
            version = item.version.map { $0.map(String.init).joined(separator: ".") }
            modules = item.modules.map { Hex.string($0) }
            implicitSelection = item.implicitSelection.isEmpty ? nil : Hex.string(item.implicitSelection)
        }

        var line: String {
            let head = kind + String(repeating: " ", count: max(1, 13 - kind.count))
            var details: [String] = []
            if !privileges.isEmpty { details.append("privileges \(privileges.joined(separator: " "))") }
            if let loadFile { details.append("load file \(loadFile)") }
            if let version { details.append("version \(version)") }
            details += modules.map { "module \($0)" }
            if let implicitSelection { details.append("selected implicitly \(implicitSelection)") }
            if let securityDomain { details.append("security domain \(securityDomain)") }
            let indent = "\n" + String(repeating: " ", count: 13)
            return ([head + "\(aid)  \(state)"] + details).joined(separator: indent)
        }
    }

    let entries: [Entry]

    init(_ items: [RegistryItem]) { entries = items.map(Entry.init) }
}
