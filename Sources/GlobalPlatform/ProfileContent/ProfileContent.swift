import CardOS
import Memory
import Octets

// Card content that comes with a profile package: eUICC Profile Package 8.6 to 8.8. INSTALL, LOAD and STORE DATA make
// it; that somebody may is not asked, since whoever may install a profile may. Nothing is committed here.

extension OPEN {
    /// The AIDs of the load file and module that security domains are instances of.
    public static let securityDomainModule: (loadFile: [UInt8], module: [UInt8]) = {
        let module = NativeModule.of(.securityDomain)
        return (module?.loadFile ?? [], module?.module ?? [])
    }()

    /// The security domain with an AID; nil where there is none.
    public func securityDomain(_ aid: OctetView, on card: borrowing UICC) -> ObjectReference? {
        guard let entry = registry.entry(aid, in: card.memory), entry.isSecurityDomain else { return nil }
        return entry.reference
    }

    /// Whether applications and load files can be associated with a security domain: it is PERSONALIZED, or the issuer's.
    public func isPersonalized(_ domain: ObjectReference, on card: borrowing UICC) -> Bool {
        guard let entry = RegistryEntry(domain, in: card.memory) else { return false }
        return entry.isIssuerSecurityDomain || entry.lifeCycle == .personalized
    }

    /// Whether an AID is that of the issuer security domain.
    public func isIssuer(_ aid: OctetView, on card: borrowing UICC) -> Bool {
        registry.issuer.flatMap { RegistryEntry($0, in: card.memory) }?.aid.equals(aid) ?? false
    }

    /// Makes an application or security domain.
    ///
    /// - Parameters:
    ///   - installation: the data field of INSTALL [for install].
    ///   - state: INSTALLED, SELECTABLE, or a state of its own.
    ///   - domain: the security domain that it is associated with; nil: the issuer's.
    /// - Throws: 6A88 for an unknown module; 6A81 for one that the card cannot execute; 6985 where the AID is in use;
    ///   6A80 for a state, privileges or parameters that cannot be; 6A84 where memory is short.
    public mutating func install(
        _ installation: OctetView,
        state: LifeCycleState,
        in domain: ObjectReference?,
        on card: inout UICC
    ) throws(StatusWord) -> ObjectReference {
        let process: InstallCommand.Process = state == .installed ? .forInstall : .forInstallAndMakeSelectable
        let aid = try InstallCommand(process, isLoad: false, installation).third
        guard let domain = domain ?? registry.issuer else { throw .conditionsNotSatisfied }
        let header = (ins: UInt8(0xE6), p1: process.rawValue, p2: UInt8(0))
        try execute(header, installation, by: domain, &card, SecurityDomain.install)
        guard let entry = registry.entry(aid, in: card.memory) else { throw .incorrectData }
        if state != .installed, state != .selectable {
            let isKnown = entry.isSecurityDomain ? state == .personalized : accepts(state, entry.program)
            guard isKnown else { throw .incorrectData }
            try card.memory.set(.lifeCycle, of: entry.reference, to: UInt32(state.rawValue))
        }
        return entry.reference
    }

    private func accepts(_ state: LifeCycleState, _ program: Program) -> Bool {
        NativeModule.of(program)?.accepts(state) ?? false
    }

    /// Makes the issuer security domain that which a profile package brings: parameters and keys are those of the
    /// package, none of the old ones stays. It keeps its life cycle, which is that of the card, the privileges of an
    /// issuer (GPCS clause 6.6.2), its data objects, and what is associated with it.
    ///
    /// - Parameter installation: the data field of INSTALL [for install].
    /// - Throws: 6A80 for privileges or parameters that cannot be; 6985 where another application is selected implicitly on
    ///   its channel; 6A84 where memory is short.
    public mutating func replaceIssuer(
        _ installation: OctetView,
        on card: inout UICC
    ) throws(StatusWord) -> ObjectReference {
        guard let issuer = registry.issuer.flatMap({ RegistryEntry($0, in: card.memory) }) else {
            throw .conditionsNotSatisfied
        }
        let install = try InstallCommand(.forMakeSelectable, isLoad: false, installation)
        guard let privileges = Privileges(install.privileges), privileges.contains(.securityDomain) else {
            throw .incorrectData
        }
        _ = try SecurityDomainParameters(install.applicationParameters())
        try requireFreeChannels(install, for: issuer.reference)
        // What only one application has may be another's by now. What an issuer cannot have besides its own is no fault.
        let together = issuer.privileges.union(privileges.subtracting(.single))
        if together.isConsistent { try card.memory.set(.privileges, of: issuer.reference, to: together.rawValue) }
        let attributes = EntryAttributes(install, isSecurityDomain: true)
        try attributes.octets.withView { (attributes) throws(StatusWord) in
            try card.memory.setAttributes(attributes, of: issuer.reference)
        }
        try card.memory.deleteAllKeys(of: issuer.reference)
        registry.build(from: card.memory)
        return issuer.reference
    }

