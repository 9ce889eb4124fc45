import CardCrypto
import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// What attackers of security domains try, and what the card does: docs/security.md lists these tests.
@Suite struct AttackTests {
    private static let ok: [UInt8] = [0x90, 0x00]
    private static let refused: [UInt8] = [0x69, 0x82]
    private static let conditions: [UInt8] = [0x69, 0x85]
    private static let kinds: [SessionKind] = [.scp02(0x03), .scp02(0x13), .scp03(0x03), .scp03(0x33), .scp11a(0x33)]
    private let card: FaultCard
    private let session: DomainSession

    init() throws {
        card = try FaultCard(try Fixture.domains(size: 65_536), .t1)
        session = DomainSession(card)
    }

    private func open(_ kind: SessionKind, _ domain: Domain = .issuer) throws {
        _ = session.select(domain.aid)
        try #require(try session.open(kind) == Self.ok)
    }

    private static let list = Command.make(0xF2, 0x80, 0x02, [0x4F, 0x00])

    private func status(_ response: [UInt8]?) -> [UInt8]? { response.map { Array($0.suffix(2)) } }

    /// Whether octets stand anywhere in the image.
    private func imageHolds(_ octets: [UInt8]) -> Bool {
        octets.withView { OctetView(UnsafeRawBufferPointer(card.image.octets)).firstIndex(of: $0) != nil }
    }

    // MARK: Sessions

    /// All that went over the wire once, played again: the sequence counter has moved on, over a reset as well.
    @Test(arguments: [SessionKind.scp02(0x03), .scp03(0x03), .scp03(0x33)])
    func aRecordedSessionIsPlayed(kind: SessionKind) throws {
        let before = Block(card.image)
        let first = session.initialize(kind)
        var record = [session.host.initializeUpdate()]
        record.append(session.host.externalAuthenticate(kind.level))
        #expect(card.send(record[1]) == Self.ok)
        record.append(session.wrap(Command.make(0xE4, 0, 0, [0xD2, 0x01, 0x03])))
        #expect(card.send(record[2]).suffix(2) == Self.ok[...])
        // The keys are there again, but not what was counted.
        let counted = before.withSessionCounters(of: card.image) ?? before
        card.image.copy(counted)
        card.card.powerOn()
        let again = card.send(record[0])
        #expect(again.suffix(2) == Self.ok[...])
        #expect(again != first)
        #expect([[0x63, 0x00], Self.refused].contains(card.send(record[1])))
        #expect(status(card.send(record[2])) == Self.refused)
    }

    /// The same command again within its session: the chain of MACs has moved on.
    @Test(arguments: kinds)
    func aCommandIsPlayedAgainInItsSession(kind: SessionKind) throws {
        try open(kind)
        let command = session.wrap(Self.list)
        #expect(card.send(command).suffix(2) == Self.ok[...])
        #expect(card.send(command) == Self.refused)
        // The session is over.
        #expect(card.send(session.wrap(Self.list)) == Self.refused)
    }

    /// Bad padding, a bad MAC, a missing MAC and ciphertext of no whole blocks cannot be told from one another.
    @Test(arguments: kinds)
    func paddingIsNoOracle(kind: SessionKind) throws {
        let faults: [@Sendable (Host) -> [UInt8]] = [
            { $0.wrapWrongly(Self.list) }, { $0.wrapBroken(Self.list) },
            { host in
                var command = host.wrap(Self.list)
                command[command.count - 2] ^= 1
                return command
            },
            { host in
                // The last block of the ciphertext, that is, the padding.
                var command = host.wrap(Self.list)
                command[command.count - 2 - host.size] ^= 1
                return command
            }, { _ in [0x84] + Self.list.dropFirst() + [0x00] },
        ]
        for fault in faults {
            try open(kind)
            let before = Block(card.image)
            #expect(card.send(fault(session.host)) == Self.refused)
            #expect(card.image.equals(before))
            #expect(card.card.open.channels[0].session?.pointee.secureChannel.state == .aborted)
        }
    }

