import CardCrypto
import CardOS
import Foundation
import GlobalPlatform
import Octets
import Testing

/// A run of protected commands. `tools/bench_probes/count-allocations.c`, preloaded, counts what it allocates: as much
/// for many commands (`VEUICC_ROUNDS`) as for none. docs/globalplatform.md has the result.
@Suite struct AllocationTests {
    @Test func protectedCommands() throws {
        let rounds = ProcessInfo.processInfo.environment["VEUICC_ROUNDS"].flatMap(Int.init) ?? 50
        for (channel, level) in [
            (SecureChannelProtocol.scp03(try #require(SCP03Options(0x70))), UInt8(0x33)),
            (.scp02(try #require(SCP02Options(0x75))), 0x13),
        ] {
            var values = RoundTripTests.aesKeys(16)
            if case .scp02 = channel { values = RoundTripTests.desKeys }
            var keys = TestKeys()
            keys.add(0x30, channel, values)
            let card = CardSide(keys)
            let host = Host(channel, version: 0x30, keys: values)
            try run(rounds, card, host, level)
        }
    }

    private func run(
        _ rounds: Int,
        _ card: CardSide,
        _ host: Host,
        _ level: UInt8
    ) throws {
        try #require(host.take(card.send(host.initializeUpdate())))
        try #require(hex(card.send(host.externalAuthenticate(level))) == "9000")
        let length = host.wrap(octets("80E2800003AABBCC")).count
        try #require(host.take(card.send(host.initializeUpdate())))
        try #require(hex(card.send(host.externalAuthenticate(level))) == "9000")
        // All commands are made, however many of them are sent.
        let commands = SecretOctets(count: 2_000 * length)
        for number in 0..<2_000 {
            for (index, octet) in host.wrap(octets("80E2800003AABBCC")).enumerated() {
                commands.buffer[number * length + index] = octet
            }
        }
        let scratch = SecretOctets(count: 256)
        let room = SecretOctets(count: 512)
        let answer = secret([1, 2, 3])
        var done = 0
        for number in 0..<min(rounds, 2_000) {
            var response = OctetWriter(room.buffer)
            let view = commands.view.part(from: number * length, length: length)
            let command = try CommandAPDU(view, allowsExtended: false)
            let received = try card.session.receive(command, from: &card.keys, scratch: scratch.buffer, into: &response)
            if case .command(let plain) = received, plain.data.count == 3 { done += 1 }
            try card.session.wrap(answer.view, status: .success, into: &response)
        }
        #expect(done == min(rounds, 2_000))
    }
}
