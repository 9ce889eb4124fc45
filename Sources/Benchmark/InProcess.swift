import ArgumentParser
import BenchmarkUnits
import Card
import Glibc
import ImageFile
import Telecom

/// A workload with a card and an image file of its own.
private final class Runner {
    let workload: Workload
    let subject: Subject
    private let commands: CommandList
    private(set) var samples: [UInt64] = []
    private(set) var batch = 0
    /// The image before the first command, for commands that have their effect once only.
    private var fresh: [UInt8] = []

    init(_ workload: Workload, image: String) throws {
        self.workload = workload
        commands = CommandList(workload.commands)
        subject = try Subject(
            on: CardImage(file: image, durability: workload.waitsForDisk ? .disk : .process),
            workload.transmissionProtocol
        )
        if let status = workload.onceOnlyStatus {
            fresh = subject.content
            try prepare()
            for command in workload.commands { try subject.send(command, expecting: status) }
            subject.restore(fresh)
        }
        try prepare()
    }

    func prepare() throws {
        subject.powerOn()
        for command in workload.before { try subject.send(command, expecting: 0x9000) }
    }

    /// Runs the workload `rounds` times, each on a fresh image if need be.
    func runAll(_ rounds: Int) throws {
        guard workload.isOnceOnly else { return try run(rounds) }
        for _ in 0..<rounds {
            try renew()
            try run(1)
        }
    }

    /// Does what `runAll` does between the commands.
    func renewAll(_ rounds: Int) throws {
        guard workload.isOnceOnly else { return }
        for _ in 0..<rounds { try renew() }
    }

    private func renew() throws {
        subject.restore(fresh)
        try prepare()
    }

    /// Runs the workload `rounds` times, and checks that each response had its length.
    private func run(_ rounds: Int) throws {
        let octets = subject.run(commands, count: rounds * workload.commands.count)
        guard octets == rounds * workload.responseOctets else {
            throw Failure(description: "\(workload.name): \(octets) octets of responses")
        }
    }

    /// Finds how many rounds take about as long as `nanoseconds`.
    func calibrate(nanoseconds: UInt64) throws {
        batch = 1
        guard !workload.isOnceOnly else { return }
        while try time() < nanoseconds / 2, batch < 1 << 24 { batch *= 2 }
    }

    /// The time of a batch in nanoseconds: processor time, since others may use the processor meanwhile, but for what
    /// waits for a disk.
    private func time() throws -> UInt64 {
        if workload.isOnceOnly { try renew() }
        let clock = workload.waitsForDisk ? benchmark_time : benchmark_thread_time
        let begin = clock()
        try run(batch)
        return clock() - begin
    }

    /// Takes a sample: picoseconds a command.
    func sample() throws {
        samples.append(try time() * 1000 / UInt64(batch * workload.commands.count))
    }
}