    @Test(arguments: kinds)
    func aPlainCommandInASession(kind: SessionKind) throws {
        try open(kind)
        #expect(card.send(Self.list + [0x00]) == Self.refused)
        #expect(card.send(session.wrap(Self.list)) == Self.refused)
    }

    /// The level is under the MAC of EXTERNAL AUTHENTICATE, and holds for each command.
    @Test func theLevelIsLowered() throws {
        session.initialize(.scp03(0x33))
        var command = session.host.externalAuthenticate(0x33)
        command[2] = 0x00
        #expect(card.send(command) == Self.refused)
        for level: UInt8 in [0x02, 0x10, 0x30, 0x80, 0x83] {
            session.initialize(.scp03(0x33))
            #expect(card.send(session.host.externalAuthenticate(level)) == [0x6A, 0x86])
        }
        // A right MAC over data in the clear.
        try open(.scp03(0x03))
        session.host.level = 0x01
        #expect(card.send(session.wrap(Self.list)) == Self.refused)
        // Who authenticates the card only, manages nothing.
        try open(.scp11b(0x33))
        #expect(status(session.exchange(Self.list)) == Self.refused)
    }

    // MARK: Counters

    /// Whatever becomes of what comes after: reset, power failure, a command that is rolled back.
    @Test func countersSurvive() throws {
        var last = 0
        for round in 0..<6 {
            let response = session.initialize(.scp03(0x03))
            let counter = response.dropLast(2).suffix(3).reduce(0) { $0 << 8 | Int($1) }
            #expect(counter == last + 1)
            last = counter
            switch round {
            case 0: card.card.powerOff()
            case 1: #expect(card.send(session.host.externalAuthenticate(0x03)) == Self.ok)
            case 2:
                #expect(card.send(session.host.externalAuthenticate(0x03)) == Self.ok)
                let command = Command.make(0xD8, 0, 0x81, session.keyData(0x30, .aes, DomainKeys.scp03))
                #expect(status(session.exchange(command)) == Self.conditions)
            case 3:
                card.card.system.memory.schedule(PowerFailure(completeOperations: 0, tear: .before))
                #expect(session.initialize(.scp03(0x03)) == [])
                card.card.system.memory.schedule(nil)
            default: card.card.powerOn()
            }
        }
        // SCP02 counts when the first C-MAC is right.
        let counter = { Array(self.session.initialize(.scp02(0x01))[12..<14]) }
        let first = counter()
        #expect(counter() == first)
        #expect(card.send(session.host.externalAuthenticate(0x01)) == Self.ok)
        card.card.powerOn()
        #expect(counter() == [first[0], first[1] + 1])
    }

    /// Guessing: as many failures in a row as the key set allows, and no session begins with it any more.
    @Test(arguments: [SessionKind.scp02(0x01), .scp03(0x01)])
    func keysAreGuessed(kind: SessionKind) throws {
        for _ in 0..<5 {
            #expect(session.initialize(kind).suffix(2) == Self.ok[...])
            session.host.hostCryptogram[0] ^= 1
            #expect(card.send(session.host.externalAuthenticate(0x01)) == [0x63, 0x00])
            card.card.powerOn()
        }
        #expect(session.initialize(kind) == [0x69, 0x83])
        // The other keys are as they were.
        try open(kind.level == 0x01 && kind == .scp02(0x01) ? .scp03(0x01) : .scp02(0x01))
    }

    // MARK: Keys

    @Test(arguments: kinds)
    func aKeyWithAnotherCheckValue(kind: SessionKind) throws {
        try open(kind)
        // That of SCP11a has counted.
        _ = session.exchange(Self.list)
        let before = Block(card.image)
        let keys = DomainKeys.scp03
        let data = [0x32] + session.keyField(.aes, keys[0]) + session.keyField(.aes, keys[1], checkValue: [1, 2, 3])
        #expect(status(session.exchange(Command.make(0xD8, 0, 0x81, data))) == Self.refused)
        #expect(card.image.equals(before))
    }

