import Card
import Foundation
import ImageFile
import Memory
import Octets
import Testing

/// Whatever is wrong with an image, the card refuses it with offset and reason and leaves it as it is, or can use it.
@Suite struct DamagedImageTests {
    static let fixture = Vectors.folder.appending(path: "images/format-1.0.img").path
    let octets: [UInt8]
    let geometry: Geometry

    init() throws {
        octets = try Vectors.octets("images/format-1.0.img")
        geometry = try #require(Geometry(size: octets.count))
    }

    private func defects(_ octets: [UInt8]) -> [ImageDefect] {
        octets.withUnsafeBytes { Card.defects(of: $0) }.filter { !$0.reason.isRemark }
    }

    /// Every octet of the superblock and of each table; those that are not erased in one bit and in all. Of the journal,
    /// which is erased, its start and one octet in sixteen.
    @Test func eachOctetOfTheTablesIsRefusedOrUnused() throws {
        let tableEnd = geometry.firstDataPage * Geometry.pageSize
        var mutations: [Mutation] = []
        let journal = 33 * 64 + 64..<geometry.pageTableFirstPage * 64
        for offset in 0..<tableEnd where !journal.contains(offset) || offset % 16 == 0 {
            if octets[offset] != 0xFF || offset % 2 == 0 { mutations.append(Mutation(offset: offset, mask: 0xFF)) }
            if octets[offset] != 0xFF || offset % 2 == 1 {
                mutations.append(Mutation(offset: offset, mask: 1 << UInt8(offset / 2 % 8)))
            }
        }
        var verdicts: [Bool] = []
        for mutation in mutations {
            var changed = octets
            changed[mutation.offset] ^= mutation.mask
            let isRight = defects(changed).isEmpty
            verdicts.append(isRight)
            do throws(ImageDefect) {
                let card = try CopiedCard(changed)
                #expect(card.send("00B0820000").hasSuffix("9000") || !isRight, "\(mutation)")
            } catch {
                #expect(!isRight, "\(mutation): \(error)")
            }
        }
        // Python is slower: the equal entries of what is not in use are few there.
        let chosen = mutations.indices.filter { index in
            octets[mutations[index].offset] != 0xFF || index % 7 == 0 || mutations[index].offset < 128
        }
        let answers = try ImageReader.accepts(chosen.map { mutations[$0] }, of: Self.fixture)
        #expect(answers.count == chosen.count)
        for (index, answer) in zip(chosen, answers) { #expect(answer == verdicts[index], "\(mutations[index])") }
        print("\(mutations.count) mutations, \(chosen.count) with the reader, \(verdicts.count { $0 }) accepted")
    }

    /// Every octet of what the objects hold, for both verifiers.
    @Test func bothVerifiersAgreeOnEachOctetOfTheObjects() throws {
        let start = geometry.firstDataPage * Geometry.pageSize
        let end = try #require(octets.lastIndex { $0 != 0xFF }) + 64
        let mutations = stride(from: start, to: end, by: 1).filter { offset in
            // Of long bodies and free pages one octet in seven is enough.
            octets[offset] != 0xFF && octets[offset] != 0x30 || offset % 7 == 0
        }.map { Mutation(offset: $0, mask: $0 % 2 == 0 ? 0xFF : 1 << UInt8($0 / 2 % 8)) }
        let answers = try ImageReader.accepts(mutations, of: Self.fixture)
        for (mutation, answer) in zip(mutations, answers) {
            var changed = octets
            changed[mutation.offset] ^= mutation.mask
            #expect(defects(changed).isEmpty == answer, "\(mutation): \(defects(changed))")
        }
        print("\(mutations.count) mutations")
    }

    /// Several octets at random: no trap, and the card stays usable or refuses.
    @Test func anyDamageIsReadToTheEnd() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = RepeatableGenerator(state: seed)
        let end = try #require(octets.lastIndex { $0 != 0xFF }) + 64
        for _ in 0..<200 {
            var changed = octets
            for _ in 0..<Int.random(in: 1...60, using: &random) {
                changed[Int.random(in: 64..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let found = defects(changed)
            do throws(ImageDefect) {
                let card = try CopiedCard(changed)
                for command in ["00A40004022F10", "00B2010403", "00A4000C027F20", "00B0820000", "0020000100"] {
                    #expect(card.send(command).count >= 4)
                }
            } catch { #expect(found.contains(error)) }
        }
    }

    /// Thousands of objects that all claim the same pages, so that their contents together are far larger than the image.
    @Test(.timeLimit(.minutes(1)), arguments: [ObjectKind.file, .pinCodes, .profileHeader, .registryEntry, .keySet])
    func objectsThatShareTheirPagesAreNotReadWithoutEnd(kind: ObjectKind) throws {
        let image = UnsafeMutableRawBufferPointer.allocate(byteCount: 1_048_576, alignment: 4_096)
        defer { image.deallocate() }
        #expect(Memory.format(image))
        let geometry = try #require(Geometry(size: image.count))
        let shared = geometry.firstDataPage..<geometry.pageCount / 2
        func set(_ value: Int, at offset: Int) {
            image.storeBytes(of: UInt32(truncatingIfNeeded: value).bigEndian, toByteOffset: offset, as: UInt32.self)
        }
        for page in geometry.firstDataPage..<geometry.pageCount {
            let isShared = shared.contains(page)
            let next = isShared ? page + 1 == shared.upperBound ? 0x3FFFF : page + 1 : shared.lowerBound
            let role = isShared ? 0x8000_0000 : 0x4000_0000 | Int(kind.rawValue) << 26
            set(role | next, at: geometry.pageTableFirstPage * 64 + page * 4)
            image[page * 64..<page * 64 + 64].copyBytes(from: [UInt8](repeating: 0, count: 64))
            if !isShared { set((shared.count + 1) * 64 - 4, at: page * 64) }
            // The attributes of a file, as long as can be.
            if !isShared { set(0xFFFF, at: page * 64 + 28) }
        }
        #expect(Card.defects(of: UnsafeRawBufferPointer(image)).count > geometry.dataPages / 3)
    }

    /// A card that shares its image with others verifies it without a page of its own.
    @Test func openingCopiesNoPage() throws {
        let base = try BaseImage(file: Self.fixture)
        let image = try base.ephemeral()
        let card = try Card(image: image.octets, environment: Environment(seed: []))
        #expect(card.answerToReset.count > 2)
        let table = open("/proc/self/pagemap", O_RDONLY)
        defer { close(table) }
        var entries = [UInt64](repeating: 0, count: image.octets.count / 4_096)
        let first = UInt(bitPattern: image.octets.baseAddress) / 4_096
        #expect(pread(table, &entries, entries.count * 8, off_t(first * 8)) == entries.count * 8)
        // Bit 63: the page is there; bit 61: it is the file's.
        #expect(entries.allSatisfy { $0 >> 63 == 1 && $0 >> 61 & 1 == 1 })
        withExtendedLifetime((base, image)) {}
    }

    /// The errors name offset and reason, and the files stay as they are.
    @Test func filesThatAreRefusedStayAsTheyAre() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        func changed(_ offset: Int, _ new: [UInt8]) -> [UInt8] {
            var copy = octets
            copy.replaceSubrange(offset..<offset + new.count, with: new)
            return copy
        }
        let table = geometry.pageTableFirstPage * 64
        let damaged: [([UInt8], ImageDefect)] = [
            (changed(0, [0x7F]), ImageDefect(offset: 0, reason: .foreign)),
            (changed(8, [0, 2]), ImageDefect(offset: 8, reason: .version)),
            (changed(15, [1]), ImageDefect(offset: 60, reason: .superblockChecksum)),
            (
                octets + [UInt8](repeating: 0xFF, count: 4_096),
                .init(offset: 65_536, reason: .tooLong)
            ),
            (changed(64, [UInt8](repeating: 0xFF, count: 8)), ImageDefect(offset: 64, reason: .cardOwner)),
            (changed(table, [0]), ImageDefect(offset: table, reason: .reservedPageEntry)),
            (changed(65_535, [0]), ImageDefect(offset: 65_535, reason: .freePage)),
        ]
        for (number, (octets, defect)) in damaged.enumerated() {
            let file = folder.appending(path: "\(number)")
            try Data(octets).write(to: file)
            let image = try CardImage(file: file.path)
            do throws(ImageDefect) {
                _ = try Card(image: image.octets, environment: Environment(seed: []))
                Issue.record("\(defect) was not found")
            } catch {
                #expect(error == defect || Memory.defects(of: UnsafeRawBufferPointer(image.octets)).contains(defect))
            }
            withExtendedLifetime(image) {}
            #expect(try Data(contentsOf: file) == Data(octets), "\(defect)")
        }
        let truncated = folder.appending(path: "truncated")
        try Data(octets.dropLast(4_096)).write(to: truncated)
        #expect(throws: ImageFileError.self) { _ = try CardImage(file: truncated.path) }
        #expect(try Data(contentsOf: truncated) == Data(octets.dropLast(4_096)))
        #expect(defects(octets.dropLast(4_096)) == [ImageDefect(offset: 61_440, reason: .truncated)])
        #expect(defects([]) == [ImageDefect(offset: 0, reason: .foreign)])
    }
}

/// A generator of repeatable random numbers (Knuth's MMIX constants).
struct RepeatableGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}
