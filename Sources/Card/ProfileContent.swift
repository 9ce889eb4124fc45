import CardOS
import GlobalPlatform
import Memory
import Octets
import ProfilePackage

// The security domains, applications and load files of a profile package are made by OPEN: what the package says becomes
// the data field of the command that says the same.

extension Card {
    /// Whether the card has an issuer security domain.
    public var hasSecurityDomains: Bool { runtime.open.isPresent }

    /// The security domain with an AID; nil where there is none.
    public func securityDomain(_ aid: OctetView) -> ObjectReference? { runtime.open.securityDomain(aid, on: system) }

    /// Whether something can be associated with a security domain.
    public func isPersonalized(_ domain: ObjectReference) -> Bool { runtime.open.isPersonalized(domain, on: system) }

    /// Makes a security domain. The first one of a profile is that of its operator: where it has the AID of the issuer
    /// security domain, it takes its place.
    public mutating func installSecurityDomain(
        _ instance: ApplicationInstance,
        in domain: ObjectReference?
    ) throws(StatusWord) -> ObjectReference {
        // Files and modules of security domains have no AIDs that all packages name: SAIP clause 8.6.2.
        var named = instance
        return try OPEN.securityDomainModule.loadFile.withView { (file) throws(StatusWord) in
            try OPEN.securityDomainModule.module.withView { (module) throws(StatusWord) in
                named.loadPackage = file
                named.module = module
                return try named.withInstallation { (installation) throws(StatusWord) in
                    if domain == nil, runtime.open.isIssuer(instance.instance, on: system) {
                        return try runtime.open.replaceIssuer(installation, on: &system)
                    }
                    let state = LifeCycleState(rawValue: instance.lifeCycleState)
                    return try runtime.open.install(installation, state: state, in: domain, on: &system)
                }
            }
        }
    }

    /// Gives a security domain a key.
    public mutating func putKey(_ key: KeyObject, in domain: ObjectReference) throws(StatusWord) {
        try runtime.open.putKey(
            KeyReference(version: key.version, identifier: key.identifier),
            usage: key.usage,
            access: key.access,
            counter: key.counter,
            components: key.components,
            in: domain,
            on: &system
        )
    }

    /// Stores data of a security domain.
    public mutating func storeData(
        _ block: OctetView,
        number: UInt8,
        isLast: Bool,
        in domain: ObjectReference
    ) throws(StatusWord) {
        try runtime.open.storeData(block, number: number, isLast: isLast, in: domain, on: &system)
    }

    /// Forbids operations of card content management to a security domain.
    public mutating func restrict(_ domain: ObjectReference, _ restrictions: UInt8) throws(StatusWord) {
        try runtime.open.restrict(domain, restrictions, on: &system)
    }

    /// Makes an instance of remote file management.
    public mutating func installRemoteFileManagement(
        _ parameters: RemoteFileManagement,
        in domain: ObjectReference
    ) throws(StatusWord) {
        try withOctets(1_024) { (writer) throws(StatusWord) in
            parameters.appendToolkitParameters(to: &writer)
        } use: { (attributes) throws(StatusWord) in
            try runtime.open.installRemoteFileManagement(parameters.instance, attributes, in: domain, on: &system)
        }
    }

    /// Begins a load file.
    public mutating func beginLoad(
        _ package: LoadPackage,
        length: UInt32,
        in domain: ObjectReference
    ) throws(StatusWord) {
        try withOctets(512) { (writer) throws(StatusWord) in
            writer.appendField(package.aid)
            writer.appendField(.empty)
            writer.appendField(package.hash)
            try withOctets(256) { (parameters) throws(StatusWord) in
                parameters.appendTLV(0xEF) { (limits) in
                    if !package.codeLimit.isEmpty { limits.appendTLV(0xC6, package.codeLimit) }
                    if !package.volatileDataLimit.isEmpty { limits.appendTLV(0xC7, package.volatileDataLimit) }
                    if !package.dataLimit.isEmpty { limits.appendTLV(0xC8, package.dataLimit) }
                }
            } use: { (parameters) throws(StatusWord) in
                writer.appendField(parameters)
            }
            writer.appendField(.empty)
        } use: { (announcement) throws(StatusWord) in
            try runtime.open.beginLoad(announcement, length: length, in: domain, on: &system)
        }
    }

    /// Takes the next octets of a load file.
    public mutating func load(
        _ octets: OctetView,
        number: UInt8,
        isLast: Bool,
        in domain: ObjectReference
    ) throws(StatusWord) {
        try runtime.open.load(octets, number: number, isLast: isLast, in: domain, on: &system)
    }

