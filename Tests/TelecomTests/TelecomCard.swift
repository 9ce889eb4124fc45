import Card
import CardOS
import Foundation
import Memory
import Octets
import Telecom
import Testing

/// A card of a test with a USIM and an ISIM, whose authentication parameters the test chooses.
final class TelecomCard {
    static let usim = "A0000000871002FF49FF0589"
    static let isim = "A0000000871004FF49FF0589"
    /// What the test algorithm of TS.48 has: K 000102..0F, and RES of 128 bits.
    static let testAlgorithm = parameters(algorithm: 3, options: 2, key: "000102030405060708090A0B0C0D0E0F")

    let image: UnsafeMutableRawBufferPointer
    var card: Card
    /// The MF of a card with parameters.
    private(set) var root = ObjectReference(page: 0)
    private let response = UnsafeMutableRawBufferPointer.allocate(byteCount: Card.maximumResponseLength, alignment: 8)

    /// A card with an empty image, or with a copy of another one.
    init(image octets: [UInt8]? = nil, _ transmissionProtocol: Environment.TransmissionProtocol = .t1) throws {
        image = .allocate(byteCount: octets?.count ?? Geometry.defaultSize, alignment: 4_096)
        if let octets { image.copyBytes(from: octets) } else { _ = Memory.format(image) }
        card = try Card(
            image: image,
            environment: Environment(
                transmissionProtocol: transmissionProtocol,
                seed: [UInt8](repeating: 0x5A, count: 48)
            )
        )
        card.powerOn()
    }

    /// A card with both applications, with these services and parameters; the ISIM uses those of the USIM.
    convenience init(
        _ parameters: [UInt8],
        services: [Int] = [27, 38, 68, 124, 125],
        hasPIN: Bool = false
    ) throws {
        try self.init()
        root = try create(nil, 0x78, 0x3F00)
        let usim = try create(root, 0x78, nil, name: Self.usim)
        let isim = try create(root, 0x78, nil, name: Self.isim)
        try fill(create(usim, 0x41, 0x6F38, size: 17), Self.table(services, count: 17))
        try fill(create(isim, 0x41, 0x6F07, size: 2), Self.table([2], count: 2))
        try fill(create(usim, 0x41, 0x6FAD, size: 4), [0x00, 0x00, 0x00, 0x03])
        try fill(create(usim, 0x41, 0x6F07, size: 9), [0x08, 0x29, 0x47, 0x10, 0x02, 0x10, 0x00, 0x02, 0x68])
        _ = try create(usim, 0x78, 0x5F3B)
        let pin: [UInt8] = [0x01, hasPIN ? 0x07 : 0x06, 0x33, 0, 0, 0xFF, 0xFF, 0xFF]
        try (pin + Array("0000".utf8) + [0xFF, 0xFF, 0xFF, 0xFF]).withView { (entries) throws(StatusWord) in
            try card.system.createCodes(entries: entries, areUnblocking: false, for: root, sharedWith: nil)
        }
        try store(parameters, usim)
        try store(Self.tlv(0xA1, Self.tlv(0xA0, [0x80, 0x01, 0x06] + Self.tlv(0x81, Self.octets(Self.usim)))), isim)
        card.system.memory.commit()
        card.powerOn()
    }

    deinit {
        image.deallocate()
        response.deallocate()
    }

    /// The response APDU in hexadecimal; empty where the power failed.
    func send(_ command: String) throws -> String {
        let octets = try #require(Hex.octets(command))
        let length = octets.withUnsafeBytes { card.transmit($0, into: response) }
        return Hex.string(response[0..<length])
    }

    /// Selects an application without response data.
    func select(_ application: String = TelecomCard.usim) throws {
        #expect(try send("00A4040C0C" + application) == "9000")
    }

    func create(
        _ parent: ObjectReference?,
        _ descriptor: UInt8,
        _ identifier: UInt16?,
        size: UInt32 = 0,
        record: UInt16 = 0,
        name: String = ""
    ) throws -> ObjectReference {
        // Everything is allowed always.
        try ([0xAB, 0x05, 0x80, 0x01, 0x7F, 0x90, 0x00] as [UInt8]).withView { (attributes) throws(StatusWord) in
            try Self.octets(name).withView { (name) throws(StatusWord) in
                var parameters = FileParameters(descriptor: descriptor, fileIdentifier: identifier)
                parameters.securityAttributes = attributes
                parameters.dfName = name
                (parameters.size, parameters.recordLength) = (size, record)
                return try card.system.createFile(parameters, parent: parent)
            }
        }
    }

    func fill(_ file: ObjectReference, _ octets: [UInt8]) throws {
        try octets.withView { (view) throws(StatusWord) in try card.system.fill(file, at: 0, view) }
    }

    /// The ADF of the USIM.
    var usimFile: ObjectReference {
        get throws {
            let file = Self.octets(Self.usim).withView { card.system.application(named: $0) }
            return try #require(file)
        }
    }

    func store(_ members: [UInt8], _ application: ObjectReference) throws {
        try members.withView { (members) throws(StatusWord) in
            try card.system.storeAuthenticationParameters(members, application: application)
        }
    }

    // MARK: Encodings

    static func octets(_ text: String) -> [UInt8] { Hex.octets(text) ?? [] }

    static func tlv(_ tag: UInt8, _ value: [UInt8]) -> [UInt8] {
        switch value.count {
        case ..<0x80: [tag, UInt8(value.count)] + value
        case ..<0x100: [tag, 0x81, UInt8(value.count)] + value
        default: [tag, 0x82, UInt8(value.count >> 8), UInt8(value.count & 0xFF)] + value
        }
    }

    private static func table(_ services: [Int], count: Int) -> [UInt8] {
        var table = [UInt8](repeating: 0, count: count)
        for service in services { table[(service - 1) / 8] |= 1 << UInt8((service - 1) % 8) }
        return table
    }

    /// The members of PE-AKAParameter behind its header.
    static func parameters(
        algorithm: UInt8,
        options: UInt8 = 0,
        key: String,
        opc: String = "00000000000000000000000000000000",
        further: [UInt8] = [],
        beside: [UInt8] = []
    ) -> [UInt8] {
        let members = [0x80, 0x01, algorithm, 0x81, 0x01, options] + tlv(0x82, octets(key)) + tlv(0x83, octets(opc))
        return tlv(0xA1, tlv(0xA1, members + further)) + beside
    }
}
