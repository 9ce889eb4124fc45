import Octets

/// Whose memory it is: the card itself (0), or a security domain, profile or application (1 to 254).
public struct Owner: Equatable, Hashable, Sendable {
    /// The card itself.
    public static let card = Owner(number: 0)
    /// The number in the owner table.
    public let number: UInt8

    /// Owner `number`.
    public init(number: UInt8) {
        self.number = number
    }
}

/// What the owner table says of one owner: docs/memory-image.md section 4.
struct OwnerEntry {
    var parent: Owner?
    var quota: UInt32?
    /// How many pages it has reserved.
    var reservedPages: Int

    static let inUse: UInt8 = 0x01
    /// The most pages that an owner can reserve.
    static let mostReserved = 0xFFFE
    private static let none: UInt32 = .max
    private static let nothingReserved: UInt16 = .max

    init(parent: Owner?, quota: UInt32?, reservedPages: Int) {
        self.parent = parent
        self.quota = quota
        self.reservedPages = reservedPages
    }

    /// The entry of owner `number`; nil for an erased one.
    init?(_ number: Int, in eeprom: borrowing EEPROM, _ geometry: Geometry) {
        let offset = geometry.ownerTableOffset + number * Geometry.ownerEntrySize
        guard eeprom.octet(at: offset) == Self.inUse else { return nil }
        let parent = eeprom.octet(at: offset + 1)
        self.parent = parent == 0xFF ? nil : Owner(number: parent)
        let reserved = eeprom.uint16(at: offset + 2)
        // Format 1.0 does not know it.
        let isReserved = reserved != Self.nothingReserved && geometry.minorVersion > 0
        reservedPages = isReserved ? Int(reserved) : 0
        let quota = eeprom.uint32(at: offset + 4)
        self.quota = quota == Self.none ? nil : quota
    }

    var octets: [UInt8] {
        let quota = quota ?? Self.none
        let reserved = reservedPages > 0 ? UInt16(clamping: reservedPages) : Self.nothingReserved
        return [
            Self.inUse, parent?.number ?? 0xFF, UInt8(reserved >> 8), UInt8(reserved & 0xFF),
            UInt8(truncatingIfNeeded: quota >> 24), UInt8(truncatingIfNeeded: quota >> 16),
            UInt8(truncatingIfNeeded: quota >> 8), UInt8(truncatingIfNeeded: quota),
        ]
    }
}

extension Memory {
    private func entry(of owner: Owner) -> OwnerEntry? { OwnerEntry(Int(owner.number), in: eeprom, geometry) }

    private func offset(of owner: Owner) -> Int {
        geometry.ownerTableOffset + Int(owner.number) * Geometry.ownerEntrySize
    }

    /// Whether `owner` is in the table.
    public func exists(_ owner: Owner) -> Bool { entry(of: owner) != nil }

    /// The quota of `owner` in octets: what it may take with all that belongs to it; nil: none.
    public func quota(of owner: Owner) -> UInt32? { entry(of: owner)?.quota }

    /// What `owner` has reserved, in octets: so much it can take whatever others take.
    public func reserved(of owner: Owner) -> Int { (entry(of: owner)?.reservedPages ?? 0) * Geometry.pageSize }

    /// The owner that `owner` belongs to.
    public func parent(of owner: Owner) -> Owner? { entry(of: owner)?.parent }

    /// How many octets the pages of `owner` itself take.
    public func usage(of owner: Owner) -> Int {
        Int(accounts[Int(owner.number)].pages) * Geometry.pageSize
    }

