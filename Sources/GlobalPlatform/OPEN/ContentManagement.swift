import CardOS
import Memory
import Octets

// What OPEN checks and does for the commands of card content management: GPCS clauses 9.3 to 9.5.

/// An operation of card content management: its bit in the restriction parameter (D9), GPCS table 11-54.
enum ContentOperation: UInt8 {
    case registryUpdate = 0x40
    case personalization = 0x20
    case extradition = 0x10
    case makeSelectable = 0x08
    case install = 0x04
    case load = 0x02
    case delete = 0x01
}

extension OPEN {
    /// Checks that INSTALL [for registry update] has not forbidden an operation, to the card or to the security domain.
    ///
    /// - Throws: 6985 where it has.
    func requireUnrestricted(
        _ operation: ContentOperation,
        _ call: Call,
        _ card: borrowing UICC
    ) throws(StatusWord) {
        let ofCard = registry.issuer.flatMap { RegistryEntry($0, in: card.memory) }?.restrictions ?? 0
        guard (ofCard | call.instance.restrictions) & operation.rawValue == 0 else { throw .conditionsNotSatisfied }
    }

    /// The module that INSTALL [for install] names. The load file is the one that the combined process has loaded, where it
    /// names none; the module is its only one, where it names none.
    ///
    /// - Throws: 6A88 where there is none, or none that the security domain may use.
    func module(
        of install: InstallCommand,
        for call: Call,
        _ card: borrowing UICC
    ) throws(StatusWord) -> RegistryEntry {
        guard let file = loadFile(of: install, on: call.channel, card), file.kind == .executableLoadFile,
            isUsable(file, by: call.instance, card)
        else { throw .referencedDataNotFound }
        if install.second.isEmpty {
            guard install.process.contains(.forLoad) else { throw .incorrectData }
            let modules = registry.entries.compactMap { RegistryEntry($0, in: card.memory) }.filter {
                $0.kind == .executableModule && $0.loadFile == file.reference
            }
            guard modules.count == 1, let module = modules.first else { throw .referencedDataNotFound }
            return module
        }
        guard let module = registry.entry(install.second, isModule: true, in: card.memory),
            module.loadFile == file.reference
        else { throw .referencedDataNotFound }
        return module
    }

    private func loadFile(
        of install: InstallCommand,
        on channel: Int,
        _ card: borrowing UICC
    ) -> RegistryEntry? {
        guard install.first.isEmpty else { return registry.entry(install.first, in: card.memory) }
        guard install.process.contains(.forLoad) else { return nil }
        return channels[channel].loaded.flatMap { RegistryEntry($0, in: card.memory) }
    }

    /// Whether a security domain may make instances of a load file: of its own, of one below it, of one above it.
    private func isUsable(_ file: RegistryEntry, by domain: RegistryEntry, _ card: borrowing UICC) -> Bool {
        if isFactory || isAssociated(file, with: domain.reference, card) { return true }
        return file.securityDomain.map { isAssociated(domain, with: $0, card) } ?? false
    }

    /// An application that a security domain manages.
    ///
    /// - Throws: 6A88 where there is none with that AID.
    func application(_ aid: OctetView, of call: Call, _ card: borrowing UICC) throws(StatusWord) -> RegistryEntry {
        let entry = try object(aid, of: call, card)
        guard entry.kind == .application else { throw .referencedDataNotFound }
        return entry
    }

    /// An application or load file that a security domain manages, that is, one associated with it or with a domain below.
    ///
    /// - Throws: 6A88 where there is none with that AID; 6985 for the domain itself, unless it is the issuer's: it would give
    ///   itself privileges.
    func object(_ aid: OctetView, of call: Call, _ card: borrowing UICC) throws(StatusWord) -> RegistryEntry {
        guard let entry = registry.entry(aid, in: card.memory),
            isAssociated(entry, with: call.instance.reference, card)
        else { throw .referencedDataNotFound }
        guard entry.reference != call.instance.reference || entry.isIssuerSecurityDomain else {
            throw .conditionsNotSatisfied
        }
        return entry
    }

    /// The privileges that INSTALL asks for.
    ///
    /// - Throws: 6A80 where they are malformed or cannot go together; 6985 where another application than the issuer
    ///   security domain has one that only one application can have.
    func grantable(_ octets: OctetView, _ card: borrowing UICC) throws(StatusWord) -> Privileges {
        if octets.isEmpty { return [] }
        guard let privileges = Privileges(octets) else { throw .incorrectData }
        for (privilege, holder) in [
            (Privileges.cardReset, registry.defaultSelected), (.finalApplication, registry.finalApplication),
        ] where privileges.contains(privilege) && holder != nil && holder != registry.issuer {
            throw .conditionsNotSatisfied
        }
        return privileges
    }

    /// Checks that no other application is selected implicitly where INSTALL says that one is to be.
    ///
    /// - Throws: 6A80 for a channel that there is not; 6985 where one is.
    func requireFreeChannels(
        _ install: InstallCommand,
        for entry: ObjectReference? = nil
    ) throws(StatusWord) {
        for channel in ImplicitSelection.channels(in: install.systemParameters) {
            guard channel < Self.channelCount else { throw .incorrectData }
            guard !registry.isTaken(channel: channel, butBy: entry) else { throw .conditionsNotSatisfied }
        }
    }

