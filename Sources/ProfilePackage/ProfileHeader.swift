import Octets

extension ProfileInstaller {
    /// Major versions of the format whose packages are installed. Their encoding is the same.
    private static let majorVersions: ClosedRange<UInt32> = 2...3

    /// ProfileHeader: eUICC Profile Package 8.2. Whatever it demands and the card lacks aborts the installation.
    mutating func installHeader<Target: ProfileTarget & ~Copyable>(
        _ members: inout Members,
        _ target: inout Target
    ) throws(Failure) {
        guard !isHeaderRead else { throw Failure(Decision.wrongOrder) }
        var seen: UInt32 = 0
        while let member = try next(&members) {
            let value = member.value
            if member.tag & 0x1F <= 9 { seen |= 1 << (member.tag & 0x1F) }
            switch member.tag {
            case 0x80:
                guard ProfileInstaller.majorVersions.contains(try value.integer(limit: 255)) else {
                    throw Failure(PackageStatus.unsupportedProfileVersion)
                }
            case 0x81: _ = try value.integer(limit: 255)
            case 0x82:
                guard (1...100).contains(value.count) else { throw Failure(PackageStatus.badValues) }
            case 0x83:
                guard value.count == 10 else { throw Failure(PackageStatus.badValues) }
            case 0x84, 0x87: break
            case 0xA5: try checkServices(value)
            case 0xA6: try checkTemplates(value)
            case 0xA8:
                // No library can be on the card yet: 8.2.1.
                if !value.isEmpty { throw Failure(PackageStatus.libraryNotSupported) }
            case 0xA9: throw Failure(PackageStatus.featureNotSupported)
            default: throw Failure(PackageStatus.invalidParameter)
            }
        }
        // Versions, ICCID, services and templates are mandatory.
        guard seen & 0b110_1011 == 0b110_1011 else { throw Failure(Decision.malformed) }
        let whole = members.cursor.view
        try onCard { () throws(StatusWord) in try target.storeProfileHeader(whole) }
        isHeaderRead = true
    }

    private func checkServices(_ list: OctetView) throws(Failure) {
        var cursor = OctetCursor(list)
        while let service = try cursor.member() {
            if let status = Services.status(service.tag) { throw Failure(status) }
        }
    }

    private func checkTemplates(_ list: OctetView) throws(Failure) {
        var cursor = OctetCursor(list)
        while let identifier = try cursor.member() {
            guard identifier.tag == 0x06 else { throw Failure(Decision.malformed) }
            guard Template(identifier.value) != nil else { throw Failure(PackageStatus.templateNotSupported) }
        }
    }

    /// PE-End: the checks that need the whole package.
    mutating func installEnd<Target: ProfileTarget & ~Copyable>(
        _ members: inout Members,
        _ target: inout Target
    ) throws(Failure) {
        if try next(&members) != nil { try report(PackageStatus.invalidParameter) }
        offset = 0
        guard mf != nil else { throw Failure(Decision.contextNotInstalled) }
        guard requiredGlobalPINs & ~definedGlobalPINs == 0, directories.areLocalPINsDefined else {
            throw Failure(PackageStatus.pinCodeMissing)
        }
        try onCard { () throws(StatusWord) in try target.complete() }
        finish()
    }
}
