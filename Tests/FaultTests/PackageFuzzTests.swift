import Octets
import Testing

/// Damaged profile packages, installed in a card: whole or nothing, and the image stays sound.
@Suite struct PackageFuzzTests {
    @Test(arguments: [
        (Fixture.defaultPackage, false), (Fixture.testPackage, false),
        // With an issuer security domain; most faults are in the elements for the registry.
        (Fixture.testPackage, true),
    ])
    func aDamagedPackageIsInstalledOrLeavesNothing(name: String, isManufactured: Bool) throws {
        let package = try Fixture.package(name)
        // In the small image some do not fit.
        let images = try [131_072, 65_536].map {
            isManufactured ? try Fixture.manufactured(size: $0) : Fixture.empty(size: $0)
        }
        let (start, end) = (isManufactured ? package.count - 700 : 0, isManufactured ? package.count : 1_500)
        var (installed, aborted) = (0, 0)
        try Setting.forEachSeed("packages, \(name)\(isManufactured ? " with registry" : "")", 120) { seed in
            var random = SeededGenerator(seed: seed)
            var damaged = package
            for _ in 0..<1 + random.below(3) { Self.damage(&damaged, mostly: start..<end, &random) }
            let image = random.pick(images)
            let card = try FaultCard(image)
            let result = card.card.install(profilePackage: Self.segments(damaged, &random))
            if result.response.first != 0x30 { Issue.record("seed \(seed): \(Hex.string(result.response))") }
            if result.isInstalled { installed += 1 } else { aborted += 1 }
            if !result.isInstalled, !card.image.equals(image) { Issue.record("seed \(seed): something is left behind") }
            let properties = Properties(card)
            let found = properties.soundness()
            if !found.isEmpty { Issue.record("seed \(seed): \(found)") }
            let status = card.send([0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00])
            let expected: [UInt8] = result.isInstalled ? [0x90, 0x00] : [0x69, 0x85]
            if status != expected, status.first != 0x62 { Issue.record("seed \(seed): \(Hex.string(status))") }
        }
        print("packages, \(name): \(installed) installed, \(aborted) aborted")
        #expect(installed > 0 && aborted > 0)
    }

    private static func segments(_ package: [UInt8], _ random: inout SeededGenerator) -> [[UInt8]] {
        let limit = random.pick([1, 16, 255, 4_000])
        var (segments, start): ([[UInt8]], Int) = ([], 0)
        while start < package.count {
            let end = min(package.count, start + 1 + random.below(limit))
            segments.append(Array(package[start..<end]))
            start = end
        }
        return segments
    }

    /// One fault: an octet, a tag, a length, an object left out, doubled or moved.
    private static func damage(
        _ package: inout [UInt8],
        mostly range: Range<Int>,
        _ random: inout SeededGenerator
    ) {
        guard package.count > 8 else { return }
        let isAnywhere = random.chance(3) || package.count <= range.lowerBound
        let place =
            isAnywhere
            ? random.below(package.count)
            : range.lowerBound + random.below(min(package.count, range.upperBound) - range.lowerBound)
        switch random.below(9) {
        case 0: package[place] = random.octet()
        case 1: package[place] ^= 1 << UInt8(random.below(8))
        case 2: package.remove(at: place)
        case 3: package.insert(random.octet(), at: place)
        case 4: package.replaceSubrange(place..<min(package.count, place + 5), with: [0x84, 0xFF, 0xFF, 0xFF, 0xFF])
        case 5: package.removeLast(random.below(package.count))
        default:
            var objects = package.withView { elements(of: $0) }
            guard objects.count > 2 else { return }
            let (one, other) = (1 + random.below(objects.count - 1), 1 + random.below(objects.count - 1))
            switch random.below(3) {
            case 0: objects.remove(at: one)
            case 1: objects.insert(objects[one], at: other)
            default: objects.swapAt(one, other)
            }
            package = objects.flatMap { $0 }
        }
    }

    private static func elements(of view: OctetView) -> [[UInt8]] {
        var cursor = OctetCursor(view)
        var objects: [[UInt8]] = []
        var start = 0
        while cursor.berTLV() != nil {
            objects.append(view.part(from: start, length: cursor.position - start).array)
            start = cursor.position
        }
        return objects
    }
}
