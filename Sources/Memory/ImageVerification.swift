import Octets

/// Compares an image with docs/memory-image.md sections 3 to 7: superblock, owners, journal, pages, objects. What the
/// objects hold is beyond it.
///
/// Promise: any octets are read to the end in a time that grows with their number, nothing is written, nothing traps.
struct ImageVerification: ~Copyable {
    private let geometry: Geometry
    private var defects: [ImageDefect] = []
    private var isOwner = [Bool](repeating: false, count: Geometry.ownerCount)
    private var accounts = OwnerAccounts()
    /// The further pages that an object has.
    private var isTaken: [Bool]

    /// Begins with the superblock.
    ///
    /// - Throws: what is wrong with it.
    init(of image: UnsafeRawBufferPointer) throws(ImageDefect) {
        geometry = try Geometry(superblockOf: image)
        isTaken = [Bool](repeating: false, count: geometry.pageCount)
    }

    /// The entries of the journal that recovery must not follow.
    func journalDefects(of image: UnsafeRawBufferPointer) -> [ImageDefect] {
        let eeprom = EEPROM(UnsafeMutableRawBufferPointer(mutating: image))
        let journal = Journal(geometry)
        let journalEnd = geometry.journalOffset + geometry.journalSize
        var found: [ImageDefect] = []
        var position = 0
        var isCommitted = false
        while let entry = journal.entry(at: position, in: eeprom) {
            position = entry.end
            let end = entry.offset + entry.length
            let isWrong =
                entry.kind == .committed
                ? entry.offset != 0 || entry.length != 0
                : entry.offset < Geometry.pageSize || entry.offset < journalEnd && end > geometry.journalOffset
            if isWrong || isCommitted {
                found.append(ImageDefect(offset: geometry.journalOffset + entry.start, reason: .journalEntry))
            }
            if entry.kind == .committed { isCommitted = true }
        }
        return found
    }

    /// All defects of an image whose journal is closed.
    mutating func allDefects(of eeprom: borrowing EEPROM) -> [ImageDefect] {
        let reserved = Geometry.reservedOffset
        checkReserved(at: reserved, count: Geometry.checksumOffset - reserved, .superblock, eeprom)
        checkOwners(eeprom)
        checkPages(eeprom)
        checkUse(eeprom)
        return defects.sorted { $0.offset < $1.offset }
    }

    private mutating func note(_ reason: ImageDefect.Reason, at offset: Int) {
        defects.append(ImageDefect(offset: offset, reason: reason))
    }

    /// What is reserved is erased, unless a later minor version has given it a meaning.
    private mutating func checkReserved(
        at offset: Int,
        count: Int,
        _ reason: ImageDefect.Reason,
        _ eeprom: borrowing EEPROM
    ) {
        if geometry.isKnownVersion { checkErased(at: offset, count: count, reason, eeprom) }
    }

    private mutating func checkErased(
        at offset: Int,
        count: Int,
        _ reason: ImageDefect.Reason,
        _ eeprom: borrowing EEPROM
    ) {
        guard !eeprom.isErased(at: offset, count: count) else { return }
        for place in offset..<offset + count where eeprom.octet(at: place) != 0xFF { return note(reason, at: place) }
    }

    // MARK: Owner table, section 4

    private mutating func checkOwners(_ eeprom: borrowing EEPROM) {
        var parents = [UInt8](repeating: 0xFF, count: Geometry.ownerCount)
        for number in 0..<Geometry.ownerCount {
            let offset = ownerOffset(number)
            guard let entry = OwnerEntry(number, in: eeprom, geometry), number < 0xFF else {
                checkErased(at: offset, count: Geometry.ownerEntrySize, .ownerEntry, eeprom)
                continue
            }
            isOwner[number] = true
            parents[number] = entry.parent?.number ?? 0xFF
            // Format 1.0 has nothing there.
            if geometry.minorVersion == 0 { checkErased(at: offset + 2, count: 2, .ownerEntry, eeprom) }
            let quota = entry.quota.map { Int($0) } ?? .max
            if entry.reservedPages * Geometry.pageSize > quota { note(.ownerReservation, at: offset + 2) }
        }
        if !isOwner[Int(Owner.card.number)] { note(.cardOwner, at: geometry.ownerTableOffset) }
        for number in 0..<Geometry.ownerCount where isOwner[number] {
            var parent = Int(parents[number])
            var steps = 0
            while parent != 0xFF, isOwner[parent], steps < Geometry.ownerCount {
                parent = Int(parents[parent])
                steps += 1
            }
            if parent != 0xFF { note(.ownerParent, at: ownerOffset(number) + 1) }
        }
    }

    private func ownerOffset(_ number: Int) -> Int {
        geometry.ownerTableOffset + number * Geometry.ownerEntrySize
    }

    // MARK: Page table, section 6

    private func entryOffset(_ page: Int) -> Int { geometry.pageTableOffset + page * Geometry.pageEntrySize }

    private func entry(_ page: Int, _ eeprom: borrowing EEPROM) -> PageEntry {
        PageEntry(rawValue: eeprom.uint32(at: entryOffset(page)))
    }

