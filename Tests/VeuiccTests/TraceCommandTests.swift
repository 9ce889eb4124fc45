import Foundation
import Testing

/// `veuicc trace`, and what `veuicc run --trace` writes.
struct TraceCommandTests {
    let directory: TemporaryDirectory

    init() throws { directory = try Program.directoryWithCard() }

    private func trace(_ arguments: String..., input: String = "") throws -> Program.Result {
        try Program.run(["trace"] + arguments, input: input, in: directory)
    }

    /// What `veuicc apdu` writes is a recording: the session of README.md.
    @Test func sessionOfAPDU() throws {
        let session = try Program.veuicc("apdu", "00A40004022FE2", "00B000000A", "--image", "card.img", in: directory)
        try directory.write("session", session.stdout)
        let expected = """
             0  SELECT                   EF.ICCID 3F00/2FE2              6119 25 octets wait
             0  READ BINARY              EF.ICCID 3F00/2FE2              9000  ICCID 89999010000000000013

            """
        let result = try trace("session")
        #expect(result.status == 0)
        #expect(result.stdout == expected)
        #expect(try trace("-", input: session.stdout).stdout == expected)
        // Its own JSON, and that of `veuicc apdu`.
        let objects = try trace("session", "--json").stdout
        #expect(try json(objects.split(separator: "\n").map(String.init)[1])[0]["file"] as? String == "EF.ICCID")
        #expect(try trace("-", input: objects).stdout == expected)
    }

    @Test func captureFile() throws {
        let session = "> 00A40004022FE2\n< 6119\n> 00B000000A\n< 98990901000000000031 9000\n"
        #expect(try trace("-", "--pcap", "session.pcap", input: session).status == 0)
        let lines = try trace("session.pcap").lines
        #expect(lines.count == 2)
        #expect(lines[1].hasSuffix("EF.ICCID 3F00/2FE2              9000  ICCID 89999010000000000013"))
        try directory.octets("session.pcap").dropLast(3).write(to: URL(fileURLWithPath: "\(directory.path)/cut.pcap"))
        let cut = try trace("cut.pcap")
        #expect(cut.lines.count == 1)
        #expect(cut.status == 65)
        #expect(cut.stderr == "Error: cut.pcap: packet 2 is cut off\n")
    }

    /// A session of GlobalPlatformPro at level 33 (vectors/gp/client-traces.json), with its keys and without.
    @Test func keyFile() throws {
        let session = """
            > 00A4040000
            < 6F108408A000000151000000A5049F6501FF 9000
            > 8050000008F162468F2C15332E00
            < 00000000000000000000300370B1E15634C09B877F696CAC0A3107186F000001 9000
            > 8482330010384E39502CAE1B37F2CDB2EE842F243100
            < 9000
            > 84F2800218A7C071CEC31FB2C63029A8A57A38F12CFA2A978CEF402F7600
            < EC9271E9C13F4B0A7260A13956D8E710F450E1E496482B8602C21619BF79562077A3B22A696EA4F0 9000

            """
        try directory.write(
            "keys",
            """
            version 30
            protocol scp03
            enc 000102030405060708090A0B0C0D0E0F
            mac 101112131415161718191A1B1C1D1E1F
            dek 202122232425262728292A2B2C2D2E2F

            """
        )
        try directory.write("others", "key 404142434445464748494A4B4C4D4E4F\n")
        let start = " 0  GET STATUS ISD           ISD A000000151000000            9000  "
        let plain = try trace("-", "--key-file", "keys", input: session)
        #expect(plain.status == 0)
        #expect(plain.lines.last == start + "ISD A000000151000000 (ISD) SECURED [level 33, deciphered]")
        let other = try trace("-", "--key-file", "others", input: session)
        #expect(other.lines[1].hasSuffix("[other keys]"))
        #expect(other.lines.last?.hasPrefix(start + "enciphered EC9271") == true)
        #expect(try trace("-", "--key-file", "none", input: session).status == 66)
        #expect(try trace("-", "--key-file", "card.img", input: session).status == 65)
    }

    @Test func whatIsInTheWay() throws {
        try directory.write("session", "> 00A40004022FE2\n< 6119\n< 9000\n")
        let result = try trace("session")
        #expect(result.lines.count == 1)
        #expect(result.status == 65)
        #expect(result.stderr == "Error: session:3: a response without a command\n")
        #expect(try trace("none").status == 66)
        #expect(try trace("session", "--pcap", "none/session.pcap").status == 73)
        #expect(try trace("session", "--gsmtap", "127.0.0.1:x").status == 64)
    }

    /// A card in service: the reader of the test is `veuicc apdu`, which listens.
    @Test func liveTrace() throws {
        let port = "\(UInt16.random(in: 40_000...59_999))"
        let reader = Process()
        reader.executableURL = Program.url
        reader.arguments = ["apdu", "00A40004022FE2", "00B000000A", "0020000108" + "31323334FFFFFFFF", "--vpcd", port]
        reader.standardOutput = FileHandle.nullDevice
        let said = Pipe()
        reader.standardError = said
        try reader.run()
        // It says when it listens.
        _ = said.fileHandleForReading.availableData
        let arguments = ["--image", "card.img", "--port", port, "--once", "--trace", "--mask", "--pcap", "live.pcap"]
        let result = try Program.run(["run"] + arguments, in: directory)
        reader.waitUntilExit()
        #expect(result.status == 0)
        let lines = result.lines.dropFirst().map { $0.drop { $0 == " " || $0 == "." || $0.isNumber } }
        #expect(
            lines.map { String($0.prefix(11)) } == [
                "power on  A", "SELECT     ", "READ BINARY", "VERIFY PIN ", "power off",
            ]
        )
        #expect(!result.stdout.contains("1234"))
        #expect(try trace("live.pcap").lines.count == 4)
    }
}
