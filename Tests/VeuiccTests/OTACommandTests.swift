import Foundation
import Testing

/// `veuicc ota`: packets in and out of the vectors of vectors/gp/scp80.json, and to a card.
struct OTACommandTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write(
            "keys",
            """
            version 02
            protocol scp80
            kic 200102030405060708090A0B0C0D0E0F
            kid 201102030405060708090A0B0C0D0E0F

            version 03
            protocol scp80
            algorithm des
            kic 300102030405060708090A0B0C0D0E0F
            kid 301102030405060708090A0B0C0D0E0F
            """
        )
    }

    private func ota(_ arguments: String...) throws -> Program.Result {
        try Program.run(["ota"] + arguments + ["--key-file", "keys"], in: directory)
    }

    /// aes128-ciphered-cc-por-ciphered-cc and 3des-ciphered-cc-por-ciphered-cc.
    @Test(arguments: [
        (
            "02", "00281506192222B00011E87CCEEBB2D93083011CE294F93FC4D8DE80DA1ABAE8C37CA3E72EC4432E5058",
            "027100002412B00011EBC6B497E2CAD7AEDF36ACE0E3A29B38853F0FE9CCDE81913BE5702B73ABCE1F"
        ),
        (
            "03", "00201506193535B00011AE733256918D050B87C94FBFE12E4DC402F262C41CF67F2F",
            "027100001C12B000118BB989492C632529326A2F4681FEB37C825BC9021C9F6D0B"
        ),
    ])
    func packetsOfTheVectors(version: String, packet: String, response: String) throws {
        let wrapped = try ota(
            "wrap",
            "00A40004023F00",
            "--key-version",
            version,
            "--spi",
            "0619",
            "--tar",
            "B00011",
            "--counter",
            "0"
        )
        let userData = "027000" + packet
        let message = "4005812143F57FF600101000000000" + String(format: "%02X", userData.count / 2) + userData
        let data = "820283818B" + String(format: "%02X", message.count / 2) + message
        let field = "D1" + String(format: "%02X", data.count / 2) + data
        let envelope = "80C20000" + String(format: "%02X", field.count / 2) + field + "00"
        #expect(wrapped.status == 0)
        #expect(
            wrapped.lines == [
                "script       00A40004023F00", "packet       " + packet, "sms-deliver  " + message,
                "envelope     " + envelope,
            ]
        )
        let opened = try ota("unwrap", response, "--key-version", version, "--spi", "0619")
        #expect(opened.status == 0)
        #expect(
            opened.lines == [
                "status    00: the packet was accepted", "tar       B00011", "counter   0", "data      016132",
                "commands  1", "response  6132: 50 octets wait",
            ]
        )
        let other = try ota("unwrap", String(response.dropLast(2)) + "00", "--key-version", version, "--spi", "0619")
        #expect(other.status == 77)
        #expect(other.stderr == "Error: response packet: its check is wrong: it was made with other keys\n")
    }

    /// vectors/gp/ram-rfm-scp81.json: expanded-definite, expanded-indefinite; and commands that compact ones change.
    @Test(arguments: [
        (["80E2900000", "--format", "expanded"], "AA07220580E2900000"),
        (["80E2900000", "--format", "indefinite"], "AE80220580E29000000000"),
        (["00A40004023F0000", "00B000000A"], "00A40004023F0000B000000A"),
        (["00A40004", "00A40004023F0000"], "00A400040000A40004023F0000"),
    ])
    func scripts(arguments: [String], expected: String) throws {
        let result = try Program.run(
            ["ota", "wrap"] + arguments
                + ["--counter", "1", "--key-version", "02", "--json", "--key-file", "keys"],
            in: directory
        )
        let object = try #require(try json(result.stdout).first)
        #expect(object["script"] as? String == expected)
    }

    @Test func longScriptsTakeSeveralMessages() throws {
        try directory.write("script", String(repeating: "00A40004023F00 # MF\n", count: 30))
        let result = try ota("wrap", "--script", "script", "--counter", "1", "--key-version", "02", "--json")
        let object = try #require(try json(result.stdout).first)
        let messages = try #require(object["sms_deliver"] as? [String])
        let packet = try #require(object["packet"] as? String)
        #expect(messages.count == 2)
        #expect((object["envelope"] as? [String])?.count == 2)
        let parts = messages.map { $0.dropFirst(32) }
        #expect(parts[0].hasPrefix("0770000003010201") && parts[1].hasPrefix("050003010202"))
        #expect(parts[0].dropFirst(16) + parts[1].dropFirst(12) == packet)
    }

    /// Keys are put into the issuer security domain, and a packet for it comes.
    @Test func scriptsForACard() throws {
        let keys = ["101112131415161718191A1B1C1D1E1F", "202122232425262728292A2B2C2D2E2F"]
        try directory.write("keys", "version 01\nprotocol scp80\nkic \(keys[0])\nkid \(keys[1])\n")
        try #require(Program.veuicc("card", "new", "card.img", in: directory).status == 0)
        let put = try Program.veuicc(
            "gp",
            "put-key",
            "--new-version",
            "01",
            keys[0],
            keys[1],
            keys[0],
            "--image",
            "card.img",
            in: directory
        )
        #expect(put.status == 0, "\(put.stderr)")
        let first = try ota("send", "80CA004200", "--counter", "1", "--image", "card.img")
        #expect(first.stderr == "")
        #expect(
            first.lines == [
                "status    00: the packet was accepted", "tar       000000", "counter   1",
                "data      01900042054012345678", "commands  1",
                "response  42054012345678 9000: ok",
            ]
        )
        // The counter has been used.
        let again = try ota("send", "80CA004200", "--counter", "1", "--image", "card.img")
        #expect(again.status == 77)
        #expect(again.lines.first == "status    02: counter low")
        #expect(again.stderr == "Error: the card answers the packet with 02: counter low\n")
        // In SMS-SUBMIT, with each command's response.
        let submit = try ota(
            "send",
            "80CA004200",
            "80CA004500",
            "--format",
            "expanded",
            "--spi",
            "1639",
            "--counter",
            "2",
            "--json",
            "--image",
            "card.img"
        )
        #expect(submit.status == 0, "\(submit.stderr)")
        let object = try #require(try json(submit.stdout).first)
        #expect(object["status"] as? String == "00")
        #expect(object["commands"] as? Int == 2)
        let responses = try #require(object["responses"] as? [[String: String]])
        #expect(responses.map { $0["sw"] } == ["9000", "9000"])
        #expect(responses.first?["data"] == "42054012345678")
        // Other keys: nobody is answered.
        try directory.write("keys", "version 01\nprotocol scp80\nkic \(keys[0])\nkid \(keys[0])\n")
        let silent = try ota("send", "80CA004200", "--counter", "3", "--image", "card.img")
        #expect(silent.status == 77)
        #expect(silent.stderr == "Error: the card gives no response packet: it does not have these keys\n")
        let unasked = try ota("send", "80CA004200", "--spi", "1600", "--counter", "3", "--image", "card.img")
        #expect(unasked.status == 0)
        #expect(unasked.stdout == "" && unasked.stderr == "the card gives no response packet\n")
    }

    @Test(arguments: [
        (["--tar", "B0"], 64, "--tar: six hexadecimal digits are needed"),
        (["--spi", "16"], 64, "--spi: four hexadecimal digits are needed"),
        (["--kic", "1212"], 64, "--kic: two hexadecimal digits are needed"),
        (["--script", "a"], 64, "commands come either as arguments or in a --script"),
        (["--key-version", "04"], 65, "keys: there is no key set for SCP80 of the version 04"),
        ([], 64, "keys: there are several key sets for SCP80: --key-version says which"),
        (
            ["--key-version", "02", "--spi", "1300"], 65,
            "command packet: no such packet can be made: SPI 13, KID 22, 5 octets"
        ),
    ])
    func whatIsInTheWay(arguments: [String], status: Int32, message: String) throws {
        let result = try Program.run(
            ["ota", "wrap", "80CA004200", "--counter", "1", "--key-file", "keys"] + arguments,
            in: directory
        )
        #expect(result.status == status)
        #expect(result.stderr == "Error: \(message)\n")
    }
}
