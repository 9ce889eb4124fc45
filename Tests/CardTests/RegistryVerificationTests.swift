import Card
import Foundation
import Memory
import Octets
import Testing

/// What `Card.defects(of:)` finds in the registry, key sets, load files and application data of a card when they are
/// changed: docs/memory-image.md sections 7.6 to 7.9.
@Suite struct RegistryVerificationTests {
    typealias Names = RegistryCard
    let card: RegistryCard

    init() throws { card = try RegistryCard() }

    private func place(_ object: String, _ index: Int) throws -> Int {
        try #require(card.objects[object], "\(object)") * 64 + 4 + index
    }

    private func number(_ object: String) throws -> [UInt8] {
        let page = try #require(card.objects[object], "\(object)")
        return (0..<4).map { UInt8(truncatingIfNeeded: page >> (24 - 8 * $0)) }
    }

    private func defects(_ octets: [UInt8]) -> [ImageDefect] {
        octets.withUnsafeBytes { Card.defects(of: $0) }.filter { !$0.reason.isRemark }
    }

    private func changed(_ changes: [(object: String, index: Int, new: [UInt8])]) throws -> [UInt8] {
        var octets = card.octets
        for change in changes {
            let start = try place(change.object, change.index)
            octets.replaceSubrange(start..<start + change.new.count, with: change.new)
        }
        return octets
    }

    @Test func aRightCardHasNone() throws {
        #expect(defects(card.octets) == [])
        #expect(card.objects.count >= 25)
        let package = try Vectors.octets("profiles/veuicc-default.der")
        #expect(defects(try RegistryCard(size: 131_072, profile: package).octets) == [])
    }

