import CardManagement
import Foundation
import Octets

/// Files of the folder `vectors/gp`.
enum Vectors {
    static func decode<File: Decodable>(_ name: String, as file: File.Type = File.self) throws -> File {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "vectors/gp")
        return try JSONDecoder().decode(File.self, from: try Data(contentsOf: folder.appending(path: name)))
    }
}

/// Octets that a vector file spells in hexadecimal.
struct HexOctets: Decodable, Equatable {
    let octets: [UInt8]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let octets = Hex.octets(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no hexadecimal digits")
        }
        self.octets = octets
    }
}

/// A recorded exchange of client-traces.json.
struct TracedExchange: Decodable {
    let cmd: String
    let plain: HexOctets?
    let rsp: HexOctets

    /// None for a reset.
    var command: [UInt8] { octets(cmd) }

    struct File: Decodable {
        let clients: [String: [String: [TracedExchange]]]
    }

    /// The sessions of a client whose name begins with `client`, by name.
    static func traces(of client: String) throws -> [(name: String, exchanges: [TracedExchange])] {
        try Vectors.decode("client-traces.json", as: File.self).clients
            .filter { $0.key.hasPrefix(client) }.flatMap { $0.value.map { ($0.key, $0.value) } }
            .sorted { $0.name < $1.name }
    }

    /// The keys of the record: ENC, MAC and DEK of SCP03; SCP02 has the test keys.
    static var keys: [HostKeys] {
        [
            HostKeys(
                version: 0x30,
                channel: .scp03,
                .symmetric(
                    StaticKeys(
                        encryption: [UInt8](0x00..<0x10),
                        mac: [UInt8](0x10..<0x20),
                        dataEncryption: [UInt8](0x20..<0x30)
                    )
                )
            ),
            HostKeys(version: 0x20, channel: .scp02, .symmetric(StaticKeys(all: [UInt8](0x40..<0x50)))),
        ]
    }
}

func octets(_ hex: String) -> [UInt8] { Hex.octets(hex) ?? [] }

func hex(_ octets: [UInt8]) -> String { Hex.string(octets) }
