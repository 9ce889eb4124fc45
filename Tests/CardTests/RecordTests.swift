import Card
import Testing

/// READ, UPDATE and SEARCH RECORD, INCREASE: TS 102 221 clauses 11.1.5 to 11.1.8.
@Suite struct RecordTests {
    @Test func recordsAreReadInEachMode() throws {
        try TestCard.verified().answers([
            ("no EF is current", "00B2010405", "6986"), ("no EF has the SFI", "00B2011C05", "6A82"),
            ("SFI 31", "00B201FC05", "6A86"), ("mode 00", "00B2010805", "6A86"),
            ("the EF is transparent", "00B2011405", "6981"), ("a data field", "00B2010C01AA00", "6700"),
            ("Le is not the record length", "00B2010C04", "6C05"), ("record 5 of 4", "00B2050C05", "6A83"),
            ("absolute", "00B2040C05", "03020304059000"), ("absolute leaves the pointer", "00B2000405", "6A83"),
            ("next, pointer undefined: first", "00B2000205", "01020304059000"),
            ("current", "00B2000405", "01020304059000"), ("previous of the first", "00B2000305", "6A83"),
            ("a failure leaves the pointer", "00B2000405", "01020304059000"),
            ("next", "00B2000205", "02030405069000"), ("next", "00B2000205", "FFFFFFFFFF9000"),
            ("next", "00B2000205", "03020304059000"), ("next of the last", "00B2000205", "6A83"),
            ("P1 with next", "00B2010205", "6A86"), ("select again", "00A4000C022F11", "9000"),
            ("previous, pointer undefined: last", "00B2000305", "03020304059000"),
        ])
    }

    @Test func recordsOfACyclicEFGoRound() throws {
        try TestCard.verified().answers([
            ("select", "00A4000C022F10", "9000"), ("record 1 is the newest", "00B2010403", "0000039000"),
            ("previous, undefined: last", "00B2000303", "0000019000"), ("next: round", "00B2000203", "0000039000"),
            ("previous: round", "00B2000303", "0000019000"),
            ("update absolute", "00DC010403AABBCC", "6981"), ("update next", "00DC000203AABBCC", "6981"),
            ("update previous with P1", "00DC010303AABBCC", "6A86"), ("wrong length", "00DC000302AABB", "6700"),
            ("update previous", "00DC000303AABBCC", "9000"), ("it is record 1", "00B2010403", "AABBCC9000"),
            ("and the current one", "00B2000403", "AABBCC9000"), ("the oldest is gone", "00B2030403", "0000029000"),
        ])
    }

    @Test func recordsAreUpdatedInEachMode() throws {
        try TestCard.verified().answers([
            ("absolute", "00DC020C05 1111111111", "9000"), ("too short", "00DC020C04 11111111", "6700"),
            ("record 5 of 4", "00DC050C05 1111111111", "6A83"), ("current, undefined", "00DC000405 1111111111", "6A83"),
            ("next", "00DC000205 2222222222", "9000"), ("next", "00DC000205 3333333333", "9000"),
            ("previous", "00DC000305 4444444444", "9000"), ("previous of the first", "00DC000305 5555555555", "6A83"),
            ("record 1", "00B2010405", "44444444449000"), ("record 2", "00B2020405", "33333333339000"),
        ])
        try TestCard().answers([("rights", "00DC020C05 1111111111", "6982")])
    }

