import ArgumentParser
import BenchmarkUnits
import Card
import ImageFile
import Memory

/// The parts of the benchmark that need the card in their own process. `tools/bench` calls them, and makes a table of
/// the samples that they print.
@main
struct Benchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "veuicc-bench",
        abstract: "Measures the card in process; tools/bench calls it.",
        subcommands: [
            Prepare.self, Measure.self, Cold.self, Loop.self, Operations.self, Cards.self,
            InstallApplications.self,
        ]
    )
}

/// What ends a command with one line on stderr.
struct Failure: Error, CustomStringConvertible {
    let description: String
}

/// Entropy that makes each run the same.
let seed = [UInt8](repeating: 0x5A, count: 48)

/// One line of JSON on stdout: a name and whole numbers.
func report(_ name: String, _ samples: [UInt64]) {
    print("{\"name\": \"\(name)\", \"samples\": \(samples)}")
}

/// Room for the response to a command.
final class ResponseRoom {
    let octets = UnsafeMutableRawBufferPointer.allocate(byteCount: Card.maximumResponseLength, alignment: 64)

    deinit { octets.deallocate() }
}

/// A card in this process.
final class Subject {
    private let image: CardImage
    private var card: Card
    private let room: ResponseRoom

    /// Program operations since the card was made.
    var operations: UInt64 { card.system.memory.programOperations }

    private var length = 0
    /// The last response that `send` has got.
    var response: [UInt8] { Array(room.octets[..<length]) }

    init(
        on image: CardImage,
        _ transmissionProtocol: Environment.TransmissionProtocol = .t0,
        room: ResponseRoom = ResponseRoom()
    ) throws {
        self.image = image
        self.room = room
        let environment = Environment(
            transmissionProtocol: transmissionProtocol,
            seed: seed,
            synchronize: image.synchronization
        )
        do throws(ImageDefect) {
            card = try Card(image: image.octets, environment: environment)
        } catch {
            throw Failure(description: "the image of the benchmark: \(error)")
        }
    }

    func powerOn() { card.powerOn() }

    /// What is in the image now.
    var content: [UInt8] { Array(image.octets) }

    /// Takes the power away, and puts another content of the same size into the image.
    func restore(_ content: [UInt8]) {
        card.powerOff()
        image.octets.copyBytes(from: content)
    }

    /// Sends one command.
    ///
    /// - Returns: the status word.
    func send(_ command: [UInt8]) -> UInt16 {
        length = command.withUnsafeBytes { card.transmit($0, into: room.octets) }
        guard length >= 2 else { return 0 }
        return UInt16(room.octets[length - 2]) << 8 | UInt16(room.octets[length - 1])
    }

    /// Sends one command, and demands its status word.
    func send(_ command: [UInt8], expecting status: UInt16) throws {
        let received = send(command)
        guard received == status else {
            let names = [command.prefix(8).hexadecimal, received.hexadecimal, status.hexadecimal]
            throw Failure(description: "\(names[0])... is answered \(names[1]) in place of \(names[2])")
        }
    }

    /// Sends the commands of a workload in turn, `count` in all: the loop that is measured.
    ///
    /// - Returns: the octets of all responses.
    func run(_ commands: CommandList, count: Int) -> Int {
        Self.run(&card, commands, count, room.octets)
    }

    private static func run(
        _ card: inout Card,
        _ commands: CommandList,
        _ count: Int,
        _ response: UnsafeMutableRawBufferPointer
    ) -> Int {
        var total = 0
        var index = 0
        for _ in 0..<count {
            total += card.transmit(commands[index], into: response)
            index += 1
            if index == commands.count { index = 0 }
        }
        return total
    }
}

/// Commands as raw buffers that stay in place.
final class CommandList {
    private let buffers: UnsafeMutableBufferPointer<UnsafeRawBufferPointer>

    var count: Int { buffers.count }

    init(_ commands: [[UInt8]]) {
        buffers = .allocate(capacity: commands.count)
        for (index, command) in commands.enumerated() {
            let octets = UnsafeMutableRawBufferPointer.allocate(byteCount: command.count, alignment: 8)
            octets.copyBytes(from: command)
            buffers.initializeElement(at: index, to: UnsafeRawBufferPointer(octets))
        }
    }

    deinit {
        buffers.forEach { $0.deallocate() }
        buffers.deallocate()
    }

    subscript(_ index: Int) -> UnsafeRawBufferPointer { buffers[index] }
}
