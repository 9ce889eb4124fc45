import Card
import CardOS
import Octets
import Testing

/// DEACTIVATE and ACTIVATE FILE (TS 102 221 clauses 11.1.14 and 11.1.15); DELETE, TERMINATE and RESIZE FILE, TERMINATE
/// CARD USAGE (TS 102 222 clauses 6.4 and 6.7 to 6.10).
@Suite struct AdministrativeTests {
    @Test func filesAreDeactivatedAndActivated() throws {
        try TestCard.verified().answers([
            ("P2", "00040001022FE2", "6A86"), ("P1", "00040100022FE2", "6A86"),
            ("no EF is current", "00040000", "6986"),
            ("no such file", "00040000022F99", "6A82"), ("length", "00440000012F", "6700"),
            ("no path", "00440800", "6700"),
            ("half an identifier", "00440800032F002F", "6700"),
            ("DF", Build.createDF("7F20"), "9000"), ("EF", Build.createEF("6F20", size: "0002"), "9000"),
            ("the MF", "00A4000C", "9000"), ("by path from the MF", "00040800047F206F20", "9000"),
            ("it is current", "00D600000101", "6984"), ("and its DF", "00A4000C026F20", "6283"),
            ("by path from the DF", "00440900026F20", "9000"), ("read", "00B0000001", "FF9000"),
            ("by identifier", "00040000026F20", "9000"), ("again", "00040000", "9000"), ("read", "00B0000001", "6984"),
            ("the current one", "00440000", "9000"), ("read", "00B0000001", "FF9000"),
            ("the DF", "00040000027F20", "9000"), ("select", "00A4000C027F20", "6283"),
            ("activate", "00440000027F20", "9000"),
            ("select", "00A4000C027F20", "9000"), ("class", "8004000000", "6E00"),
        ])
    }

    @Test func aFileThatMayNotBeDeactivatedIsNotSelectedEither() throws {
        try TestCard().answers([
            ("deactivate", "00040000022FE2", "6982"), ("activate", "00440000022FE2", "6982"),
            ("no EF", "00B0000001", "6986"),
        ])
    }

    @Test func filesAreDeleted() throws {
        let card = try TestCard.verified()
        try card.answers([
            ("P1", "00E40100022F05", "6A86"), ("length", "00E40000", "6700"), ("length", "00E4000001 2F", "6700"),
            ("no such file", "00E40000022F99", "6A82"), ("the MF", "00E40000023F00", "6985"),
            ("the parent's right", "00E40000022F05", "9000"), ("gone", "00A4000C022F05", "6A82"),
            ("DF", Build.createDF("7F20"), "9000"),
            ("without the right", Build.createEF("6F20", size: "0002", rules: "AB058001039000"), "9000"),
            ("by the parent's", "00E40000026F20", "9000"), ("no EF is current", "00B0000001", "6986"),
            ("the current DF", "00E40000027F20", "9000"), ("the MF is current", "00A4000C022FE2", "9000"),
            ("an ADF as FFFF", "00E4000002FFFF", "6A82"), ("no application", "00E40000027FFF", "6A82"),
            ("select", "00A4040C0C" + ChannelTests.application, "9000"), ("an ADF as FFFF", "00E4000002FFFF", "6A82"),
            ("the ADF", "00E40000027FFF", "9000"), ("gone", "00A4040C0C" + ChannelTests.application, "6A82"),
            ("no application", "80F2000100", "6A88"), ("the MF is current", "00A4000C022FE2", "9000"),
        ])
        try TestCard().answers([("no right", "00E40000022F05", "6982")])
    }

