import Card
import CardOS
import Octets
import Testing

/// MANAGE CHANNEL, TERMINAL CAPABILITY, STATUS, and what channels share: TS 102 221 clauses 8.7, 11.1.2, 11.1.17,
/// 11.1.19.
@Suite struct ChannelTests {
    static let application = "A0000000871002FF49FF0589"

    @Test func channelsAreOpenedAndClosed() throws {
        try TestCard().answers([
            ("P1", "0070010001", "6A86"), ("P1", "0070400000", "6A86"), ("data field", "00700000 01AA", "6700"),
            ("class", "8070000001", "6E00"), ("Le is not 1", "0070000002", "6C01"), ("opened", "0070000001", "019000"),
            ("number 20", "0070001400", "6A86"), ("number 1 is open", "0070000100", "6985"),
            ("number 3, by the terminal", "0070000300", "9000"), ("the next free one", "0070000001", "029000"),
            ("none is free", "0070000001", "6A81"), ("an extended one", "0070000400", "6A81"),
            ("close the basic channel", "0070800000", "6A86"), ("close number 20", "0070801400", "6A86"),
            ("close 2", "0070800200", "9000"), ("close it again", "0070800200", "6881"),
            ("a closed channel", "02A4000C023F00", "6881"), ("from another channel", "0370800100", "9000"),
            ("from itself", "0370800300", "9000"), ("it is closed", "03F2000C", "6881"),
        ])
    }

    @Test func terminalCapabilityOpensTheExtendedChannels() throws {
        let card = try TestCard()
        try card.answers([
            ("P1", "80AA010004A9028100", "6A86"), ("P2", "80AA000104A9028100", "6A86"), ("no data", "80AA0000", "6700"),
            ("another template", "80AA000004A8028100", "6A80"), ("octets behind it", "80AA000005A902810000", "6A80"),
            ("a member is cut off", "80AA000004A9028101", "6A80"), ("class", "00AA000004A9028100", "6E00"),
            ("an empty template", "80AA000002A900", "9000"),
            ("all that is defined", "80AA00000FA90D 8003043C28 8100 820101 830107", "9000"),
            ("number 19", "0070001300", "9000"), ("its commands", "4FA4000C022FE2", "9000"),
            ("its commands", "CFF2000C", "9000"), ("GET RESPONSE there", "4FC0000000", "6985"),
            ("1 before 4", "0070000001", "019000"), ("another terminal", "80AA000002A900", "9000"),
            ("number 18", "0070001200", "6A81"), ("19 is still open", "4FB0000002", "98009000"),
        ])
        card.card.warmReset()
        try card.answers([("after a reset", "0070001300", "6A81"), ("closed", "4FB0000002", "6881")])
    }

    @Test func aChannelStartsWithTheApplicationOfTheOneThatOpensIt() throws {
        try TestCard().answers([
            ("select", "00A4040C0C" + Self.application, "9000"), ("from the basic channel: MF", "0070000001", "019000"),
            ("no application", "81F2000100", "6A88"), ("ICCID", "01A4000C022FE2", "9000"),
            ("select", "01A4040C0C" + Self.application, "9000"), ("from channel 1", "0170000001", "029000"),
            ("the application", "82F2000100", "840C" + Self.application + "9000"), ("no EF", "02B0000001", "6986"),
            ("by the terminal", "0170000300", "9000"),
            ("the application", "83F2000100", "840C" + Self.application + "9000"),
        ])
    }

    @Test func statusAnswersEachParameter() throws {
        try TestCard().answers([
            ("P1", "80F2030C", "6A86"), ("P2", "80F20002", "6A86"), ("class", "00F2000C", "6E00"),
            ("data field", "80F2000C01AA", "6700"), ("no application", "80F2000100", "6A88"),
            ("initialised", "80F2010C", "9000"), ("terminated", "80F2020C", "9000"),
            ("select", "00A4040C0C" + Self.application, "9000"),
            ("application", "80F2000100", "840C" + Self.application + "9000"), ("Le", "80F2000101", "6C0E"),
            ("Le of the FCP", "80F2000001", "6C31"),
            (
                "the PIN status of the DF above", "80F20000" + "31",
                "622F" + "82027821" + "83027FFF" + "840C" + Self.application + "8A0105" + "8B032F0601"
                    + "C60F9001E083010195010083011183010A" + "9000"
            ),
        ])
    }

