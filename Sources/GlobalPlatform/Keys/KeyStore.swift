import CardCrypto
import Memory
import Octets

// Changes of the keys of a security domain. Each is part of the transaction under way: a caller that hands an error on
// rolls it back. The octets of keys that go are erased when it commits.

/// What becomes of keys that a security domain has.
public enum KeyPutting: Sendable {
    /// None of the new keys is there.
    case adding
    /// Those of a version, with the identifiers of the new keys, go.
    case replacing(UInt8)
    /// Those with the identifiers and the version of the new keys go, where they are there.
    case addingOrReplacing
}

extension Memory {
    /// Puts keys into a security domain: GPCS clause 11.8.2. Their owner is that of its registry entry.
    ///
    /// The sequence counter of the version becomes 0, with SCP03, and SCP80, only where keys 01 and 02 are both new:
    /// otherwise sessions, and packets, could be played back. The initial key set, FF, goes when there is another one for INITIALIZE UPDATE.
    ///
    /// - Parameters:
    ///   - version: 01 to 7F, or FF for the initial keys.
    ///   - mode: what becomes of keys that are there.
    /// - Throws: 6A88 where there is no key to replace; 6A80 where that has another type or length, and where the keys
    ///   are none for their version; 6985 where a new key is there already; 6A84 where memory is short.
    public mutating func putKeys(
        _ keys: borrowing KeyList,
        version: UInt8,
        _ mode: KeyPutting,
        in domain: ObjectReference,
        _ options: SecureChannelOptions
    ) throws(StatusWord) {
        let new = keys.view
        guard !keys.overflowed, !new.isEmpty else { throw .technicalProblem }
        var replaced: KeySet?
        var isAdding = true
        switch mode {
        case .adding: break
        case .replacing(let old):
            guard let set = keySet(old, of: domain) else { throw .referencedDataNotFound }
            try withKeys(of: set) { (keys) throws(StatusWord) in try Self.requireAlike(new, keys, mayLack: false) }
            replaced = set
            isAdding = old != version
        case .addingOrReplacing:
            isAdding = false
            if let set = keySet(version, of: domain) {
                try withKeys(of: set) { (keys) throws(StatusWord) in try Self.requireAlike(new, keys, mayLack: true) }
            }
        }
        if let set = keySet(version, of: domain) {
            if isAdding {
                try withKeys(of: set) { (keys) throws(StatusWord) in try Self.requireAbsent(new, keys) }
            }
            try rewrite(set, adding: new, removing: { _ in false }, options)
        } else {
            let previous = replaced ?? firstKeySet(of: domain) { $0.next == nil }
            try createKeySet(version, new, behind: previous, in: domain, options)
        }
        if let replaced, isAdding {
            try rewrite(replaced, adding: .empty, removing: { OctetCursor(new).key($0) != nil }, options)
        }
        if version != KeyReference.initialVersion, keySet(version, of: domain)?.purpose.isInitialized == true,
            let initial = keySet(KeyReference.initialVersion, of: domain)
        {
            try remove(initial)
        }
    }

    /// Deletes the keys with an identifier, of a version, or the one key with both: GPCS clause 11.2.
    ///
    /// - Throws: 6A88 where there is none; 6985 where the issuer security domain would be left without keys for secure
    ///   channel sessions.
    public mutating func deleteKeys(
        identifier: UInt8?,
        version: UInt8?,
        of domain: ObjectReference
    ) throws(StatusWord) {
        let hadSessions = firstKeySet(of: domain) { $0.purpose.hasSessions } != nil
        var sets: [KeySet] = []
        _ = firstKeySet(of: domain) { set in
            if version == nil || version == set.version { sets.append(set) }
            return false
        }
        var isFound = false
        for set in sets {
            if let identifier {
                let hasKey = try withKeys(of: set) { (keys) throws(StatusWord) in keys.key(identifier) != nil }
                guard hasKey else { continue }
                try rewrite(set, adding: .empty, removing: { $0 == identifier }, SecureChannelOptions())
            } else {
                try remove(set)
            }
            isFound = true
        }
        guard isFound else { throw .referencedDataNotFound }
        if hadSessions, RegistryEntry(domain, in: self)?.isIssuerSecurityDomain == true {
            guard firstKeySet(of: domain, where: { $0.purpose.hasSessions }) != nil else {
                throw .conditionsNotSatisfied
            }
        }
    }

    /// Deletes all keys of a security domain, which goes itself.
    ///
    /// - Throws: 6581 where the journal is full.
    public mutating func deleteAllKeys(of domain: ObjectReference) throws(StatusWord) {
        while let set = firstKeySet(of: domain, where: { _ in true }) { try remove(set) }
    }

    // MARK: Counters

