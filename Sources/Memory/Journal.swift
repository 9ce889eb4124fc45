import Octets

/// The journal: what the transaction under way would have to undo, or still has to do. docs/memory-image.md section 5.
///
/// Promise: after a power failure in any program operation, `recover` brings the image to the state before the
/// transaction or to the one after it, also if the power fails again while it does; octet for octet, this region
/// included. The tests cut the power in each operation of scripted flows, and compare with a model.
struct Journal: ~Copyable {
    enum Kind: UInt8 {
        case restore = 0x01
        case release = 0x02
        case dispose = 0x03
        case committed = 0x04
    }

    struct Entry {
        let kind: Kind
        /// What it speaks of: offset in the image and length.
        let offset: Int
        let length: Int
        /// Where the entry itself starts and ends, counted from the start of the journal.
        let start: Int
        let end: Int
    }

    static let headerSize = 8
    static let checksumSize = 4
    static let doneMark: UInt8 = 0x80

    private let start: Int
    private let size: Int
    private let imageSize: Int
    /// How many octets the entries of the transaction under way take; 0: none is under way.
    private(set) var length = 0
    private(set) var hasDisposals = false

    init(_ geometry: Geometry) {
        start = geometry.journalOffset
        size = geometry.journalSize
        imageSize = geometry.size
    }

    /// Room for further entries, in octets.
    var room: Int { size - length }

    /// Appends an entry that covers `count` octets at `offset`, with those octets if it is one to restore them.
    ///
    /// - Throws: 6581 where the journal has no room for it.
    mutating func append(_ kind: Kind, offset: Int, count: Int, to eeprom: inout EEPROM) throws(StatusWord) {
        let kept = kind == .restore ? count : 0
        let total = Self.headerSize + kept + Self.checksumSize
        // Room for the entry that commits must stay.
        let reserve = kind == .committed ? 0 : Self.headerSize + Self.checksumSize
        guard kept <= size, total + reserve <= room else { throw .memoryProblem }
        withUnsafeTemporaryAllocation(byteCount: total, alignment: 8) { buffer in
            var writer = OctetWriter(buffer)
            writer.append(number: UInt32(kind.rawValue) << 24 | UInt32(truncatingIfNeeded: offset), minimum: 4)
            writer.append(number: UInt32(truncatingIfNeeded: count), minimum: 4)
            writer.append(OctetView(UnsafeRawBufferPointer(start: eeprom.base + offset, count: kept)))
            writer.append(number: CRC32.of(writer.view), minimum: 4)
            if let source = buffer.baseAddress {
                eeprom.program(source, at: start + length, count: total)
            }
        }
        length += total
        if kind == .dispose { hasDisposals = true }
    }

    /// The entry that starts at `position` (octets from the start of the journal); nil where none counts.
    func entry(at position: Int, in eeprom: borrowing EEPROM) -> Entry? {
        guard position <= size - Self.headerSize - Self.checksumSize else { return nil }
        let place = start + position
        let head = eeprom.uint32(at: place)
        guard let kind = Kind(rawValue: UInt8(truncatingIfNeeded: head >> 24)) else { return nil }
        let offset = Int(head & 0xFF_FFFF)
        let count = Int(eeprom.uint32(at: place + 4))
        guard count <= imageSize, offset <= imageSize - count else { return nil }
        let covered = Self.headerSize + (kind == .restore ? count : 0)
        guard covered + Self.checksumSize <= size - position else { return nil }
        let octets = OctetView(UnsafeRawBufferPointer(start: eeprom.base + place, count: covered))
        guard CRC32.of(octets) == eeprom.uint32(at: place + covered) else { return nil }
        return Entry(
            kind: kind,
            offset: offset,
            length: count,
            start: position,
            end: position + covered + Self.checksumSize
        )
    }

    /// Undoes what the entries say, last one first, and closes.
    mutating func rollBack(in eeprom: inout EEPROM) {
        var starts: [Int] = []
        var position = 0
        while let entry = entry(at: position, in: eeprom) {
            starts.append(position)
            position = entry.end
        }
        length = max(length, position)
        for start in starts.reversed() {
            guard let entry = entry(at: start, in: eeprom) else { continue }
            switch entry.kind {
            case .restore:
                eeprom.program(
                    eeprom.base + self.start + start + Self.headerSize,
                    at: entry.offset,
                    count: entry.length
                )
            case .release: eeprom.erase(at: entry.offset, count: entry.length)
            case .dispose, .committed: break
            }
        }
        close(in: &eeprom)
    }

    /// Ends the journal: from the done mark on nothing in it counts.
    mutating func close(in eeprom: inout EEPROM) {
        var mark = eeprom.octet(at: start) | Self.doneMark
        eeprom.program(&mark, at: start, count: 1)
        eeprom.erase(at: start, count: length)
        length = 0
        hasDisposals = false
    }

    /// Finishes what a power failure interrupted.
    mutating func recover(in eeprom: inout EEPROM) {
        var position = 0
        var isCommitted = false
        while let entry = entry(at: position, in: eeprom) {
            position = entry.end
            if entry.kind == .committed { isCommitted = true }
        }
        if position > 0 {
            // Behind the last entry that counts a torn one may stand.
            length = size
            if isCommitted {
                eraseDisposed(in: &eeprom)
                close(in: &eeprom)
            } else {
                rollBack(in: &eeprom)
            }
        } else {
            eeprom.erase(at: start, count: size)
        }
    }

    /// Erases what the entries to dispose of name.
    func eraseDisposed(in eeprom: inout EEPROM) {
        var position = 0
        while let entry = entry(at: position, in: eeprom) {
            position = entry.end
            if entry.kind == .dispose { eeprom.erase(at: entry.offset, count: entry.length) }
        }
    }

    /// Calls `body` with the range in the image of each entry to dispose of.
    func forEachDisposal(in eeprom: borrowing EEPROM, _ body: (Range<Int>) -> Void) {
        var position = 0
        while let entry = entry(at: position, in: eeprom) {
            position = entry.end
            if entry.kind == .dispose { body(entry.offset..<entry.offset + entry.length) }
        }
    }
}
