import Memory
import Octets
import Testing

/// A memory image of a test, freed with it.
final class TestImage {
    let buffer: UnsafeMutableRawBufferPointer

    init(size: Int = 65_536) {
        buffer = .allocate(byteCount: size, alignment: 4_096)
        #expect(Memory.format(buffer))
    }

    deinit { buffer.deallocate() }

    var octets: [UInt8] {
        get { [UInt8](buffer) }
        set { buffer.copyBytes(from: newValue) }
    }
}

/// A generator of repeatable random numbers (Knuth's MMIX constants).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}

func content(_ reference: ObjectReference, _ memory: borrowing Memory) throws(StatusWord) -> [UInt8] {
    try memory.withContent(reference, at: 0, count: memory.length(of: reference)) { (view) throws(StatusWord) in
        view.array
    }
}

func write(
    _ octets: [UInt8],
    to reference: ObjectReference,
    at offset: Int,
    _ memory: inout Memory
) throws(StatusWord) {
    try octets.withView { (view) throws(StatusWord) in try memory.write(reference, at: offset, view) }
}

/// What the memory shall hold, in the simplest form: objects and their octets.
struct Model: Equatable {
    var objects: [UInt32: [UInt8]] = [:]
}

/// What a random step did.
enum Step: String {
    case allocated, freed, resized, written, refused
}

/// Makes one random change in both the memory and the model. A change that the memory refuses leaves both alone.
@discardableResult
func step(_ memory: inout Memory, _ model: inout Model, _ random: inout SeededGenerator, largest: Int) -> Step {
    var done = Step.written
    let pages = model.objects.keys.sorted()
    let reference = pages.randomElement(using: &random).map { ObjectReference(page: $0) }
    do throws(StatusWord) {
        switch (Int.random(in: 0..<10, using: &random), reference) {
        case (0..<3, _), (_, nil):
            let length = Int.random(in: 0...largest, using: &random)
            let new = try memory.allocate(.file, owner: .card, length: length)
            model.objects[new.page] = [UInt8](repeating: 0xFF, count: length)
            done = .allocated
        case (3..<5, let reference?):
            try memory.free(reference)
            model.objects[reference.page] = nil
            done = .freed
        case (5..<7, let reference?):
            let length = Int.random(in: 0...largest, using: &random)
            try memory.resize(reference, to: length)
            let kept = (model.objects[reference.page] ?? []).prefix(length)
            model.objects[reference.page] = kept + [UInt8](repeating: 0xFF, count: length - kept.count)
            done = .resized
        case (_, let reference?):
            let size = model.objects[reference.page]?.count ?? 0
            guard size > 0 else { break }
            let offset = Int.random(in: 0..<size, using: &random)
            let count = Int.random(in: 1...min(200, size - offset), using: &random)
            let octets = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            try write(octets, to: reference, at: offset, &memory)
            model.objects[reference.page]?.replaceSubrange(offset..<offset + count, with: octets)
        }
        memory.commit()
        return done
    } catch {
        memory.rollBack()
        return .refused
    }
}

func matches(_ memory: borrowing Memory, _ model: Model) throws -> Bool {
    var found = Model()
    var next = memory.firstObject(of: .file)
    while let reference = next {
        found.objects[reference.page] = try content(reference, memory)
        next = memory.firstObject(of: .file, from: reference.page + 1)
    }
    return found == model
}

/// The status word that `body` throws.
func error(_ body: () throws(StatusWord) -> Void) -> StatusWord? {
    do throws(StatusWord) {
        try body()
        return nil
    } catch { return error }
}