    /// Forbids operations of card content management to a security domain for good: GPCS table 11-54 (D9).
    ///
    /// - Throws: 6581 where the journal is full.
    public func restrict(
        _ domain: ObjectReference,
        _ restrictions: UInt8,
        on card: inout UICC
    ) throws(StatusWord) {
        guard let entry = RegistryEntry(domain, in: card.memory) else { throw .referencedDataNotFound }
        try card.memory.set(.restrictions, of: domain, to: UInt32(entry.restrictions | restrictions))
    }

    /// Gives an application the identifier of its provider (5F20).
    ///
    /// - Parameter parameters: BER-TLV objects as those of INSTALL: the template B6 with the identifier.
    /// - Throws: 6A80 where they are none; 6A84 where memory is short.
    public mutating func describe(
        _ application: ObjectReference,
        _ installation: OctetView,
        on card: inout UICC
    ) throws(StatusWord) {
        guard let entry = RegistryEntry(application, in: card.memory) else { throw .referencedDataNotFound }
        let install = try InstallCommand(.forRegistryUpdate, isLoad: false, installation)
        try updateAttributes(of: entry, with: install, &card)
        registry.build(from: card.memory)
    }

    /// Hands an application STORE DATA, the command of its personalization: GPCS clause 7.3.3. Others are none of it, and
    /// may commit what there is of the package: VERIFY PIN, or those that begin a session.
    ///
    /// - Throws: 6700 for no command APDU; 6D00 for another command; what the application throws.
    public mutating func process(
        _ octets: OctetView,
        for application: ObjectReference,
        on card: inout UICC
    ) throws(StatusWord) {
        guard let entry = RegistryEntry(application, in: card.memory), let module = NativeModule.of(entry.program)
        else {
            throw .conditionsNotSatisfied
        }
        let command = try CommandAPDU(octets, allowsExtended: true)
        guard command.ins == 0xE2, !command.classOctet.hasSecureMessaging, command.classOctet.channel == 0 else {
            throw .instructionNotSupported
        }
        openSession()
        try execute(command, by: application, &card, entry.isSecurityDomain ? SecurityDomain.storeData : module.process)
    }

    // MARK: Commands

    /// Has a command executed by the functions of a security domain, as in the factory.
    mutating func execute(
        _ header: (ins: UInt8, p1: UInt8, p2: UInt8),
        _ data: OctetView,
        by domain: ObjectReference,
        _ card: inout UICC,
        _ handler: (Call, inout OPEN, inout UICC) throws(StatusWord) -> StatusWord
    ) throws(StatusWord) {
        let octets = [0x80, header.ins, header.p1, header.p2]
        let command = try octets.withView { (octets) throws(StatusWord) in
            try CommandAPDU(octets, allowsExtended: true)
        }
        try execute(command.with(data: data), by: domain, &card, handler)
    }

    /// Nobody gets the response. The registry is read anew, though nothing is committed.
    private mutating func execute(
        _ command: CommandAPDU,
        by application: ObjectReference,
        _ card: inout UICC,
        _ handler: (Call, inout OPEN, inout UICC) throws(StatusWord) -> StatusWord
    ) throws(StatusWord) {
        guard let entry = RegistryEntry(application, in: card.memory) else { throw .referencedDataNotFound }
        let response = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 8)
        let (output, wasFactory) = (card.output, isFactory)
        card.output = OctetWriter(response)
        isFactory = true
        defer {
            card.output = output
            isFactory = wasFactory
            response.deallocate()
        }
        _ = try handler(Call(instance: entry, command: command, level: .authenticated), &self, &card)
        guard hasChanged else { return }
        registry.build(from: card.memory)
        hasChanged = false
    }
}
