import GlobalPlatform
import Octets
import Testing

/// Whole sessions between the card's code and the host of these tests.
@Suite struct RoundTripTests {
    static let desKeys = [
        octets("100102030405060708090A0B0C0D0E0F"), octets("101102030405060708090A0B0C0D0E0F"),
        octets("102102030405060708090A0B0C0D0E0F"),
    ]

    static func aesKeys(_ length: Int) -> [[UInt8]] {
        (0..<3).map { number in (0..<length).map { UInt8(number * 64 + $0) } }
    }

    /// Each protocol with each option that is built, and the levels that it has.
    static func channels() -> [(SecureChannelProtocol, [[UInt8]], [UInt8])] {
        var channels: [(SecureChannelProtocol, [[UInt8]], [UInt8])] = []
        for i in UInt8.min...UInt8.max {
            if let options = SCP02Options(i) {
                channels.append(
                    (.scp02(options), desKeys, [0x00, 0x01, 0x03] + (i & 0x20 != 0 ? [0x10, 0x11, 0x13] : []))
                )
            }
            if let options = SCP03Options(i) {
                var levels: [UInt8] = [0x00, 0x01, 0x03]
                if i & 0x20 != 0 { levels += [0x11, 0x13] }
                if i & 0x40 != 0 { levels += [0x33] }
                for length in [16, 24, 32] { channels.append((.scp03(options), aesKeys(length), levels)) }
            }
        }
        return channels
    }

    static let responses: [(data: [UInt8], status: StatusWord)] = [
        ([], .success), ([0x2A], .success), ([UInt8](repeating: 0x5A, count: 15), StatusWord(0x6310)),
        ([UInt8](repeating: 0x5A, count: 16), StatusWord(0x6283)), ([], StatusWord(0x6A88)),
        ([UInt8](0..<200), .success), ([], StatusWord(0x6310)),
    ]

    @Test func everyOptionAndLevel() throws {
        let channels = Self.channels()
        // SCP02: 8 options; SCP03: 6 options in both modes, with keys of three lengths.
        #expect(channels.count == 8 + 6 * 2 * 3)
        for (channel, staticKeys, levels) in channels {
            for level in levels {
                var keys = TestKeys()
                keys.add(0x30, channel, staticKeys)
                let card = CardSide(keys)
                let host = Host(channel, version: 0x30, keys: staticKeys)
                for session in 1...2 {
                    #expect(host.take(card.send(host.initializeUpdate())))
                    #expect(hex(card.send(host.externalAuthenticate(level))) == "9000")
                    #expect(card.session.level.rawValue == 0x80 | level)
                    try exchange(card, host, "\(channel) level \(level) session \(session)")
                }
            }
        }
    }

    private func exchange(_ card: CardSide, _ host: Host, _ comment: String) throws {
        for (number, length) in [0, 1, 7, 8, 9, 15, 16, 17, 100, 207].enumerated() {
            card.answer = Self.responses[number % Self.responses.count]
            var command: [UInt8] = [0x80, 0xE2, UInt8(number), UInt8(length)]
            if length > 0 { command += [UInt8(length)] + (0..<length).map { UInt8($0 * 7 & 0xFF) } }
            let response = card.send(host.wrap(command))
            #expect(card.received == command, "\(comment)")
            #expect(Array(response.suffix(2)) == [card.answer.status.sw1, card.answer.status.sw2], "\(comment)")
            #expect(host.unwrap(response, to: command) == card.answer.data, "\(comment)")
        }
    }

    /// On other logical channels the C-MAC is that of the basic one.
    @Test func logicalChannels() throws {
        for (channel, staticKeys, _) in Self.channels().filter({ $0.2.contains(0x13) }) {
            var keys = TestKeys()
            keys.add(0x30, channel, staticKeys)
            let card = CardSide(keys)
            let host = Host(channel, version: 0x30, keys: staticKeys)
            #expect(host.take(card.send(host.initializeUpdate())))
            #expect(hex(card.send(host.externalAuthenticate(0x13))) == "9000")
            var first = host.wrap([0x80, 0xF2, 0x80, 0x02, 0x02, 0x4F, 0x00])
            first[0] = 0x87
            var response = card.send(first)
            #expect(card.received == octets("83F28002024F00"))
            #expect(host.unwrap(response, to: octets("80F28002024F00")) == [])
            var second = host.wrap([0x80, 0xF2, 0x80, 0x02, 0x02, 0x4F, 0x00])
            second[0] = 0xE7
            response = card.send(second)
            #expect(card.received == octets("C7F28002024F00"))
            #expect(host.unwrap(response, to: octets("80F28002024F00")) == [])
        }
    }