@Suite struct MemoryTests {
    @Test func aFreshImageHasTheSuperblockOfTheSpecification() throws {
        let image = TestImage(size: 524_288)
        #expect(Hex.string(image.octets[0..<8]) == "5645554943430D0A")
        #expect(Hex.string(image.octets[8..<12]) == "00010001")
        // Size, page size, owner table, journal (page 33, 512 pages), page table 545, data 1057.
        #expect(
            Hex.string(image.octets[12..<40]) == "0008000000000040000000010000002100000200" + "0000022100000421"
        )
        // Computed with zlib's crc32 over the 60 octets above.
        #expect(Hex.string(image.octets[60..<64]) == "7FF6A5AC")
        #expect(image.octets[64..<72].elementsEqual([0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]))
        #expect(image.octets[72...].allSatisfy { $0 == 0xFF })
    }

    @Test func theChecksumIsThatOfTheCheckValue() {
        let value = [UInt8]("123456789".utf8).withView { CRC32.of($0) }
        #expect(value == 0xCBF4_3926)
    }

    @Test(arguments: [0, 59, 60, 61, 64, 124, 125, 1_000])
    func anObjectTakesThePagesThatItsLengthNeeds(length: Int) throws {
        let image = TestImage()
        var memory = try Memory(mounting: image.buffer)
        let before = memory.freePages
        let reference = try memory.allocate(.file, owner: .card, length: length)
        memory.commit()
        let taken = before - memory.freePages
        let octets = try content(reference, memory)
        #expect(taken == (length + 4 + 63) / 64)
        #expect(octets == [UInt8](repeating: 0xFF, count: length))
        try memory.free(reference)
        memory.commit()
        let left = (memory.freePages, memory.firstObject(of: .file))
        #expect(left == (before, nil))
    }

    @Test func aRollBackRestoresTheImageOctetForOctet() throws {
        let image = TestImage()
        var memory = try Memory(mounting: image.buffer)
        var model = Model()
        var random = SeededGenerator(seed: 1)
        for _ in 0..<50 { step(&memory, &model, &random, largest: 600) }
        let before = image.octets
        let victim = ObjectReference(page: try #require(model.objects.keys.min()))
        let new = try memory.allocate(.file, owner: .card, length: 3_000)
        try write([1, 2, 3], to: new, at: 2_000, &memory)
        try memory.resize(victim, to: 1_500)
        try write([4, 5, 6], to: victim, at: 1_400, &memory)
        try memory.free(victim)
        memory.rollBack()
        #expect(image.octets == before)
    }

    // What is written then goes over the page elsewhere, too.
    @Test func thePageBehindAPageElsewhereMayBeANeighbour() throws {
        let image = TestImage()
        var memory = try Memory(mounting: image.buffer)
        let object = try memory.allocate(.file, owner: .card, length: 60)
        let neighbour = try memory.allocate(.file, owner: .card, length: 60)
        memory.commit()
        try memory.resize(object, to: 60 + 64)
        try memory.free(neighbour)
        memory.commit()
        try memory.resize(object, to: 60 + 2 * 64)
        memory.commit()
        let pages = memory.pages(of: object).map { $0 - Int(object.page) }
        #expect(pages == [0, 2, 1])
        let octets = (0..<UInt8(60 + 2 * 64)).map { $0 }
        try write(octets, to: object, at: 0, &memory)
        memory.commit()
        let isWritten = try content(object, memory) == octets
        #expect(isWritten)
        try memory.erase(object, at: 59, count: 66)
        memory.commit()
        let expected: [UInt8] = octets[..<59] + [UInt8](repeating: 0xFF, count: 66) + octets[125...]
        let isErased = try content(object, memory) == expected
        #expect(isErased)
    }

    // Objects that grow and shrink by turns, a page or two at a time: their pages lie anyhow.
    @Test func objectsWhosePagesLieAnyhowKeepWhatIsWritten() throws {
        let seed: UInt64 = 0xF011
        print("seed \(seed)")
        let image = TestImage()
        var memory = try Memory(mounting: image.buffer)
        var random = SeededGenerator(seed: seed)
        var model = Model()
        for _ in 0..<8 { model.objects[try memory.allocate(.file, owner: .card, length: 0).page] = [] }
        for round in 0..<2_000 {
            let page = try #require(model.objects.keys.sorted().randomElement(using: &random))
            let reference = ObjectReference(page: page)
            let old = model.objects[page] ?? []
            let length = min(600, max(0, old.count + Int.random(in: -100...120, using: &random)))
            try memory.resize(reference, to: length)
            let offset = Int.random(in: 0...length, using: &random)
            let octets = (offset..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            try write(octets, to: reference, at: offset, &memory)
            memory.commit()
            let kept = old.prefix(offset)
            model.objects[page] = kept + [UInt8](repeating: 0xFF, count: offset - kept.count) + octets
            let isSame = try matches(memory, model)
            try #require(isSame, "round \(round)")
        }
    }

    @Test func aQuotaLimitsItsOwnerOnly() throws {
        let image = TestImage()
        var memory = try Memory(mounting: image.buffer)
        let owner = try memory.createOwner(parent: .card, quota: 128)
        let kept = try memory.allocate(.file, owner: owner, length: 124)
        memory.commit()
        let usage = memory.usage(of: owner)
        #expect(usage == 128)
        let refusals = [
            error { () throws(StatusWord) in _ = try memory.allocate(.file, owner: owner, length: 0) },
            error { () throws(StatusWord) in try memory.resize(kept, to: 125) },
        ]
        #expect(refusals == [.notEnoughMemory, .notEnoughMemory])
        memory.rollBack()
        _ = try memory.allocate(.file, owner: .card, length: 1_000)
        let refusal = error { () throws(StatusWord) in try memory.removeOwner(owner) }
        #expect(refusal == .conditionsNotSatisfied)
        try memory.free(kept)
        memory.commit()
        try memory.removeOwner(owner)
        memory.commit()
        let exists = memory.exists(owner)
        #expect(!exists)
    }

    @Test func nothingIsLostAfterManyRandomOperations() throws {
        let seed: UInt64 = 0x5EED
        print("seed \(seed)")
        let image = TestImage()
        var memory = try Memory(mounting: image.buffer)
        let free = memory.freePages
        var model = Model()
        var random = SeededGenerator(seed: seed)
        var counts: [Step: Int] = [:]
        var (round, changes) = (0, 0)
        while changes < 100_000 {
            let done = step(&memory, &model, &random, largest: 3_000)
            counts[done, default: 0] += 1
            if [.allocated, .resized, .freed].contains(done) { changes += 1 }
            round += 1
            if round % 5_000 == 0 {
                let isSame = try matches(memory, model)
                #expect(isSame)
            }
        }
        let isSame = try matches(memory, model)
        #expect(isSame)
        print(counts.map { "\($0.value) \($0.key.rawValue)" }.sorted().joined(separator: ", "))
        // No fragmentation: whatever is free can be had as one object.
        let whole = try memory.allocate(.file, owner: .card, length: memory.freePages * 64 - 4)
        memory.commit()
        let left = memory.freePages
        #expect(left == 0)
        try memory.free(whole)
        memory.commit()
        for page in model.objects.keys {
            try memory.free(ObjectReference(page: page))
            memory.commit()
        }
        let freeAgain = memory.freePages
        #expect(freeAgain == free)
        let fresh = TestImage()
        #expect(image.octets == fresh.octets)
    }

    @Test func aPowerFailureLeavesTheStateBeforeOrAfter() throws {
        let seed: UInt64 = 0x7EA2
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let image = TestImage()
        var setUp = try Memory(mounting: image.buffer)
        var model = Model()
        for _ in 0..<30 { step(&setUp, &model, &random, largest: 400) }
        var cuts = 0
        for _ in 0..<40 {
            let before = image.octets
            let stepSeed = random.next()
            var after = model
            var trial = try Memory(mounting: image.buffer)
            let operationsBefore = trial.programOperations
            var stepRandom = SeededGenerator(seed: stepSeed)
            step(&trial, &after, &stepRandom, largest: 400)
            let operations = trial.programOperations - operationsBefore
            let done = image.octets
            for operation in 0..<operations {
                for way in 0..<16 {
                    image.octets = before
                    var memory = try Memory(mounting: image.buffer)
                    memory.schedule(PowerFailure(completeOperations: operation, tear: tear(way, &random)))
                    var unused = model
                    var again = SeededGenerator(seed: stepSeed)
                    step(&memory, &unused, &again, largest: 400)
                    let hasPower = memory.hasPower
                    #expect(!hasPower)
                    // The power fails again while the card recovers.
                    let torn = image.octets
                    var recovered = try Memory(mounting: image.buffer)
                    let expected = image.octets
                    #expect(expected == before || expected == done)
                    let isSame = try matches(recovered, expected == before ? model : after)
                    #expect(isSame)
                    image.octets = torn
                    recovered.recoverWithPowerFailure(
                        PowerFailure(completeOperations: UInt64(way % 4), tear: tear(way + 1, &random))
                    )
                    recovered.powerOn()
                    #expect(image.octets == before || image.octets == done)
                    cuts += 1
                }
            }
            image.octets = done
            model = after
        }
        print("\(cuts) power failures")
        #expect(cuts > 1_000)
    }

    private func tear(_ way: Int, _ random: inout SeededGenerator) -> PowerFailure.Tear {
        switch way % 5 {
        case 0: .before
        case 1: .after
        case 2: .prefix(octets: Int.random(in: 0..<64, using: &random), bits: Int.random(in: 0..<8, using: &random))
        case 3: .suffix(octets: Int.random(in: 0..<64, using: &random), bits: Int.random(in: 0..<8, using: &random))
        default: .subset(seed: random.next())
        }
    }

    @Test func anImageThatIsNotOneIsRefused() throws {
        func defect(_ change: (inout [UInt8]) -> Void) -> ImageDefect? {
            var octets = TestImage().octets
            change(&octets)
            return octets.withUnsafeBytes { buffer in
                do throws(ImageDefect) {
                    _ = try Geometry(superblockOf: buffer)
                    return nil
                } catch { return error }
            }
        }
        #expect(defect { _ in } == nil)
        #expect(defect { $0[0] = 0 } == ImageDefect(offset: 0, reason: .foreign))
        #expect(defect { $0.removeAll() } == ImageDefect(offset: 0, reason: .foreign))
        #expect(defect { $0.removeLast(65_500) } == ImageDefect(offset: 36, reason: .truncated))
        #expect(defect { $0.removeLast() } == ImageDefect(offset: 65_535, reason: .truncated))
        #expect(defect { $0.append(0) } == ImageDefect(offset: 65_536, reason: .tooLong))
        #expect(defect { $0[9] = 2 } == ImageDefect(offset: 8, reason: .version))
        #expect(defect { $0[17] = 1 } == ImageDefect(offset: 60, reason: .superblockChecksum))
    }
}
