import Card
import Foundation
import Memory
import Octets
import Synchronization
import Testing

/// The same image, seed and transcript give the same responses and the same image: again, with other cards at work in the
/// same process, in another build and on another machine.
@Suite struct DeterminismTests {
    private static let count = 1_000

    @Test func twiceAndInEightThreadsAtOnce() throws {
        // In the small one memory and journal run short.
        let images = [try Fixture.personalised(), try Fixture.personalised(size: 65_536)].map { [UInt8]($0.octets) }
        let scripted = try CommandGenerator.scripted()
        let seeds = Setting.fuzzSeed..<Setting.fuzzSeed + UInt64(Self.count * Setting.fuzzFactor)
        print("determinism: seeds \(seeds)")
        let transcripts = seeds.map { Transcript(seed: $0, commands: 30, cutsPower: true, scripted: scripted) }
        // Made twice, too.
        for (seed, transcript) in zip(seeds, transcripts).prefix(50) {
            let again = Transcript(seed: seed, commands: 30, cutsPower: true, scripted: scripted)
            #expect("\(again.steps)" == "\(transcript.steps)")
        }
        let first = try transcripts.indices.map { try transcripts[$0].run(on: images[$0 % 2]) }
        let second = try transcripts.indices.map { try transcripts[$0].run(on: images[$0 % 2]) }
        for (index, seed) in seeds.enumerated() where first[index] != second[index] {
            Issue.record("seed \(seed): another outcome the second time")
        }

        let threads = 8
        let faults = Mutex<[String]>([])
        let ended = DispatchSemaphore(value: 0)
        for number in 0..<threads {
            let thread = Thread {
                defer { ended.signal() }
                // Each begins elsewhere, so that different ones run beside each other.
                for step in transcripts.indices {
                    let index = (step + number * transcripts.count / threads) % transcripts.count
                    let outcome = try? transcripts[index].run(on: images[index % 2])
                    if outcome != first[index] {
                        faults.withLock { $0.append("thread \(number), transcript \(index)") }
                    }
                }
            }
            thread.stackSize = 1_048_576
            thread.start()
        }
        for _ in 0..<threads { ended.wait() }
        #expect(faults.withLock { $0 } == [])

        let sent = transcripts.flatMap(\.steps).count { if case .command = $0 { true } else { false } }
        let successes = first.map(\.successes).reduce(0, +)
        print("determinism: \(transcripts.count) transcripts, \(sent) commands, \(successes) carried out")
        #expect(successes * 3 > sent)
        // They are different ones.
        #expect(Set(first.map(\.responses)).count > transcripts.count * 9 / 10)
    }

    /// What authenticates, what is random and what suspends is among the commands that are carried out.
    @Test func theTranscriptsReachTheRandomNumbers() throws {
        var carriedOut: [UInt8: Int] = [:]
        for row in try Vectors.rows() {
            _ = try Transcript(file: row.name, row.transmissionProtocol).run(on: Vectors.image(size: row.size)) {
                (command, response) in
                guard command.count > 1, let sw1 = response.dropLast().last else { return }
                if sw1 == 0x90 || sw1 == 0x61 { carriedOut[command[1], default: 0] += 1 }
            }
        }
        for instruction: UInt8 in [0x76, 0x84, 0x88] {
            #expect((carriedOut[instruction] ?? 0) >= 5, "\(Hex.string([instruction]))")
        }
    }

    /// The fixed transcripts: what an earlier version has answered, this one answers. Where that must change, CHANGELOG.md
    /// says why, and VEUICC_WRITE_DETERMINISM=1 writes the table anew.
    @Test func theFixedTranscriptsGiveTheKnownHashes() throws {
        if Setting.writesDeterminism { try Vectors.write() }
        let rows = try Vectors.rows()
        #expect(rows.count == Vectors.count)
        for row in rows {
            let image = try Vectors.image(size: row.size)
            #expect(Vectors.digest(of: image) == row.begin, "\(row.name): the factory makes another image")
            let outcome = try Transcript(file: row.name, row.transmissionProtocol).run(on: image)
            #expect(outcome.responses == row.responses, "\(row.name)")
            #expect(outcome.image == row.image, "\(row.name)")
        }
    }
}

/// vectors/determinism/hashes.tsv.
private enum Vectors {
    static let count = 12
    private static let header = "name\tprotocol\tsize\tbegin\tresponses\timage"
    private static var table: URL { Transcript.folder.appending(path: "hashes.tsv") }

    struct Row {
        let name: String
        let transmissionProtocol: Environment.TransmissionProtocol
        let size: Int
        let begin: String
        let responses: String
        let image: String
    }

    static func rows() throws -> [Row] {
        let lines = try String(contentsOf: table, encoding: .utf8).split(separator: "\n")
        return try lines.dropFirst().map { line in
            let fields = line.split(separator: "\t").map(String.init)
            guard fields.count == 6, let size = Int(fields[2]),
                let transmissionProtocol = Environment.TransmissionProtocol(rawValue: fields[1])
            else { throw Script.Malformed(file: "hashes.tsv", line: 0) }
            return Row(
                name: fields[0],
                transmissionProtocol: transmissionProtocol,
                size: size,
                begin: fields[3],
                responses: fields[4],
                image: fields[5]
            )
        }
    }

    /// The image of a factory-fresh card, as `veuicc card new` makes it.
    static func image(size: Int) throws -> [UInt8] {
        let card = try FaultCard(Fixture.empty(size: size))
        try card.card.manufacture(FactoryConfiguration())
        guard card.card.install(profilePackage: [try Fixture.package(Fixture.defaultPackage)]).isInstalled else {
            throw Fixture.Failure.notInstalled
        }
        return [UInt8](card.image.octets)
    }

    static func digest(of image: [UInt8]) -> String {
        (try? Transcript([], .t0).run(on: image).image) ?? ""
    }

    /// Writes the transcripts that are missing, with the resume tokens of this version, and the table.
    static func write() throws {
        let scripted = try CommandGenerator.scripted()
        var text = header + "\n"
        for number in 0..<count {
            let name = number < 10 ? "0\(number)" : "\(number)"
            let size = number % 3 == 2 ? 65_536 : 131_072
            let image = try image(size: size)
            let seed = 0xDE7E_0000 + UInt64(number)
            let random = Transcript(seed: seed, commands: 400, cutsPower: false, scripted: scripted)
            let file = Transcript.folder.appending(path: name + ".script")
            if !FileManager.default.fileExists(atPath: file.path) {
                var sent: [[UInt8]] = []
                _ = try random.run(on: image) { command, _ in sent.append(command) }
                var commands = sent.makeIterator()
                let lines = random.steps.map { step in
                    if case .command = step { Hex.string(commands.next() ?? []) } else { "reset" }
                }
                try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
            }
            let transmissionProtocol = random.transmissionProtocol
            let outcome = try Transcript(file: name, transmissionProtocol).run(on: image)
            text += "\(name)\t\(transmissionProtocol.rawValue)\t\(size)\t\(digest(of: image))"
            text += "\t\(outcome.responses)\t\(outcome.image)\n"
        }
        try Data(text.utf8).write(to: table)
    }
}
