import Octets
import Testing

@testable import Telecom

/// Proactive commands, terminal responses and envelopes as octets and as values. The octets are examples built from
/// TS 102 223 and TS 31.111 and read by pySim.
@Suite struct ToolkitValueTests {
    private static func known<Value>(_ value: Value?) -> Value {
        guard let value else { fatalError("a value of these tests is out of range") }
        return value
    }

    static let timer = known(TimerIdentifier(1))
    static let value = known(TimerValue(hours: 0, minutes: 1, seconds: 30))
    static let channel = known(ChannelIdentifier(1))
    static let location = LocationInformation(
        network: [0x00, 0xF1, 0x10],
        areaCode: [0x12, 0x34],
        cell: [0xAB, 0xCD]
    )
    static let localhost = OtherAddress.ipv4([127, 0, 0, 1])
    static let tpdu: [UInt8] = [
        0x41, 0x00, 0x06, 0x91, 0x21, 0x43, 0x65, 0x7F, 0xF6, 0x0A, 0x02, 0x70, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04,
        0x05,
        0x06,
    ]

    static let commands: [(String, ProactiveCommand)] =
        [
            ("D009 8103010104 82028182", .refresh(Refresh(.uiccReset))),
            ("D009 8103010109 82028182", .refresh(Refresh(.profileStateChange))),
            (
                "D012 8103010101 82028182 9207013F007FFF6F07",
                .refresh(Refresh(.fileChange, files: [[0x3F, 0x00, 0x7F, 0xFF, 0x6F, 0x07]]))
            ),
            (
                "D01F 8103010102 82028182 920B023F002FE23F007FFF6F07 2F07A0000000871002",
                .refresh(
                    Refresh(
                        .initializationAndFileChange,
                        files: [[0x3F, 0x00, 0x2F, 0xE2], [0x3F, 0x00, 0x7F, 0xFF, 0x6F, 0x07]],
                        application: [0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02]
                    )
                )
            ),
            ("D009 8103010200 82028182", .moreTime),
            ("D00D 8103010300 82028182 8402011E", .pollInterval(ToolkitDuration(30, .seconds))),
            ("D009 8103010400 82028182", .pollingOff),
            (
                "D00F 8103010500 82028182 990403090A12",
                .setUpEventList([.locationStatus, .dataAvailable, .channelStatus, .networkRejection])
            ),
            ("D00B 8103010500 82028182 9900", .setUpEventList([])),
            ("D011 8103012700 82028182 A40101 A503001003", .timerManagement(.start(timer, value))),
            ("D00C 8103012701 82028182 A40101", .timerManagement(.deactivate(timer))),
            ("D00C 8103012702 82028182 A40101", .timerManagement(.getValue(timer))),
            (
                "D025 8103011300 82028183 8604912143F5 8B14 410006912143657FF60A02700000010203040506",
                .sendShortMessage(SendShortMessage(tpdu: tpdu, serviceCentre: [0x91, 0x21, 0x43, 0xF5]))
            ),
            (
                "D021 8103011301 82028183 8500 8B14 410006912143657FF60A02700000010203040506",
                .sendShortMessage(SendShortMessage(tpdu: tpdu, alphaIdentifier: [], isPackedByTerminal: true))
            ),
            (
                "D023 8103014001 82028182 350103 39020578 47050454455354 3C03021F90 3E05217F000001",
                .openChannel(
                    OpenChannel(
                        TransportLevel(.tcpClientRemote, port: 8_080),
                        to: localhost,
                        bufferSize: 1_400,
                        options: .immediate,
                        networkAccessName: [0x04, 0x54, 0x45, 0x53, 0x54]
                    )
                )
            ),
            (
                "D01C 8103014001 82028182 350103 39020578 3C03010035 3E05217F000001",
                .openChannel(
                    OpenChannel(
                        TransportLevel(.udpClientRemote, port: 53),
                        to: localhost,
                        bufferSize: 1_400,
                        options: .immediate
                    )
                )
            ),
            (
                "D02E 8103014006 82028182 0500 35070203040403 1F02 39020100 3E00 8D020475 8D020470 3C03021F90"
                    + " 3E0521 0A000001",
                .openChannel(
                    OpenChannel(
                        TransportLevel(.tcpClientRemote, port: 8_080),
                        to: .ipv4([10, 0, 0, 1]),
                        over: BearerDescription(type: 0x02, parameters: [0x03, 0x04, 0x04, 0x03, 0x1F, 0x02]),
                        bufferSize: 256,
                        options: [.automaticReconnection, .inBackground],
                        localAddress: .dynamic,
                        credentials: OpenChannel.Credentials(
                            login: ToolkitText(codingScheme: 0x04, [0x75]),
                            password: ToolkitText(codingScheme: 0x04, [0x70])
                        ),
                        alphaIdentifier: []
                    )
                )
            ),
            ("D010 8103014301 82028121 B6050102030405", .sendData(channel, [1, 2, 3, 4, 5], immediately: true)),
            ("D00C 8103014200 82028121 B701C8", .receiveData(channel, count: 200)),
            ("D009 8103014100 82028121", .closeChannel(channel, keepsBearer: false)),
            ("D009 8103014101 82028121", .closeChannel(channel, keepsBearer: true)),
            ("D009 8103014400 82028182", .getChannelStatus),
        ]
        + LocalInformation.allCases.map {
            ("D009 81030126\(Hex.string([$0.rawValue])) 82028182", .provideLocalInformation($0))
        }

