import Card
import Foundation
import Memory
import Octets
import Testing

/// Every package of vectors/profiles, installed in a card, and its image as `tools/image-reader.py` reads it.
@Suite struct ImageComparisonTests {
    private struct Row {
        let fields: [String: String]
        subscript(_ name: String) -> String { fields[name] ?? "" }
    }

    /// The rows of the list of files that belongs to the package; nil where there is none.
    private func rows(_ package: String) throws -> [Row]? {
        let list = Vectors.folder.appending(path: "profiles/\(package.dropLast(4)).expected-files.tsv")
        guard FileManager.default.fileExists(atPath: list.path) else { return nil }
        let lines = try String(contentsOf: list, encoding: .utf8).split(separator: "\n")
            .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
        let names = try #require(lines.first)
        return lines.dropFirst().map { Row(fields: [String: String](zip(names, $0)) { first, _ in first }) }
    }

    /// The notation of the lists: runs `XX*n` and hexadecimal digits, joined by `+`; `-` for nothing.
    private func octets(_ notation: String) -> String {
        notation.split(separator: "+").map { part in
            let run = part.split(separator: "*")
            if run.count == 2, let count = Int(run[1]) { return String(repeating: String(run[0]), count: count) }
            return part == "-" ? "" : String(part)
        }.joined()
    }

    /// A card clears the services that it does not have: docs/conformance.md.
    private func withoutMissingServices(_ body: String, of row: Row) -> String {
        let services = ["ADF.USIM/6F38": [68, 69, 76], "ADF.ISIM/6F07": [2, 4]][row["path"]] ?? []
        guard !services.isEmpty, var table = Hex.octets(body) else { return body }
        for service in services where (service - 1) / 8 < table.count {
            table[(service - 1) / 8] &= ~(1 << UInt8((service - 1) % 8))
        }
        return Hex.string(table)
    }

    @Test func theReaderSeesWhatTheListsSay() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Geometry.defaultSize, alignment: 4_096)
        defer { buffer.deallocate() }
        var installed: [String] = []
        for package in ProfileTests.packages {
            #expect(Memory.format(buffer))
            var card = try Card(image: buffer, environment: Environment(seed: []))
            guard card.install(profilePackage: [try Vectors.octets("profiles/\(package)")]).isInstalled else {
                continue
            }
            #expect(Card.defects(of: UnsafeRawBufferPointer(buffer)) == [], "\(package)")
            try Data(buffer).write(to: folder.appending(path: "\(installed.count)"))
            installed.append(package)
        }
        #expect(installed.count == 19)
        let contents = try ImageReader.contents(installed.indices.map { folder.appending(path: "\($0)").path })
        #expect(contents.count == installed.count)
        var lists = 0
        for (package, content) in zip(installed, contents) {
            #expect(content.problems == [], "\(package)")
            #expect(content.files.count > 80)
            guard let rows = try rows(package) else { continue }
            lists += 1
            try compare(content, rows, package)
        }
        #expect(lists == 4)
    }

    private func compare(_ content: ImageReader.Content, _ rows: [Row], _ package: String) throws {
        var paths: [String: String] = [:]
        for row in rows where row["type"] == "ADF" { paths[row["path"]] = "3F00/ADF.\(row["aid"])" }
        func stored(_ path: String) -> String {
            let parts = path.split(separator: "/", maxSplits: 1).map(String.init)
            return ([paths[parts.first ?? ""] ?? parts.first ?? ""] + parts.dropFirst()).joined(separator: "/")
        }
        let files = [String: ImageReader.File](content.files.map { ($0.path, $0) }) { first, _ in first }
        #expect(files.count == content.files.count && files.count == rows.count, "\(package)")
        for row in rows {
            let place = "\(package): \(row["path"])"
            guard let file = files[stored(row["path"])] else {
                Issue.record("\(place) is missing")
                continue
            }
            #expect(file.type == row["type"], "\(place)")
            #expect(file.attributes.contains("8B03\(row["arr"])"), "\(place)")
            #expect(row["link_to"].isEmpty ? file.link == nil : file.link == stored(row["link_to"]), "\(place)")
            guard file.body != nil else { continue }
            #expect(file.size == Int(row["size"]), "\(place)")
            #expect(file.record_length == Int(row["rec_len"]) ?? 0, "\(place)")
            #expect(file.sfi == Int(row["sfi"], radix: 16) ?? 0, "\(place)")
            #expect(file.special == row["special_info"] || row["special_info"].isEmpty, "\(place)")
            if row["link_to"].isEmpty {
                #expect(file.body == withoutMissingServices(octets(row["content"]), of: row), "\(place)")
            }
        }
    }
}
