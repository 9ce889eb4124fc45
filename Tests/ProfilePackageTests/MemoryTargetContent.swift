import Memory
import Octets
import ProfilePackage

/// A registry in memory, that notes what it is told.
struct MemoryRegistry: Equatable {
    struct Domain: Equatable {
        var aid: [UInt8]
        var lifeCycleState: UInt8
    }

    var domains: [Domain] = []
    /// Each call, in words and hexadecimal.
    var calls: [String] = []
    /// AIDs of modules that the card can execute.
    var modules: [[UInt8]] = []
}

extension MemoryTarget {
    func securityDomain(_ aid: OctetView) -> ObjectReference? {
        let aid = aid.array
        return registry.domains.firstIndex { $0.aid == aid }.map { ObjectReference(page: UInt32($0)) }
    }

    func isPersonalized(_ domain: ObjectReference) -> Bool {
        registry.domains[Int(domain.page)].lifeCycleState == 0x0F
    }

    mutating func installSecurityDomain(
        _ instance: ApplicationInstance,
        in domain: ObjectReference?
    ) throws(StatusWord) -> ObjectReference {
        if let fault { throw fault }
        note("domain", domain, instance)
        registry.domains.append(
            MemoryRegistry.Domain(aid: instance.instance.array, lifeCycleState: instance.lifeCycleState)
        )
        return ObjectReference(page: UInt32(registry.domains.count - 1))
    }

    mutating func putKey(_ key: KeyObject, in domain: ObjectReference) throws(StatusWord) {
        let numbers = Hex.string([
            key.version, key.identifier, UInt8(key.usage >> 8), UInt8(key.usage & 0xFF), key.access,
        ])
        let components = key.components.map { Hex.string([$0.type]) + ":" + Hex.string($0.value.array) }
        let counter = key.counter.map { " from \($0)" } ?? ""
        registry.calls.append("key \(numbers)\(counter) \(components.joined(separator: " ")) in \(domain.page)")
    }

    mutating func storeData(
        _ block: OctetView,
        number: UInt8,
        isLast: Bool,
        in domain: ObjectReference
    ) throws(StatusWord) {
        if isLast { return registry.calls.append("data end in \(domain.page)") }
        join("data in \(domain.page) ", block)
    }

    mutating func restrict(_ domain: ObjectReference, _ restrictions: UInt8) throws(StatusWord) {
        registry.calls.append("restrict \(Hex.string([restrictions])) in \(domain.page)")
    }

    mutating func installRemoteFileManagement(
        _ parameters: RemoteFileManagement,
        in domain: ObjectReference
    ) throws(StatusWord) {
        let fields = [
            parameters.instance, parameters.references, parameters.access.domain, parameters.access.administrative,
            parameters.application, parameters.applicationAccess.domain, parameters.applicationAccess.administrative,
        ]
        let text = fields.map { Hex.string($0.array) }.joined(separator: "/")
        registry.calls.append("files \(text) \(parameters.minimumSecurityLevel) in \(domain.page)")
    }

    mutating func beginLoad(
        _ package: LoadPackage,
        length: UInt32,
        in domain: ObjectReference
    ) throws(StatusWord) {
        let fields = [package.aid, package.hash, package.codeLimit, package.volatileDataLimit, package.dataLimit]
        let text = fields.map { Hex.string($0.array) }.joined(separator: "/")
        registry.calls.append("load \(text) \(length) in \(domain.page)")
    }

    mutating func load(
        _ octets: OctetView,
        number: UInt8,
        isLast: Bool,
        in domain: ObjectReference
    ) throws(StatusWord) {
        join("block ", octets)
        if isLast { registry.calls.append("block end") }
    }

    mutating func installApplication(
        _ instance: ApplicationInstance,
        in domain: ObjectReference
    ) throws(StatusWord) -> ObjectReference? {
        guard registry.modules.contains(instance.module.array) else { return nil }
        note("application", domain, instance)
        return ObjectReference(page: UInt32(registry.calls.count))
    }

    mutating func process(_ data: OctetView, for application: ObjectReference) throws(StatusWord) {
        registry.calls.append("process \(Hex.string(data.array))")
    }

    mutating func setProvider(_ identifier: OctetView, of application: ObjectReference) throws(StatusWord) {
        registry.calls.append("provider \(Hex.string(identifier.array))")
    }

    mutating func complete() throws(StatusWord) {
        registry.calls.append("complete")
    }

    /// Puts octets to those of the last call, where that was for the same: they are cut anywhere.
    private mutating func join(_ what: String, _ octets: OctetView) {
        let text = Hex.string(octets.array)
        if let last = registry.calls.last, last.hasPrefix(what), last != "block end" {
            registry.calls[registry.calls.count - 1] += text
        } else {
            registry.calls.append(what + text)
        }
    }

    private mutating func note(_ what: String, _ domain: ObjectReference?, _ instance: ApplicationInstance) {
        let fields = [
            instance.loadPackage, instance.module, instance.instance, instance.privileges, instance.specificParameters,
            instance.systemParameters, instance.toolkitParameters, instance.provider,
        ]
        let text = fields.map { Hex.string($0.array) }.joined(separator: "/")
        let place = domain.map { "\($0.page)" } ?? "none"
        registry.calls.append("\(what) \(text) \(Hex.string([instance.lifeCycleState])) in \(place)")
    }
}
