import Card
import CardOS
import Memory
import Octets
import Testing

/// A card of a test, with a small file system made by the calls that the profile package interpreter uses too.
final class TestCard {
    let image: UnsafeMutableRawBufferPointer
    var card: Card
    private(set) var masterFile: ObjectReference?
    private let response = UnsafeMutableRawBufferPointer.allocate(byteCount: Card.maximumResponseLength, alignment: 8)

    init(_ transmissionProtocol: Environment.TransmissionProtocol = .t0, rootRules: String = "8B032F0601") throws {
        image = .allocate(byteCount: 65_536, alignment: 4_096)
        _ = Memory.format(image)
        card = try Card(
            image: image,
            environment: Environment(
                transmissionProtocol: transmissionProtocol,
                seed: [UInt8](repeating: 0x5A, count: 48)
            )
        )
        try personalise(rootRules)
        card.powerOn()
    }

    deinit {
        image.deallocate()
        response.deallocate()
    }

    var octets: [UInt8] { [UInt8](image) }

    /// The response APDU in hexadecimal; empty where the power failed.
    func send(_ command: String) throws -> String {
        let octets = try #require(Hex.octets(command))
        let length = octets.withUnsafeBytes { card.transmit($0, into: response) }
        return Hex.string(response[0..<length])
    }

    private func personalise(_ rootRules: String) throws {
        let root = try create(nil, 0x78, 0x3F00, security: rootRules) { $0.pinReferences = $1 }
        masterFile = root
        let rules = try create(root, 0x42, 0x2F06, security: "8B032F0602", size: 40 * 4, record: 40)
        try write(
            rules,
            records: 40,
            [
                // 1: ADM1 creates and deletes; 2: always read, ADM1 updates; 3: PIN1 reads and updates; 4: as 3, with
                // INCREASE.
                "80015FA40683010A950108", "800101900080015AA40683010A950108", "800103A406830101950108",
                "800103A4068301019501088401 32A406830101950108",
            ]
        )
        let identification = try create(root, 0x41, 0x2FE2, security: "8B032F0602", size: 10, short: 2)
        try write(identification, records: 10, ["98001032547698103214"])
        _ = try create(root, 0x41, 0x2F05, security: "8B032F0603", size: 6, short: 5)
        let cyclic = try create(root, 0x46, 0x2F10, security: "8B032F0604", size: 9, record: 3)
        try write(cyclic, records: 3, ["000003", "000002", "000001"])
        let linear = try create(root, 0x42, 0x2F11, security: "8B032F0602", size: 20, record: 5, short: 1)
        try write(linear, records: 5, ["0102030405", "0203040506", "FFFFFFFFFF", "0302030405"])
        _ = try create(root, 0x79, 0x2F12, security: "8B032F0603", size: 600)
        _ = try create(root, 0x78, nil, security: "8B032F0601", name: "A0000000871002FF49FF0589")
        try codes(
            root,
            false,
            "0107330100FFFFFF30303030FFFFFFFF" + "1107330200FFFFFF3737373737373737"
                + "0A03AA0000FFFFFF3535353535353535"
        )
        try codes(root, true, "0100AA0000FFFFFF3131313131313131" + "0200110000FFFFFF3838383838383838")
        card.system.memory.commit()
    }

    private func create(
        _ parent: ObjectReference?,
        _ descriptor: UInt8,
        _ identifier: UInt16?,
        security: String,
        size: UInt32 = 0,
        record: UInt16 = 0,
        short: UInt8 = 0,
        name: String = "",
        _ change: (inout FileParameters, OctetView) -> Void = { _, _ in }
    ) throws -> ObjectReference {
        let attributes = try #require(Hex.octets(security))
        let aid = try #require(Hex.octets(name))
        return try attributes.withView { (attributes) throws(StatusWord) in
            try aid.withView { (aid) throws(StatusWord) in
                try ([0x0A, 0x11, 0x01] as [UInt8]).withView { (references) throws(StatusWord) in
                    var parameters = FileParameters(descriptor: descriptor, fileIdentifier: identifier)
                    parameters.securityAttributes = attributes
                    parameters.dfName = aid
                    (parameters.size, parameters.recordLength, parameters.shortFileIdentifier) = (size, record, short)
                    change(&parameters, references)
                    return try card.system.createFile(parameters, parent: parent)
                }
            }
        }
    }

    private func codes(_ context: ObjectReference, _ areUnblocking: Bool, _ entries: String) throws {
        try #require(Hex.octets(entries)).withView { (view) throws(StatusWord) in
            try card.system.createCodes(entries: view, areUnblocking: areUnblocking, for: context, sharedWith: nil)
        }
    }

    private func write(_ file: ObjectReference, records length: Int, _ records: [String]) throws {
        for (number, record) in records.enumerated() {
            try #require(Hex.octets(record)).withView { (view) throws(StatusWord) in
                try card.system.fill(file, at: number * length, view)
            }
        }
    }
}