/// `measure`: the workloads, warm, in interleaved rounds.
struct Measure: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Times workloads in interleaved rounds; prints picoseconds a command."
    )

    @Option(help: "Rounds.")
    var rounds = 25

    @Option(help: "Where the files of the benchmark lie: WORKLOAD.img for each workload.")
    var directory: String

    @Argument(
        help:
            "Workloads; unit, durable-write, power-on, aes-blocks, keccak, and blocks-WORKLOAD of scp03-* are there too."
    )
    var names: [String]

    func run() throws {
        let others = ["unit", "durable-write", "power-on", "aes-blocks", "keccak"]
        let messages = ProtectedCommands.all.filter { names.contains($0.blocksName) }
        let runners = try names.filter { name in !others.contains(name) && !messages.contains { $0.blocksName == name }
        }
        .map { name in
            let image = "\(directory)/\(name).img"
            return try Runner(Workload.named(name, image: image), image: image)
        }
        for runner in runners {
            try runner.runAll(runner.workload.isOnceOnly ? 1 : 64)
            try runner.calibrate(nanoseconds: runner.workload.waitsForDisk ? 20_000_000 : 4_000_000)
        }
        let powered = names.contains("power-on") ? try Subject(on: CardImage(file: "\(directory)/power-on.img")) : nil
        let response = UnsafeMutablePointer<UInt8>.allocate(capacity: 512)
        defer { response.deallocate() }
        let descriptor = open("\(directory)/durable-write", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(description: "\(directory)/durable-write: \(errno)") }
        defer { close(descriptor) }

        var units: [UInt64] = []
        var writes: [UInt64] = []
        var powerOns: [UInt64] = []
        var ciphers: [UInt64] = []
        var permutations: [UInt64] = []
        var blocks = [[UInt64]](repeating: [], count: messages.count)
        var keccak = Keccak()
        for round in 0...rounds {
            for runner in runners { try runner.sample() }
            if names.contains("unit") {
                units.append(
                    sample(100_000, benchmark_thread_time) { _ = benchmark_unit_select_read(100_000, response) }
                )
            }
            if names.contains("durable-write") {
                writes.append(sample(16, benchmark_time) { _ = benchmark_unit_durable_write(descriptor, 16) })
            }
            if let powered {
                powerOns.append(sample(100, benchmark_thread_time) { for _ in 0..<100 { powered.powerOn() } })
            }
            if names.contains("aes-blocks") {
                ciphers.append(
                    sample(5_000, benchmark_thread_time) { _ = benchmark_unit_aes(5_000 * Authentications.blocks) }
                )
            }
            if names.contains("keccak") {
                permutations.append(
                    sample(2_000, benchmark_thread_time) {
                        for _ in 0..<2_000 * Authentications.permutations { keccak.permute() }
                    }
                )
            }
            for (number, commands) in messages.enumerated() {
                blocks[number].append(
                    sample(2_000, benchmark_thread_time) { _ = benchmark_unit_message(2_000, commands.message) }
                )
            }
            // The first round is there to warm up.
            if round == 0 { (units, writes, powerOns, ciphers, permutations) = ([], [], [], [], []) }
        }
        for runner in runners { report(runner.workload.name, Array(runner.samples.dropFirst())) }
        if names.contains("unit") { report("unit", units) }
        if names.contains("durable-write") { report("durable-write", writes) }
        if powered != nil { report("power-on", powerOns) }
        if names.contains("aes-blocks") { report("aes-blocks", ciphers) }
        if names.contains("keccak") { report("keccak", permutations) }
        for (number, commands) in messages.enumerated() {
            report(commands.blocksName, Array(blocks[number].dropFirst()))
        }
        guard keccak.lanes[0] != 0 || permutations.isEmpty else { throw Failure(description: "Keccak does nothing") }
    }

    private func sample(_ count: UInt64, _ clock: () -> UInt64, _ body: () -> Void) -> UInt64 {
        let begin = clock()
        body()
        return (clock() - begin) * 1000 / count
    }
}

/// `cold`: everything for the first time in its process.
struct Cold: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Times the first power-on and the first commands of a process; prints picoseconds."
    )

    @Argument(help: "The image file.")
    var image: String

    func run() throws {
        let file = try CardImage(file: image)
        var begin = benchmark_time()
        let subject = try Subject(on: file)
        subject.powerOn()
        report("cold-power-on", [(benchmark_time() - begin) * 1000])
        let commands: [(String, [UInt8], UInt16)] = [
            ("cold-select", Workload.select(Workload.files[0]), 0x9000),
            ("cold-read", Workload.read, 0x9000),
            ("cold-update", Workload.update(UInt8.random(in: 0...255)), 0x9000),
        ]
        for (name, command, status) in commands {
            begin = benchmark_time()
            let received = subject.send(command)
            let time = benchmark_time() - begin
            guard received == status else {
                throw Failure(description: "\(name): \(received.hexadecimal)")
            }
            report(name, [time * 1000])
        }
    }
}

/// `loop`: a workload, for somebody who counts what the process does, or profiles it.
struct Loop: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs a workload, for a profiler or a counter of calls; prints nothing."
    )

    @Flag(help: "Do what comes between the commands only: renew the image, and open the session.")
    var withoutCommands = false

    @Argument(help: "The workload.")
    var workload: String

    @Argument(help: "How many commands, at least.")
    var count: Int

    @Argument(help: "The image file.")
    var image: String

    func run() throws {
        let runner = try Runner(Workload.named(workload, image: image), image: image)
        let commands = runner.workload.commands.count
        let rounds = (count + commands - 1) / commands
        if withoutCommands { try runner.renewAll(rounds) } else { try runner.runAll(rounds) }
    }
}

/// `prepare`: the files that the workloads use.
struct Prepare: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Makes the files that the workloads use.")

    @Argument(help: "The image file of a card with the default profile.")
    var image: String

    func run() throws {
        let subject = try Subject(on: CardImage(file: image))
        try subject.send(Workload.verifyADM, expecting: 0x9000)
        for file in Workload.files {
            try subject.send(Workload.select(0x3F00), expecting: 0x9000)
            try subject.send(Workload.create(file), expecting: 0x9000)
        }
    }
}
