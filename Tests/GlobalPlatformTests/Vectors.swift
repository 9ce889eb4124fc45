import Foundation
import Octets

/// Files of the folder `vectors/gp`.
enum Vectors {
    static func url(_ name: String) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "vectors/gp").appending(path: name)
    }

    static func decode<File: Decodable>(_ name: String) throws -> File {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(File.self, from: try Data(contentsOf: url(name)))
    }
}

/// Octets that a vector file spells in hexadecimal.
struct HexOctets: Decodable, Equatable {
    var octets: [UInt8]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let octets = Hex.octets(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no hexadecimal digits")
        }
        self.octets = octets
    }

    var number: UInt32 { octets.reduce(0) { $0 << 8 | UInt32($1) } }
}

/// The static keys of a vector.
struct StaticKeys: Decodable {
    let enc: HexOctets
    let mac: HexOctets
    let dek: HexOctets

    var all: [[UInt8]] { [enc.octets, mac.octets, dek.octets] }
}

func octets(_ hex: String) -> [UInt8] { Hex.octets(hex) ?? [] }

func hex(_ octets: [UInt8]) -> String { Hex.string(octets) }

extension Vectors {
    /// A file whose members are named as in the code.
    static func decodePlainly<File: Decodable>(_ name: String, as file: File.Type) throws -> File {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .custom { path in
            let name = path.last?.stringValue ?? ""
            guard name.contains("_"), name != "eSK_OCE", name != "SK_OCE", name != "PK_SD", name != "ePK_SD" else {
                return Name(stringValue: name)
            }
            let words = name.split(separator: "_")
            let rest = words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }
            return Name(stringValue: words[0] + rest.joined())
        }
        return try decoder.decode(File.self, from: try Data(contentsOf: url(name)))
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
