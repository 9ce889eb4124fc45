import Octets

extension CardManager {
    // MARK: INSTALL (GPCS clause 11.5)

    /// INSTALL [for load]. No AID of a security domain: the selected one.
    public func installForLoad(
        _ loadFile: [UInt8],
        into domain: [UInt8] = [],
        hash: [UInt8] = [],
        parameters: [UInt8] = [],
        token: [UInt8] = []
    ) throws(CardManagementError) {
        try install(0x02, "load", [loadFile, domain, hash, parameters, token])
    }

    /// INSTALL [for install], or [for install and make selectable].
    ///
    /// - Parameter parameters: the install parameters field; C9 is put in front where it is not in it.
    public func installForInstall(
        _ loadFile: [UInt8],
        module: [UInt8],
        instance: [UInt8],
        privileges: [UInt8] = [0x00, 0x00, 0x00],
        parameters: [UInt8] = [],
        token: [UInt8] = [],
        makeSelectable: Bool = true
    ) throws(CardManagementError) {
        let hasOwn = TLV.objects(in: parameters).contains { $0.tag == 0xC9 }
        try install(
            makeSelectable ? 0x0C : 0x04,
            makeSelectable ? "install and make selectable" : "install",
            [loadFile, module, instance, privileges, hasOwn ? parameters : [0xC9, 0x00] + parameters, token]
        )
    }

    /// INSTALL [for make selectable].
    public func installForMakeSelectable(
        _ instance: [UInt8],
        privileges: [UInt8] = [0x00, 0x00, 0x00],
        parameters: [UInt8] = [],
        token: [UInt8] = []
    ) throws(CardManagementError) {
        try install(0x08, "make selectable", [[], [], instance, privileges, parameters, token])
    }

    /// INSTALL [for personalization]: the STORE DATA commands that follow are for `application`.
    public func installForPersonalization(_ application: [UInt8]) throws(CardManagementError) {
        try install(0x20, "personalization", [[], [], application, [], [], []])
    }

    /// INSTALL [for extradition] of an application or load file to another security domain.
    public func installForExtradition(
        _ object: [UInt8],
        to domain: [UInt8],
        parameters: [UInt8] = [],
        token: [UInt8] = []
    ) throws(CardManagementError) {
        try install(0x10, "extradition", [domain, [], object, [], parameters, token])
    }

    /// INSTALL [for registry update].
    public func installForRegistryUpdate(
        _ application: [UInt8],
        domain: [UInt8] = [],
        privileges: [UInt8] = [],
        parameters: [UInt8] = [],
        token: [UInt8] = []
    ) throws(CardManagementError) {
        try install(0x40, "registry update", [domain, [], application, privileges, parameters, token])
    }

    private func install(_ p1: UInt8, _ purpose: String, _ fields: [[UInt8]]) throws(CardManagementError) {
        let data = fields.flatMap { TLV.field($0) }
        _ = try send(Command(0x80, 0xE6, p1, 0x00, data), "INSTALL [for \(purpose)]")
    }

    // MARK: LOAD (GPCS clause 11.6)

    /// Loads the load file of an INSTALL [for load], in as many blocks as it takes.
    ///
    /// - Parameter signatures: objects E2 that stand in front of it.
    public func load(_ file: LoadFile, signatures: [UInt8] = []) throws(CardManagementError) {
        let blocks = try blocks(of: signatures + TLV.object(0xC4, file.dataBlock), "LOAD")
        for (number, block) in blocks.enumerated() {
            let p1: UInt8 = number == blocks.count - 1 ? 0x80 : 0x00
            _ = try send(Command(0x80, 0xE8, p1, UInt8(number), block), "LOAD of block \(number)")
        }
    }

