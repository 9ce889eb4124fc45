import CardManagement
import GlobalPlatform
import Octets
import Testing

/// What a host makes of cards that do not answer as they should.
@Suite struct ErrorTests {
    private func random(_ count: Int) -> [UInt8] { [UInt8](repeating: 0x01, count: count) }

    private static let initialization = "80500000080101010101010101" + "00"

    @Test(arguments: [
        ("6A88", CardManagementError.Kind.refused(.referencedDataNotFound), "the card answers 6A88"),
        ("9000", .answer, "0 octets are no answer of SCP02 or SCP03"),
        ("", .answer, "the card answers without a status word"),
        (
            "00000000000000000000" + "300370" + "0101010101010101" + "0202020202020202" + "000001" + "9000", .keys,
            "the card has other keys: its cryptogram does not fit (key version 30, scp03)"
        ),
    ])
    func initialization(response: String, kind: CardManagementError.Kind, reason: String) throws {
        let card = RecordedCard([Self.initialization: response])
        let error = #expect(throws: CardManagementError.self) {
            try CardManager(card).authenticate([.test()], random: random)
        }
        #expect(error?.kind == kind)
        #expect(error?.description == "INITIALIZE UPDATE: \(reason)")
        #expect(card.differences == [])
    }

    @Test func keysThatAreNotThere() throws {
        let keys = HostKeys(version: 0x30, channel: .scp03, .symmetric(StaticKeys(all: random(16))))
        for (version, channel) in [(UInt8(0x31), HostProtocol?.none), (nil, .scp02), (nil, .scp11a)] {
            let error = #expect(throws: CardManagementError.self) {
                try CardManager(RecordedCard([:])).authenticate(
                    [keys],
                    version: version,
                    channel: channel,
                    random: random
                )
            }
            #expect(error?.kind == .keys)
        }
    }

    /// 61XX and 6CXX.
    @Test func announcedResponses() throws {
        let card = RecordedCard([
            "80CA00E000": "6104", "00C0000004": "E0026103", "00C0000003": "0102039000", "80CA004500": "6C03",
            "80CA004503": "4501AA9000", "80CA00CF00": "6104", "00C0000004": "6C03", "00C0000003": "CF01AA9000",
            "80CA004200": "6105", "00C0000005": "6105",
        ])
        let manager = CardManager(card)
        #expect(try manager.getData(0x00E0) == octets("E002" + "010203"))
        #expect(try manager.getData(0x0045) == octets("4501AA"))
        #expect(try manager.getData(0x00CF) == octets("CF01AA"))
        let error = #expect(throws: CardManagementError.self) { try manager.getData(0x0042) }
        #expect(error?.kind == .answer)
        #expect(card.differences == [])
    }

    /// 6310: more entries with the next command; a card that has nothing then does not keep the host for ever.
    @Test func continuedLists() throws {
        let item = "E30B" + "4F05A000000001" + "9F700107"
        let other = "E30B" + "4F05A000000002" + "9F700103"
        let card = RecordedCard([
            "80F24002024F0000": item + "6310", "80F24003024F0000": other + "9000",
            "80F21002024F0000": "6310", "80F22002024F0000": "6A88",
        ])
        let manager = CardManager(card)
        #expect(try manager.status(.applications).map(\.state) == [0x07, 0x03])
        let error = #expect(throws: CardManagementError.self) { try manager.status(.loadFilesAndModules) }
        #expect(error?.kind == .answer)
        #expect(try manager.status(.loadFiles).isEmpty)
        #expect(card.differences == [])
    }

    /// A response of level 13 with another MAC.
    @Test func alteredResponse() throws {
        let trace = try #require(try TracedExchange.traces(of: "pySim-shell").last { $0.name.contains("13") })
        let start = try #require(trace.exchanges.firstIndex { $0.command.starts(with: [0x80, 0x50]) })
        var session = trace.exchanges[start..<(start + 3)].map { ($0.command, $0.rsp.octets) }
        session[2].1[4] ^= 0x01
        let manager = CardManager(RecordedCard(session))
        try manager.authenticate(TracedExchange.keys, version: 0x30, level: SecurityLevel(rawValue: 0x13)) { _ in
            Array(session[0].0[5..<13])
        }
        let plain = try #require(trace.exchanges[start + 2].plain.flatMap { Command($0.octets) })
        let error = #expect(throws: CardManagementError.self) { try manager.send(plain, "GET STATUS") }
        #expect(error?.kind == .answer)
    }

    @Test func loadFiles() throws {
        #expect(throws: LoadFile.Failure.malformed) { try LoadFile([]) }
        #expect(throws: LoadFile.Failure.malformed) { try LoadFile(octets("C405010002DECA")) }
        #expect(throws: LoadFile.Failure.malformed) { try LoadFile(octets("01000FDECAFFEE01020400000501020304 05")) }
        let header = "01000FDECAFFED010204000005" + "0102030405"
        #expect(try LoadFile(octets(header)).aid == octets("0102030405"))
        let applets = "03000B01" + "07A0000000620101" + "0010"
        let file = try LoadFile(octets("C4" + "20" + header + applets))
        #expect(file.applets == [octets("A0000000620101")])
        #expect(file.dataBlock == octets(header + applets))
    }

    @Test func keysOfOtherLengths() throws {
        let manager = CardManager(RecordedCard([:]))
        let error = #expect(throws: CardManagementError.self) {
            try manager.putKeys(.aes, [[UInt8](repeating: 1, count: 16)], version: 0x31)
        }
        #expect(error?.kind == .input)
    }
}
