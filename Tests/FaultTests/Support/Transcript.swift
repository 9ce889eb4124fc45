import Card
import CardCrypto
import Foundation
import Memory
import Octets

/// What is done to a card: commands, resets, power failures. It depends on its seed only.
struct Transcript: Sendable {
    enum Step: Sendable {
        /// A resume token of zeros stands for the right one.
        case command([UInt8])
        case reset
        case powerOff
        /// The power fails in the program operation that follows so many.
        case powerCut(completeOperations: UInt64, seed: UInt64)
    }

    /// What a card has made of a transcript: the SHA-256 of all that it has answered, and of its image.
    struct Outcome: Equatable, Sendable {
        var responses: String
        var image: String
        /// How many commands were answered 9000 or 61XX.
        var successes = 0
    }

    var steps: [Step]
    let transmissionProtocol: Environment.TransmissionProtocol

    init(_ steps: [Step], _ transmissionProtocol: Environment.TransmissionProtocol) {
        self.steps = steps
        self.transmissionProtocol = transmissionProtocol
    }

    /// Random commands.
    init(seed: UInt64, commands: Int, cutsPower: Bool, scripted: [[UInt8]]) {
        var generator = CommandGenerator(seed: seed, scripted: scripted)
        var random = SeededGenerator(seed: ~seed)
        transmissionProtocol = random.pick(Environment.TransmissionProtocol.allCases)
        steps = CommandGenerator.opening.map { .command($0) }
        // A challenge in each: numbers of the generator that the session has.
        steps.append(.command([0x00, 0x84, 0x00, 0x00, 0x08]))
        var done = 0
        while done < commands {
            if random.chance(60) {
                steps.append(cutsPower && random.chance(2) ? .powerOff : .reset)
                steps += CommandGenerator.opening.map { .command($0) }
            }
            let command = generator.next()
            if command.isEmpty { continue }
            done += 1
            if command == FaultCard.resumption, random.chance(2) { steps.append(.reset) }
            if cutsPower, random.chance(20) {
                steps.append(.powerCut(completeOperations: random.next() % 12, seed: random.next()))
            }
            steps.append(.command(command))
        }
    }

    /// Does it all to a new card on a copy of `image`. What it answers is a line each, in hexadecimal; a reset is answered
    /// with the answer to reset, a power failure with an empty line.
    ///
    /// - Parameter note: called with each command as it was sent, and its response.
    func run(on image: [UInt8], note: (([UInt8], [UInt8]) -> Void)? = nil) throws -> Outcome {
        let block = Block(size: image.count)
        block.octets.copyBytes(from: image)
        let card = try FaultCard(block, transmissionProtocol)
        var hash = try Hash(.sha256)
        var successes = 0
        func add(_ line: String) throws {
            try Array((line + "\n").utf8).withView { (octets) throws(CryptoError) in try hash.update(octets) }
        }
        for step in steps {
            switch step {
            case .command(let command):
                let sent = card.filled(command)
                let response = card.send(sent)
                note?(sent, response)
                try add(Hex.string(response))
                if let sw1 = response.dropLast().last, sw1 == 0x90 || sw1 == 0x61 { successes += 1 }
            case .reset:
                card.card.warmReset()
                try add(Hex.string(card.card.answerToReset))
            case .powerOff: card.card.powerOff()
            case .powerCut(let completeOperations, let seed):
                let failure = PowerFailure(completeOperations: completeOperations, tear: .subset(seed: seed))
                card.card.system.memory.schedule(failure)
            }
        }
        let responses = try [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
            try hash.finish(into: UnsafeMutableRawBufferPointer(digest))
            count = 32
        }
        let final = try Hash.digest(.sha256, OctetView(UnsafeRawBufferPointer(card.image.octets)))
        return Outcome(responses: Hex.string(responses), image: Hex.string(final), successes: successes)
    }
}

// MARK: - vectors/determinism

extension Transcript {
    static let folder = Fixture.vectors.appending(path: "determinism")

    /// The transcript of a file: a command in hexadecimal or `reset` on each line, as `veuicc apdu --script` reads it.
    init(file name: String, _ transmissionProtocol: Environment.TransmissionProtocol) throws {
        let text = try String(contentsOf: Self.folder.appending(path: name + ".script"), encoding: .utf8)
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        let steps = try lines.map { line -> Step in
            if line == "reset" { return .reset }
            guard let octets = Hex.octets(line) else { throw Script.Malformed(file: name, line: 0) }
            return .command(octets)
        }
        self.init(steps, transmissionProtocol)
    }
}
