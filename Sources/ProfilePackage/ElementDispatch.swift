import Octets

// Which object of which profile element goes where: eUICC Profile Package 8.1.

extension ProfileInstaller {
    /// The header of an object has been read.
    mutating func header<Target: ProfileTarget & ~Copyable>(_ tag: UInt32, _ target: inout Target) throws(Failure) {
        if reader.depth == 0 { return try beginElement(tag) }
        switch element.stage {
        case .start: try beginHeader(tag)
        case .headed: try beginTemplateIdentifier(tag)
        case .members:
            switch element.kind {
            case .files: try templateHeader(tag, &target)
            case .genericFileManagement: try managementHeader(tag)
            case .securityDomain: try domainHeader(tag)
            case .application: try applicationHeader(tag, &target)
            default: break
            }
        case .checked: if reader.isConstructed { try enter() }
        case .skipped: break
        }
    }

    mutating func enter() throws(Failure) {
        do throws(PackageReader.Malformed) {
            try reader.enter()
        } catch {
            throw Failure(Decision.malformed)
        }
    }

    mutating func collect(limit: Int) throws(Failure) {
        guard reader.collect(limit: limit) else { throw Failure(PackageStatus.badValues) }
    }

    private mutating func beginElement(_ tag: UInt32) throws(Failure) {
        element = Element()
        element.kind = ElementKind(tag: tag)
        if element.kind == .unknown, !isHeaderRead { throw Failure(Decision.wrongOrder) }
        if element.kind.isCollected {
            guard reader.collect() else { throw Failure(PackageStatus.notEnoughMemory) }
        } else {
            try enter()
        }
    }

    private mutating func beginHeader(_ tag: UInt32) throws(Failure) {
        if tag == 0xA0 { return try collect(limit: 64) }
        guard element.kind == .unknown else { throw Failure(Decision.malformed) }
        // PE-Dummy and what later editions add need not begin with a PE-Header.
        warn(PackageStatus.elementNotSupported)
        element.stage = .skipped
    }

    private mutating func beginTemplateIdentifier(_ tag: UInt32) throws(Failure) {
        guard tag == 0x81 else { throw Failure(Decision.malformed) }
        try collect(limit: 32)
    }

    /// A collected value is complete.
    mutating func value<Target: ProfileTarget & ~Copyable>(
        _ value: OctetView,
        _ target: inout Target
    ) throws(Failure) {
        if reader.depth == 0 { return try collectedElement(value, &target) }
        switch element.stage {
        case .start:
            try readElementHeader(value)
            try headed(target)
        case .headed:
            try beginTemplate(value, &target)
        case .members:
            switch element.kind {
            case .files: try templateValue(value, &target)
            case .securityDomain: try domainValue(value, &target)
            case .application: try applicationValue(value, &target)
            default: try managementValue(value, &target)
            }
        case .checked, .skipped: break
        }
    }

    private mutating func collectedElement<Target: ProfileTarget & ~Copyable>(
        _ value: OctetView,
        _ target: inout Target
    ) throws(Failure) {
        var members = Members(value, headerLength: reader.headerLength)
        if element.kind == .header { return try installHeader(&members, &target) }
        guard let header = try next(&members), header.tag == 0xA0 else { throw Failure(Decision.malformed) }
        try readElementHeader(header.value)
        try checkOrder()
        switch element.kind {
        case .pinCodes: try installPINCodes(&members, &target)
        case .pukCodes: try installPUKCodes(&members, &target)
        case .akaParameter: try installAKAParameter(&members, &target)
        case .cdmaParameter: try installCDMAParameter(&members, &target)
        case .remoteFileManagement:
            if target.hasSecurityDomains {
                try installRemoteFileManagement(&members, &target)
            } else {
                warn(PackageStatus.elementNotSupported)
            }
        case .end: try installEnd(&members, &target)
        default: break
        }
    }

    /// Octets of a value that is streamed.
    mutating func part<Target: ProfileTarget & ~Copyable>(
        _ part: OctetView,
        isLast: Bool,
        _ target: inout Target
    ) throws(Failure) {
        switch element.kind {
        case .securityDomain: try domainPart(part, &target)
        case .application: try applicationPart(part, isLast: isLast, &target)
        default: try writeContent(part, &target)
        }
    }

