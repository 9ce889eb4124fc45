import Card
import CardCrypto
import Octets
import Testing

@testable import GlobalPlatform

/// GET DATA, STORE DATA, and what SELECT tells: GPCS clauses 11.3, 11.9 and 11.11.
@Suite struct DataObjectTests {
    private static let second = "A00000015153504201"

    private static func get(_ tag: String, _ data: String = "") -> String {
        data.isEmpty ? "80CA" + tag + "00" : FactoryCard.command("80CA" + tag, data)
    }

    private static func storeTLV(_ data: String, _ header: String = "80E29000") -> String {
        FactoryCard.command(header, data)
    }

    /// The card of the records has SCP03 alone.
    private static var recorded: FactoryConfiguration {
        var configuration = FactoryConfiguration()
        configuration.secureChannels = [(0x03, 0x70)]
        configuration.keySets = [FactoryConfiguration().keySets[0]]
        return configuration
    }

    // What GlobalPlatformPro and pySim-shell have been answered by the card of vectors/gp/client-traces.json.
    @Test func clientTraces() throws {
        let clients = try Vectors.decodePlainly("client-traces.json", as: ClientTraceTests.File.self).clients
        let card = try FactoryCard(.both, Self.recorded)
        try card.authenticate()
        // Other there: CPLC, diversification data, the key version, what the card can do, what it has.
        let others = ["80CA9F7F", "80CA00CF", "80CA00E0", "80CA0067", "80F24002", "80F22002", "80F21002"]
        var compared: Set<String> = []
        for (client, traces) in clients where client.hasPrefix("GlobalPlatformPro") {
            for (name, trace) in traces where !name.contains("33") && !name.contains("SCP02") {
                for exchange in trace {
                    let command = hex(exchange.plain?.octets ?? exchange.command)
                    guard ["80CA", "00A4", "80F2"].contains(command.prefix(4)),
                        !others.contains(String(command.prefix(8))), compared.insert(command).inserted
                    else { continue }
                    if command.hasPrefix("00A4") {
                        #expect(try card.send(command) == hex(exchange.rsp.octets), "\(name)")
                        try card.authenticate()
                        continue
                    }
                    #expect(try card.send(command) == hex(exchange.rsp.octets), "\(name): \(command)")
                }
            }
        }
        #expect(compared.count == 6)
    }

    @Test func objectsOfTheIssuer() throws {
        let card = try FactoryCard()
        try card.answers([
            (Self.get("0042"), "420540123456789000"), ("00CA004200", "40123456789000"),
            (Self.get("0045"), "450801020304050607089000"),
            (Self.get("00D3"), "D301009000"), (Self.get("00C1"), "C1030000009000"),
            (Self.get("00C2"), "6A88"), (Self.get("00CF"), "6A88"), (Self.get("5F50"), "6A88"),
            (Self.get("0085"), "6A88"), (Self.get("004F"), "6A88"), (Self.get("1234"), "6A88"),
            ("00CA00E000", "C00401308810C00402308810C00403308810C00401208010C00402208010C004032080109000"),
            ("00CB2F00025C0000", "610A4F08A0000001510000009000"),
            (Self.get("2F00", "5C00"), "610A4F08A0000001510000009000"),
            (Self.get("2F00"), "610A4F08A0000001510000009000"), (Self.get("2F00", "5C014F"), "6A80"),
            ("00CB004200", "6985"),
            (Self.get("BF21"), "6A80"), (Self.get("BF21", "A60483021103"), "6A88"),
        ])
        let production = try card.send(Self.get("9F7F"))
        #expect(production.hasPrefix("9F7F2A") && production.count == 94)
        let resources = try card.send(Self.get("FF21"))
        #expect(resources.hasPrefix("FF21") && resources.contains("810101"))
        try card.authenticate()
        try card.answers([(Self.get("00D3"), "D301809000")])
    }

