import CardOS
import Memory
import Octets

// Memory that INSTALL gives and takes: GPCS clauses 9.7 and 11.5.2.3.7. Non-volatile memory is counted by its owners
// (docs/memory-image.md section 4), volatile memory from the attributes C7 and D7 of registry entries.

extension OPEN {
    /// The volatile memory that applications can reserve, in octets. Those of the firmware need none.
    static let volatileMemory = 65_536

    /// Checks that a load file and what its applications keep have room: C6, C7 and C8 of INSTALL [for load].
    ///
    /// - Throws: 6A84 where they have not; 6A80 for a size of another width.
    func requireMemory(
        forLoad install: InstallCommand,
        in domain: RegistryEntry,
        _ card: borrowing UICC
    ) throws(StatusWord) {
        let needed = try Int(install.size(0xC6) ?? 0) + Int(install.size(0xC8) ?? 0)
        guard needed <= card.memory.availableOctets(to: card.memory.owner(of: domain.reference)),
            try Int(install.size(0xC7) ?? 0) <= availableVolatileMemory(to: domain.reference, card)
        else { throw .notEnoughMemory }
    }

    /// Checks the volatile memory that INSTALL [for install] reserves (D7) and allows (C7) an application.
    ///
    /// - Throws: 6A84 where more is reserved than is free or allowed; 6A80 for a size of another width.
    func requireVolatileMemory(
        for install: InstallCommand,
        in domain: RegistryEntry,
        _ card: borrowing UICC
    ) throws(StatusWord) {
        guard let reserved = try install.size(0xD7) else { return _ = try install.size(0xC7) }
        let quota = try install.size(0xC7) ?? .max
        guard reserved <= quota, Int(reserved) <= availableVolatileMemory(to: domain.reference, card) else {
            throw .notEnoughMemory
        }
    }

    /// How many octets of volatile memory what is associated with a security domain can still reserve.
    func availableVolatileMemory(to domain: ObjectReference, _ card: borrowing UICC) -> Int {
        var available = Int.max
        // What a domain has reserved and not yet used counts for those above it already.
        var prepaid = 0
        var place: ObjectReference? = domain
        for _ in 0...registry.entries.count {
            guard let entry = place.flatMap({ RegistryEntry($0, in: card.memory) }) else { break }
            let load = volatileLoad(of: entry.reference, registry.entries.count, card)
            let (quota, reserved) = volatileSizes(of: entry, card)
            if let quota { available = min(available, prepaid + quota - load) }
            prepaid += max(0, reserved - load)
            place = entry.securityDomain
            if place == nil { available = min(available, prepaid + Self.volatileMemory - max(load, reserved)) }
        }
        return max(0, available)
    }

    /// What applications associated with an entry have reserved.
    private func volatileLoad(of domain: ObjectReference, _ depth: Int, _ card: borrowing UICC) -> Int {
        guard depth > 0, RegistryEntry(domain, in: card.memory)?.isSecurityDomain == true else { return 0 }
        var load = 0
        for reference in registry.entries {
            guard let entry = RegistryEntry(reference, in: card.memory), entry.kind == .application,
                entry.securityDomain == domain
            else { continue }
            load += max(volatileLoad(of: reference, depth - 1, card), volatileSizes(of: entry, card).reserved)
        }
        return load
    }

    /// The attributes C7 and D7 of an entry.
    private func volatileSizes(_ attributes: OctetView) -> (quota: Int?, reserved: Int) {
        let cursor = OctetCursor(attributes)
        let quota = cursor.firstValue(0xC7)?.number.map { Int($0) }
        return (quota, cursor.firstValue(0xD7)?.number.map { Int($0) } ?? 0)
    }

    private func volatileSizes(of entry: RegistryEntry, _ card: borrowing UICC) -> (quota: Int?, reserved: Int) {
        do throws(StatusWord) {
            return try entry.withAttributes(in: card.memory) { (attributes) throws(StatusWord) in
                volatileSizes(attributes)
            }
        } catch {
            // A damaged entry has neither.
            return (nil, 0)
        }
    }

    // MARK: Owners

    /// The owner of what a new application keeps: one of its own for a security domain and where INSTALL gives a quota or
    /// reserves memory, that of its security domain otherwise.
    ///
    /// - Throws: 6A84 where there are too many, or less memory is there than is reserved; 6A80 for a size of another width.
    mutating func makeOwner(
        for install: InstallCommand,
        _ privileges: Privileges,
        in domain: RegistryEntry,
        _ card: inout UICC
    ) throws(StatusWord) -> Owner {
        let parent = card.memory.owner(of: domain.reference)
        let quota = try install.size(0xC8)
        let reserved = try install.size(0xD8)
        try requireVolatileMemory(for: install, in: domain, card)
        guard registry.issuer != nil, privileges.contains(.securityDomain) || quota != nil || reserved != nil else {
            return parent
        }
        return try card.memory.createOwner(parent: parent, quota: quota, reserved: reserved ?? 0)
    }

    /// Associates an application or load file with another security domain, which is charged with its memory.
    ///
    /// - Throws: 6A84 where a quota of that, or of one above it, does not allow it.
    func move(_ entry: RegistryEntry, to domain: RegistryEntry, _ card: inout UICC) throws(StatusWord) {
        guard let old = entry.securityDomain, old != domain.reference else { return }
        try moveObjects(of: entry, from: card.memory.owner(of: old), to: domain, &card)
        try card.memory.set(.securityDomain, of: entry.reference, to: domain.reference)
        var place: RegistryEntry? = domain
        for _ in 0...registry.entries.count {
            guard let current = place else { return }
            let load = volatileLoad(of: current.reference, registry.entries.count, card)
            guard load <= volatileSizes(of: current, card).quota ?? .max else { throw .notEnoughMemory }
            place = current.securityDomain.flatMap { RegistryEntry($0, in: card.memory) }
        }
    }

    private func moveObjects(
        of entry: RegistryEntry,
        from oldOwner: Owner,
        to domain: RegistryEntry,
        _ card: inout UICC
    ) throws(StatusWord) {
        // The files of a network access application are those of its profile.
        guard entry.program != .networkAccess else { return }
        let owner = card.memory.owner(of: entry.reference)
        let newOwner = card.memory.owner(of: domain.reference)
        guard owner == oldOwner else { return try card.memory.setParent(newOwner, of: owner) }
        for object in [entry.reference, entry.content, entry.data] {
            if let object { try card.memory.setOwner(newOwner, of: object) }
        }
        for reference in registry.entries {
            guard let module = RegistryEntry(reference, in: card.memory), module.kind == .executableModule,
                module.loadFile == entry.reference
            else { continue }
            try card.memory.setOwner(newOwner, of: reference)
            try card.memory.set(.securityDomain, of: reference, to: domain.reference)
        }
    }
}