    // A file that is not shareable belongs to one channel at a time.
    @Test func filesThatAreNotShareable() throws {
        try TestCard.verified().answers([
            ("an EF", Build.createEF("2F64", "0121", size: "0001", short: "90"), "9000"),
            ("open", "0070000001", "019000"),
            ("selected on 0", "01A4000C022F64", "6985"), ("by SFI", "01B0920001", "6985"),
            ("by path", "01A4080C022F64", "6985"), ("to delete it", "01E40000022F64", "6985"),
            ("to resize it", "81" + Build.resize("2F64", "80020002").dropFirst(2), "6985"),
            ("select another", "00A4000C022FE2", "9000"),
            ("free", "01A4000C022F64", "9000"), ("now 1 has it", "00A4000C022F64", "6985"),
            ("close 1", "0070800100", "9000"), ("free", "00A4000C022F64", "9000"), ("MF", "00A4000C", "9000"),
            ("a DF", Build.createDF("7F20", descriptor: "3821"), "9000"), ("open", "0070000001", "019000"),
            ("selected on 0", "01A4000C027F20", "6985"), ("MF", "00A4000C", "9000"), ("free", "01A4000C027F20", "9000"),
            ("it cannot be inherited", "0170000001", "6985"),
        ])
    }

    @Test func aPINOfTheCardIsVerifiedOnEachChannel() throws {
        try TestCard().answers([
            ("PIN 01", CardTests.verify, "9000"), ("open", "0070000001", "019000"), ("read", "01B0850001", "FF9000"),
            ("close", "0070800100", "9000"), ("read", "00B0850001", "FF9000"),
        ])
    }

    // TS 102 221 clause 9.4: a PIN of an application is verified as long as that is active on a channel.
    @Test func aPINOfAnApplicationIsVerifiedWhileItIsActive() throws {
        let card = try TestCard.verified()
        let application = try #require(Hex.octets(Self.application)).withView {
            card.card.system.application(named: $0)
        }
        let context = try #require(application)
        try #require(Hex.octets("8107330000FFFFFF3232323232323232")).withView { (entries) throws(StatusWord) in
            try card.card.system.createCodes(
                entries: entries,
                areUnblocking: false,
                for: context,
                sharedWith: nil
            )
        }
        card.card.system.memory.commit()
        let select = { (channel: String, p2: String) in "0\(channel)A404" + p2 + "0C" + Self.application }
        let verify = "0020008108 3232323232323232"
        try card.answers([
            ("outside of it", "0020008100", "6A88"), ("select", select("0", "0C"), "9000"),
            ("an EF", Build.createEF("6F07", size: "0001", rules: "AB0B800101A406830181950108", short: "38"), "9000"),
            ("not verified", "00B0870001", "6982"), ("PIN 81", verify, "9000"), ("verified", "00B0870001", "FF9000"),
            ("open", "0070000001", "019000"), ("select there", select("1", "0C"), "9000"),
            ("terminate here", select("0", "4C"), "9000"), ("verified there", "01B0870001", "FF9000"),
            ("close", "0070800100", "9000"), ("select", select("0", "0C"), "9000"),
            ("not any more", "00B0870001", "6982"),
            ("PIN 81", verify, "9000"), ("the MF, in the session", "00A4000C", "9000"),
            ("back", "00A4000C027FFF", "9000"),
            ("verified", "00B0870001", "FF9000"), ("terminate", select("0", "4C"), "9000"),
            ("terminate again", select("0", "4C"), "6985"), ("select", select("0", "0C"), "9000"),
            ("not any more", "00B0870001", "6982"),
        ])
    }

    @Test func filesOfOtherChannelsAreDeletedAndResized() throws {
        try TestCard.verified().answers([
            ("an EF", Build.createEF("2F65", "42210002", size: "0008"), "9000"), ("open", "0070000001", "019000"),
            ("1 selects it", "01A4000C022F65", "9000"), ("last record", "01B2000302", "FFFF9000"),
            ("0 makes it smaller", Build.resize("2F65", "80020004"), "9000"),
            ("the pointer of 1 is gone", "01B2000402", "6A83"), ("last record", "01B2000302", "FFFF9000"),
            ("current", "01B2000402", "FFFF9000"), ("0 deletes it", "00E40000022F65", "9000"),
            ("1 has no EF", "01B2000402", "6986"), ("nor has 0", "00B2000402", "6986"),
            ("a DF", Build.createDF("7F20"), "9000"), ("1 selects it", "01A4000C027F20", "9000"),
            ("MF", "00A4000C", "9000"), ("0 deletes it", "00E40000027F20", "9000"),
            ("1 is in the MF", "01A4000C022FE2", "9000"),
        ])
    }
}
