import Foundation
import Testing

/// `veuicc gp`, with cards on an image and at the other end of vpcd.
struct GlobalPlatformCommandTests {
    let directory: TemporaryDirectory

    init() throws { directory = try Program.directoryWithCard() }

    private static let domain = "A00000015153504200"
    private static let keys = [
        "101112131415161718191A1B1C1D1E1F", "202122232425262728292A2B2C2D2E2F", "303132333435363738393A3B3C3D3E3F",
    ]

    private func gp(_ arguments: String...) throws -> Program.Result {
        try Program.run(["gp"] + arguments + ["--image", "card.img"], in: directory)
    }

    private func install(_ arguments: String...) throws -> Program.Result {
        try Program.run(
            [
                "gp", "install", "--load-file", "A0000001515350", "--module", "A000000151535041", "--aid", Self.domain,
                "--privileges", "800000", "--image", "card.img",
            ] + arguments,
            in: directory
        )
    }

    @Test func information() throws {
        let result = try gp("info")
        #expect(result.status == 0)
        #expect(result.stderr == "")
        #expect(result.lines.first == "security domain                A000000151000000")
        #expect(result.lines.contains("secure channel                 SCP03 i=70"))
        #expect(result.lines.contains("key 20/01                      DES, 16 octets"))
        let object = try #require(try json(try gp("info", "--json").stdout).first)
        #expect(object["aid"] as? String == "A000000151000000")
        #expect(object["specification"] as? String == "2.3.1")
        #expect((object["keys"] as? [[String: Any]])?.count == 6)
        #expect((object["objects"] as? [String: String])?["0042"] == "42054012345678")
    }

