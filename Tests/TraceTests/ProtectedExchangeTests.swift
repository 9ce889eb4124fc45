import Octets
import Testing

@testable import Trace

/// Secure channel sessions, without keys and with what someone says who has them.
@Suite struct ProtectedExchangeTests {
    /// The beginning of a session of GlobalPlatformPro at level 33 (`vectors/gp/client-traces.json`).
    private static let beginning = """
        > 00A4040000
        < 6F108408A000000151000000A5049F6501FF 9000
        > 8050000008F162468F2C15332E00
        < 00000000000000000000300370B1E15634C09B877F696CAC0A3107186F0000019000
        > 8482330010384E39502CAE1B37F2CDB2EE842F243100
        < 9000
        """

    private static let getStatus = "84F2800218A7C071CEC31FB2C63029A8A57A38F12CFA2A978CEF402F7600"
    private static let entry = """
        EC9271E9C13F4B0A7260A13956D8E710F450E1E496482B8602C21619BF79562077A3B22A696EA4F0
        """

    private func begun(masks: Bool = false) throws -> Tracer {
        var tracer = Tracer(masksSecrets: masks)
        for record in try records(Self.beginning) { _ = tracer.line(for: record) }
        return tracer
    }

    private func record(_ command: String, _ response: String) throws -> TraceRecord {
        try #require(try records("> \(command)\n< \(response)").first)
    }

    private func clear(
        _ command: String,
        _ response: String,
        _ finding: ClearExchange.Finding = .deciphered
    ) throws -> ClearExchange {
        ClearExchange(
            command: try #require(Hex.octets(command)),
            response: try #require(Hex.octets(response)),
            finding
        )
    }

    @Test func withoutKeys() throws {
        var tracer = try begun()
        let line = tracer.line(for: try record(Self.getStatus, Self.entry + "9000"))
        #expect(line.summary == "enciphered \(Self.entry.prefix(64)) [level 33]")
    }

    /// An R-MAC session adds to the level of EXTERNAL AUTHENTICATE, and its end takes away only that.
    @Test func responseMACs() throws {
        var tracer = Tracer()
        for record in try records(Self.beginning.replacing("84823300", with: "84821300")) {
            _ = tracer.line(for: record)
        }
        let mac = "1122334455667788"
        for (command, level) in [("847A3001", "33"), ("84780003", "13")] {
            _ = tracer.line(for: try record("\(command)08\(mac)00", "\(mac)9000"))
            let line = tracer.line(for: try record(Self.getStatus, Self.entry + "9000"))
            #expect(line.summary.hasSuffix(" [level \(level)]"))
        }
    }

    @Test func deciphered() throws {
        var tracer = try begun()
        let plain = try clear("80F28002024F0000", "E3134F08A0000001510000009F70010FC5039EFE809000")
        let line = tracer.line(for: try record(Self.getStatus, Self.entry + "9000"), inTheClear: plain)
        #expect(line.summary == "ISD A000000151000000 (ISD) SECURED [level 33, deciphered]")
        let field = try #require(line.fields.first)
        #expect(field.fields.map(\.name) == ["C-MAC", "R-MAC", "command", "response"])
        #expect(field.fields.map(\.value).prefix(3) == ["FA2A978CEF402F76", "77A3B22A696EA4F0", "80F28002024F0000"])
    }

