import Foundation
import Octets
import Testing

@testable import Trace

/// A session in the form of `veuicc apdu`, traced.
func trace(_ session: String, style: TraceStyle = TraceStyle(), masks: Bool = false) throws -> [String] {
    var tracer = Tracer(masksSecrets: masks)
    var style = style
    return try records(session).map { style.text(tracer.line(for: $0)) }
}

func records(_ session: String) throws -> [TraceRecord] {
    var file = TraceFile()
    var records: [TraceRecord] = []
    for line in session.split(separator: "\n", omittingEmptySubsequences: false) {
        if let record = try file.read(line) { records.append(record) }
    }
    try file.finish()
    return records
}

/// The recorded session of pySim-shell, as `veuicc apdu` would have written it.
func recordedSession() throws -> String {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "vectors/uicc/pysim-shell.tsv")
    return try String(contentsOf: path, encoding: .utf8).split(separator: "\n").map { line in
        let fields = line.split(separator: "\t")
        guard fields.count == 2 else { return "> reset\n< 3B9F96803FC7828031E073FE219F6756455549434331C8" }
        return "> \(fields[0])\n< \(fields[1].replacing("?", with: "0"))"
    }
    .joined(separator: "\n")
}

/// What is followed from the APDUs alone.
@Suite struct TracerTests {
    private func lines(_ session: String) throws -> [TraceLine] {
        var tracer = Tracer()
        return try records(session).map { tracer.line(for: $0) }
    }

    private func paths(_ commands: String...) throws -> [String] {
        try lines(commands.map { "> \($0)\n< 9000" }.joined(separator: "\n")).map {
            "\($0.file ?? "-") \($0.path ?? "-")"
        }
    }