    /// The field of an object, its new value, and the reason; found at the field, or at `at`.
    @Test(arguments: [
        (Names.issuer, 0, "00", ImageDefect.Reason.registryEntry, 0), (Names.domain, 0, "04", .registryEntry, 0),
        // State, and the one before a lock
        (Names.issuer, 1, "03", .registryEntry, 1), (Names.issuer, 2, "07", .registryEntry, 1),
        (Names.domain, 1, "17", .registryEntry, 1), (Names.domain, 1, "8F", .registryEntry, 1),
        (Names.lockedDomain, 2, "0F", .registryEntry, 1), (Names.application, 1, "05", .registryEntry, 1),
        (Names.loadFile, 1, "07", .registryEntry, 1),
        // Privileges
        (Names.domain, 3, "810000", .privileges, 3), (Names.domain, 3, "A04000", .privileges, 3),
        (Names.domain, 3, "800001", .privileges, 3), (Names.application, 3, "400000", .privileges, 3),
        (Names.loadFile, 3, "000800", .privileges, 3), (Names.domain, 3, "840000", .privileges, 3),
        (Names.domain, 3, "800200", .privileges, 3),
        // AID, program
        (Names.domain, 6, "04", .registryEntry, 6), (Names.domain, 6, "11", .registryEntry, 6),
        (Names.domain, 6, "07", .registryEntry, 7),
        (Names.domain, 23, "00", .registryEntry, 23), (Names.application, 23, "05", .registryEntry, 23),
        (Names.application, 23, "01", .registryEntry, 23), (Names.loadFile, 23, "01", .registryEntry, 23),
        // Security domain
        (Names.loadFile, 24, "00000001", .securityDomain, 24), (Names.loadFile, 24, "FFFFFFFF", .securityDomain, 24),
        (Names.domain, 24, "FFFFFFFF", .issuerSecurityDomain, 24), (Names.issuer, 3, "1E", .securityDomain, 24),
        // Load file, content, data
        ("module " + Names.module, 28, "FFFFFFFF", .registryReference, 28),
        (Names.domain, 28, "00000001", .registryReference, 28),
        (Names.application, 32, "FFFFFFFF", .registryReference, 32),
        (Names.application, 32, "00000001", .registryReference, 32),
        (Names.loadFile, 32, "000000A1", .registryReference, 32),
        ("module " + Names.module, 32, "000000A1", .registryReference, 32),
        (Names.domain, 36, "000000A1", .registryReference, 36),
        (Names.loadFile, 36, "000000A1", .registryReference, 36),
        (Names.application, 7, "A1", .networkAccess, 7), ("data", 2, "01", .applicationData, 0),
        // Version, restrictions, attributes
        (Names.domain, 40, "0100", .registryEntry, 40), (Names.domain, 42, "0100", .registryEntry, 42),
        (Names.loadFile, 43, "01", .registryEntry, 42), (Names.domain, 44, "0008", .registryAttributes, 44),
        (Names.domain, 46, "C1", .registryAttributes, 46), (Names.domain, 47, "7F", .registryAttributes, 46),
        (Names.domain, 57, "03", .registryAttributes, 54), (Names.domain, 46, "C70100CB03", .registryAttributes, 46),
        (Names.loadFile, 44, "0001", .registryAttributes, 44),
        // Key sets
        ("keys 30", 4, "00000001", .keySetList, 4),
        ("keys 30", 8, "80", .keySet, 8), ("keys 30", 8, "00", .keySet, 8), ("keys 21", 8, "30", .keySet, 8),
        ("keys 30", 9, "02", .keySet, 9), ("keys 01", 9, "FF", .keySet, 9), ("keys 21", 10, "54", .keySet, 10),
        ("keys 30", 10, "40", .keySet, 10), ("keys 60", 10, "02", .keySet, 10), ("keys 40", 10, "00", .keySet, 10),
        ("keys 30", 17, "00", .keySet, 17), ("keys 40", 20, "81", .key, 20), ("keys 30", 20, "02", .key, 45),
        ("keys 30", 25, "40", .key, 20), ("keys 30", 26, "8A", .key, 20), ("keys 30", 28, "0F", .key, 20),
        ("keys 73", 29, "05", .key, 20), ("keys 60", 24, "0022", .key, 20),
        // Application data: certificates of a key twice, no list
        ("data", 12, "01", .applicationData, 9),
        // Access rules, the newest first: none, flags, E2 and its length, E1, the AID, D1, two for the same
        (Names.accessRules, 36, "FFFFFFFF", .registryReference, 36), ("rules", 0, "02", .applicationData, 0),
        ("rules", 9, "E3", .applicationData, 9), ("rules", 10, "7F", .applicationData, 9),
        ("rules", 11, "E2", .applicationData, 9), ("rules", 14, "04", .applicationData, 9),
        ("rules", 27, "02", .applicationData, 9), ("rules", 28, "E3", .applicationData, 28),
        ("rules", 33, "4F", .applicationData, 28),
    ])
    func eachDefect(object: String, index: Int, new: String, reason: ImageDefect.Reason, at found: Int) throws {
        let new = try #require(Hex.octets(new))
        let defects = defects(try changed([(object, index, new)]))
        #expect(defects.contains(ImageDefect(offset: try place(object, found), reason: reason)), "\(defects)")
    }

