import Card
import CardCrypto
import CardOS
import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// Memory that INSTALL gives and takes: the parameters C6, C7, C8, D7 and D8.
@Suite
final class MemoryResourceTests {
    private let image = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 4_096)
    private var card: Card
    private static let loadFile = "07A0000001515350" + "08A000000151535041"

    init() throws {
        try #require(Memory.format(image))
        card = try Card(
            image: image,
            environment: Environment(transmissionProtocol: .t1, seed: [UInt8](repeating: 0x5A, count: 48))
        )
        try card.manufacture(FactoryConfiguration())
        card.open.enterFactory()
        try Self.selectIssuer(&card)
    }

    deinit { image.deallocate() }

    private static func selectIssuer(_ card: inout Card) throws {
        card.runtime.open.selectIssuer(in: card.system, try DataEncryptionKey(.aes, key: SecretOctets(count: 16).view))
    }

    private var octets: [UInt8] { [UInt8](image) }

    /// The status word.
    private func send(_ command: String) throws -> String { String(try response(to: command).suffix(4)) }

    private func response(to command: String) throws -> String {
        let octets = try #require(Hex.octets(command + "00"))
        let response = UnsafeMutableRawBufferPointer.allocate(byteCount: Card.maximumResponseLength, alignment: 8)
        defer { response.deallocate() }
        let length = octets.withUnsafeBytes { card.transmit($0, into: response) }
        return Hex.string([UInt8](response[..<length]))
    }

    private func field(_ octets: String) -> String { Hex.string([UInt8(octets.count / 2)]) + octets }

    /// INSTALL [for install and make selectable] of a security domain A000000559 `number`.
    private func install(
        _ number: String,
        _ sizes: String = "",
        privileges: String = "800000"
    ) throws -> String {
        let parameters = "C900" + (sizes.isEmpty ? "" : "EF" + field(sizes))
        let data = Self.loadFile + field("A000000559" + number) + field(privileges) + field(parameters) + "00"
        return try send("80E60C00" + field(data))
    }

    private func delete(_ number: String) throws -> String {
        try send("80E40000" + field("4F" + field("A000000559" + number)))
    }

    private func extradite(_ number: String, to other: String) throws -> String {
        let data = field("A000000559" + other) + "00" + field("A000000559" + number) + "000000"
        return try send("80E61000" + field(data))
    }

    private func reference(_ number: String) throws -> ObjectReference {
        let aid = try #require(Hex.octets("A000000559" + number))
        let found = aid.withView { card.open.registry.entry($0, in: card.system.memory)?.reference }
        return try #require(found)
    }

    private func issuer() throws -> ObjectReference {
        let found = card.open.registry.issuer
        return try #require(found)
    }

    private func personalize(_ number: String) throws {
        let state = UInt32(LifeCycleState.personalized.rawValue)
        try card.system.memory.set(.lifeCycle, of: try reference(number), to: state)
        card.system.memory.commit()
    }

    @Test func quotasAndReservationsStandInTheOwnerTable() throws {
        let before = octets
        let free = card.system.memory.availableOctets(to: .card)
        #expect(try install("01", "C8020400" + "D8020200") == "9000")
        let owner = card.system.memory.owner(of: try reference("01"))
        let sizes = (card.system.memory.quota(of: owner), card.system.memory.reserved(of: owner))
        #expect(sizes == (0x400, 0x200))
        let left = card.system.memory.availableOctets(to: .card)
        #expect(left == free - 0x200)
        #expect(octets.withUnsafeBytes { Card.defects(of: $0) } == [])
        #expect(try delete("01") == "9000")
        let isAsBefore = octets == before
        #expect(isAsBefore)
        // More reserved than allowed, than there is, and a quota that does not hold the entry itself.
        #expect(try install("01", "C8020200" + "D8020400") == "6A84")
        #expect(try install("01", "D80400100000") == "6A84")
        #expect(try install("01", "C8020001") == "6A84")
        #expect(try install("01", "C80101") == "6A80")
        let isStillAsBefore = octets == before
        #expect(isStillAsBefore)
    }

    @Test func volatileMemoryIsAccounted() throws {
        let before = octets
        #expect(try install("01", "D70400008000" + "C70400009000") == "9000")
        #expect(try install("02", "D70400008001") == "6A84")
        #expect(try install("02", "D7024000" + "C7023000") == "6A84")
        #expect(try install("02", "D70400008000") == "9000")
        #expect(try install("03", "D7020001") == "6A84")
        let left = card.open.availableVolatileMemory(to: try issuer(), card.system)
        #expect(left == 0)
        #expect(try delete("01") == "9000")
        let back = card.open.availableVolatileMemory(to: try issuer(), card.system)
        #expect(back == 0x8000)
        #expect(try delete("02") == "9000")
        let isAsBefore = octets == before
        #expect(isAsBefore)
    }

    @Test func anExtraditionMovesTheMemory() throws {
        let before = octets
        #expect(try install("01", "C8020080") == "9000")
        #expect(try install("02", "C8020800" + "C7021000") == "9000")
        #expect(try install("03", "D8020200") == "9000")
        #expect(try install("04", "D7020800") == "9000")
        for number in ["01", "02"] { try personalize(number) }
        let unchanged = octets
        #expect(try extradite("03", to: "01") == "6A84")
        let isUnchanged = octets == unchanged
        #expect(isUnchanged)
        #expect(try extradite("03", to: "02") == "9000")
        #expect(try extradite("04", to: "02") == "9000")
        let owner = card.system.memory.owner(of: try reference("02"))
        let loads = (card.system.memory.load(of: owner), card.system.memory.load(of: .card))
        let parent = card.system.memory.parent(of: card.system.memory.owner(of: try reference("03")))
        #expect(parent == owner)
        #expect(loads.0 >= 0x200 + 128)
        let left = card.open.availableVolatileMemory(to: try reference("02"), card.system)
        #expect(left == 0x0800)
        #expect(octets.withUnsafeBytes { Card.defects(of: $0) } == [])
        for number in ["04", "03", "02", "01"] { #expect(try delete(number) == "9000") }
        let isAsBefore = octets == before
        #expect(isAsBefore)
    }

    // TS 102 226 clause 8.2.1.7.
    @Test func resourcesAreThoseOfTheSecurityDomain() throws {
        func resources(_ aid: String) throws -> String {
            #expect(try send("00A4040C" + field(aid)) == "9000")
            return try response(to: "80CAFF21")
        }
        func expected(_ applications: String, _ free: Int, _ volatile: Int) -> String {
            func number(_ value: Int) -> String {
                let digits = String(value, radix: 16, uppercase: true)
                return field(
                    String(repeating: "0", count: value > 0xFFFF ? 6 - digits.count : 4 - digits.count) + digits
                )
            }
            return "FF21" + field("8101" + applications + "82" + number(free) + "83" + number(volatile)) + "9000"
        }
        let issuer = "A000000151000000"
        let all = card.system.memory.availableOctets(to: .card)
        #expect(try resources(issuer) == expected("02", all, 0x10000))
        try Self.selectIssuer(&card)
        #expect(try install("01", "C8020800" + "C7021000") == "9000")
        #expect(try install("02", "D8020400" + "D7020100") == "9000")
        let owner = card.system.memory.owner(of: try reference("01"))
        let load = card.system.memory.load(of: owner)
        #expect(load > 0)
        #expect(try resources("A00000055901") == expected("04", 0x0800 - load, 0x1000))
        // What is reserved is that of the one who has it.
        let left = card.system.memory.availableOctets(to: .card)
        let used = card.system.memory.load(of: card.system.memory.owner(of: try reference("02")))
        #expect(try resources(issuer) == expected("04", left, 0xFF00))
        #expect(try resources("A00000055902") == expected("04", left + 0x0400 - used, 0x10000))
    }

    @Test func aLoadFileIsNotExtraditedToOneThatVerifiesSignatures() throws {
        #expect(try install("01") == "9000")
        #expect(try install("02", privileges: "C00000") == "9000")
        for number in ["01", "02"] { try personalize(number) }
        #expect(try send("80E60200" + field("06A00000055910" + "00000000")) == "9000")
        #expect(try send("80E88000" + field("C40401020304")) == "9000")
        let unchanged = octets
        #expect(try extradite("10", to: "02") == "6985")
        let isUnchanged = octets == unchanged
        #expect(isUnchanged)
        #expect(try extradite("10", to: "01") == "9000")
        // An application may go there.
        #expect(try install("03") == "9000")
        #expect(try extradite("03", to: "02") == "9000")
    }

    @Test func aLoadNeedsRoom() throws {
        func load(_ sizes: String) throws -> String {
            let data = "06A00000055910" + "00" + "00" + field("EF" + field(sizes)) + "00"
            return try send("80E60200" + field(data))
        }
        #expect(try load("C60400010000") == "6A84")
        #expect(try load("C60400004000" + "C8040000A000") == "6A84")
        #expect(try load("C70400010001") == "6A84")
        #expect(try load("C6021000" + "C7021000" + "C8021000") == "9000")
    }

    @Test func manyCyclesLeaveNothing() throws {
        let before = octets
        for number in 0..<300 {
            #expect(try install("01", number % 2 == 0 ? "D8020400" : "C8020400") == "9000")
            #expect(try delete("01") == "9000")
        }
        let isAsBefore = octets == before
        #expect(isAsBefore)
    }
}
