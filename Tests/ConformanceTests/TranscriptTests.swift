import Octets
import Testing

@testable import Conformance

/// The format of transcripts: docs/vectors.md.
@Suite struct TranscriptTests {
    // MARK: Octets

    private func pattern(_ text: String, _ names: [String: Int] = [:]) throws -> Pattern {
        var reader = PatternReader()
        reader.lengths = names
        return try reader.pattern(text)
    }

    @Test(arguments: [
        ("00A4 00 0C", "00A4000C"), ("00A4000C [2FE2]", "00A4000C022FE2"), ("[]", "00"),
        ("62(82(4121) 88())", "62068202412188" + "00"),
        ("FF*3 AA", "FFFFFFAA"), ("AA[00*200]", "AAC8" + String(repeating: "00", count: 200)),
        ("80(00*200)", "8081C8" + String(repeating: "00", count: 200)),
        ("80(00*300)", "8082012C" + String(repeating: "00", count: 300)), ("a4", "A4"), ("12(<x>)", "1202BEEF"),
    ])
    func octetsAreWritten(text: String, expected: String) throws {
        let octets = try #require(try pattern(text, ["x": 2]).octets(["x": [0xBE, 0xEF]]))
        #expect(Hex.string(octets) == expected)
    }

    @Test(arguments: [
        ("9000", "9000", true), ("9000", "9001", false), ("9000", "90", false), ("9000", "900000", false),
        ("61..", "6119", true), ("63C.", "63C5", true), ("63C.", "63D5", false), ("..*3 9000", "0102039000", true),
        ("..*3 9000", "01029000", false), ("* 9000", "9000", true), ("* 9000", "0102039000", true),
        ("62 * 9000", "62119000", true), ("62 * 9000", "63119000", false), ("62 * 9000", "629000", true),
        ("62 * 9000", "6290", false), ("*", "", true), ("!!*2 9000", "00019000", true),
        ("!!*2 9000", "00009000", false), ("<x> 9000", "BEEF9000", true), ("<x> 9000", "BEEE9000", false),
        ("<!x> 9000", "BEEE9000", true), ("<!x> 9000", "BEEF9000", false), ("<y:2> <y>", "01020102", true),
        ("<y:2> <y>", "01020103", false), ("62(..*2) 9000", "62021234" + "9000", true),
    ])
    func responsesAreMatched(text: String, response: String, isMatch: Bool) throws {
        var captures: Captures = ["x": [0xBE, 0xEF]]
        let octets = try #require(Hex.octets(response))
        #expect(try pattern(text, ["x": 2]).matches(octets, &captures) == isMatch)
        #expect(captures["y"] == (isMatch && text.contains("y") ? [0x01, 0x02] : nil))
    }

    @Test(arguments: [
        "9000", "61..", "6. .0", "* 9000", "!!*8 9000", "<name:8> 9000", "<name:8> <name> <!name>",
    ])
    func aPatternIsShownAsItIsWritten(text: String) throws {
        let shown = try pattern(text).description
        #expect(try pattern(shown) == pattern(text))
    }

    // MARK: Lines