    /// Enters an owner that belongs to `parent`, under the lowest free number.
    ///
    /// - Parameters:
    ///   - quota: how many octets it may take with all that belongs to it; nil: no limit.
    ///   - reserved: how many octets it can take whatever others take; whole pages are reserved. Only in an image of
    ///     format 1.1.
    /// - Throws: 6A84 where all numbers are taken, or `reserved` is more than the quota, or than there is for `parent`.
    public mutating func createOwner(
        parent: Owner?,
        quota: UInt32?,
        reserved: UInt32 = 0
    ) throws(StatusWord) -> Owner {
        let pages = (Int(reserved) + Geometry.pageSize - 1) / Geometry.pageSize
        let most = geometry.minorVersion > 0 ? OwnerEntry.mostReserved : 0
        let limit = quota.map { Int($0) / Geometry.pageSize } ?? most
        guard pages <= min(most, limit), pages <= allowance(of: parent) else { throw .notEnoughMemory }
        for number in UInt8(1)...254 {
            let owner = Owner(number: number)
            // One whose pages the transaction frees is not taken again before it has committed.
            guard !exists(owner), accounts[Int(number)].pages == 0 else { continue }
            try write(OwnerEntry(parent: parent, quota: quota, reservedPages: pages), of: owner)
            charge(pages, to: parent)
            return owner
        }
        throw .notEnoughMemory
    }

    /// Gives `owner` another quota in octets (nil: none).
    ///
    /// - Throws: 6A84 where it takes or has reserved more; 6A88 where the owner is not in the table.
    public mutating func setQuota(_ quota: UInt32?, of owner: Owner) throws(StatusWord) {
        guard var entry = entry(of: owner) else { throw .referencedDataNotFound }
        if let quota, charge(of: owner) > Int(quota) / Geometry.pageSize { throw .notEnoughMemory }
        entry.quota = quota
        try write(entry, of: owner)
    }

    /// Has `owner` belong to another one, with all that belongs to it.
    ///
    /// - Throws: 6A84 where the quotas of that one and of those that it belongs to, or what others have reserved, leave
    ///   too little; 6985 where that one belongs to `owner`; 6A88 where one of them is not in the table.
    public mutating func setParent(_ parent: Owner, of owner: Owner) throws(StatusWord) {
        guard var entry = entry(of: owner), exists(parent) else { throw .referencedDataNotFound }
        guard entry.parent != parent else { return }
        var place: Owner? = parent
        for _ in 0..<Geometry.ownerCount {
            guard let current = place else { break }
            guard current != owner else { throw .conditionsNotSatisfied }
            place = self.parent(of: current)
        }
        let pages = charge(of: owner)
        charge(-pages, to: entry.parent)
        guard pages <= allowance(of: parent) else {
            charge(pages, to: entry.parent)
            throw .notEnoughMemory
        }
        charge(pages, to: parent)
        entry.parent = parent
        try write(entry, of: owner)
    }

    /// Takes `owner` from the table, and gives back what it has reserved.
    ///
    /// - Throws: 6985 while it has pages that the transaction does not free, while others belong to it, or for the card
    ///   itself.
    public mutating func removeOwner(_ owner: Owner) throws(StatusWord) {
        guard owner != .card, Int(accounts[Int(owner.number)].pages) == pagesToFree(of: owner) else {
            throw .conditionsNotSatisfied
        }
        for number in UInt8(0)...254 {
            guard parent(of: Owner(number: number)) != owner else { throw .conditionsNotSatisfied }
        }
        // The pages that are to be erased belong to nobody until they are.
        charge(-charge(of: owner), to: parent(of: owner))
        charge(Int(accounts[Int(owner.number)].load), to: nil)
        try clear(at: offset(of: owner), count: Geometry.ownerEntrySize)
    }

    private mutating func write(_ entry: OwnerEntry, of owner: Owner) throws(StatusWord) {
        let octets = entry.octets
        try octets.withView { (view) throws(StatusWord) in
            try change(at: offset(of: owner), to: view)
        }
    }

    /// Writes the octets of `view` at `offset` of the image.
    mutating func change(at offset: Int, to view: OctetView) throws(StatusWord) {
        if let source = view.withUnsafeBytes({ $0.baseAddress }), view.count > 0 {
            try change(at: offset, to: source, count: view.count)
        }
    }
}