    // What belongs to a DF goes with it, so that nothing refers to a page that another object may take.
    @Test func codesAndParametersOfADFGoWithIt() throws {
        let card = try TestCard.verified()
        let before = card.octets
        let create = Build.create("82027821", "8405A000000001", "8A0105", Build.everything)
        try card.answers([("ADF", create, "9000")])
        let found = try #require(Hex.octets("A000000001")).withView { card.card.system.application(named: $0) }
        let application = try #require(found)
        for areUnblocking in [false, true] {
            try #require(Hex.octets("8107330000FFFFFF3232323232323232")).withView { (entries) throws(StatusWord) in
                try card.card.system.createCodes(
                    entries: entries,
                    areUnblocking: areUnblocking,
                    for: application,
                    sharedWith: nil
                )
            }
        }
        try ([0x81, 0x01, 0x00] as [UInt8]).withView { (members) throws(StatusWord) in
            try card.card.system.store(.authenticationParameters, of: application, members)
        }
        card.card.system.memory.commit()
        try card.answers([("PIN 81", "0020008100", "63C3"), ("delete", "00E40000027FFF", "9000")])
        #expect(card.octets == before)
        try card.answers([("ADF", create, "9000"), ("without PIN", "0020008100", "6A88")])
    }

    @Test func filesAreResized() throws {
        try TestCard.verified().answers([
            ("P1", "80D40100026200", "6A86"), ("no data", "80D40000", "6700"), ("class", "00D40000026200", "6E00"),
            ("not a template", "80D40000026F00", "6A80"), ("no identifier", "80D4000006620480020001", "6A80"),
            ("no such file", Build.resize("2F99", "80020001"), "6A82"),
            ("rights", Build.resize("2FE2", "80020001"), "6982"),
            ("the MF", Build.resize("3F00", "80020001"), "6981"),
            ("transparent", Build.createEF("2F20", size: "0004"), "9000"), ("fill", "00D600000401020304", "9000"),
            ("no size", Build.resize("2F20", ""), "6A80"), ("size 0", Build.resize("2F20", "80020000"), "6A80"),
            ("more than the memory", Build.resize("2F20", "8003FFFFFF"), "6A84"),
            ("larger", Build.resize("2F20", "80020064"), "9000"), ("read", "00B0000006", "01020304FFFF9000"),
            ("smaller", Build.resize("2F20", "80020002"), "9000"), ("read", "00B0000000", "01029000"),
            ("larger: what was lost is FF", Build.resize("2F20", "80020004"), "9000"),
            ("read", "00B0000000", "0102FFFF9000"),
            ("linear", Build.createEF("2F21", "42210002", size: "0004"), "9000"), ("fill", "00DC0204020102", "9000"),
            ("not whole records", Build.resize("2F21", "80020005"), "6A80"),
            ("255 records", Build.resize("2F21", "800201FE"), "6A80"),
            ("larger", Build.resize("2F21", "80020006"), "9000"),
            ("record 2", "00B2020402", "01029000"), ("record 3", "00B2030402", "FFFF9000"),
            ("smaller", Build.resize("2F21", "80020002"), "9000"), ("record 2", "00B2020402", "6A83"),
            ("cyclic", Build.createEF("2F22", "46210002", size: "0004"), "9000"),
            ("larger", Build.resize("2F22", "80020006"), "9000"), ("turn it", "00DC0003020102", "9000"),
            ("the ring has turned", Build.resize("2F22", "80020008"), "6A80"),
            ("deactivate", "00040000", "9000"), ("deactivated", Build.resize("2F22", "80020004"), "6984"),
        ])
    }

    @Test func aDataObjectFileIsResizedByItsReservedAndMaximumSize() throws {
        let card = try TestCard.verified()
        let select = { (sizes: String, used: String) throws in
            let template = Build.object(
                "62",
                "82027921" + "83022F23" + Build.object("A5", sizes) + "8A0105" + Build.everything + used + "8800"
            )
            let length = String(Build.object("", template).prefix(2))
            try card.answers([
                ("select", "00A40004022F23", "61" + length), ("FCP", "00C00000" + length, template + "9000"),
            ])
        }
        try card.answers([
            ("BER-TLV", Build.createEF("2F23", "7921", size: "0008", more: "A50486020010"), "9000"),
            ("an object of 8 octets", "80DB0080088006010203040506", "9000"),
            ("full", "80DB00800A8108010203040506 0708", "6A84"),
            ("neither size", Build.resize("2F23", "A503840101"), "6A80"),
            ("above the maximum", Build.resize("2F23", "A50485020011"), "6A80"),
            ("a maximum below what is used", Build.resize("2F23", "A50486020007"), "6A80"),
            ("a maximum below the reserved size", Build.resize("2F23", "A508850200108602000F"), "6A80"),
        ])
        try select("85020008" + "86020010", "80020008")
        try card.answers([("both", Build.resize("2F23", "A5088502000C86020020"), "9000")])
        try select("8502000C" + "86020020", "80020008")
        try card.answers([
            ("there is room now", "80DB00800A81080102030405060708", "9000"),
            ("a reserved size below what is used", Build.resize("2F23", "80020001"), "9000"),
            ("nothing is lost", "80CB00800180", "6108"), ("GET RESPONSE", "80C0000008", "80060102030405069000"),
        ])
        try select("85020001" + "86020020", "80020012")
    }

    @Test func whatIsTerminatedCanOnlyBeDeleted() throws {
        let card = try TestCard.verified()
        try card.answers([
            ("P1", "00E80100022F20", "6A86"), ("length", "00E80000", "6700"),
            ("no such file", "00E80000022F99", "6A82"),
            ("rights", "00E80000022FE2", "6982"), ("an EF as DF", "00E60000022FE2", "6981"),
            ("the MF", "00E60000023F00", "6985"), ("EF", Build.createEF("2F20", size: "0002"), "9000"),
            ("terminate", "00E80000022F20", "9000"), ("again", "00E80000022F20", "6985"),
            ("select", "00A4000C022F20", "6285"), ("read", "00B0000001", "6985"), ("update", "00D600000101", "6985"),
            ("activate", "00440000", "6985"), ("deactivate", "00040000", "6985"),
            ("resize", Build.resize("2F20", "80020001"), "6985"), ("delete", "00E40000022F20", "9000"),
            ("DF", Build.createDF("7F20"), "9000"), ("as EF", "00E80000027F20", "6981"),
            ("terminate", "00E60000027F20", "9000"), ("no new files", Build.createEF("6F20", size: "0001"), "6985"),
            ("select", "00A4000C027F20", "6285"), ("delete", "00E40000027F20", "9000"),
            ("select", "00A4000C027F20", "6A82"),
        ])
    }

    @Test func theCardIsTerminated() throws {
        let card = try TestCard.verified()
        try card.answers([("P1", "00FE0100", "6A86"), ("data", "00FE000001AA", "6700"), ("rights", "00FE0000", "6982")])
        let other = try TestCard(rootRules: "AB0580017F9000")
        try other.answers([
            ("terminate", "00FE0000", "9000"), ("select", "00A4000C022FE2", "6285"), ("read", "00B0820001", "6985"),
            ("open", "0070000001", "6985"),
        ])
        other.card.powerOn()
        try other.answers([("select", "00A4000C022FE2", "6285"), ("status", "80F2000C", "6985")])
    }
}
