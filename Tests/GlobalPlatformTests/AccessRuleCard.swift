import Card
import CardCrypto
import CardOS
import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// A card with an issuer security domain and an access rule application master, which is selected.
final class AccessRuleCard {
    static let issuer = octets("A000000151000000")
    static let aid = octets("A00000015141434C00")
    static let deleteAll = "80E2900002F100"
    static let getAll = "80CAFF4000"

    let image: UnsafeMutableRawBufferPointer
    var card: Card
    private let response = UnsafeMutableRawBufferPointer.allocate(byteCount: Card.maximumResponseLength, alignment: 8)

    /// - Parameter parameters: INSTALL's of the application, C9 and EF among them.
    init(
        parameters: String = "C900",
        size: Int = 65_536,
        _ transmissionProtocol: Environment.TransmissionProtocol = .t1
    ) throws {
        image = .allocate(byteCount: size, alignment: 4_096)
        try #require(Memory.format(image))
        card = try Card(
            image: image,
            environment: Environment(
                transmissionProtocol: transmissionProtocol,
                seed: [UInt8](repeating: 0x5A, count: 48)
            )
        )
        card.powerOn()
        try card.beginManufacture()
        let domain = "07A0000001515350 08A000000151535041 08A000000151000000 039EFE80"
        let channels = "0A C908 81020370 81020215 00"
        #expect(try ["009000", "6101"].contains(send(Self.install(domain + channels))))
        let key = SecretOctets(count: 16)
        for index in key.buffer.indices { key.buffer[index] = 0 }
        card.selectIssuer(try DataEncryptionKey(.aes, key: key.view))
        try putKeys()
        #expect(try ["009000", "6101"].contains(install(Self.aid, parameters)))
        card.powerOn()
        try select()
    }

    deinit {
        image.deallocate()
        response.deallocate()
    }

    private func putKeys() throws {
        var list = KeyList(capacity: 256)
        for (number, key) in threeKeys(0x40).enumerated() {
            key.withView { list.append(UInt8(number + 1), .aes, $0) }
        }
        try card.system.memory.putKeys(
            list,
            version: 0x30,
            .adding,
            in: entry(Self.issuer).reference,
            SecureChannelOptions()
        )
        card.system.memory.commit()
    }

    static func install(_ data: String) -> String {
        let data = octets(data.filter { $0 != " " })
        return hex([0x80, 0xE6, 0x0C, 0x00, UInt8(data.count)] + data + [0x00])
    }

    /// INSTALL of an instance of the access rule application.
    func install(_ aid: [UInt8], _ parameters: String) throws -> String {
        let file = "08A00000015141434C 09A00000015141434C00"
        let length = hex([UInt8(octets(parameters).count)])
        return try send(Self.install(file + hex([UInt8(aid.count)] + aid) + "0100" + length + parameters + "00"))
    }

    func entry(_ aid: [UInt8]) throws -> RegistryEntry {
        let reference = aid.withView { card.open.registry.entry($0, in: card.system.memory)?.reference }
        return try #require(reference.flatMap { RegistryEntry($0, in: card.system.memory) })
    }

    /// The object that holds the rules.
    var store: RuleStore { get throws { try RuleStore(of: entry(Self.aid), in: card.system.memory) } }

    /// The response APDU; empty where the power failed.
    func transmit(_ command: [UInt8]) -> [UInt8] {
        let length = command.withUnsafeBytes { card.transmit($0, into: response) }
        return [UInt8](response[0..<length])
    }

    /// The response APDU in hexadecimal.
    func send(_ command: String) throws -> String {
        hex(transmit(try #require(Hex.octets(command.filter { $0 != " " }))))
    }

    func select(_ aid: [UInt8] = AccessRuleCard.aid) throws {
        #expect(try send("00A4040C" + hex([UInt8(aid.count)] + aid)) == "9000")
    }

    /// STORE DATA with one data object.
    func store(_ tag: UInt8, _ value: String) throws -> String {
        let data = Self.tlv(tag, octets(value.filter { $0 != " " }))
        return try send(hex([0x80, 0xE2, 0x90, 0x00, UInt8(data.count)] + data))
    }

    /// All rules, put together from as many blocks as it takes.
    func rules() throws -> String {
        var told = octets(try send(Self.getAll))
        while told.suffix(2) == [0x90, 0x00] {
            told.removeLast(2)
            var cursor = (tag: told.prefix(2), rest: told.dropFirst(2))
            #expect(cursor.tag == [0xFF, 0x40])
            let first = Int(cursor.rest.removeFirst())
            var length = first
            if first > 0x80 {
                length = cursor.rest.prefix(first - 0x80).reduce(0) { $0 << 8 | Int($1) }
                cursor.rest = cursor.rest.dropFirst(first - 0x80)
            }
            guard cursor.rest.count < length else {
                #expect(cursor.rest.count == length)
                return hex(Array(cursor.rest))
            }
            told += octets(try send("80CAFF6000"))
        }
        return hex(told)
    }

    static func tlv(_ tag: UInt8, _ value: [UInt8]) -> [UInt8] {
        switch value.count {
        case ..<0x80: [tag, UInt8(value.count)] + value
        case ..<0x100: [tag, 0x81, UInt8(value.count)] + value
        default: [tag, 0x82, UInt8(value.count >> 8), UInt8(value.count & 0xFF)] + value
        }
    }

    /// A session at a level, with the keys of the security domain.
    func openSession(_ level: UInt8 = 0x33) throws -> Host {
        let options = try #require(SCP03Options(0x70))
        let host = Host(.scp03(options), version: 0x30, keys: threeKeys(0x40))
        try #require(host.take(transmit(host.initializeUpdate())))
        try #require(hex(transmit(host.externalAuthenticate(level))) == "9000")
        return host
    }
}

extension Card {
    fileprivate mutating func beginManufacture() throws(StatusWord) {
        try runtime.open.registerFirmware(on: &system)
        runtime.open.enterFactory()
    }

    fileprivate mutating func selectIssuer(_ key: consuming DataEncryptionKey) {
        runtime.open.selectIssuer(in: system, key)
    }
}

/// A rule for the tests.
struct TestRule: Equatable {
    var application: String?
    var device: String
    var package: String?
    var commands: String?
    var events: String?
    var privileges: String?

    /// A rule for the application FFFFFFFFFF with a number, that allows everything.
    static func numbered(_ number: Int) -> TestRule {
        let aid = hex([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, UInt8(number >> 8), UInt8(number & 0xFF)])
        return TestRule(application: aid, device: String(repeating: "C5", count: 20), commands: "01")
    }

    private static func object(_ tag: UInt8, _ value: String?) -> [UInt8] {
        value.map { AccessRuleCard.tlv(tag, octets($0)) } ?? []
    }

    /// REF-DO.
    var reference: String {
        let parts =
            Self.object(0x4F, application) + Self.object(0xC1, device) + Self.object(0xCA, package)
        return hex(AccessRuleCard.tlv(0xE1, parts))
    }

    /// AR-DO.
    var permissions: String {
        let parts = Self.object(0xD0, commands) + Self.object(0xD1, events) + Self.object(0xDB, privileges)
        return hex(AccessRuleCard.tlv(0xE3, parts))
    }

    /// REF-AR-DO.
    var text: String { hex(AccessRuleCard.tlv(0xE2, octets(reference + permissions))) }
}
