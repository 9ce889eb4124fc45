/// One entry of the page table: docs/memory-image.md section 6.
struct PageEntry: Equatable {
    /// The kind of an object, 1 to 15, as it stands on the object's first page.
    typealias Kind = UInt8

    static let free = PageEntry(rawValue: .max)
    static let noNext: UInt32 = 0x3_FFFF
    private static let first: UInt32 = 0x4000_0000
    private static let further: UInt32 = 0x8000_0000

    let rawValue: UInt32

    init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The first page of an object of `kind`, or a further page where `kind` is nil.
    init(kind: Kind?, owner: UInt8, next: UInt32) {
        let role = kind.map { Self.first | UInt32($0 & 0x0F) << 26 } ?? Self.further
        rawValue = role | UInt32(owner) << 18 | next & Self.noNext
    }

    var isFree: Bool { self == .free }
    var isFirst: Bool { rawValue & 0xC000_0000 == Self.first }
    var isFurther: Bool { rawValue & 0xC000_0000 == Self.further }
    var kind: Kind { UInt8(truncatingIfNeeded: rawValue >> 26 & 0x0F) }
    var owner: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 18) }
    var next: UInt32 { rawValue & Self.noNext }

    /// The same page with another next one.
    func linked(to next: UInt32) -> PageEntry {
        PageEntry(rawValue: rawValue & ~Self.noNext | next & Self.noNext)
    }

    /// The same page with another owner.
    func owned(by owner: UInt8) -> PageEntry {
        PageEntry(rawValue: rawValue & ~(0xFF << 18) | UInt32(owner) << 18)
    }
}
