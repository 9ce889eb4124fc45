import Card
import Memory
import Octets
import Testing

/// The power fails in every program operation of scripted flows.
///
/// Each flow runs once, and its program operations are recorded. From the record follows each image that a power
/// failure can leave behind; each is recovered, and must then be the image before the command or the one after it,
/// octet for octet. With a PIN there is one more: the try is counted; so is an authentication. And where a session is
/// suspended any command ends that first: that is one more too.
@Suite struct TearingTests {
    @Test func theFlowsHaveCommandsEnough() throws {
        var count = 0
        var codes: Set<UInt8> = []
        for name in Script.names("Scripts") {
            for (_, step) in try Script("Scripts", name).steps {
                guard case .command(let octets, _) = step else { continue }
                count += 1
                codes.insert(octets[1])
            }
        }
        print("\(count) commands, \(codes.count) instruction codes")
        #expect(count >= 300)
        // Every command that changes the memory.
        let changing: Set<UInt8> = [
            0x04, 0x20, 0x24, 0x26, 0x28, 0x2C, 0x32, 0x44, 0x76, 0x88, 0xD4, 0xD6, 0xDB, 0xDC, 0xE0, 0xE4, 0xE6, 0xE8,
            0xFE,
        ]
        #expect(changing.isSubset(of: codes))
    }

    @Test(arguments: Script.names("Scripts"))
    func everyProgramOperationOfAFlowIsTorn(name: String) throws {
        var card = try FaultCard(try Fixture.personalised())
        var cuts = try PowerCuts(size: card.image.octets.count, seed: 0x7EA2, .chosen)
        var changes = 0
        let before = Block(card.image)
        for (line, step) in try Script("Scripts", name).steps {
            guard case .command(let scripted, let expected) = step else {
                // A card anew: its random numbers begin again too.
                card = try FaultCard(card.image)
                continue
            }
            let command = card.filled(scripted)
            let what = "\(name), line \(line)"
            before.copy(card.image)
            let ended = command[1] == 0x76 ? nil : before.withoutSuspendedSession()
            let presented = CountedTry(command, in: ended ?? before)?.image
            let log = OperationLog(of: card.image)
            card.card.system.memory.observeOperations { log.note($0) }
            let response = card.send(command)
            card.card.system.memory.observeOperations(nil)
            log.finish()
            #expect(response.suffix(expected.count) == expected[...], "\(what): \(Hex.string(response))")
            guard !log.operations.isEmpty else {
                #expect(card.image.equals(before), "\(what)")
                continue
            }
            changes += 1
            let found = defects(of: card.image)
            #expect(found == [], "\(what)")
            let counted = command[1] == 0x88 ? (ended ?? before).withCounts(of: card.image) : presented
            var states = [before] + [ended, counted].compactMap { $0 }
            // With a right PIN the last state is the first one again.
            if let last = states.last, !card.image.equals(last) { states.append(Block(card.image)) }
            if let presented, response.starts(with: [0x63]) || response.starts(with: [0x98]) {
                // A wrong value has been answered: what persists is the counted try.
                #expect(card.image.equals(presented), "\(what)")
            }
            let seen = cuts.everywhere(in: log.operations, states: states, what)
            #expect(seen == Set(states.indices), "\(what): a state that no power failure leaves")
        }
        print("\(name): \(changes) changes, seed \(0x7EA2), \(cuts.counts.text)")
    }