    /// A change of one object that another one shows: where.
    @Test(arguments: [
        ("keys 30", 0, "00000001", ImageDefect.Reason.keySetList, Names.domain, 32),
        ("keys 30", 4, "FFFFFFFF", .keySetList, "keys 21", 0),
        (Names.domain, 32, "FFFFFFFF", .keySetList, "keys 30", 0),
        ("load file", 0, "00000001", .registryReference, Names.loadFile, 32),
        (Names.loadFile, 32, "FFFFFFFF", .loadFile, "load file", 0),
        (Names.domain, 36, "FFFFFFFF", .applicationData, "data", 0),
        (Names.application, 32, "FFFFFFFF", .networkAccess, "ADF", 0),
        (Names.domain, 14, "02", .registryName, Names.lockedDomain, 7),
    ])
    func elsewhere(
        object: String,
        index: Int,
        new: String,
        reason: ImageDefect.Reason,
        in other: String,
        at found: Int
    ) throws {
        let defects = defects(try changed([(object, index, try #require(Hex.octets(new)))]))
        let isFound = defects.contains(ImageDefect(offset: try place(other, found), reason: reason))
        // The second one of two with a name has it.
        #expect(isFound || reason == .registryName && defects.map(\.reason) == [.registryName], "\(defects)")
    }

    @Test func ringsOfSecurityDomainsAndOfKeySets() throws {
        let first = try number(Names.domain)
        let second = try number(Names.lockedDomain)
        let octets = try changed([(Names.domain, 24, second), (Names.lockedDomain, 24, first)])
        let found = defects(octets).filter { $0.reason == .securityDomain }.map(\.offset)
        #expect(Set(found) == Set(try [Names.domain, Names.lockedDomain].map { try place($0, 24) }))
        let itself = defects(try changed([(Names.domain, 24, first)]))
        #expect(itself.contains(ImageDefect(offset: try place(Names.domain, 24), reason: .securityDomain)))
        // The last key set of the list leads to the first one.
        let ring = defects(try changed([("keys 73", 4, try number("keys 30"))]))
        #expect(ring == [ImageDefect(offset: try place("keys 73", 4), reason: .keySetList)])
    }

    @Test func theOwnersOfWhatBelongsToADomain() throws {
        let geometry = try #require(Geometry(size: card.octets.count))
        func owned(_ object: String, by owner: UInt8) throws -> [ImageDefect.Reason] {
            var octets = card.octets
            let first = try #require(card.objects[object])
            var page = first
            while page != 0x3FFFF {
                let offset = geometry.pageTableFirstPage * 64 + page * 4
                var entry = octets[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
                entry = entry & ~(0xFF << 18) | UInt32(owner) << 18
                for index in 0..<4 { octets[offset + index] = UInt8(truncatingIfNeeded: entry >> (24 - 8 * index)) }
                page = Int(entry & 0x3FFFF)
            }
            return defects(octets).map(\.reason)
        }
        // The two domains have the owners 1 and 2.
        #expect(try owned("keys 30", by: 0).contains(.keySetList))
        #expect(try owned("data", by: 2) == [.registryOwner])
        #expect(try owned("load file", by: 1) == [.registryOwner])
        #expect(try owned(Names.application, by: 1) == [.registryOwner])
        #expect(try owned(Names.firmware, by: 1) == [])
    }

    /// Every octet of what the objects hold, for both verifiers.
    @Test func bothVerifiersAgreeOnEachOctetOfTheObjects() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data(card.octets).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let geometry = try #require(Geometry(size: card.octets.count))
        let end = try #require(card.octets.lastIndex { $0 != 0xFF }) + 1
        let objects = geometry.firstDataPage * Geometry.pageSize..<end
        let owners = 64..<64 + 8 * 3
        let mutations = (Array(owners) + Array(objects)).flatMap { offset in
            [Mutation(offset: offset, mask: 1 << UInt8(offset * 7 / 4 % 8))]
                + (offset % 3 == 0 ? [Mutation(offset: offset, mask: 0xFF)] : [])
        }
        let answers = try ImageReader.accepts(mutations, of: file.path)
        #expect(answers.count == mutations.count)
        for (mutation, answer) in zip(mutations, answers) {
            var changed = card.octets
            changed[mutation.offset] ^= mutation.mask
            #expect(defects(changed).isEmpty == answer, "\(mutation): \(defects(changed))")
        }
        print("\(mutations.count) mutations, \(answers.count { $0 }) accepted")
    }

    /// Several octets at random: no trap, and the card stays usable or refuses.
    @Test func anyDamageIsReadToTheEnd() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = RepeatableGenerator(state: seed)
        let end = try #require(card.octets.lastIndex { $0 != 0xFF }) + 64
        for _ in 0..<300 {
            var changed = card.octets
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                let start = Bool.random(using: &random) ? 64 : end / 4 * 3
                changed[Int.random(in: start..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let found = defects(changed)
            do throws(ImageDefect) {
                let card = try CopiedCard(changed)
                for command in [
                    "00A4040008A000000151000000", "00A4040008A000000559010101", "80CA00E000",
                    "8050300008 0102030405060708",
                    "80F24000024F0000",
                ] { #expect(card.send(command).count >= 4) }
            } catch { #expect(found.contains(error)) }
        }
    }
}
