import Octets

// PE-Application: eUICC Profile Package 8.7. What the card cannot execute is an element whose runtime it lacks.

extension ProfileInstaller {
    private static let loadBlock: UInt32 = 0xA1
    private static let instanceList: UInt32 = 0xA2
    private static let longestParameters = 1_000

    /// The header of a member of the element, of a load file, of an instance, or of data.
    mutating func applicationHeader<Target: ProfileTarget & ~Copyable>(
        _ tag: UInt32,
        _ target: inout Target
    ) throws(Failure) {
        switch (reader.depth, content.member) {
        case (1, _):
            guard try beginMember(tag, of: Self.loadBlock...Self.instanceList) else { return }
            beginObject()
            try enter()
        case (2, Self.loadBlock): try loadHeader(tag, &target)
        case (2, Self.instanceList):
            guard tag == 0x30 else { throw Failure(Decision.malformed) }
            beginObject()
            try enter()
        case (3, _): try instanceHeader(tag, &target)
        default:
            guard tag == 0x04 else { throw Failure(Decision.malformed) }
            if content.application != nil { try collect(limit: PackageReader.capacity) }
        }
    }

    private mutating func loadHeader<Target: ProfileTarget & ~Copyable>(
        _ tag: UInt32,
        _ target: inout Target
    ) throws(Failure) {
        switch tag {
        case 0x4F, 0xC6, 0xC7, 0xC8, 0xC1:
            guard !content.isBegun else { throw Failure(Decision.malformed) }
            try collect(limit: 64)
        case 0xC4:
            guard !content.isBegun else { throw Failure(Decision.malformed) }
            content.isBegun = true
            try beginLoad(&target)
            reader.stream()
        default: try report(PackageStatus.invalidParameter)
        }
    }

    private mutating func instanceHeader<Target: ProfileTarget & ~Copyable>(
        _ tag: UInt32,
        _ target: inout Target
    ) throws(Failure) {
        switch tag {
        case 0x4F, 0x82, 0x83, 0xC9, 0xEF, 0xEA:
            guard !content.isBegun else { throw Failure(Decision.malformed) }
            try collect(limit: Self.longestParameters)
        // processData: the application is there before it gets them.
        case 0x30:
            guard !content.isBegun else { throw Failure(Decision.malformed) }
            try installInstance(&target)
            try enter()
        case 0xB0: try collect(limit: 64)
        default: try report(PackageStatus.invalidParameter)
        }
    }

    /// A member of a load file or instance, or data of an application.
    mutating func applicationValue<Target: ProfileTarget & ~Copyable>(
        _ value: OctetView,
        _ target: inout Target
    ) throws(Failure) {
        guard content.isBegun else { return try keep(value) }
        guard let application = content.application else { return }
        if reader.depth == 3 {
            let identifier = try provider(value)
            try onRegistry { () throws(StatusWord) in try target.setProvider(identifier, of: application) }
        } else {
            try onRegistry { () throws(StatusWord) in try target.process(value, for: application) }
        }
    }

    /// Octets of a load file data block.
    mutating func applicationPart<Target: ProfileTarget & ~Copyable>(
        _ part: OctetView,
        isLast: Bool,
        _ target: inout Target
    ) throws(Failure) {
        guard isLast || !part.isEmpty, let domain = content.domain else { return }
        content.block &+= 1
        let number = content.block
        try onRegistry { () throws(StatusWord) in
            try target.load(part, number: number, isLast: isLast, in: domain)
        }
    }

    /// The end of a list, of a load file or instance, or of the element.
    mutating func applicationEnd<Target: ProfileTarget & ~Copyable>(_ target: inout Target) throws(Failure) {
        switch (reader.depth, content.member) {
        case (1, Self.loadBlock): guard content.isBegun else { throw Failure(Decision.malformed) }
        case (2, _): if !content.isBegun { try installInstance(&target) }
        default: break
        }
    }

    private mutating func beginLoad<Target: ProfileTarget & ~Copyable>(_ target: inout Target) throws(Failure) {
        var cursor = OctetCursor(fields.view)
        var package = LoadPackage()
        package.aid = try Self.aid(&cursor)
        let domain = cursor.peek == 0x4F ? try Self.aid(&cursor) : .empty
        while let member = try cursor.member() {
            switch member.tag {
            case 0xC6: package.codeLimit = member.value
            case 0xC7: package.volatileDataLimit = member.value
            case 0xC8: package.dataLimit = member.value
            case 0xC1: package.hash = member.value
            default: throw Failure(Decision.malformed)
            }
        }
        let owner = try securityDomain(domain, target)
        content.domain = owner
        let length = reader.length
        try onRegistry { () throws(StatusWord) in try target.beginLoad(package, length: length, in: owner) }
    }

    private mutating func installInstance<Target: ProfileTarget & ~Copyable>(_ target: inout Target) throws(Failure) {
        content.isBegun = true
        let instance = try readInstance(fields.view)
        let domain = try securityDomain(instance.securityDomain, target)
        content.application = try onRegistry { () throws(StatusWord) in
            try target.installApplication(instance, in: domain)
        }
        if content.application == nil { try report(PackageStatus.runtimeNotSupported) }
    }
}
