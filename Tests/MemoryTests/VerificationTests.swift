import Memory
import Octets
import Testing

/// What `Memory.defects(of:)` finds: each reason, at its offset. For 65,536 octets the owner table starts at octet 64,
/// the journal at 2,112, the page table at 6,208, the data pages at page 161.
@Suite struct VerificationTests {
    static let owners = 64
    static let journal = 2_112
    static let table = 6_208

    let image = TestImage()
    /// An object of three pages, 161 to 163, and one of one page, 164, of owner 1, whose quota is 256 octets.
    let objects: [ObjectReference]

    init() throws {
        var memory = try Memory(mounting: image.buffer)
        let owner = try memory.createOwner(parent: .card, quota: 256)
        let long = try memory.allocate(.file, owner: owner, length: 180)
        let short = try memory.allocate(.pinCodes, owner: owner, length: 10)
        try write([UInt8](repeating: 0, count: 180), to: long, at: 0, &memory)
        try write([UInt8](repeating: 0, count: 10), to: short, at: 0, &memory)
        memory.commit()
        objects = [long, short]
    }

    private func defects(_ image: TestImage) -> [ImageDefect] {
        Memory.defects(of: UnsafeRawBufferPointer(image.buffer))
    }

    private func changed(_ offset: Int, _ new: [UInt8]) -> TestImage {
        let copy = TestImage()
        copy.octets = image.octets
        for (index, octet) in new.enumerated() { copy.buffer[offset + index] = octet }
        return copy
    }

    @Test func aRightImageHasNone() {
        #expect(objects.map(\.page) == [161, 164])
        #expect(defects(image) == [])
        #expect(defects(TestImage()) == [])
    }

