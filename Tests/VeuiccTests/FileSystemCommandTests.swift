import CardCrypto
import Foundation
import Octets
import Testing

/// `veuicc fs tree` and `veuicc fs read`.
struct FileSystemCommandTests {
    let directory: TemporaryDirectory

    init() throws { directory = try Program.directoryWithCard() }

    /// Contents and parameters: vectors/profiles/veuicc-default.expected-files.tsv.
    @Test func picture() throws {
        let result = try Program.veuicc("fs", "tree", "--image", "card.img", in: directory)
        #expect(result.status == 0)
        #expect(result.stderr == "")
        let rows = result.lines.map { $0.split(separator: " ").joined(separator: " ") }
        #expect(
            rows.prefix(3) == [
                "file type size sfi state access link",
                "3F00 MF MF activated 2F06:14",
                "├── 2F00 EF.DIR LF 4x38 1E activated 2F06:10",
            ]
        )
        #expect(rows.contains("│ ├── 5F3A DF.PHONEBOOK DF activated 6F06:14"))
        #expect(rows.contains("│ │ └── 4F88 EF.UID LF 50x2 06 activated 6F06:5"))
        #expect(rows.contains("│ ├── 6F3A EF.ADN LF 50x28 activated 6F06:5 -> 3F00/7F10/5F3A/4F58"))
        #expect(rows.contains("├── ADF.A0000000871002F999FFFF8900000100 ADF.USIM ADF activated 2F06:14"))
        #expect(rows.contains("│ ├── 6F39 EF.ACM CY 5x3 1C activated 6F06:7"))
        // Columns stand below each other: all types begin where that of the head does.
        let column = try #require(result.lines.first.map { Array($0) }?.firstIndex(of: "y")) - 1
        for line in result.lines.dropFirst() { #expect(Array(line)[column - 1] == " " && Array(line)[column] != " ") }
    }

    /// What the program says of each file, and the octets that it reads, are what the other reader finds in the image.
    @Test func treeAndContentAgreeWithTheOtherReader() throws {
        let tree = try Program.veuicc("fs", "tree", "--image", "card.img", "--json", in: directory)
        let other = try Program.run(["tree", "card.img", "--json"], of: Program.tool("image-reader.py"), in: directory)
        let files = try json(tree.stdout)
        let expected = try json(other.stdout)
        try #require(files.count == expected.count && files.count > 90)
        for (file, var known) in zip(files, expected) {
            let digest = known.removeValue(forKey: "sha256") as? String
            known["first"] = nil
            for (key, value) in known {
                #expect(file[key] as? NSObject ?? NSNull() == value as? NSObject, "\(known["path"] ?? "") \(key)")
            }
            guard let digest else { continue }
            let path = try #require(file["path"] as? String)
            let read = try Program.veuicc("fs", "read", path, "--hex", "--image", "card.img", in: directory)
            let body = try #require(Hex.octets(read.stdout))
            #expect(try Hex.string(body.withView { try Hash.digest(.sha256, $0) }).lowercased() == digest, "\(path)")
        }
    }

    private func letters(of name: String) -> String { name.lowercased().filter { $0.isLetter || $0.isNumber } }

    /// The names are those of the members of profile elements, which the standard calls after the files.
    @Test func names() throws {
        let table = try String(
            contentsOf: Program.repository.appendingPathComponent("vectors/profiles/veuicc-default.expected-files.tsv"),
            encoding: .utf8
        )
        var members: [String: String] = [:]
        for row in table.split(separator: "\n").dropFirst() {
            let fields = row.split(separator: "\t", omittingEmptySubsequences: false)
            members[String(fields[0])] = fields[1].replacingOccurrences(of: "df-df-", with: "df-")
        }
        let tree = try Program.veuicc("fs", "tree", "--image", "card.img", "--json", in: directory)
        var compared = 0
        for file in try json(tree.stdout) {
            let path = try #require(file["path"] as? String)
                .replacing(/^3F00\/ADF.A0000000871002\w*/, with: "ADF.USIM")
                .replacing(/^3F00\/ADF.A0000000871004\w*/, with: "ADF.ISIM")
            // Files of generic file management have no member, and two members are called otherwise.
            guard let member = members[path], !["gfm", "ef-acmax", "ef-suci-calc-info-usim"].contains(member) else {
                continue
            }
            let name = try #require(file["name"] as? String, "\(path)")
            #expect(letters(of: name) == letters(of: member))
            compared += 1
        }
        #expect(compared > 90)
    }

