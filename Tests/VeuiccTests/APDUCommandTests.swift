import Foundation
import Testing

/// `veuicc apdu`.
struct APDUCommandTests {
    let directory: TemporaryDirectory

    init() throws { directory = try Program.directoryWithCard() }

    private func apdu(_ arguments: String..., input: String = "") throws -> Program.Result {
        try Program.run(["apdu", "--image", "card.img"] + arguments, input: input, in: directory)
    }

    // MARK: Commands and responses

    /// The session of README.md.
    @Test func commandsInArguments() throws {
        let result = try apdu("00A40004022FE2", "00 b0 00 00 0a", "reset")
        #expect(result.status == 0)
        #expect(result.stderr == "")
        #expect(
            result.stdout == """
                > 00A40004022FE2
                < 6119
                > 00B000000A
                < 98990901000000000031 9000
                > reset
                < 3B9F96803FC7828031E073FE219F6756455549434331C8

                """
        )
    }

    @Test func responsesInJSON() throws {
        let result = try apdu("00A40004022FE2", "00B000000A", "reset", "--json")
        #expect(result.status == 0)
        #expect(
            result.stdout == """
                {"command":"00A40004022FE2","data":"","sw":"6119"}
                {"command":"00B000000A","data":"98990901000000000031","sw":"9000"}
                {"atr":"3B9F96803FC7828031E073FE219F6756455549434331C8","command":"reset"}

                """
        )
    }

    /// TS 102 221 clause 7.3.1.1: with T=0 data are announced, with T=1 they come at once.
    @Test func transmissionProtocol() throws {
        let fcp = "62178202412183022FE28A01058B032F060B8002000A880110"
        #expect(try apdu("00A40004022FE200", "--protocol", "t0").lines.last == "< 6119")
        #expect(try apdu("00A40004022FE200", "--protocol", "t1").lines.last == "< \(fcp) 9000")
        #expect(try apdu("00A40004022FE200", "--protocol", "both").lines.last == "< \(fcp) 9000")
        #expect(try apdu("00A40004022FE200", "--protocol", "t2").status == 64)
    }

    @Test func announcedDataAreFetched() throws {
        let result = try apdu("01A40004022FE2", "00A40004022FE2", "00B0000005", "00B000000B", "--get-response")
        #expect(result.status == 0)
        #expect(
            result.stdout == """
                > 01A40004022FE2
                < 6881
                > 00A40004022FE2
                < 6119
                > 00C0000019
                < 62178202412183022FE28A01058B032F060B8002000A880110 9000
                > 00B0000005
                < 9899090100 9000
                > 00B000000B
                < 6C0A
                > 00B000000A
                < 98990901000000000031 9000

                """
        )
    }

    /// GET RESPONSE goes to the channel of the command: TS 102 221 table 10.3.
    @Test func announcedDataOfAChannel() throws {
        let result = try apdu("0070000001", "01A40004022FE2", "--get-response")
        #expect(result.lines.suffix(2).first == "> 01C0000019")
        #expect(result.lines.last?.hasSuffix(" 9000") == true)
    }

    /// What a card writes is in the image: a try of the administrative PIN that was used is still used.
    @Test func changesStay() throws {
        let wrong = try apdu("0020000A083030303030303030")
        #expect(wrong.lines.last == "< 63C9")
        #expect(wrong.status == 0)
        #expect(try apdu("0020000A").lines.last == "< 63C9")
        #expect(try apdu("0020000A083030303030303030").lines.last == "< 63C8")
    }

    // MARK: Scripts

    private static let script = """
        # The ICCID, in the format of scriptor
        reset

        00 A4 00 04 \\
          02 2F E2
        00B000000A   # all of it
        exit
        what follows is not read
        """

    private static let answers = """
        > reset
        < 3B9F96803FC7828031E073FE219F6756455549434331C8
        > 00A40004022FE2
        < 6119
        > 00B000000A
        < 98990901000000000031 9000

        """

    @Test(arguments: ["\n", "\r\n"])
    func scripts(_ lineEnd: String) throws {
        let text = APDUCommandTests.script.replacingOccurrences(of: "\n", with: lineEnd)
        try directory.write("script", text)
        let file = try apdu("--script", "script")
        #expect(file.status == 0)
        #expect(file.stdout == APDUCommandTests.answers)
        #expect(try apdu("--script", "-", input: text).stdout == APDUCommandTests.answers)
        #expect(try apdu(input: text).stdout == APDUCommandTests.answers)
    }

    @Test func scriptsThatAreNone() throws {
        try directory.write("bad", "reset\n# one\n00 A4 0G\n")
        let bad = try apdu("--script", "bad")
        #expect(bad.status == 65)
        #expect(bad.stdout == "", "a script with a mistake is not begun")
        #expect(bad.stderr == "Error: bad:3: \"00 A4 0G\" is no command in hexadecimal\n")

        try directory.write("open", "00 A4 \\\n# no more\n")
        let unfinished = try apdu("--script", "open")
        #expect(unfinished.status == 65)
        #expect(unfinished.stderr == "Error: open:1: the command is not finished\n")

        let missing = try apdu("--script", "none")
        #expect(missing.status == 66)
        #expect(missing.stderr == "Error: none: cannot read the script: No such file or directory\n")

        let input = try apdu(input: "00A40004022FE2\n00A\n")
        #expect(input.status == 65)
        #expect(input.stdout == "> 00A40004022FE2\n< 6119\n")
        #expect(input.stderr == "Error: stdin:2: \"00A\" is no command in hexadecimal\n")
    }

    /// A program at the other end of the pipes can wait for each response before it sends the next command.
    @Test func dialogue() throws {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = Program.url
        process.arguments = ["apdu", "--image", "\(directory.path)/card.img"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        for (command, answer) in [
            ("00A40004022FE2", "> 00A40004022FE2\n< 6119\n"),
            ("00B000000A", "> 00B000000A\n< 98990901000000000031 9000\n"),
        ] {
            try input.fileHandleForWriting.write(contentsOf: Data("\(command)\n".utf8))
            #expect(try output.fileHandleForReading.read(upToCount: answer.utf8.count) == Data(answer.utf8))
        }
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    // MARK: What is in the way

    @Test(arguments: [
        (["00A4"], "one of --image, --vpcd and --reader says where the card is"),
        (["00A4", "--image", "a", "--reader", "b"], "one of --image, --vpcd and --reader says where the card is"),
        (["00A4", "--script", "a", "--image", "b"], "commands come either as arguments or in a --script"),
        (["00A4", "0G", "--image", "a"], "\"0G\" is no command in hexadecimal"),
        (["00A4", "--vpcd", "here"], "--vpcd \"here\": HOST:PORT is needed"),
        (
            ["00A4", "--vpcd", "1", "--protocol", "t0"],
            "--protocol: a card at the other end of vpcd has chosen its own"
        ),
    ])
    func wrongUse(_ arguments: [String], _ reason: String) throws {
        let result = try Program.run(["apdu"] + arguments, in: directory)
        #expect(result.status == 64)
        #expect(result.stdout == "")
        #expect(result.stderr == "Error: \(reason)\n")
    }

    @Test func imagesInTheWay() throws {
        #expect(try Program.veuicc("apdu", "00A4", "--image", "none.img", in: directory).status == 66)
        try directory.write("foreign.img", String(repeating: "x", count: 65_536))
        #expect(try Program.veuicc("apdu", "00A4", "--image", "foreign.img", in: directory).status == 65)
    }

    /// Nothing that a card has answered is lost without a word.
    @Test func outputThatCannotBeWritten() throws {
        let result = try Program.run(
            ["-c", "exec \"$0\" apdu 00A4 --image card.img > /dev/full", Program.url.path],
            of: URL(fileURLWithPath: "/bin/sh"),
            in: directory
        )
        #expect(result.status == 74)
        #expect(result.stderr == "Error: cannot write the output: No space left on device\n")
    }

    /// A file that is opened while stdout is closed must not become stdout.
    @Test func closedOutput() throws {
        let before = try directory.octets("card.img")
        let result = try Program.run(
            ["-c", "exec \"$0\" apdu 00A4000C --image card.img >&-", Program.url.path],
            of: URL(fileURLWithPath: "/bin/sh"),
            in: directory
        )
        #expect(result.status == 74)
        #expect(result.stderr == "Error: cannot write the output: Bad file descriptor\n")
        #expect(try directory.octets("card.img") == before)
    }

    // MARK: Readers

    @Test func cardThatConnects() throws {
        let result = try Program.withCard(
            ["apdu", "00A40004022FE2", "reset", "00A4000C", "--vpcd", "127.0.0.1:0"],
            in: directory
        )
        #expect(result.status == 0)
        #expect(
            result.stdout == """
                > 00A40004022FE2
                < 6119
                > reset
                < 3B9F96803FC7828031E073FE219F6756455549434331C8
                > 00A4000C
                < 9000

                """
        )
    }

    @Test func readerThatIsNotThere() throws {
        let result = try Program.veuicc("run", "--image", "card.img", "--port", "1", "--once", in: directory)
        #expect(result.status == 69)
        #expect(result.stderr == "Error: cannot connect to 127.0.0.1:1: Connection refused\n")
    }

    /// A card of ours in the reader of a PC/SC service of its own, and readers that are not there.
    @Test func cardInAReader() throws {
        let commands = """
            $VEUICC run --image card.img --port $VPCD_PORT > /dev/null &
            $TOOL wait-card > /dev/null
            $VEUICC apdu 00A40004022FE2 00B000000A --reader 'veuicc 00 00' --protocol t0
            $VEUICC apdu 00A40004022FE2 --reader '00 00' --json
            $VEUICC apdu 00A4000C --reader nobody
            echo $?
            $VEUICC apdu 00A4000C --reader 'veuicc 00 00' --protocol t1
            echo $?
            $VEUICC apdu 00A4000C --reader 'veuicc 00 01'
            echo $?
            kill $!
            wait $!
            """
        let tool = Program.tool("pcscd-private")
        let preparation = "VEUICC='\(Program.url.path)' TOOL='\(tool.path)'\n"
        let result = try Program.run(
            ["run", "--dir", "\(directory.path)/pcsc", "--port", "0", "--readers", "1", "--"]
                + ["sh", "-c", preparation + commands],
            of: tool,
            in: directory
        )
        #expect(result.status == 0)
        #expect(
            result.stdout == """
                > 00A40004022FE2
                < 6119
                > 00B000000A
                < 98990901000000000031 9000
                {"command":"00A40004022FE2","data":"","sw":"6119"}
                69
                76
                69

                """
        )
        let errors = result.stderr.split(separator: "\n")
        #expect(
            errors.contains("Error: no reader is called \"nobody\"; readers: \"veuicc 00 00\", \"veuicc 00 01\"")
        )
        #expect(errors.contains("Error: cannot connect to the card in \"veuicc 00 01\": No smart card inserted."))
    }

    @Test func noService() throws {
        let result = try Program.run(
            ["PCSCLITE_CSOCK_NAME=\(directory.path)/none", Program.url.path, "apdu", "00A4000C", "--reader", "0"],
            of: URL(fileURLWithPath: "/usr/bin/env"),
            in: directory
        )
        #expect(result.status == 69)
        #expect(result.stderr == "Error: cannot connect to the PC/SC service: no PC/SC service (pcscd) is running\n")
    }
}
