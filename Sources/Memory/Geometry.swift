import Octets

/// Where the regions of an image lie: docs/memory-image.md sections 2 and 3.
public struct Geometry: Equatable, Sendable {
    /// Octets in a page, the unit of a program operation.
    public static let pageSize = 64
    /// The sizes that an image may have, in octets; always a multiple of `sizeUnit`. The upper end
    /// keeps the number of the last page free to mean "no next page".
    public static let sizes = 65_536...16_773_120
    /// The unit of the size of an image, in octets.
    public static let sizeUnit = 4_096
    /// The size of an image unless told otherwise, in octets.
    public static let defaultSize = 524_288

    static let magic: StaticString = "VEUICC\r\n"
    /// The major version of the format that this program reads and writes.
    public static let majorVersion: UInt16 = 1
    static let knownMinorVersion: UInt16 = 1
    static let ownerTableFirstPage = 1
    static let ownerEntrySize = 8
    static let ownerCount = 256
    static let journalFirstPage = ownerTableFirstPage + ownerCount * ownerEntrySize / pageSize
    static let pageEntrySize = 4
    static let reservedOffset = 40
    static let checksumOffset = 60

    /// The size of the image in octets.
    public let size: Int
    /// The minor version of the format. A higher one than this program knows may use what is reserved here.
    public private(set) var minorVersion: UInt16
    /// How many pages the journal has.
    public let journalPages: Int
    /// The first page of the page table.
    public let pageTableFirstPage: Int
    /// The first page that can hold data.
    public let firstDataPage: Int

    /// How many pages the image has.
    public var pageCount: Int { size / Self.pageSize }
    /// How many pages can hold data.
    public var dataPages: Int { pageCount - firstDataPage }

    /// Whether this program knows the meaning of everything that an image of the minor version can hold.
    public var isKnownVersion: Bool { minorVersion <= Self.knownMinorVersion }

    var journalOffset: Int { Self.journalFirstPage * Self.pageSize }
    var journalSize: Int { journalPages * Self.pageSize }
    var pageTableOffset: Int { pageTableFirstPage * Self.pageSize }
    var ownerTableOffset: Int { Self.ownerTableFirstPage * Self.pageSize }

    /// The regions of an image of `size` octets; nil for a size that no image has.
    public init?(size: Int) {
        guard Self.sizes.contains(size), size % Self.sizeUnit == 0 else { return nil }
        self.size = size
        minorVersion = Self.knownMinorVersion
        journalPages = min(65_536, max(4_096, size / 16)) / Self.pageSize
        pageTableFirstPage = Self.journalFirstPage + journalPages
        let pageTableSize = size / Self.pageSize * Self.pageEntrySize
        firstDataPage = pageTableFirstPage + (pageTableSize + Self.pageSize - 1) / Self.pageSize
    }

    /// Reads the superblock of `image`.
    ///
    /// - Throws: the first thing that is wrong with it: truncated, foreign, of another version, corrupted.
    public init(superblockOf image: UnsafeRawBufferPointer) throws(ImageDefect) {
        let view = OctetView(image)
        let magic = Self.magic
        let isOurs = magic.withUTF8Buffer { view.starts(with: OctetView(UnsafeRawBufferPointer($0))) }
        guard isOurs else { throw ImageDefect(offset: 0, reason: .foreign) }
        guard view.count >= Self.pageSize else { throw ImageDefect(offset: view.count, reason: .truncated) }
        guard view.uint16(at: 8) == Self.majorVersion else { throw ImageDefect(offset: 8, reason: .version) }
        let checksum = CRC32.of(view.part(from: 0, length: Self.checksumOffset))
        guard view.part(from: Self.checksumOffset, length: 4).number == checksum else {
            throw ImageDefect(offset: Self.checksumOffset, reason: .superblockChecksum)
        }
        guard let size = view.part(from: 12, length: 4).number, let geometry = Geometry(size: Int(size)) else {
            throw ImageDefect(offset: 12, reason: .superblock)
        }
        guard view.count >= geometry.size else { throw ImageDefect(offset: view.count, reason: .truncated) }
        guard view.count == geometry.size else { throw ImageDefect(offset: geometry.size, reason: .tooLong) }
        for (index, expected) in geometry.fields.enumerated() {
            let offset = 12 + 4 * index
            guard view.part(from: offset, length: 4).number == expected else {
                throw ImageDefect(offset: offset, reason: .superblock)
            }
        }
        self = geometry
        minorVersion = view.uint16(at: 10) ?? Self.knownMinorVersion
    }

    /// The numbers of the superblock from offset 12 on.
    private var fields: [UInt32] {
        [
            size, Self.pageSize, Self.ownerTableFirstPage, Self.journalFirstPage, journalPages, pageTableFirstPage,
            firstDataPage,
        ].map { UInt32(truncatingIfNeeded: $0) }
    }

    /// The superblock, one page.
    var superblock: [UInt8] {
        var page = [UInt8](repeating: 0xFF, count: Self.pageSize)
        page.withUnsafeMutableBytes { buffer in
            var writer = OctetWriter(buffer)
            Self.magic.withUTF8Buffer { writer.append(OctetView(UnsafeRawBufferPointer($0))) }
            writer.append(Self.majorVersion)
            writer.append(Self.knownMinorVersion)
            for field in fields { writer.append(number: field, minimum: 4) }
            let end = Self.checksumOffset
            let checksum = CRC32.of(OctetView(UnsafeRawBufferPointer(buffer)).part(from: 0, length: end))
            var tail = OctetWriter(UnsafeMutableRawBufferPointer(rebasing: buffer[end...]))
            tail.append(number: checksum, minimum: 4)
        }
        return page
    }
}