    static let responses: [(String, TerminalResponse)] = [
        (
            "8103010300 82028281 830100 8402011E",
            response(0x03, 0x00, .pollInterval(ToolkitDuration(30, .seconds)))
        ),
        ("8103012600 82028281 830100 930700F1101234ABCD", response(0x26, 0x00, .location(location))),
        (
            "8103012601 82028281 830100 94083A65431907438600",
            response(0x26, 0x01, .localInformation([0x3A, 0x65, 0x43, 0x19, 0x07, 0x43, 0x86, 0x00]))
        ),
        ("8103012700 82028281 830100 A40101", response(0x27, 0x00, .timer(timer, nil))),
        ("8103012702 82028281 830100 A40101 A503001003", response(0x27, 0x02, .timer(timer, value))),
        (
            "8103014001 82028281 830100 38028100 350103 39020578",
            response(
                0x40,
                0x01,
                .channel(
                    OpenedChannel(
                        ChannelStatus(channel, isLinkEstablished: true),
                        bearer: .defaultBearer,
                        bufferSize: 1_400
                    )
                )
            )
        ),
        (
            "8103014001 82028281 83023A01",
            TerminalResponse(
                to: CommandDetails(number: 1, type: 0x40, qualifier: 0x01),
                TerminalResult(0x3A, additional: [0x01])
            )
        ),
        ("8103014301 82028281 830100 3701FF", response(0x43, 0x01, .room(255))),
        (
            "8103014200 82028281 830100 36030A0B0C 370100",
            response(0x42, 0x00, .received([0x0A, 0x0B, 0x0C], remaining: 0))
        ),
        (
            "8103014400 82028281 830100 38028100 38020205",
            response(
                0x44,
                0x00,
                .channels([
                    ChannelStatus(channel, isLinkEstablished: true),
                    ChannelStatus(known(ChannelIdentifier(2)), isLinkEstablished: false, information: 0x05),
                ])
            )
        ),
        ("8103010104 82028281 830100", response(0x01, 0x04, .none)),
        (
            "8103011300 82028281 83022004",
            TerminalResponse(
                to: CommandDetails(number: 1, type: 0x13, qualifier: 0x00),
                TerminalResult(0x20, additional: [0x04])
            )
        ),
    ]

    private static func response(
        _ type: UInt8,
        _ qualifier: UInt8,
        _ content: TerminalResponse.Content
    ) -> TerminalResponse {
        TerminalResponse(to: CommandDetails(number: 1, type: type, qualifier: qualifier), .success, content)
    }