    @Test func recordsAreSearched() throws {
        try TestCard.verified().answers([
            ("no data field", "00A2010C", "6700"), ("the EF is transparent", "00A2011401AA", "6981"),
            ("mode 02", "00A2010A01AA", "6A86"), ("mode 07", "00A2010F01AA", "6A86"),
            ("start behind the end", "00A2050C01AA", "6A83"), ("current, undefined", "00A2000C01AA", "6A83"),
            ("forward from 1", "00A2010C0203 04", "6103"), ("GET RESPONSE", "00C0000003", "0102049000"),
            ("the first match is current", "00B2000405", "01020304059000"),
            ("forward from 2", "00A2020C020304", "6102"), ("GET RESPONSE", "00C0000002", "02049000"),
            ("backward from 4", "00A2040D020304", "6103"), ("GET RESPONSE", "00C0000003", "0402019000"),
            ("the first match is current", "00B2000405", "03020304059000"),
            ("backward from the current", "00A2000D0203 04", "6103"), ("GET RESPONSE", "00C0000003", "0402019000"),
            ("no match", "00A2010C02AAAA", "6282"), ("longer than a record", "00A2010C06010203040501", "6282"),
            ("no match leaves the pointer", "00B2000405", "03020304059000"),
        ])
    }

    @Test func theEnhancedSearchHasAStartAndADirection() throws {
        try TestCard.verified().answers([
            ("no string", "00A2010E020400", "6A80"), ("RFU bits", "00A2010E03140001", "6A80"),
            ("no direction", "00A2010E03000001", "6A80"),
            ("forward, offset 2", "00A2010E0404020304", "6102"), ("GET RESPONSE", "00C0000002", "01049000"),
            ("offset behind the string", "00A2010E0404040304", "6282"),
            ("backward, behind the value 02", "00A2040E040D020304", "6103"),
            ("GET RESPONSE", "00C0000003", "0402019000"),
            ("forward, behind the value 05", "00A2010E030C0506", "6101"), ("GET RESPONSE", "00C0000001", "029000"),
            ("forward from next, current 2", "00A2000E0406000304", "6101"), ("GET RESPONSE", "00C0000001", "049000"),
            ("next of the last", "00A2000E0406000304", "6A83"),
            ("backward from previous, current 4", "00A2000E0407000304", "6102"),
            ("GET RESPONSE", "00C0000002", "02019000"), ("current 2", "00A2000E0407000304", "6101"),
            ("GET RESPONSE", "00C0000001", "019000"), ("previous of the first", "00A2000E0407000304", "6A83"),
        ])
    }

    @Test func increaseAnswersEachCondition() throws {
        try TestCard.verified().answers([
            ("no EF is current", "8032000001 01", "6986"), ("P2", "8032000101 01", "6A86"),
            ("P1", "8032010001 01", "6A86"), ("SFI with RFU bits", "8032A10001 01", "6A86"),
            ("no EF has the SFI", "8032830001 01", "6A82"), ("linear fixed", "8032810001 01", "6981"),
            ("transparent", "8032820001 01", "6981"), ("select", "00A4000C022F10", "9000"),
            ("no value", "80320000", "6700"), ("longer than a record", "803200000400000001", "6700"),
            ("class", "003200000101", "6E00"), ("one", "8032000001 01", "6104"),
            ("the sum and the value", "00C0000004", "000004019000"), ("it is current", "00B2000403", "0000049000"),
            ("a full record", "8032000003 00FFFB", "6106"), ("carry", "00C0000006", "00FFFF00FFFB9000"),
            ("beyond the maximum", "8032000003 FF0001", "9850"), ("nothing changed", "00B2010403", "00FFFF9000"),
            ("to the maximum", "8032000003 FF0000", "6106"), ("GET RESPONSE", "00C0000006", "FFFFFFFF00009000"),
            ("one more", "803200000101", "9850"), ("zero", "803200000100", "6104"),
            ("deactivated", "00040000", "6982"),
        ])
        try TestCard().answers([("select", "00A4000C022F10", "9000"), ("rights", "803200000101", "6982")])
        try TestCard.verified().answers([
            (
                "UPDATE is not INCREASE", Build.createEF("2F61", "46210003", size: "0009", rules: "AB0580017F9000"),
                "9000"
            ),
            ("no rule for INCREASE", "803200000101", "6982"),
            ("a rule for INCREASE", Build.createEF("2F62", "46210003", size: "0009"), "9000"),
            ("FFFFFF", "803200000101", "9850"), ("deactivate", "00040000", "9000"),
            ("deactivated", "803200000101", "6984"),
        ])
    }
}
