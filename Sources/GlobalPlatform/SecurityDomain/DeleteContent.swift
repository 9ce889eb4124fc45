import CardOS
import Memory
import Octets

// DELETE: GPCS clauses 11.2 and 9.5.

extension SecurityDomain {
    /// DELETE.
    ///
    /// - Throws: 6A86 for other parameters; 6A80 for a malformed data field; 6A88 where there is nothing with that AID;
    ///   6985 for what is in use, or cannot go; and as `OPEN.authorize`.
    static func delete(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        guard call.command.p1 == 0, call.command.p2 & 0x7F == 0 else { throw .incorrectP1P2 }
        if KeyManagement.isDeleteKey(call.command.data) {
            try KeyManagement.deleteKey(call.command.data, &card.memory, domain: call.instance.reference)
            card.output.append(UInt8(0))
            return .success
        }
        let objects = OctetCursor(call.command.data)
        guard let aid = objects.firstValue(0x4F), (5...16).contains(aid.count) else { throw .incorrectData }
        let token = try Token(deleteWithP1: call.command.p1, p2: call.command.p2, call.command.data)
        let isGlobal = call.instance.privileges.contains(.globalDelete)
        if !isGlobal || !token.octets.isEmpty {
            try open.authorize(.delete, call, token: token, call.command.data, &card)
        }
        try open.requireUnrestricted(.delete, call, card)
        guard let entry = open.registry.entry(aid, in: card.memory),
            isGlobal || open.isAssociated(entry, with: call.instance.reference, card)
        else { throw .referencedDataNotFound }
        guard entry.reference != call.instance.reference else { throw .conditionsNotSatisfied }
        try open.delete(entry, withRelated: call.command.p2 & 0x80 != 0, &card)
        let identifier = TokenReference(call.command.data).identifier ?? .empty
        return try open.confirm(.deletion(object: aid), call, token: identifier, &card)
    }
}

extension OPEN {
    /// Deletes an application, or a load file with its modules.
    ///
    /// - Parameter withRelated: whether the instances of a load file go as well.
    /// - Throws: 6985 for what is in use, or cannot go.
    fileprivate mutating func delete(
        _ entry: RegistryEntry,
        withRelated: Bool,
        _ card: inout UICC
    ) throws(StatusWord) {
        switch entry.kind {
        case .application: try deleteApplication(entry, &card)
        case .executableLoadFile:
            // What the firmware brings is there in any card.
            guard !NativeModule.all.contains(where: { $0.loadFile.withView { $0.equals(entry.aid) } }) else {
                throw .conditionsNotSatisfied
            }
            for reference in registry.entries {
                guard let other = RegistryEntry(reference, in: card.memory), other.loadFile == entry.reference else {
                    continue
                }
                if other.kind == .application {
                    guard withRelated else { throw .conditionsNotSatisfied }
                    try deleteApplication(other, &card)
                } else {
                    try card.memory.free(reference)
                }
            }
            if let content = entry.content { try card.memory.free(content) }
            try card.memory.free(entry.reference)
            forget(entry.reference)
        case .executableModule, nil: throw .referencedDataNotFound
        }
        hasChanged = true
    }

    private mutating func deleteApplication(_ entry: RegistryEntry, _ card: inout UICC) throws(StatusWord) {
        guard !entry.isIssuerSecurityDomain, let native = NativeModule.of(entry.program) else {
            throw .conditionsNotSatisfied
        }
        guard !channels.contains(where: { $0.application == entry.reference }) else { throw .conditionsNotSatisfied }
        if entry.isSecurityDomain {
            for reference in registry.entries {
                guard RegistryEntry(reference, in: card.memory)?.securityDomain != entry.reference else {
                    throw .conditionsNotSatisfied
                }
            }
        }
        try native.delete(entry, &self, &card)
        if let data = entry.data { try card.memory.free(data) }
        try returnSinglePrivileges(entry.privileges, of: entry, &card)
        let owner = card.memory.owner(of: entry.reference)
        let isOwn = entry.securityDomain.map { card.memory.owner(of: $0) } != owner
        try card.memory.free(entry.reference)
        if isOwn { try card.memory.removeOwner(owner) }
        forget(entry.reference)
    }

    /// Ends what goes on over several commands with an object that is gone, on whatever channel: another one may stand in
    /// its place by the next of them.
    mutating func forget(_ reference: ObjectReference) {
        if remoteApplication == reference { remoteApplication = nil }
        for channel in channels.indices {
            if channels[channel].loaded == reference { channels[channel].loaded = nil }
            guard let session = channels[channel].session else { continue }
            // Not nil: what is meant for the application that is gone must not go to the security domain itself.
            if session.pointee.personalized == reference {
                session.pointee.personalized = ObjectReference(page: RegistryEntry.noObject)
            }
            if session.pointee.load?.securityDomain == reference { session.pointee.load = nil }
        }
    }
}
