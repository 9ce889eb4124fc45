import CardOS
import Memory
import Octets

/// A network access application (USIM, ISIM, …): the files of an ADF, and what the platform does with them. It comes with a
/// profile; its entry names the ADF.
enum NetworkAccess: Application {
    /// - Throws: 6985: there is no ADF to go with it.
    static func install(
        _ instance: ObjectReference,
        parameters: OctetView,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) {
        throw .conditionsNotSatisfied
    }

    static func select(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        guard let directory = call.instance.content else { throw .fileNotFound }
        return try card.select(application: directory, call.command)
    }

    static func process(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        try open.executePlatform(call.command, &card)
    }

    /// - Throws: 6985: it goes with its files.
    static func delete(
        _ instance: RegistryEntry,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) {
        throw .conditionsNotSatisfied
    }
}

extension OPEN {
    /// Makes entries for the ADFs that have none, and removes those whose ADF is gone.
    ///
    /// - Throws: 6A8A where another application has the DF name; 6A84 where memory is short.
    public mutating func registerNetworkAccess(on card: inout UICC) throws(StatusWord) {
        guard let issuer = registry.issuer else { return }
        var registered: [ObjectReference] = []
        for reference in registry.entries {
            guard let entry = RegistryEntry(reference, in: card.memory), entry.program == .networkAccess else {
                continue
            }
            if let directory = entry.content, card.applications.contains(directory) {
                registered.append(directory)
            } else {
                try returnSinglePrivileges(entry.privileges, of: entry, &card)
                try card.memory.free(reference)
                forget(reference)
                hasChanged = true
            }
        }
        for directory in card.applications where !registered.contains(directory) {
            guard let file = card.description(of: directory) else { continue }
            let name = try card.withDFName(of: file) { (name) throws(StatusWord) in name.array }
            let content = RegistryEntryContent(
                kind: .application,
                lifeCycle: .selectable,
                program: .networkAccess,
                securityDomain: issuer,
                content: directory,
                owner: card.memory.owner(of: directory)
            )
            try name.withView { (name) throws(StatusWord) in
                guard registry.entry(name, in: card.memory) == nil else { throw .dfNameExists }
                _ = try card.memory.createEntry(content, aid: name, attributes: .empty)
            }
            hasChanged = true
        }
    }
}
