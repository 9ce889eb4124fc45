import Card
import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// Whole sessions with security domains by somebody who has the keys: on four logical channels, at every level of SCP02,
/// SCP03 and SCP11, with commands that are right, nearly right, or wrongly protected, with resets and power failures.
@Suite struct DomainFuzzTests {
    /// One channel, and the level of its session.
    private struct Partner {
        let session: DomainSession
        var isOpen = false
    }

    @Test func whoHasTheKeysChangesNothingByWhatIsRefused() throws {
        // In the small one memory and journal run short.
        let images = [try Fixture.domains(), try Fixture.domains(size: 65_536)]
        var counts: [UInt8: Int] = [:]
        var carriedOut: [UInt8: Int] = [:]
        var failures = 0
        try Setting.forEachSeed("sessions with security domains", 80) { seed in
            var generator = DomainGenerator(seed: seed)
            var random = SeededGenerator(seed: ~seed)
            let card = try FaultCard(random.pick(images), .t1)
            var properties = Properties(card)
            var partners = Self.begin(card, &properties)
            for round in 0..<150 {
                func report(_ what: String) {
                    Issue.record("seed \(seed), round \(round): \(what)\n\(properties.text)")
                }
                if random.chance(50) {
                    card.card.powerOff()
                    partners = Self.begin(card, &properties)
                }
                let place = random.below(partners.count)
                if !partners[place].isOpen || random.chance(25) {
                    partners[place].isOpen = try Self.open(partners[place].session, &random)
                    continue
                }
                let session = partners[place].session
                let clear = generator.next(session)
                let command = Self.protected(clear, session, &random)
                if random.chance(40) {
                    card.card.system.memory.schedule(
                        PowerFailure(completeOperations: random.next() % 16, tear: .subset(seed: random.next()))
                    )
                    let isTorn = card.send(command).isEmpty
                    card.card.system.memory.schedule(nil)
                    if isTorn {
                        failures += 1
                        partners = Self.begin(card, &properties)
                        let found = properties.soundness()
                        guard found.isEmpty else { return report("torn \(Hex.string(clear)): \(found)") }
                    } else {
                        partners[place].isOpen = false
                    }
                    continue
                }
                // Some come in segments: all but the last with b8 of P1.
                let segments = Self.segments(of: command, &random)
                for segment in segments.dropLast() {
                    if let fault = properties.send(segment) { return report("\(Hex.string(clear)): \(fault)") }
                }
                if let fault = properties.send(segments.last ?? command) {
                    return report("\(Hex.string(clear)): \(fault)")
                }
                let response = properties.response
                let plain = command == session.wrapped ? session.host.unwrap(response, to: clear) : nil
                // b8 of P1 says that more will come: nothing is unwrapped, and no response protected.
                let isUnfinished = CommandSegments.has(clear) && clear[2] & 0x80 != 0
                let isRefused = response.suffix(2) == [0x69, 0x82] || command != session.wrapped || isUnfinished
                // What the session does not reach is not protected: a locked domain, commands of the platform. BEGIN and END
                // R-MAC SESSION change what is.
                let isAnswered = [0x90, 0x61, 0x62, 0x63].contains(response[response.count - 2])
                let changesProtection = [0x78, 0x7A].contains(clear[1])
                if !isRefused, plain == nil, isAnswered, !changesProtection {
                    return report("\(Hex.string(clear)): protection of \(Hex.string(response))")
                }
                if isRefused || plain == nil || changesProtection { partners[place].isOpen = false }
                for secret in generator.secrets {
                    for octets in [response, plain ?? []] where octets.contains(secret[..<8]) {
                        return report("\(Hex.string(clear)): a key in \(Hex.string(octets))")
                    }
                }
                if response[response.count - 2] == 0x90 { carriedOut[clear[1], default: 0] += 1 }
                guard round % 10 == 9 else { continue }
                let found = properties.soundness()
                guard found.isEmpty else { return report("\(Hex.string(clear)): \(found)") }
            }
            counts.merge(properties.counts, uniquingKeysWith: +)
        }
        let total = counts.values.reduce(0, +)
        let text = counts.sorted { $0.key < $1.key }.map { "\(Hex.string([$0.key]))XX: \($0.value)" }
        let successes = carriedOut.sorted { $0.key < $1.key }.map { "\(Hex.string([$0.key])): \($0.value)" }
        print("sessions: \(total) commands, \(text), carried out \(successes), \(failures) power failures")
        // The commands reach something: one in four is carried out.
        #expect((counts[0x90] ?? 0) * 4 > total)
        for instruction: UInt8 in [0xE4, 0xE6, 0xE8, 0xD8, 0xF2] {
            #expect((carriedOut[instruction] ?? 0) > 0, "\(Hex.string([instruction]))")
        }
    }

    /// Powers on, and opens three channels more.
    private static func begin(_ card: FaultCard, _ properties: inout Properties) -> [Partner] {
        card.card.powerOn()
        for _ in 1...3 { _ = properties.send([0x00, 0x70, 0x00, 0x00, 0x01]) }
        return (0..<4).map { Partner(session: DomainSession(card, channel: UInt8($0))) }
    }

    /// Selects a security domain and opens a session with it.
    private static func open(_ session: DomainSession, _ random: inout SeededGenerator) throws -> Bool {
        let domain = random.chance(2) ? Domain.issuer : random.pick(Domain.allCases)
        guard [[0x90, 0x00], [0x62, 0x83]].contains(Array(session.select(domain.aid).suffix(2))) else { return false }
        return try session.open(random.pick(SessionKind.all)) == [0x90, 0x00]
    }

    private static func segments(of command: [UInt8], _ random: inout SeededGenerator) -> [[UInt8]] {
        guard CommandSegments.has(command), command[2] & 0x80 == 0, command.count > 8, random.chance(4) else {
            return [command]
        }
        let length = Int(command[4])
        guard length > 1, command.count >= 5 + length else { return [command] }
        let cut = 5 + 1 + random.below(length - 1)
        let first: [UInt8] = [command[0], command[1], command[2] | 0x80, command[3], UInt8(cut - 5)]
        let last: [UInt8] = Array(command[..<4]) + [UInt8(length - cut + 5)]
        return [first + command[5..<cut], last + command[cut...]]
    }

    /// A command as the session has it; in one of twelve cases otherwise.
    private static func protected(
        _ command: [UInt8],
        _ session: DomainSession,
        _ random: inout SeededGenerator
    ) -> [UInt8] {
        guard random.chance(12) else { return session.wrap(command) }
        switch random.below(4) {
        case 0: return session.on(command + [0x00])
        case 1: return session.on([command[0] | 0x04] + command.dropFirst() + [0x00])
        case 2: return session.on(session.host.wrapWrongly(command.count > 4 ? command : command + [0x00]))
        default:
            var wrapped = session.on(session.host.wrap(command))
            wrapped[random.below(wrapped.count)] ^= 1 << UInt8(random.below(8))
            return wrapped
        }
    }
}

extension CommandSegments {
    /// Whether a command is one of those that come in segments.
    fileprivate static func has(_ command: [UInt8]) -> Bool { [0xE4, 0xE6, 0xD8].contains(command[1]) }
}
