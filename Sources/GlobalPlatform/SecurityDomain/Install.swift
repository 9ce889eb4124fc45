import CardOS
import Memory
import Octets

// INSTALL: GPCS clause 11.5, and what OPEN checks: clauses 9.3 and 9.4. A command that fails changes nothing.

extension SecurityDomain {
    /// INSTALL.
    ///
    /// - Throws: 6A86 for a process that there is not; 6A80 for a malformed data field; and as each process.
    static func install(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        let process = InstallCommand.Process(rawValue: call.command.p1)
        let data = call.command.data
        // P2 tells the beginning and the end of the combined process.
        switch (process, call.command.p2) {
        case (.forLoadInstallAndMakeSelectable, 0x03), (.forInstall, 0x00), (.forInstallAndMakeSelectable, 0x00):
            return try installApplication(InstallCommand(process, isLoad: false, data), call, &open, &card)
        case (.forLoad, 0x00), (.forLoadInstallAndMakeSelectable, 0x01):
            return try prepareLoad(InstallCommand(process, isLoad: true, data), call, &open, &card)
        case (.forMakeSelectable, 0x00):
            return try makeSelectable(InstallCommand(process, isLoad: false, data), call, &open, &card)
        case (.forExtradition, 0x00):
            return try extradite(InstallCommand(process, isLoad: false, data), call, &open, &card)
        case (.forRegistryUpdate, 0x00):
            return try updateRegistry(InstallCommand(process, isLoad: false, data), call, &open, &card)
        case (.forPersonalization, 0x00):
            return try personalize(InstallCommand(process, isLoad: false, data), call, &open, &card)
        default: throw .incorrectP1P2
        }
    }

    /// INSTALL [for install], alone or with making selectable: GPCS clause 9.3.6.
    ///
    /// - Throws: 6A88 for an unknown module; 6A81 for one that the card cannot execute; 6985 where the AID is in use; 6A80
    ///   for privileges that cannot be; 6A84 where memory is short; and as `OPEN.authorize`.
    private static func installApplication(
        _ install: InstallCommand,
        _ call: Call,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        let combined = open.channels[call.channel].combined
        if install.process.contains(.forLoad) {
            guard let combined, open.channels[call.channel].loaded != nil else { throw .conditionsNotSatisfied }
            try combined.signed.withView { (signed) throws(StatusWord) in
                let token = Token(
                    install.token,
                    of: Token.Command(p1: combined.p1, p2: combined.p2, signed: signed),
                    and: Token.Command(p1: call.command.p1, p2: call.command.p2, signed: install.signed)
                )
                try open.authorize(.install, call, token: token, install.parameters, &card)
            }
        } else {
            try open.authorize(.install, call, token: Token(install, call), install.parameters, &card)
        }
        let module = try open.module(of: install, for: call, card)
        let aid = install.third.isEmpty ? module.aid : install.third
        guard open.registry.entry(aid, in: card.memory) == nil else { throw .conditionsNotSatisfied }
        guard let native = NativeModule.of(module.program) else { throw .functionNotSupported }
        let privileges = try open.grantable(install.privileges, card)
        guard privileges.contains(.securityDomain) == (module.program == .securityDomain) else { throw .incorrectData }
        try open.requireFreeChannels(install)
        let parameters = try install.applicationParameters()
        let attributes = EntryAttributes(install, isSecurityDomain: privileges.contains(.securityDomain))
        try attributes.octets.withView { (attributes) throws(StatusWord) in
            let hasScripts = module.program == .securityDomain
            try open.requireRemoteParameters(attributes, hasScripts: hasScripts, card)
        }
        let owner = try open.makeOwner(for: install, privileges, in: call.instance, &card)
        let content = RegistryEntryContent(
            kind: .application,
            lifeCycle: install.process.contains(.forMakeSelectable) ? .selectable : .installed,
            privileges: privileges,
            program: module.program,
            securityDomain: open.registry.issuer == nil ? nil : call.instance.reference,
            loadFile: module.loadFile,
            owner: owner
        )
        let reference = try attributes.octets.withView { (attributes) throws(StatusWord) in
            try card.memory.createEntry(content, aid: aid, attributes: attributes)
        }
        open.hasChanged = true
        try open.takeSinglePrivileges(privileges, &card)
        try native.install(reference, parameters, &open, &card)
        let file = module.loadFile.flatMap { RegistryEntry($0, in: card.memory) }?.aid ?? .empty
        let operation: ConfirmedOperation
        if install.process.contains(.forLoad) {
            open.channels[call.channel].loaded = nil
            open.channels[call.channel].combined = nil
            operation = .loadAndInstallation(loadFile: file, application: aid, securityDomain: call.instance.aid)
        } else {
            operation = .installation(loadFile: file, application: aid)
        }
        return try open.confirm(operation, call, token: install.tokenIdentifier, &card)
    }

