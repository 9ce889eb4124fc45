import Octets

/// How much memory owners take: their own pages, and those of the owners that belong to them.
///
/// The *load* of an owner is what its own pages and the *charges* of the owners that belong to it take. Its charge is its
/// load, or what it has reserved where that is more. A quota limits a load; the charges of all that belong to nobody
/// never exceed the data pages.
///
/// Promise: a change costs a step for each owner above the one concerned, whatever the size of the image.
struct OwnerAccounts: ~Copyable {
    /// What one owner takes, in pages.
    struct Account {
        /// How many pages it has itself.
        var pages: UInt32 = 0
        /// How many it takes with what belongs to it.
        var load: UInt32 = 0
    }

    /// The accounts by number, up to the highest owner that takes anything: most cards have few owners.
    private var accounts: [Account] = []
    /// The charges of the owners that belong to nobody, in pages.
    var total = 0

    /// The account of the owner with a number, 0 to 255.
    subscript(number: Int) -> Account {
        get { number < accounts.count ? accounts[number] : Account() }
        set {
            while accounts.count <= number { accounts.append(Account()) }
            accounts[number] = newValue
        }
    }

    /// Nobody has a page.
    mutating func clear() {
        accounts.removeAll(keepingCapacity: true)
        total = 0
    }

    /// Adds up the loads from the pages and the owner table, from the owners below to those above.
    mutating func addUp(_ eeprom: borrowing EEPROM, _ geometry: Geometry) {
        total = 0
        // How many owners belong to one and have not been added to its load yet.
        var waiting: InlineArray<256, UInt16> = InlineArray(repeating: 0)
        for number in 0..<Geometry.ownerCount {
            if number < accounts.count { accounts[number].load = accounts[number].pages }
            if let parent = OwnerEntry(number, in: eeprom, geometry)?.parent { waiting[Int(parent.number)] += 1 }
        }
        for start in 0..<Geometry.ownerCount where waiting[start] == 0 {
            var number = start
            // From a start on to the first one that still waits; owners in a ring, as in a defective image, all do.
            while true {
                let entry = OwnerEntry(number, in: eeprom, geometry)
                let charge = max(self[number].load, UInt32(entry?.reservedPages ?? 0))
                // Not a start once more.
                waiting[number] = .max
                guard let parent = (entry?.parent).map({ Int($0.number) }) else {
                    total += Int(charge)
                    break
                }
                self[parent].load &+= charge
                waiting[parent] -= 1
                // One behind this start in the table is a start itself.
                guard waiting[parent] == 0, parent < start else { break }
                number = parent
            }
        }
    }
}

extension Memory {
    // MARK: Looking

    /// How many octets objects of `owner` can still take: what its quota, those of the owners above it and what others
    /// have reserved leave of the free pages.
    public func availableOctets(to owner: Owner) -> Int {
        room(for: owner) * Geometry.pageSize
    }

    /// How many octets `owner` takes with all that belongs to it.
    public func load(of owner: Owner) -> Int {
        Int(accounts[Int(owner.number)].load) * Geometry.pageSize
    }

    /// How many more pages `owner` can take.
    func room(for owner: Owner) -> Int { max(0, min(freePages, allowance(of: owner))) }

    /// How many more pages `owner` may be charged with, free or not; of nobody, what is not reserved.
    func allowance(of owner: Owner?) -> Int {
        var allowance = Int.max
        // What has been reserved on the way up is charged already.
        var prepaid = 0
        var place = owner
        for _ in 0..<Geometry.ownerCount {
            guard let current = place else { break }
            let entry = OwnerEntry(Int(current.number), in: eeprom, geometry)
            let load = Int(accounts[Int(current.number)].load)
            if let quota = entry?.quota { allowance = min(allowance, prepaid + Int(quota) / Geometry.pageSize - load) }
            prepaid += max(0, (entry?.reservedPages ?? 0) - load)
            place = entry?.parent
        }
        return min(allowance, prepaid + geometry.dataPages - accounts.total)
    }

    // MARK: Counting

    /// Counts pages that `owner` has more, or has no longer.
    mutating func count(pages: Int, of owner: Owner) {
        let number = Int(owner.number)
        accounts[number].pages = UInt32(clamping: Int(accounts[number].pages) + pages)
        charge(pages, to: owner)
    }

    /// Adds to the load of `owner`, and of what that means to the ones above it; nil: to that of nobody.
    mutating func charge(_ pages: Int, to owner: Owner?) {
        var pages = pages
        var place = owner
        for _ in 0..<Geometry.ownerCount {
            guard pages != 0, let current = place else { break }
            let number = Int(current.number)
            let entry = OwnerEntry(number, in: eeprom, geometry)
            let reserved = entry?.reservedPages ?? 0
            let before = Int(accounts[number].load)
            let after = max(0, before + pages)
            accounts[number].load = UInt32(clamping: after)
            pages = max(after, reserved) - max(before, reserved)
            place = entry?.parent
        }
        accounts.total += pages
    }

    /// What the owner above is charged for `owner`, in pages.
    func charge(of owner: Owner) -> Int {
        let reserved = OwnerEntry(Int(owner.number), in: eeprom, geometry)?.reservedPages ?? 0
        return max(Int(accounts[Int(owner.number)].load), reserved)
    }
}