    /// Keys that are replaced, deleted, or go with their security domain: their octets are nowhere in the image.
    @Test func keysThatWentAreLookedFor() throws {
        try open(.scp03(0x33))
        let keys = DomainKeys.scp02
        let fresh = [[UInt8](0xB0...0xBF), [UInt8](0xC0...0xCF), [UInt8](0xD0...0xDF)]
        let put = { (old: UInt8, keys: [[UInt8]]) in
            self.status(self.session.exchange(Command.make(0xD8, old, 0x81, self.session.keyData(0x32, .aes, keys))))
        }
        let others = fresh.map { $0.map { $0 ^ 0x55 } }
        #expect(put(0, fresh) == Self.ok)
        #expect(fresh.allSatisfy(imageHolds))
        #expect(put(0x32, others) == Self.ok)
        #expect(!fresh.contains(where: imageHolds))
        #expect(status(session.exchange(Command.make(0xE4, 0, 0, [0xD2, 0x01, 0x32]))) == Self.ok)
        #expect(!others.contains(where: imageHolds))
        // The keys of the fixture are those of all its domains: one after the other goes.
        #expect(keys.allSatisfy(imageHolds))
        for domain in Domain.allCases where domain != .issuer {
            for aid in [domain.below, domain.aid] {
                #expect(status(session.exchange(Command.make(0xE4, 0, 0, Command.tlv(0x4F, aid)))) == Self.ok)
            }
        }
        #expect(status(session.exchange(Command.make(0xE4, 0, 0, [0xD2, 0x01, 0x20]))) == Self.ok)
        #expect(!keys.contains(where: imageHolds))
    }

    /// However a session ends, its keys are gone (`SecretOctets` wipes them), and so are the commands that it deciphered.
    @Test func theMemoryOfASessionIsLookedAt() throws {
        let marker = [UInt8](0x61...0x78)
        for end in 0..<5 {
            try open(.scp03(0x33))
            _ = session.exchange(Command.make(0xE2, 0x88, 0, [0x00, 0x70, 26, 0x45, 24] + marker))
            switch end {
            case 0: _ = session.select(Domain.issuer.aid)
            case 1: _ = session.select(Domain.plain.aid)
            case 2: _ = card.send([0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00, 0x00])
            case 3: card.card.powerOn()
            default: #expect(card.send(Self.list + [0x00]) == Self.refused)
            }
            let held = try #require(card.card.open.channels[0].session)
            #expect(held.pointee.secureChannel.level.isEmpty)
            #expect(held.pointee.secureChannel.aes == nil && held.pointee.secureChannel.sensitive == nil)
            if end < 4 {
                let isClean = held.pointee.scratch.allSatisfy { $0 == 0 }
                #expect(isClean)
            }
        }
    }