    private mutating func checkPages(_ eeprom: borrowing EEPROM) {
        let largestKind = ObjectKind.largest(inMinorVersion: geometry.minorVersion)
        for page in 0..<geometry.firstDataPage where !entry(page, eeprom).isFree {
            note(.reservedPageEntry, at: entryOffset(page))
        }
        var page = geometry.firstDataPage
        while page < geometry.pageCount {
            let entry = entry(page, eeprom)
            if entry.isFree {
                page = checkFreePages(from: page, eeprom)
                continue
            }
            if entry.isFirst || entry.isFurther {
                accounts[Int(entry.owner)].pages += 1
                if !isOwner[Int(entry.owner)] { note(.pageOwner, at: entryOffset(page)) }
            }
            if entry.isFirst {
                if entry.kind == 0 { note(.pageEntry, at: entryOffset(page)) }
                if entry.kind > largestKind, geometry.isKnownVersion { note(.objectKind, at: entryOffset(page)) }
                checkObject(page, entry, eeprom)
            } else if !entry.isFurther || entry.kind != 0 {
                note(.pageEntry, at: entryOffset(page))
            }
            page += 1
        }
    }

    /// Checks the free pages from `page` on up to the first one in use, and returns that.
    private mutating func checkFreePages(from page: Int, _ eeprom: borrowing EEPROM) -> Int {
        var end = page
        while end < geometry.pageCount, entry(end, eeprom).isFree { end += 1 }
        let size = Geometry.pageSize
        if !eeprom.isErased(at: page * size, count: (end - page) * size) {
            for free in page..<end { checkErased(at: free * size, count: size, .freePage, eeprom) }
        }
        return end
    }

    // MARK: Objects, section 7

    private mutating func checkObject(_ first: Int, _ head: PageEntry, _ eeprom: borrowing EEPROM) {
        var last = first
        var pages = 1
        var next = head.next
        while next != PageEntry.noNext {
            let page = Int(next)
            guard page >= geometry.firstDataPage, page < geometry.pageCount else {
                return note(.pageLink, at: entryOffset(last))
            }
            let further = entry(page, eeprom)
            guard further.isFurther, further.owner == head.owner else { return note(.pageLink, at: entryOffset(last)) }
            guard !isTaken[page] else { return note(.pageShared, at: entryOffset(page)) }
            isTaken[page] = true
            last = page
            pages += 1
            next = further.next
        }
        let length = Int(eeprom.uint32(at: first * Geometry.pageSize))
        guard Memory.pages(for: length) == pages else { return note(.objectLength, at: first * Geometry.pageSize) }
        let used = (length + Memory.lengthSize - 1) % Geometry.pageSize + 1
        checkErased(at: last * Geometry.pageSize + used, count: Geometry.pageSize - used, .objectTail, eeprom)
    }

    /// Each further page has its object, no owner takes more than its quota, and what is reserved can be had.
    private mutating func checkUse(_ eeprom: borrowing EEPROM) {
        for page in geometry.firstDataPage..<geometry.pageCount
        where !isTaken[page] && entry(page, eeprom).isFurther {
            note(.pageOrphan, at: entryOffset(page))
        }
        accounts.addUp(eeprom, geometry)
        for number in 0..<Geometry.ownerCount where isOwner[number] {
            guard let quota = OwnerEntry(number, in: eeprom, geometry)?.quota else { continue }
            if Int(accounts[number].load) * Geometry.pageSize > Int(quota) {
                note(.ownerQuota, at: ownerOffset(number) + 4)
            }
        }
        if accounts.total > geometry.dataPages { note(.ownerReservation, at: geometry.ownerTableOffset + 2) }
    }
}

extension Memory {
    /// What is wrong with `image`, as the next power-on would leave it: superblock, owners, journal, pages, objects. In
    /// the order of the offsets; empty for a right image. `image` is read only.
    ///
    /// A defect of the superblock stands alone, and so do those of the journal: what is behind is not determined then.
    public static func defects(of image: UnsafeRawBufferPointer) -> [ImageDefect] {
        do throws(ImageDefect) {
            var verification = try ImageVerification(of: image)
            let journal = verification.journalDefects(of: image)
            guard journal.isEmpty else { return journal }
            guard try journalState(of: image).isOpen else {
                return verification.allDefects(of: EEPROM(UnsafeMutableRawBufferPointer(mutating: image)))
            }
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: image.count, alignment: Geometry.pageSize)
            defer { copy.deallocate() }
            copy.copyMemory(from: image)
            return verification.allDefects(of: try Memory(unverified: copy, nil).eeprom)
        } catch {
            return [error]
        }
    }

    /// What the journal says: docs/memory-image.md section 5.
    public enum JournalState: String, Sendable {
        /// No transaction is under way.
        case closed
        /// A transaction has ended, or has written no whole entry; the journal is to be erased.
        case closedNotErased = "closed, not erased"
        /// A transaction is to be rolled back.
        case open
        /// A transaction has committed, and what it disposed of is to be erased.
        case committed

        /// Whether recovery changes more than the journal.
        public var isOpen: Bool { self == .open || self == .committed }
    }

    /// The state of the journal of `image`, which is not changed.
    ///
    /// - Throws: what is wrong with the superblock.
    public static func journalState(of image: UnsafeRawBufferPointer) throws(ImageDefect) -> JournalState {
        let geometry = try Geometry(superblockOf: image)
        let eeprom = EEPROM(UnsafeMutableRawBufferPointer(mutating: image))
        let journal = Journal(geometry)
        var position = 0
        while let entry = journal.entry(at: position, in: eeprom) {
            if entry.kind == .committed { return .committed }
            position = entry.end
        }
        if position > 0 { return .open }
        return eeprom.isErased(at: geometry.journalOffset, count: geometry.journalSize) ? .closed : .closedNotErased
    }
}
