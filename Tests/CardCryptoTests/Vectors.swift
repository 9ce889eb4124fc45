import CardCrypto
import Foundation
import Octets
import Testing

/// A file of vectors/crypto: groups of cases, each group with its origin.
struct VectorFile<Case: Decodable>: Decodable {
    struct Group: Decodable {
        let origin: String
        let cases: [Case]
    }
    let groups: [Group]

    /// All cases of a file, of which there must be `count`, so that none is lost unseen.
    static func cases(_ name: String, count: Int) throws -> [Case] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "vectors/crypto")
        let data = try Data(contentsOf: folder.appending(path: name))
        let cases = try JSONDecoder().decode(Self.self, from: data).groups.flatMap(\.cases)
        #expect(cases.count == count, "\(name)")
        return cases
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

extension HashAlgorithm: Decodable {
    /// The name that a vector file gives the hash function.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        switch try container.decode(String.self) {
        case "SHA-1": self = .sha1
        case "SHA-256": self = .sha256
        case "SHA-384": self = .sha384
        case "SHA-512": self = .sha512
        default: throw DecodingError.dataCorruptedError(in: container, debugDescription: "no such hash function")
        }
    }
}

extension Curve {
    init(named name: String) throws {
        switch name {
        case "P-256": self = .p256
        case "brainpoolP256r1": self = .brainpoolP256r1
        case "FRP256v1": self = .frp256v1
        default: throw CocoaError(.coderInvalidValue)
        }
    }
}

/// The digits `octets` are written with, for a comparison that a failed test shows well.
func hex(_ octets: [UInt8]) -> String { Hex.string(octets) }

/// `count` octets that `body` writes.
func written(
    _ count: Int,
    _ body: (UnsafeMutableRawBufferPointer) throws -> Void
) throws -> [UInt8] {
    var octets = [UInt8](repeating: 0xAA, count: count)
    var span = octets.mutableSpan
    try span.withUnsafeMutableBytes(body)
    return octets
}

/// The error that `body` throws; nil if none.
func thrown(_ body: () throws -> Void) -> CryptoError? {
    do {
        try body()
    } catch {
        if let error = error as? CryptoError { return error }
        Issue.record(error)
    }
    return nil
}
