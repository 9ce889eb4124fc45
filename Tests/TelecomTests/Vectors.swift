import Foundation
import Octets
import Telecom

/// Files of the folder `vectors/uicc`.
enum Vectors {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "vectors")

    static func decode<File: Decodable>(
        _ name: String,
        keys: JSONDecoder.KeyDecodingStrategy = .convertFromSnakeCase
    ) throws -> File {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = keys
        return try decoder.decode(File.self, from: try Data(contentsOf: folder.appending(path: "uicc/\(name)")))
    }

    /// A profile package of the folder `vectors/profiles`.
    static func profile(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: "profiles/\(name)")))
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

    /// At most eight octets as a number.
    var number64: UInt64 { octets.reduce(0) { $0 << 8 | UInt64($1) } }
    /// At most sixteen octets as a number.
    var number: UInt128 { octets.reduce(0) { $0 << 8 | UInt128($1) } }
    /// At most 32 octets by value.
    var short: ShortOctets { octets.short }
}

extension Array where Element == UInt8 {
    /// At most 32 octets by value; of more the first 32.
    var short: ShortOctets { Array(prefix(32)).withView { ShortOctets($0) ?? ShortOctets() } }
}

/// The octets of `octets` in hexadecimal.
func hex(_ octets: ShortOctets) -> String {
    var memory = [UInt8](repeating: 0, count: 32)
    return memory.withUnsafeMutableBytes { buffer in
        var writer = OctetWriter(buffer)
        writer.append(octets)
        return Hex.string(writer.view.array)
    }
}