    /// A security domain and a key set come, are seen, used, and go.
    @Test func contentManagement() throws {
        #expect(try install("--level", "renc") == (0, "", ""))
        let entries = try #require(
            try json(try gp("list", "--json", "--prefix", Self.domain).stdout).first?["entries"] as? [[String: Any]]
        )
        let entry = try #require(entries.first { $0["aid"] as? String == Self.domain })
        #expect(entry["kind"] as? String == "domain")
        #expect(entry["state"] as? String == "SELECTABLE")
        #expect(entry["privileges"] as? [String] == ["security-domain"])
        #expect(try gp("put-key", "--new-version", "31", Self.keys[0], Self.keys[1], Self.keys[2]) == (0, "", ""))
        try directory.write(
            "keys",
            "version 31\nprotocol scp03\nenc \(Self.keys[0])\nmac \(Self.keys[1])\ndek \(Self.keys[2])\n"
        )
        #expect(try gp("set-status", "lock", "--aid", Self.domain, "--key-file", "keys") == (0, "", ""))
        #expect(try gp("list", "--key-file", "keys").stdout.contains("domain       \(Self.domain)  LOCKED\n"))
        #expect(try gp("set-status", "unlock", "--aid", Self.domain) == (0, "", ""))
        let warned = try gp("list", "--key-version", "31", "--keys", Self.keys.joined(separator: ","))
        #expect(warned.status == 0)
        #expect(
            warned.stderr
                == "Warning: --keys shows the keys to everybody who lists processes; --key-file does not\n"
        )
        #expect(try gp("store-data", "42054012345679", "--protocol", "scp02", "--level", "03") == (0, "", ""))
        #expect(try gp("delete", "--keys-of-version", "31") == (0, "", ""))
        #expect(try gp("delete", Self.domain) == (0, "", ""))
        let error = "Error: DELETE \(Self.domain): the card answers 6A88: referenced data not found\n"
        #expect(try gp("delete", Self.domain) == (66, "", error))
    }

    /// A package as small as it can be: a Header and an Applet component.
    @Test func loadFiles() throws {
        let header: [UInt8] = [0x01, 0x00, 0x0F, 0xDE, 0xCA, 0xFF, 0xED, 1, 2, 4, 0, 0, 5, 1, 2, 3, 4, 5]
        let applets: [UInt8] = [0x03, 0x00, 0x0A, 0x01, 0x06, 1, 2, 3, 4, 5, 6, 0x00, 0x10]
        try Data(header + applets).write(to: URL(fileURLWithPath: "\(directory.path)/applet.ijc"))
        let loaded = "load file  0102030405\nmodule     010203040506\n"
        #expect(try gp("load", "applet.ijc") == (0, loaded, ""))
        #expect(try gp("list", "--prefix", "0102030405").stdout.contains("load-file    0102030405  LOADED\n"))
        #expect(try gp("delete", "0102030405", "--related") == (0, "", ""))
        // Its name says nothing; what it begins with does.
        try FileManager.default.copyItem(
            at: Program.repository.appendingPathComponent("vectors/globalplatform/applet.cap"),
            to: URL(fileURLWithPath: "\(directory.path)/applet")
        )
        #expect(try gp("load", "applet") == (0, loaded, ""))
        #expect(try gp("delete", "0102030405", "--related") == (0, "", ""))
        try directory.write("applet.cap", "PK\u{3}\u{4}")
        let result = try gp("load", "applet.cap")
        #expect(result.status == 65)
        #expect(result.stderr.hasPrefix("Error: applet.cap: the ZIP file is damaged: "))
    }

    @Test func cardAtTheOtherEnd() throws {
        let result = try Program.withCard(["gp", "list", "--level", "33", "--vpcd", "127.0.0.1:0"], in: directory)
        #expect(result.status == 0)
        #expect(result.stdout.hasPrefix("issuer       A000000151000000  SECURED\n"))
    }

    @Test(arguments: [
        (["list"], 64, "one of --image, --vpcd and --reader says where the card is"),
        (
            ["info", "--security-domain", "A0", "--image", "card.img"], 64,
            "--security-domain: an AID has 5 to 16 octets"
        ),
        (
            ["list", "--keys", "00", "--image", "card.img"], 64,
            "--keys: one key, or three with commas, of 16, 24 or 32 octets are needed"
        ),
        (
            ["list", "--keys", "00", "--key-file", "a", "--image", "card.img"], 64,
            "--key-file and --keys are two places for keys"
        ),
        (
            ["list", "--key-file", "a", "--image", "card.img"], 66,
            "a: cannot read the keys: No such file or directory"
        ),
        (
            ["list", "--key-version", "0030", "--image", "card.img"], 64,
            "--key-version: two hexadecimal digits are needed"
        ),
        (
            ["list", "--key-version", "32", "--image", "card.img"], 66,
            "INITIALIZE UPDATE: the card answers 6A88: referenced data not found"
        ),
        (
            ["info", "--security-domain", "A000000559", "--image", "card.img"], 66,
            "SELECT A000000559: the card answers 6A82: application or file not found"
        ),
        (
            ["delete", "--image", "card.img"], 64,
            "either AIDs, or --keys-of-version and --key-identifier say what is deleted"
        ),
        (["install", "--image", "card.img"], 64, "INSTALL [for install-and-make-selectable] needs --load-file"),
        (
            ["set-status", "asleep", "--aid", domain, "--image", "card.img"], 64,
            "\"asleep\" is none of lock, personalized, unlock"
        ),
        (
            ["put-key", "--new-version", "31", "00", "--image", "card.img"], 64,
            "length 1 is not that of a key of the type aes"
        ),
        (["store-data", "", "--image", "card.img"], 64, "there are no data"),
    ])
    func inTheWay(_ arguments: [String], _ status: Int32, _ reason: String) throws {
        #expect(try Program.run(["gp"] + arguments, in: directory) == (status, "", "Error: \(reason)\n"))
    }

    @Test(arguments: ["55", "high", "0103"]) func levels(level: String) throws {
        let result = try gp("list", "--level", level)
        #expect(result.status == 64)
        #expect(result.stderr.hasPrefix("Error: The value '\(level)' is invalid for '--level <level>'\n"))
    }

    @Test func otherKeys() throws {
        try directory.write("keys", "key 000102030405060708090A0B0C0D0E0F\n")
        let error = "the card has other keys: its cryptogram does not fit (key version 30, scp03)"
        #expect(try gp("list", "--key-file", "keys") == (77, "", "Error: INITIALIZE UPDATE: \(error)\n"))
        try directory.write("keys", "\nkvn 30\n")
        #expect(try gp("list", "--key-file", "keys") == (65, "", "Error: keys:2: there is no \"kvn\"\n"))
    }
}

extension Program.Result {
    static func == (result: Program.Result, expected: (Int32, String, String)) -> Bool {
        result.status == expected.0 && result.stdout == expected.1 && result.stderr == expected.2
    }
}