    /// An object that was entered is complete.
    mutating func end<Target: ProfileTarget & ~Copyable>(_ target: inout Target) throws(Failure) {
        switch (element.stage, element.kind) {
        case (.start, .unknown):
            if reader.depth == 0 { warn(PackageStatus.elementNotSupported) }
        case (.start, _), (.headed, _): throw Failure(Decision.malformed)
        case (.members, .files): try templateEnd(&target)
        case (.members, .securityDomain): try domainEnd(&target)
        case (.members, .application): try applicationEnd(&target)
        default: break
        }
    }

    /// PE-Header: 8.1.1.
    private mutating func readElementHeader(_ value: OctetView) throws(Failure) {
        var cursor = OctetCursor(value)
        var hasUnknown = false
        while let object = try cursor.member() {
            switch object.tag {
            case 0x80: element.isMandated = true
            case 0x81: element.identification = UInt16(truncatingIfNeeded: try object.value.integer(limit: 0x7FFF))
            default: hasUnknown = true
            }
        }
        guard element.identification != nil else { throw Failure(Decision.malformed) }
        if hasUnknown { try report(PackageStatus.invalidParameter) }
    }

    /// The PE-Header of an element that is not read whole is known.
    private mutating func headed<Target: ProfileTarget & ~Copyable>(_ target: borrowing Target) throws(Failure) {
        try checkOrder()
        switch element.kind {
        case .files(let files):
            element.stage = .headed
            try checkPlace(files)
        case .genericFileManagement:
            currentDirectory = mf
            file = nil
            element.stage = .members
        case .securityDomain, .application:
            if target.hasSecurityDomains {
                element.stage = .members
            } else {
                // Even if it is mandated: without GlobalPlatform, a profile is usable for network access.
                warn(PackageStatus.elementNotSupported)
                element.stage = .checked
            }
        case .iot:
            try report(PackageStatus.featureNotSupported)
            element.stage = .skipped
        default:
            try report(PackageStatus.elementNotSupported)
            element.stage = .skipped
        }
    }

    /// 8.1.3: the header first, the MF first of the files.
    private func checkOrder() throws(Failure) {
        guard isHeaderRead else { throw Failure(Decision.wrongOrder) }
        if mf != nil { return }
        switch element.kind {
        case .pinCodes, .pukCodes, .akaParameter, .cdmaParameter, .end, .securityDomain, .remoteFileManagement,
            .application:
            if !isContextMissing { throw Failure(Decision.wrongOrder) }
        default: break
        }
    }

    /// 8.1.3: each element behind the one that it belongs to, and how often it may come.
    private mutating func checkPlace(_ files: FileElement) throws(Failure) {
        if files.isOnce {
            let bit: UInt32 = 1 << UInt32(files.template)
            guard onceSeen & bit == 0 else { throw Failure(Decision.wrongOrder) }
            onceSeen |= bit
        }
        switch files.place {
        case .package:
            guard mf == nil else { throw Failure(Decision.wrongOrder) }
        case .mf:
            guard mf != nil else { return try missingContext() }
            if files.application != .none { application = nil }
        case .application(let kind):
            guard let application, directories[application].application == kind else { return try missingContext() }
            let bit: UInt32 = 1 << UInt32(files.template)
            guard directories[application].elements & bit == 0 else { throw Failure(Decision.wrongOrder) }
            directories[application].elements |= bit
        case .anyApplication:
            guard application != nil else { return try missingContext() }
        }
    }

    /// The application or directory that the element belongs to does not exist.
    mutating func missingContext() throws(Failure) {
        guard isContextMissing else { throw Failure(Decision.wrongOrder) }
        try report(Decision.contextNotInstalled)
        skipFiles()
    }

    /// The next member of an element that was read whole.
    mutating func next(_ members: inout Members) throws(Failure) -> BERTLV? {
        offset = members.offset
        return try members.cursor.member()
    }
}

/// The members of a profile element that was read whole.
struct Members {
    private let headerLength: UInt32
    var cursor: OctetCursor

    init(_ value: OctetView, headerLength: UInt32) {
        self.headerLength = headerLength
        cursor = OctetCursor(value)
    }

    /// Octets of the profile element before the next member.
    var offset: UInt32 { headerLength + UInt32(truncatingIfNeeded: cursor.position) }
}
