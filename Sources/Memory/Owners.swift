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

    static let inUse: UInt8 = 0x01
    private static let none: UInt32 = .max

    init(parent: Owner?, quota: UInt32?) {
        self.parent = parent
        self.quota = quota
    }

    /// nil for an erased entry.
    init?(in eeprom: borrowing EEPROM, at offset: Int) {
        guard eeprom.octet(at: offset) == Self.inUse else { return nil }
        let parent = eeprom.octet(at: offset + 1)
        self.parent = parent == 0xFF ? nil : Owner(number: parent)
        let quota = eeprom.uint32(at: offset + 4)
        self.quota = quota == Self.none ? nil : quota
    }

    var octets: [UInt8] {
        let quota = quota ?? Self.none
        return [
            Self.inUse, parent?.number ?? 0xFF, 0xFF, 0xFF,
            UInt8(truncatingIfNeeded: quota >> 24), UInt8(truncatingIfNeeded: quota >> 16),
            UInt8(truncatingIfNeeded: quota >> 8), UInt8(truncatingIfNeeded: quota),
        ]
    }
}

extension Memory {
    private func ownerOffset(_ owner: Owner) -> Int {
        geometry.ownerTableOffset + Int(owner.number) * Geometry.ownerEntrySize
    }

    /// Whether `owner` is in the table.
    public func exists(_ owner: Owner) -> Bool {
        OwnerEntry(in: eeprom, at: ownerOffset(owner)) != nil
    }

    /// The quota of `owner` in octets; nil: none.
    public func quota(of owner: Owner) -> UInt32? {
        OwnerEntry(in: eeprom, at: ownerOffset(owner))?.quota
    }

    /// The owner that `owner` belongs to.
    public func parent(of owner: Owner) -> Owner? {
        OwnerEntry(in: eeprom, at: ownerOffset(owner))?.parent
    }

    /// How many octets the pages of `owner` take.
    public func usage(of owner: Owner) -> Int {
        Int(ownerPages[Int(owner.number)]) * Geometry.pageSize
    }

    /// Enters an owner that belongs to `parent`, with a quota in octets (nil: none), under the lowest free number.
    ///
    /// - Throws: 6A84 where all numbers are taken.
    public mutating func createOwner(parent: Owner?, quota: UInt32?) throws(StatusWord) -> Owner {
        for number in UInt8(1)...254 where !exists(Owner(number: number)) {
            let owner = Owner(number: number)
            try write(OwnerEntry(parent: parent, quota: quota), of: owner)
            return owner
        }
        throw .notEnoughMemory
    }

    /// Gives `owner` another quota in octets (nil: none). One below its use forbids allocations until enough is freed.
    ///
    /// - Throws: 6A88 where the owner is not in the table.
    public mutating func setQuota(_ quota: UInt32?, of owner: Owner) throws(StatusWord) {
        guard var entry = OwnerEntry(in: eeprom, at: ownerOffset(owner)) else { throw .referencedDataNotFound }
        entry.quota = quota
        try write(entry, of: owner)
    }

    /// Takes `owner` from the table.
    ///
    /// - Throws: 6985 while it has pages that the transaction does not free, or for the card itself.
    public mutating func removeOwner(_ owner: Owner) throws(StatusWord) {
        guard owner != .card, Int(ownerPages[Int(owner.number)]) == pagesToFree(of: owner) else {
            throw .conditionsNotSatisfied
        }
        try clear(at: ownerOffset(owner), count: Geometry.ownerEntrySize)
    }

    private mutating func write(_ entry: OwnerEntry, of owner: Owner) throws(StatusWord) {
        let octets = entry.octets
        try octets.withView { (view) throws(StatusWord) in
            try change(at: ownerOffset(owner), to: view)
        }
    }

    /// Writes the octets of `view` at `offset` of the image.
    mutating func change(at offset: Int, to view: OctetView) throws(StatusWord) {
        if let source = view.withUnsafeBytes({ $0.baseAddress }), view.count > 0 {
            try change(at: offset, to: source, count: view.count)
        }
    }
}
