import Memory
import Octets
import Testing

/// What quotas and reservations allow, in the simplest form: who has how many pages, added up anew for each question.
private struct OwnerModel {
    struct Entry {
        var parent: UInt8?
        var quota: Int?
        var reserved: Int
        var objects: [UInt32: Int] = [:]
    }

    let size: Int
    var owners: [UInt8: Entry] = [0: Entry(parent: nil, quota: nil, reserved: 0)]

    func load(_ number: UInt8) -> Int {
        let own = owners[number]?.objects.values.reduce(0, +) ?? 0
        return own + owners.filter { $0.value.parent == number }.keys.reduce(0) { $0 + charge($1) }
    }

    func charge(_ number: UInt8) -> Int { max(load(number), owners[number]?.reserved ?? 0) }

    /// Whether each quota holds, and whatever is reserved can be had.
    var isRight: Bool {
        let roots = owners.filter { $0.value.parent == nil }.keys
        return roots.reduce(0) { $0 + charge($1) } <= size
            && owners.allSatisfy { number, entry in
                entry.quota.map { load(number) <= $0 && entry.reserved <= $0 } ?? true
            }
    }

    func isBelow(_ number: UInt8, _ other: UInt8) -> Bool {
        var place: UInt8? = number
        while let current = place {
            if current == other { return true }
            place = owners[current]?.parent
        }
        return false
    }
}

@Suite
struct QuotaTests {
    private static func pages(_ length: Int) -> Int { (length + 4 + 63) / 64 }

