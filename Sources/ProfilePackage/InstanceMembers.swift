import Octets

// ApplicationInstance: eUICC Profile Package 8.7.3.

extension ProfileInstaller {
    /// Members of EF: memory, services, implicit selection, access to SIM files, granted memory.
    private static let systemTags: [UInt32] = [0xC7, 0xC8, 0xCB, 0xCF, 0xD7, 0xD8, 0xCA, 0x82, 0x83]
    /// Those that only a card with a contactless interface has.
    private static let contactlessTags: [UInt32] = [0xA0, 0xD9, 0xDA]

    /// Reads the members of an instance.
    ///
    /// The four AIDs have one tag: the place tells them apart.
    mutating func readInstance(_ members: OctetView) throws(Failure) -> ApplicationInstance {
        var instance = ApplicationInstance()
        var cursor = OctetCursor(members)
        instance.loadPackage = try Self.aid(&cursor)
        instance.module = try Self.aid(&cursor)
        instance.instance = try Self.aid(&cursor)
        if cursor.peek == 0x4F { instance.securityDomain = try Self.aid(&cursor) }
        var seen: (privileges: Bool, parameters: Bool) = (false, false)
        while let member = try cursor.member() {
            let value = member.value
            switch member.tag {
            case 0x82:
                guard value.count == 1 || value.count == 3 else { throw Failure(PackageStatus.badValues) }
                instance.privileges = value
                seen.privileges = true
            case 0x83:
                guard value.count == 1, let state = value.octet(at: 0) else {
                    throw Failure(PackageStatus.badValues)
                }
                instance.lifeCycleState = state
            case 0xC9:
                instance.specificParameters = value
                seen.parameters = true
            case 0xEF:
                try checkSystemParameters(value)
                instance.systemParameters = value
            case 0xEA:
                try checkToolkitParameters(value)
                instance.toolkitParameters = value
            case 0xB0: instance.provider = try provider(value)
            default: try report(PackageStatus.invalidParameter)
            }
        }
        guard seen.privileges, seen.parameters else { throw Failure(Decision.malformed) }
        return instance
    }

    /// An AID, which must stand next.
    static func aid(_ cursor: inout OctetCursor) throws(Failure) -> OctetView {
        guard let member = try cursor.member(), member.tag == 0x4F else { throw Failure(Decision.malformed) }
        guard (5...16).contains(member.value.count) else { throw Failure(PackageStatus.badValues) }
        return member.value
    }

    /// ControlReferenceTemplate.
    mutating func provider(_ template: OctetView) throws(Failure) -> OctetView {
        var cursor = OctetCursor(template)
        var identifier: OctetView?
        while let member = try cursor.member() {
            if member.tag == 0x5F20 {
                identifier = member.value
            } else {
                try report(PackageStatus.invalidParameter)
            }
        }
        guard let identifier else { throw Failure(Decision.malformed) }
        return identifier
    }

    /// ApplicationSystemParameters.
    private mutating func checkSystemParameters(_ value: OctetView) throws(Failure) {
        var cursor = OctetCursor(value)
        while let member = try cursor.member() {
            if Self.contactlessTags.contains(member.tag) {
                try report(PackageStatus.featureNotSupported)
            } else if !Self.systemTags.contains(member.tag) {
                try report(PackageStatus.invalidParameter)
            }
        }
    }

    /// UICCApplicationParameters.
    private mutating func checkToolkitParameters(_ value: OctetView) throws(Failure) {
        var cursor = OctetCursor(value)
        while let member = try cursor.member() {
            if !(0x80...0x82).contains(member.tag) { try report(PackageStatus.invalidParameter) }
        }
    }
}
