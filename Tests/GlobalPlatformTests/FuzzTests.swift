import CardOS
import GlobalPlatform
import Octets
import Testing

/// Commands that are right but for some octets, and sequences of commands in any order: each is answered, and nothing
/// that was changed under a C-MAC is executed.
@Suite struct FuzzTests {
    struct Generator {
        var state: UInt64

        mutating func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
    }

    @Test(arguments: [UInt64(0x0123_4567_89AB_CDEF), 1, 0xFEED_BEEF])
    func mutatedCommands(_ seed: UInt64) throws {
        print("FuzzTests.mutatedCommands: seed \(seed)")
        var generator = Generator(state: seed)
        let channels = RoundTripTests.channels()
        for _ in 0..<400 {
            let (channel, values, levels) = channels[generator.next(channels.count)]
            var keys = TestKeys()
            keys.add(0x30, channel, values)
            let card = CardSide(keys)
            let host = Host(channel, version: 0x30, keys: values)
            let protected = levels.filter { $0 & 0x01 != 0 }
            let level = protected[generator.next(protected.count)]
            try #require(host.take(card.send(host.initializeUpdate())))
            try #require(hex(card.send(host.externalAuthenticate(level))) == "9000")
            for _ in 0..<generator.next(3) {
                _ = card.send(host.wrap(octets("80E2800003AABBCC")))
                try #require(card.received == octets("80E2800003AABBCC"))
            }
            let data = (0..<generator.next(120)).map { UInt8($0) }
            let command: [UInt8] = [0x80, 0xE2, 0x80, 0x00, UInt8(data.count)] + data
            let right = host.wrap(data.isEmpty ? Array(command.prefix(4)) : command)
            var wrong = right
            for _ in 0...generator.next(3) { wrong[generator.next(right.count)] = UInt8(generator.next(256)) }
            if generator.next(4) == 0 { wrong.removeLast(generator.next(wrong.count)) }
            let response = card.send(wrong)
            #expect(response.count >= 2)
            guard let received = card.received else { continue }
            // What was executed is what the host has sent, on whatever channel, or a command of the card itself.
            let isForeign = [0xA4, 0x70, 0xC0].contains(wrong[1]) && wrong[0] & 0x80 == 0
            let isSame =
                Array(received.dropFirst()) == Array(withoutLe(command).dropFirst())
                || data.isEmpty && Array(received.dropFirst()) == Array(command[1..<4])
            #expect(isForeign || isSame && received[0] & 0x80 != 0, "seed \(seed): \(hex(right)) \(hex(wrong))")
        }
    }

    @Test(arguments: [UInt64(0x0123_4567_89AB_CDEF), 2])
    func anyOrder(_ seed: UInt64) throws {
        print("FuzzTests.anyOrder: seed \(seed)")
        var generator = Generator(state: seed)
        let settings = try SessionStateTests.settings()
        for _ in 0..<60 {
            let setting = settings[generator.next(settings.count)]
            var keys = try SCP11Tests.keys()
            keys.add(0x30, setting.channel, setting.keys)
            let card = CardSide(keys)
            let host = Host(setting.channel, version: 0x30, keys: setting.keys)
            for _ in 0..<40 {
                var command = try SessionStateTests.commands[generator.next(SessionStateTests.commands.count)].make(
                    host
                )
                if generator.next(4) == 0 { command[generator.next(command.count)] = UInt8(generator.next(256)) }
                if generator.next(16) == 0 { command.removeLast(generator.next(command.count)) }
                let response = card.send(command)
                let status = UInt16(response[response.count - 2]) << 8 | UInt16(response[response.count - 1])
                #expect(status != 0x6F00, "seed \(seed): \(hex(command))")
                #expect(card.session.state == .open || card.session.level == [])
                if command.count > 2, command[1] == 0x50, status == 0x9000 { _ = host.take(response) }
            }
        }
    }

    /// Octets of any kind as certificates, key agreements and key fields.
    @Test func parsers() throws {
        var generator = Generator(state: 7)
        let certificate = try SCP11Tests.certificate()
        let agreement = try SCP11Tests.agreement("01")
        for _ in 0..<5_000 {
            var octets = generator.next(2) == 0 ? certificate : agreement
            for _ in 0...generator.next(4) { octets[generator.next(octets.count)] = UInt8(generator.next(256)) }
            if generator.next(3) == 0 { octets.removeLast(generator.next(octets.count)) }
            octets.withView { view in
                _ = try? Certificate(view)
                var cursor = OctetCursor(view)
                _ = try? KeyDataField(&cursor, blockLength: generator.next(2) == 0 ? 8 : 16)
            }
        }
    }
}
