import CardOS
import Memory
import Octets

/// Compares the registry of an image with docs/memory-image.md sections 7.6, 7.8 and 7.9: entries, their references,
/// load files and application data. Any octets are read to the end, and nothing traps.
struct RegistryVerification {
    private(set) var defects: [ImageDefect] = []
    /// All entries, in the order of their objects.
    private var entries: [RegistryEntry] = []
    private var numbers: [ObjectReference: Int] = [:]
    private var standings: [Standing] = []
    /// The ADFs of the image, with their DF names.
    private let directories: [ObjectReference: [UInt8]]
    /// What entries name as their content or data, once each.
    private var claimed: Set<ObjectReference> = []
    private var names: Set<Name> = []
    private var singlePrivileges: Privileges = []
    private var hasIssuer = false
    private var reading: ReadingLimit

    /// An AID that only one entry may have.
    private struct Name: Hashable {
        let isModule: Bool
        let aid: [UInt8]
    }

    /// Whether the security domains of an entry lead to an issuer security domain.
    private enum Standing {
        case unknown
        case underWay
        case below
        case ring
    }

    /// Reads all registry entries.
    init(_ memory: borrowing Memory) {
        reading = ReadingLimit(memory)
        directories = UICC.applications(in: memory)
        var next = memory.firstObject(of: .registryEntry)
        while let reference = next {
            if let entry = RegistryEntry(unchecked: reference, in: memory) {
                numbers[reference] = entries.count
                entries.append(entry)
            } else {
                note(.registryEntry, reference, at: 0, memory)
            }
            next = memory.firstObject(of: .registryEntry, from: reference.page + 1)
        }
        standings = [Standing](repeating: .unknown, count: entries.count)
    }

    /// The security domains.
    var securityDomains: [RegistryEntry] { entries.filter(\.isSecurityDomain) }

    private func entry(_ reference: ObjectReference?) -> RegistryEntry? {
        reference.flatMap { numbers[$0] }.map { entries[$0] }
    }

    private mutating func note(
        _ reason: ImageDefect.Reason,
        _ reference: ObjectReference,
        at index: Int,
        _ memory: borrowing Memory
    ) {
        defects.append(ImageDefect(offset: memory.imageOffset(of: reference, at: index), reason: reason))
    }

    private mutating func note(
        _ reason: ImageDefect.Reason,
        _ entry: RegistryEntry,
        _ field: RegistryEntry.Field,
        _ memory: borrowing Memory
    ) {
        note(reason, entry.reference, at: field.rawValue, memory)
    }

    /// Checks each entry, and what belongs to one.
    mutating func check(_ memory: borrowing Memory) {
        for number in entries.indices {
            checkHeader(entries[number], memory)
            checkName(entries[number], memory)
            checkPrivileges(entries[number], memory)
            checkSecurityDomain(number, memory)
            checkAttributes(entries[number], memory)
            checkReferences(entries[number], memory)
        }
        if let first = entries.first, !hasIssuer { note(.issuerSecurityDomain, first, .securityDomain, memory) }
        checkDirectories(memory)
        checkUnclaimed(.loadFile, .loadFile, memory)
        checkUnclaimed(.applicationData, .applicationData, memory)
    }

    // MARK: Fields

    private mutating func checkHeader(_ entry: RegistryEntry, _ memory: borrowing Memory) {
        guard let kind = entry.kind else { return note(.registryEntry, entry, .kind, memory) }
        if !entry.hasKnownLifeCycle { note(.registryEntry, entry, .lifeCycle, memory) }
        if !entry.hasKnownProgram { note(.registryEntry, entry, .program, memory) }
        if kind != .executableLoadFile, entry.version != 0 { note(.registryEntry, entry, .version, memory) }
        let restrictions = memory.head(of: entry.reference, count: RegistryEntry.headerSize)
            .uint16(at: RegistryEntry.Field.restrictions.rawValue)
        if restrictions.map({ $0 > (kind == .application ? 0xFF : 0) }) ?? true {
            note(.registryEntry, entry, .restrictions, memory)
        }
    }

    private mutating func checkName(_ entry: RegistryEntry, _ memory: borrowing Memory) {
        let header = memory.head(of: entry.reference, count: RegistryEntry.headerSize)
        let field = header.part(from: RegistryEntry.Field.aid.rawValue, length: RegistryEntry.Field.aid.width)
        let count = Int(header.octet(at: RegistryEntry.Field.aidLength.rawValue) ?? 0)
        guard (5...16).contains(count) else { return note(.registryEntry, entry, .aidLength, memory) }
        if field.part(from: count).array.contains(where: { $0 != 0xFF }) { note(.registryEntry, entry, .aid, memory) }
        let name = Name(isModule: entry.kind == .executableModule, aid: entry.aid.array)
        if !names.insert(name).inserted { note(.registryName, entry, .aid, memory) }
    }