    @Test func storing() throws {
        let card = try FactoryCard()
        try card.answers([(Self.storeTLV("4501FF"), "6982")])
        try card.authenticate()
        try card.answers([
            // pySim-shell stores BER-TLV, GlobalPlatformPro groupings without a word of it.
            (Self.storeTLV("450401020304"), "9000"), (Self.get("0045"), "4504010203049000"),
            ("80E281000D00700A4208404142434445464700", "9000"), (Self.get("0042"), "420840414243444546479000"),
            // Several, one of them new; an empty one goes.
            (Self.storeTLV("5F50034142434501AA"), "9000"), (Self.get("5F50"), "5F50034142439000"),
            (Self.get("0045"), "4501AA9000"), (Self.storeTLV("5F5000"), "9000"), (Self.get("5F50"), "6A88"),
            // What is stored stands in the place of what is computed.
            (Self.storeTLV("66027300"), "9000"), (Self.get("0066"), "660273009000"),
            // Read only, unknown, malformed, unfinished.
            (Self.storeTLV("D30100"), "6A80"), (Self.storeTLV("C103000000"), "6A80"),
            (Self.storeTLV("C2020000"), "6A80"),
            (Self.storeTLV("FF21020000"), "6A80"), (Self.storeTLV("E000"), "6A80"), (Self.storeTLV("5A0100"), "6A88"),
            (Self.storeTLV("4502AA"), "6A80"), (Self.storeTLV("00700342", "80E28800"), "6A80"),
            (Self.storeTLV("0071024200", "80E28800"), "6A88"), (Self.storeTLV("0070044502AA", "80E28800"), "6A80"),
            // P1 with bits that mean nothing.
            (Self.storeTLV("4501BB", "80E29400"), "6A86"), (Self.storeTLV("4501BB", "80E2D000"), "6A86"),
            (Self.storeTLV("4501BB", "80E29800"), "6A86"),
            (Self.get("0045"), "4501AA9000"),
        ])
    }

    @Test func anErrorTakesBackTheWholeCommand() throws {
        let card = try FactoryCard()
        try card.authenticate()
        let before = [UInt8](card.image)
        try card.answers([(Self.storeTLV("4501AA5A0100"), "6A88"), (Self.storeTLV("4501AAD30100"), "6A80")])
        #expect([UInt8](card.image) == before)
    }

    @Test func blocks() throws {
        let card = try FactoryCard()
        try card.authenticate()
        try card.answers([
            // An object in three blocks, and another one behind it.
            (Self.storeTLV("4506AABB", "80E21000"), "9000"), (Self.storeTLV("CC", "80E21001"), "9000"),
            (Self.get("0045"), "450801020304050607089000"),
            (Self.storeTLV("DDEEFF4201AA", "80E29002"), "9000"),
            (Self.get("0045"), "4506AABBCCDDEEFF9000"), (Self.get("0042"), "4201AA9000"),
            // A grouping whose length has three octets.
            (Self.storeTLV("0070FF00034501", "80E20800"), "9000"), (Self.storeTLV("BB", "80E28801"), "9000"),
            (Self.get("0045"), "4501BB9000"),
            // A block out of order ends the sequence, what was collected is dropped.
            (Self.storeTLV("450211", "80E21000"), "9000"), (Self.storeTLV("22", "80E29002"), "6A86"),
            (Self.storeTLV("22", "80E29001"), "6A86"), (Self.storeTLV("450133", "80E29000"), "9000"),
            (Self.get("0045"), "4501339000"),
            // So do another structure, the last block without the end, and a selection.
            (Self.storeTLV("450211", "80E21000"), "9000"), (Self.storeTLV("22", "80E28801"), "6A80"),
            (Self.storeTLV("450211", "80E29000"), "6A80"),
            (Self.storeTLV("450211", "80E21000"), "9000"),
        ])
        _ = try card.send(FactoryCard.selection(FactoryCard.issuer))
        try card.authenticate()
        try card.answers([(Self.storeTLV("22", "80E29001"), "6A86"), (Self.get("0045"), "4501339000")])
    }

