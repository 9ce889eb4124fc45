import Octets
import Synchronization

/// The non-volatile memory of a card: objects with owners and quotas, changed in transactions that no power failure
/// tears. docs/memory-image.md says where each octet stands.
///
/// Definitions. An *object* is a list of octets, named by its first page. A *transaction* begins with the first change
/// after the last `commit` or `rollBack` and ends with the next one.
///
/// Precondition: the image is changed through this value only.
///
/// What holds for any sequence of operations and of power failures:
/// - after a power-on the image is as before the interrupted transaction or as after it;
/// - `rollBack` leaves the image as before the transaction, octet for octet;
/// - free pages and everything else that is not in use are erased;
/// - each data page in use belongs to one object and one owner, and no owner takes, with all that belongs to it, more than
///   its quota;
/// - what an owner has reserved it can have;
/// - an allocation fails only if fewer pages are free than it needs (pages of an object need not be neighbours), if
///   a quota or what others have reserved forbids it, or if the journal is full.
///
/// Capacity. An object of *n* octets takes (*n* + 4) / 64 pages, rounded up. A transaction may overwrite as much as the
/// journal holds (an entry takes 12 octets more than what it covers); what it writes into objects that it has itself
/// allocated costs nothing there.
///
/// The tests run random operations against a model, and cut the power in each program operation of scripted flows.
public struct Memory: ~Copyable {
    /// Makes this a type that is passed by address: one of this size would otherwise be copied at each call that
    /// borrows it.
    private let byAddress = Atomic<Bool>(true)

    /// Where the regions lie.
    public let geometry: Geometry
    var eeprom: EEPROM
    var journal: Journal
    /// Pages and page table entries that were free when the transaction began: nothing to restore there.
    var released: ReleasedWindow = ReleasedWindow()
    /// How many pages each owner has, and what it takes with what belongs to it.
    var accounts = OwnerAccounts()
    /// How many pages are free.
    public internal(set) var freePages = 0
    /// No page before this one is free.
    var lowestFreePage: Int
    /// No page from this one on is in use.
    var unusedFrom = 0
    /// The longest run of free pages that has been met; part of it may be in use since.
    var knownFree = FreeRun()
    /// Called after each commit that changed something.
    let synchronize: (() -> Void)?

    /// Mounts the memory that `image` holds, and finishes what a power failure interrupted. The image is verified first,
    /// as far as the memory knows it: a defective one is left as it is.
    ///
    /// - Parameter synchronize: called after each commit that changed something, once the image holds it.
    /// - Throws: the first defect.
    public init(
        mounting image: UnsafeMutableRawBufferPointer,
        synchronize: (() -> Void)? = nil
    ) throws(ImageDefect) {
        if let defect = Self.defects(of: UnsafeRawBufferPointer(image)).first { throw defect }
        try self.init(unverified: image, synchronize)
    }

    /// Mounts a copy of an image to look into it, whatever is wrong with its pages and objects. It is recovered.
    ///
    /// - Throws: the first defect of the superblock or the journal: what would be read then is not determined.
    public init(inspecting copy: UnsafeMutableRawBufferPointer) throws(ImageDefect) {
        let image = UnsafeRawBufferPointer(copy)
        if let defect = try ImageVerification(of: image).journalDefects(of: image).first { throw defect }
        try self.init(unverified: copy, nil)
    }

    init(unverified image: UnsafeMutableRawBufferPointer, _ synchronize: (() -> Void)?) throws(ImageDefect) {
        geometry = try Geometry(superblockOf: UnsafeRawBufferPointer(image))
        eeprom = EEPROM(image)
        journal = Journal(geometry)
        lowestFreePage = geometry.firstDataPage
        self.synchronize = synchronize
        powerOn()
    }