@Suite struct CardTests {
    static let verify = "0020000108 30303030FFFFFFFF"
    static let verifyADM = "0020000A08 3535353535353535"

    // The octets of the first answer to reset are those of the digest of TS 102 221 clause 6.3, with command chaining.
    @Test func theAnswerToResetHasARightCheckOctet() throws {
        #expect(Hex.string(try TestCard().card.answerToReset) == "3B9F96803FC7828031E073FE219F67564555494343" + "31C8")
        for transmissionProtocol in Environment.TransmissionProtocol.allCases {
            let octets = try TestCard(transmissionProtocol).card.answerToReset
            #expect(octets.dropFirst().reduce(0, ^) == 0)
        }
    }

    /// A command, and the response to it; each test runs its list on a card of its own.
    @Test(arguments: [
        // TS 102 221 clauses 7.3.1 and 11.1.1: SELECT, 61XX, GET RESPONSE
        [
            ("00A40004022FE2", "6119"), ("00C000001A", "6C19"),
            ("00C0000019", "62178202412183022FE28A01058B032F06028002000A8801109000"),
            ("00C0000019", "6985"), ("00A4000C022F99", "6A82"), ("00B000000A", "980010325476981032149000"),
            ("00B000000B", "6C0A"), ("00B0000803", "6C02"), ("00B000080003", "6700"), ("00B0000A01", "6B00"),
            ("00B0000000", "980010325476981032149000"), ("00B0820800", "32149000"), ("00B0830000", "6A82"),
            ("00D6000001AA", "6982"), ("00D60000", "6700"), ("00A400040200", "6700"),
        ],
        // TS 102 221 clauses 9.2 and 11.1.9 to 11.1.13: the PIN
        [
            ("0020000100", "63C3"), ("00B0850006", "6982"), ("00200001083131313131313131", "63C2"),
            (verify, "9000"), ("0020000100", "63C3"), ("00B0850006", "FFFFFFFFFFFF9000"), ("00D6850002656E", "9000"),
            ("00B0000003", "656EFF9000"), ("00D6000502FFFF", "6700"), ("00D6850006010203040506", "9000"),
            ("00D6850506FFFFFFFFFFFF", "6700"), ("0026000108 30303030FFFFFFFF", "9000"), (verify, "6984"),
            ("0028000108 30303030FFFFFFFF", "9000"),
            ("0024000110 30303030FFFFFFFF 39393939FFFFFFFF", "9000"), (verify, "63C2"), (verify, "63C1"),
            (verify, "63C0"),
            (verify, "6983"), ("00B0850006", "6982"), ("002C000100", "63CA"),
            ("002C000110 3131313131313131 30303030FFFFFFFF", "9000"), (verify, "9000"), ("0020000500", "6A88"),
        ],
        // TS 102 221 clauses 11.1.5 to 11.1.8: records
        [
            ("00B2010CFF", "6C05"), ("00B2010C05", "01020304059000"), ("00B2000205", "01020304059000"),
            ("00B2000205", "02030405069000"), ("00B2000305", "01020304059000"), ("00B2000305", "6A83"),
            ("00B2050C05", "6A83"), ("00A2010C020304", "6103"), ("00C0000003", "0102049000"),
            ("00A2010C02AAAA", "6282"), ("00A2010E040800020304", "6A80"), ("00A2010E0404020304", "6102"),
            ("00C0000002", "01049000"),
            ("00A2010E030C0204", "6103"), ("00C0000003", "0102049000"), ("00DC010C050000000000", "6982"),
            (verifyADM, "9000"),
            ("00DC010C050000000000", "9000"), ("00DC010C0400000000", "6700"), ("00B2010C05", "00000000009000"),
            ("00A4000C022F10", "9000"), ("00B2010403", "6982"), (verify, "9000"), ("00B2010403", "0000039000"),
            ("00DC000303000009", "9000"), ("00B2010403", "0000099000"), ("00B2030403", "0000029000"),
            ("803200000101", "6104"), ("00C0000004", "00000A019000"), ("8032000003FFFFFF", "9850"),
            ("00B0000001", "6981"), ("00DC010403000000", "6981"),
        ],
        // TS 102 221 clauses 11.1.17, 11.1.19 and 10.1.1: channels and classes
        [
            ("0070000001", "019000"), ("01A4000C022FE2", "9000"), ("01B0000002", "98009000"), ("00B0000002", "6986"),
            ("0070800100", "9000"), ("01B0000002", "6881"), ("0070800000", "6A86"), ("0070000000", "019000"),
            ("0070000000", "029000"), ("0070000000", "039000"), ("0070000000", "6A81"),
            ("80AA000005A903810100", "9000"), ("0070000000", "049000"), ("40A4000C022FE2", "9000"),
            ("40B0000001", "989000"),
            ("04A4000C022FE2", "6882"), ("A0A40000023F00", "6E00"), ("A1A40000023F00", "6E00"), ("00100000", "6D00"),
            ("80A4000C022FE2", "6E00"),
            ("FF", "6700"), ("", "6700"),
        ],
        // TS 102 221 clauses 11.1.1.1 and 11.1.2: applications
        [
            ("00A4040C05A000000087", "9000"), ("80F2000100", "840CA0000000871002FF49FF05899000"),
            ("00A4000C027FFF", "9000"), ("00A4044C0CA0000000871002FF49FF0589", "9000"), ("80F2000100", "6A88"),
            ("00A4040C05A000000088", "6A82"), ("00A4020C022FE2", "6A86"), ("80F2000C", "9000"), ("80F2000D", "6A86"),
        ],
        // TS 102 222 clauses 6.3, 6.4 and 6.10
        [
            ("00E0000019621782024121 83022F20 8A0105 8B032F0603 80020004 8801F0", "6982"), (verifyADM, "9000"),
            (verify, "9000"),
            ("00E0000019621882024121 83022F20 8A0105 8B032F0603 80020004 8801F0", "6A80"),
            ("00E0000019621782024121 83022F20 8A0105 8B032F0602 80020004 8801F0", "9000"),
            ("00B0000000", "FFFFFFFF9000"), ("00D600000101", "9000"), ("00B09E0000", "01FFFFFF9000"),
            ("00E0000019621782024121 83022F20 8A0105 8B032F0602 80020004 8801E8", "6A89"),
            ("00E40000022F20", "9000"), ("00A4000C022F20", "6A82"), ("00B0000000", "6986"),
        ],
        // TS 102 221 clauses 11.3.1 and 11.3.2: data objects
        [
            (verify, "9000"), ("00A4000C022F12", "9000"), ("80DB0080058003010203", "9000"), ("80CB00800180", "6105"),
            ("00C0000005", "80030102039000"), ("80CB00800181", "6A88"), ("80DB008003810411", "63F1"),
            ("80DB000003223344", "9000"), ("80CB00800181", "6106"), ("00C0000006", "8104112233449000"),
            ("80CB0080015C", "6104"), ("00C0000004", "5C0280819000"), ("80DB00800180", "9000"),
            ("80CB00800180", "6A88"), ("80DB000001AA", "6985"), ("80DB008003820FFF", "63F1"), ("80CB00800182", "6A88"),
        ],
    ])
    func commandsAreAnswered(exchanges: [(String, String)]) throws {
        let card = try TestCard()
        for (command, expected) in exchanges {
            let response = try card.send(command)
            #expect(response == expected, "\(command)")
        }
    }

