import Card
import Memory
import Octets
import Testing

/// Random commands on a personalised card, with all logical channels and transmission protocols.
@Suite struct CommandFuzzTests {
    @Test(arguments: Environment.TransmissionProtocol.allCases)
    func whateverIsSentIsAnswered(transmissionProtocol: Environment.TransmissionProtocol) throws {
        // In the small one memory and journal run short.
        let images = [try Fixture.personalised(), try Fixture.personalised(size: 65_536)]
        let scripted = try CommandGenerator.scripted()
        var counts: [UInt8: Int] = [:]
        var torn: [UInt8: Int] = [:]
        try Setting.forEachSeed("commands, \(transmissionProtocol.rawValue)", 40) { seed in
            let number = transmissionProtocol == .t0 ? 0 : transmissionProtocol == .t1 ? 1 : 2 as UInt64
            var generator = CommandGenerator(seed: seed &* 3 &+ number, scripted: scripted)
            var random = SeededGenerator(seed: ~seed)
            let card = try FaultCard(random.pick(images), transmissionProtocol)
            var properties = Properties(card)
            for command in CommandGenerator.opening { _ = properties.send(command) }
            for round in 0..<200 {
                if random.chance(60) {
                    card.card.powerOff()
                    for command in CommandGenerator.opening { _ = card.send(command) }
                }
                let command = card.filled(generator.next())
                if command.starts(with: FaultCard.resumption.prefix(4)) {
                    // A suspension may span a power-off.
                    if random.chance(2) { card.card.powerOff() }
                }
                if random.chance(20) {
                    card.card.system.memory.schedule(
                        PowerFailure(completeOperations: random.next() % 12, tear: .subset(seed: random.next()))
                    )
                    if card.send(command).isEmpty {
                        torn[command[1], default: 0] += 1
                        card.card.powerOn()
                        let found = defects(of: card.image)
                        if !found.isEmpty {
                            Issue.record("seed \(seed), round \(round), torn \(Hex.string(command)): \(found)")
                            return
                        }
                    }
                    card.card.system.memory.schedule(nil)
                } else if let fault = properties.send(command) {
                    Issue.record("seed \(seed), round \(round), \(Hex.string(command)): \(fault)\n\(properties.text)")
                    return
                }
                guard round % 20 == 19 else { continue }
                let found = properties.soundness()
                if !found.isEmpty {
                    Issue.record("seed \(seed), round \(round): \(found)\n\(properties.text)")
                    return
                }
            }
            counts.merge(properties.counts, uniquingKeysWith: +)
        }
        let total = counts.values.reduce(0, +)
        let text = counts.sorted { $0.key < $1.key }.map { "\(Hex.string([$0.key]))XX: \($0.value)" }
        print("\(transmissionProtocol.rawValue): \(total) commands, \(text)")
        let failures = torn.sorted { $0.key < $1.key }.map { "\(Hex.string([$0.key])): \($0.value)" }
        print("\(transmissionProtocol.rawValue): \(torn.values.reduce(0, +)) power failures, \(failures)")
        // The commands reach something: one in three is carried out.
        #expect((counts[0x90] ?? 0) * 3 > total)
    }
}
