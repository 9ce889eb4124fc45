import Foundation
import Testing

/// `veuicc image export` and `image import`, as the built program. tools/image_tools_test.py compares them with objcopy
/// and srec_cat.
struct ImageExportTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        let fixture = Program.repository.appendingPathComponent("vectors/images/format-1.0.img")
        try FileManager.default.copyItem(atPath: fixture.path, toPath: directory.path + "/card.img")
    }

    @Test(arguments: ["bin", "ihex", "srec"])
    func roundTrip(_ format: String) throws {
        let export = try Program.veuicc("image", "export", "card.img", "file", "--format", format, in: directory)
        #expect((export.status, export.stdout, export.stderr) == (0, "", ""))
        #expect(try Program.veuicc("image", "import", "file", "copy.img", in: directory).status == 0)
        #expect(try directory.octets("copy.img") == directory.octets("card.img"))
        let refused = try Program.veuicc("image", "export", "card.img", "file", "--format", format, in: directory)
        #expect((refused.status, refused.stderr) == (73, "Error: file: the file exists already\n"))
        let attributes = try FileManager.default.attributesOfItem(atPath: directory.path + "/file")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func intelHex() throws {
        let lines = try Program.veuicc("image", "export", "card.img", "--format", "ihex", in: directory).lines
        #expect(lines.count == 4_097)
        #expect(lines[0] == ":100000005645554943430D0A000100000001000018")
        #expect(lines[4_095] == ":10FFF000FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF11")
        #expect(lines[4_096] == ":00000001FF")
    }

    @Test func motorola() throws {
        let lines = try Program.veuicc("image", "export", "card.img", "--format", "srec", in: directory).lines
        #expect(lines.count == 2_051)
        #expect(lines[0] == "S009000056455549434337")
        #expect(lines[2_048].hasPrefix("S123FFE0FFFF"))
        #expect(lines[2_049] == "S5030800F4")
        #expect(lines[2_050] == "S9030000FC")
    }

    @Test func largeImages() throws {
        _ = try Program.veuicc("card", "new", "large.img", in: directory)
        let hex = try Program.veuicc("image", "export", "large.img", "--format", "ihex", in: directory).lines
        #expect(hex[4_096] == ":020000040001F9")
        #expect(hex.count { $0.hasPrefix(":02000004") } == 7)
        let records = try Program.veuicc("image", "export", "large.img", "--format", "srec", in: directory).lines
        #expect(records[1].hasPrefix("S224000000"))
        #expect(records.suffix(2) == ["S5034000BC", "S804000000FB"])
    }

    /// What is wrong is told with file and line, and no image is made.
    @Test(
        arguments: [
            (":00000001FE", "1: the checksum is FF, not FE"),
            (":0000000", "1: an odd number of hexadecimal digits"),
            (":00G00001FF", "1: no hexadecimal digit in column 4"),
            (":0100000000", "1: says 1 octet of data, has 0"),
            (":00000007F9", "1: record type 07 does not exist"),
            (":0100000101FD", "1: a record of this type has 0 octets of data, not 1"),
            (":00000101FE", "1: a record of this type has the address 0000, not 0001"),
            (":0100000000FF\n:0100000000FF", "2: address 000000 comes twice"),
            (":020000040100F9\n:0100000000FF", "2: address 1000000 lies behind the end of the largest image"),
            (":0100000000FF", "1: the file ends without the record that ends it"),
            (":0100010000FE\n:00000001FF", "2: no record has the octets 000000 to 000000"),
            (":00000001FF\n\n:00000001FF", "3: a line behind the record that ends the file"),
            (":00000001FF\r\nx", "2: a line behind the record that ends the file"),
            ("S9030000FD", "1: the checksum is FC, not FD"),
            ("S4030000FC", "1: record type S4 is reserved"),
            ("S1050000FF", "1: says 5 octets, has 3"),
            ("S1040000", "1: shorter than a record of its type"),
            ("S10400000AF1\nS5030002FA", "2: says 2 records of data, there are 1"),
            ("S10400000AF1\nS5030001FB\nS10400010AF0", "3: data behind the number of records"),
            ("S10400000AF1", "1: the file ends without the record that ends it"),
            ("S90400000AF1", "1: a record S9 has no data"),
            ("S0040001000A", "1: the checksum is FA, not 0A"),
            ("S10400000AF1\nT", "2: does not begin with S and a digit"),
        ]
    )
    func whatIsWrongInAFile(_ text: String, _ message: String) throws {
        try directory.write("file", text + "\n")
        let result = try Program.veuicc("image", "import", "file", "new.img", in: directory)
        #expect((result.status, result.stdout, result.stderr) == (65, "", "Error: file:\(message)\n"))
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/new.img"))
    }

    @Test func aDefectiveImageIsNotImported() throws {
        try directory.write("file", ":0100000000FF\n:00000001FF\n")
        let result = try Program.veuicc("image", "import", "file", "new.img", in: directory)
        let reason = "not imported: 1 defects, the first at offset 0: not a card image: the magic is not that of veuicc"
        #expect((result.status, result.stderr) == (65, "Error: file: \(reason)\n"))
    }

    @Test func aFileThatIsNotThere() throws {
        let result = try Program.veuicc("image", "import", "none", "new.img", in: directory)
        #expect((result.status, result.stderr) == (66, "Error: none: no such file\n"))
    }
}
