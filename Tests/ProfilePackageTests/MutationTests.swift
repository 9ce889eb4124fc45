import Octets
import ProfilePackage
import Testing

/// Packages with random faults: whatever comes, the installer ends, in a defined state, with a response.
@Suite struct MutationTests {
    /// Seeds that once found a fault are added to the list.
    @Test(arguments: 1...8 as ClosedRange<UInt64>) func endsWhateverComes(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let names = InstallationTests.latest + ["TS48v5_SAIP2.1B_NoBERTLV"]
        let packages = try names.map { try Vectors.package($0) }
        for round in 0..<100 {
            let package = mutate(packages[round % packages.count], &generator)
            var whole = MemoryTarget()
            let outcome = install(package, into: &whole)
            #expect(outcome.progress != .moreExpected, "seed \(seed), round \(round)")
            #expect(outcome.response.hasPrefix("30"), "seed \(seed), round \(round)")
            #expect(
                outcome.response.hasSuffix(outcome.progress == .aborted ? "8100" : "3003800100"),
                "seed \(seed), round \(round)"
            )
            var split = MemoryTarget()
            let again = install(package, into: &split, segments: { .random(in: 1...90, using: &generator) })
            #expect(again == outcome, "seed \(seed), round \(round)")
            // What an aborted installation left behind is rolled back.
            let isSame = outcome.progress == .aborted || split.contents == whole.contents
            #expect(isSame, "seed \(seed), round \(round)")
        }
    }

    /// Profile elements left out, doubled, or in another order.
    private func rearrange(_ package: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var elements: [[UInt8]] = []
        package.withView { view in
            var cursor = OctetCursor(view)
            while let element = cursor.berTLV() { elements.append(tlv(element.tag, element.value.array)) }
        }
        guard elements.count > 2 else { return package }
        let place = Int.random(in: 1..<elements.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: elements.remove(at: place)
        case 1: elements.insert(elements[place], at: .random(in: 1..<elements.count, using: &generator))
        default: elements.swapAt(place, .random(in: 1..<elements.count, using: &generator))
        }
        return elements.flatMap { $0 }
    }

    /// One to three faults: octets changed, taken out, put in, or an element moved.
    private func mutate(_ package: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var package = package
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            // Half of the faults hit the first elements, where the rest depends on them.
            if Int.random(in: 0..<8, using: &generator) == 0 {
                package = rearrange(package, &generator)
                continue
            }
            let limit = Bool.random(using: &generator) ? package.count : min(package.count, 1_200)
            guard limit > 0 else { return package }
            let place = Int.random(in: 0..<limit, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: package[place] = .random(in: 0...255, using: &generator)
            case 1: package[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
            case 2: package.remove(at: place)
            case 3: package.insert(.random(in: 0...255, using: &generator), at: place)
            default: package.replaceSubrange(place..<min(package.count, place + 4), with: hex("84FFFFFFFF"))
            }
        }
        return package
    }
}
