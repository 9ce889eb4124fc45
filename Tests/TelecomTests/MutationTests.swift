import Octets
import Testing

/// Commands that are right but for some octets: the card answers each of them.
@Suite struct MutationTests {
    private static let commands = [
        "008800812210A37728DB6AA891D26E09CD275E8677ED1080BEAA64F7DD80007C2007B86AA40D1F00",
        "008800801110A37728DB6AA891D26E09CD275E8677ED00", "8078000100",
        "0088008423DD10A37728DB6AA891D26E09CD275E8677ED1080BEAA64F7DD80007C2007B86AA40D1F00",
        "008800840EDE0600112233445506001122334400", "A0A40000027F20", "A0A40000026F07", "A0B0000009",
        "A088000010A37728DB6AA891D26E09CD275E8677ED", "A0A2000002010200", "A0F2000017", "A0C000000F",
        "A02000010830303030FFFFFFFF",
    ]

    @Test func everyCommandIsAnswered() throws {
        var state: UInt64 = 0x0123_4567_89AB_CDEF
        print("MutationTests.everyCommandIsAnswered: seed \(state)")
        func random(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        var card = try TelecomCard(TelecomCard.testAlgorithm)
        for number in 0..<20_000 {
            // Some commands change what the card answers to the next ones: they begin anew now and then.
            if number % 500 == 0 {
                card = try TelecomCard(TelecomCard.testAlgorithm)
                try card.select()
            }
            var command = TelecomCard.octets(Self.commands[random(Self.commands.count)])
            for _ in 0..<random(3) { command[random(command.count)] = UInt8(random(256)) }
            if random(4) == 0 { command.removeLast(random(command.count)) }
            let response = try card.send(Hex.string(command))
            #expect(response.count >= 4 && response.count % 2 == 0)
            let text = Hex.string(command)
            #expect(response != "6F00" && response != "6581", "\(text): \(response)")
        }
    }
}