    /// INSTALL [for make selectable]: GPCS clause 11.5.2.3.3. Of the privileges only Card Reset counts.
    ///
    /// - Throws: 6A88 for an unknown application; 6985 where it is not INSTALLED; and as `OPEN.authorize`.
    private static func makeSelectable(
        _ install: InstallCommand,
        _ call: Call,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        try open.authorize(.makeSelectable, call, token: Token(install, call), install.parameters, &card)
        let entry = try open.application(install.third, of: call, card)
        guard entry.lifeCycle == .installed else { throw .conditionsNotSatisfied }
        let asked = try open.grantable(install.privileges, card).intersection(.cardReset)
        try open.takeSinglePrivileges(asked, &card)
        try card.memory.set(.privileges, of: entry.reference, to: entry.privileges.union(asked).rawValue)
        try card.memory.set(.lifeCycle, of: entry.reference, to: UInt32(LifeCycleState.selectable.rawValue))
        try open.updateAttributes(of: entry, with: install, &card)
        open.hasChanged = true
        let file = entry.loadFile.flatMap { RegistryEntry($0, in: card.memory) }?.aid ?? .empty
        let operation = ConfirmedOperation.installation(loadFile: file, application: entry.aid)
        return try open.confirm(operation, call, token: install.tokenIdentifier, &card)
    }

    /// INSTALL [for extradition]: GPCS clause 9.4.1.
    ///
    /// - Throws: 6A88 for an unknown application or security domain; 6985 where the domain cannot have it; and as
    ///   `OPEN.authorize`.
    private static func extradite(
        _ install: InstallCommand,
        _ call: Call,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        try open.authorize(.extradition, call, token: Token(install, call), install.parameters, &card)
        guard !install.first.isEmpty else { throw .incorrectData }
        let entry = try open.object(install.third, of: call, card)
        let old = entry.securityDomain.flatMap { RegistryEntry($0, in: card.memory) }?.aid ?? .empty
        try open.extradite(entry, to: install.first, &card)
        let operation = ConfirmedOperation.extradition(from: old, object: entry.aid, to: install.first)
        return try open.confirm(operation, call, token: install.tokenIdentifier, &card)
    }

    /// INSTALL [for registry update]: GPCS clause 9.4.2. Without an AID it concerns OPEN itself.
    ///
    /// - Throws: 6A88 for an unknown application or security domain; 6A80 for privileges that cannot be; 6985 where the
    ///   domain cannot have it; and as `OPEN.authorize`.
    private static func updateRegistry(
        _ install: InstallCommand,
        _ call: Call,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        try open.authorize(.registryUpdate, call, token: Token(install, call), install.parameters, &card)
        let restrictions = install.systemParameters.firstValue(0xD9)
        guard restrictions == nil || restrictions?.count == 1 else { throw .incorrectData }
        let entry: RegistryEntry
        if install.third.isEmpty {
            guard let issuer = open.registry.issuer, let found = RegistryEntry(issuer, in: card.memory),
                install.first.isEmpty, install.privileges.isEmpty
            else { throw .incorrectData }
            entry = found
        } else {
            entry = try open.application(install.third, of: call, card)
        }
        if !install.privileges.isEmpty {
            let privileges = try open.grantable(install.privileges, card)
            guard privileges.contains(.securityDomain) == entry.isSecurityDomain else { throw .incorrectData }
            try open.returnSinglePrivileges(entry.privileges.subtracting(privileges), of: entry, &card)
            try open.takeSinglePrivileges(privileges.subtracting(entry.privileges), &card)
            try card.memory.set(.privileges, of: entry.reference, to: privileges.rawValue)
        }
        if let restrictions, let octet = restrictions.octet(at: 0) {
            try card.memory.set(.restrictions, of: entry.reference, to: UInt32(entry.restrictions | octet))
        }
        try open.updateAttributes(of: entry, with: install, &card)
        let old = entry.securityDomain.flatMap { RegistryEntry($0, in: card.memory) }?.aid ?? .empty
        if !install.first.isEmpty { try open.extradite(entry, to: install.first, &card) }
        open.hasChanged = true
        let operation = ConfirmedOperation.registryUpdate(
            from: install.first.isEmpty ? .empty : old,
            application: install.third,
            to: install.first,
            privileges: install.privileges,
            parameters: install.parameters
        )
        return try open.confirm(operation, call, token: install.tokenIdentifier, &card)
    }

    /// INSTALL [for personalization]: GPCS clause 7.3.3. STORE DATA that follow go to the application.
    ///
    /// - Throws: 6A88 for an unknown application; 6985 where it is not selectable, or the security domain not PERSONALIZED; 6A80
    ///   for other fields.
    private static func personalize(
        _ install: InstallCommand,
        _ call: Call,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        guard install.first.isEmpty, install.second.isEmpty, install.privileges.isEmpty, install.parameters.isEmpty,
            install.token.isEmpty
        else { throw .incorrectData }
        try open.requireUnrestricted(.personalization, call, card)
        guard call.instance.isIssuerSecurityDomain || call.instance.lifeCycle == .personalized else {
            throw .conditionsNotSatisfied
        }
        let entry = try open.application(install.third, of: call, card)
        guard entry.lifeCycle.isSelectable, entry.reference != call.instance.reference else {
            throw .conditionsNotSatisfied
        }
        let session = open.channels[call.channel].makeSession()
        session.pointee.store = StoredData()
        session.pointee.personalized = entry.reference
        card.output.append(UInt8(0))
        return .success
    }
}
