import CardOS
import Memory
import Octets

// What the factory begins with: the executable load files of the firmware, and commands without a secure channel.

extension OPEN {
    /// Makes entries for the executable load files and modules of the firmware.
    ///
    /// - Throws: 6A84 where memory is short.
    public mutating func registerFirmware(on card: inout UICC) throws(StatusWord) {
        for native in NativeModule.all where !native.loadFile.isEmpty {
            let file = try native.loadFile.withView { (aid) throws(StatusWord) in
                try card.memory.createEntry(
                    RegistryEntryContent(
                        kind: .executableLoadFile,
                        lifeCycle: .loaded,
                        securityDomain: registry.issuer,
                        version: NativeModule.version,
                        owner: .card
                    ),
                    aid: aid,
                    attributes: .empty
                )
            }
            try native.module.withView { (aid) throws(StatusWord) in
                _ = try card.memory.createEntry(
                    RegistryEntryContent(
                        kind: .executableModule,
                        lifeCycle: .loaded,
                        program: native.program,
                        securityDomain: registry.issuer,
                        loadFile: file,
                        owner: .card
                    ),
                    aid: aid,
                    attributes: .empty
                )
            }
        }
        commitRegistry(&card)
    }

    /// The commands that follow come from the factory, up to the next reset.
    public mutating func enterFactory() { isFactory = true }

    /// Selects the issuer security domain, which has just been installed, and opens a session with it for the factory:
    /// without protection of messages; keys are enciphered with `key`.
    public mutating func selectIssuer(in card: borrowing UICC, _ key: consuming DataEncryptionKey) {
        selectDefault(on: 0, card)
        channels[0].makeSession().pointee.secureChannel.openInFactory(key)
    }

    /// Executes a command of the factory on a card that has no issuer security domain yet: INSTALL of that.
    mutating func makeIssuer(_ command: CommandAPDU, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        guard let file = registry.entries.first.flatMap({ RegistryEntry($0, in: card.memory) }) else {
            throw .conditionsNotSatisfied
        }
        let call = Call(instance: file, command: command, level: .authenticated)
        let status = try SecurityDomain.install(call, &self, &card)
        commitRegistry(&card)
        let issuer = registry.issuer
        for reference in registry.entries where reference != issuer {
            try card.memory.set(.securityDomain, of: reference, to: issuer)
        }
        return status
    }
}
