import Foundation
import Octets
import Testing

@testable import Trace

/// Recordings: text, JSON, captures.
@Suite struct RecordingTests {
    @Test func scriptor() throws {
        let session = """
            Using T=0 protocol
            > 00 A4 00 04 02 2F 00
            < 61 1C : 28 bytes of response still available.
            > 00 C0 00 00 1C
            < 62 1A 82 05 42 21 00 26 04 83 02 2F 00 8A 01 05\u{20}
            8B 03 2F 06 0A 80 02 00 98 88 01 F0 90 00 : Normal processing.

            > RESET
            < OK: 3B 9F 00\u{20}
            """
        let records = try records(session)
        #expect(records.count == 3)
        #expect(records[2].event == .warmReset(answerToReset: [0x3B, 0x9F, 0x00]))
        guard case .command(_, let response) = records[1].event else { return }
        #expect(response.count == 30)
    }

    @Test func json() throws {
        let session = """
            {"card":3,"event":"ready","atr":"3B00"}
            {"command":"00A40004022FE2","data":"","sw":"6119"}
            {"card":1,"event":"command","command":"00B000000A","response":"019000","time":1700000000.123456}
            {"atr":"3B00","command":"reset"}
            {"card":1,"event":"disconnected","reason":"stopped"}
            """
        #expect(
            try records(session) == [
                TraceRecord(.command([0x00, 0xA4, 0x00, 0x04, 0x02, 0x2F, 0xE2], response: [0x61, 0x19])),
                TraceRecord(
                    time: 1_700_000_000_123_456,
                    card: 1,
                    .command([0x00, 0xB0, 0x00, 0x00, 0x0A], response: [0x01, 0x90, 0x00])
                ),
                TraceRecord(.warmReset(answerToReset: [0x3B, 0x00])), TraceRecord(card: 1, .powerOff),
            ]
        )
    }

    @Test(
        arguments: [
            ("> 00A4\n< 6119\nhello", 3, "\"hello\" is no line of a recording"),
            ("> 00A4\n> 00A4", 1, "the command has no response"),
            ("\n> 00A4", 2, "the command has no response"),
            ("< 9000", 1, "a response without a command"),
            ("> 0G", 1, "\"0G\" is no command in hexadecimal"),
            ("> 00A4\n< 90", 2, "a response without a status word"),
            ("{", 1, "no JSON object of a recording"),
            ("# x\n{\"sw\":\"9000\"}", 2, "the object has no \"command\""),
            ("{\"command\":\"0\",\"sw\":\"9000\"}", 1, "\"command\" is not hexadecimal"),
        ]
    )
    func errorsNameTheLine(_ session: String, _ line: Int, _ description: String) {
        #expect(throws: TraceFormatError(line: line, description)) { try records(session) }
    }

    /// What goes into a capture comes out of it: with P3 as there are data.
    @Test func capture() throws {
        let session = try recordedSession()
        let sent = try records(session)
        var file = PacketCapture.fileHeader
        for (index, record) in sent.enumerated() {
            for packet in GSMTAP.packets(record) {
                file += PacketCapture.packet(packet, time: 1_700_000_000_000_000 + UInt64(index))
            }
        }
        var read: [TraceRecord] = []
        #expect(try TraceFile.readCapture(file, into: &read))
        #expect(read.count == sent.count)
        #expect(read.map(\.time).first == 1_700_000_000_000_000)
        for (one, other) in zip(sent, read) {
            switch (one.event, other.event) {
            case (.command(let command, let response), .command(let again, let answer)):
                #expect(command.prefix(4) == again.prefix(4))
                #expect(response == answer)
            case (.warmReset(let octets), .powerOn(let again)): #expect(octets == again)
            default: Issue.record("\(one) became \(other)")
            }
        }
        // Cut off anywhere it is read as far as it goes, without a trap.
        for length in stride(from: 0, to: file.count, by: 97) {
            var some: [TraceRecord] = []
            _ = try? TraceFile.readCapture(Array(file[..<length]), into: &some)
            #expect(some.count <= sent.count)
        }
    }

    /// ISO/IEC 7816-3 clause 12.2: response data behind command data, and more than 256 octets.
    @Test func packetsOfAPDUs() throws {
        let select = try #require(Hex.octets("00A40004022FE200"))
        let content = { (event: TraceEvent) in GSMTAP.packets(TraceRecord(event)).map { Hex.string($0.dropFirst(16)) } }
        #expect(
            content(.command(select, response: [1, 2, 3, 0x90, 0])) == ["00A40004022FE26103", "00C00000030102039000"]
        )
        let long = [UInt8](repeating: 7, count: 300)
        let parts = content(.command([0x01, 0xB0, 0, 0, 0, 0, 0], response: long + [0x90, 0x00]))
        #expect(parts.map(\.count) == [2 * (5 + 256 + 2), 2 * (5 + 44 + 2)])
        #expect(parts[0].hasSuffix("612C") && parts[1].hasPrefix("01C000002C"))
        #expect(content(.command([0x00, 0xB0, 0, 0, 9], response: [0x69, 0x82])) == ["00B00000006982"])
        let extended = content(
            .command([0x80, 0xDB, 0, 0x80, 0, 1, 0] + [UInt8](repeating: 1, count: 256), response: [0x90, 0x00])
        )
        #expect(extended.count == 2 && extended[0].hasPrefix("90DB0080FF") && extended[1] == "80DB008001019000")
    }

    /// Wireshark reads the capture: every APDU is dissected, and none is malformed.
    @Test func wireshark() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "veuicc-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        let capture = directory.appending(path: "session.pcap")
        let sent = try records(recordedSession())
        let packets = sent.flatMap { GSMTAP.packets($0) }
        let file = PacketCapture.fileHeader + packets.flatMap { PacketCapture.packet($0, time: 1_700_000_000_000_000) }
        try Data(file).write(to: capture)

        let output = directory.appending(path: "output")
        try Data().write(to: output)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/tshark")
        process.arguments = ["-r", capture.path, "-V"]
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = FileHandle.nullDevice
        process.environment = ["HOME": directory.path, "PATH": "/usr/bin:/bin"]
        try process.run()
        process.waitUntilExit()
        let text = try String(contentsOf: output, encoding: .utf8)
        #expect(process.terminationStatus == 0)
        #expect(text.components(separatedBy: "\nGSM SIM 11.11\n").count - 1 == packets.count)
        #expect(text.contains("Instruction: SELECT (0xa4)"))
        #expect(text.contains("Status Word: 6982"))
        #expect(!text.contains("Malformed"))
    }
}