    /// A file in one line each, and what is said of it.
    @Test(arguments: [
        ("card a.der\n00A4000 -> 9000", "t.apdu:2: 00A4000 has half an octet"),
        ("card a.der\n00X4 -> 9000", "t.apdu:2: 00X4 is not hexadecimal"),
        ("card a.der\n00A4000C", "t.apdu:2: 00A4000C: -> and the response are missing"),
        ("card a.der\n00A4000C ->", "t.apdu:2: the response is missing behind ->"),
        ("card a.der\n00A4000C -> 9000 |", "t.apdu:2: an alternative is missing beside |"),
        ("00A4000C -> 9000", "t.apdu:1: card comes first: what the transcript starts from"),
        ("card a.der\n00A4.. -> 9000", "t.apdu:2: 00A4.. is no command: its octets are given one by one"),
        ("card a.der\n00A4 <x> -> 9000", "t.apdu:2: <x> is not captured above"),
        ("card a.der\n00A4 -> <x:0>", "t.apdu:2: <x: a capture is <name:number of octets>"),
        ("card a.der\n00A4 -> <x y:1>", "t.apdu:2: <x y>: a name has letters, digits and -"),
        ("card a.der\n00A4 -> <x:1", "t.apdu:2: > is missing"),
        ("card a.der\n00A4 -> * 90 *", "t.apdu:2: * stands more than once"),
        ("card a.der\n00A4 -> 62(*)", "t.apdu:2: * cannot stand in brackets"),
        ("card a.der\n00A4 [00 -> 9000", "t.apdu:2: ] is missing"),
        ("card a.der\n00A4 00] -> 9000", "t.apdu:2: ] without its beginning"),
        ("card a.der\n00A4 [00*256] -> 9000", "t.apdu:2: 256 octets in brackets are too many"),
        ("card a.der\n00A4 AABB*2 -> 9000", "t.apdu:2: AABB*2: a repetition is one octet, *, and a number"),
        ("card a.txt", "t.apdu:1: card is a profile package (.der), an image (.img), or any"),
        ("protocol t2", "t.apdu:1: protocol is t0, t1 or both"), ("seed 00*47", "t.apdu:1: seed has 48 octets"),
        ("size 1000", "t.apdu:1: size is a multiple of 4096 that an image may have"),
        ("card a.der\nreset hot", "t.apdu:2: reset is cold or warm"),
        ("card a.der\npower on", "t.apdu:2: power is off; reset cold brings it back"),
        ("card a.der\npower off -> 9000", "t.apdu:2: power has no response"),
        ("card a.der\nimage", "t.apdu:2: image -> SHA-256 of the image"),
        ("card a.der\ncut 0", "t.apdu:2: cut N PART: N is the program operation, from 1"),
        ("card a.der\ncut 1 first 1.9", "t.apdu:2: 1.9 is no number of octets and bits"),
        ("card a.der\ncut 1 soon", "t.apdu:2: cut N before, after, first OCTETS.BITS, last OCTETS.BITS or some SEED"),
        ("card a.der\ncut 1\nreset cold", "t.apdu:3: a command follows cut"),
        ("card a.der\ncut 1", "t.apdu:2: cut without a command after it"),
        ("card a.der\n00A4 \\", "t.apdu:2: the line is continued on one that does not come"),
        ("card a.der\n00A4 \\\n0Z -> 9000", "t.apdu:2: 0Z is not hexadecimal"),
    ])
    func errorsSayWhere(text: String, expected: String) {
        do throws(TranscriptError) {
            _ = try Transcript(text, file: "t.apdu")
            Issue.record("\(text.debugDescription) was read")
        } catch {
            #expect(error.description == expected)
        }
    }

    @Test func allOfTheFormatIsRead() throws {
        let transcript = try Transcript(
            """
            # A comment.
            clause TS 102 221 11.1.1
            protocol t1  # T=1
            seed 5A*48\r
            size 65536
            card ../a.der

            00A4000C \\  # the note of a line that is continued is that of its end
                [3F00] -> 6D00 \\
                | 9000  # select
            clause
            reset warm -> 3B *
            cut 3 last 2.1
            00B0000001 -> none | <x:1> 9000
            image -> <y:32>
            power off
            """,
            file: "folder/t.apdu"
        )
        #expect(transcript.checks == 4)
        #expect(transcript.cards == ["folder/../a.der"])
        #expect(transcript.steps.map(\.line) == [6, 8, 12, 13, 14, 15, 16])
        #expect(transcript.steps[1].clause == "TS 102 221 11.1.1" && transcript.steps[1].note == "select")
        #expect(transcript.steps[2].clause == "")
        guard case .card(_, let settings) = transcript.steps[0].action else {
            Issue.record("no card")
            return
        }
        #expect(
            settings.transmissionProtocol == .t1 && settings.size == 65_536 && settings.seed.allSatisfy { $0 == 0x5A }
        )
    }
}
