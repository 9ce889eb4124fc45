import CardOS
import Memory
import Octets

/// An application for remote file management: TS 102 226 clause 7. It comes with a profile, and executes commands of
/// scripts only: a terminal cannot select it.
enum RemoteFileManagement: Application {
    /// The commands that it has: TS 102 226 clause 7.1, and STATUS.
    private static let commands: Set<UInt8> = [
        0xA4, 0xF2, 0xB0, 0xD6, 0xB2, 0xDC, 0xA2, 0x32, 0x20, 0x24, 0x26, 0x28, 0x2C, 0x04, 0x44, 0xCB, 0xDB, 0xE0,
        0xE4, 0xE6, 0xE8, 0xD4,
    ]

    /// - Throws: 6985: a profile brings it.
    static func install(
        _ instance: ObjectReference,
        parameters: OctetView,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) {
        throw .conditionsNotSatisfied
    }

    /// - Throws: 6985.
    static func select(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        throw .conditionsNotSatisfied
    }

    /// - Throws: 6D00 for a command that it does not have.
    static func process(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        guard commands.contains(call.command.ins) else { throw .instructionNotSupported }
        return try open.executePlatform(call.command, &card)
    }
}

extension OPEN {
    /// Makes an application for remote file management, selectable: it is part of a profile, and of no load file. The
    /// caller commits.
    ///
    /// - Parameters:
    ///   - aid: 5 to 16 octets.
    ///   - attributes: the parameters of TS 102 226 clause 8.2.1.3.2.2, as INSTALL carries them (EA).
    /// - Throws: 6985 where the AID is in use; 6A80 for an AID of another length, for parameters that are malformed, give
    ///   a reference that another application has, or a security level without a cryptographic checksum; 6A84 where
    ///   memory is short.
    public mutating func installRemoteFileManagement(
        _ aid: OctetView,
        _ attributes: OctetView,
        in domain: ObjectReference,
        on card: inout UICC
    ) throws(StatusWord) {
        guard registry.entry(aid, in: card.memory) == nil else { throw .conditionsNotSatisfied }
        try requireRemoteParameters(attributes, hasScripts: true, card)
        let content = RegistryEntryContent(
            kind: .application,
            lifeCycle: .selectable,
            program: .remoteFileManagement,
            securityDomain: domain,
            owner: card.memory.owner(of: domain)
        )
        _ = try card.memory.createEntry(content, aid: aid, attributes: attributes)
        registry.build(from: card.memory)
    }
}
