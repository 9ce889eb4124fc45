import CardOS
import Memory
import Octets

/// Where GET STATUS goes on: GPCS clause 11.4. The card holds the place, the terminal repeats its criteria.
struct StatusListing {
    /// P1 of the list under way; nil: none is.
    var subset: UInt8?
    /// Where in the registry the next entry is looked for.
    var next = 0
}

extension SecurityDomain {
    /// How many octets the response has at most, where it lists several: with padding and an R-MAC of 16 octets it is a
    /// short one still.
    private static let responseLimit = 239

    /// What P1 of GET STATUS asks for: GPCS table 11-33.
    private enum Subset: UInt8 {
        case issuerSecurityDomain = 0x80
        case applications = 0x40
        case executableLoadFiles = 0x20
        case executableLoadFilesAndModules = 0x10

        func contains(_ entry: RegistryEntry) -> Bool {
            switch self {
            case .issuerSecurityDomain: entry.isIssuerSecurityDomain
            case .applications: entry.kind == .application && !entry.isIssuerSecurityDomain
            case .executableLoadFiles, .executableLoadFilesAndModules: entry.kind == .executableLoadFile
            }
        }
    }

    /// GET STATUS.
    ///
    /// - Throws: 6A86 for another subset, the deprecated format, or the next of a list of one; 6A80 without a search
    ///   criterion, or with a malformed one; 6985 for the next of no list; 6A88 where nothing is found.
    static func getStatus(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        let command = call.command
        guard let subset = Subset(rawValue: command.p1), command.p2 & 0xFE == 0x02 else { throw .incorrectP1P2 }
        var cursor = OctetCursor(command.data)
        guard let criterion = cursor.berTLV(), criterion.tag == 0x4F, criterion.value.count <= 16 else {
            throw .incorrectData
        }
        let tags = cursor.firstValue(0x5C)
        while !cursor.isAtEnd {
            guard cursor.berTLV() != nil else { throw .incorrectData }
        }
        let session = open.channels[call.channel].makeSession()
        var place = 0
        if command.p2 & 0x01 != 0 {
            guard subset != .issuerSecurityDomain else { throw .incorrectP1P2 }
            guard session.pointee.listing.subset == command.p1 else { throw .conditionsNotSatisfied }
            place = session.pointee.listing.next
        }
        session.pointee.listing = StatusListing()
        let name = subset == .issuerSecurityDomain ? OctetView.empty : criterion.value
        if place == 0 { place = open.registry.firstIndex(from: name, in: card.memory) }
        while place < open.registry.entries.count,
            let entry = RegistryEntry(open.registry.entries[place], in: card.memory), entry.aid.starts(with: name)
        {
            if subset.contains(entry), open.isVisible(entry, to: call.instance, card) {
                let start = card.output.count
                try open.appendStatus(of: entry, subset == .executableLoadFilesAndModules, tags, &card)
                if card.output.count > responseLimit, start > 0 {
                    card.output.truncate(to: start)
                    session.pointee.listing = StatusListing(subset: command.p1, next: place)
                    return .moreStatusAvailable
                }
            }
            place += 1
        }
        guard card.output.count > 0 else { throw .referencedDataNotFound }
        return .success
    }
}

extension OPEN {
    /// Whether a security domain sees an entry: it is associated with it, directly or not, or the domain has the Global
    /// Registry privilege (GPCS clause 11.4.2).
    func isVisible(_ entry: RegistryEntry, to domain: RegistryEntry, _ card: borrowing UICC) -> Bool {
        domain.privileges.contains(.globalRegistry) || isAssociated(entry, with: domain.reference, card)
    }

    /// Whether an entry is a security domain's own, or associated with it, directly or not.
    func isAssociated(_ entry: RegistryEntry, with domain: ObjectReference, _ card: borrowing UICC) -> Bool {
        var next: ObjectReference? = entry.reference
        // No chain is longer than the registry.
        for _ in 0...registry.entries.count {
            guard let reference = next else { return false }
            if reference == domain { return true }
            next = RegistryEntry(reference, in: card.memory)?.securityDomain
        }
        return false
    }

    /// Appends what GET STATUS tells of an entry (E3): GPCS table 11-36.
    fileprivate func appendStatus(
        of entry: RegistryEntry,
        _ withModules: Bool,
        _ tags: OctetView?,
        _ card: inout UICC
    ) throws(StatusWord) {
        func wants(_ tag: UInt32) -> Bool {
            guard let tags else { return true }
            var cursor = OctetCursor(tags)
            while let listed = cursor.berTag() { if listed == tag { return true } }
            return false
        }
        var writer = card.output
        try writer.appendTLV(0xE3) { (writer) throws(StatusWord) in
            if wants(0x4F) { writer.appendTLV(0x4F, entry.aid) }
            if wants(0x9F70) { writer.appendTLV(0x9F70) { $0.append(entry.lifeCycle.rawValue) } }
            if entry.kind == .application {
                if wants(0xC5) {
                    writer.appendTLV(0xC5) { $0.append(number: entry.privileges.rawValue, minimum: 3) }
                }
                try entry.withAttributes(in: card.memory) { (attributes) throws(StatusWord) in
                    var cursor = OctetCursor(attributes)
                    while let attribute = cursor.berTLV() {
                        if attribute.tag == 0xCF, wants(0xCF) { writer.appendTLV(0xCF, attribute.value) }
                    }
                }
                // That of the issuer security domain is told to who asks for it.
                if wants(0xC4), tags != nil || !entry.isIssuerSecurityDomain,
                    let file = entry.loadFile.flatMap({ RegistryEntry($0, in: card.memory) })
                {
                    writer.appendTLV(0xC4, file.aid)
                }
            } else if wants(0xCE) {
                writer.appendTLV(0xCE) { $0.append(entry.version) }
            }
            if withModules, wants(0x84) {
                for reference in registry.entries {
                    guard let module = RegistryEntry(reference, in: card.memory), module.kind == .executableModule,
                        module.loadFile == entry.reference
                    else { continue }
                    writer.appendTLV(0x84, module.aid)
                }
            }
            if wants(0xCC), let domain = entry.securityDomain.flatMap({ RegistryEntry($0, in: card.memory) }) {
                writer.appendTLV(0xCC, domain.aid)
            }
        }
        card.output = writer
    }
}
