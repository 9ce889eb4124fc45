import CardOS
import Memory
import Octets

// STORE DATA of an access rule application: GPD_SPE_013 clause 5.1.

extension AccessRuleMaster {
    /// What STORE DATA asks for: the data object in its data field.
    private enum Request: UInt32 {
        case store = 0xF0
        case delete = 0xF1
        case updateRefreshTag = 0xF2
        case getAll = 0xF4
        case getNext = 0xF5
        // Of clients of the ARA-M, other access rule applications, which this one does not have; of devices.
        case get = 0xF3
        case getClients = 0xF6
        case registerClients = 0xF7
        case getDeviceConfiguration = 0xF8
        case block = 0xE7
    }

    /// Locks the rules, or unlocks them: one octet, as in the applet that pySim's `aram_lock` is for.
    private static let lock: UInt32 = 0xA1
    private static let unlock: UInt32 = 0xA2

    /// STORE DATA. Blocks of data objects (P1 and P2 as in GPCS clause 11.11, in BER-TLV format) are put together.
    ///
    /// - Throws: 6A86 for other parameters, or a block out of turn; 6982 where the rules are locked and nobody is
    ///   authenticated; 6A84 for more than the card takes; and as each request.
    static func storeData(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        let command = call.command
        let session = open.channels[call.channel].makeSession()
        let blocks = session.pointee.accessRules.blocks
        session.pointee.accessRules.blocks = RuleBlocks()
        guard command.p1 & 0x7E == 0x10, blocks.accepts(call) else { throw .incorrectP1P2 }
        let store = try RuleStore(of: call.instance, in: card.memory)
        guard !store.isLocked(in: card.memory) || call.level.contains(.authenticated) else {
            throw .securityStatusNotSatisfied
        }
        let isLast = command.p1 & 0x80 != 0
        if isLast, blocks.count == 0 { return try execute(command.data, store, call, &open, &card) }
        var all = blocks
        try all.append(call)
        if isLast {
            return try all.octets.withView { (data) throws(StatusWord) in
                try execute(data, store, call, &open, &card)
            }
        }
        session.pointee.accessRules.blocks = all
        return .success
    }

    /// Executes what the data objects ask for.
    ///
    /// - Throws: 6A80 for a malformed or unknown one; 6981 for one that the card does not support.
    private static func execute(
        _ data: OctetView,
        _ store: RuleStore,
        _ call: Call,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        if data.count == 1 { return try setLocked(data, store, call, &card) }
        var cursor = OctetCursor(data)
        guard let object = cursor.berTLV(), cursor.isAtEnd, let request = Request(rawValue: object.tag) else {
            throw .incorrectData
        }
        switch request {
        case .store: return try storeRule(object.value, store, call.instance, &card)
        case .delete: try deleteRules(object.value, store, call.instance, &card)
        case .updateRefreshTag:
            guard object.value.isEmpty else { throw .incorrectData }
            try withNewRefreshTag(&card) { (tag, card) throws(StatusWord) in
                try card.memory.setRefreshTag(tag, of: store)
            }
        case .getAll:
            guard object.value.isEmpty else { throw .incorrectData }
            return try tellAll(store, call, &open, &card)
        case .getNext:
            guard object.value.isEmpty else { throw .incorrectData }
            return try tellNext(store, call, &open, &card)
        case .get, .getClients, .registerClients, .getDeviceConfiguration, .block: throw .objectNotSupported
        }
        return .success
    }

    /// - Throws: 6A80 for another octet; 6982 where nobody is authenticated who unlocks.
    private static func setLocked(
        _ data: OctetView,
        _ store: RuleStore,
        _ call: Call,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        switch data.number {
        case lock: try card.memory.setLocked(true, store.reference)
        case unlock:
            guard call.level.contains(.authenticated) else { throw .securityStatusNotSatisfied }
            try card.memory.setLocked(false, store.reference)
        default: throw .incorrectData
        }
        return .success
    }

