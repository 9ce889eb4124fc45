import Conformance
import Foundation

/// The files of vectors.
enum Vectors {
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let folder = repository.appending(path: "vectors")

    static func octets(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: path)))
    }

    static func text(_ path: String) throws -> String { String(decoding: try octets(path), as: UTF8.self) }

    /// The transcripts below vectors, by name.
    static let transcripts: [String] = {
        let below = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
        return below.filter { $0.hasSuffix(".apdu") }.sorted()
    }()

    static func transcript(_ path: String) throws -> Transcript {
        try Transcript(try text(path), file: folder.appending(path: path).path)
    }

    static func load(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }

    static func anyPackage() throws -> [UInt8] { try octets("profiles/veuicc-default.der") }
}
