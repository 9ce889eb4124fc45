import Foundation
import Testing

@testable import Reader

private let atr = ScriptedTerminal.atr
private let echo: [UInt8] = [0x00, 0xE0, 0x01, 0x02]

/// A private PC/SC service for the suite. The library reads once where it is, so that there is one for all tests.
private struct PrivateService: SuiteTrait, TestScoping {
    /// The port of the first reader's first slot.
    @TaskLocal static var port: UInt16 = 0

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        // Short, since the name of a socket has room for 107 octets.
        let directory = "/tmp/veuicc-\(UUID().uuidString)"
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let process = Process()
        let input = Pipe()
        let output = Pipe()
        process.executableURL = root.deletingLastPathComponent().appendingPathComponent("tools/pcscd-private")
        // The service lives as long as its command, and that as long as its input: also when the tests are killed.
        process.arguments =
            ["run", "--dir", directory, "--port", "0", "--readers", "2", "--"]
            + ["sh", "-c", "echo $PCSCLITE_CSOCK_NAME $VPCD_PORT; exec cat"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        defer {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
            try? FileManager.default.removeItem(atPath: directory)
        }
        let words = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
            .split { $0.isWhitespace }
        try #require(words.count == 2)
        setenv("PCSCLITE_CSOCK_NAME", String(words[0]), 1)
        try await PrivateService.$port.withValue(try #require(UInt16(words[1]))) { try await function() }
    }
}

/// The PC/SC client, and the card behind the system's own driver: pcscd and vpcd as they are installed.
@Suite(.serialized, PrivateService()) struct PCSCTests {
    let context: PCSCContext
    let log = Log()
    let card: VPCDCard

    init() throws {
        card = try VPCDCard(serving: ScriptedTerminal(log), at: VPCDEndpoint(port: PrivateService.port))
        context = try PCSCContext()
        try context.waitForCard(in: "veuicc 0 00 00", milliseconds: 10_000)
    }

    /// The card leaves, and the reader is empty before the next test puts another one in.
    func end() throws {
        card.stop()
        #expect(try card.waitForEnd(milliseconds: 10_000))
        try context.waitForRemoval(from: "veuicc 0 00 00", milliseconds: 10_000)
    }

    @Test func readersAndTheirNames() throws {
        let names = ["veuicc 0 00 00", "veuicc 0 00 01", "veuicc 1 00 00", "veuicc 1 00 01"]
        #expect(try context.readers() == names)
        #expect(try context.reader("veuicc 1 00 00") == "veuicc 1 00 00")
        #expect(try context.reader("1") == "veuicc 0 00 01")
        #expect(try context.reader("1 00 01") == "veuicc 1 00 01")
        let several = #expect(throws: TerminalError.self) { try context.reader("veuicc") }
        let list = names.map { "\"\($0)\"" }.joined(separator: ", ")
        #expect(several?.description == "several readers are called \"veuicc\"; readers: \(list)")
        let none = #expect(throws: TerminalError.self) { try context.reader("4") }
        #expect(none?.kind == .unavailable)
        #expect(none?.description == "no reader is called \"4\"; readers: \(list)")
        try end()
    }

    @Test func commandsGoThroughAsTheyAre() throws {
        let terminal = try context.connect(to: "veuicc 0 00 00")
        #expect(terminal.answerToReset == atr)
        #expect(terminal.transmissionProtocol == 0)
        #expect(try terminal.transmit(echo) == echo + [0x90, 0x00])
        let long = echo + [UInt8](repeating: 0x33, count: 65_529)
        #expect(try terminal.transmit(long) == long + [0x90, 0x00])
        #expect(try terminal.transmit([0x00, 0x10, 0xFF, 0xFF]).count == 65_535)
        // Le is not taken away under T=0.
        #expect(try terminal.transmit([0x00, 0xE0, 0x00, 0x00, 0x01, 0xAA, 0x00]).count == 9)
        #expect(try terminal.transmit([0x55]) == [0x67, 0x00])
        let empty = #expect(throws: TerminalError.self) { try terminal.transmit([]) }
        #expect(empty?.kind == .length)
        try end()
    }

    @Test func resetsAndPower() throws {
        let terminal = try context.connect(to: "veuicc 0 00 00", .exclusive, .t0)
        _ = try terminal.transmit(echo)
        let before = log.all.count
        try terminal.warmReset()
        try terminal.powerOn()
        _ = try terminal.transmit(echo)
        #expect(Array(log.all[before...]) == ["warm reset", "power off", "power on", "00E00102"])
        // Power off has no answer: only the command behind it says that the card has seen it.
        try terminal.powerOff()
        _ = try terminal.transmit(echo)
        #expect(log.all.suffix(3) == ["power off", "power on", "00E00102"])
        try end()
    }

    @Test func otherUsers() throws {
        let first = try context.connect(to: "veuicc 0 00 00")
        let second = try context.connect(to: "veuicc 0 00 00")
        let third = #expect(throws: TerminalError.self) { try context.connect(to: "veuicc 0 00 00", .exclusive) }
        #expect(third?.kind == .inUse)
        try first.warmReset()
        let reset = #expect(throws: TerminalError.self) { try second.transmit(echo) }
        #expect(reset?.kind == .cardReset)
        try second.resume()
        #expect(try second.transmit(echo) == echo + [0x90, 0x00])
        let answer = try first.transaction(ending: .leave) { () throws(TerminalError) in try first.transmit(echo) }
        #expect(answer == echo + [0x90, 0x00])
        try end()
    }

    @Test func connectionsThatCannotBe() throws {
        let mismatch = #expect(throws: TerminalError.self) {
            try context.connect(to: "veuicc 0 00 00", .shared, .t1)
        }
        #expect(mismatch?.kind == .protocolMismatch)
        let empty = #expect(throws: TerminalError.self) { try context.connect(to: "veuicc 1 00 00") }
        #expect(empty?.kind == .unavailable)
        #expect(empty?.description == "cannot connect to the card in \"veuicc 1 00 00\": No smart card inserted.")
        let unknown = #expect(throws: TerminalError.self) { try context.connect(to: "none") }
        #expect(unknown?.kind == .unavailable)
        let waiting = #expect(throws: TerminalError.self) {
            try context.waitForCard(in: "veuicc 1 00 00", milliseconds: 10)
        }
        #expect(waiting?.kind == .timeout)
        try end()
    }

    @Test func cardThatGoes() throws {
        let terminal = try context.connect(to: "veuicc 0 00 00")
        _ = try terminal.transmit(echo)
        let failed = #expect(throws: TerminalError.self) { try terminal.transmit([0x00, 0x30, 0x00, 0x00]) }
        #expect(failed?.kind == .cardRemoved)
        // The card is away long enough for the service to notice, and comes back.
        try context.waitForRemoval(from: "veuicc 0 00 00", milliseconds: 10_000)
        try context.waitForCard(in: "veuicc 0 00 00", milliseconds: 10_000)
        let again = try context.connect(to: "veuicc 0 00 00")
        #expect(try again.transmit(echo) == echo + [0x90, 0x00])
        try end()
    }

    @Test func severalCardsInOneProcess() throws {
        let endpoint = try #require(VPCDEndpoint(port: PrivateService.port).ofCard(1))
        let other = Log()
        let second = try VPCDCard(serving: ScriptedTerminal(other), at: endpoint)
        try context.waitForCard(in: "veuicc 1 00 00", milliseconds: 10_000)
        let one = try context.connect(to: "veuicc 0 00 00")
        let two = try context.connect(to: "veuicc 1 00 00")
        _ = try one.transmit(echo + [1])
        _ = try two.transmit(echo + [2])
        #expect(log.all.contains("00E0010201") && !log.all.contains("00E0010202"))
        #expect(other.all.contains("00E0010202") && !other.all.contains("00E0010201"))
        second.stop()
        #expect(try second.waitForEnd(milliseconds: 10_000))
        try context.waitForRemoval(from: "veuicc 1 00 00", milliseconds: 10_000)
        try end()
    }
}