    /// As large parts as a command can carry, at most 256.
    private func blocks(of data: [UInt8], _ name: String) throws(CardManagementError) -> [[UInt8]] {
        let limit = selected?.maximumLength ?? 255
        let size = session?.capacity(within: limit) ?? limit
        guard data.count <= 256 * size else {
            throw CardManagementError(.input, name, "\(data.count) octets are more than 256 blocks of \(size)")
        }
        return stride(from: 0, to: data.count, by: size).map { Array(data[$0..<min($0 + size, data.count)]) }
    }

    // MARK: DELETE (GPCS clause 11.2)

    /// DELETE of an application, security domain or load file.
    ///
    /// - Parameter related: with what depends on it.
    public func delete(_ aid: [UInt8], related: Bool = false, token: [UInt8] = []) throws(CardManagementError) {
        let data = TLV.object(0x4F, aid) + (token.isEmpty ? [] : TLV.object(0x9E, token))
        _ = try send(Command(0x80, 0xE4, 0x00, related ? 0x80 : 0x00, data), "DELETE \(Hex.string(aid))")
    }

    /// DELETE of keys: of one version, of one identifier, or of one of both.
    public func deleteKeys(version: UInt8?, identifier: UInt8?) throws(CardManagementError) {
        let data = (identifier.map { [0xD0, 0x01, $0] } ?? []) + (version.map { [0xD2, 0x01, $0] } ?? [])
        _ = try send(Command(0x80, 0xE4, 0x00, 0x00, data), "DELETE of keys")
    }

    // MARK: STORE DATA (GPCS clause 11.11)

    /// What the data of STORE DATA look like: b5 and b4 of P1.
    public enum DataStructure: String, CaseIterable, Sendable {
        /// Nothing is said about it.
        case none
        /// DGIs.
        case dgi
        /// BER-TLV objects.
        case ber

        var bits: UInt8 {
            switch self {
            case .none: 0x00
            case .dgi: 0x08
            case .ber: 0x10
            }
        }
    }

    /// Whether the data of STORE DATA are enciphered: b7 and b6 of P1. Who fills the data in enciphers them.
    public enum DataEncryption: String, CaseIterable, Sendable {
        /// Nothing is said about it.
        case none
        /// As the application knows.
        case application
        /// They are.
        case encrypted

        var bits: UInt8 {
            switch self {
            case .none: 0x00
            case .application: 0x20
            case .encrypted: 0x60
            }
        }
    }

    /// STORE DATA in as many blocks as it takes.
    ///
    /// - Parameter expectsResponse: the last block is a case 4 command: b1 of P1.
    /// - Returns: the response to the last block.
    @discardableResult public func storeData(
        _ data: [UInt8],
        _ structure: DataStructure = .ber,
        _ encryption: DataEncryption = .none,
        expectsResponse: Bool = false
    ) throws(CardManagementError) -> [UInt8] {
        let blocks = try blocks(of: data, "STORE DATA")
        var response: [UInt8] = []
        for (number, block) in blocks.enumerated() {
            let isLast = number == blocks.count - 1
            var p1 = structure.bits | encryption.bits | (expectsResponse ? 0x01 : 0x00)
            if isLast { p1 |= 0x80 }
            response = try send(Command(0x80, 0xE2, p1, UInt8(number), block), "STORE DATA of block \(number)").data
        }
        return response
    }

    // MARK: SET STATUS (GPCS clause 11.10)

    /// What SET STATUS is about: P1.
    public enum StatusScope: UInt8, Sendable {
        /// The card.
        case card = 0x80
        /// An application or security domain.
        case application = 0x40
        /// A security domain with its applications.
        case domainWithApplications = 0x60
    }

    /// SET STATUS. `state` is a life cycle state; for an application also 80, lock, and 00, unlock.
    public func setStatus(
        _ scope: StatusScope,
        _ state: UInt8,
        _ aid: [UInt8] = []
    ) throws(CardManagementError) {
        let hasResponse = session?.level.contains(.responseMAC) == true
        _ = try send(
            Command(0x80, 0xF0, scope.rawValue, state, aid, le: hasResponse ? 0x00 : nil),
            "SET STATUS"
        )
    }
}
