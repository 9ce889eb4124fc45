import Octets

/// What an access rule allows (AR-DO, E3).
struct RulePermissions {
    /// The data objects of AR-DO.
    private enum Tag: UInt32 {
        /// APDU-AR-DO: 00 never, 01 always, or filters of 8 octets, four of a command header and four of a mask.
        case commands = 0xD0
        /// NFC-AR-DO: whether events reach the application of the device: 00 never, 01 always.
        case events = 0xD1
        /// PERM-AR-DO: Android's carrier privileges, 64 bits.
        case privileges = 0xDB
    }

    static let filterSize = 8

    /// The value of APDU-AR-DO.
    private(set) var commands: OctetView?
    /// The value of NFC-AR-DO.
    private(set) var events: OctetView?
    /// The value of PERM-AR-DO.
    private(set) var privileges: OctetView?

    /// Whether nothing is said.
    var isEmpty: Bool { commands == nil && events == nil && privileges == nil }

    /// Nothing is said.
    init() {}

    /// Takes the value of AR-DO apart.
    ///
    /// - Parameters:
    ///   - allowsEmpty: whether data objects may be empty: what a deletion names, whatever its value.
    ///   - hasUnknown: set where there is a data object that the card does not know; it is passed over.
    /// - Throws: 6A80 where it is malformed.
    init(_ value: OctetView, allowsEmpty: Bool = false, hasUnknown: inout Bool) throws(StatusWord) {
        var cursor = OctetCursor(value)
        while let object = try cursor.nextObject() {
            guard let tag = Tag(rawValue: object.tag) else {
                hasUnknown = true
                continue
            }
            guard Self.isValid(object.value, tag) || allowsEmpty && object.value.isEmpty else {
                throw .incorrectData
            }
            switch tag {
            case .commands: try commands.fill(with: object.value)
            case .events: try events.fill(with: object.value)
            case .privileges: try privileges.fill(with: object.value)
            }
        }
    }

    private static func isValid(_ value: OctetView, _ tag: Tag) -> Bool {
        switch tag {
        case .commands where value.count != 1: !value.isEmpty && value.count % filterSize == 0
        case .commands, .events: value.number.map { value.count == 1 && $0 <= 1 } ?? false
        case .privileges: value.count == 8
        }
    }

    /// Appends AR-DO.
    func append(to writer: inout OctetWriter) {
        writer.appendTLV(0xE3) { (writer) in
            if let commands { writer.appendTLV(Tag.commands.rawValue, commands) }
            if let events { writer.appendTLV(Tag.events.rawValue, events) }
            if let privileges { writer.appendTLV(Tag.privileges.rawValue, privileges) }
        }
    }

    /// Appends AR-DO of what both say: filters and privileges are put together.
    ///
    /// - Throws: 6A89 where they contradict each other.
    func append(mergedWith other: RulePermissions, to writer: inout OctetWriter) throws(StatusWord) {
        try writer.appendTLV(0xE3) { (writer) throws(StatusWord) in
            try append(.commands, commands, other.commands, to: &writer) { (old, new, writer) throws(StatusWord) in
                guard old.count > 1, new.count > 1 else { throw .conflictingRule }
                writer.append(old)
                for start in stride(from: 0, to: new.count, by: Self.filterSize) {
                    let filter = new.part(from: start, length: Self.filterSize)
                    if !old.hasFilter(filter) { writer.append(filter) }
                }
            }
            try append(.events, events, other.events, to: &writer) { (_, _, _) throws(StatusWord) in
                throw .conflictingRule
            }
            try append(.privileges, privileges, other.privileges, to: &writer) { (old, new, writer) in
                for index in 0..<old.count { writer.append((old.octet(at: index) ?? 0) | (new.octet(at: index) ?? 0)) }
            }
        }
    }

    /// Appends the data object that one says, or both alike; otherwise what `merge` makes of both values.
    private func append(
        _ tag: Tag,
        _ old: OctetView?,
        _ new: OctetView?,
        to writer: inout OctetWriter,
        _ merge: (OctetView, OctetView, inout OctetWriter) throws(StatusWord) -> Void
    ) throws(StatusWord) {
        guard let old, let new, !old.equals(new) else {
            if let value = old ?? new { writer.appendTLV(tag.rawValue, value) }
            return
        }
        try writer.appendTLV(tag.rawValue) { (writer) throws(StatusWord) in try merge(old, new, &writer) }
    }

    /// What is left without what `named` names.
    ///
    /// - Throws: 6A88 where it names something that is not said.
    func removing(_ named: RulePermissions) throws(StatusWord) -> RulePermissions {
        var left = self
        left.commands = try Self.removing(named.commands, from: commands)
        left.events = try Self.removing(named.events, from: events)
        left.privileges = try Self.removing(named.privileges, from: privileges)
        return left
    }

    private static func removing(_ named: OctetView?, from value: OctetView?) throws(StatusWord) -> OctetView? {
        guard let named else { return value }
        guard let value, named.isEmpty || named.equals(value) else { throw .referencedDataNotFound }
        return nil
    }
}

extension OctetView {
    /// Whether a filter is one of those in the value of APDU-AR-DO.
    fileprivate func hasFilter(_ filter: OctetView) -> Bool {
        stride(from: 0, to: count, by: RulePermissions.filterSize).contains {
            part(from: $0, length: RulePermissions.filterSize).equals(filter)
        }
    }
}

// What the clients of GPD_SPE_013 clauses 4.1.2.2 and 5.1.2.2 know.
extension StatusWord {
    /// 6381: the rule is stored, and there is one already for the same.
    static let ruleExists = StatusWord(0x6381)
    /// 6382: the rule is stored without a data object that is not known.
    static let unknownObjectDiscarded = StatusWord(0x6382)
    /// 6981: the data object is not supported.
    static let objectNotSupported = StatusWord(0x6981)
    /// 6A84: the rules have changed, and must be read anew.
    static let rulesHaveChanged = StatusWord(0x6A84)
    /// 6A89: there is a rule that contradicts.
    static let conflictingRule = StatusWord(0x6A89)
}
