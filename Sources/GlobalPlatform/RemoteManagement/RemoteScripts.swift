import CardCrypto
import CardOS
import Memory
import Octets

// The commands of a remote script: TS 102 226. They come to the application that the script is for, on the channel of
// scripts, and to no other: there is no SELECT of applications.

extension OPEN {
    /// The files that a script may reach, and the ADF that is selected at its beginning: the first one that the
    /// application is given.
    ///
    /// - Throws: 6A80 where its parameters are malformed.
    public func remoteAccess(
        of application: RemoteApplication,
        in card: borrowing UICC
    ) throws(StatusWord) -> (access: RemoteAccess, directory: ObjectReference?) {
        guard application.managesFiles, let entry = RegistryEntry(application.application, in: card.memory) else {
            return (RemoteAccess(), nil)
        }
        let attributes = try entry.withAttributes(in: card.memory) { (octets) throws(StatusWord) in octets.array }
        return try attributes.withView { (attributes) throws(StatusWord) in
            let parameters = try RemoteParameters(attributes)
            let ofSystem = try AccessDomain(parameters.systemAccess)
            var access = RemoteAccess(system: .init(files: ofSystem, administration: ofSystem))
            try RemoteParameters.forEachDomain(in: parameters.access) { (aid, domain) throws(StatusWord) in
                guard !aid.isEmpty else { return access.system.files = domain }
                if let directory = card.application(named: aid) {
                    access.set(domain, \.files, of: directory)
                }
            }
            try RemoteParameters.forEachDomain(in: parameters.administration) { (aid, domain) throws(StatusWord) in
                guard !aid.isEmpty else { return access.system.administration = domain }
                if let directory = card.application(named: aid) {
                    access.set(domain, \.administration, of: directory)
                }
            }
            return (access, access.applications.first?.directory)
        }
    }

    /// Makes an application the one on the channel of scripts.
    ///
    /// What goes on over several commands, a LOAD say, goes on from one script to the next while they are for the same
    /// application.
    ///
    /// - Parameters:
    ///   - level: how the packet was protected.
    ///   - version: the key version whose KIK keys in commands are enciphered with.
    public mutating func beginScript(
        for application: RemoteApplication,
        level: SecurityLevel,
        keyVersion version: UInt8,
        in card: borrowing UICC
    ) {
        let number = UICC.remoteChannel
        if remoteApplication != application.application { channels[number].clear() }
        remoteApplication = application.application
        channels[number].application = application.application
        channels[number].program = application.managesFiles ? .remoteFileManagement : .securityDomain
        guard !application.managesFiles else { return }
        let set = card.memory.securedPacketKeySet(version, of: application.securityDomain)
        let key: DataEncryptionKey? =
            if let set { card.memory.keyEncryptionKey(of: set) } else { nil }
        channels[number].makeSession().pointee.secureChannel.openRemotely(level, key)
    }

    /// The script is over: nothing is on its channel, and its keys are wiped.
    public mutating func endScript() {
        let number = UICC.remoteChannel
        channels[number].application = nil
        channels[number].program = .none
        channels[number].session?.pointee.secureChannel.end()
    }

    /// Executes a command of a script.
    ///
    /// - Throws: 6D00 for a command that the application does not have; what it throws.
    mutating func dispatchScript(_ command: CommandAPDU, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        let number = UICC.remoteChannel
        guard let reference = channels[number].application, let entry = RegistryEntry(reference, in: card.memory),
            entry.program == channels[number].program, let module = NativeModule.of(entry.program)
        else { throw .conditionsNotSatisfied }
        if entry.program == .securityDomain {
            guard SecurityDomain.isOfScripts(command) else { throw .instructionNotSupported }
        } else {
            guard registry.cardState != .cardLocked, registry.cardState != .terminated else {
                throw .conditionsNotSatisfied
            }
        }
        let status = try module.process(Call(instance: entry, command: command, level: []), &self, &card)
        if hasChanged { commitRegistry(&card) }
        return status
    }
}

extension RemoteAccess {
    fileprivate mutating func set(
        _ domain: AccessDomain,
        _ kind: WritableKeyPath<Domains, AccessDomain>,
        of directory: ObjectReference
    ) {
        if let index = applications.firstIndex(where: { $0.directory == directory }) {
            applications[index].domains[keyPath: kind] = domain
        } else {
            var domains = Domains()
            domains[keyPath: kind] = domain
            applications.append((directory, domains))
        }
    }
}