    /// Makes an application of a module of the firmware.
    ///
    /// - Returns: nil for any other module: the card has no runtime environment for load files.
    public mutating func installApplication(
        _ instance: ApplicationInstance,
        in domain: ObjectReference
    ) throws(StatusWord) -> ObjectReference? {
        let state = LifeCycleState(rawValue: instance.lifeCycleState)
        do throws(StatusWord) {
            return try instance.withInstallation { (installation) throws(StatusWord) in
                try runtime.open.install(installation, state: state, in: domain, on: &system)
            }
        } catch {
            guard error == .referencedDataNotFound || error == .functionNotSupported else { throw error }
            return nil
        }
    }

    /// Hands an application a command of its personalization.
    public mutating func process(_ data: OctetView, for application: ObjectReference) throws(StatusWord) {
        try runtime.open.process(data, for: application, on: &system)
    }

    /// Gives an application the identifier of its provider.
    public mutating func setProvider(
        _ identifier: OctetView,
        of application: ObjectReference
    ) throws(StatusWord) {
        var update = ApplicationInstance()
        update.provider = identifier
        try update.withInstallation { (installation) throws(StatusWord) in
            try runtime.open.describe(application, installation, on: &system)
        }
    }
}

// MARK: Data fields

/// Puts octets together, and uses them.
///
/// - Throws: 6A84 where they are more than `capacity`; what the two throw.
private func withOctets<Result>(
    _ capacity: Int,
    _ write: (inout OctetWriter) throws(StatusWord) -> Void,
    use: (OctetView) throws(StatusWord) -> Result
) throws(StatusWord) -> Result {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 8)
    defer { buffer.deallocate() }
    var writer = OctetWriter(buffer)
    try write(&writer)
    guard !writer.overflowed else { throw .notEnoughMemory }
    return try use(writer.view)
}

extension OctetWriter {
    /// A field of INSTALL: length and octets.
    fileprivate mutating func appendField(_ octets: OctetView) {
        if octets.count < 0x80 {
            append(UInt8(truncatingIfNeeded: octets.count))
        } else {
            append(UInt8(0x82))
            append(UInt16(truncatingIfNeeded: octets.count))
        }
        append(octets)
    }
}

extension ApplicationInstance {
    /// Calls `body` with the data field of INSTALL: GPCS tables 11-42 and 11-46.
    fileprivate func withInstallation<Result>(
        _ body: (OctetView) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        let room = specificParameters.count + systemParameters.count + toolkitParameters.count + provider.count + 64
        return try withOctets(room + 128) { (writer) throws(StatusWord) in
            for field in [loadPackage, module, instance, privileges] { writer.appendField(field) }
            try withOctets(room) { (parameters) throws(StatusWord) in
                // Mandatory for an installation, even if they are empty.
                if !instance.isEmpty { parameters.appendTLV(0xC9, specificParameters) }
                if !systemParameters.isEmpty { parameters.appendTLV(0xEF, systemParameters) }
                if !toolkitParameters.isEmpty { parameters.appendTLV(0xEA, toolkitParameters) }
                if !provider.isEmpty { parameters.appendTLV(0xB6) { $0.appendTLV(0x5F20, provider) } }
            } use: { (parameters) throws(StatusWord) in
                writer.appendField(parameters)
            }
            // No token.
            writer.appendField(.empty)
        } use: { (installation) throws(StatusWord) in
            try body(installation)
        }
    }
}

extension RemoteFileManagement {
    /// Appends what INSTALL would say of an application with these rights: ETSI TS 102 226 clauses 8.2.1.3.2.2.1 to
    /// 8.2.1.3.2.2.3.
    fileprivate func appendToolkitParameters(to writer: inout OctetWriter) {
        writer.appendTLV(0xEA) { (writer) in
            writer.appendTLV(0x80) { (writer) in
                // Priority, timers, text length, menu entries, channels: none, but for the priority.
                writer.append(UInt8(0x01))
                writer.append(repeating: 0x00, count: 4)
                // The minimum SPI1 (01) that is asked for.
                writer.append(UInt8(0x02))
                writer.append(UInt8(0x01))
                writer.append(minimumSecurityLevel)
                writer.append(UInt8(truncatingIfNeeded: references.count))
                writer.append(references)
                // Services.
                writer.append(UInt8(0x00))
            }
            writer.appendTLV(0x81) { append(\.domain, to: &$0) }
            writer.appendTLV(0x82) { append(\.administrative, to: &$0) }
        }
    }

    /// The access domains of the UICC (without an AID) and of the ADF, each without a signature.
    private func append(_ domain: KeyPath<Access, OctetView>, to writer: inout OctetWriter) {
        func append(_ aid: OctetView, _ access: Access) {
            writer.append(UInt8(truncatingIfNeeded: aid.count))
            writer.append(aid)
            writer.append(UInt8(truncatingIfNeeded: access[keyPath: domain].count))
            writer.append(access[keyPath: domain])
            writer.append(UInt8(0x00))
        }
        append(.empty, access)
        if !application.isEmpty { append(application, applicationAccess) }
    }
}
