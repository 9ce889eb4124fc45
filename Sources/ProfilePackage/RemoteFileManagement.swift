import Octets

// PE-RFM: eUICC Profile Package 8.8. Some members have one tag: the place tells them apart.

extension ProfileInstaller {
    mutating func installRemoteFileManagement<Target: ProfileTarget & ~Copyable>(
        _ members: inout Members,
        _ target: inout Target
    ) throws(Failure) {
        var parameters = RemoteFileManagement()
        parameters.instance = try Self.aid(&members.cursor)
        let aid = members.cursor.peek == 0x4F ? try Self.aid(&members.cursor) : .empty
        let domain = try securityDomain(aid, target)
        var domains = 0
        var hasLevel = false
        while let member = try next(&members) {
            switch (member.tag, domains) {
            case (0xA0, 0) where !hasLevel: parameters.references = try readReferences(member)
            case (0x81, 0):
                guard member.value.count == 1, let level = member.value.octet(at: 0) else {
                    throw Failure(PackageStatus.badValues)
                }
                parameters.minimumSecurityLevel = level
                hasLevel = true
            case (0x04, 0): parameters.access.domain = try accessDomain(member.value)
            case (0x04, 1): parameters.access.administrative = try accessDomain(member.value)
            case (0x30, 2): try readAccess(member, &parameters, target)
            default: try report(PackageStatus.invalidParameter)
            }
            if member.tag == 0x04 { domains += 1 }
        }
        guard hasLevel, domains >= 2 else { throw Failure(Decision.malformed) }
        let whole = parameters
        try onRegistry { () throws(StatusWord) in try target.installRemoteFileManagement(whole, in: domain) }
    }

    /// tarList: the references, one behind the other.
    private func readReferences(_ list: BERTLV) throws(Failure) -> OctetView {
        var references = OctetWriter(scratch.fields)
        var cursor = list.cursor
        while let reference = try cursor.member() {
            guard reference.tag == 0x04 else { throw Failure(Decision.malformed) }
            guard reference.value.count == 3 else { throw Failure(PackageStatus.badValues) }
            references.append(reference.value)
        }
        // One octet tells how many octets they are: ETSI TS 102 226 clause 8.2.1.3.2.2.
        guard (3...255).contains(references.count) else { throw Failure(PackageStatus.badValues) }
        return references.view
    }

    /// An access domain parameter, at least one octet.
    private func accessDomain(_ value: OctetView) throws(Failure) -> OctetView {
        guard (1...100).contains(value.count) else { throw Failure(PackageStatus.badValues) }
        return value
    }

    /// ADFRFMAccess. The ADF comes before.
    private mutating func readAccess<Target: ProfileTarget & ~Copyable>(
        _ access: BERTLV,
        _ parameters: inout RemoteFileManagement,
        _ target: borrowing Target
    ) throws(Failure) {
        var cursor = access.cursor
        var seen: (application: Bool, domain: Bool, administrative: Bool) = (false, false, false)
        while let member = try cursor.member() {
            switch member.tag {
            case 0x80:
                parameters.application = member.value
                seen.application = true
            case 0x81:
                parameters.applicationAccess.domain = try accessDomain(member.value)
                seen.domain = true
            case 0x82:
                parameters.applicationAccess.administrative = try accessDomain(member.value)
                seen.administrative = true
            default: try report(PackageStatus.invalidParameter)
            }
        }
        guard seen.application, seen.domain, seen.administrative else { throw Failure(Decision.malformed) }
        guard (5...16).contains(parameters.application.count) else { throw Failure(PackageStatus.badValues) }
        guard target.application(dfName: parameters.application) != nil else {
            throw Failure(isContextMissing ? Decision.contextNotInstalled : Decision.wrongOrder)
        }
    }
}
