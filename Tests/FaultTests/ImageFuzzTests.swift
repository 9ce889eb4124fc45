import Card
import Memory
import Octets
import Testing

/// Damaged images: they are refused, or there is a card that answers.
@Suite struct ImageFuzzTests {
    /// In the largest image, objects whose pages form rings: it is refused, and told about, in a bounded time.
    @Test func aRingOfPagesDoesNotHoldTheCardUp() throws {
        let image = try Fixture.personalised(size: Geometry.sizes.upperBound)
        let geometry = try Geometry(superblockOf: UnsafeRawBufferPointer(image.octets))
        for ring in Ring.allCases {
            try Setting.forEachSeed("rings, \(ring)", 1) { _ in
                let damaged = Block(image)
                ring.close(in: damaged, geometry)
                let before = Block(damaged)
                #expect(throws: ImageDefect.self) { _ = try FaultCard(damaged) }
                #expect(damaged.equals(before))
                let found = defects(of: damaged)
                #expect(!found.isEmpty)
            }
        }
    }

    @Test func aDamagedImageIsRefusedOrAnswers() throws {
        let image = try Fixture.personalised()
        let scripted = try CommandGenerator.scripted()
        var (refused, used) = (0, 0)
        try Setting.forEachSeed("images", 250) { seed in
            let damaged = Block(image)
            var damage = ImageDamage(seed: seed)
            // Every other image with its pages in order, so that there is a card on it.
            for _ in 0..<1 + seed % 4 { damage.damage(damaged, contentOnly: seed % 2 == 0) }
            do {
                let card = try FaultCard(damaged)
                used += 1
                var generator = CommandGenerator(seed: seed, scripted: scripted)
                var properties = Properties(card)
                let selection: [[UInt8]] = [
                    [0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00],
                    [0x00, 0xA4, 0x04, 0x04, 0x05, 0xA0, 0x00, 0x00, 0x00, 0x87],
                ]
                for command in CommandGenerator.opening + selection + (0..<40).map({ _ in generator.next() }) {
                    if let fault = properties.send(command, isSound: false) {
                        Issue.record("seed \(seed), \(Hex.string(command)): \(fault)")
                    }
                }
                card.card.powerOn()
            } catch is ImageDefect {
                refused += 1
            }
        }
        print("images: \(refused) refused, \(used) used")
        #expect(used > 0 && refused > 0 && used * 4 > refused)
    }
}

/// Pages that lead round.
private enum Ring: CaseIterable {
    /// The first page of each object leads to itself, and the object is as long as the image.
    case firstPages
    /// All free pages are those of one object, and the last one leads to the first, or to one in the middle.
    case allPages
    case half

    func close(in image: Block, _ geometry: Geometry) {
        let table = geometry.pageTableFirstPage * 64
        let pages = geometry.firstDataPage..<geometry.pageCount
        func entry(_ page: Int) -> UInt32 {
            UInt32(bigEndian: image.octets.loadUnaligned(fromByteOffset: table + page * 4, as: UInt32.self))
        }
        func link(_ page: Int, _ entry: UInt32, to next: Int) {
            let linked = entry & ~0x3_FFFF | UInt32(next)
            image.octets.storeBytes(of: linked.bigEndian, toByteOffset: table + page * 4, as: UInt32.self)
        }
        let firsts = pages.filter { entry($0) >> 30 == 1 }
        if self == .firstPages {
            for page in firsts {
                link(page, entry(page), to: page)
                image.octets.storeBytes(of: UInt32.max, toByteOffset: page * 64, as: UInt32.self)
            }
            return
        }
        guard let first = firsts.first, let further = pages.first(where: { entry($0) >> 30 == 2 }) else { return }
        let free = pages.filter { entry($0) == .max }
        let kind = entry(further)
        link(first, entry(first), to: free[0])
        for (page, next) in zip(free, free.dropFirst()) { link(page, kind, to: next) }
        link(free[free.count - 1], kind, to: self == .half ? free[free.count / 2] : free[0])
    }
}

/// Damages images where it hurts.
private struct ImageDamage {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private static let numbers: [UInt32] = [
        0, 1, 0x3F, 0x40, 0xFFFF, 0x3_FFFF, 0x7FFF_FFFF, 0x8000_0000, .max, 0xFFFF_FFF0,
    ]

