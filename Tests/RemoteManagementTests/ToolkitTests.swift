import Card
import CardOS
import Memory
import Octets
import RemoteManagement
import Telecom
import Testing

/// The toolkit as the terminal sees it, and as applications do.
@Suite struct ToolkitTests {
    private static let first = ObjectReference(page: 7)
    private static let second = ObjectReference(page: 8)

    /// What applications were told, in order.
    private final class Log {
        var notifications: [(owner: ObjectReference, notification: ToolkitNotification)] = []

        func application(_ owner: ObjectReference) -> ToolkitApplication {
            ToolkitApplication(owner) { (notification, _, _) throws(StatusWord) in
                self.notifications.append((owner, notification))
            }
        }

        func take() -> [ToolkitNotification] {
            defer { notifications = [] }
            return notifications.map(\.notification)
        }
    }

    private static func response(_ number: UInt8, _ rest: String) -> String {
        "8103" + Hex.string([number]) + rest
    }

    // MARK: The way of a command

    @Test func aCommandIsAnnouncedFetchedAndAnswered() throws {
        let card = try ToolkitCard()
        let log = Log()
        card.card.runtime.register(log.application(Self.first))
        try card.card.runtime.toolkit.send(.moreTime, for: Self.first, token: 5)
        #expect(card.send("80F2000C") == "9000", "before a terminal profile")
        #expect(card.send("8012000000") == "6985")
        #expect(card.send("10", ToolkitCard.everything) == "910B")
        #expect(log.take() == [.profileDownload])
        #expect(card.send("80F2000C") == "910B")
        #expect(card.send("8012000001") == "6C0B")
        #expect(card.send("801200000B") == "D009810301020082028182" + "9000")
        #expect(card.send("80F2000C") == "9000", "it is out")
        #expect(card.send("801200000B") == "6985")
        #expect(card.send("14", Self.response(1, "0200" + "82028281" + "830100")) == "9000")
        let details = CommandDetails(number: 1, type: 0x02, qualifier: 0x00)
        #expect(log.take() == [.response(TerminalResponse(to: details, .success), token: 5)])
        #expect(card.send("8012000000") == "6985")
    }

    @Test func oneCommandIsOutAtATime() throws {
        let card = try ToolkitCard()
        #expect(card.send("10", ToolkitCard.everything) == "9000")
        try card.card.runtime.toolkit.send(.moreTime, for: Self.first)
        try card.card.runtime.toolkit.send(.pollingOff, for: Self.second)
        #expect(card.send("80F2000C") == "910B")
        #expect(card.send("8012000000") == "D009810301020082028182" + "9000")
        #expect(card.send("80F2000C") == "9000")
        // Responses to no command, to another number, and to another type.
        for other in ["020200", "010400"] {
            #expect(card.send("14", "8103" + other + "82028281" + "830100") == "9000")
            #expect(card.send("8012000000") == "6985")
        }
        #expect(card.send("14", Self.response(1, "0200" + "82028281" + "830100")) == "910B")
        #expect(card.send("8012000000") == "D009810302040082028182" + "9000")
        #expect(card.send("14", Self.response(2, "0400" + "82028281" + "830100")) == "9000")
    }

    @Test func priorityDecidesUntilACommandIsAnnounced() throws {
        let card = try ToolkitCard()
        #expect(card.send("10", ToolkitCard.everything) == "9000")
        try card.card.runtime.toolkit.send(.moreTime, for: Self.first, priority: 0x20)
        try card.card.runtime.toolkit.send(.pollingOff, for: Self.first, priority: 0x20)
        try card.card.runtime.toolkit.send(.pollInterval(ToolkitDuration(9, .minutes)), for: Self.first, priority: 0x10)
        #expect(card.send("80F2000C") == "910F")
        try card.card.runtime.toolkit.send(.getChannelStatus, for: Self.first, priority: 0x01)
        #expect(card.send("80F2000C") == "910F")
        var fetched: [String] = []
        while card.send("80F2000C") != "9000" {
            let command = card.send("8012000000")
            fetched.append(String(command.dropFirst(10).prefix(2)))
            let details = command.dropFirst(4).prefix(10)
            #expect(card.send("14", details + "82028281830100").hasPrefix("9"))
        }
        #expect(fetched == ["03", "44", "02", "04"])
    }

    @Test func numbersBeginAgain() throws {
        var toolkit = Toolkit()
        [0xFF, 0xFF, 0xFF].withView { _ = toolkit.begin(TerminalProfile($0)) }
        var numbers: [UInt8] = []
        for _ in 0..<300 {
            try toolkit.send(.moreTime, for: Self.first)
            _ = toolkit.announce()
            let command = withUnsafeTemporaryAllocation(byteCount: 300, alignment: 1) { buffer in
                var writer = OctetWriter(buffer)
                toolkit.fetch(into: &writer)
                return ProactiveCommand.read(writer.view)
            }
            let number = try #require(command?.number)
            let details = CommandDetails(number: number, type: 0x02, qualifier: 0x00)
            #expect(toolkit.end(with: TerminalResponse(to: details, .success))?.owner == Self.first)
            numbers.append(number)
        }
        #expect(numbers == (0..<300).map { UInt8($0 % 254 + 1) })
    }

