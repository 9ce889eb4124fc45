import Foundation
import Octets
import Testing

@testable import Trace

/// GlobalPlatform in words: recorded sessions of clients, and what they do not send.
@Suite struct GlobalPlatformTests {
    private static let vectors = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "vectors/gp")

    private struct Recording: Decodable {
        struct Exchange: Decodable {
            let cmd: String
            let rsp: String
        }
        let clients: [String: [String: [Exchange]]]
    }

    /// The sessions by name, as `veuicc apdu` would have written them.
    private func sessions() throws -> [(name: String, text: String)] {
        let file = try Data(contentsOf: Self.vectors.appending(path: "client-traces.json"))
        let clients = try JSONDecoder().decode(Recording.self, from: file).clients
        return clients.sorted { $0.key < $1.key }.flatMap { client in
            client.value.sorted { $0.key < $1.key }.map { name, exchanges in
                let lines = exchanges.map { $0.cmd == "RESET" ? "> reset\n< 3B00" : "> \($0.cmd)\n< \($0.rsp)" }
                return (name, lines.joined(separator: "\n"))
            }
        }
    }

    /// The lines of all recorded sessions, with fields where there is no ciphertext.
    @Test func recordedSessions() throws {
        let text = try sessions().map { name, session in
            let isVerbose = name.hasPrefix("gp --") && !name.contains("list")
            return "# \(name)\n" + (try trace(session, style: TraceStyle(isVerbose: isVerbose))).joined(separator: "\n")
        }
        .joined(separator: "\n\n")
        let file = Self.vectors.appending(path: "client-traces.txt")
        if !FileManager.default.fileExists(atPath: file.path) {
            try (text + "\n").write(to: file, atomically: true, encoding: .utf8)
            Issue.record("\(file.lastPathComponent) was missing: it has been written, read it")
        }
        let golden = try String(contentsOf: file, encoding: .utf8)
        let lines = text.split(separator: "\n")
        let expected = golden.split(separator: "\n")
        #expect(lines.count == expected.count)
        for (line, other) in zip(lines, expected) { #expect(line == other) }
    }

    private func summaries(_ session: String) throws -> [String] {
        var tracer = Tracer()
        return try records(session).map { record in
            let line = tracer.line(for: record)
            return "\(line.name) \(line.argument) | \(line.statusText) | \(line.fields.summary)"
        }
    }

    /// The clash of 80F2, and of 8078, 807A, 80CB: P1 and the class tell.
    @Test(
        arguments: [
            ("80F2000C", "STATUS"), ("80F20102", "STATUS"), ("80F28002024F00", "GET STATUS"),
            ("80F21002024F00", "GET STATUS"), ("807A0000", "EXCHANGE CAPABILITIES"),
            ("847A300100", "BEGIN R-MAC SESSION"), ("80780001", "GET IDENTITY"), ("80780003", "END R-MAC SESSION"),
            ("80CB0081", "RETRIEVE DATA"), ("80CB2F00025C00", "GET DATA"),
            ("8082031103A60100", "MUTUAL AUTHENTICATE"), ("902A831001FF", "PERFORM SECURITY OPERATION"),
        ]
    )
    func names(_ command: String, _ name: String) throws {
        #expect(try summaries("> \(command)\n< 9000")[0].hasPrefix(name + " "))
    }

    /// Status words say what they mean for their command.
    @Test func statusWords() throws {
        let lines = try summaries(
            """
            > 80CA00CF00
            < 6A88
            > 80F24002024F00
            < 6A88
            > 84820100100102030405060708090A0B0C0D0E0F10
            < 6300
            > 80500500080102030405060708
            < 6A88
            > 80E80000010A
            < 6985
            > 80D80001023001
            < 9485
            """
        )
        #expect(
            lines.map { $0.components(separatedBy: " | ")[1] } == [
                "referenced data not found: no such object", "referenced data not found: no entry matches",
                "authentication of host cryptogram failed", "referenced data not found: no such key",
                "conditions of use not satisfied: no INSTALL [for load] before", "invalid key check value",
            ]
        )
    }

    /// Rules of the ARA-M, in GET DATA and in STORE DATA.
    @Test func accessRules() throws {
        let lines = try summaries(
            """
            > 00A4040409A00000015141434C00
            < 9000
            > 80CAFF4000
            < FF4014E212E1084F00C104AABBCCDDE306D00101D101019000
            > 80E2900015F013E211E1074F00CA03612E62E306D00101DB01FF9000
            < 6381
            """
        )
        #expect(lines[1].contains("REF-AR-DO (REF-DO (AID-REF-DO empty, DeviceAppID-REF-DO AABBCCDD)"))
        #expect(lines[2].contains("rule stored, but an access rule already exists"))
    }

    /// INSTALL in two parts is shown with the second one; so is a data grouping that goes on in the next block.
    @Test func chains() throws {
        let lines = try summaries(
            """
            > 80E6840004 03A00000
            < 9000
            > 80E604000E 03A00001 03A00002 0100 02C900 00
            < 00 9000
            > 80E2080004 0070044F
            < 9000
            > 80E2880103 02A000
            < 9000
            """
        )
        #expect(lines[0].hasSuffix("data 4 octets, more follow"))
        #expect(lines[1].contains("ELF AID A00000, "))
        #expect(lines[2].hasSuffix("data 4 octets, more follow"))
        #expect(lines[3].contains("DGI 0070 (AID A000)"))
    }

    /// With `--mask` keys are not shown: also those in STORE DATA.
    @Test func masked() throws {
        let session = """
            > 80D8008118 31 8810 859469C07743C7E45B318D151D3D87E9 03504A77
            < 31504A779000
            > 80E2880013 811310 859469C07743C7E45B318D151D3D87E9
            < 9000
            """
        let text = try trace(session, style: TraceStyle(isVerbose: true), masks: true).joined()
        #expect(!text.contains("859469") && text.contains("PUT KEY"))
    }

    /// Whatever is cut off or altered, there is a line.
    @Test func malformed() throws {
        var generator = Generator(state: 7)
        var style = TraceStyle(isVerbose: true)
        for (_, session) in try sessions() {
            var tracer = Tracer()
            for record in try records(session) {
                guard case .command(let command, let response) = record.event else { continue }
                _ = tracer.line(for: record)
                for length in stride(from: 0, to: max(command.count, response.count), by: 3) {
                    var altered = Array(command.prefix(length)) + (length < 5 ? [] : command.suffix(1))
                    var answer = Array(response.dropLast(2).prefix(length)) + [0x90, 0x00]
                    if altered.count > 6 {
                        altered[4] = UInt8(truncatingIfNeeded: altered.count - 5)
                        altered[Int.random(in: 5..<altered.count, using: &generator)] = .random(
                            in: 0...255,
                            using: &generator
                        )
                        altered[0] &= length % 2 == 0 ? 0x83 : 0xFF
                    }
                    answer[Int.random(in: 0..<answer.count, using: &generator)] = .random(
                        in: 0...255,
                        using: &generator
                    )
                    let line = tracer.line(for: TraceRecord(.command(altered, response: answer)))
                    #expect(!style.text(line).isEmpty)
                }
            }
        }
        // A nest of templates deeper than anybody looks.
        var nest: [UInt8] = []
        for _ in 0..<8000 { nest = [0x30, 0x82, UInt8(nest.count >> 8), UInt8(nest.count & 0xFF)] + nest }
        var tracer = Tracer()
        let line = tracer.line(for: TraceRecord(.command([0x80, 0xCA, 0x30, 0x00], response: nest + [0x90, 0x00])))
        #expect(!style.text(line).isEmpty)
    }
}