    /// Takes from the issuer security domain what only one application can have.
    func takeSinglePrivileges(_ privileges: Privileges, _ card: inout UICC) throws(StatusWord) {
        let taken = privileges.intersection(.single)
        guard !taken.isEmpty, let issuer = registry.issuer.flatMap({ RegistryEntry($0, in: card.memory) }) else {
            return
        }
        try card.memory.set(.privileges, of: issuer.reference, to: issuer.privileges.subtracting(taken).rawValue)
    }

    /// Gives back to the issuer security domain what an application loses and only one can have: GPCS clause 6.6.
    func returnSinglePrivileges(
        _ privileges: Privileges,
        of entry: RegistryEntry,
        _ card: inout UICC
    ) throws(StatusWord) {
        let returned = privileges.intersection(.single)
        guard !returned.isEmpty, let issuer = registry.issuer.flatMap({ RegistryEntry($0, in: card.memory) }),
            issuer.reference != entry.reference
        else { return }
        try card.memory.set(.privileges, of: issuer.reference, to: issuer.privileges.union(returned).rawValue)
    }

    /// Associates an application or load file with another security domain.
    ///
    /// - Throws: 6A88 where there is no such domain; 6985 where it is not PERSONALIZED, where it is the application or
    ///   below it, for the issuer security domain, or for a load file where it has the DAP Verification privilege; 6A84
    ///   where it has too little memory.
    mutating func extradite(_ entry: RegistryEntry, to aid: OctetView, _ card: inout UICC) throws(StatusWord) {
        guard let domain = registry.securityDomain(aid, in: card.memory) else {
            throw .referencedDataNotFound
        }
        guard domain.isIssuerSecurityDomain || domain.lifeCycle == .personalized, !entry.isIssuerSecurityDomain,
            !isAssociated(domain, with: entry.reference, card),
            // GPCS clause 9.4.1: such a domain has verified the signatures of all its load files.
            entry.kind == .application || !domain.privileges.contains(.dapVerification)
        else { throw .conditionsNotSatisfied }
        try move(entry, to: domain, &card)
        hasChanged = true
    }

    /// Replaces the attributes that INSTALL [for make selectable, registry update] gives anew.
    func updateAttributes(
        of entry: RegistryEntry,
        with install: InstallCommand,
        _ card: inout UICC
    ) throws(StatusWord) {
        try requireFreeChannels(install, for: entry.reference)
        let old = try entry.withAttributes(in: card.memory) { (attributes) throws(StatusWord) in attributes.array }
        let new = EntryAttributes(install, isSecurityDomain: entry.isSecurityDomain, replacing: old)
        guard new.octets != old else { return }
        try new.octets.withView { (octets) throws(StatusWord) in
            try requireRemoteParameters(octets, hasScripts: entry.hasScripts, for: entry.reference, card)
            try card.memory.setAttributes(octets, of: entry.reference)
        }
    }
}

/// The attributes of a registry entry: docs/memory-image.md section 7.6.
struct EntryAttributes {
    private(set) var octets: [UInt8] = []

    /// What INSTALL says that the registry keeps: implicit selection (CF), service parameters (CB), parameters of
    /// TS 102 226 (CA, EA), volatile memory (C7, D7), the provider identifier (5F20), and the application specific
    /// parameters (C9) of a security domain.
    ///
    /// - Parameter old: attributes that stand where INSTALL has none of the same tag.
    init(_ install: InstallCommand, isSecurityDomain: Bool, replacing old: [UInt8] = []) {
        let parameters = OctetCursor(install.parameters)
        let signature = OctetCursor(parameters.firstValue(0xB6) ?? .empty)
        // Memory is given once, with the installation.
        let memory: [UInt32] = install.process.contains(.forInstall) ? [0xC7, 0xD7] : []
        collect([0xCF, 0xCB, 0xCA] + memory, of: install.systemParameters)
        collect([0xEA] + (isSecurityDomain ? [0xC9] : []), of: parameters)
        collect([0x5F20], of: signature)
        let new = octets
        old.withView { (old) in
            var cursor = OctetCursor(old)
            while let object = cursor.berTLV() {
                let isReplaced = new.withView { OctetCursor($0).firstValue(object.tag) != nil }
                if !isReplaced { append(object) }
            }
        }
    }

    private mutating func collect(_ tags: [UInt32], of objects: OctetCursor) {
        var cursor = objects
        while let object = cursor.berTLV() {
            if tags.contains(object.tag) { append(object) }
        }
    }

    private mutating func append(_ object: BERTLV) {
        octets += withUnsafeTemporaryAllocation(byteCount: object.value.count + 8, alignment: 1) { buffer in
            var writer = OctetWriter(buffer)
            writer.appendTLV(object.tag, object.value)
            return writer.view.array
        }
    }
}