    /// The MAC of a response is at its end, behind what GET RESPONSE fetches.
    @Test func inTwoParts() throws {
        var tracer = try begun()
        let first = try clear("80F28002024F0000", "611A")
        let response = "E3134F08A0000001510000009F70010FC5039EFE809000"
        #expect(
            tracer.line(for: try record(Self.getStatus, "611A"), inTheClear: first).summary
                == "AID any [level 33, deciphered]"
        )
        let line = tracer.line(
            for: try record("00C0000028", Self.entry + "9000"),
            inTheClear: try clear("00C0000028", response)
        )
        #expect(line.summary == "ISD A000000151000000 (ISD) SECURED [level 33, deciphered]")
    }

    @Test func whatTheKeysDoNotOpen() throws {
        var tracer = try begun()
        let altered = tracer.line(
            for: try record(Self.getStatus, "6982"),
            inTheClear: try clear(Self.getStatus, "6982", .notGenuine)
        )
        #expect(altered.summary.hasSuffix("[level 33, not genuine]"))
        let command = "8050000008F162468F2C15332E00"
        let response = "00000000000000000000300370B1E15634C09B877F696CAC0A3107186F0000019000"
        let other = tracer.line(
            for: try record(command, response),
            inTheClear: try clear(command, "9000", .otherKeys)
        )
        #expect(other.summary.hasSuffix(" [other keys]"))
    }

    /// What a key is, is known only in the clear, and shown nowhere with `--mask`: nor what follows it.
    @Test func maskedInTheClear() throws {
        var tracer = try begun(masks: true)
        var style = TraceStyle(isVerbose: true)
        let key = "00112233445566778899AABBCCDDEEFF"
        let wrapped = "84E2080018\(String(repeating: "5A", count: 24))"
        let first = tracer.line(
            for: try record(wrapped, "9000"),
            inTheClear: try clear("80E208000E00B900811310\(key.prefix(16))", "9000")
        )
        let second = tracer.line(
            for: try record(wrapped.replacing("84E20800", with: "84E28801"), "9000"),
            inTheClear: try clear("80E2880108\(key.suffix(16))", "9000")
        )
        #expect(first.summary == "data (masked) [level 33, deciphered]")
        #expect(second.summary == first.summary)
        let text = style.text(first) + style.text(second)
        #expect(!text.contains(key.prefix(16)) && !text.contains(key.suffix(16)) && !text.contains("5A5A"))
    }

    /// Nor is what stands in a command whose lengths do not fit, or in STORE DATA that does not say what it has.
    @Test(
        arguments: [
            "80D8008105 31 8810 859469C07743C7E45B318D151D3D87E9 03504A77", "80D80081FF 31 8810 859469C07743C7E4",
            "80E2800013 811310 859469C07743C7E45B318D151D3D87E9", "80E2880004 811310 859469C07743C7E4",
        ]
    )
    func maskedWhateverItIs(_ command: String) throws {
        let text = try trace("> \(command)\n< 6A80", style: TraceStyle(isVerbose: true), masks: true).joined()
        #expect(!text.contains("59469C") && !text.contains("31881"))
    }

    /// A part of a command that was given up is not put in front of another.
    @Test func interruptedChain() throws {
        var tracer = Tracer()
        let lines = try records(
            """
            > 80E6840004 03A00000
            < 9000
            > 80CA004200
            < 4201019000
            > 80E604000E 03A00001 03A00002 0100 02C900 00
            < 6A81
            """
        )
        .map { tracer.line(for: $0) }
        #expect(lines[2].fields.first?.value == "A00001")
        #expect(lines[2].statusText == "function not supported: no machine on the card for this load file")
    }

    /// GlobalPlatformPro sends data groupings without saying so in P1; other octets stay what they are.
    @Test func groupingsWithoutStructure() throws {
        var tracer = Tracer()
        let lines = try records(
            """
            > 80E281000D 00700A 4208404142434445464700
            < 9000
            > 80E281000B 00700B 4208404142434445
            < 9000
            """
        )
        .map { tracer.line(for: $0) }
        #expect(lines[0].summary == "DGI 0070 (Issuer Identification Number 4041424344454647)")
        #expect(lines[1].summary == "data 00700B4208404142434445")
    }

    /// In SCP11 nothing says how long a MAC is; ciphertext does, as it is of whole blocks.
    @Test(arguments: [8, 16]) func lengthOfMACs(_ length: Int) throws {
        var tracer = Tracer()
        let parameters = "A60D 9002 1100 9501 3C 8001 88 8101 10 5F4901 04"
        _ = tracer.line(for: try record("8088 0113 13 \(parameters)", "9000"))
        let data = String(repeating: "11", count: 16) + String(repeating: "22", count: length)
        let line = tracer.line(
            for: try record("84F08007\(Hex.string([UInt8(16 + length)]))\(data)", "9000")
        )
        #expect(line.summary == "enciphered \(String(repeating: "11", count: 16)) [level 33]")
        #expect(line.fields.first?.fields.first?.value == String(repeating: "22", count: length))
    }

    /// A length of more octets than anything has.
    @Test func overlongLength() {
        var reader = OctetReader([0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x00])
        #expect(reader.berCounted() == nil && reader.remaining == 6)
        reader = OctetReader([0x81, 0x02, 0xAA, 0xBB])
        #expect(reader.berCounted() == [0xAA, 0xBB])
    }
}
