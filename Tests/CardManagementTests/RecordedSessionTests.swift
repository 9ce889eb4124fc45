import CardManagement
import GlobalPlatform
import Octets
import Testing

/// The recorded sessions of other hosts, sent octet for octet.
@Suite struct RecordedSessionTests {
    /// Every session of GlobalPlatformPro and pySim-shell, from INITIALIZE UPDATE on, command by command.
    @Test func everyCommand() throws {
        var sessions = 0
        for client in ["GlobalPlatformPro", "pySim-shell"] {
            for (name, exchanges) in try TracedExchange.traces(of: client) {
                guard let start = exchanges.firstIndex(where: { $0.command.starts(with: [0x80, 0x50]) }) else {
                    continue
                }
                let session = Array(exchanges[start...])
                let card = RecordedCard(session)
                let manager = CardManager(card)
                try manager.authenticate(
                    TracedExchange.keys,
                    version: session[0].command[2],
                    level: SecurityLevel(rawValue: session[1].command[2])
                ) { _ in Array(session[0].command[5..<13]) }
                for exchange in session.dropFirst(2) {
                    let plain = try #require(exchange.plain?.octets)
                    let response = try manager.send(try #require(Command(plain)), "a command")
                    if manager.session?.level.contains(.responseMAC) == false {
                        #expect(response.octets == exchange.rsp.octets, "\(name)")
                    }
                }
                #expect(card.differences == [], "\(name)")
                #expect(card.remaining == 0, "\(name)")
                sessions += 1
            }
        }
        #expect(sessions == 10)
    }

    private func replay(
        _ name: String,
        _ level: SecurityLevel = .commandMAC,
        listing: Bool = true,
        _ body: (CardManager) throws -> Void = { _ in }
    ) throws {
        let traces = try TracedExchange.traces(of: "GlobalPlatformPro")
        let trace = try #require(traces.first { $0.name.hasPrefix(name) })
        let card = RecordedCard(trace.exchanges)
        let manager = CardManager(card)
        try manager.select(nil)
        #expect(manager.selected?.maximumLength == 255)
        try manager.authenticate(TracedExchange.keys, level: level) { _ in Array(trace.exchanges[1].command[5..<13]) }
        if listing { try check(manager) }
        try body(manager)
        #expect(card.differences == [], "\(name)")
        #expect(card.remaining == 0, "\(name)")
    }

    private func check(_ manager: CardManager) throws {
        let issuer = try #require(try manager.status(.issuer).first)
        #expect(issuer.aid == octets("A000000151000000"))
        #expect(issuer.state == 0x0F)
        #expect(issuer.privileges == [0x9E, 0xFE, 0x80])
        let application = try #require(try manager.status(.applications).first)
        #expect(application.aid == octets("A000000151535041"))
        #expect(application.loadFile == octets("A0000001515350"))
        #expect(application.securityDomain == octets("A000000151000000"))
        let file = try #require(try manager.status(.loadFilesAndModules).first)
        #expect(file.modules == [octets("A000000151535041")])
        #expect(file.version == [0x01, 0x00] || file.version == [0x02, 0x01])
        #expect(try manager.status(.loadFiles).count == 1)
    }

    @Test func lists() throws {
        try replay("gp --list (SCP03, level 01)")
        try replay("gp --list --mode enc --mode renc", SecurityLevel(rawValue: 0x33))
        try replay("gp --list (SCP02", SecurityLevel(rawValue: 0x03))
    }

    @Test func installation() throws {
        try replay("gp --domain") { manager in
            try manager.installForInstall(
                octets("A0000001515350"),
                module: octets("A000000151535041"),
                instance: octets("A00000015153504200"),
                privileges: [0x80, 0x00, 0x00],
                parameters: octets("C90C810203708202202087022020")
            )
        }
    }

    @Test func load() throws {
        let traces = try TracedExchange.traces(of: "GlobalPlatformPro")
        let block = try #require(traces.first { $0.name.hasPrefix("gp --load") }?.exchanges.last?.plain?.octets)
        let file = try LoadFile(Array(block[5..<(5 + Int(block[4]))]))
        #expect(file.aid == octets("0102030405"))
        try replay("gp --load") { manager in
            try manager.installForLoad(file.aid, into: octets("A000000151000000"))
            try manager.load(file)
        }
    }

    @Test func keys() throws {
        try replay("gp --lock", listing: false) { manager in
            let keys = try manager.keyInformation()
            #expect(keys.map(\.identifier) == [1, 2, 3])
            #expect(keys.allSatisfy { $0.version == 0x30 && $0.type == 0x88 && $0.length == 16 })
            let key = [UInt8](0x40..<0x50)
            let answer = try manager.putKeys(.aes, [key, key, key], version: 0x31)
            #expect(answer == octets("31504A77"))
        }
    }

    @Test func deletionAndData() throws {
        try replay("gp --delete") { try $0.delete(octets("A0000001515350"), related: true) }
        try replay("gp --store-data", listing: false) { manager in
            try manager.storeData(octets("00700A42084041424344454647 48"), .none, expectsResponse: true)
        }
    }

    @Test func information() throws {
        let trace = try #require(try TracedExchange.traces(of: "GlobalPlatformPro").first { $0.name == "gp --info" })
        let card = RecordedCard(
            trace.exchanges.map { ($0.command, $0.rsp.octets) } + [
                (octets("80CA00D300"), octets("6A88")),
                (octets("80CA2F00025C0000"), octets("61094F07A00000015153509000")),
                (octets("80CAFF2100"), octets("FF210B81010D8202C5D6830209629000")),
            ]
        )
        let manager = CardManager(card)
        try manager.select(nil)
        let data = try manager.readCardData()
        #expect(card.differences == [])
        #expect(card.remaining == 0)
        #expect(data.recognition.version == "2.2.3.1" || data.recognition.version == "2.3.1")
        #expect(data.recognition.i(of: .scp03) == 0x70)
        #expect(data.value(0x0042) == octets("4012345678"))
        #expect(data.value(0x00D3) == nil)
        #expect(data.keys.count == 3)
        #expect(data.applications == [octets("A0000001515350")])
        #expect(data.resources?.applications == 13)
        #expect(data.resources?.nonVolatile == 0xC5D6)
        #expect(data.resources?.volatile == 0x0962)
    }
}
