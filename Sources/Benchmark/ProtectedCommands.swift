import BenchmarkUnits
import Card
import ImageFile

/// Commands that a session of SCP03 with the issuer security domain protects, wrapped beforehand. The card's challenge
/// follows from its sequence counter, so that they are good for each copy of the same image.
struct ProtectedCommands {
    static let count = 1_000
    /// How many blocks make an object.
    private static let blocks = 125
    /// STORE DATA with 239 octets, the most that a short command carries enciphered: blocks of an object of 29,875 octets,
    /// and whole objects; and READ BINARY of EF.ICCID by its short file identifier, which goes on to the platform.
    static let all = [
        ProtectedCommands("scp03-store-data-33", .storeData, level: 0x33),
        ProtectedCommands("scp03-store-data-03", .storeData, level: 0x03),
        ProtectedCommands("scp03-store-object-33", .storeObject, level: 0x33),
        ProtectedCommands("scp03-read-33", .read, level: 0x33),
        ProtectedCommands("scp03-read-03", .read, level: 0x03),
    ]

    private enum Kind {
        case storeData
        case storeObject
        case read
    }

    let name: String
    /// The name of the line that times `message`.
    var blocksName: String { "blocks-\(name)" }
    private let kind: Kind
    private let level: UInt8

    private init(_ name: String, _ kind: Kind, level: UInt8) {
        self.name = name
        self.kind = kind
        self.level = level
    }

    /// What the block operations of a command and its response are.
    var message: benchmark_message {
        // The MAC begins with the chaining value and five octets of header, that of the response ends with two of status.
        let (data, response) = kind == .read ? (0, 16) : (240, 0)
        return benchmark_message(
            command_mac: 16 + 5 + data,
            deciphered: data,
            enciphered: level & 0x20 != 0 ? response : 0,
            response_mac: level & 0x10 != 0 ? 16 + response + 2 : 0
        )
    }

    /// The octets of a response, status word included.
    private var responseLength: Int {
        let response = kind != .read ? 0 : level & 0x20 != 0 ? 16 : 10
        return response + (level & 0x10 != 0 ? 8 : 0) + 2
    }

    /// Opens a session on a copy of an image, and wraps the commands for it.
    func workload(image: String) throws -> Workload {
        let subject = try Subject(on: BaseImage(file: image).ephemeral(), .both)
        try subject.send(Workload.selectIssuer, expecting: 0x9000)
        try subject.send(SecureChannelHost.initializeUpdate, expecting: 0x9000)
        var host = try SecureChannelHost(FactoryConfiguration.testKey, level: level, response: subject.response)
        let before = [Workload.selectIssuer, SecureChannelHost.initializeUpdate, host.externalAuthenticate]
        let commands = try (0..<Self.count).map { number in
            switch kind {
            case .read: return try host.wrap([0x00, 0xB0, 0x82, 0x00])
            case .storeData:
                let block = number % Self.blocks
                let length = Self.blocks * 239 - 5
                let start: [UInt8] = block == 0 ? [0x5F, 0x50, 0x82, UInt8(length >> 8), UInt8(length & 0xFF)] : []
                let data = start + [UInt8](repeating: UInt8(number & 0xFF), count: 239 - start.count)
                return try host.wrap([0x80, 0xE2, block == Self.blocks - 1 ? 0x90 : 0x10, UInt8(block)], data)
            case .storeObject:
                let object = [0x5F, 0x50, 0x81, 235] + [UInt8](repeating: UInt8(number & 0xFF), count: 235)
                return try host.wrap([0x80, 0xE2, 0x90, 0x00], object)
            }
        }
        return Workload(
            name,
            before: before,
            commands,
            responses: Self.count * responseLength,
            onceOnlyStatus: 0x9000,
            transmissionProtocol: .both
        )
    }
}