    /// The record says what the injected power failure does too, and the card goes on after it.
    @Test(arguments: Script.names("Scripts"))
    func aPowerFailureOfTheCardLeavesWhatTheRecordSays(name: String) throws {
        let seed: UInt64 = 0x0FF
        var random = SeededGenerator(seed: seed)
        var card = try FaultCard(try Fixture.personalised())
        var session: (image: Block, commands: [[UInt8]]) = (Block(card.image), [])
        var failures = 0
        for (line, step) in try Script("Scripts", name).steps {
            guard case .command(let scripted, _) = step else {
                card = try FaultCard(card.image)
                session = (Block(card.image), [])
                continue
            }
            let command = card.filled(scripted)
            let before = Block(card.image)
            let log = OperationLog(of: card.image)
            card.card.system.memory.observeOperations { log.note($0) }
            _ = card.send(command)
            card.card.system.memory.observeOperations(nil)
            log.finish()
            if !log.operations.isEmpty, random.chance(12) {
                let place = random.below(log.operations.count)
                let other = try FaultCard(session.image)
                for earlier in session.commands { _ = other.send(earlier) }
                #expect(other.image.equals(before), "\(name), line \(line)")
                for operation in log.operations[..<place] { Tear.complete(operation, on: before) }
                let tears: [PowerFailure.Tear] = [.before, .after, .subset(seed: random.next())]
                let kind = random.below(3)
                other.card.system.memory.schedule(
                    PowerFailure(completeOperations: UInt64(place), tear: tears[kind])
                )
                #expect(other.send(command) == [], "\(name), line \(line)")
                if kind == 1 { Tear.complete(log.operations[place], on: before) }
                if kind < 2 { #expect(other.image.equals(before), "\(name), line \(line)") }
                // SELECT MF, or what a terminated card says.
                #expect([[0x90, 0x00], [0x62, 0x85]].contains(other.send([0x00, 0xA4, 0x00, 0x0C])))
                let found = defects(of: other.image)
                #expect(found == [], "\(name), line \(line)")
                failures += 1
            }
            session.commands.append(command)
        }
        print("\(name): seed \(seed), \(failures) injected power failures")
    }
}

/// The image in which the try of a command that presents a PIN or an unblocking code is counted, and nothing else.
private struct CountedTry {
    let image: Block

    /// nil where the command presents nothing, or no try is left.
    init?(_ command: [UInt8], in before: Block) {
        guard command.count > 5, [0x20, 0x24, 0x26, 0x28, 0x2C].contains(command[1]),
            let memory = try? Memory(mounting: before.octets),
            let pin = Place(of: Self.reference(command), .pinCodes, memory, before)
        else { return nil }
        var place = pin
        if command[1] == 0x2C {
            guard let code = Place(of: before.octets[pin.field(3, memory)], .unblockingCodes, memory, before) else {
                return nil
            }
            place = code
        }
        let tries = place.field(2, memory)
        guard before.octets[tries] & 0x0F > 0 else { return nil }
        let isEnabled = before.octets[pin.field(1, memory)] & 0x01 != 0
        let isAnswered = command[1] == 0x2C || isEnabled != (command[1] == 0x28)
        let length = command[1] == 0x24 || command[1] == 0x2C ? 16 : 8
        guard isAnswered, command.count == 5 + length else { return nil }
        image = Block(before)
        image.octets[tries] -= 1
    }

    /// The key reference. In class A0 CHV1 is the PIN 01, and CHV2 the PIN 81.
    private static func reference(_ command: [UInt8]) -> UInt8 {
        command[0] != 0xA0 ? command[3] : command[3] == 2 ? 0x81 : 0x01
    }

    /// Where the entry of a code stands. In the card of the tests a key reference has one code.
    private struct Place {
        let object: ObjectReference
        let index: Int

        /// nil where there is no such code.
        init?(of reference: UInt8, _ kind: ObjectKind, _ memory: borrowing Memory, _ image: Block) {
            var next = memory.firstObject(of: kind)
            while let object = next {
                for index in stride(from: 8, to: memory.length(of: object), by: 16)
                where image.octets[memory.imageOffset(of: object, at: index)] == reference {
                    (self.object, self.index) = (object, index)
                    return
                }
                next = memory.firstObject(of: kind, from: object.page + 1)
            }
            return nil
        }

        /// The offset in the image of a field of the entry.
        func field(_ number: Int, _ memory: borrowing Memory) -> Int {
            memory.imageOffset(of: object, at: index + number)
        }
    }
}
