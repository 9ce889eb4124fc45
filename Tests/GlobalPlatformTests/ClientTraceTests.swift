import GlobalPlatform
import Octets
import Testing

/// What GlobalPlatformPro and pySim-shell send in their sessions, and what the card of the record has answered.
@Suite struct ClientTraceTests {
    struct Exchange: Decodable {
        let cmd: String
        let plain: HexOctets?
        let rsp: HexOctets

        /// None for a reset.
        var command: [UInt8] { octets(cmd) }
    }

    struct File: Decodable {
        let clients: [String: [String: [Exchange]]]
    }

    @Test func sessions() throws {
        let clients = try Vectors.decodePlainly("client-traces.json", as: File.self).clients
        // What the application answers to which command, from the sessions without R-MAC. They differ by client.
        var sessions = 0
        for (client, traces) in clients {
            var answers: [[UInt8]: [UInt8]] = [:]
            for (name, trace) in traces where !name.contains("33") && !name.contains("13") {
                for exchange in trace {
                    if let plain = exchange.plain, plain.octets[1] != 0x82 {
                        answers[plain.octets] = exchange.rsp.octets
                    }
                }
            }
            for (name, trace) in traces where trace.contains(where: { $0.command.starts(with: [0x80, 0x50]) }) {
                try check(trace, answers, isPySim: client.hasPrefix("pySim"), "\(client) \(name)")
                sessions += 1
            }
        }
        #expect(sessions == 10)
    }

    private func check(_ trace: [Exchange], _ answers: [[UInt8]: [UInt8]], isPySim: Bool, _ name: String) throws {
        var keys = TestKeys()
        if name.contains("SCP02") {
            keys.add(
                0x20,
                .scp02(try #require(SCP02Options(0x55))),
                [[UInt8]](repeating: [UInt8](0x40..<0x50), count: 3)
            )
            keys.counters[0x20] = 1
        } else {
            keys.add(
                0x30,
                .scp03(try #require(SCP03Options(0x70))),
                [[UInt8](0x00..<0x10), [UInt8](0x10..<0x20), [UInt8](0x20..<0x30)]
            )
        }
        if isPySim { keys.aid = octets("A000000003000000") }
        let card = CardSide(keys)
        for exchange in trace {
            let command = exchange.command
            guard command.starts(with: [0x80, 0x50]) || command.first == 0x84 else { continue }
            var isRecorded = true
            if let plain = exchange.plain?.octets, plain[1] != 0x82 {
                let answer = answers[plain]
                isRecorded = answer != nil
                let octets = answer ?? [0x90, 0x00]
                let status = UInt16(octets[octets.count - 2]) << 8 | UInt16(octets[octets.count - 1])
                card.answer = (Array(octets.dropLast(2)), StatusWord(status))
            }
            let response = card.send(command)
            #expect(isRecorded && hex(response) == hex(exchange.rsp.octets), "\(name): \(hex(command))")
            if let plain = exchange.plain?.octets, plain[1] != 0x82 {
                #expect(card.received == withoutLe(plain), "\(name): \(hex(command))")
            }
        }
    }
}
