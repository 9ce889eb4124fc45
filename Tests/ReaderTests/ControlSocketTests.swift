import Foundation
import Glibc
import Testing

@testable import Reader

/// The socket itself, and the lines on it.
@Suite struct ControlSocketTests {
    private let directory = "/tmp/veuicc-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false) }

    private func finish() { try? FileManager.default.removeItem(atPath: directory) }

    private var mode: mode_t {
        var status = stat()
        return lstat(directory + "/s", &status) == 0 ? status.st_mode : 0
    }

    @Test func onlyItsOwnerConnects() throws {
        defer { finish() }
        let server = try ControlServer(at: directory + "/s")
        #expect(mode == S_IFSOCK | 0o600)
        server.stop()
        #expect(mode == 0)
    }

    @Test func oneThatIsInUseStays() throws {
        defer { finish() }
        let server = try ControlServer(at: directory + "/s")
        let error = #expect(throws: TerminalError.self) { try ControlServer(at: directory + "/s") }
        #expect(error?.kind == .inUse)
        #expect(mode == S_IFSOCK | 0o600)
        server.stop()
    }

    @Test func oneThatWasLeftBehindIsReplaced() throws {
        defer { finish() }
        close(try UnixSocket.listen(directory + "/s"))
        #expect(mode == S_IFSOCK | 0o600)
        let server = try ControlServer(at: directory + "/s")
        try server.serve([])
        #expect(try ControlClient(connectingTo: directory + "/s").ask("status").contains("false"))
        // What came after it is not its own to remove.
        unlink(directory + "/s")
        let next = try ControlServer(at: directory + "/s")
        server.stop()
        #expect(mode == S_IFSOCK | 0o600)
        next.stop()
        #expect(mode == 0)
    }

    @Test func whatIsNoSocketStays() throws {
        defer { finish() }
        try Data("precious".utf8).write(to: URL(filePath: directory + "/s"))
        let error = #expect(throws: TerminalError.self) { try ControlServer(at: directory + "/s") }
        #expect(error?.kind == .inUse)
        #expect(try Data(contentsOf: URL(filePath: directory + "/s")) == Data("precious".utf8))
        #expect(throws: TerminalError.self) { try ControlServer(at: directory + "/none/s") }
        #expect(throws: TerminalError.self) { try ControlServer(at: String(repeating: "x", count: 108)) }
        #expect(throws: TerminalError.self) { try ControlServer(at: "") }
        #expect(throws: TerminalError.self) { try ControlClient(connectingTo: directory + "/none") }
    }

    @Test(
        arguments: [
            "", " ", "0", "stat", "status now", "snapshot", "restore", "reset", "reset hot", "reset cold warm",
            "remove 1",
            "power-cut", "power-cut 0", "power-cut -1", "power-cut x", "power-cut 1 prefix", "power-cut 1 prefix 65",
            "power-cut 1 prefix 1 8", "power-cut 1 prefix 1 2 3", "power-cut 1 subset", "power-cut 1 before 1",
            "power-cut 99999999999999999999", "mute x", "mute -1", "mute 1 2", "atr", "atr 3", "atr XX", "delay",
            "delay -1", "delay 60001", "\u{FFFD}", "0 0 status",
            "atr " + String(repeating: "3B", count: 34),
        ]
    )
    func whatIsNoRequestIsRefused(_ line: String) throws {
        finish()
        let failure = #expect(throws: ControlFailure.self) { try ControlServer.answer(line[...], []) }
        #expect(failure?.kind == .usage)
    }

    @Test func linesComeInAnyPieces() throws {
        defer { finish() }
        let server = try ControlServer(at: directory + "/s")
        try server.serve([])
        defer { server.stop() }
        let descriptor = try UnixSocket.connect(directory + "/s")
        defer { close(descriptor) }
        var lines = LineReader(descriptor)
        for piece in ["st", "atus\nreset", "\n\nmute\r\n"] {
            #expect(Array(piece.utf8).withUnsafeBytes { TCP.send(descriptor, $0) })
            Pause.milliseconds(20)
        }
        for _ in 0..<4 { #expect(lines.next()?.hasPrefix(#"{"error":"#) == true) }
        // A line without end is the end.
        let endless = [UInt8](repeating: 0x41, count: LineReader.limit + 4_096)
        _ = endless.withUnsafeBytes { TCP.send(descriptor, $0) }
        #expect(lines.next() == nil)
    }

    @Test func requestsNameFilesForAnotherDirectory() throws {
        finish()
        let here = FileManager.default.currentDirectoryPath
        #expect(try ControlClient.request(["snapshot", "a.img"]) == "snapshot \(here)/a.img")
        #expect(try ControlClient.request(["2", "restore", "my card.img"]) == "2 restore \(here)/my card.img")
        #expect(try ControlClient.request(["restore", "/a.img"]) == "restore /a.img")
        #expect(try ControlClient.request(["restore", "before"]) == "restore before")
        #expect(try ControlClient.request(["status"]) == "status")
        #expect(throws: ControlFailure.self) { try ControlClient.request(["status\nremove"]) }
    }
}
