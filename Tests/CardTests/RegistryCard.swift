import Card
import CardCrypto
import CardOS
import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// The image of a card with what format 1.1 knows: an issuer security domain, two below it, one of them with a
/// quota, a reservation and a key set of each use, load files, a module, data objects, a locked application, an ADF,
/// access rules.
struct RegistryCard {
    static let domain = "A000000559010101"
    static let lockedDomain = "A000000559010102"
    static let loadFile = "A0000005590201"
    static let module = "A000000559020101"
    static let issuer = "A000000151000000"
    static let firmware = "A0000001515350"
    static let firmwareModule = "A000000151535041"
    static let accessRules = "A00000015141434C00"
    static let application = "A0000000871002FF49FF0589"

    let octets: [UInt8]
    /// The objects by what they are: entries by their AIDs, key sets by their versions.
    let objects: [String: Int]

    /// - Parameter package: a profile package; without one, the card has an MF and an ADF.
    init(size: Int = 65_536, profile package: [UInt8]? = nil) throws {
        let image = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4_096)
        defer { image.deallocate() }
        try #require(Memory.format(image))
        var card = try Card(image: image, environment: Environment(seed: [UInt8](repeating: 0x5A, count: 48)))
        try card.manufacture(FactoryConfiguration())
        if let package {
            try #require(card.install(profilePackage: [package]).isInstalled)
        } else {
            try Self.createFiles(on: &card)
        }
        card.powerOn()
        try Self.manage(&card)
        let domain = try Self.entry(Self.domain, in: card)
        try Self.putKeys(in: domain, of: &card)
        try Self.storeCertificates(in: domain, of: &card)
        try Self.createModule(of: &card)
        card.system.memory.commit()
        octets = [UInt8](image)
        objects = Self.objects(of: card)
    }

    private static func entry(_ aid: String, isModule: Bool = false, in card: borrowing Card) throws -> ObjectReference
    {
        let octets = try #require(Hex.octets(aid))
        let found = octets.withView {
            card.open.registry.entry($0, isModule: isModule, in: card.system.memory)?.reference
        }
        return try #require(found)
    }

    private static func createFiles(on card: inout Card) throws {
        let name = try #require(Hex.octets(application))
        try ([0x8B, 0x03, 0x2F, 0x06, 0x01] as [UInt8]).withView { (rules) throws(StatusWord) in
            try name.withView { (name) throws(StatusWord) in
                var parameters = FileParameters(descriptor: 0x78, fileIdentifier: 0x3F00)
                parameters.securityAttributes = rules
                let root = try card.system.createFile(parameters, parent: nil)
                parameters.fileIdentifier = nil
                parameters.dfName = name
                _ = try card.system.createFile(parameters, parent: root)
            }
        }
        try card.runtime.open.registerNetworkAccess(on: &card.system)
        card.system.memory.commit()
    }

    // MARK: Commands

    private static func field(_ octets: String) -> String { Hex.string([UInt8(octets.count / 2)]) + octets }

    /// An access rule, as STORE DATA brings it.
    private static func rule(_ reference: String, _ permissions: String) -> String {
        "F0" + field("E2" + field("E1" + field(reference) + "E3" + field(permissions)))
    }

    /// INSTALL, LOAD, SET STATUS and STORE DATA, sent in the factory.
    private static func manage(_ card: inout Card) throws {
        card.open.enterFactory()
        let key = SecretOctets(count: 16)
        for index in key.buffer.indices { key.buffer[index] = 0 }
        card.runtime.open.selectIssuer(in: card.system, try DataEncryptionKey(.aes, key: key.view))
        let modules = field(firmware) + field(firmwareModule)
        let memory = "C7020100" + "D7020080" + "C8022000" + "D8021000"
        let parameters = "C90481020370" + "EF" + field(memory)
        for (command, data) in [
            ("80E60C00", modules + field(domain) + "0180" + field(parameters) + "00"),
            ("80E60C00", modules + field(lockedDomain) + "0180" + "02C900" + "00"),
            ("80F04080", lockedDomain),
            ("80E60200", field(loadFile) + field(issuer) + "000000"), ("80E88000", "C40401020304"),
            ("00A4040C", accessRules),
            ("80E29000", rule("C100", "D00101")),
            (
                "80E29000",
                rule(
                    "C000" + "C1" + field(String(repeating: "C5", count: 20)) + "CA" + field("616263"),
                    "D0" + field("80CAFF40FFFFFFFF" + "80CAFF60FFFFFFFF") + "D10101" + "DB080000000000000001"
                )
            ), ("80E29000", rule("4F" + field("FFFFFFFFFFFF") + "C100", "D10100")),
        ] {
            let octets = try #require(Hex.octets(command + field(data)))
            let response = UnsafeMutableRawBufferPointer.allocate(
                byteCount: Card.maximumResponseLength,
                alignment: 8
            )
            defer { response.deallocate() }
            let length = octets.withUnsafeBytes { card.transmit($0, into: response) }
            let status = Hex.string(response[..<length].suffix(2))
            #expect(status == "9000" || status.hasPrefix("61"), "\(command)")
        }
    }

    // MARK: What no single command makes

    /// A key set of each use, and a key of each form.
    private static func putKeys(in domain: ObjectReference, of card: inout Card) throws {
        let symmetric = [UInt8](0x10...0x1F)
        let point = [0x04] + [UInt8](repeating: 0x21, count: 64)
        let number = [UInt8](repeating: 0x22, count: 32)
        let options = SecureChannelOptions()
        func put(_ version: UInt8, _ fill: (inout KeyList) -> Void) throws {
            var keys = KeyList(capacity: 1_024)
            fill(&keys)
            try card.system.memory.putKeys(keys, version: version, .adding, in: domain, options)
        }
        func three(_ type: KeyType) -> (inout KeyList) -> Void {
            { keys in
                for identifier in UInt8(1)...3 { symmetric.withView { keys.append(identifier, type, $0) } }
            }
        }
        try put(0x30, three(.aes))
        try put(0x21, three(.des))
        try put(0x01, three(.aes))
        try put(0x40) { keys in symmetric.withView { keys.append(1, .tlsPSK, $0) } }
        try put(0x60) { keys in number.withView { keys.append(0x11, .eccPrivate, curve: .p256, $0) } }
        try put(0x73) { keys in
            point.withView { keys.append(1, .eccPublic, curve: .brainpoolP256r1, usage: 0x8000, access: 0, $0) }
            keys.begin(2)
            [UInt8](repeating: 0x23, count: 128).withView { keys.append(.rsaModulus, $0) }
            ([1, 0, 1] as [UInt8]).withView { keys.append(.rsaPublicExponent, $0) }
            symmetric.withView { keys.append(3, .hmac, $0) }
        }
    }

    private static func storeCertificates(in domain: ObjectReference, of card: inout Card) throws {
        let personalized = [LifeCycleState.personalized.rawValue]
        try personalized.withView { (state) throws(StatusWord) in
            try card.system.memory.write(domain, at: RegistryEntry.Field.lifeCycle.rawValue, state)
        }
        for key: UInt8 in [1, 2] {
            let found = RegistryEntry(domain, in: card.system.memory)
            let entry = try #require(found)
            try ([key, 0x30] as [UInt8]).withView { (reference) throws(StatusWord) in
                try ([0x7F, 0x21, 0x01, 0xAA] as [UInt8]).withView { (value) throws(StatusWord) in
                    try card.system.memory.storeDataObject(DataObjects.certificates, value, ofKey: reference, of: entry)
                }
            }
        }
    }

    private static func createModule(of card: inout Card) throws {
        let file = try entry(loadFile, in: card)
        let found = card.open.registry.issuer
        let issuer = try #require(found)
        let content = RegistryEntryContent(
            kind: .executableModule,
            lifeCycle: .loaded,
            securityDomain: issuer,
            loadFile: file,
            owner: .card
        )
        // A module may have the AID of its load file.
        for aid in [module, loadFile] {
            try #require(Hex.octets(aid)).withView { (aid) throws(StatusWord) in
                _ = try card.system.memory.createEntry(content, aid: aid, attributes: .empty)
            }
        }
    }

    private static func objects(of card: borrowing Card) -> [String: Int] {
        var objects: [String: Int] = [:]
        func note(_ kind: ObjectKind, _ name: (ObjectReference) -> String) {
            var next = card.system.memory.firstObject(of: kind)
            while let reference = next {
                objects[name(reference)] = Int(reference.page)
                next = card.system.memory.firstObject(of: kind, from: reference.page + 1)
            }
        }
        note(.registryEntry) { reference in
            guard let entry = RegistryEntry(reference, in: card.system.memory) else { return "" }
            return (entry.kind == .executableModule ? "module " : "") + Hex.string(entry.aid.array)
        }
        note(.keySet) { reference in
            guard let set = KeySet(reference, in: card.system.memory) else { return "" }
            let isIssuers = set.securityDomain == card.open.registry.issuer
            return (isIssuers ? "issuer's keys " : "keys ") + Hex.string([set.version])
        }
        note(.loadFile) { _ in "load file" }
        note(.applicationData) { reference in
            let names = [(issuer, "issuer's data"), (domain, "data")]
            for (aid, name) in names {
                let entry = (Hex.octets(aid) ?? []).withView {
                    card.open.registry.entry($0, in: card.system.memory)
                }
                if entry?.data == reference { return name }
            }
            return "rules"
        }
        note(.file) { reference in
            card.system.description(of: reference)?.isApplication == true ? "ADF" : "MF"
        }
        return objects
    }
}