    /// AmdD clause 6.2.4: above 255 octets the length field of the MAC has three octets.
    @Test func longCommand() throws {
        let channel = SecureChannelProtocol.scp03(try #require(SCP03Options(0x70)))
        var keys = TestKeys()
        keys.add(0x30, channel, Self.aesKeys(16))
        let card = CardSide(keys)
        let host = Host(channel, version: 0x30, keys: Self.aesKeys(16))
        #expect(host.take(card.send(host.initializeUpdate())))
        #expect(hex(card.send(host.externalAuthenticate(0x01))) == "9000")
        let data = [UInt8](repeating: 0x77, count: 600)
        let header: [UInt8] = [0x84, 0xE2, 0x80, 0x00, 0x00, 0x02, 0x60]
        let mac = cmac(host.sessionKeys["mac"] ?? [], host.chain + header + data).prefix(8)
        #expect(hex(card.send(header + data + mac)) == "9000")
        #expect(card.received?.count == 605)
    }

    /// Data fields around the lengths where that of the MAC, and that of the command, get three octets.
    @Test func lengthsAround255() throws {
        for (channel, staticKeys, levels) in Self.channels() where staticKeys[0].count == 16 {
            for level in levels where level & 0x01 != 0 {
                var keys = TestKeys()
                keys.add(0x30, channel, staticKeys)
                let card = CardSide(keys)
                let host = Host(channel, version: 0x30, keys: staticKeys)
                #expect(host.take(card.send(host.initializeUpdate())))
                #expect(hex(card.send(host.externalAuthenticate(level))) == "9000")
                card.answer = ([1, 2, 3], .success)
                for length in [231, 232, 239, 240, 247, 248, 255, 256, 257, 1_000] {
                    let data = (0..<length).map { UInt8($0 * 7 & 0xFF) }
                    // The length octet of this one is not looked at.
                    let command = octets("80E2000000") + data
                    let response = card.send(host.wrap(command))
                    #expect(card.received?.dropFirst(5) == data[...], "\(channel) level \(level) length \(length)")
                    #expect(host.unwrap(response, to: command) == [1, 2, 3], "\(channel) level \(level) \(length)")
                }
            }
        }
    }

    /// The session ends with `end`, and its keys with it.
    @Test func end() throws {
        let channel = SecureChannelProtocol.scp03(try #require(SCP03Options(0x70)))
        var keys = TestKeys()
        keys.add(0x30, channel, Self.aesKeys(16))
        let card = CardSide(keys)
        let host = Host(channel, version: 0x30, keys: Self.aesKeys(16))
        #expect(host.take(card.send(host.initializeUpdate())))
        #expect(hex(card.send(host.externalAuthenticate(0x33))) == "9000")
        card.session.end()
        #expect(card.session.state == .none && card.session.level == [])
        #expect(hex(card.send(host.wrap([0x80, 0xF2, 0x80, 0x02]))) == "6982")
        #expect(hex(card.send(octets("80F2800200"))) == "9000")
    }

    @Test func counterAtItsEnd() throws {
        for (channel, keys, last) in [
            (SecureChannelProtocol.scp03(try #require(SCP03Options(0x70))), Self.aesKeys(16), UInt32(0xFF_FFFF)),
            (.scp02(try #require(SCP02Options(0x55))), Self.desKeys, 0xFFFF),
        ] {
            var source = TestKeys()
            source.add(0x30, channel, keys)
            source.counters[0x30] = last - 1
            let card = CardSide(source)
            let host = Host(channel, version: 0x30, keys: keys)
            #expect(host.take(card.send(host.initializeUpdate())))
            #expect(hex(card.send(host.externalAuthenticate(0x01))) == "9000")
            #expect(card.keys.counters[0x30] == last)
            #expect(hex(card.send(host.initializeUpdate())) == "6985")
            #expect(card.keys.counters[0x30] == last)
        }
    }

    /// Two channels that were given one counter: the second to authenticate comes too late.
    @Test func counterUsedElsewhere() throws {
        let channel = SecureChannelProtocol.scp02(try #require(SCP02Options(0x55)))
        var source = TestKeys()
        source.add(0x30, channel, Self.desKeys)
        let card = CardSide(source)
        let host = Host(channel, version: 0x30, keys: Self.desKeys)
        #expect(host.take(card.send(host.initializeUpdate())))
        card.keys.counters[0x30] = 1
        #expect(hex(card.send(host.externalAuthenticate(0x01))) == "6985")
        #expect(card.keys.counters[0x30] == 1)
    }
}
