import Octets

/// What GET STATUS lists: GPCS table 11-33.
public enum RegistryScope: UInt8, CaseIterable, Sendable {
    /// The issuer security domain.
    case issuer = 0x80
    /// Applications and security domains.
    case applications = 0x40
    /// Executable load files and their modules.
    case loadFilesAndModules = 0x10
    /// Executable load files.
    case loadFiles = 0x20
}

/// An entry of the registry, as GET STATUS gives it: GPCS table 11-36.
public struct RegistryItem: Equatable, Sendable {
    /// What it was listed as.
    public let scope: RegistryScope
    /// The AID.
    public let aid: [UInt8]
    /// The life cycle state: GPCS tables 11-3 to 11-6.
    public let state: UInt8
    /// The privileges, three octets; none of a load file.
    public let privileges: [UInt8]
    /// The AID of its load file.
    public let loadFile: [UInt8]?
    /// The AID of its security domain.
    public let securityDomain: [UInt8]?
    /// The version of a load file.
    public let version: [UInt8]?
    /// The AIDs of the modules of a load file.
    public let modules: [[UInt8]]
    /// Implicit selection parameters.
    public let implicitSelection: [UInt8]

    /// nil where the AID or the state is missing.
    init?(_ scope: RegistryScope, _ content: [UInt8]) {
        let objects = TLV.objects(in: content)
        func value(_ tag: UInt32) -> [UInt8]? { objects.first { $0.tag == tag }?.value }
        guard let aid = value(0x4F), let state = value(0x9F70)?.first else { return nil }
        self.scope = scope
        self.aid = aid
        self.state = state
        let octets = value(0xC5) ?? []
        privileges = octets.isEmpty ? [] : Array((octets + [0, 0]).prefix(3))
        loadFile = value(0xC4)
        securityDomain = value(0xCC)
        version = value(0xCE)
        modules = objects.filter { $0.tag == 0x84 }.map(\.value)
        implicitSelection = objects.filter { $0.tag == 0xCF }.flatMap(\.value)
    }
}

extension CardManager {
    /// What of one scope there is, through as many commands as it takes (6310). Nothing found is an empty list.
    ///
    /// - Parameter prefix: how the AIDs begin.
    public func status(
        _ scope: RegistryScope,
        prefix: [UInt8] = []
    ) throws(CardManagementError) -> [RegistryItem] {
        let name = "GET STATUS \(Hex.string([scope.rawValue]))"
        let moreData = StatusWord(0x6310)
        var items: [RegistryItem] = []
        var p2: UInt8 = 0x02
        while true {
            let response = try send(
                Command(0x80, 0xF2, scope.rawValue, p2, TLV.object(0x4F, prefix)),
                name,
                accepting: [moreData, .referencedDataNotFound]
            )
            let found = TLV.objects(in: response.data).filter { $0.tag == 0xE3 }
            for object in found {
                guard let item = RegistryItem(scope, object.value) else {
                    throw CardManagementError(.answer, name, "an entry has no AID or no life cycle state")
                }
                items.append(item)
            }
            guard response.status == moreData else { return items }
            guard !found.isEmpty else {
                throw CardManagementError(.answer, name, "the card says that there is more, and gives nothing")
            }
            p2 = 0x03
        }
    }

    /// Everything there is. Cards that do not list modules list load files without.
    public func registry(prefix: [UInt8] = []) throws(CardManagementError) -> [RegistryItem] {
        var items = try status(.issuer, prefix: prefix) + status(.applications, prefix: prefix)
        do throws(CardManagementError) {
            items += try status(.loadFilesAndModules, prefix: prefix)
        } catch {
            guard error.kind == .refused(.incorrectP1P2) else { throw error }
            items += try status(.loadFiles, prefix: prefix)
        }
        return items
    }
}