    @Test func longObjects() throws {
        let card = try FactoryCard()
        try card.authenticate()
        // 20,000 octets, twice: the second time in the place of the first.
        for fill in ["5A", "A5"] {
            let object = "A60483021301BF21824E20" + String(repeating: fill, count: 20_000)
            var rest = Substring(object)
            var number: UInt8 = 0
            while !rest.isEmpty {
                let block = rest.prefix(510)
                rest = rest.dropFirst(510)
                let header = (rest.isEmpty ? "80E290" : "80E210") + hex([number])
                #expect(try card.send(Self.storeTLV(String(block), header)) == "9000", "\(number)")
                number += 1
            }
            let expected = "BF21824E20" + String(repeating: fill, count: 20_000) + "9000"
            #expect(try card.send(Self.get("BF21", "A60483021301")) == expected)
        }
        // Longer than the card takes.
        try card.answers([(Self.storeTLV("45828000AA", "80E21000"), "6A80")])
    }

    // AmdF: clients store and read certificates in the class of ISO/IEC 7816-4, with the key before them.
    @Test func certificates() throws {
        let card = try FactoryCard()
        try card.authenticate()
        let first = "A60483021103"
        let other = "A60483021301"
        try card.answers([
            (Self.storeTLV(first + "BF2106300401020304", "00E29000"), "9000"),
            (Self.storeTLV(other + "BF2103300155", "80E29000"), "9000"),
            (FactoryCard.command("00CABF21", first), "BF21063004010203049000"),
            (Self.get("BF21", other), "BF21033001559000"),
            (Self.storeTLV(first + "BF21023000"), "9000"), (Self.get("BF21", first), "BF210230009000"),
            (Self.get("BF21", other), "BF21033001559000"),
            (Self.storeTLV(first + "BF2100"), "9000"), (Self.get("BF21", first), "6A88"),
            (Self.get("BF21", "A60383011103"), "6A80"), (Self.storeTLV("BF21023000"), "6A80"),
            (Self.storeTLV(first), "6A80"), (Self.storeTLV(first + "4501AA"), "6A80"),
            (Self.storeTLV("A603830111" + "BF21023000"), "6A80"), (Self.get("BF21", other), "BF21033001559000"),
        ])
    }

    @Test func encipheredData() throws {
        let card = try FactoryCard()
        try card.authenticate()
        func enciphered(_ data: String) throws -> String {
            var padded = octets(data) + [0x80]
            while padded.count % 16 != 0 { padded.append(0x00) }
            let room = SecretOctets(count: padded.count)
            try padded.withView { (padded) throws(CryptoError) in
                let key = try FactoryCard.encryption()
                try key.encrypt(padded, into: room.buffer)
            }
            padded = room.view.array
            return hex(padded)
        }
        try card.answers([
            (Self.storeTLV("4510" + (try enciphered("AABB")), "80E2F000"), "9000"), (Self.get("0045"), "4502AABB9000"),
            (Self.storeTLV("007010" + (try enciphered("4503010203")), "80E2E800"), "9000"),
            (Self.get("0045"), "45030102039000"),
            (Self.storeTLV("4503010203", "80E2F000"), "6A80"),
        ])
    }

    @Test func anotherAIDOfTheIssuer() throws {
        let card = try FactoryCard()
        try card.authenticate()
        try card.answers([
            (Self.storeTLV("4F0401020304"), "6A80"), (Self.storeTLV("4F07" + FactoryCard.loadFile), "6985"),
            (Self.storeTLV("4F08A000000003000000"), "9000"), (FactoryCard.selection(FactoryCard.issuer), "6A82"),
        ])
        let answer = try card.send("00A4040408A00000000300000000")
        #expect(answer.hasPrefix("6F") && answer.contains("8408A000000003000000") && answer.hasSuffix("9000"))
    }