    private mutating func checkPrivileges(_ entry: RegistryEntry, _ memory: borrowing Memory) {
        let privileges = entry.privileges
        let isRight = entry.kind == .application ? privileges.isConsistent : privileges.isEmpty
        if !isRight || !singlePrivileges.isDisjoint(with: privileges) {
            note(.privileges, entry, .privileges, memory)
        }
        singlePrivileges.formUnion(privileges.intersection(.single))
    }

    // MARK: Security domains

    private mutating func checkSecurityDomain(_ number: Int, _ memory: borrowing Memory) {
        let entry = entries[number]
        if entry.isIssuerSecurityDomain {
            if hasIssuer { note(.issuerSecurityDomain, entry, .securityDomain, memory) }
            hasIssuer = true
            return
        }
        guard let domain = self.entry(entry.securityDomain), domain.isSecurityDomain, standing(of: number) == .below
        else { return note(.securityDomain, entry, .securityDomain, memory) }
        // The files of a network access application are those of its profile.
        guard entry.program != .networkAccess else { return }
        let owner = memory.owner(of: entry.reference)
        let above = memory.owner(of: domain.reference)
        if owner != above, memory.parent(of: owner) != above { note(.registryOwner, entry, .kind, memory) }
    }

    /// Follows the security domains of an entry, each only once for all entries.
    private mutating func standing(of number: Int) -> Standing {
        var way: [Int] = []
        var place = number
        while standings[place] == .unknown {
            standings[place] = .underWay
            way.append(place)
            guard let domain = entries[place].securityDomain.flatMap({ numbers[$0] }) else {
                standings[place] = .below
                break
            }
            place = domain
        }
        let end: Standing = standings[place] == .below ? .below : .ring
        for passed in way { standings[passed] = end }
        return end
    }

    // MARK: Attributes

    private mutating func checkAttributes(_ entry: RegistryEntry, _ memory: borrowing Memory) {
        let start = RegistryEntry.headerSize
        if memory.length(of: entry.reference) != start + entry.attributesLength {
            note(.registryAttributes, entry, .attributesLength, memory)
        }
        guard let octets = reading.content(entry.reference, start, entry.attributesLength, memory) else { return }
        let isKnownVersion = memory.geometry.isKnownVersion
        let wrong = octets.withView { (attributes) -> Int? in
            var cursor = OctetCursor(attributes)
            while !cursor.isAtEnd {
                let start = cursor.position
                guard let attribute = cursor.berTLV(),
                    Self.isRight(attribute, isOfDomain: entry.isSecurityDomain, isKnownVersion)
                else { return start }
            }
            return nil
        }
        if let wrong { note(.registryAttributes, entry.reference, at: start + wrong, memory) }
    }

    private static func isRight(_ attribute: BERTLV, isOfDomain: Bool, _ isKnownVersion: Bool) -> Bool {
        switch attribute.tag {
        case 0xCF, 0xCB, 0xCA, 0xEA, 0x5F20: true
        case 0xC7, 0xD7: attribute.value.count == 2 || attribute.value.count == 4
        case 0xC9: isOfDomain && attribute.value.array.firstWrongDataObject == nil
        default: !isKnownVersion
        }
    }

    // MARK: References

    private mutating func checkReferences(_ entry: RegistryEntry, _ memory: borrowing Memory) {
        let file = self.entry(entry.loadFile)
        let mustHaveFile = entry.kind == .executableModule
        let isRight = entry.loadFile == nil ? !mustHaveFile : file?.kind == .executableLoadFile
        if !isRight || entry.kind == .executableLoadFile && entry.loadFile != nil {
            note(.registryReference, entry, .loadFile, memory)
        }
        checkContent(entry, memory)
        guard let data = entry.data else {
            if entry.program == .accessRules, entry.kind == .application {
                note(.registryReference, entry, .data, memory)
            }
            return
        }
        guard entry.kind == .application, memory.kind(of: data) == .applicationData, claimed.insert(data).inserted
        else { return note(.registryReference, entry, .data, memory) }
        if memory.owner(of: data) != memory.owner(of: entry.reference) {
            note(.registryOwner, entry, .data, memory)
        }
        if entry.isSecurityDomain {
            checkDataObjects(data, memory)
        } else if entry.program == .accessRules, memory.geometry.isKnownVersion {
            checkAccessRules(data, memory)
        }
    }

