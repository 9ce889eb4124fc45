import Memory
import Octets

/// Where an access rule application keeps its rules: one object, docs/memory-image.md section 7.9.
///
/// Behind the header the rules stand one after another, the newest first, as GET DATA [all] tells them: a response is
/// a part of the object. There is one rule for each reference.
struct RuleStore {
    static let headerSize = 9
    static let refreshTagSize = 8

    /// The object.
    let reference: ObjectReference
    /// How many octets the rules have.
    let length: Int

    /// The rules of an instance.
    ///
    /// - Throws: 6581 where it has none.
    init(of instance: RegistryEntry, in memory: borrowing Memory) throws(StatusWord) {
        guard let data = instance.data, memory.kind(of: data) == .applicationData,
            memory.length(of: data) >= Self.headerSize
        else { throw .memoryProblem }
        reference = data
        length = memory.length(of: data) - Self.headerSize
    }

    /// Whether rules change only for who is authenticated.
    func isLocked(in memory: borrowing Memory) -> Bool {
        memory.head(of: reference, count: 1).number != 0
    }

    /// The refresh tag: other octets after each change of the rules.
    func refreshTag(in memory: borrowing Memory) -> OctetView {
        memory.head(of: reference, count: Self.headerSize).part(from: 1)
    }

    /// Calls `body` with the octets `range` of the rules.
    ///
    /// - Throws: 6581 where there are not so many; what `body` throws.
    func with<Result>(
        _ range: Range<Int>,
        in memory: borrowing Memory,
        _ body: (OctetView) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        try memory.withContent(reference, at: Self.headerSize + range.lowerBound, count: range.count, body)
    }

    /// Calls `body` with each rule and where it stands among the rules, up to the one for which it returns false.
    ///
    /// - Throws: 6581 where they are damaged; what `body` throws.
    func forEachRule(
        in memory: borrowing Memory,
        _ body: (Range<Int>, AccessRule) throws(StatusWord) -> Bool
    ) throws(StatusWord) {
        var start = 0
        while start < length {
            // A rule has at most `AccessRule.limit` octets: its length field has three at most.
            let size = try with(start..<min(length, start + 4), in: memory) { (head) throws(StatusWord) in
                var cursor = OctetCursor(head)
                guard cursor.berTag() == AccessRule.tag, let size = cursor.berLength() else {
                    throw StatusWord.memoryProblem
                }
                return cursor.position + size
            }
            guard size <= length - start else { throw .memoryProblem }
            let range = start..<start + size
            let goesOn = try withRule(at: range, in: memory) { (rule, _) throws(StatusWord) in try body(range, rule) }
            guard goesOn else { return }
            start = range.upperBound
        }
    }

    /// Where the rule for a reference stands; nil where there is none.
    ///
    /// - Throws: 6581 where the rules are damaged.
    func range(of wanted: RuleReference, in memory: borrowing Memory) throws(StatusWord) -> Range<Int>? {
        var found: Range<Int>?
        try forEachRule(in: memory) { (range, rule) throws(StatusWord) in
            if rule.reference.equals(wanted) { found = range }
            return found == nil
        }
        return found
    }

    /// Calls `body` with the rule at `range`, and with its octets.
    ///
    /// - Throws: 6581 where it is damaged; what `body` throws.
    func withRule<Result>(
        at range: Range<Int>,
        in memory: borrowing Memory,
        _ body: (AccessRule, OctetView) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        try with(range, in: memory) { (octets) throws(StatusWord) in
            let rule: AccessRule
            do throws(StatusWord) {
                rule = try AccessRule(OctetCursor(octets).firstValue(AccessRule.tag) ?? .empty)
            } catch {
                throw .memoryProblem
            }
            return try body(rule, octets)
        }
    }
}

// MARK: Changes

/// A piece of the rules after a change.
enum RulePiece {
    /// Octets that stand in the object before it.
    case kept(Range<Int>)
    case new(OctetView)

    var count: Int {
        switch self {
        case .kept(let range): range.count
        case .new(let octets): octets.count
        }
    }
}