    @Test(arguments: [
        // Superblock: magic, major version, size, checksum
        (0, "00", ImageDefect.Reason.foreign, 0), (8, "0002", .version, 8), (15, "01", .superblockChecksum, 60),
        (45, "00", .superblockChecksum, 60), (63, "00", .superblockChecksum, 60),
        // Owners
        (owners, "FFFFFFFFFFFFFFFF", .cardOwner, owners), (owners + 8 * 5, "02", .ownerEntry, owners + 8 * 5),
        (owners + 8 * 5 + 7, "00", .ownerEntry, owners + 8 * 5 + 7),
        (owners + 8 + 2, "0005", .ownerReservation, owners + 10), (owners + 2, "FFFE", .ownerReservation, owners + 2),
        (owners + 8 * 255, "01FFFFFFFFFFFFFF", .ownerEntry, owners + 8 * 255),
        (owners + 8 + 1, "07", .ownerParent, owners + 9), (owners + 8 + 1, "01", .ownerParent, owners + 9),
        (owners + 8 + 4, "000000FF", .ownerQuota, owners + 12),
        // Page table: an entry of a page that holds no data; all that an entry can be
        (table + 4 * 5, "00", .reservedPageEntry, table + 4 * 5),
        (table + 4 * 161, "00", .pageEntry, table + 4 * 161), (table + 4 * 161, "C4", .pageEntry, table + 4 * 161),
        (table + 4 * 164, "4007FFFF", .pageEntry, table + 4 * 164),
        (table + 4 * 162, "880400A3", .pageEntry, table + 4 * 162),
        (table + 4 * 164, "7007FFFF", .objectKind, table + 4 * 164),
        (table + 4 * 164, "480BFFFF", .pageOwner, table + 4 * 164),
        (table + 4 * 161, "44040003", .pageLink, table + 4 * 161),
        (table + 4 * 161, "440403FF", .pageLink, table + 4 * 161),
        (table + 4 * 161, "44040400", .pageLink, table + 4 * 161),
        (table + 4 * 161, "440400A4", .pageLink, table + 4 * 161),
        (table + 4 * 162, "800000A3", .pageLink, table + 4 * 161),
        (table + 4 * 163, "800400A2", .pageShared, table + 4 * 162),
        (table + 4 * 164, "480400A2", .pageShared, table + 4 * 162),
        (table + 4 * 161, "4407FFFF", .pageOrphan, table + 4 * 162),
        // Objects and free pages
        (161 * 64, "00000000", .objectLength, 161 * 64), (161 * 64, "FFFFFFFF", .objectLength, 161 * 64),
        (164 * 64 + 14, "00", .objectTail, 164 * 64 + 14), (164 * 64 + 63, "7F", .objectTail, 164 * 64 + 63),
        (table + 4 * 164, "FFFFFFFF", .freePage, 164 * 64), (1_023 * 64 + 63, "00", .freePage, 65_535),
    ])
    func eachDefect(offset: Int, new: String, reason: ImageDefect.Reason, place: Int) throws {
        let image = changed(offset, try #require(Hex.octets(new)))
        let before = image.octets
        let found = defects(image)
        #expect(found.contains(ImageDefect(offset: place, reason: reason)), "\(found)")
        #expect(found.map(\.offset) == found.map(\.offset).sorted())
        do throws(ImageDefect) {
            _ = try Memory(mounting: image.buffer)
            Issue.record("mounted")
        } catch { #expect(error == found.first) }
        #expect(image.octets == before)
    }

    // Lengths of 176 to 188 octets take three pages, so that the page table alone cannot tell.
    @Test func aLengthWithinTheLastPageLeavesOctetsBehindTheContent() {
        #expect(defects(changed(161 * 64 + 3, [179])) == [ImageDefect(offset: 163 * 64 + 55, reason: .objectTail)])
        #expect(defects(changed(161 * 64 + 3, [188])) == [])
        #expect(defects(changed(161 * 64 + 3, [189])) == [ImageDefect(offset: 161 * 64, reason: .objectLength)])
    }

    @Test func theEndOfTheFile() {
        let octets = image.octets
        for (count, defect) in [
            (0, ImageDefect(offset: 0, reason: .foreign)), (7, ImageDefect(offset: 0, reason: .foreign)),
            (63, ImageDefect(offset: 63, reason: .truncated)),
            (65_535, ImageDefect(offset: 65_535, reason: .truncated)),
        ] { #expect(octets.prefix(count).withUnsafeBytes { Memory.defects(of: $0) } == [defect]) }
        let long = octets + [0xFF]
        #expect(long.withUnsafeBytes { Memory.defects(of: $0) } == [ImageDefect(offset: 65_536, reason: .tooLong)])
    }

    /// A superblock with a right checksum, and one field changed.
    private func superblock(_ offset: Int, _ new: [UInt8]) -> TestImage {
        let image = changed(offset, new)
        image.octets.replaceSubrange(60..<64, with: Self.checksum(image.octets))
        return image
    }

    private static func checksum(_ octets: [UInt8]) -> [UInt8] {
        let checksum = Array(octets[0..<60]).withView { CRC32.of($0) }
        return (0..<4).map { UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * $0)) }
    }

    @Test func fieldsOfTheSuperblock() {
        for offset in stride(from: 16, to: 40, by: 4) {
            #expect(defects(superblock(offset, [1])) == [ImageDefect(offset: offset, reason: .superblock)])
        }
        #expect(defects(superblock(14, [1])) == [ImageDefect(offset: 12, reason: .superblock)])
        #expect(defects(superblock(59, [0])) == [ImageDefect(offset: 59, reason: .superblock)])
    }

    @Test func aHigherMinorVersionMayUseWhatIsReserved() throws {
        let image = superblock(10, [0, 2, 0, 1, 0, 0])
        #expect(defects(image) == [])
        let newer = TestImage()
        newer.octets = image.octets
        newer.buffer[45] = 0
        newer.octets.replaceSubrange(60..<64, with: Self.checksum(newer.octets))
        newer.buffer[Self.table + 4 * 164] = 0x70
        #expect(defects(newer) == [])
        _ = try Memory(mounting: newer.buffer)
    }

    // MARK: Journal

    /// A journal entry with its checksum.
    private func entry(_ kind: UInt8, _ offset: Int, _ count: Int, _ kept: [UInt8] = []) -> [UInt8] {
        func number(_ value: Int, _ width: Int) -> [UInt8] {
            (0..<width).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        }
        let head = [kind] + number(offset, 3) + number(count, 4) + kept
        return head + number(Int(head.withView { CRC32.of($0) }), 4)
    }

    @Test func entriesThatNoRecoveryMustFollow() {
        let start = Self.journal
        for (entries, place) in [
            (entry(0x02, 0, 64), start), (entry(0x01, 60, 8, [UInt8](repeating: 0, count: 8)), start),
            (entry(0x03, start, 64), start), (entry(0x03, start - 1, 2), start),
            (entry(0x02, Self.table - 1, 1), start), (entry(0x04, 1, 0), start), (entry(0x04, 0, 1), start),
            (entry(0x03, 161 * 64, 64) + entry(0x04, 0, 0) + entry(0x03, 162 * 64, 64), start + 24),
        ] {
            let image = changed(start, entries)
            let before = image.octets
            #expect(defects(image) == [ImageDefect(offset: place, reason: .journalEntry)])
            #expect(throws: ImageDefect.self) { _ = try Memory(mounting: image.buffer) }
            #expect(throws: ImageDefect.self) { _ = try Memory(inspecting: image.buffer) }
            #expect(image.octets == before)
        }
    }

    /// What is judged is the image after the recovery: this one is wrong before it, and not after it.
    @Test func anOpenJournalIsRecoveredFirst() throws {
        let old = Array(image.octets[161 * 64..<161 * 64 + 4])
        let torn = changed(Self.journal, entry(0x01, 161 * 64, 4, old))
        for index in 0..<4 { torn.buffer[161 * 64 + index] = 0 }
        let before = torn.octets
        #expect(try Memory.journalState(of: UnsafeRawBufferPointer(torn.buffer)) == .open)
        #expect(defects(torn) == [])
        #expect(torn.octets == before)
        _ = try Memory(mounting: torn.buffer)
        #expect(torn.octets == image.octets)
    }

    /// This one is right before the recovery, and wrong after it: it is left as it is.
    @Test func whatTheRecoveryWouldSpoilIsRefused() throws {
        let image = changed(Self.journal, entry(0x03, 164 * 64, 64) + entry(0x04, 0, 0))
        let before = image.octets
        #expect(try Memory.journalState(of: UnsafeRawBufferPointer(image.buffer)) == .committed)
        // Its length, FFFFFFFF, does not fit one page any more.
        #expect(defects(image) == [ImageDefect(offset: 164 * 64, reason: .objectLength)])
        #expect(throws: ImageDefect(offset: 164 * 64, reason: .objectLength)) {
            _ = try Memory(mounting: image.buffer)
        }
        #expect(image.octets == before)
    }