    /// As pySim's `install_cap` names the security domain that it has selected by its former AID.
    @Test func theFormerAIDOfTheIssuerInCommands() throws {
        let card = try FactoryCard()
        try card.authenticate()
        let former = "08A000000003000000"
        try card.answers([
            (FactoryCard.command("80E60200", "050102030405" + former + "000000"), "009000"),
            (FactoryCard.command("80E88000", "C40401020304"), "009000"),
            (FactoryCard.command("80E61000", former + "00" + "050102030405" + "000000"), "009000"),
            (FactoryCard.command("80E61000", "08A000000003000001" + "00" + "050102030405" + "000000"), "6A88"),
            // Not where nothing but an AID of the registry can stand.
            (FactoryCard.command("80E61000", former + "00" + former + "000000"), "6A88"),
            (FactoryCard.command("80E40000", "4F" + former), "6A88"),
            (FactoryCard.command("80E40000", "4F050102030405"), "009000"),
        ])
    }

    @Test func objectsOfASupplementarySecurityDomain() throws {
        let card = try FactoryCard()
        try card.authenticate()
        let parameters = "C90881020370" + "81020255"
        try card.answers([
            (FactoryCard.installation(Self.second, parameters: parameters), "009000"),
            (
                FactoryCard.selection(Self.second),
                "6F4F8409" + Self.second
                    + "A542733C06072A864886FC6B01600C060A2A864886FC6B02020301630906072A864886FC6B03"
                    + "640B06092A864886FC6B040370640B06092A864886FC6B0402559F6501FF9000"
            ),
            (Self.get("0042"), "6A88"), (Self.get("00E0"), "E0009000"), (Self.get("00C1"), "6A88"),
            (Self.get("0067"), "6A88"), (Self.get("9F7F"), "6A88"),
            (Self.get("2F00", "5C00"), "610B4F09" + Self.second + "9000"),
        ])
        try card.authenticate()
        try card.answers([
            (Self.storeTLV("4201115F500141"), "9000"), (Self.get("0042"), "4201119000"),
            (Self.storeTLV("6700"), "6A80"), (Self.storeTLV("4F06010203040506"), "6A80"),
            (Self.storeTLV("9F7F0100"), "6A80"),
        ])
        _ = try card.send(FactoryCard.selection(FactoryCard.issuer))
        try card.answers([(Self.get("0042"), "420540123456789000")])
    }

    // GPCS clause 7.3.3: STORE DATA go to the application that INSTALL [for personalization] names, until the last block.
    @Test func personalization() throws {
        let card = try FactoryCard()
        try card.authenticate()
        let personalize = FactoryCard.command("80E62000", "000009" + Self.second + "000000")
        try card.answers([
            (FactoryCard.installation(Self.second), "009000"),
            (personalize, "009000"),
            (Self.storeTLV("450211", "80E21000"), "9000"), (Self.storeTLV("22", "80E29001"), "9000"),
            (Self.storeTLV("420133"), "9000"), (Self.get("0045"), "450801020304050607089000"),
            (Self.get("0042"), "4201339000"),
            // An error begins the blocks anew, with the same application.
            (personalize, "009000"), (Self.storeTLV("450144", "80E29001"), "6A86"), (Self.storeTLV("5F50014D"), "9000"),
            (FactoryCard.command("80E62000", "000009" + Self.second + "00000100"), "6A80"),
            (FactoryCard.command("80E62000", "000008" + FactoryCard.issuer + "000000"), "6985"),
            (FactoryCard.command("80E62000", "000009A00000015153504202000000"), "6A88"),
        ])
        _ = try card.send(FactoryCard.selection(Self.second))
        try card.answers([(Self.get("0045"), "450211229000"), (Self.get("5F50"), "5F50014D9000")])
    }
}