    private mutating func number() -> UInt32 {
        random.chance(2) ? random.pick(Self.numbers) : UInt32(truncatingIfNeeded: random.next())
    }

    private func write(_ number: UInt32, _ image: Block, at offset: Int) {
        guard offset + 4 <= image.octets.count else { return }
        image.octets.storeBytes(of: number.bigEndian, toByteOffset: offset, as: UInt32.self)
    }

    private func read(_ image: Block, at offset: Int) -> UInt32 {
        UInt32(bigEndian: image.octets.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// - Parameter contentOnly: whether pages and owners stay in order.
    mutating func damage(_ image: Block, contentOnly: Bool) {
        guard let geometry = try? Geometry(superblockOf: UnsafeRawBufferPointer(image.octets)) else { return }
        let table = geometry.pageTableFirstPage * 64
        let used = (geometry.firstDataPage..<geometry.pageCount).filter { read(image, at: table + $0 * 4) != .max }
        let firsts = used.filter { read(image, at: table + $0 * 4) >> 30 == 1 }
        guard !used.isEmpty, !firsts.isEmpty else { return }
        if contentOnly { return content(image, geometry, firsts) }
        switch random.below(10) {
        case 9: image.octets[random.below(64)] = random.octet()
        case 0: image.octets[64 + random.below(image.octets.count - 64)] = random.octet()
        case 1:
            // The next page, within the data pages, so that rings appear.
            let place = table + random.pick(used) * 4
            let next = UInt32(geometry.firstDataPage + random.below(geometry.dataPages))
            write(
                read(image, at: place) & ~0x3_FFFF | (random.chance(2) ? UInt32(random.pick(used)) : next),
                image,
                at: place
            )
        case 2: write(number(), image, at: table + random.pick(used) * 4)
        case 3: write(random.chance(2) ? UInt32(random.below(1 << 20)) : number(), image, at: random.pick(firsts) * 64)
        case 4: write(number(), image, at: random.pick(firsts) * 64 + 4 + random.below(28))
        case 5: image.octets[random.pick(firsts) * 64 + 4 + random.below(58)] = random.octet()
        case 6: journal(image, geometry)
        case 7: write(number(), image, at: 64 + random.below(256) * 8 + random.pick([0, 4]))
        default:
            // Links and parents to other files.
            write(UInt32(random.pick(firsts)), image, at: random.pick(firsts) * 64 + 4 + random.pick([0, 22]))
        }
    }

    /// What an object holds.
    private mutating func content(_ image: Block, _ geometry: Geometry, _ firsts: [Int]) {
        let page = random.pick(firsts)
        let length = min(Int(read(image, at: page * 64)), 60)
        guard length > 0 else { return }
        switch random.below(4) {
        case 0: image.octets[page * 64 + 4 + random.below(length)] = random.octet()
        case 1: image.octets[page * 64 + 4 + random.below(length)] ^= 1 << UInt8(random.below(8))
        case 2 where length >= 28: write(number(), image, at: page * 64 + 4 + random.below(24))
        default:
            let place = random.pick([0, 22])
            if length >= 28 { write(UInt32(random.pick(firsts)), image, at: page * 64 + 4 + place) }
        }
    }

    /// Entries with right checksums that say anything.
    private mutating func journal(_ image: Block, _ geometry: Geometry) {
        var place = 33 * 64
        for _ in 0..<1 + random.below(3) {
            let kind = UInt8(1 + random.below(4))
            let offset = random.below(geometry.size + 64)
            let length = random.below(random.chance(2) ? 200 : geometry.size)
            var entry = [kind, UInt8(offset >> 16 & 0xFF), UInt8(offset >> 8 & 0xFF), UInt8(offset & 0xFF)]
            entry += (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - $0 * 8)) }
            if kind == 1, length < 1_000 { entry += random.octets(length) }
            let checksum = entry.withView { CRC32.of($0) }
            entry += (0..<4).map { UInt8(truncatingIfNeeded: checksum >> UInt32(24 - $0 * 8)) }
            for (index, octet) in entry.enumerated() { image.octets[place + index] = octet }
            place += entry.count
        }
    }
}