    private mutating func checkContent(_ entry: RegistryEntry, _ memory: borrowing Memory) {
        // The key sets of a security domain have a verification of their own.
        guard !entry.isSecurityDomain else { return }
        guard let content = entry.content else {
            if entry.program == .networkAccess, entry.kind == .application {
                note(.registryReference, entry, .content, memory)
            }
            return
        }
        let isRight: Bool
        switch entry.kind {
        case .executableLoadFile:
            let back = memory.kind(of: content) == .loadFile ? memory.head(of: content, count: 4).uint32(at: 0) : nil
            isRight = back == entry.reference.page
        case .application where entry.program == .networkAccess:
            guard let name = directories[content] else { return note(.registryReference, entry, .content, memory) }
            let isNamed = name.withView { $0.equals(entry.aid) }
            if !isNamed { note(.networkAccess, entry, .aid, memory) }
            isRight = true
        default: isRight = false
        }
        guard isRight, claimed.insert(content).inserted else {
            return note(.registryReference, entry, .content, memory)
        }
        if memory.owner(of: content) != memory.owner(of: entry.reference) {
            note(.registryOwner, entry, .content, memory)
        }
    }

    /// Each tag once, that of certificates once for each key.
    private mutating func checkDataObjects(_ data: ObjectReference, _ memory: borrowing Memory) {
        guard let octets = reading.content(data, 0, memory.length(of: data), memory) else { return }
        let wrong = octets.withView { (objects) -> Int? in
            var seen: Set<UInt64> = []
            var cursor = OctetCursor(objects)
            while !cursor.isAtEnd {
                let start = cursor.position
                guard let object = cursor.berTLV() else { return start }
                let isOfKey = object.tag == DataObjects.certificates
                guard let key = isOfKey ? object.value.uint16(at: 0) : 0 else { return start }
                guard seen.insert(UInt64(object.tag) << 16 | UInt64(key)).inserted else { return start }
            }
            return nil
        }
        if let wrong { note(.applicationData, data, at: wrong, memory) }
    }

    private mutating func checkAccessRules(_ data: ObjectReference, _ memory: borrowing Memory) {
        guard let octets = reading.content(data, 0, memory.length(of: data), memory) else { return }
        let wrong = octets.withView { RuleVerification.firstWrongOctet(in: $0) }
        if let wrong { note(.applicationData, data, at: wrong, memory) }
    }

    private mutating func checkDirectories(_ memory: borrowing Memory) {
        guard hasIssuer else { return }
        for directory in directories.keys where !claimed.contains(directory) {
            note(.networkAccess, directory, at: 0, memory)
        }
    }

    /// Every object of a kind belongs to an entry.
    private mutating func checkUnclaimed(
        _ kind: ObjectKind,
        _ reason: ImageDefect.Reason,
        _ memory: borrowing Memory
    ) {
        var next = memory.firstObject(of: kind)
        while let reference = next {
            if !claimed.contains(reference) { note(reason, reference, at: 0, memory) }
            next = memory.firstObject(of: kind, from: reference.page + 1)
        }
    }
}

extension RegistryEntry {
    /// Whether the life cycle state is one of the kind, and goes with the one before a lock.
    fileprivate var hasKnownLifeCycle: Bool {
        let state = lifeCycle.rawValue
        let before = lifeCycleBeforeLock.rawValue
        guard kind == .application else { return lifeCycle == .loaded && before == 0xFF }
        guard !isIssuerSecurityDomain else { return [0x01, 0x07, 0x0F, 0x7F, 0xFF].contains(state) && before == 0xFF }
        guard state & 0x80 != 0 ? before == state & 0x7F : before == 0xFF else { return false }
        switch state & 0x7F {
        case 0x03, 0x07, 0x0F: return true
        case let own: return !isSecurityDomain && own & 0x07 == 0x07
        }
    }

    /// Whether the program is one that the kind can have: applications have one, load files have none.
    fileprivate var hasKnownProgram: Bool {
        let isKnown = program.rawValue <= Program.remoteFileManagement.rawValue
        switch kind {
        case .application: return isKnown && program != .none && (program == .securityDomain) == isSecurityDomain
        case .executableModule: return isKnown
        case .executableLoadFile, nil: return program == .none
        }
    }
}

extension OPEN {
    /// What is wrong with the registry in `memory`, its keys, load files and application data, in the order of the
    /// offsets. Empty for a right card, and for one without an issuer security domain.
    public static func defects(in memory: borrowing Memory) -> [ImageDefect] {
        var registry = RegistryVerification(memory)
        registry.check(memory)
        var keys = KeySetVerification(memory)
        keys.check(registry.securityDomains, memory)
        return (registry.defects + keys.defects).sorted { $0.offset < $1.offset }
    }
}
