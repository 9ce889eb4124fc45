import Octets

/// The name of an object: the number of its first page, which does not change while the object lives.
public struct ObjectReference: Equatable, Hashable, Sendable {
    /// The number of the page.
    public let page: UInt32

    /// The object that starts at `page`.
    public init(page: UInt32) {
        self.page = page
    }
}

/// What an object holds: docs/memory-image.md section 7.
public enum ObjectKind: UInt8, Sendable {
    case file = 1
    case pinCodes = 2
    case unblockingCodes = 3
    case authenticationParameters = 4
    case cdmaParameters = 5
    case suspendedSession = 6
    case profileHeader = 7
    case registryEntry = 8
    case keySet = 9
    case loadFile = 10
    case applicationData = 11

    /// The largest number that means anything in a version of the format.
    static func largest(inMinorVersion version: UInt16) -> UInt8 {
        version == 0 ? ObjectKind.profileHeader.rawValue : ObjectKind.applicationData.rawValue
    }
}

extension Memory {
    static let lengthSize = 4

    static func pages(for length: Int) -> Int {
        (length + lengthSize + Geometry.pageSize - 1) / Geometry.pageSize
    }

    // MARK: Looking

    /// The kind of the object at `reference`; nil where no object of a known kind starts.
    public func kind(of reference: ObjectReference) -> ObjectKind? {
        guard isDataPage(reference.page) else { return nil }
        let entry = entry(of: Int(reference.page))
        return entry.isFirst ? ObjectKind(rawValue: entry.kind) : nil
    }

    /// The owner of the object at `reference`, which exists.
    public func owner(of reference: ObjectReference) -> Owner {
        isDataPage(reference.page) ? Owner(number: entry(of: Int(reference.page)).owner) : .card
    }

    /// The length in octets of the content of the object at `reference`, which exists.
    public func length(of reference: ObjectReference) -> Int {
        guard isDataPage(reference.page) else { return 0 }
        return min(Int(eeprom.uint32(at: Int(reference.page) * Geometry.pageSize)), geometry.size)
    }

    /// The first object of `kind` on or behind `page`; nil if there is none. `next` of the last one found goes on.
    public func firstObject(of kind: ObjectKind, from page: UInt32 = 0) -> ObjectReference? {
        var page = max(Int(page), geometry.firstDataPage)
        while page < unusedFrom {
            let entry = entry(of: page)
            if entry.isFirst, entry.kind == kind.rawValue { return ObjectReference(page: UInt32(page)) }
            page += 1
        }
        return nil
    }

    /// The first object of any known kind on or behind `page`; nil if there is none.
    public func firstObject(from page: UInt32) -> (reference: ObjectReference, kind: ObjectKind)? {
        var page = max(Int(page), geometry.firstDataPage)
        while page < unusedFrom {
            let entry = entry(of: page)
            if entry.isFirst, let kind = ObjectKind(rawValue: entry.kind) {
                return (ObjectReference(page: UInt32(page)), kind)
            }
            page += 1
        }
        return nil
    }

    // MARK: Reading

    /// Calls `body` with each piece, within one page, of `count` octets at `offset` of the content.
    ///
    /// - Throws: 6581 where the object does not have them; and what `body` throws.
    private func forEachPiece(
        of reference: ObjectReference,
        at offset: Int,
        count: Int,
        _ body: (_ imageOffset: Int, _ length: Int) throws(StatusWord) -> Void
    ) throws(StatusWord) {
        guard count > 0 else { return }
        let length = length(of: reference)
        guard offset >= 0, count <= length, offset <= length - count else { throw .memoryProblem }
        var page = reference.page
        var position = offset + Self.lengthSize
        while position >= Geometry.pageSize {
            page = entry(of: Int(page)).next
            guard isDataPage(page) else { throw .memoryProblem }
            position -= Geometry.pageSize
        }
        var left = count
        while true {
            let piece = min(left, Geometry.pageSize - position)
            try body(Int(page) * Geometry.pageSize + position, piece)
            left -= piece
            guard left > 0 else { return }
            page = entry(of: Int(page)).next
            guard isDataPage(page) else { throw .memoryProblem }
            position = 0
        }
    }

    /// Copies `count` octets at `offset` of the content to `target`.
    ///
    /// - Throws: 6581 where the object does not have them.
    public func read(
        _ reference: ObjectReference,
        at offset: Int,
        count: Int,
        to target: UnsafeMutableRawPointer
    ) throws(StatusWord) {
        var target = target
        try forEachPiece(of: reference, at: offset, count: count) { (place, length) in
            target.copyMemory(from: eeprom.base + place, byteCount: length)
            target += length
        }
    }

