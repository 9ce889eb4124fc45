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
}