    /// Makes `image` an empty one: everything erased but the superblock, and owner 0, the card, without a quota.
    ///
    /// - Returns: false, and `image` unchanged, if no image has that size.
    public static func format(_ image: UnsafeMutableRawBufferPointer) -> Bool {
        guard let geometry = Geometry(size: image.count) else { return false }
        image.initializeMemory(as: UInt8.self, repeating: 0xFF)
        image.copyBytes(from: geometry.superblock)
        let owner = OwnerEntry(parent: nil, quota: nil, reservedPages: 0).octets
        UnsafeMutableRawBufferPointer(rebasing: image[geometry.ownerTableOffset...]).copyBytes(from: owner)
        return true
    }

    /// Gives the memory power: recovers, and counts what is in use.
    public mutating func powerOn() {
        eeprom.schedule(nil)
        released = ReleasedWindow()
        journal.recover(in: &eeprom)
        count()
    }

    // MARK: Power and program operations

    /// Program operations since the memory was mounted.
    public var programOperations: UInt64 { eeprom.operations }
    /// Whether the power has not failed since the last power-on.
    public var hasPower: Bool { eeprom.hasPower }

    /// Lets the power fail; nil: not any more.
    public mutating func schedule(_ failure: PowerFailure?) {
        eeprom.schedule(failure)
    }

    /// Has `observer` called before each program operation with the range of the image, in octets, that it changes; nil:
    /// not any more. With what stands there before and after it, a test has each image that a power failure can leave.
    public mutating func observeOperations(_ observer: ((Range<Int>) -> Void)?) {
        eeprom.observer = observer
    }

    /// Recovers as a power-on does, while the power fails once more: for tests of the recovery.
    public mutating func recoverWithPowerFailure(_ failure: PowerFailure) {
        eeprom.schedule(failure)
        released = ReleasedWindow()
        journal.recover(in: &eeprom)
    }

    // MARK: Transactions

    /// Whether a transaction is under way.
    public var isInTransaction: Bool { journal.length > 0 }

    /// Ends the transaction: what it changed is there for good.
    public mutating func commit() {
        guard isInTransaction else { return }
        if journal.hasDisposals {
            do throws(StatusWord) {
                try journal.append(.committed, offset: 0, count: 0, to: &eeprom)
            } catch {
                // Each entry leaves room for this one.
                return rollBack()
            }
            releaseDisposed()
            journal.eraseDisposed(in: &eeprom)
        }
        journal.close(in: &eeprom)
        released = ReleasedWindow()
        if let synchronize, eeprom.hasPower { synchronize() }
    }

    /// Ends the transaction: the image is again as before it, octet for octet.
    public mutating func rollBack() {
        guard isInTransaction else { return }
        journal.rollBack(in: &eeprom)
        released = ReleasedWindow()
        count()
    }

    // MARK: Changes, always within the image

    /// Writes `count` octets at `offset`, so that a roll-back restores what stood there.
    mutating func change(at offset: Int, to source: UnsafeRawPointer, count: Int) throws(StatusWord) {
        if !released.covers(offset, count) {
            try journal.append(.restore, offset: offset, count: count, to: &eeprom)
        }
        eeprom.program(source, at: offset, count: count)
    }

    /// Erases `count` octets at `offset`, so that a roll-back restores what stood there.
    mutating func clear(at offset: Int, count: Int) throws(StatusWord) {
        guard count > 0, !eeprom.isErased(at: offset, count: count) else { return }
        if !released.covers(offset, count) {
            try journal.append(.restore, offset: offset, count: count, to: &eeprom)
        }
        eeprom.erase(at: offset, count: count)
    }

    // MARK: Page table

    func entry(of page: Int) -> PageEntry {
        PageEntry(rawValue: eeprom.uint32(at: geometry.pageTableOffset + page * Geometry.pageEntrySize))
    }

    /// Whether `page` can hold data.
    func isDataPage(_ page: UInt32) -> Bool {
        page >= UInt32(truncatingIfNeeded: geometry.firstDataPage)
            && page < UInt32(truncatingIfNeeded: geometry.pageCount)
    }