    static let events: [(String, EventDownload)] = [
        ("D613 990103 82028281 9B0100 930700F1101234ABCD", .locationStatus(.normalService, location)),
        ("D60A 990103 82028281 9B0102", .locationStatus(.noService, nil)),
        (
            "D60E 990109 82028281 B8028100 B701FF",
            .dataAvailable(ChannelStatus(channel, isLinkEstablished: true), 255)
        ),
        (
            "D60B 99010A 82028281 B8020105",
            .channelStatus(ChannelStatus(channel, isLinkEstablished: false, information: 0x05))
        ),
        (
            "D617 990112 82028381 930500F1101234 BF0108 740109 75010B",
            .networkRejection(
                NetworkRejection(
                    .locationArea(LocationInformation(network: [0x00, 0xF1, 0x10], areaCode: [0x12, 0x34])),
                    accessTechnology: 0x08,
                    updateType: 0x09,
                    cause: 0x0B
                )
            )
        ),
        (
            "D617 990112 82028381 7D0500F1101234 BF0108 740109 75010B",
            .networkRejection(
                NetworkRejection(
                    .trackingArea(LocationInformation(network: [0x00, 0xF1, 0x10], areaCode: [0x12, 0x34])),
                    accessTechnology: 0x08,
                    updateType: 0x09,
                    cause: 0x0B
                )
            )
        ),
        ("D607 990104 82028281", .other(ToolkitEvent(rawValue: 0x04))),
    ]

    static func written(_ body: (inout OctetWriter) -> Void) -> [UInt8] {
        withUnsafeTemporaryAllocation(byteCount: 512, alignment: 1) { buffer in
            var writer = OctetWriter(buffer)
            body(&writer)
            return writer.view.array
        }
    }

    @Test(arguments: commands) func aCommandIsWrittenAndRead(octets: String, command: ProactiveCommand) throws {
        let expected = try #require(Hex.octets(octets))
        #expect(Hex.string(Self.written { command.write(number: 1, to: &$0) }) == Hex.string(expected))
        let read = try #require(expected.withView { ProactiveCommand.read($0) })
        #expect(read.number == 1)
        #expect(read.command == command)
    }

    @Test(arguments: responses) func aResponseIsWrittenAndRead(octets: String, response: TerminalResponse) throws {
        let expected = try #require(Hex.octets(octets))
        #expect(Hex.string(Self.written { response.write(to: &$0) }) == Hex.string(expected))
        #expect(expected.withView { TerminalResponse($0) } == response)
    }