    @Test(arguments: [
        "3F00/ADF.A0000000871002F999FFFF8900000100/6F07", "3F00/ADF.A0000000871002/6F07", "ADF.USIM/EF.IMSI",
        "MF/ADF.USIM/6f07", "adf.usim/ef.imsi", "/3F00/ADF.USIM/EF.IMSI",
    ])
    func waysToNameAFile(_ path: String) throws {
        let result = try Program.veuicc("fs", "read", path, "--image", "card.img", in: directory)
        #expect(result.status == 0)
        #expect(result.stdout == "080910100000000010\n")
    }

    @Test func formats() throws {
        func read(_ arguments: String...) throws -> String {
            let result = try Program.run(["fs", "read", "--image", "card.img"] + arguments, in: directory)
            #expect(result.status == 0)
            return result.stdout
        }
        #expect(try read("3F00/2F05") == "656E\n")
        #expect(try read("2F05", "--raw") == "en")
        #expect(try read("EF.PL", "--json") == #"{"body":"656E","name":"EF.PL","path":"3F00/2F05"}"# + "\n")
        let usim = "61184F10A0000000871002F999FFFF890000010050045553494D" + String(repeating: "FF", count: 12)
        let isim = "61184F10A0000000871004F999FFFF890000010050044953494D" + String(repeating: "FF", count: 12)
        let empty = String(repeating: "FF", count: 38)
        #expect(try read("EF.DIR") == [usim, isim, empty, empty].map { "\($0)\n" }.joined())
        #expect(try read("EF.DIR", "--record", "2") == isim + "\n")
        #expect(
            try read("EF.DIR", "--record", "2", "--json")
                == #"{"name":"EF.DIR","path":"3F00/2F00","record":2,"records":["\#(isim)"]}"# + "\n"
        )
        // A link has the body of its target.
        #expect(try read("7F10/EF.MSISDN") == read("ADF.USIM/EF.MSISDN"))
    }

    /// Record 1 of a cyclic EF is the one that was written last: TS 102 221 clause 8.2.2.3.
    @Test func cyclicFile() throws {
        let sent = try Program.veuicc(
            "apdu",
            "00A4040C10A0000000871002F999FFFF8900000100",
            "00A4000C026F39",
            "00DC000303000005",
            "00DC000303000007",
            "--image",
            "card.img",
            in: directory
        )
        #expect(sent.status == 0)
        #expect(sent.lines.filter { $0.hasPrefix("<") }.suffix(3) == ["< 9000", "< 9000", "< 9000"])
        let read = try Program.veuicc("fs", "read", "ADF.USIM/EF.ACM", "--image", "card.img", in: directory)
        #expect(read.lines.prefix(2) == ["000007", "000005"])
        #expect(read.lines.count == 5)
    }

    @Test(arguments: [
        ("7F10/5F99/6F07", 66, "7F10/5F99/6F07: there is no 5F99 in 3F00/7F10 (DF.TELECOM)"),
        ("ADF.A0000000991002/6F07", 66, "ADF.A0000000991002/6F07: there is no ADF.A0000000991002 in 3F00 (MF)"),
        ("EF.ICCID/6F07", 66, "EF.ICCID/6F07: 3F00/2FE2 (EF.ICCID) is an EF, there is no 6F07 in it"),
        (
            "ADF.A00000008710", 65,
            "ADF.A00000008710: in 3F00 (MF) several are ADF.A00000008710: "
                + "ADF.A0000000871002F999FFFF8900000100, ADF.A0000000871004F999FFFF8900000100"
        ),
        ("7F10", 65, "3F00/7F10 is no EF, but of type DF"),
    ])
    func pathsThatLeadNowhere(_ path: String, _ status: Int32, _ reason: String) throws {
        let result = try Program.veuicc("fs", "read", path, "--image", "card.img", in: directory)
        #expect(result.status == status)
        #expect(result.stdout == "")
        #expect(result.stderr == "Error: card.img: \(reason)\n")
    }

    @Test func recordsThatAreNotThere() throws {
        for (path, record, status, reason) in [
            ("EF.DIR", "0", Int32(66), "3F00/2F00 has no record 0, but 4"),
            ("EF.DIR", "5", 66, "3F00/2F00 has no record 5, but 4"),
            ("EF.PL", "1", 65, "3F00/2F05 is an EF without records"),
        ] {
            let result = try Program.veuicc(
                "fs",
                "read",
                path,
                "--record",
                record,
                "--image",
                "card.img",
                in: directory
            )
            #expect(result.status == status)
            #expect(result.stderr == "Error: card.img: \(reason)\n")
        }
    }

    @Test func imagesThatCannotBeRead() throws {
        func tree(_ image: String) throws -> Program.Result {
            try Program.veuicc("fs", "tree", "--image", image, in: directory)
        }
        #expect(try tree("none.img").status == 66)
        #expect(try tree("none.img").stderr == "Error: none.img: no such file\n")
        #expect(try tree(".").status == 66)
        #expect(try tree(".").stderr == "Error: .: not a regular file\n")
        try directory.write("short.img", "VEUICC")
        #expect(try tree("short.img").status == 65)
        try directory.write("foreign.img", String(repeating: "x", count: 65_536))
        let foreign = try tree("foreign.img")
        #expect(foreign.status == 65)
        #expect(foreign.stderr == "Error: foreign.img: offset 0: not a card image: the magic is not that of veuicc\n")
    }

    /// Looking changes nothing, not even an unfinished transaction, and is refused while a card runs.
    @Test func lookingChangesNothing() throws {
        let before = try directory.octets("card.img")
        _ = try Program.veuicc("fs", "tree", "--image", "card.img", in: directory)
        #expect(try directory.octets("card.img") == before)
        let locked = try Program.run(
            ["card.img", Program.url.path, "fs", "tree", "--image", "card.img"],
            of: URL(fileURLWithPath: "/usr/bin/flock"),
            in: directory
        )
        #expect(locked.status == 75)
        #expect(locked.stderr == "Error: card.img: the image is in use by another card or by an inspection\n")
    }

    /// An image with wrong octets anywhere in its files is shown or refused in one line.
    @Test func damagedImages() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = SplitMix(state: seed)
        let files = try json(Program.veuicc("fs", "tree", "--image", "card.img", "--json", in: directory).stdout)
        let sound = try directory.octets("card.img")
        for round in 0..<40 {
            var octets = sound
            for _ in 0..<20 {
                let page = try #require(files.randomElement(using: &random)?["object"] as? Int)
                octets[page * 64 + Int.random(in: 0..<64, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            try octets.write(to: URL(fileURLWithPath: "\(directory.path)/damaged.img"))
            let path = try #require(files.randomElement(using: &random)?["path"] as? String)
            for arguments in [["tree"], ["read", path]] {
                let result = try Program.run(["fs"] + arguments + ["--image", "damaged.img"], in: directory)
                #expect([0, 65, 66].contains(result.status), "seed \(seed) round \(round): \(result.stderr)")
                #expect(result.stderr.split(separator: "\n").count == (result.status == 0 ? 0 : 1))
            }
        }
    }
}

/// Random numbers that a seed repeats.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