    /// Random changes are allowed exactly where the model is right after them; then and after a rollback both agree.
    @Test func randomOwnersKeepToTheirQuotas() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let image = TestImage()
        var memory = try Memory(mounting: image.buffer)
        var model = OwnerModel(size: memory.geometry.dataPages)
        var (done, refused) = (0, 0)
        for round in 0..<6_000 {
            // What is freed can be had once the transaction has committed.
            if Bool.random(using: &random) {
                let number = model.owners.keys.sorted().randomElement(using: &random) ?? 0
                if let page = model.owners[number]?.objects.keys.sorted().randomElement(using: &random) {
                    try memory.free(ObjectReference(page: page))
                    memory.commit()
                    model.owners[number]?.objects[page] = nil
                }
            }
            let before = image.octets
            let old = model
            var isSame = true
            for _ in 0..<Int.random(in: 1...2, using: &random) where isSame {
                let wanted = model
                let status = change(&memory, &model, &random)
                guard model.isRight else {
                    try #require(status == .notEnoughMemory, "round \(round)")
                    (model, isSame) = (wanted, false)
                    break
                }
                try #require(status == nil, "round \(round): \(String(describing: status))")
            }
            if !isSame || Int.random(in: 0..<8, using: &random) == 0 {
                memory.rollBack()
                model = old
                refused += 1
                let isRestored = image.octets == before
                try #require(isRestored, "round \(round)")
            } else {
                memory.commit()
                done += 1
            }
            for number in model.owners.keys {
                let load = memory.load(of: Owner(number: number)) / 64
                try #require(load == model.load(number), "round \(round), owner \(number)")
            }
            guard round % 50 == 0 else { continue }
            try #require(image.octets.withUnsafeBytes { Memory.defects(of: $0) } == [])
            let fresh = try Memory(mounting: image.buffer)
            for number in model.owners.keys {
                let owner = Owner(number: number)
                let counted = (fresh.load(of: owner), fresh.availableOctets(to: owner))
                let believed = (memory.load(of: owner), memory.availableOctets(to: owner))
                try #require(counted == believed, "round \(round), owner \(number)")
            }
        }
        print("\(done) done, \(refused) refused or rolled back")
        #expect(done > 1_000 && refused > 300)
        for (number, entry) in model.owners {
            for page in entry.objects.keys { try memory.free(ObjectReference(page: page)) }
            memory.commit()
            model.owners[number]?.objects = [:]
        }
        // From the bottom up.
        while model.owners.count > 1 {
            for number in model.owners.keys where number != 0 {
                guard !model.owners.values.contains(where: { $0.parent == number }) else { continue }
                try memory.removeOwner(Owner(number: number))
                memory.commit()
                model.owners[number] = nil
            }
        }
        let unreserved = memory.availableOctets(to: .card)
        #expect(unreserved == model.size * 64)
        let isEmpty = image.octets == TestImage().octets
        #expect(isEmpty)
    }

    /// Makes one change in the memory and, allowed or not, in the model.
    private func change(
        _ memory: inout Memory,
        _ model: inout OwnerModel,
        _ random: inout SeededGenerator
    ) -> StatusWord? {
        let numbers = model.owners.keys.sorted()
        let number = numbers.randomElement(using: &random) ?? 0
        let owner = Owner(number: number)
        let object = model.owners[number]?.objects.keys.sorted().randomElement(using: &random)
        let length = Int.random(in: 0...3_000, using: &random)
        do throws(StatusWord) {
            switch Int.random(in: 0..<10, using: &random) {
            case 0 where numbers.count < 12:
                let quota = Bool.random(using: &random) ? Int.random(in: 0...300, using: &random) : nil
                let reserved = Bool.random(using: &random) ? Int.random(in: 1...100, using: &random) : 0
                model.owners[.max] = .init(parent: number, quota: quota, reserved: reserved)
                let octets = quota.map { UInt32($0 * 64 + 63) }
                let new = try memory.createOwner(parent: owner, quota: octets, reserved: UInt32(reserved * 64))
                let entry = model.owners.removeValue(forKey: .max)
                model.owners[new.number] = entry
            case 1:
                guard number != 0, model.owners[number]?.objects.isEmpty == true,
                    !model.owners.values.contains(where: { $0.parent == number })
                else { break }
                model.owners[number] = nil
                try memory.removeOwner(owner)
            case 2:
                let other = numbers.randomElement(using: &random) ?? 0
                guard number != 0, !model.isBelow(other, number) else { break }
                model.owners[number]?.parent = other
                try memory.setParent(Owner(number: other), of: owner)
            case 3:
                let quota = Int.random(in: 50...500, using: &random)
                guard number != 0 else { break }
                model.owners[number]?.quota = quota
                try memory.setQuota(UInt32(quota * 64), of: owner)
            case 4:
                let other = numbers.randomElement(using: &random) ?? 0
                guard let object, let pages = model.owners[number]?.objects.removeValue(forKey: object) else { break }
                model.owners[other]?.objects[object] = pages
                try memory.setOwner(Owner(number: other), of: ObjectReference(page: object))
            case 5:
                // Pages that it loses are free only once the transaction has committed.
                guard let object, Self.pages(length) >= model.owners[number]?.objects[object] ?? 0 else { break }
                model.owners[number]?.objects[object] = Self.pages(length)
                try memory.resize(ObjectReference(page: object), to: length)
            default:
                model.owners[number]?.objects[.max] = Self.pages(length)
                let new = try memory.allocate(.file, owner: owner, length: length)
                model.owners[number]?.objects[.max] = nil
                model.owners[number]?.objects[new.page] = Self.pages(length)
            }
            return nil
        } catch { return error }
    }

    @Test func aReservationIsKeptFromOthers() throws {
        let image = TestImage()
        var memory = try Memory(mounting: image.buffer)
        let free = memory.availableOctets(to: .card)
        let domain = try memory.createOwner(parent: .card, quota: 64 * 64, reserved: 32 * 64 - 10)
        let application = try memory.createOwner(parent: domain, quota: nil, reserved: 40 * 64)
        memory.commit()
        // What the application has reserved is what its domain has, and eight pages more.
        #expect(Hex.string(image.octets[72..<88]) == "0100002000001000" + "01010028FFFFFFFF")
        let left = (memory.availableOctets(to: .card), memory.reserved(of: domain), memory.load(of: domain))
        #expect(left == (free - 40 * 64, 32 * 64, 40 * 64))
        // Others cannot have it, neither beside it nor in the domain.
        let refusals = [
            error { () throws(StatusWord) in _ = try memory.allocate(.file, owner: .card, length: free - 40 * 64 - 3) },
            error { () throws(StatusWord) in _ = try memory.allocate(.file, owner: domain, length: 24 * 64 - 3) },
            error { () throws(StatusWord) in
                _ = try memory.createOwner(parent: domain, quota: nil, reserved: 24 * 64 + 1)
            },
            error { () throws(StatusWord) in _ = try memory.createOwner(parent: .card, quota: 64, reserved: 65) },
        ]
        #expect(refusals == [StatusWord](repeating: .notEnoughMemory, count: 4))
        let all = try memory.allocate(.file, owner: .card, length: free - 40 * 64 - 4)
        memory.commit()
        let nothing = memory.availableOctets(to: .card)
        #expect(nothing == 0)
        let own = try memory.allocate(.file, owner: application, length: 40 * 64 - 4)
        memory.commit()
        let full = (memory.freePages, memory.availableOctets(to: application))
        #expect(full == (0, 0))
        for object in [all, own] { try memory.free(object) }
        let inUse = error { () throws(StatusWord) in try memory.removeOwner(domain) }
        #expect(inUse == .conditionsNotSatisfied)
        try memory.removeOwner(application)
        try memory.removeOwner(domain)
        memory.commit()
        let back = memory.availableOctets(to: .card)
        #expect(back == free)
        let isEmpty = image.octets == TestImage().octets
        #expect(isEmpty)
    }

    @Test func anOwnerMovesWithWhatBelongsToIt() throws {
        let image = TestImage()
        var memory = try Memory(mounting: image.buffer)
        let roomy = try memory.createOwner(parent: .card, quota: nil)
        let tight = try memory.createOwner(parent: .card, quota: 3 * 64)
        let domain = try memory.createOwner(parent: roomy, quota: nil)
        let object = try memory.allocate(.file, owner: domain, length: 4 * 64 - 4)
        memory.commit()
        let refusals = [
            error { () throws(StatusWord) in try memory.setParent(tight, of: domain) },
            error { () throws(StatusWord) in try memory.setOwner(tight, of: object) },
            error { () throws(StatusWord) in try memory.setParent(domain, of: roomy) },
            error { () throws(StatusWord) in try memory.setParent(Owner(number: 9), of: domain) },
            error { () throws(StatusWord) in try memory.setQuota(4 * 64 - 1, of: domain) },
        ]
        #expect(
            refusals == [
                .notEnoughMemory, .notEnoughMemory, .conditionsNotSatisfied, .referencedDataNotFound, .notEnoughMemory,
            ]
        )
        let unchanged = memory.isInTransaction
        #expect(!unchanged)
        try memory.resize(object, to: 3 * 64 - 4)
        memory.commit()
        try memory.setParent(tight, of: domain)
        memory.commit()
        let loads = [roomy, tight, domain].map { memory.load(of: $0) }
        #expect(loads == [0, 192, 192])
        let full = error { () throws(StatusWord) in _ = try memory.allocate(.file, owner: domain, length: 0) }
        #expect(full == .notEnoughMemory)
    }

    /// An image of format 1.0 has no reservations, and gets none.
    @Test func format10HasNoReservations() throws {
        let image = TestImage()
        image.buffer[11] = 0
        let checksum = Array(image.octets[0..<60]).withView { CRC32.of($0) }
        for index in 0..<4 { image.buffer[60 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * index)) }
        var memory = try Memory(mounting: image.buffer)
        let refusal = error { () throws(StatusWord) in
            _ = try memory.createOwner(parent: .card, quota: nil, reserved: 1)
        }
        #expect(refusal == .notEnoughMemory)
        _ = try memory.createOwner(parent: .card, quota: nil)
        memory.commit()
        #expect(Hex.string(image.octets[72..<80]) == "0100FFFFFFFFFFFF")
        image.buffer[75] = 0
        #expect(
            image.octets.withUnsafeBytes { Memory.defects(of: $0) } == [ImageDefect(offset: 75, reason: .ownerEntry)]
        )
    }
}