    @Test(arguments: events) func anEventIsWrittenAndRead(octets: String, event: EventDownload) throws {
        let expected = try #require(Hex.octets(octets))
        #expect(Hex.string(Self.written { Envelope.eventDownload(event).write(to: &$0) }) == Hex.string(expected))
        try expected.withView { view in
            guard case .eventDownload(let read) = try #require(Envelope(view)) else {
                Issue.record("not an event download")
                return
            }
            #expect(read == event)
        }
    }

    @Test func aTimerExpirationIsWrittenAndRead() throws {
        let expected = try #require(Hex.octets("D70C 82028281 A40101 A503001003"))
        #expect(Self.written { Envelope.timerExpiration(Self.timer, Self.value).write(to: &$0) } == expected)
        try expected.withView { view in
            guard case .timerExpiration(let timer, let value) = try #require(Envelope(view)) else {
                Issue.record("not a timer expiration")
                return
            }
            #expect((timer, value) == (Self.timer, Self.value))
        }
    }

    @Test func aShortMessageIsWrittenAndRead() throws {
        let tpdu = "4006912143657FF6261124000000000E0270000A0102030405060708090A"
        let expected = try #require(Hex.octets("D12A 82028381 0604912143F5 8B1E" + tpdu))
        try expected.withView { view in
            guard case .shortMessageDownload(let message) = try #require(Envelope(view)) else {
                Issue.record("not a short message")
                return
            }
            #expect(Hex.string(message.tpdu.array) == tpdu)
            #expect(Hex.string(message.serviceCentre.array) == "912143F5")
            #expect(Self.written { Envelope.shortMessageDownload(message).write(to: &$0) } == expected)
        }
    }

    @Test(arguments: [
        "", "D0", "D00A8103010200820281", "D0098103010200", "D0088103010200820281", "D0098103017F0082028182",
        "D00D 8103010300 82028182 8402051E", "D009 810301010B 82028182", "D00C 8103014200 82028182 B701C8",
        "D011 8103012700 82028182 A40101 A50300A003", "D00C 8103012702 82028182 A40109",
        "D010 8103010101 82028182 9205023F006F07", "D009 8103010200 82028182 00",
    ])
    func aMalformedCommandIsNotRead(octets: String) throws {
        #expect(try #require(Hex.octets(octets)).withView { ProactiveCommand.read($0) } == nil)
    }

    @Test(arguments: [
        "", "D6", "D60A82028281", "D6059902030482", "D608990203048202 8281", "D607990103 82028281",
        "D107 82028381 060191", "D707 82028281 A40101", "D70C 82028281 A40100 A503001003",
        "D60B 99010A 82028281 B8020105 00",
    ])
    func aMalformedEnvelopeIsNotRead(octets: String) throws {
        #expect(try #require(Hex.octets(octets)).withView { Envelope($0) == nil })
    }

    // What has been read is written as octets that read the same.
    @Test func alteredOctetsAreReadOrRefused() throws {
        let seed = UInt64.random(in: 0...(.max))
        var random = Generator(state: seed)
        let examples = try (Self.commands.map(\.0) + Self.responses.map(\.0) + Self.events.map(\.0)).map {
            try #require(Hex.octets($0))
        }
        var read = 0
        for round in 0..<20_000 {
            var octets = examples[round % examples.count]
            for _ in 0..<Int.random(in: 0...2, using: &random) where !octets.isEmpty {
                let place = Int.random(in: 0..<octets.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: octets[place] = UInt8.random(in: 0...255, using: &random)
                case 1: octets.remove(at: place)
                default: octets.insert(UInt8.random(in: 0...255, using: &random), at: place)
                }
            }
            if let (number, command) = octets.withView({ ProactiveCommand.read($0) }) {
                read += 1
                let again = Self.written { command.write(number: number, to: &$0) }
                let reread = again.withView { ProactiveCommand.read($0) }
                #expect(reread?.command == command, "seed \(seed), \(Hex.string(octets))")
            }
            if let response = octets.withView({ TerminalResponse($0) }) {
                read += 1
                let again = Self.written { response.write(to: &$0) }
                #expect(again.withView { TerminalResponse($0) } == response, "seed \(seed), \(Hex.string(octets))")
            }
            octets.withView { view in
                guard case .eventDownload(let event) = Envelope(view) else { return }
                read += 1
                let again = Self.written { Envelope.eventDownload(event).write(to: &$0) }
                again.withView { view in
                    guard case .eventDownload(event) = Envelope(view) else {
                        Issue.record("seed \(seed), \(Hex.string(octets))")
                        return
                    }
                }
            }
        }
        #expect(read > 1_000, "seed \(seed)")
    }

    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }

    // Each command wants exactly the octets of the profile that tell of it.
    @Test(arguments: [
        ("0000000000", ProactiveCommand.moreTime, false), ("000008", .moreTime, true),
        ("000080", .refresh(Refresh(.uiccReset)), true), ("000080", .refresh(Refresh(.steeringOfRoaming)), false),
        ("000020", .pollInterval(ToolkitDuration(1, .minutes)), true), ("000040", .pollingOff, true),
        ("00000002", .sendShortMessage(SendShortMessage(tpdu: [])), true),
        ("00000040", .provideLocalInformation(.imei), true),
        ("00000040", .provideLocalInformation(.networkMeasurementResults), false),
        ("0000000009", .setUpEventList([.locationStatus]), false),
        ("0000000011", .setUpEventList([.locationStatus]), true),
        ("000000000104", .setUpEventList([.dataAvailable]), true),
        (
            "0000000001" + String(repeating: "00", count: 19) + "08", .setUpEventList([.networkRejection]), false
        ),
        ("0000000001" + String(repeating: "00", count: 19) + "10", .setUpEventList([.networkRejection]), true),
        ("0000000000000001", .timerManagement(.deactivate(timer)), true),
        ("0000000000000001", .timerManagement(.getValue(timer)), false),
        ("000000000000000000000010", .getChannelStatus, true),
        (
            "00000000000000000000000100000000 02",
            .openChannel(OpenChannel(TransportLevel(.udpClientRemote, port: 1), to: nil, bufferSize: 1)), true
        ),
        (
            "00000000000000000000000100000000 02",
            .openChannel(OpenChannel(TransportLevel(.tcpClientRemote, port: 1), to: nil, bufferSize: 1)), false
        ),
    ])
    func aProfileSaysWhatIsSupported(profile: String, command: ProactiveCommand, isSupported: Bool) throws {
        let profile = try #require(Hex.octets(profile)).withView { TerminalProfile($0) }
        #expect(profile.supports(command) == isSupported)
    }
}
