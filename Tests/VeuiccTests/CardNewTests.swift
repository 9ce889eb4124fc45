import Foundation
import Testing

/// `veuicc card new`, and what holds for all commands.
struct CardNewTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func defaultPackage() throws {
        let result = try Program.veuicc("card", "new", "card.img", in: directory)
        #expect(result.status == 0)
        #expect(result.stderr == "")
        // The answer to reset of TS 102 221 clause 6.3 as docs/readers.md has it, and vectors/profiles/veuicc-default.
        let lines = result.lines
        #expect(lines.first?.hasPrefix("image      card.img, 524288 octets, ") == true)
        #expect(lines.contains("ATR        3B9F96803FC7828031E073FE219F6756455549434331C8"))
        #expect(lines.contains("ICCID      89999010000000000013"))
        #expect(lines.contains("response   3007A0053003800100"))
        #expect(lines.last == "status     0 ok")
        #expect(try directory.octets("card.img").count == 524_288)
    }

    /// Every element is installed, and the issuer security domain has the keys of the package: it opens no session.
    @Test func packageOfAnOperator() throws {
        let package = Program.repository
            .appendingPathComponent("vectors/profiles/ts48/TS48_V7.0_eSIM_GTP_SAIP2.3_BERTLV_SUCI.der").path
        let result = try Program.veuicc("card", "new", "operator.img", "--profile", package, in: directory)
        #expect(result.status == 0)
        #expect(result.lines.contains("response   3007A0053003800100"))
        let commands = ["00A4040C08A000000151000000", "8050000008000102030405060700"]
        let answers = try Program.run(["apdu", "--image", "operator.img"] + commands, in: directory)
        #expect(answers.stdout.contains("9000") && answers.stdout.contains("6A88"), "\(answers.stdout)")
    }

    /// The package that the program carries is the one in the repository, wherever the program lies.
    @Test func programThatWasCopied() throws {
        let copy = URL(fileURLWithPath: "\(directory.path)/copy")
        try FileManager.default.copyItem(at: Program.url, to: copy)
        try #require(Program.run(["card", "new", "copied.img"], of: copy, in: directory).status == 0)
        let package = Program.repository.appendingPathComponent("vectors/profiles/veuicc-default.der").path
        try #require(Program.veuicc("card", "new", "named.img", "--profile", package, in: directory).status == 0)
        #expect(try directory.octets("copied.img") == directory.octets("named.img"))
    }

    @Test func summaryInJSON() throws {
        let result = try Program.veuicc("card", "new", "card.img", "--size", "262144", "--json", in: directory)
        #expect(result.status == 0)
        #expect(result.lines.count == 1)
        let summary = try #require(json(result.stdout).first)
        #expect(summary["image"] as? String == "card.img")
        #expect(summary["size"] as? Int == 262_144)
        #expect(summary["iccid"] as? String == "89999010000000000013")
        #expect(summary["response"] as? String == "3007A0053003800100")
        let files =
            try String(
                contentsOf: Program.repository.appendingPathComponent(
                    "vectors/profiles/veuicc-default.expected-files.tsv"
                ),
                encoding: .utf8
            ).split(separator: "\n").count - 1
        #expect(summary["files"] as? Int == files)
        let statuses = try #require(summary["statuses"] as? [[String: Any]])
        #expect(statuses.map { $0["status"] as? Int } == [0])
        #expect(statuses.map { $0["name"] as? String } == ["ok"])
    }

    @Test func imagesThatCannotBeMade() throws {
        try directory.write("there.img", "precious")
        let there = try Program.veuicc("card", "new", "there.img", in: directory)
        #expect(there.status == 73)
        #expect(there.stdout == "")
        #expect(there.stderr == "Error: there.img: the file exists already; --force replaces it\n")
        #expect(try directory.read("there.img") == "precious")
        #expect(try Program.veuicc("card", "new", "there.img", "--force", in: directory).status == 0)
        #expect(try directory.octets("there.img").count == 524_288)

        let nowhere = try Program.veuicc("card", "new", "no/card.img", in: directory)
        #expect(nowhere.status == 73)
        #expect(nowhere.stderr == "Error: no/card.img: its directory does not exist\n")

        let small = try Program.veuicc("card", "new", "small.img", "--size", "1000", in: directory)
        #expect(small.status == 64)
        #expect(
            small.stderr == "Error: --size 1000: an image has 65536 to 16773120 octets, a multiple of 4096\n"
        )
    }

    @Test func packagesThatCannotBeInstalled() throws {
        let missing = try Program.veuicc("card", "new", "a.img", "--profile", "none.der", in: directory)
        #expect(missing.status == 66)
        #expect(missing.stderr == "Error: none.der: cannot read the profile package: No such file or directory\n")
        let folder = try Program.veuicc("card", "new", "a.img", "--profile", ".", in: directory)
        #expect(folder.status == 66)
        #expect(folder.stderr == "Error: .: cannot read the profile package: Is a directory\n")
        let endless = try Program.veuicc("card", "new", "a.img", "--profile", "/dev/zero", in: directory)
        #expect(endless.status == 65)
        #expect(
            endless.stderr == "Error: /dev/zero: cannot read the profile package: longer than 16773120 octets\n"
        )
        try directory.write("text.der", "no package")
        let text = try Program.veuicc("card", "new", "a.img", "--profile", "text.der", in: directory)
        #expect(text.status == 65)
        #expect(
            text.stderr == "Error: text.der: the card refuses the package: 5 invalid-request-format, offset 0\n"
        )
        #expect(throws: (any Error).self) { try directory.octets("a.img") }
    }

    @Test func versionAndHelp() throws {
        let version = try Program.veuicc("--version", in: directory)
        #expect(version.status == 0)
        #expect(version.stdout.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
        for command in ["card new", "apdu", "fs tree", "fs read", "run"] {
            let words = command.split(separator: " ").map(String.init)
            let help = try Program.run(words + ["--help"])
            #expect(help.status == 0)
            #expect(help.stdout.contains("\nveuicc \(command) "), "\(command) has no example")
        }
        let unknown = try Program.veuicc("bogus", in: directory)
        #expect(unknown.status == 64)
        #expect(unknown.stderr.hasPrefix("Error: Unexpected argument 'bogus'\n"))
    }
}