    /// Appends `count` octets at `offset` of the content to `writer`.
    ///
    /// - Throws: 6581 where the object does not have them.
    public func read(
        _ reference: ObjectReference,
        at offset: Int,
        count: Int,
        to writer: inout OctetWriter
    ) throws(StatusWord) {
        if count > 0, let target = writer.reserve(count) {
            try read(reference, at: offset, count: count, to: target)
        }
    }

    /// Calls `body` with `count` octets at `offset` of the content: in place where they lie in neighbouring pages, in a
    /// copy otherwise. The view lives only for the call.
    ///
    /// - Throws: 6581 where the object does not have them; and what `body` throws.
    public func withContent<Result>(
        _ reference: ObjectReference,
        at offset: Int,
        count: Int,
        _ body: (OctetView) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        guard count > 0 else { return try body(.empty) }
        let piece = try piece(of: reference, at: offset, count: count)
        if piece.count == count {
            return try body(OctetView(UnsafeRawBufferPointer(start: eeprom.base + piece.lowerBound, count: count)))
        }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
        defer { copy.deallocate() }
        if let target = copy.baseAddress { try read(reference, at: offset, count: count, to: target) }
        return try body(OctetView(UnsafeRawBufferPointer(copy)))
    }

    /// `count` octets at `offset` of the content where they stand; nil where they lie in pages apart. For what no copy is
    /// to be made of unseen: the view is not for use beyond the next change.
    ///
    /// - Throws: 6581 where the object does not have them.
    public func contentInPlace(
        _ reference: ObjectReference,
        at offset: Int,
        count: Int
    ) throws(StatusWord) -> OctetView? {
        guard count > 0 else { return .empty }
        let piece = try piece(of: reference, at: offset, count: count)
        guard piece.count == count else { return nil }
        return OctetView(UnsafeRawBufferPointer(start: eeprom.base + piece.lowerBound, count: count))
    }

    /// The first `count` octets of the content, at most the 60 that lie in the first page: for fields in a fixed place.
    public func head(of reference: ObjectReference, count: Int) -> OctetView {
        guard isDataPage(reference.page) else { return .empty }
        let start = Int(reference.page) * Geometry.pageSize + Self.lengthSize
        let length = min(count, length(of: reference), Geometry.pageSize - Self.lengthSize)
        return OctetView(UnsafeRawBufferPointer(start: eeprom.base + start, count: max(0, length)))
    }

    /// The offset in the image of the octet at `index` of the content; where there is none, of the object.
    public func imageOffset(of reference: ObjectReference, at index: Int) -> Int {
        var place = Int(reference.page) * Geometry.pageSize
        do throws(StatusWord) {
            try forEachPiece(of: reference, at: index, count: 1) { (offset, _) in place = offset }
        } catch {
            return place
        }
        return place
    }

    /// The pages of an object in their order; in a defective image, as many as its length asks for and its links give.
    public func pages(of reference: ObjectReference) -> [Int] {
        var pages: [Int] = []
        var page = reference.page
        while isDataPage(page), pages.count < Self.pages(for: length(of: reference)) {
            pages.append(Int(page))
            page = entry(of: Int(page)).next
        }
        return pages
    }

    // MARK: Changing

    /// Overwrites the content from `offset` on with `octets`.
    ///
    /// - Throws: 6581 where the object does not reach so far, or where the journal is full.
    public mutating func write(
        _ reference: ObjectReference,
        at offset: Int,
        _ octets: OctetView
    ) throws(StatusWord) {
        guard let source = octets.withUnsafeBytes({ $0.baseAddress }) else { return }
        var done = 0
        while done < octets.count {
            let piece = try piece(of: reference, at: offset + done, count: octets.count - done)
            try change(at: piece.lowerBound, to: source + done, count: piece.count)
            done += piece.count
        }
    }

    /// Erases `count` octets at `offset` of the content.
    ///
    /// - Throws: as `write`.
    public mutating func erase(_ reference: ObjectReference, at offset: Int, count: Int) throws(StatusWord) {
        var done = 0
        while done < count {
            let piece = try piece(of: reference, at: offset + done, count: count - done)
            try clear(at: piece.lowerBound, count: piece.count)
            done += piece.count
        }
    }

