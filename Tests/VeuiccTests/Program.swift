import Foundation
import Testing

/// The built program, run as a user runs it.
enum Program {
    struct Result {
        let status: Int32
        let stdout: String
        let stderr: String

        var lines: [String] { stdout.split(separator: "\n").map(String.init) }
    }

    /// SwiftPM puts the program beside the tests.
    static let url = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("veuicc")

    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func tool(_ name: String) -> URL { repository.appendingPathComponent("tools/\(name)") }

    /// Runs a program to its end.
    static func run(
        _ arguments: [String],
        of program: URL = Program.url,
        input: String = "",
        in directory: TemporaryDirectory? = nil
    ) throws -> Result {
        let files = try TemporaryDirectory()
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.standardInput = try FileHandle(forReadingFrom: files.write("input", input))
        process.standardOutput = try FileHandle(forWritingTo: files.write("output", ""))
        process.standardError = try FileHandle(forWritingTo: files.write("errors", ""))
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory.path) }
        try process.run()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus,
            stdout: try files.read("output"),
            stderr: try files.read("errors")
        )
    }

    static func veuicc(_ arguments: String..., input: String = "", in directory: TemporaryDirectory) throws -> Result {
        try run(arguments, input: input, in: directory)
    }

    /// Runs `veuicc` with arguments that let it wait on vpcd, and the card of `card.img` that connects to it.
    static func withCard(_ arguments: [String], in directory: TemporaryDirectory) throws -> Result {
        let process = Process()
        let (output, errors) = (Pipe(), Pipe())
        process.executableURL = url
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let note = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
        let port = try #require(note.wholeMatch(of: /waiting for a card at 127\.0\.0\.1:(\d+)\n/)?.1)
        let card = try veuicc("run", "--image", "card.img", "--port", String(port), "--once", in: directory)
        #expect(card.status == 0)
        let text = try output.fileHandleForReading.readToEnd()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus,
            stdout: String(decoding: text ?? Data(), as: UTF8.self),
            stderr: note
        )
    }

    /// A directory with a card of the default package in `card.img`.
    static func directoryWithCard() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        try #require(veuicc("card", "new", "card.img", in: directory).status == 0)
        return directory
    }
}

/// A directory that is gone when the value is.
final class TemporaryDirectory {
    // Short, since the name of a socket has room for 107 octets.
    let path = "/tmp/veuicc-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> URL {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try Data(text.utf8).write(to: url)
        return url
    }

    func read(_ name: String) throws -> String { String(decoding: try octets(name), as: UTF8.self) }

    func octets(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")) }
}

/// The objects of a JSON text.
func json(_ text: String) throws -> [[String: Any]] {
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return try #require(value as? [[String: Any]] ?? (value as? [String: Any]).map { [$0] })
}
