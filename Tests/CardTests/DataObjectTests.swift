import Card
import Octets
import Testing

/// RETRIEVE DATA and SET DATA: TS 102 221 clauses 11.3.1 and 11.3.2.
@Suite struct DataObjectTests {
    /// CREATE FILE: reserved size 16, maximum size 600.
    private static let create = Build.createEF(
        "2F70",
        "7921",
        size: "0010",
        short: "50",
        more: Build.object("A5", "840101" + "86020258")
    )

    private func card(_ transmissionProtocol: Environment.TransmissionProtocol = .t0) throws -> TestCard {
        let card = try TestCard.verified(transmissionProtocol)
        try card.answers([("CREATE FILE", Self.create, "9000")])
        return card
    }

    private func octets(_ count: Int, from start: Int = 0) -> String {
        Hex.string((start..<start + count).map { UInt8(truncatingIfNeeded: $0 * 7) })
    }

    @Test func conditionsAreAnswered() throws {
        try card().answers([
            ("P1", "80CB01800180", "6A86"), ("P2: b8 and b7", "80CB00C00180", "6A86"),
            ("P2: b6", "80CB00A00180", "6A86"),
            ("P2: SFI 31", "80CB009F0180", "6A86"), ("SET: b7", "80DB00400180", "6A86"),
            ("no tag in a first block", "80CB0080", "6700"), ("data in a next block", "80CB00000180", "6700"),
            ("not a tag", "80CB0080028081", "6A80"), ("no such tag", "80CB00800180", "6A88"),
            ("a next block without a first", "80CB0000", "6985"),
            ("a retransmission without a first", "80CB0040", "6985"),
            ("no data in SET DATA", "80DB0080", "6700"), ("a next block without a first", "80DB000001AA", "6985"),
            ("no length", "80DB0080028081", "6A80"),
            ("more than the length says", "80DB008004800101FF", "6A80"), ("nothing to delete", "80DB00800180", "6A88"),
            ("the tag list", "80DB0080035C0101", "6A80"), ("no EF with the SFI", "80CB008B0180", "6A82"),
            ("class", "00CB00800180", "6E00"), ("by SFI", "80DB008A03800122", "9000"),
            ("by SFI", "80CB008A0180", "6103"), ("GET RESPONSE", "80C0000003", "8001229000"),
            ("a transparent EF", "80CB00820180", "6981"), ("a transparent EF", "80DB008203800122", "6981"),
            ("READ BINARY", "00B08A0001", "6981"), ("select", "00A4000C022F70", "9000"),
            ("deactivate", "00040000", "9000"), ("deactivated", "80CB00800180", "6984"),
            ("deactivated", "80DB00800180", "6984"),
        ])
        try TestCard().answers([
            ("select", "00A4000C022F12", "9000"), ("rights", "80CB00800180", "6982"),
            ("rights", "80DB00800180", "6982"),
            ("MF", "00A4000C023F00", "9000"), ("no EF is current", "80CB00800180", "6986"),
        ])
    }

    @Test func anObjectComesAndGoesInBlocks() throws {
        let value = octets(300)
        let object = "8082012C" + value
        let card = try card()
        try card.answers([
            ("first block", Build.command("80DB0080", String(object.prefix(510))), "63F1"),
            ("not there yet", "80CB00800180", "6A88"),
        ])
        // RETRIEVE DATA leaves a transfer that is under way alone only where it fails.
        try card.answers([
            ("last block", Build.command("80DB0000", String(object.dropFirst(510))), "9000"),
            ("a block too many", "80DB000001AA", "6985"),
            ("first block", "80CB00800180", "62F3"),
            ("GET RESPONSE", "80C00000FF", String(object.prefix(510)) + "62F1"),
            ("Le beyond the object", "80CB000032", "6C31"),
            ("some octets", "80CB000010", String(object.dropFirst(510).prefix(32)) + "62F1"),
            ("the same again", "80CB004010", String(object.dropFirst(510).prefix(32)) + "62F1"),
            ("the rest", "80CB000000", String(object.dropFirst(542)) + "9000"),
            ("nothing behind it", "80CB000000", "6985"),
            ("the last block again", "80CB004000", String(object.dropFirst(542)) + "9000"),
            ("SELECT resets it", "00A4000C022F70", "9000"), ("no first block", "80CB000000", "6985"),
        ])
    }

    @Test func extendedLengthsCarryAWholeObject() throws {
        let object = "8082012C" + octets(300)
        for transmissionProtocol in [Environment.TransmissionProtocol.t1, .both] {
            try card(transmissionProtocol).answers([
                ("SET DATA", "80DB0080" + "000130" + object, "9000"),
                ("RETRIEVE DATA", "80CB0080" + "000001" + "80" + "0000", object + "9000"),
                ("Le = 0100", "80CB0080" + "000001" + "80" + "0100", String(object.prefix(512)) + "62F1"),
                ("the rest", "80CB0000" + "000000", String(object.dropFirst(512)) + "9000"),
                ("without Le", "80CB0080" + "0180", "62F3"),
            ])
        }
    }