    /// Where in the image the content at `offset` lies: as much of `count` octets as stands in neighbouring pages.
    private func piece(of reference: ObjectReference, at offset: Int, count: Int) throws(StatusWord) -> Range<Int> {
        var run: Range<Int>?
        var hasEnded = false
        try forEachPiece(of: reference, at: offset, count: count) { (place, length) in
            guard let known = run else { return run = place..<place + length }
            // Behind a page elsewhere the next neighbour may follow: that is not this run any more.
            hasEnded = hasEnded || known.upperBound != place
            if !hasEnded { run = known.lowerBound..<place + length }
        }
        guard let run else { throw .memoryProblem }
        return run
    }

    /// Makes an object with `length` octets of content, all erased.
    ///
    /// - Throws: 6A84 where too few pages are free, or the quotas of `owner` and of those that it belongs to, or what
    ///   others have reserved, leave too few; 6A88 where `owner` is not in the table; 6581 where the journal is full.
    public mutating func allocate(_ kind: ObjectKind, owner: Owner, length: Int) throws(StatusWord) -> ObjectReference {
        guard exists(owner) else { throw .referencedDataNotFound }
        guard length >= 0, length <= geometry.size else { throw .notEnoughMemory }
        let first = try allocatePages(Self.pages(for: length), kind: kind.rawValue, owner: owner)
        let reference = ObjectReference(page: UInt32(first))
        try setLength(length, of: reference)
        return reference
    }

    /// Gives the object at `reference`, which exists, another length. What is new is erased; what is lost is the end.
    ///
    /// - Throws: as `allocate`.
    public mutating func resize(_ reference: ObjectReference, to length: Int) throws(StatusWord) {
        guard isDataPage(reference.page), length >= 0, length <= geometry.size else { throw .notEnoughMemory }
        let oldLength = self.length(of: reference)
        let oldPages = Self.pages(for: oldLength)
        let newPages = Self.pages(for: length)
        var last = Int(reference.page)
        for _ in 1..<min(oldPages, newPages) {
            let next = entry(of: last).next
            guard isDataPage(next) else { throw .memoryProblem }
            last = Int(next)
        }
        if newPages > oldPages {
            let first = try allocatePages(newPages - oldPages, kind: nil, owner: owner(of: reference))
            try link(last, to: UInt32(first))
        } else if newPages < oldPages {
            try dispose(from: entry(of: last).next, count: oldPages - newPages)
            try link(last, to: PageEntry.noNext)
        }
        if length < oldLength {
            let used = (length + Self.lengthSize - 1) % Geometry.pageSize + 1
            try clear(at: last * Geometry.pageSize + used, count: Geometry.pageSize - used)
        }
        try setLength(length, of: reference)
    }

    /// Frees the object at `reference`, which exists. Its pages are erased, and can be allocated again, once the
    /// transaction has committed.
    ///
    /// - Throws: 6581 where the journal is full.
    public mutating func free(_ reference: ObjectReference) throws(StatusWord) {
        guard isDataPage(reference.page) else { throw .memoryProblem }
        try dispose(from: reference.page, count: Self.pages(for: length(of: reference)))
    }

    /// Gives the object at `reference`, which exists, to another owner.
    ///
    /// - Throws: 6A84 where its pages are too many for that one; 6A88 where it is not in the table; 6581 where the journal
    ///   is full.
    public mutating func setOwner(_ owner: Owner, of reference: ObjectReference) throws(StatusWord) {
        guard exists(owner) else { throw .referencedDataNotFound }
        let old = self.owner(of: reference)
        let pages = pages(of: reference)
        guard owner != old, !pages.isEmpty else { return }
        count(pages: -pages.count, of: old)
        guard pages.count <= allowance(of: owner) else {
            count(pages: pages.count, of: old)
            throw .notEnoughMemory
        }
        count(pages: pages.count, of: owner)
        for page in pages {
            var entry = entry(of: page).owned(by: owner.number).rawValue.bigEndian
            let offset = geometry.pageTableOffset + page * Geometry.pageEntrySize
            try change(at: offset, to: &entry, count: Geometry.pageEntrySize)
        }
    }

    private mutating func setLength(_ length: Int, of reference: ObjectReference) throws(StatusWord) {
        var number = UInt32(truncatingIfNeeded: length).bigEndian
        try change(at: Int(reference.page) * Geometry.pageSize, to: &number, count: Self.lengthSize)
    }

    private mutating func link(_ page: Int, to next: UInt32) throws(StatusWord) {
        var entry = entry(of: page).linked(to: next).rawValue.bigEndian
        let offset = geometry.pageTableOffset + page * Geometry.pageEntrySize
        try change(at: offset, to: &entry, count: Geometry.pageEntrySize)
    }

    // MARK: Pages

