import GlobalPlatform
import Octets
import Testing

@Suite struct ResponseMACTests {
    struct Computed: Decodable {
        struct Entry: Decodable {
            let id: String
            let keys: HexOctets?
            let hostChallenge: HexOctets?
            let aid: HexOctets?
            let cardChallenge: HexOctets?
            let cardCryptogram: HexOctets?
            let extAuth: HexOctets?
            let commandWrapped: HexOctets?
            let rspData: HexOctets?
            let rmac: HexOctets?
        }
        let vectors: [Entry]
    }

    @Test func computedVector() throws {
        let vectors = try (Vectors.decode("computed.json") as Computed).vectors
        let vector = try #require(vectors.first { $0.id == "scp02-i55-rmac" })
        let key = try #require(vector.keys).octets
        var keys = TestKeys()
        // The computation has option 55 with R-MACs, which is option 75.
        keys.add(0x20, .scp02(try #require(SCP02Options(0x75))), [key, key, key])
        keys.counters[0x20] = 1
        keys.aid = try #require(vector.aid).octets
        let card = CardSide(keys)
        let challenge = try #require(vector.hostChallenge).octets
        let response = card.send([0x80, 0x50, 0x00, 0x00, 0x08] + challenge)
        let expected = try #require(vector.cardChallenge).octets + #require(vector.cardCryptogram).octets
        #expect(hex(response) == "0000000000000000000020020001" + hex(expected) + "9000")
        #expect(hex(card.send(try #require(vector.extAuth).octets)) == "9000")
        card.answer = (try #require(vector.rspData).octets, .success)
        let answer = hex(card.send(try #require(vector.commandWrapped).octets))
        #expect(answer == hex(card.answer.data + (try #require(vector.rmac).octets)) + "9000")
    }

    private func opened(_ channel: SecureChannelProtocol, _ level: UInt8) throws -> (CardSide, Host) {
        var keys = TestKeys()
        var values = RoundTripTests.aesKeys(16)
        if case .scp02 = channel { values = RoundTripTests.desKeys }
        keys.add(0x30, channel, values)
        let card = CardSide(keys)
        let host = Host(channel, version: 0x30, keys: values)
        try #require(host.take(card.send(host.initializeUpdate())))
        try #require(hex(card.send(host.externalAuthenticate(level))) == "9000")
        return (card, host)
    }

    private func exchange(_ card: CardSide, _ host: Host) {
        card.answer = ([1, 2, 3], .success)
        let command = octets("80E2800003AABBCC")
        let response = card.send(host.wrap(command))
        #expect(card.received == command)
        #expect(host.unwrap(response, to: command) == [1, 2, 3])
    }

    @Test func scp03() throws {
        let channel = SecureChannelProtocol.scp03(try #require(SCP03Options(0x70)))
        for (level, begin, within) in [
            (UInt8(0x01), "807A1001", UInt8(0x11)), (0x03, "807A1001", 0x13), (0x03, "807A3001", 0x33),
            (0x03, "807A100103020102", 0x13), (0x13, "807A3001", 0x33),
        ] {
            let (card, host) = try opened(channel, level)
            exchange(card, host)
            let response = card.send(host.wrap(octets(begin)))
            #expect(host.unwrap(response, to: octets(begin)) == [])
            #expect(hex(Array(response.suffix(2))) == "9000")
            host.level = within
            #expect(card.session.level.rawValue == 0x80 | within)
            exchange(card, host)
            let end = octets("80780003")
            #expect(host.unwrap(card.send(host.wrap(end)), to: end) == [])
            host.level = level
            #expect(card.session.level.rawValue == 0x80 | level)
            exchange(card, host)
        }
        for (level, command, status) in [
            (UInt8(0x33), "807A3001", "6985"), (0x33, "807A1001", "6985"), (0x11, "807A1001", "6985"),
            (0x13, "807A1001", "6985"), (0x00, "807A1001", "6985"), (0x01, "807A3001", "6985"),
            (0x11, "80780003", "6985"), (0x03, "80780003", "6985"), (0x03, "80780001", "6A86"),
            (0x03, "807A2001", "6A86"), (0x03, "807A1000", "6A86"), (0x03, "807A0001", "6A86"),
            (0x03, "807A10010201", "6A80"), (0x03, "807A10011918" + String(repeating: "00", count: 24), "9000"),
            (0x03, "807A10011A19" + String(repeating: "00", count: 25), "6A80"),
        ] {
            let (card, host) = try opened(channel, level)
            var command = octets(command)
            if command.count == 6 { command = command.prefix(4) + [0x02] + command.suffix(2) }
            let response = card.send(host.wrap(command))
            #expect(hex(Array(response.suffix(2))) == status, "\(level) \(hex(command))")
            #expect(card.session.state == .open)
            if status != "9000" { exchange(card, host) }
        }
    }

    @Test func scp02() throws {
        let channel = SecureChannelProtocol.scp02(try #require(SCP02Options(0x75)))
        for level in [UInt8(0x00), 0x01, 0x03] {
            for isSilent in [false, true] {
                let (card, host) = try opened(channel, level)
                exchange(card, host)
                let begin = octets(isSilent ? "807A000104030A0B0C" : "807A100104030A0B0C")
                #expect(hex(card.send(host.wrap(begin))) == "9000")
                host.level = level | 0x10
                // The command has begun the chain.
                let first = Host.stripped(begin) + [0x00, 0x90, 0x00]
                host.advance(first)
                card.answer = ([1, 2, 3], .success)
                let command = octets("80E2800003AABBCC")
                for _ in 0..<2 {
                    let response = card.send(host.wrap(command))
                    if isSilent {
                        #expect(hex(response) == "0102039000")
                        host.advance(command + [3, 1, 2, 3, 0x90, 0x00])
                    } else {
                        #expect(host.unwrap(response, to: command) == [1, 2, 3])
                    }
                }
                #expect(hex(card.send(host.wrap(octets("80780001")))) == hex(host.responseChain) + "9000")
                #expect(hex(card.send(host.wrap(octets("80780003")))) == hex(host.responseChain) + "9000")
                host.level = level
                #expect(card.session.level.rawValue == 0x80 | level)
                exchange(card, host)
            }
        }
    }

    /// An error of the application: SCP02 gives an R-MAC to it, SCP03 none.
    @Test func errors() throws {
        var (card, host) = try opened(.scp02(try #require(SCP02Options(0x75))), 0x11)
        card.answer = ([], .referencedDataNotFound)
        let command = octets("80CA0066")
        var response = card.send(host.wrap(command))
        #expect(response.count == 10 && host.unwrap(response, to: command) == [])
        (card, host) = try opened(.scp03(try #require(SCP03Options(0x70))), 0x33)
        card.answer = ([], .referencedDataNotFound)
        response = card.send(host.wrap(command))
        #expect(hex(response) == "6A88")
    }
}