    /// Counts from the page table what is free and what each owner uses.
    private mutating func count() {
        accounts.clear()
        freePages = 0
        lowestFreePage = geometry.pageCount
        unusedFrom = geometry.firstDataPage
        knownFree = FreeRun()
        // Pages of one owner mostly follow each other: they are counted together.
        var run = (owner: 0, pages: UInt32(0))
        for page in geometry.firstDataPage..<geometry.pageCount {
            let entry = entry(of: page)
            if entry.isFree {
                if freePages == 0 { lowestFreePage = page }
                freePages += 1
            } else {
                let owner = Int(entry.owner)
                if owner != run.owner {
                    accounts[run.owner].pages += run.pages
                    run = (owner, 0)
                }
                run.pages += 1
                unusedFrom = page + 1
            }
        }
        accounts[run.owner].pages += run.pages
        accounts.addUp(eeprom, geometry)
    }

    /// Counts the pages that the commit is about to erase as free.
    private mutating func releaseDisposed() {
        var runs: [(owner: UInt8, pages: Int)] = []
        var lowest = lowestFreePage
        forEachPageToFree { page, owner in
            lowest = min(lowest, page)
            if let last = runs.last, last.owner == owner {
                runs[runs.count - 1].pages += 1
            } else {
                runs.append((owner, 1))
            }
        }
        lowestFreePage = lowest
        for run in runs {
            count(pages: -run.pages, of: Owner(number: run.owner))
            freePages += run.pages
        }
    }

    /// How many pages of an owner the commit will erase.
    func pagesToFree(of owner: Owner) -> Int {
        var count = 0
        forEachPageToFree { _, number in if number == owner.number { count += 1 } }
        return count
    }

    private func forEachPageToFree(_ body: (_ page: Int, _ owner: UInt8) -> Void) {
        let table = geometry.pageTableOffset
        let firstData = geometry.firstDataPage * Geometry.pageSize
        journal.forEachDisposal(in: eeprom) { range in
            guard range.lowerBound >= table, range.upperBound <= firstData else { return }
            for offset in stride(from: range.lowerBound, to: range.upperBound, by: Geometry.pageEntrySize) {
                let page = (offset - table) / Geometry.pageEntrySize
                let entry = PageEntry(rawValue: eeprom.uint32(at: offset))
                if !entry.isFree { body(page, entry.owner) }
            }
        }
    }
}

/// A run of free pages, remembered so that its pages are looked at once only.
struct FreeRun {
    private var pages = 0..<0

    /// How far pages from `page` on are known to be free; `page` where none is.
    func end(from page: Int) -> Int { pages.contains(page) ? pages.upperBound : page }

    /// Remembers a run that is longer.
    mutating func learn(_ run: Range<Int>) {
        if run.count > pages.count { pages = run }
    }

    /// Forgets the pages of a run that is in use from now on, and the shorter side of it.
    mutating func take(_ run: Range<Int>) {
        guard pages.overlaps(run) else { return }
        let before = pages.lowerBound..<max(pages.lowerBound, run.lowerBound)
        let behind = min(pages.upperBound, run.upperBound)..<pages.upperBound
        pages = before.count > behind.count ? before : behind
    }
}

/// Ranges of the image that were erased and free when the transaction began.
struct ReleasedWindow {
    private var ranges: InlineArray<8, (lower: Int, upper: Int)> = InlineArray(repeating: (0, 0))
    private var count = 0

    /// Remembers a range. When there are too many the oldest is forgotten: that costs journal entries, nothing else.
    mutating func add(_ offset: Int, _ length: Int) {
        ranges[count % 8] = (offset, offset + length)
        count += 1
    }

    func covers(_ offset: Int, _ length: Int) -> Bool {
        for index in 0..<min(count, 8) where ranges[index].lower <= offset && offset + length <= ranges[index].upper {
            return true
        }
        return false
    }
}
