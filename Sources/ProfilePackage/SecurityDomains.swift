import Octets

// PE-SecurityDomain: eUICC Profile Package 8.6.

extension ProfileInstaller {
    private static let instance: UInt32 = 0xA1
    private static let keyList: UInt32 = 0xA2
    private static let personalization: UInt32 = 0xA3
    private static let openPersonalization: UInt32 = 0xA4
    private static let catTransport: UInt32 = 0xA5

    /// The header of a member, of a key, or of data.
    mutating func domainHeader(_ tag: UInt32) throws(Failure) {
        switch (reader.depth, content.member, tag) {
        case (1, _, _):
            guard try beginMember(tag, of: Self.instance...Self.catTransport) else { return }
            // The instance is mandatory, and comes first.
            guard tag == Self.instance || content.domain != nil else { throw Failure(Decision.malformed) }
            switch tag {
            case Self.keyList, Self.personalization: try enter()
            default: try collect(limit: PackageReader.capacity)
            }
        case (2, Self.keyList, 0x30): try collect(limit: PackageReader.capacity)
        case (2, Self.personalization, 0x04): reader.stream()
        default: throw Failure(Decision.malformed)
        }
    }

    /// The instance, a key, or parameters.
    mutating func domainValue<Target: ProfileTarget & ~Copyable>(
        _ value: OctetView,
        _ target: inout Target
    ) throws(Failure) {
        if content.member == Self.instance { return try installDomain(value, &target) }
        guard let domain = content.domain else { return }
        switch content.member {
        case Self.keyList:
            let key = try readKey(value)
            try onRegistry { () throws(StatusWord) in try target.putKey(key, in: domain) }
        case Self.openPersonalization:
            try checkFirst()
            guard let restrictions = try readRestrictions(value) else { return }
            try onRegistry { () throws(StatusWord) in try target.restrict(domain, restrictions) }
        default:
            try checkFirst()
            // The card has no CAT_TP: 8.6.6.
            throw Failure(PackageStatus.featureNotSupported)
        }
    }

    /// Octets of a data grouping.
    mutating func domainPart<Target: ProfileTarget & ~Copyable>(
        _ part: OctetView,
        _ target: inout Target
    ) throws(Failure) {
        if !part.isEmpty { try storeData(part, isLast: false, &target) }
    }

    /// The end of a list, or of the element.
    mutating func domainEnd<Target: ProfileTarget & ~Copyable>(_ target: inout Target) throws(Failure) {
        guard content.domain != nil else { throw Failure(Decision.malformed) }
        guard reader.depth == 1, content.member == Self.personalization else { return }
        try storeData(.empty, isLast: true, &target)
    }

    private mutating func storeData<Target: ProfileTarget & ~Copyable>(
        _ block: OctetView,
        isLast: Bool,
        _ target: inout Target
    ) throws(Failure) {
        guard let domain = content.domain else { return }
        let number = content.block
        content.block &+= 1
        try onRegistry { () throws(StatusWord) in
            try target.storeData(block, number: number, isLast: isLast, in: domain)
        }
    }

    /// The first security domain of a package is that of the operator, and is associated with no other one of it.
    private mutating func installDomain<Target: ProfileTarget & ~Copyable>(
        _ members: OctetView,
        _ target: inout Target
    ) throws(Failure) {
        let instance = try readInstance(members)
        guard firstDomain != nil || instance.securityDomain.isEmpty else {
            throw Failure(PackageStatus.invalidParameter)
        }
        let parent = firstDomain == nil ? nil : try securityDomain(instance.securityDomain, target)
        let domain = try onRegistry { () throws(StatusWord) in
            try target.installSecurityDomain(instance, in: parent)
        }
        content.domain = domain
        if firstDomain == nil { firstDomain = domain }
    }

    /// openPersoData and catTpParameters are of the first security domain only: 8.6.5.
    private func checkFirst() throws(Failure) {
        guard content.domain == firstDomain else { throw Failure(PackageStatus.invalidParameter) }
    }

    /// openPersoData: what is forbidden; nil where nothing is.
    private mutating func readRestrictions(_ value: OctetView) throws(Failure) -> UInt8? {
        var cursor = OctetCursor(value)
        var restrictions: UInt8?
        while let member = try cursor.member() {
            switch member.tag {
            case 0xD9:
                guard member.value.count == 1 else { throw Failure(PackageStatus.badValues) }
                restrictions = member.value.octet(at: 0)
            // contactlessProtocolParameters
            case 0x04: throw Failure(PackageStatus.featureNotSupported)
            default: try report(PackageStatus.invalidParameter)
            }
        }
        return restrictions
    }

    // MARK: Keys

    /// KeyObject.
    private mutating func readKey(_ members: OctetView) throws(Failure) -> KeyObject {
        var usage: OctetView?
        var identifier: UInt8?
        var version: UInt8?
        var key = KeyObject(usage: 0, identifier: 0, version: 0)
        var cursor = OctetCursor(members)
        while let member = try cursor.member() {
            switch member.tag {
            case 0x95: usage = member.value
            case 0x96: key.access = try octet(member.value)
            case 0x82: identifier = try octet(member.value)
            case 0x83: version = try octet(member.value)
            case 0x85: key.counter = try counter(member.value)
            case 0x30: key.components = try readComponents(member.value)
            default: try report(PackageStatus.invalidParameter)
            }
        }
        guard let usage, let identifier, let version, !key.components.isEmpty else {
            throw Failure(Decision.malformed)
        }
        guard usage.count == 1 || usage.count == 2, let number = usage.number else {
            throw Failure(PackageStatus.badValues)
        }
        key.usage = UInt16(truncatingIfNeeded: usage.count == 1 ? number << 8 : number)
        key.identifier = identifier
        key.version = version
        return key
    }

    /// keyComponents.
    private mutating func readComponents(
        _ list: OctetView
    ) throws(Failure) -> [(type: UInt8, value: OctetView)] {
        var components: [(type: UInt8, value: OctetView)] = []
        var cursor = OctetCursor(list)
        while let component = try cursor.member() {
            guard component.tag == 0x30 else { throw Failure(Decision.malformed) }
            var type: UInt8?
            var data: OctetView?
            var length: UInt32?
            var members = component.cursor
            while let member = try members.member() {
                switch member.tag {
                case 0x80: type = try octet(member.value)
                case 0x86: data = member.value
                case 0x87: length = try member.value.integer(limit: 255)
                default: try report(PackageStatus.invalidParameter)
                }
            }
            guard let type, let data else { throw Failure(Decision.malformed) }
            // Cryptographic checksums of AES have eight octets, as by default; for other keys the length says nothing.
            guard length == nil || length == 8 || type != 0x88 else { throw Failure(PackageStatus.featureNotSupported) }
            components.append((type, data))
        }
        return components
    }

    private func octet(_ value: OctetView) throws(Failure) -> UInt8 {
        guard value.count == 1, let octet = value.octet(at: 0) else { throw Failure(PackageStatus.badValues) }
        return octet
    }

    /// The counter of SCP80 has five octets: ETSI TS 102 225 clause 5.1.
    private func counter(_ value: OctetView) throws(Failure) -> UInt64 {
        guard (1...5).contains(value.count) else { throw Failure(PackageStatus.badValues) }
        return value.array.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