    @Test func aJournalThatHoldsNoEntryIsNoDefect() throws {
        let image = changed(Self.journal, [0x81, 0, 0, 0])
        #expect(try Memory.journalState(of: UnsafeRawBufferPointer(image.buffer)) == .closedNotErased)
        #expect(defects(image) == [])
        _ = try Memory(mounting: image.buffer)
        #expect(image.octets == self.image.octets)
    }

    // MARK: Anything

    @Test func anyOctetsAreReadToTheEnd() {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for round in 0..<300 {
            let image = changed(0, [])
            for _ in 0..<Int.random(in: 1...80, using: &random) {
                let start = [64, Self.journal, Self.table + 4 * 160, 161 * 64].randomElement(using: &random) ?? 0
                let width = start == 64 ? 2_048 : 256
                image.buffer[start + Int.random(in: 0..<width, using: &random)] = UInt8.random(
                    in: 0...255,
                    using: &random
                )
            }
            if round % 10 == 0 {
                for offset in 64..<image.buffer.count {
                    image.buffer[offset] = UInt8.random(in: 0...255, using: &random)
                }
            }
            let before = image.octets
            let found = defects(image)
            do throws(ImageDefect) {
                _ = try Memory(mounting: image.buffer)
                #expect(found == [] && defects(image) == [])
            } catch {
                #expect(error == found.first)
                #expect(image.octets == before)
            }
        }
    }
}