    /// TS 102 221 clauses 8.4 and 11.1.1.
    @Test func selection() throws {
        #expect(
            try paths(
                "00A40004022FE2",
                "00A40004027F10",
                "00A40004026F3A",
                "00A40004025F3A",
                "00A40004024F30",
                "00A40304",
                "00A40004027F20",
                "00A40004023F00",
                "00A40404 07 A0000000871002",
                "00A40004026F07",
                "00A40004025FC0",
                "00A4000402 5F3B",
                "00A4080406 7FFF 5FC0 4F07",
                "00A40904 02 4F0A",
                "00A40004027FFF",
                "00A4000C",
                "00A4080404 7F10 6F40",
                "00A40004023F00",
                "00A40404 10 A0000005591010FFFFFFFF8900000100"
            ) == [
                "EF.ICCID 3F00/2FE2", "DF.TELECOM 3F00/7F10", "EF.ADN 3F00/7F10/6F3A", "DF.PHONEBOOK 3F00/7F10/5F3A",
                "EF.PBR 3F00/7F10/5F3A/4F30", "DF.TELECOM 3F00/7F10", "DF.GSM 3F00/7F20", "MF 3F00",
                "ADF.USIM A0000000871002", "EF.IMSI ADF.USIM/6F07", "DF.5GS ADF.USIM/5FC0",
                "DF.GSM-ACCESS ADF.USIM/5F3B", "EF.SUCI_Calc_Info ADF.USIM/5FC0/4F07",
                "EF.Routing_Indicator ADF.USIM/5FC0/4F0A", "ADF.USIM A0000000871002", "MF 3F00",
                "EF.MSISDN 3F00/7F10/6F40", "MF 3F00", "ISD-R A0000005591010FFFFFFFF8900000100",
            ]
        )
    }

    /// A command that fails selects nothing.
    @Test func failuresSelectNothing() throws {
        let lines = try lines(
            "> 00A40004022FE2\n< 9000\n> 00A40004022F05\n< 6A82\n> 00B000000A\n< 98990901000000000031 9000"
        )
        #expect(lines.map(\.file) == ["EF.ICCID", "EF.PL", "EF.ICCID"])
        #expect(lines[2].summary == "ICCID 89999010000000000013")
    }

    /// TS 102 221 clause 11.1.17: from the basic channel the MF, from another one what is selected there.
    @Test func channels() throws {
        let session = """
            > 0070000001
            < 01 9000
            > 01A40404 07 A0000000871002
            < 9000
            > 0170000001
            < 02 9000
            > 02A40004026F07
            < 9000
            > 00A40004022FE2
            < 9000
            > 42A4000402 6F07
            < 6881
            > 02B0000009
            < 080910100000000010 9000
            > 00708002
            < 9000
            > reset
            < 3B00
            > 01B0000001
            < 6881
            """
        let lines = try lines(session)
        #expect(lines.map(\.channel) == [0, 1, 1, 2, 0, 6, 2, 0, nil, 1])
        #expect(lines[6].path == "ADF.USIM/6F07")
        #expect(lines[6].summary == "IMSI 001010000000001")
        #expect(lines[9].path == "3F00")
    }

    /// Short file identifiers: those of the standards, and those that an FCP template has said.
    @Test func shortFileIdentifiers() throws {
        let session = """
            > 00B0820000
            < 98990901000000000031 9000
            > 00A40004026F01
            < 62138202412183026F01 8A01 05 8B03 2F0601 8801 A8 9000
            > 00A40004023F00
            < 9000
            > 00B0950000
            < 01 9000
            > 00B2 01 F4 26
            < 6A83
            > 00B0990000
            < 6A82
            """
        let lines = try lines(session)
        #expect(lines.map(\.path) == ["3F00/2FE2", "3F00/6F01", "3F00", "3F00/6F01", "3F00/2F00", "3F00/SFI 19"])
    }

    /// GET RESPONSE belongs to the command of the same channel before it; a 61XX in between adds to the data.
    @Test func getResponse() throws {
        let session = """
            > 00A40004022FE2
            < 6119
            > 01A40004022F05
            < 6881
            > 00C0000005
            < 6217820241 6114
            > 00C0000014
            < 2183022FE28A01058B032F060B8002000A880110 9000
            > 00C0000014
            < 6985
            """
        let lines = try lines(session)
        #expect(lines[3].file == "EF.ICCID")
        #expect(lines[3].summary == "transparent, 10 octets, SFI 02, rule 2F06:11")
        #expect(lines[4].file == nil)
    }

    /// A session of a real client, start to end: nothing in it stays unnamed.
    @Test func recordedSessionIsNamed() throws {
        let lines = try lines(recordedSession())
        #expect(lines.count == 207)
        #expect(lines.allSatisfy { !$0.name.hasPrefix("INS") && !$0.statusText.hasPrefix("unknown") })
        #expect(lines.filter { $0.name == "READ BINARY" && $0.file == "EF.IMSI" }.count > 2)
        // TS 102 222: a new DF is the current one, and its file is in it.
        #expect(lines.contains { $0.name == "CREATE FILE" && $0.path == "3F00/7F40/6F02" })
    }

    @Test func text() throws {
        let session = """
            > reset
            < 3B9F96803FC7828031E073FE219F6756455549434331C8
            > 00A40404 10 A0000000871002F999FFFF8900000100
            < 6132
            > 00B0870009
            < 080910100000000010 9000
            > 0020000108 31323334FFFFFFFF
            < 63C2
            > 00B20104FF
            < 6C26
            > 00D6000001 AA
            < 6982
            """
        #expect(
            try trace(session) == [
                "    warm reset  ATR 3B9F96803FC7828031E073FE219F6756455549434331C8",
                " 0  SELECT                   ADF.USIM A0000000871002..000100 6132 50 octets wait",
                " 0  READ BINARY              EF.IMSI ADF.USIM/6F07           9000  IMSI 001010000000001",
                " 0  VERIFY PIN               PIN1                            63C2 2 tries left  PIN 1234",
                " 0  READ RECORD 1            EF.IMSI ADF.USIM/6F07           6C26 wrong Le, 38 octets are there",
                " 0  UPDATE BINARY            EF.IMSI ADF.USIM/6F07           6982 security status not satisfied  IMSI",
            ]
        )
    }

    @Test func verboseAndColoured() throws {
        let session = "> 00A40004022FE2\n< 62178202412183022FE28A01058B032F060B8002000A880110 9000"
        #expect(
            try trace(session, style: TraceStyle(isVerbose: true)) == [
                """
                 0  SELECT                   EF.ICCID 3F00/2FE2              9000  transparent, 10 octets, SFI 02, rule 2F06:11
                              > 00A40004022FE2
                              < 62178202412183022FE28A01058B032F060B8002000A880110 9000
                                file descriptor  transparent
                                file identifier  2FE2
                                life cycle status  activated
                                security attributes  2F06 record 11
                                file size  10
                                SFI  02
                """
            ]
        )
        let coloured = try trace("> 00A40004022FE2\n< 6A82", style: TraceStyle(isColoured: true))
        #expect(coloured[0].hasSuffix("\u{1B}[31m6A82\u{1B}[0m \u{1B}[31mfile not found\u{1B}[0m"))
    }

    /// PINs, keys and what AUTHENTICATE answers: neither in words nor in the octets.
    @Test func mask() throws {
        let session = """
            > 0020000108 31323334FFFFFFFF
            < 9000
            > 00A40404 07 A0000000871002
            < 9000
            > 0088008122 10 A37728DB6AA891D26E09CD275E8677ED 10 80BEAA64F7DD80007C2007B86AA40D1F
            < 6135
            > 00C0000035
            < DB08FD78C1EA972E553B10377C22FC8A53DD715BA0638E8EF4868710350B36589AE3BE03EEA06F63724F860D08B7771849EC0B63F8 9000
            > 00A40004026F08
            < 9000
            > 00B0000021
            < 07 000102030405060708090A0B0C0D0E0F 101112131415161718191A1B1C1D1E1F 9000
            """
        let text = try trace(session, style: TraceStyle(isVerbose: true), masks: true).joined(separator: "\n")
        for secret in ["1234", "377C22", "0A0B0C", "FD78C1"] { #expect(!text.contains(secret), "\(secret)") }
        #expect(text.contains("> 0020000108FFFFFFFFFFFFFFFF"))
        let open = try trace(session, style: TraceStyle(isVerbose: true)).joined(separator: "\n")
        #expect(open.contains("PIN 1234") && open.contains("CK  377C22FC8A53DD715BA0638E8EF48687"))
    }

    /// Whatever the octets are, there is a line.
    @Test func anyOctets() {
        var generator = Generator(state: 1)
        var tracer = Tracer()
        var style = TraceStyle(isVerbose: true)
        let instructions: [UInt8] = [
            0xA4, 0xB0, 0xB2, 0xD6, 0xDC, 0x20, 0x88, 0x10, 0x12, 0x14, 0xC2, 0xC0, 0x70, 0xE0, 0xF2, 0xCB, 0x76, 0xAA,
            0x50, 0x82, 0xCA, 0xD8, 0xE2, 0xE4, 0xE6, 0xE8, 0xF0, 0x2A, 0x78, 0x7A,
        ]
        let files: [UInt16] = [
            0x2FE2, 0x2F00, 0x2F06, 0x6F07, 0x6F38, 0x6FAD, 0x6F46, 0x6F7E, 0x6F3C, 0x6F42, 0x6F40, 0x6FC5, 0x6FB7,
            0x6F06,
        ]
        for round in 0..<20_000 {
            let random = { (count: Int) in (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) } }
            var command = random(Int.random(in: 0...24, using: &generator))
            if command.count > 4, round % 4 > 0 {
                command[0] = [0x00, 0x80, 0xA0][round % 3]
                command[1] = instructions.randomElement(using: &generator) ?? 0
                command[4] = UInt8(command.count - 5)
            }
            if round % 5 == 0 {
                let file = files.randomElement(using: &generator) ?? 0
                command = [0x00, 0xA4, 0x00, 0x0C, 0x02, UInt8(file >> 8), UInt8(file & 0xFF)]
            }
            var response = random(Int.random(in: 0...40, using: &generator))
            if response.count >= 2, round % 2 == 0 {
                response.replaceSubrange((response.count - 2)..., with: [0x90, 0x00])
            }
            let event = TraceEvent.command(command, response: response)
            let line = tracer.line(for: TraceRecord(event))
            #expect(!style.text(line).isEmpty)
            _ = GSMTAP.packets(TraceRecord(event))
        }
    }
}

/// The same numbers each time.
struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}
