import Octets

extension Build {
    /// The AIDs, privileges and state of the first security domain, and C9.
    static let instance =
        "4F07A0000001515350 4F08A000000151535041 4F08A000000151000000 820382DC00 83010F C90481028000"

    /// PE-SecurityDomain, identification 26.
    static func domain(_ instance: String = instance, _ members: String = "", mandated: Bool = true) -> [UInt8] {
        tlv(0xA6, head(26, mandated: mandated), tlv(0xA1, hex(instance)), hex(members))
    }

    /// PE-SecurityDomain of the first instance with these keys.
    static func keys(_ keys: String...) -> [UInt8] {
        let list = tlv(0xA2, keys.flatMap { tlv(0x30, hex($0)) })
        return tlv(0xA6, head(26), tlv(0xA1, hex(instance)), list)
    }

    /// PE-RFM, identification 27.
    static func rfm(_ members: String, mandated: Bool = true) -> [UInt8] {
        tlv(0xA7, head(27, mandated: mandated), hex(members))
    }

    /// PE-Application, identification 28.
    static func application(_ members: [UInt8], mandated: Bool = true) -> [UInt8] {
        tlv(0xA8, head(28, mandated: mandated), members)
    }

    /// What a registry is told by a package with a USIM and these elements, and the EUICCResponse.
    static func calls(_ elements: [UInt8], modules: [String] = []) -> (response: String, calls: [String]) {
        var target = MemoryTarget()
        target.registry.modules = modules.map(hex)
        let outcome = ProfilePackageTests.install(package(usim(), elements), into: &target)
        return (outcome.response, target.registry.calls)
    }
}
