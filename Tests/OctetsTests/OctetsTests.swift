import Octets
import Testing

@Suite struct OctetsTests {
    @Test func hexadecimalDigitsAreReadAndWritten() {
        #expect(Hex.octets("00 a4\n04 00") == [0x00, 0xA4, 0x04, 0x00])
        #expect(Hex.octets("0") == nil)
        #expect(Hex.octets("0g") == nil)
        #expect(Hex.string([0x6A, 0x82] as [UInt8]) == "6A82")
        #expect(StatusWord.wrongLe(256).description == "6C00")
        #expect(StatusWord.responseAvailable(300).description == "6100")
    }

    // ISO/IEC 8825-1 clauses 8.1.2 and 8.1.3
    @Test(arguments: [
        ("5A021234", 0x5A as UInt32, "1234"), ("BF3E00", 0xBF3E, ""), ("9F818000", 0x9F8180, nil),
        ("DF810100", 0xDF8101, ""), ("5A810112", 0x5A, "12"), ("5A82000112", 0x5A, "12"),
        ("5A8400000001AA", 0x5A, "AA"), ("5A80", 0x5A, nil), ("5A0312", 0x5A, nil), ("5A850000000001AA", 0x5A, nil),
        ("1F", 0x1F, nil), ("", 0, nil),
    ])
    func berTLVsAreReadWithinBounds(text: String, tag: UInt32, value: String?) throws {
        let octets = try #require(Hex.octets(text))
        octets.withView { view in
            var cursor = OctetCursor(view)
            let object = cursor.berTLV()
            #expect(object.map { Hex.string($0.value.array) } == value)
            if value == nil { #expect(cursor.position == 0) } else { #expect(object?.tag == tag && cursor.isAtEnd) }
        }
    }

    @Test func distinguishedRulesDemandTheShortestLength() throws {
        for (text, isShortest) in [("0401FF", true), ("048101FF", false), ("04820001FF", false)] {
            try #require(Hex.octets(text)).withView { view in
                var cursor = OctetCursor(view)
                #expect((cursor.berTLV(.distinguished) != nil) == isShortest)
            }
        }
    }

    // TS 101 220 clause 7.1.1
    @Test(arguments: [
        ("8103010100", 0x01 as UInt16, true, "010100"), ("0281018F", 0x02, false, "8F"), ("7F812300", 0x0123, true, ""),
        ("7F012300", 0x0123, false, ""),
    ])
    func comprehensionTLVsAreRead(text: String, tag: UInt16, isRequired: Bool, value: String) throws {
        try #require(Hex.octets(text)).withView { view in
            var cursor = OctetCursor(view)
            let object = cursor.comprehensionTLV()
            #expect(object?.tag == tag)
            #expect(object?.isComprehensionRequired == isRequired)
            #expect(object.map { Hex.string($0.value.array) } == value)
        }
    }

    @Test func aWriterKeepsWithinItsBoundsAndMovesLengths() {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 300, alignment: 1)
        defer { buffer.deallocate() }
        var writer = OctetWriter(buffer)
        writer.appendTLV(0x62) { writer in
            writer.appendTLV(0x83) { $0.append(0x3F00 as UInt16) }
            writer.append(repeating: 0xAB, count: 130)
        }
        #expect(Hex.string(writer.view.part(from: 0, length: 8).array) == "6281868302" + "3F00AB")
        #expect(writer.count == 3 + 134)
        writer.append(repeating: 0, count: 300)
        #expect(writer.overflowed)
        #expect(writer.count == 137)
    }
}