    /// Changes a number of a key set.
    ///
    /// - Throws: 6581 where the journal is full.
    mutating func set(_ field: KeySet.Field, ofKeySet set: ObjectReference, to value: UInt32) throws(StatusWord) {
        var octets = InlineArray<4, UInt8>(repeating: 0)
        try withUnsafeMutableBytes(of: &octets) { (buffer) throws(StatusWord) in
            var writer = OctetWriter(buffer)
            writer.append(number: value, minimum: field.width)
            try write(set, at: field.rawValue, writer.view)
        }
    }

    // MARK: Key sets

    /// Checks that new keys can stand in the place of those of the same identifiers.
    private static func requireAlike(
        _ new: OctetView,
        _ existing: OctetCursor,
        mayLack: Bool
    ) throws(StatusWord) {
        var cursor = OctetCursor(new)
        while let key = StoredKey(&cursor) {
            guard let old = existing.key(key.identifier) else {
                if mayLack { continue }
                throw .referencedDataNotFound
            }
            guard old.isAlike(key) else { throw .incorrectData }
        }
    }

    private static func requireAbsent(_ new: OctetView, _ existing: OctetCursor) throws(StatusWord) {
        var cursor = OctetCursor(new)
        while let key = StoredKey(&cursor) {
            guard existing.key(key.identifier) == nil else { throw .conditionsNotSatisfied }
        }
    }

    private mutating func createKeySet(
        _ version: UInt8,
        _ keys: OctetView,
        behind previous: KeySet?,
        in domain: ObjectReference,
        _ options: SecureChannelOptions
    ) throws(StatusWord) {
        guard let entry = RegistryEntry(domain, in: self), entry.isSecurityDomain else { throw .technicalProblem }
        let purpose = try KeySetPurpose(version: version, keys: OctetCursor(keys))
        let set = try allocate(.keySet, owner: owner(of: domain), length: KeySet.headerSize + keys.count)
        let next = previous?.next
        var octets = InlineArray<20, UInt8>(repeating: 0xFF)
        try withUnsafeMutableBytes(of: &octets) { (buffer) throws(StatusWord) in
            var writer = OctetWriter(buffer)
            writer.append(number: domain.page, minimum: 4)
            writer.append(number: next?.page ?? RegistryEntry.noObject, minimum: 4)
            writer.append(version)
            writer.append(purpose.rawValue)
            writer.append(options.option(of: purpose))
            writer.append(UInt8(0))
            writer.append(number: 0, minimum: 4)
            writer.append(options.authenticationLimit)
            try write(set, at: 0, writer.view)
        }
        try write(set, at: KeySet.headerSize, keys)
        if let previous {
            try self.set(.next, ofKeySet: previous.reference, to: set.page)
        } else {
            try self.set(.content, of: domain, to: set)
        }
    }

    /// Writes a key set anew, without some of its keys, and with others in the place of those of the same identifier or
    /// behind them. One without keys goes.
    private mutating func rewrite(
        _ set: KeySet,
        adding new: OctetView,
        removing isRemoved: (UInt8) -> Bool,
        _ options: SecureChannelOptions
    ) throws(StatusWord) {
        let keys = SecretOctets(count: length(of: set.reference) + new.count)
        var writer = OctetWriter(keys.buffer)
        try withKeys(of: set) { (existing) throws(StatusWord) in
            var cursor = existing
            while let key = StoredKey(&cursor) {
                guard !isRemoved(key.identifier) else { continue }
                writer.append(OctetCursor(new).key(key.identifier)?.octets ?? key.octets)
            }
            cursor = OctetCursor(new)
            while let key = StoredKey(&cursor) {
                if existing.key(key.identifier) == nil { writer.append(key.octets) }
            }
        }
        guard writer.count > 0 else { return try remove(set) }
        let purpose = try KeySetPurpose(version: set.version, keys: OctetCursor(writer.view))
        if purpose != set.purpose {
            try self.set(.option, ofKeySet: set.reference, to: UInt32(options.option(of: purpose)))
            try self.set(.purpose, ofKeySet: set.reference, to: UInt32(purpose.rawValue))
        }
        if !new.isEmpty {
            let cursor = OctetCursor(new)
            let areNew = cursor.key(1) != nil && cursor.key(2) != nil
            switch purpose {
            case .scp80:
                if areNew { try setPacketCounter(0, of: set.reference) }
            case .scp03 where !areNew: try self.set(.failures, ofKeySet: set.reference, to: 0)
            default:
                try self.set(.counter, ofKeySet: set.reference, to: 0)
                try self.set(.failures, ofKeySet: set.reference, to: 0)
            }
        }
        try resize(set.reference, to: KeySet.headerSize + writer.count)
        try write(set.reference, at: KeySet.headerSize, writer.view)
    }

    /// Takes a key set out of the list of its security domain, and frees it.
    private mutating func remove(_ set: KeySet) throws(StatusWord) {
        let next = set.next
        if let previous = firstKeySet(of: set.securityDomain, where: { $0.next == set.reference }) {
            try self.set(.next, ofKeySet: previous.reference, to: next?.page ?? RegistryEntry.noObject)
        } else {
            try self.set(.content, of: set.securityDomain, to: next)
        }
        try free(set.reference)
    }
}