extension Memory {
    /// Makes the object of a new instance, without rules and with a refresh tag of zeros: what the factory makes needs no
    /// random numbers.
    ///
    /// - Throws: 6A84 where memory is short.
    mutating func createRules(of instance: ObjectReference, isLocked: Bool) throws(StatusWord) {
        let store = try allocate(.applicationData, owner: owner(of: instance), length: RuleStore.headerSize)
        let header = InlineArray<9, UInt8>(repeating: 0)
        try header.span.withUnsafeBytes { (header) throws(StatusWord) in try write(store, at: 0, OctetView(header)) }
        try setLocked(isLocked, store)
        try set(.data, of: instance, to: store)
    }

    /// Locks the rules, or unlocks them.
    ///
    /// - Throws: 6581 where the journal is full.
    mutating func setLocked(_ isLocked: Bool, _ store: ObjectReference) throws(StatusWord) {
        var flags: UInt8 = isLocked ? 0x01 : 0x00
        try withUnsafeBytes(of: &flags) { (flags) throws(StatusWord) in try write(store, at: 0, OctetView(flags)) }
    }

    /// Changes the refresh tag.
    ///
    /// - Throws: 6581 where the journal is full.
    mutating func setRefreshTag(_ tag: OctetView, of store: RuleStore) throws(StatusWord) {
        try write(store.reference, at: 1, tag)
    }

    /// Puts the rules of an instance together anew, with another refresh tag.
    ///
    /// - Parameter pieces: in their order; what is kept does not overlap.
    /// - Throws: 6A84 where memory is short; 6581 where the journal is full.
    mutating func replaceRules(
        _ store: RuleStore,
        of instance: ObjectReference,
        by pieces: [RulePiece],
        refreshTag: OctetView
    ) throws(StatusWord) {
        let length = pieces.reduce(0) { $0 + $1.count }
        // What is kept at the beginning stays where it is.
        var start = 0
        var moved = pieces[...]
        if case .kept(let range) = pieces.first, range.lowerBound == 0 {
            start = range.upperBound
            moved = moved.dropFirst()
        }
        // The journal keeps what is overwritten, and 12 octets for each page: beyond that, another object is less.
        if max(length, store.length) - start <= geometry.journalPages * Geometry.pageSize / 2 {
            try moveRules(store, from: start, to: length, moved)
            try setRefreshTag(refreshTag, of: store)
        } else {
            try copyRules(store, of: instance, length, pieces, refreshTag)
        }
    }

    /// Replaces what stands behind `start`, in the same object.
    private mutating func moveRules(
        _ store: RuleStore,
        from start: Int,
        to length: Int,
        _ pieces: ArraySlice<RulePiece>
    ) throws(StatusWord) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, length - start), alignment: 8)
        defer { buffer.deallocate() }
        var writer = OctetWriter(buffer)
        for piece in pieces {
            switch piece {
            case .kept(let range):
                try read(store.reference, at: RuleStore.headerSize + range.lowerBound, count: range.count, to: &writer)
            case .new(let octets): writer.append(octets)
            }
        }
        try resize(store.reference, to: RuleStore.headerSize + length)
        try write(store.reference, at: RuleStore.headerSize + start, writer.view)
    }

    /// Makes another object of the pieces, in the place of the one that was.
    private mutating func copyRules(
        _ store: RuleStore,
        of instance: ObjectReference,
        _ length: Int,
        _ pieces: [RulePiece],
        _ refreshTag: OctetView
    ) throws(StatusWord) {
        let isLocked = store.isLocked(in: self)
        let owner = owner(of: store.reference)
        let copy = try allocate(.applicationData, owner: owner, length: RuleStore.headerSize + length)
        try setLocked(isLocked, copy)
        try write(copy, at: 1, refreshTag)
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * Geometry.pageSize, alignment: 8)
        defer { chunk.deallocate() }
        var place = RuleStore.headerSize
        for piece in pieces {
            switch piece {
            case .kept(let range):
                for start in stride(from: range.lowerBound, to: range.upperBound, by: chunk.count) {
                    let count = min(chunk.count, range.upperBound - start)
                    var writer = OctetWriter(chunk)
                    try read(store.reference, at: RuleStore.headerSize + start, count: count, to: &writer)
                    try write(copy, at: place, writer.view)
                    place += count
                }
            case .new(let octets):
                try write(copy, at: place, octets)
                place += octets.count
            }
        }
        try free(store.reference)
        try set(.data, of: instance, to: copy)
    }
}