    // MARK: What is not sent

    @Test func whatTheTerminalDoesNotSupportIsNotSent() throws {
        let card = try ToolkitCard()
        let log = Log()
        card.card.runtime.register(log.application(Self.first))
        try card.card.runtime.toolkit.send(.moreTime, for: Self.first, token: 1)
        try card.card.runtime.toolkit.send(.pollingOff, for: Self.first, token: 2)
        #expect(card.send("10", "000040") == "910B")
        #expect(log.take() == [.notSupported(token: 1), .profileDownload])
        #expect(card.send("8012000000") == "D009810302040082028182" + "9000")
        #expect(throws: StatusWord.functionNotSupported) {
            try card.card.runtime.toolkit.send(.moreTime, for: Self.first)
        }
    }

    @Test func theQueueIsBounded() throws {
        let card = try ToolkitCard()
        for _ in 0..<Toolkit.capacity { try card.card.runtime.toolkit.send(.moreTime, for: Self.first) }
        #expect(throws: StatusWord.notEnoughMemory) {
            try card.card.runtime.toolkit.send(.moreTime, for: Self.first)
        }
    }

    @Test func aCommandHasAtMost255Octets() throws {
        let card = try ToolkitCard()
        let channel = try #require(ChannelIdentifier(1))
        let longest = [UInt8](repeating: 0xAA, count: 240)
        let (fits, doesNot) = (longest, longest + [0xAA])
        #expect(throws: StatusWord.incorrectData) {
            try card.card.runtime.toolkit.send(.sendData(channel, doesNot, immediately: true), for: Self.first)
        }
        try card.card.runtime.toolkit.send(.sendData(channel, fits, immediately: true), for: Self.first)
        #expect(card.send("10", ToolkitCard.everything) == "91FF")
        let data = Hex.string(longest)
        #expect(card.send("80120000FF") == "D081FC" + "8103014301" + "82028121" + "B681F0" + data + "9000")
    }

    @Test func allEndsWithAReset() throws {
        let card = try ToolkitCard()
        try card.card.runtime.toolkit.send(.moreTime, for: Self.first)
        #expect(card.send("10", ToolkitCard.everything) == "910B")
        card.card.warmReset()
        #expect(card.send("10", ToolkitCard.everything) == "9000")
        #expect(card.send("8012000000") == "6985")
    }

    // MARK: Status words

    @Test func onlyASuccessTellsOfACommand() throws {
        let card = try ToolkitCard()
        try card.card.runtime.toolkit.send(.moreTime, for: Self.first)
        #expect(card.send("10", ToolkitCard.everything) == "910B")
        #expect(card.send("80F2000000").hasSuffix("910B"), "with response data")
        #expect(card.send("00A4000C026F99") == "6A82")
        #expect(card.send("00A40004023F00").hasPrefix("61"), "announced response data")
        #expect(card.send("00C0000000").hasSuffix("910B"))
        #expect(card.send("00A4000C022FE2") == "910B")
        #expect(card.send("10D60000019A") == "9000", "a chain goes on")
        #expect(card.send("8012000000") == "6883")
        #expect(card.send("8012000000") == "D009810301020082028182" + "9000")
    }

    @Test(arguments: [
        ("8010000000", "6700"), ("80100001 01 FF", "6A86"), ("84100000 01 FF", "6882"), ("81100000 01 FF", "6881"),
        ("8012000100", "6A86"), ("80120000 01 FF", "6700"), ("8012000000", "6985"),
        ("80140000 03 810301", "6A80"), ("8014000000", "6700"), ("80140000 05 8103010200", "6A80"),
        ("80140000 08 8103010200 830100", "9000"), ("80140100 08 8103010200 830100", "6A86"),
        ("80C20000 03 D60199", "6A80"), ("80C2000000", "6700"), ("80C20000 02 D300", "9000"),
        ("80C20000 15 D613 990103 82028281 9B0100 9307 00F1101234ABCD", "9000"),
        ("80C20000 0E D70C 82028281 A40101 A503001003", "9000"),
        // A short message without content is none for this card.
        ("80C20000 0A D108 82028381 8B024400", "9000"),
    ])
    func malformedAndUnexpectedOnesAreAnswered(command: String, status: String) throws {
        #expect(try ToolkitCard().send(command) == status)
    }

    @Test func anotherLogicalChannelHasNoToolkit() throws {
        let card = try ToolkitCard()
        #expect(card.send("0070000001") == "019000")
        #expect(card.send("8110000001FF") == "6E00")
    }

    // MARK: Events and timers

    @Test func eventsReachThoseWhoHaveAskedForThem() throws {
        let card = try ToolkitCard()
        let log = Log()
        for owner in [Self.first, Self.second] { card.card.runtime.register(log.application(owner)) }
        try card.card.runtime.toolkit.setEvents([.networkRejection, .locationStatus], for: Self.first)
        #expect(card.send("10", ToolkitCard.everything) == "910F")
        #expect(log.take() == [.profileDownload, .profileDownload])
        #expect(card.send("8012000000") == "D00D8103010500820281829902" + "0312" + "9000")
        try card.card.runtime.toolkit.setEvents([.channelStatus, .locationStatus], for: Self.second)
        // One that waits already is replaced by the next.
        try card.card.runtime.toolkit.setEvents([.locationStatus], for: Self.first)
        #expect(card.send("14", "810301050082028281830100") == "910F")
        #expect(card.send("8012000000") == "D00D8103030500820281829902" + "030A" + "9000")
        #expect(card.send("14", "810303050082028281830100") == "9000")

        #expect(card.send("C2", "D60A990103820282819B0102") == "9000")
        #expect(log.notifications.map(\.owner) == [Self.first, Self.second])
        #expect(log.take() == [ToolkitNotification](repeating: .event(.locationStatus(.noService, nil)), count: 2))
        #expect(card.send("C2", "D60B99010A82028281B8020105") == "9000")
        #expect(log.notifications.map(\.owner) == [Self.second])
        _ = log.take()
        #expect(card.send("C2", "D60E99010982028281B8028100B701FF") == "9000")
        #expect(log.take() == [], "nobody has asked for data available")

        try card.card.runtime.unregister(Self.second)
        #expect(card.send("80F2000C") == "910E")
        #expect(card.send("8012000000") == "D00C8103040500820281829901" + "03" + "9000")
        #expect(card.send("14", "810304050082028281830100") == "9000")
        #expect(card.send("C2", "D60B99010A82028281B8020105") == "9000")
        #expect(log.take() == [])
    }

    @Test func eventsOfWhichTheTerminalCannotTellAreNotAskedFor() throws {
        let card = try ToolkitCard()
        try card.card.runtime.toolkit.setEvents([.networkRejection, .locationStatus], for: Self.first)
        #expect(card.send("10", "0000000010") == "9000", "without SET UP EVENT LIST")
        #expect(card.send("10", "0000000011") == "910E")
        #expect(card.send("8012000000") == "D00C8103010500820281829901" + "03" + "9000")
    }

    @Test func aTimerReachesItsOwner() throws {
        let card = try ToolkitCard()
        let log = Log()
        card.card.runtime.register(log.application(Self.first))
        var timers: [UInt8] = []
        while let timer = card.card.runtime.toolkit.takeTimer(for: timers.isEmpty ? Self.second : Self.first) {
            timers.append(timer.number)
        }
        #expect(timers == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(card.send("C2", "D70C82028281A40101A503001003") == "9000")
        #expect(log.take() == [])
        #expect(card.send("C2", "D70C82028281A40102A503001003") == "9000")
        let timer = try #require(TimerIdentifier(2))
        let value = try #require(TimerValue(hours: 0, minutes: 1, seconds: 30))
        #expect(log.take() == [.timerExpiration(timer, value)])
        card.card.runtime.toolkit.releaseTimer(timer, of: Self.second)
        #expect(card.card.runtime.toolkit.owner(of: timer) == Self.first)
        card.card.runtime.toolkit.releaseTimer(timer, of: Self.first)
        #expect(card.card.runtime.toolkit.takeTimer(for: Self.second) == timer)
    }

    // MARK: Applications

    @Test func anApplicationActsOnWhatItIsTold() throws {
        let card = try ToolkitCard()
        // On the response to one command it sends the next.
        card.card.runtime.register(
            ToolkitApplication(Self.first) { (notification, runtime, _) throws(StatusWord) in
                switch notification {
                case .profileDownload:
                    try runtime.toolkit.send(.provideLocalInformation(.imei), for: Self.first, token: 1)
                case .response(let response, token: 1):
                    guard case .localInformation(let imei) = response.content, imei.count == 8 else {
                        throw .incorrectData
                    }
                    try runtime.toolkit.send(.refresh(Refresh(.uiccReset)), for: Self.first, token: 2)
                default: throw .technicalProblem
                }
            }
        )
        #expect(card.send("10", ToolkitCard.everything) == "910B")
        #expect(card.send("8012000000") == "D009810301260182028182" + "9000")
        #expect(card.send("14", "8103012601" + "82028281" + "830100" + "94083A65431907438600") == "910B")
        #expect(card.send("8012000000") == "D009810302010482028182" + "9000")
        #expect(card.send("14", "8103020104" + "82028281" + "830100") == "6F00", "the application has thrown it")
    }

    @Test func anApplicationThatIsGoneGetsNoResponse() throws {
        let card = try ToolkitCard()
        let log = Log()
        card.card.runtime.register(log.application(Self.first))
        try card.card.runtime.toolkit.send(.moreTime, for: Self.first)
        try card.card.runtime.toolkit.send(.pollingOff, for: Self.first)
        #expect(card.send("10", ToolkitCard.everything) == "910B")
        _ = log.take()
        try card.card.runtime.unregister(Self.first)
        #expect(card.send("8012000000") == "D009810301020082028182" + "9000", "the terminal knows of it")
        #expect(card.send("14", "810301020082028281830100") == "9000", "the other one is gone")
        #expect(log.take() == [])
    }
}