    @Test func aRefusedCommandLeavesTheImageAlone() throws {
        let card = try TestCard()
        let before = card.octets
        for command in ["00D6000001AA", "00E40000022FE2", "00A400040200", "0020000101", "00DC010C050000000000"] {
            _ = try card.send(command)
            #expect(card.octets == before, "\(command)")
        }
    }

    @Test func aTryIsCountedThoughThePowerFailsRightAfterIt() throws {
        for operation in 0..<UInt64(6) {
            let card = try TestCard()
            let failure = PowerFailure(completeOperations: operation, tear: .after)
            card.card.system.memory.schedule(failure)
            let response = try card.send("00200001083131313131313131")
            let tries = try card.send("0020000100")
            // Three program operations make the change, the done mark is the third.
            #expect(tries == (response.isEmpty && operation < 2 ? "63C3" : "63C2"), "operation \(operation)")
        }
    }

    @Test func theSameSeedGivesTheSameChallenges() throws {
        let (one, other) = (try TestCard(), try TestCard())
        let first = try one.send("0084000008")
        #expect(first.count == 20 && first.hasSuffix("9000"))
        #expect(try other.send("0084000008") == first)
        #expect(try one.send("0084000008") != first)
        #expect(try one.send("0084000000").count == 516)
        #expect(try one.send("00840000").count == 516)
        #expect(try TestCard(.t1).send("00840000") == "6700")
    }

    @Test func aChainIsOneCommand() throws {
        let card = try TestCard()
        #expect(try card.send(Self.verifyADM) == "9000")
        #expect(try card.send("00A4000C022FE2") == "9000")
        #expect(try card.send("10D600000201 02") == "9000")
        #expect(try card.send("00D600000103") == "9000")
        #expect(try card.send("00B0000004") == "010203329000")
        #expect(try card.send("10D600000101") == "9000")
        #expect(try card.send("00B0000001") == "6883")
    }
}