    /// Stores a rule (Command-Store-REF-AR-DO): before all others, or together with the one that there is for the same.
    ///
    /// - Returns: 6381 where there is one; 6382 where the rule had an unknown data object.
    /// - Throws: 6A80 where it is malformed; 6A89 where it contradicts the one that there is, which stays as it is; 6A84
    ///   where it is too long, or memory is short.
    private static func storeRule(
        _ value: OctetView,
        _ store: RuleStore,
        _ instance: RegistryEntry,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        let rule = try AccessRule(only(AccessRule.tag, in: value))
        let range = try store.range(of: rule.reference, in: card.memory)
        try withUnsafeTemporaryAllocation(byteCount: AccessRule.limit, alignment: 8) { (buffer) throws(StatusWord) in
            var writer = OctetWriter(buffer)
            var pieces = [RulePiece]()
            if let range {
                let isNew = try store.withRule(at: range, in: card.memory) { (old, octets) throws(StatusWord) in
                    try old.append(mergedWith: rule, to: &writer)
                    return !writer.view.equals(octets)
                }
                guard isNew else { return }
                pieces = [.kept(0..<range.lowerBound), .new(writer.view), .kept(range.upperBound..<store.length)]
            } else {
                rule.append(to: &writer)
                pieces = [.new(writer.view), .kept(0..<store.length)]
            }
            guard !writer.overflowed else { throw .notEnoughMemory }
            try replace(store, of: instance, by: pieces, &card)
        }
        if rule.hasUnknown { return .unknownObjectDiscarded }
        return range == nil ? .success : .ruleExists
    }

    /// Deletes rules (Command-Delete): all, those for an application (4F, C0), the one for a reference (E1), or what of it
    /// a rule names (E2).
    ///
    /// - Throws: 6A80 where it is malformed; 6A88 where there is no such rule.
    private static func deleteRules(
        _ value: OctetView,
        _ store: RuleStore,
        _ instance: RegistryEntry,
        _ card: inout UICC
    ) throws(StatusWord) {
        if value.isEmpty {
            if store.length > 0 { try replace(store, of: instance, by: [], &card) }
            return
        }
        var cursor = OctetCursor(value)
        guard let named = cursor.berTLV(), cursor.isAtEnd else { throw .incorrectData }
        switch named.tag {
        case 0x4F, 0xC0:
            let application = try ApplicationReference(named)
            try deleteRules(store, instance, &card) { $0.application.equals(application) }
        case 0xE1:
            let reference = try RuleReference(named.value)
            try deleteRules(store, instance, &card) { $0.equals(reference) }
        case AccessRule.tag:
            try deletePermissions(AccessRule(named.value, forDeletion: true), store, instance, &card)
        default: throw .incorrectData
        }
    }

    private static func deleteRules(
        _ store: RuleStore,
        _ instance: RegistryEntry,
        _ card: inout UICC,
        where isNamed: (RuleReference) -> Bool
    ) throws(StatusWord) {
        var pieces: [RulePiece] = []
        // Where what is kept begins.
        var start = 0
        try store.forEachRule(in: card.memory) { (range, rule) throws(StatusWord) in
            if isNamed(rule.reference) {
                if start < range.lowerBound { pieces.append(.kept(start..<range.lowerBound)) }
                start = range.upperBound
            }
            return true
        }
        // What is deleted has more than no octets.
        guard start > 0 else { throw .referencedDataNotFound }
        if start < store.length { pieces.append(.kept(start..<store.length)) }
        try replace(store, of: instance, by: pieces, &card)
    }

    /// Takes from a rule what another one names; the rule goes with the last of it, or where nothing is named.
    private static func deletePermissions(
        _ named: AccessRule,
        _ store: RuleStore,
        _ instance: RegistryEntry,
        _ card: inout UICC
    ) throws(StatusWord) {
        guard let range = try store.range(of: named.reference, in: card.memory) else { throw .referencedDataNotFound }
        try withUnsafeTemporaryAllocation(byteCount: AccessRule.limit, alignment: 8) { (buffer) throws(StatusWord) in
            var writer = OctetWriter(buffer)
            try store.withRule(at: range, in: card.memory) { (rule, _) throws(StatusWord) in
                let left = try rule.permissions.removing(named.permissions)
                guard !named.permissions.isEmpty, !left.isEmpty else { return }
                rule.append(to: &writer, permissions: left)
            }
            let pieces: [RulePiece] = [
                .kept(0..<range.lowerBound), .new(writer.view), .kept(range.upperBound..<store.length),
            ]
            try replace(store, of: instance, by: pieces, &card)
        }
    }

    private static func replace(
        _ store: RuleStore,
        of instance: RegistryEntry,
        by pieces: [RulePiece],
        _ card: inout UICC
    ) throws(StatusWord) {
        try withNewRefreshTag(&card) { (tag, card) throws(StatusWord) in
            try card.memory.replaceRules(store, of: instance.reference, by: pieces, refreshTag: tag)
        }
    }
}