    @Test func theFileGrowsToItsMaximumAndShrinksToItsReservedSize() throws {
        let template = { (size: String) in
            "62" + "2C" + "82027921" + "83022F70" + "A50B" + "840101" + "85020010" + "86020258" + "8A0105"
                + Build.everything + "8002" + size + "880150"
        }
        let card = try card()
        let free = card.card.system.memory.freePages
        let select = { (size: String) throws in
            let expected = template(size)
            let length = Hex.string([UInt8(expected.count / 2)])
            try card.answers([
                ("SELECT", "00A40004022F70", "61" + length), ("FCP", "00C00000" + length, expected + "9000"),
            ])
        }
        try select("0000")
        try card.answers([
            ("an object of 304 octets", Build.command("80DB0080", "8082012C" + octets(200)), "63F1"),
            ("the rest of it", Build.command("80DB0000", octets(100, from: 200)), "9000"),
        ])
        try select("0130")
        try card.answers([
            ("one octet too many", "80DB0080" + "04" + "81820125", "6A84"),
            ("just full", "80DB0080" + "04" + "81820124", "63F1"),
            ("and so", Build.command("80DB0000", octets(200)), "63F1"),
            ("and so", Build.command("80DB0000", octets(92)), "9000"),
        ])
        try select("0258")
        try card.answers([
            ("full", "80DB008003820100", "6A84"), ("replaced by a smaller one", "80DB0080038001AA", "9000"),
            ("tags", "80CB0080015C", "6104"), ("GET RESPONSE", "80C0000004", "5C0281809000"),
            ("delete", "80DB00800181", "9000"), ("read", "80CB00800180", "6103"),
            ("GET RESPONSE", "80C0000003", "8001AA9000"),
            ("delete", "80DB00800180", "9000"), ("tags", "80CB0080015C", "6102"),
            ("GET RESPONSE", "80C0000002", "5C009000"),
        ])
        try select("0000")
        let freeAgain = card.card.system.memory.freePages
        #expect(freeAgain == free)
    }

    @Test func aReplacementWithoutRoomLeavesTheOldObject() throws {
        try card().answers([
            ("an object", "80DB0080038001AA", "9000"), ("its successor does not fit", "80DB0080048082025A", "6A84"),
            ("it is still there", "80CB00800180", "6103"),
        ])
    }

    @Test func memoryThatIsShortIsNoReasonToLoseAnything() throws {
        let card = try TestCard.verified()
        try card.answers([
            ("no maximum size", Build.createEF("2F71", "7921", size: "0000"), "9000"),
            ("an object", "80DB0080038001AA", "9000"), ("more than the memory", "80DB008005808300FFFF", "6A84"),
            ("it is still there", "80CB00800180", "6103"), ("GET RESPONSE", "80C0000003", "8001AA9000"),
        ])
    }

    @Test func anInterruptedTransferRemovesTheObject() throws {
        try card().answers([
            ("an object", "80DB0080038001AA", "9000"), ("a larger one begins", "80DB008003800411", "63F1"),
            ("SELECT", "00A4000C022F70", "9000"), ("no next block", "80DB000001AA", "6985"),
            ("gone", "80CB00800180", "6A88"), ("tags", "80CB0080015C", "6102"),
            ("GET RESPONSE", "80C0000002", "5C009000"),
        ])
    }

    @Test func aRefusedFirstBlockChangesNoSelection() throws {
        try card().answers([
            ("an object in two blocks", "80DB0080038004AA", "63F1"), ("another EF", "00A4000C022FE2", "9000"),
            ("more than the length says", "80DB008A04800101FF", "6A80"), ("too long", "80DB008A048082025A", "6A84"),
            ("nothing to delete", "80DB008A0181", "6A88"), ("still the other EF", "00B0000002", "98009000"),
        ])
        try card().answers([
            ("an object in two blocks", "80DB0080038003AA", "63F1"),
            ("more than the length says", "80DB008004810101FF", "6A80"),
            ("the transfer goes on", "80DB000002BBCC", "9000"),
        ])
    }

    @Test func channelsDoNotDisturbEachOther() throws {
        try card().answers([
            ("open", "0070000001", "019000"), ("select", "01A4000C022F70", "9000"),
            ("an object", "80DB0080048002AABB", "9000"), ("another", "80DB0080048102CCDD", "9000"),
            ("1 retrieves", "81CB0080018100", "6104"), ("GET RESPONSE", "81C0000002", "8102" + "6102"),
            ("0 starts an object", "80DB008003820411", "63F1"), ("1 starts one too", "81DB008003830222", "63F1"),
            ("that of 0 is over", "80DB000003223344", "6985"), ("1 goes on", "81DB000001 33", "9000"),
            ("1 reads", "81CB00800183", "6104"), ("GET RESPONSE", "81C0000004", "830222339000"),
            ("0 finds no remains", "80CB00800182", "6A88"),
            ("1 reads a part", "81CB0080018102", "62F3"), ("0 deletes what stands before it", "80DB00800180", "9000"),
            ("1 does not go on", "81CB000000", "6985"),
        ])
    }
}
