import Foundation
import Memory
import Testing

/// `veuicc image diff`, as the built program.
struct ImageDiffTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try Program.directoryWithCard()
        try directory.octets("card.img").write(to: URL(fileURLWithPath: directory.path + "/before.img"))
    }

    private func send(_ commands: String, answered words: [String]) throws {
        let result = try Program.veuicc("apdu", "--image", "card.img", "--json", input: commands, in: directory)
        #expect(try result.lines.map { try #require(json($0).first?["sw"] as? String) } == words)
    }

    private func diff(_ options: String...) throws -> Program.Result {
        try Program.run(["image", "diff", "before.img", "card.img"] + options, in: directory)
    }

    /// Changes octets of `card.img`.
    private func patch(_ offset: Int, _ octets: UInt8...) throws {
        var image = try directory.octets("card.img")
        image.replaceSubrange(offset..<offset + octets.count, with: octets)
        try image.write(to: URL(fileURLWithPath: directory.path + "/card.img"))
    }

    @Test func same() throws {
        let result = try diff("--bytes")
        #expect((result.status, result.stdout, result.stderr) == (0, "", ""))
        let report = try #require(json(diff("--json").stdout).first)
        #expect(report["same"] as? Bool == true && (report["changes"] as? [Any])?.isEmpty == true)
    }

    @Test func wordsOfTheCard() throws {
        try send(
            """
            0020000A083535353535353535
            00E0000018 6216 82024121 83022F20 8A0105 8B032F0605 80020014 8800
            00D6000004AABBCCDD
            00A4040C10A0000000871002F999FFFF8900000100
            00A4000C026F7E
            00D60000040809FFFF
            00A4000C026F39
            8032000003000005
            002000810831313131FFFFFFFF
            0028000108 30303030FFFFFFFF
            0088008122 10 00112233445566778899AABBCCDDEEFF 10 3CBC31A4300680004CA20DA19B15B798
            00A4000C026F07
            0004000000
            """,
            answered: Array(repeating: "9000", count: 7) + ["6106", "63C2", "9000", "6135", "9000", "9000"]
        )
        let result = try diff()
        #expect(result.status == 1)
        #expect(
            result.lines == [
                "2F20 created, transparent, 20 octets",
                "ADF.USIM/EF.IMSI life cycle activated → deactivated",
                "ADF.USIM/EF.ACM record 1 is new: 00 00 05",
                "ADF.USIM/EF.LOCI 2 octets at 0: FF FF → 08 09",
                "PIN1 of MF disabled → enabled",
                "PIN2 of ADF.USIM tries 3 → 2",
                "authentication parameters of ADF.USIM SQN with IND 1 000000000001 → 000000000021",
            ]
        )
        let report = try #require(json(diff("--json").stdout).first)
        let changes = try #require(report["changes"] as? [[String: Any]])
        #expect(changes.count == 7 && changes[0]["kind"] as? String == "created")
        #expect(changes[3]["subject"] as? String == "ADF.USIM/EF.LOCI" && changes[3]["old"] as? String == "FFFF")
        #expect(report["bytes"] == nil)
    }

    @Test func fileLife() throws {
        let administrator = "0020000A083535353535353535\n"
        try send(
            administrator + "00E0000018 6216 82024121 83022F20 8A0105 8B032F0605 8002000A 8800\n00D6000003010203",
            answered: ["9000", "9000", "9000"]
        )
        try directory.octets("card.img").write(to: URL(fileURLWithPath: directory.path + "/before.img"))
        try send(administrator + "80D400000A 6208 83022F20 80020014", answered: ["9000", "9000"])
        #expect(try diff().lines.first == "2F20 resized 10 → 20")
        try send(administrator + "00E40000022F20", answered: ["9000", "9000"])
        #expect(try diff().lines == ["2F20 deleted, transparent, 10 octets"])
    }

    /// The second octet of EF.PL, whose object is the second file: docs/memory-image.md section 7.1.
    @Test func octets() throws {
        let map = try #require(json(Program.veuicc("image", "map", "card.img", "--json", in: directory).stdout).first)
        let objects = try #require(map["objects"] as? [[String: Any]])
        let file = try #require(objects.first { $0["name"] as? String == "EF.PL" })
        let page = try #require(file["object"] as? Int)
        let length = try #require(file["octets"] as? Int)
        let offset = 64 * page + 4 + length - 1
        let before = try directory.octets("card.img")[offset]
        try patch(offset, before ^ 0xFF)
        let values = [before, before ^ 0xFF].map { String($0, radix: 16, uppercase: true) }
            .map { String(repeating: "0", count: 2 - $0.count) + $0 }
        let result = try diff("--bytes")
        #expect(result.status == 1)
        #expect(
            result.stdout == """
                EF.PL 1 octet at 1: \(values[0]) → \(values[1])

                offset  page  old     new  where
                 \(offset)  \(page)  \(values[0])   →  \(values[1])   EF.PL
                1 octet in 1 page

                """
        )
    }

    @Test func owners() throws {
        try changeCard { memory in
            _ = try memory.createOwner(parent: .card, quota: 4_096)
            _ = try memory.createOwner(parent: .card, quota: nil)
        }
        #expect(try diff().lines == ["owner 1 created, quota 4096", "owner 2 created, no quota"])
        try directory.octets("card.img").write(to: URL(fileURLWithPath: directory.path + "/before.img"))
        try changeCard { memory in
            try memory.setQuota(8_192, of: Owner(number: 1))
            try memory.removeOwner(Owner(number: 2))
        }
        #expect(try diff().lines == ["owner 1 quota 4096 → 8192", "owner 2 deleted"])
    }

    private func changeCard(_ body: (inout Memory) throws -> Void) throws {
        var image = [UInt8](try directory.octets("card.img"))
        try image.withUnsafeMutableBytes { octets in
            var memory = try Memory(mounting: octets)
            try body(&memory)
            memory.commit()
        }
        try Data(image).write(to: URL(fileURLWithPath: directory.path + "/card.img"))
    }

    @Test func whatIsNoDifferenceForTheCard() throws {
        // The done mark of a closed journal that a power failure left: recovery erases it.
        try patch(33 * 64 + 8, 0x00)
        let result = try diff()
        #expect(result.lines == ["journal closed → closed, not erased"] && result.status == 1)
    }

    @Test func whatCannotBeCompared() throws {
        let missing = try Program.veuicc("image", "diff", "before.img", "none", in: directory)
        #expect((missing.status, missing.stderr) == (66, "Error: none: no such file\n"))
        try patch(0, 0)
        let foreign = try diff()
        #expect((foreign.status, foreign.stdout) == (65, ""))
        #expect(foreign.stderr.hasPrefix("Error: card.img: offset 0: not a card image"))
    }
}
