import CardOS
import Octets
import Testing

@testable import GlobalPlatform
@testable import RemoteManagement

/// Remote file management: what an access domain lets a script do, and that PINs of the terminal are another matter.
struct FileRightsTests {
    private static let imsi = "0829471002100002" + "68"

    /// SELECT EF.IMSI in the ADF that is selected, READ BINARY, UPDATE BINARY.
    private static let reading = ["00A40000026F07", "00B0000009"]
    private static let updating = ["00A40000026F07", "00D6000009" + imsi]

    private func lastResult(_ card: RemoteCard, _ commands: [String], for reference: String) throws -> String {
        try #require(try card.results(of: commands, for: reference).last)
    }

    @Test func fullAccessReadsAndUpdates() throws {
        let card = try RemoteCard()
        #expect(try card.results(of: Self.updating, for: RemoteCard.fullFiles) == ["9000", "9000"])
        #expect(try lastResult(card, Self.reading, for: RemoteCard.fullFiles) == Self.imsi + "9000")
        #expect(try card.run("00A40000026F07" + "00B0000009", for: RemoteCard.fullFiles) == "029000" + Self.imsi)
    }

    @Test func noAccessIsNone() throws {
        let card = try RemoteCard()
        #expect(try card.results(of: Self.reading, for: RemoteCard.noFiles) == ["9000", "6982"])
        // EF.ICCID can be read by anybody, but not by who has no access.
        let iccid = ["00A40004023F00", "00A40000022FE2", "00B000000A"]
        #expect(try lastResult(card, iccid, for: RemoteCard.noFiles) == "6982")
        #expect(try lastResult(card, iccid, for: RemoteCard.userFiles).hasSuffix("9000"))
    }

    @Test func accessByConditionsIsThatOfTheRules() throws {
        let card = try RemoteCard()
        // EF.IMSI: read with PIN 1, update with ADM1.
        #expect(try lastResult(card, Self.reading, for: RemoteCard.userFiles).hasSuffix("9000"))
        #expect(try lastResult(card, Self.updating, for: RemoteCard.userFiles) == "6982")
        #expect(try lastResult(card, Self.updating, for: RemoteCard.administratorFiles) == "9000")
    }

    @Test func verifiedPINsOfTheTerminalAreNotUsed() throws {
        let card = try RemoteCard()
        _ = try card.send("00A4040C10" + RemoteCard.usim)
        let codes = card.card.system.inspectCodes()
        #expect(codes.contains { $0.reference == 0x01 && $0.isEnabled } || codes.contains { $0.reference == 0x0A })
        // The terminal reads the file, and the grant is remembered; the script is still refused.
        _ = try card.send("0020000108" + "30303030FFFFFFFF")
        _ = try card.send("00A4000C026F07")
        _ = try card.send("00B0000009")
        #expect(try card.results(of: Self.reading, for: RemoteCard.noFiles).last == "6982")
        // And what a script was allowed is not the terminal's.
        #expect(try card.results(of: Self.updating, for: RemoteCard.fullFiles).last == "9000")
        #expect(try card.send("00D6000009" + Self.imsi) == "6982")
    }

    @Test func selectionAndPINsOfTheTerminalStay() throws {
        let card = try RemoteCard()
        _ = try card.send("00A4040C10" + RemoteCard.usim)
        _ = try card.send("00A4000C026F07")
        let channels = card.card.system.inspectChannels().map { [$0.number, Int($0.elementaryFile?.page ?? 0)] }
        let verified = card.card.system.inspectCodes().map(\.isVerified)
        _ = try card.results(of: ["00A40004023F00", "00A40000022FE2", "002C00010000"], for: RemoteCard.fullFiles)
        #expect(card.card.system.inspectChannels().map { [$0.number, Int($0.elementaryFile?.page ?? 0)] } == channels)
        #expect(card.card.system.inspectCodes().map(\.isVerified) == verified)
    }

    @Test func eachScriptBeginsAnew() throws {
        let card = try RemoteCard()
        #expect(try lastResult(card, ["00A40000026F07"], for: RemoteCard.fullFiles) == "9000")
        #expect(try lastResult(card, ["00B0000009"], for: RemoteCard.fullFiles) == "6986")
    }

    @Test func chainedScriptsGoOn() throws {
        let card = try RemoteCard()
        let reference = RemoteCard.fullFiles
        #expect(try card.run("AA0A830101" + "220500A4000000", for: reference).hasSuffix("9000"))
        let select = "AA0C830101" + "220700A40000026F07"
        let read = "220500B0000009"
        #expect(try card.run(select, for: reference) == "AB0780010123029000")
        _ = try card.send("00A4000C023F00")
        #expect(try card.run("AA0A830102" + read, for: reference).hasPrefix("AB108001"))
        #expect(try card.run("AA0A830103" + read, for: reference).hasPrefix("AB108001"))
        // There is none any more, and none of another application.
        #expect(try card.run("AA0A830103" + read, for: reference) == "AB06800100830101")
        _ = try card.run(select, for: reference)
        #expect(try card.run("AA0A830102" + read, for: RemoteCard.userFiles) == "AB06800100830101")
        #expect(try card.run("AA0A830111" + read, for: reference) == "AB06800100830102")
        _ = try card.run(select, for: reference)
        card.card.powerOn()
        card.host = ScriptHost()
        #expect(try card.run("AA0A830102" + read, for: reference) == "AB06800100830101")
    }

    @Test func otherCommandsAreNotThere() throws {
        let card = try RemoteCard()
        let commands = [
            "0070000001", "0088008100", "80E2900000", "00FE000000", "80F2000000", "01B0000009", "10D6000000",
        ]
        #expect(
            try commands.map { try lastResult(card, [$0], for: RemoteCard.fullFiles) }.map { $0.suffix(4) }
                == ["6D00", "6D00", "6D00", "6D00", "9000", "6881", "6884"]
        )
    }

    @Test func aFailedCommandChangesNothingAndWhatCameBeforeStays() throws {
        let card = try RemoteCard()
        let other = "0849060000000000" + "00"
        let commands = ["00A40000026F07", "00D6000009" + other, "00D600050A" + other + "00", "00B0000009"]
        #expect(try card.results(of: commands, for: RemoteCard.fullFiles).count == 3)
        #expect(try lastResult(card, Self.reading, for: RemoteCard.fullFiles) == other + "9000")
    }

    @Test func responsesAreWhole() throws {
        let card = try RemoteCard()
        // SELECT with Le brings the FCP; without it, none. READ BINARY with a wrong Le is sent again.
        let results = try card.results(
            of: ["00A40000026F0700", "00A40000026F07", "00B0000000"],
            for: RemoteCard.fullFiles
        )
        #expect(results[0].hasPrefix("62") && results[0].hasSuffix("9000"))
        #expect(results[1] == "9000")
        #expect(results[2].count == 22)
        // Compact: 61XX and GET RESPONSE.
        let announced = try card.run("00A40000026F07", for: RemoteCard.fullFiles)
        #expect(announced.hasPrefix("0161") && announced.count == 6)
        let fetched = try card.run("00A40000026F07" + "00C00000" + announced.suffix(2), for: RemoteCard.fullFiles)
        #expect(fetched.hasPrefix("02900062"))
    }
}
