import CardManagement
import Octets
import Testing

/// Reading along in the recorded sessions of GlobalPlatformPro and pySim-shell.
@Suite struct ObserverTests {
    private static func hasMACs(_ name: String) -> Bool { name.contains("level 33") || name.contains("level 13") }

    /// Each command and, where that is known from a session without R-MAC, each response.
    @Test func recordedSessions() throws {
        var count = 0
        for client in ["GlobalPlatformPro", "pySim-shell"] {
            let traces = try TracedExchange.traces(of: client)
            var answers: [[UInt8]: [UInt8]] = [:]
            for (name, exchanges) in traces where !Self.hasMACs(name) {
                for exchange in exchanges {
                    if let plain = exchange.plain { answers[plain.octets] = exchange.rsp.octets }
                }
            }
            for (name, exchanges) in traces {
                let observer = SessionObserver(keys: TracedExchange.keys)
                for exchange in exchanges {
                    guard !exchange.command.isEmpty else {
                        observer.reset()
                        continue
                    }
                    let seen = observer.observe(command: exchange.command, response: exchange.rsp.octets)
                    guard let plain = exchange.plain?.octets else {
                        #expect(seen.command == exchange.command, "\(name)")
                        #expect(seen.response == exchange.rsp.octets, "\(name)")
                        continue
                    }
                    if plain[1] == 0x82 {
                        let isSCP02 = name.contains("SCP02")
                        #expect(
                            seen.meaning
                                == .initiation(isSCP02 ? .scp02 : .scp03, keyVersion: isSCP02 ? 0x20 : 0x30),
                            "\(name)"
                        )
                        continue
                    }
                    #expect(seen.meaning == .deciphered, "\(name): \(exchange.cmd)")
                    #expect(hex(seen.command) == hex(plain), "\(name): \(exchange.cmd)")
                    #expect(answers[plain].map(hex) == hex(seen.response), "\(name): \(exchange.cmd)")
                    #expect(Self.hasMACs(name) == seen.level.contains(.responseMAC), "\(name)")
                    count += 1
                }
            }
        }
        #expect(count == 49)
    }

    /// The second session of the record, of level 33, over T=0: responses are fetched with GET RESPONSE.
    @Test func fetchedResponses() throws {
        let name = "gp --list --mode enc --mode renc (level 33)"
        let trace = try #require(try TracedExchange.traces(of: "GlobalPlatformPro").first { $0.name == name })
        let observer = SessionObserver(keys: TracedExchange.keys)
        var last: SessionObserver.Exchange?
        for exchange in trace.exchanges {
            let response = exchange.rsp.octets
            let data = Array(response.dropLast(2))
            guard data.count > 4 else {
                last = observer.observe(command: exchange.command, response: response)
                continue
            }
            let announced = observer.observe(command: exchange.command, response: [0x61, UInt8(data.count)])
            if let plain = exchange.plain { #expect(announced.command == plain.octets) }
            let part = observer.observe(
                command: [0x00, 0xC0, 0x00, 0x00, 0x04],
                response: data.prefix(4) + [0x61, UInt8(data.count - 4)]
            )
            #expect(part.response == data.prefix(4) + [0x61, UInt8(data.count - 4)])
            last = observer.observe(
                command: [0x00, 0xC0, 0x00, 0x00, UInt8(data.count - 4)],
                response: data.dropFirst(4) + response.suffix(2)
            )
        }
        #expect(last?.meaning == .deciphered)
        #expect(last.map { hex($0.response) } == "E31B4F07A00000015153509F700101CE020100CC08A0000001510000009000")
    }

    @Test func otherKeys() throws {
        let trace = try #require(try TracedExchange.traces(of: "pySim-shell").last { $0.name.contains("13") })
        let observer = SessionObserver(keys: [.test()])
        let meanings = trace.exchanges.map {
            observer.observe(command: $0.command, response: $0.rsp.octets).meaning
        }
        #expect(meanings.prefix(2).allSatisfy { $0 == .plain })
        #expect(meanings[2] == .unknownKeys(.scp03, keyVersion: 0x30))
        #expect(meanings.dropFirst(3).allSatisfy { $0 == .unreadable })
    }

    /// An altered command or response, and what comes after it, cannot be read; after a reset all is plain.
    @Test(arguments: [true, false]) func alteration(ofCommand: Bool) throws {
        let trace = try #require(try TracedExchange.traces(of: "pySim-shell").last { $0.name.contains("13") })
        let observer = SessionObserver(keys: TracedExchange.keys)
        for (index, exchange) in trace.exchanges.enumerated() {
            var command = exchange.command
            var response = exchange.rsp.octets
            if index == 5 {
                if ofCommand { command[10] ^= 0x01 } else { response[10] ^= 0x01 }
            }
            let seen = observer.observe(command: command, response: response)
            if index == 4 { #expect(seen.meaning == .deciphered) }
            if index == 5 {
                #expect(seen.meaning == .notGenuine)
                #expect(seen.response == response)
            }
            if index > 5 {
                #expect(seen.meaning == .unreadable)
                #expect(seen.command == command)
            }
        }
    }

    // MARK: What comes between

    private static func openedSession() throws -> (SessionObserver, [TracedExchange]) {
        let name = "gp --list --mode enc --mode renc (level 33)"
        let trace = try #require(try TracedExchange.traces(of: "GlobalPlatformPro").first { $0.name == name })
        let observer = SessionObserver(keys: TracedExchange.keys)
        for exchange in trace.exchanges[..<4] {
            _ = observer.observe(command: exchange.command, response: exchange.rsp.octets)
        }
        return (observer, trace.exchanges)
    }

    /// The same exchange on channel 1: the class octet has no part in a MAC.
    private static func onChannel1(_ exchange: TracedExchange) -> [UInt8] {
        var command = exchange.command
        command[0] |= 0x01
        return command
    }

    /// What ends a session, and what does not: the card's answer decides. 61XX says that there is an FCI.
    @Test(arguments: [
        ("00A4040005A000000099", "6A82", true), ("00A4040000", "6F00", true), ("00A40004023F00", "9000", true),
        ("0070000001", "019000", true), ("00708001", "9000", true), ("00A4040000", "9000", false),
        ("00A4040000", "6283", false), ("00A4040000", "6140", false),
    ])
    func selections(_ command: String, _ response: String, _ goesOn: Bool) throws {
        let (observer, exchanges) = try Self.openedSession()
        let seen = observer.observe(command: octets(command), response: octets(response))
        #expect(seen.meaning == .plain)
        let next = observer.observe(command: exchanges[4].command, response: exchanges[4].rsp.octets)
        #expect(next.meaning == (goesOn ? .deciphered : .unreadable))
    }

    /// A channel is closed from itself, or from another one.
    @Test(arguments: [("01708000", false), ("01708001", false), ("00708001", false), ("00708002", true)])
    func closedChannels(_ command: String, _ goesOn: Bool) throws {
        let (_, exchanges) = try Self.openedSession()
        let observer = SessionObserver(keys: TracedExchange.keys)
        for exchange in exchanges[..<4] {
            _ = observer.observe(command: Self.onChannel1(exchange), response: exchange.rsp.octets)
        }
        #expect(observer.observe(command: octets(command), response: [0x90, 0x00]).meaning == .plain)
        let next = observer.observe(command: Self.onChannel1(exchanges[4]), response: exchanges[4].rsp.octets)
        #expect(next.meaning == (goesOn ? .deciphered : .unreadable))
    }

    /// After 6CXX the command comes again with the same MAC, and GET RESPONSE with another Le.
    @Test func repetitions() throws {
        let (observer, exchanges) = try Self.openedSession()
        let whole = exchanges[4].rsp.octets
        let data = Array(whole.dropLast(2))
        let refused = observer.observe(
            command: exchanges[4].command.dropLast() + [0x01],
            response: [0x6C, UInt8(data.count)]
        )
        #expect(refused.meaning == .deciphered)
        #expect(refused.response == [0x6C, UInt8(data.count)])
        let announced = observer.observe(command: exchanges[4].command, response: [0x61, UInt8(data.count)])
        #expect(announced.meaning == .deciphered)
        let shorter = observer.observe(command: octets("00C0000001"), response: [0x6C, UInt8(data.count)])
        #expect(shorter.response == [0x6C, UInt8(data.count)])
        let fetched = observer.observe(command: [0x00, 0xC0, 0x00, 0x00, UInt8(data.count)], response: whole)
        #expect(fetched.meaning == .deciphered)
        #expect(fetched.response.starts(with: [0xE3]))
        let next = observer.observe(command: exchanges[5].command, response: exchanges[5].rsp.octets)
        #expect(next.meaning == .deciphered)
    }
}
