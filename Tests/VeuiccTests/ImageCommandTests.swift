import Foundation
import Testing

/// `veuicc image`, as the built program.
@Suite final class ImageCommandTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    private let fixture = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "vectors/images/format-1.0.img")
    private let octets: Data

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        octets = try Data(contentsOf: fixture)
        try octets.write(to: folder.appending(path: "card.img"))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Exit status, standard output, standard error of `veuicc image` with `arguments`, in the folder of the test.
    private func run(_ arguments: String..., input: Data = Data()) throws -> (status: Int32, Data, String) {
        let process = Process()
        // The program stands beside the tests.
        process.executableURL = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appending(path: "veuicc")
        process.arguments = ["image"] + arguments
        process.currentDirectoryURL = folder
        let (output, errors) = (Pipe(), folder.appending(path: "errors"))
        let source = folder.appending(path: "input")
        try input.write(to: source)
        try Data().write(to: errors)
        process.standardInput = try FileHandle(forReadingFrom: source)
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, answer, try String(contentsOf: errors, encoding: .utf8))
    }

    private func file(_ name: String) -> Data? {
        FileManager.default.contents(atPath: folder.appending(path: name).path)
    }

    private func damage(_ offsets: Int...) throws {
        var copy = octets
        for offset in offsets { copy[offset] ^= 0xFF }
        try copy.write(to: folder.appending(path: "bad.img"))
    }

    @Test func info() throws {
        let (status, output, errors) = try run("info", "card.img")
        #expect((status, errors) == (0, ""))
        #expect(
            String(decoding: output, as: UTF8.self) == """
                format 1.0
                size 65536 octets, 1024 pages of 64
                free 53440 octets, 835 pages
                owner 0: uses 1408 octets, quota none
                owner 1: uses 384 octets, quota 8192 octets, belongs to owner 0
                files 11
                ICCID 89000123456789012341
                journal closed
                defects 0

                """
        )
    }

    @Test func infoAsJSON() throws {
        let (status, output, _) = try run("info", "card.img", "--json")
        #expect(status == 0)
        let object = try #require(try JSONSerialization.jsonObject(with: output) as? [String: Any])
        #expect(object["page_size"] as? Int == 64)
        #expect(object["free_octets"] as? Int == 53_440)
        #expect(object["iccid"] as? String == "89000123456789012341")
        #expect((object["owners"] as? [[String: Any]])?.last?["quota"] as? Int == 8_192)
    }

    @Test func verify() throws {
        let (status, output, errors) = try run("verify", "card.img")
        #expect((status, String(decoding: output, as: UTF8.self), errors) == (0, "no defect\n", ""))
        #expect(try String(decoding: run("verify", "card.img", "--json").1, as: UTF8.self).contains("["))
    }

    @Test func verifyListsEachDefect() throws {
        try damage(65_530, 64)
        let before = file("bad.img")
        let (status, output, errors) = try run("verify", "bad.img")
        #expect((status, errors) == (65, ""))
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
        #expect(lines.first == "offset 64: the owner table entry is malformed")
        #expect(lines.last == "offset 65530: a free page is not erased")
        let json = try run("verify", "bad.img", "--json")
        #expect(json.status == 65)
        let findings = try #require(try JSONSerialization.jsonObject(with: json.1) as? [[String: Any]])
        #expect(findings.count == lines.count)
        #expect(findings.last?["offset"] as? Int == 65_530)
        #expect(file("bad.img") == before)
    }

    @Test func dumpAndLoad() throws {
        #expect(try run("dump", "card.img").1 == octets)
        #expect(try run("dump", "card.img", "copy.img").status == 0)
        #expect(file("copy.img") == octets)
        #expect(try run("dump", "card.img", "copy.img").status != 0)
        #expect(try run("dump", "card.img", "copy.img", "--force").status == 0)
        #expect(try run("load", "copy.img", "new.img").status == 0)
        #expect(file("new.img") == octets)
        #expect(try run("load", "-", "piped.img", input: octets).status == 0)
        #expect(file("piped.img") == octets)
    }

    @Test func loadReplacesOnlyWhenAsked() throws {
        try Data("mine".utf8).write(to: folder.appending(path: "there"))
        let (status, _, errors) = try run("load", "card.img", "there")
        #expect(status != 0 && errors.contains("there: the file exists already"))
        #expect(file("there") == Data("mine".utf8))
        #expect(try run("load", "card.img", "there", "--force").status == 0)
        #expect(file("there") == octets)
    }

    @Test func aDefectiveCopyIsNotLoaded() throws {
        try damage(65_530)
        let (status, _, errors) = try run("load", "bad.img", "card.img", "--force")
        #expect(status != 0)
        #expect(errors.contains("bad.img: not loaded: 1 defects, the first at offset 65530: a free page is not erased"))
        #expect(file("card.img") == octets)
        // It can be copied out, to be looked at elsewhere.
        let dump = try run("dump", "bad.img")
        #expect(dump.status == 0 && dump.1 == file("bad.img"))
        #expect(dump.2.contains("bad.img: copied with 1 defects, the first at offset 65530"))
    }

    @Test func whatIsNotThere() throws {
        for (command, argument) in [("info", "--json"), ("verify", "--json"), ("dump", "new.img"), ("load", "new.img")]
        {
            let (status, output, errors) = try run(command, "none", argument)
            #expect(status != 0 && output.isEmpty)
            #expect(errors.contains("none: no such file"))
        }
        let (status, _, errors) = try run("load", "errors", "new.img")
        #expect(
            status != 0 && errors.contains("errors: not loaded: 1 defects, the first at offset 0: not a card image")
        )
        #expect(file("new.img") == nil)
    }
}