    /// Every tag of GET DATA, in a session: no octets of a key are in what comes. The fuzzer looks at all other commands.
    @Test func noDataObjectIsAKey() throws {
        try open(.scp03(0x03))
        for first: UInt8 in [0x00, 0x2F, 0x5F, 0x7F, 0x9F, 0xBF, 0xDF, 0xFF] {
            for second: UInt8 in 0x00...0xFF {
                let response = session.exchange(Command.make(0xCA, first, second, [])) ?? []
                #expect(response.count >= 2)
                for key in DomainKeys.all { #expect(!response.contains(key[..<8])) }
            }
        }
    }

    // MARK: Life cycles

    @Test func aLockedDomainIsUsed() throws {
        let outside = DomainSession(card, channel: 1)
        #expect(card.send([0x00, 0x70, 0x00, 0x00, 0x01]) == [0x01] + Self.ok)
        _ = outside.select(Domain.authorized.aid)
        #expect(try outside.open(.scp03(0x33)) == Self.ok)
        try open(.scp03(0x33))
        // It locks itself, does nothing any more, and does not unlock itself.
        let lock = Command.make(0xF0, 0x40, 0x80, Domain.authorized.aid)
        let unlock = Command.make(0xF0, 0x40, 0x00, Domain.authorized.aid)
        #expect(status(outside.exchange(lock)) == Self.ok)
        for command in [unlock, Self.list, Command.make(0xCA, 0x00, 0x66, [])] {
            #expect(card.send(outside.wrap(command)) == Self.conditions)
        }
        #expect(status(outside.initialize(.scp03(0x01))) == Self.conditions)
        // One beside it cannot unlock it either; the one above can.
        let beside = DomainSession(card, channel: 1)
        _ = beside.select(Domain.plain.aid)
        #expect(try beside.open(.scp03(0x03)) == Self.ok)
        #expect(status(beside.exchange(unlock)) == [0x6A, 0x88])
        #expect(status(session.exchange(unlock)) == Self.ok)
    }

    /// SELECT by name and MANAGE CHANNEL in secure messaging would reach the platform past OPEN, which knows what is locked
    /// and whose session is on which channel.
    @Test func selectionInSecureMessaging() throws {
        let name: [UInt8] = [0xA0, 0x00, 0x00, 0x00, 0x87]
        let select: [UInt8] = [0x00, 0xA4, 0x04, 0x04, UInt8(name.count)] + name
        try open(.scp03(0x33))
        let before = Block(card.image)
        for command in [select, [0x00, 0x70, 0x00, 0x00], [0x00, 0x70, 0x00, 0x02], [0x00, 0x70, 0x80, 0x01]] {
            #expect(card.send(session.wrap(command)) == [0x68, 0x82])
        }
        #expect(card.image.equals(before))
        // The session goes on; a file is selected in it.
        #expect(status(session.exchange([0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00])) == Self.ok)
        #expect(status(session.exchange(Self.list)) == Self.ok)
    }

    @Test func aLockedCardIsUsed() throws {
        try open(.scp03(0x33), .authorized)
        // A domain without the privilege locks no card.
        #expect(status(session.exchange(Command.make(0xF0, 0x80, 0x7F, []))) == Self.conditions)
        try open(.scp03(0x33))
        #expect(status(session.exchange(Command.make(0xF0, 0x80, 0x7F, []))) == Self.ok)
        #expect(card.send([0x00, 0x70, 0x00, 0x00, 0x01]) == [0x6A, 0x81])
        #expect(session.select(Domain.authorized.aid) == [0x6A, 0x82])
        #expect(session.select([]).suffix(2) == [0x62, 0x83])
        #expect(try session.open(.scp03(0x33)) == Self.ok)
        #expect(status(session.exchange(Command.make(0xE4, 0, 0, [0xD2, 0x01, 0x20]))) == Self.conditions)
        #expect(status(session.exchange(Command.make(0xF0, 0x40, 0x80, Domain.plain.aid))) == Self.conditions)
        #expect(status(session.exchange(Command.make(0xF0, 0x80, 0x0F, []))) == Self.ok)
    }

    @Test func aTerminatedCardIsUsed() throws {
        try open(.scp03(0x33))
        #expect(status(session.exchange(Command.make(0xF0, 0x80, 0xFF, []))) == Self.ok)
        for _ in 0..<2 {
            let before = Block(card.image)
            #expect(session.initialize(.scp03(0x01)) == Self.conditions)
            #expect(card.send(Command.make(0xF0, 0x80, 0x0F, []) + [0x00]) == Self.conditions)
            #expect(card.send([0x00, 0x70, 0x00, 0x00, 0x01]) == Self.conditions)
            #expect(card.image.equals(before))
            card.card.powerOn()
        }
    }

    // MARK: Data fields

    /// The right parts before a wrong one are not executed.
    @Test func whatOverrunsIsNotExecutedInPart() throws {
        try open(.scp03(0x03))
        let before = Block(card.image)
        let objects: [UInt8] = [0x45, 0x02, 1, 2, 0x42, 0x05, 1, 2]
        let commands: [[UInt8]] = [
            Command.make(0xE2, 0x88, 0, [0x00, 0x70, UInt8(objects.count)] + objects),
            Command.make(0xE2, 0x90, 0, objects),
            Command.make(0xD8, 0, 0x81, Array(session.keyData(0x32, .aes, DomainKeys.scp03).dropLast())),
            Command.make(0xE4, 0, 0, [0x4F, 0x0B] + Domain.plain.aid),
            Command.make(0xE6, 0x0C, 0, [0x07] + Domain.firmware + [0x30] + Domain.firmware),
            Command.make(0xF2, 0x40, 0x02, [0x4F, 0x7F, 0xA0]),
        ]
        for command in commands {
            #expect(status(session.exchange(command)) == [0x6A, 0x80], "\(Hex.string(command))")
            #expect(card.image.equals(before), "\(Hex.string(command))")
        }
    }

    /// Segments of one command do not become part of another one.
    @Test func segmentsAreMixed() throws {
        try open(.scp03(0x00))
        let put = Command.make(0xD8, 0x00, 0x81, session.keyData(0x32, .aes, DomainKeys.scp03))
        let first: [UInt8] = [0x80, 0xD8, 0x80, 0x81, 0x10] + put[5..<21]
        let second: [UInt8] = [0x80, 0xD8, 0x00, 0x81, UInt8(put.count - 21)] + put[21...] + [0x00]
        #expect(card.send(first) == Self.ok)
        #expect(card.send([0x80, 0xE4, 0x00, 0x00, 0x03, 0xD2, 0x01, 0x20, 0x00]) == Self.conditions)
        // What came before is forgotten.
        #expect(card.send(second).suffix(2) != Self.ok[...])
        #expect(card.send(first) == Self.ok)
        #expect(card.send(Self.list + [0x00]).suffix(2) == Self.ok[...])
        #expect(card.send(second).suffix(2) != Self.ok[...])
        #expect(card.send(first) == Self.ok)
        #expect(card.send(second).suffix(2) == Self.ok[...])
    }

    /// What is being personalized is deleted on another channel, and another application comes into its place: the data
    /// reach neither that nor the security domain.
    @Test func whatIsPersonalizedIsReplaced() throws {
        #expect(card.send([0x00, 0x70, 0x00, 0x00, 0x01]) == [0x01] + Self.ok)
        let other = DomainSession(card, channel: 1)
        _ = other.select(Domain.issuer.aid)
        #expect(try other.open(.scp03(0x03)) == Self.ok)
        try open(.scp02(0x03))
        let target = Domain.issuer.below
        let begin = Command.make(0xE6, 0x20, 0, Command.install([[], [], target, [], [], []]))
        #expect(status(session.exchange(begin)) == Self.ok)
        #expect(status(other.exchange(Command.make(0xE4, 0, 0, Command.tlv(0x4F, target)))) == Self.ok)
        let fields = [Domain.firmware, Domain.firmware + [0x41], target + [0x01], [0x80, 0, 0], [0xC9, 0x00], []]
        #expect(status(other.exchange(Command.make(0xE6, 0x0C, 0, Command.install(fields)))) == Self.ok)
        let before = Block(card.image)
        let store = Command.make(0xE2, 0x88, 0, [0x00, 0x70, 0x04, 0x45, 0x02, 0xAA, 0xBB])
        #expect(status(session.exchange(store)) == Self.conditions)
        #expect(card.image.equals(before))
        // Nor does a locked one take them.
        let again = Command.make(0xE6, 0x20, 0, Command.install([[], [], target + [0x01], [], [], []]))
        #expect(status(session.exchange(again)) == Self.ok)
        #expect(status(other.exchange(Command.make(0xF0, 0x40, 0x80, target + [0x01]))) == Self.ok)
        #expect(status(session.exchange(store)) == Self.conditions)
    }
}

extension SessionKind {
    fileprivate var level: UInt8 {
        switch self {
        case .scp02(let level), .scp03(let level), .scp11a(let level), .scp11b(let level): level
        }
    }
}
