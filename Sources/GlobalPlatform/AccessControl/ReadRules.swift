import CardOS
import Memory
import Octets

// GET DATA of an access rule application: GPD_SPE_013 clause 4.1.

extension AccessRuleMaster {
    private static let allRules: UInt16 = 0xFF40
    private static let specificRule: UInt16 = 0xFF50
    private static let nextBlock: UInt16 = 0xFF60
    private static let refreshTag: UInt16 = 0xDF20
    private static let configuration: UInt16 = 0xDF21
    /// The most octets that are told at once in a secure channel session: with padding to blocks of 16 and a MAC of 16 they
    /// are 256.
    private static let protectedLimit = 239

    /// GET DATA.
    ///
    /// - Throws: 6A86 for another data object; 6700 for a data field where there is none; 6A80 for a malformed one; 6A88
    ///   where there is no such rule, or nothing more to tell; 6A84 where the rules have changed meanwhile; 6CXX where
    ///   less is left than Le says.
    static func getData(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        let data = call.command.data
        let store = try RuleStore(of: call.instance, in: card.memory)
        switch call.command.p1p2 {
        case allRules:
            guard data.isEmpty else { throw .wrongLength }
            return try tellAll(store, call, &open, &card)
        case nextBlock:
            guard data.isEmpty else { throw .wrongLength }
            return try tellNext(store, call, &open, &card)
        case specificRule:
            let range = try permissions(for: data, store, card.memory)
            return try tell(specificRule, range, store, call, &open, &card)
        case refreshTag:
            guard data.isEmpty else { throw .wrongLength }
            card.output.appendTLV(UInt32(refreshTag), store.refreshTag(in: card.memory))
        case configuration:
            try checkDeviceConfiguration(data)
            card.output.appendTLV(UInt32(configuration)) { (writer) in
                writer.appendTLV(0xE5) { (writer) in
                    // The version of the interface: 1.1.0.
                    writer.appendTLV(0xE6) { (writer) in
                        writer.append(UInt16(0x0101))
                        writer.append(UInt8(0))
                    }
                }
            }
        default: throw .incorrectP1P2
        }
        return .success
    }

    /// All rules (FF40): the first block of them, if they are many.
    static func tellAll(
        _ store: RuleStore,
        _ call: Call,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        try tell(allRules, 0..<store.length, store, call, &open, &card)
    }

    /// The next block of what was told last.
    static func tellNext(
        _ store: RuleStore,
        _ call: Call,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        let session = open.channels[call.channel].makeSession()
        guard let listing = session.pointee.accessRules.listing else { throw .referencedDataNotFound }
        guard listing.refreshTag == store.refreshTag(in: card.memory).uint64 else {
            session.pointee.accessRules.listing = nil
            throw .rulesHaveChanged
        }
        return try tell(listing, store, call, session, &card)
    }

    private static func tell(
        _ tag: UInt16,
        _ range: Range<Int>,
        _ store: RuleStore,
        _ call: Call,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        let session = open.channels[call.channel].makeSession()
        let listing = RuleListing(tag: tag, range: range, refreshTag: store.refreshTag(in: card.memory).uint64)
        return try tell(listing, store, call, session, &card)
    }

    /// Tells as much as the response APDU takes.
    private static func tell(
        _ listing: RuleListing,
        _ store: RuleStore,
        _ call: Call,
        _ session: UnsafeMutablePointer<ApplicationSession>,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        let limit = min(limit(of: call), card.output.capacity)
        let count = min(limit, listing.remaining)
        // The terminal repeats the command with the right Le: nothing is told then.
        if call.level.isEmpty, call.command.data.isEmpty, case .exactly = call.command.expected, count < limit {
            throw .wrongLe(count)
        }
        let part = listing.appendHeader(count, to: &card.output)
        var writer = card.output
        try card.memory.read(
            store.reference,
            at: RuleStore.headerSize + part.lowerBound,
            count: part.count,
            to: &writer
        )
        card.output = writer
        var next = listing
        next.position += count
        session.pointee.accessRules.listing = next.remaining > 0 ? next : nil
        return .success
    }

    private static func limit(of call: Call) -> Int {
        let asked =
            switch call.command.expected {
            case .absent: 256
            case .any(let limit): limit
            case .exactly(let count): count
            }
        return call.level.isEmpty ? asked : min(asked, protectedLimit)
    }

    /// Where among the rules the AR-DO for a REF-DO stands.
    ///
    /// - Throws: 6A80 where it is malformed; 6A88 where there is no rule for it.
    private static func permissions(
        for data: OctetView,
        _ store: RuleStore,
        _ memory: borrowing Memory
    ) throws(StatusWord) -> Range<Int> {
        let wanted = try RuleReference(only(0xE1, in: data))
        guard let range = try store.range(of: wanted, in: memory) else { throw .referencedDataNotFound }
        return try store.with(range, in: memory) { (octets) throws(StatusWord) in
            guard let value = OctetCursor(octets).firstValue(AccessRule.tag) else { throw .memoryProblem }
            var cursor = OctetCursor(value)
            guard let reference = cursor.berTLV() else { throw .memoryProblem }
            return range.upperBound - value.count + reference.headerLength + reference.value.count..<range.upperBound
        }
    }

    /// The value of the only data object in a data field.
    ///
    /// - Throws: 6A80 where there is another one, or more.
    static func only(_ tag: UInt32, in data: OctetView) throws(StatusWord) -> OctetView {
        var cursor = OctetCursor(data)
        guard let object = cursor.berTLV(), object.tag == tag, cursor.isAtEnd else { throw .incorrectData }
        return object.value
    }

    /// Checks what a device tells of itself (Device-Config-DO, E4): the version of its interface. Nothing depends on it.
    ///
    /// - Throws: 6A80 where it is malformed.
    private static func checkDeviceConfiguration(_ data: OctetView) throws(StatusWord) {
        guard !data.isEmpty else { return }
        let version = OctetCursor(try only(0xE4, in: data)).firstValue(0xE6)
        guard version?.count == 3 else { throw .incorrectData }
    }
}

extension RuleReference {
    /// A REF-DO that is looked for: what the card does not know in it does not count.
    init(_ value: OctetView) throws(StatusWord) {
        var hasUnknown = false
        try self.init(value, hasUnknown: &hasUnknown)
    }
}

extension OctetView {
    /// The first eight octets as one big-endian number.
    fileprivate var uint64: UInt64 {
        (0..<8).reduce(0) { $0 << 8 | UInt64(octet(at: $1) ?? 0) }
    }
}