    /// The free pages, at most `count`, that start with the first free one on or behind `page`; empty if none is left.
    private func freeRun(from page: Int, atMost count: Int) -> Range<Int> {
        var start = page
        while start < geometry.pageCount, !entry(of: start).isFree { start += 1 }
        var end = start
        while end < geometry.pageCount, end - start < count, entry(of: end).isFree {
            end = max(end + 1, knownFree.end(from: end))
        }
        return start..<(end - start > count ? start + count : end)
    }

    /// Takes `count` pages, neighbours if possible, and links them in ascending order.
    ///
    /// - Returns: the first of them.
    private mutating func allocatePages(_ count: Int, kind: UInt8?, owner: Owner) throws(StatusWord) -> Int {
        guard count <= room(for: owner) else { throw .notEnoughMemory }
        var run = freeRun(from: lowestFreePage, atMost: count)
        lowestFreePage = run.lowerBound
        let lowest = run
        while !run.isEmpty, run.count < count { run = freeRun(from: run.upperBound, atMost: count) }
        if run.isEmpty { run = lowest }
        let first = run.lowerBound
        var left = count
        var role = kind
        while left > 0 {
            guard !run.isEmpty else { throw .notEnoughMemory }
            left -= run.count
            // Only a chain that starts at the lowest free page has a further run, so that it lies behind this one.
            let next = left > 0 ? freeRun(from: run.upperBound, atMost: left) : run.upperBound..<run.upperBound
            try take(run, kind: role, owner: owner, next: left > 0 ? UInt32(next.lowerBound) : PageEntry.noNext)
            role = nil
            run = next
        }
        freePages -= count
        self.count(pages: count, of: owner)
        return first
    }

    /// Enters the free pages of `run` in the page table, each linked to the one behind it, the last one to `next`.
    private mutating func take(_ run: Range<Int>, kind: UInt8?, owner: Owner, next: UInt32) throws(StatusWord) {
        try release(run)
        knownFree.take(run)
        unusedFrom = max(unusedFrom, run.upperBound)
        var page = run.lowerBound
        while page < run.upperBound {
            var entries: InlineArray<16, UInt32> = InlineArray(repeating: 0)
            var count = 0
            let offset = geometry.pageTableOffset + page * Geometry.pageEntrySize
            let fitting = (Geometry.pageSize - offset % Geometry.pageSize) / Geometry.pageEntrySize
            while count < fitting, page < run.upperBound {
                let isLast = page == run.upperBound - 1
                let role = page == run.lowerBound ? kind : nil
                let entry = PageEntry(kind: role, owner: owner.number, next: isLast ? next : UInt32(page + 1))
                entries[count] = entry.rawValue.bigEndian
                count += 1
                page += 1
            }
            let length = count * Geometry.pageEntrySize
            try withUnsafeBytes(of: &entries) { (buffer) throws(StatusWord) in
                if let source = buffer.baseAddress { try change(at: offset, to: source, count: length) }
            }
        }
    }

    /// Tells the journal that `run` is free, and with it the free pages behind it, so that the next allocations of the
    /// transaction need no entries of their own.
    private mutating func release(_ run: Range<Int>) throws(StatusWord) {
        let table = geometry.pageTableOffset + run.lowerBound * Geometry.pageEntrySize
        guard !released.covers(table, run.count * Geometry.pageEntrySize) else { return }
        let whole = freeRun(from: run.lowerBound, atMost: .max)
        knownFree.learn(whole)
        for (offset, length) in [
            (table, whole.count * Geometry.pageEntrySize),
            (whole.lowerBound * Geometry.pageSize, whole.count * Geometry.pageSize),
        ] {
            try journal.append(.release, offset: offset, count: length, to: &eeprom)
            released.add(offset, length)
        }
    }

    /// Has `count` linked pages from `first` on erased when the transaction commits, and their entries.
    private mutating func dispose(from first: UInt32, count: Int) throws(StatusWord) {
        var page = first
        var left = count
        while left > 0 {
            let start = page
            var length = 0
            while left > 0, isDataPage(page), page == start + UInt32(length) {
                page = entry(of: Int(page)).next
                length += 1
                left -= 1
            }
            guard length > 0 else { throw .memoryProblem }
            for (offset, size) in [
                (geometry.pageTableOffset + Int(start) * Geometry.pageEntrySize, length * Geometry.pageEntrySize),
                (Int(start) * Geometry.pageSize, length * Geometry.pageSize),
            ] {
                try journal.append(.dispose, offset: offset, count: size, to: &eeprom)
            }
        }
    }
}
