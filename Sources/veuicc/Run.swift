import ArgumentParser
import Card
import CardCryptoSeam
import Glibc
import ImageFile
import Memory
import Octets
import Reader

extension Durability: ExpressibleByArgument {}
extension Environment.TransmissionProtocol: ExpressibleByArgument {}

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Puts cards in virtual readers, until it is interrupted.",
        discussion: """
            veuicc run --image card.img --port 35963
            veuicc run --image cards/%.img --count 3
            veuicc run --ephemeral --count 1000
            veuicc run --image card.img --control card.socket
            """
    )

    @Option(help: "The image file of the card; of several cards with % in place of their numbers, 0, 1, ...")
    var image: String?

    @Flag(help: "Keep nothing: the cards begin as --image, or as a profile package makes them, and forget all.")
    var ephemeral = false

    @Option(help: "The profile package (DER) of ephemeral cards; without it and --image the default one.")
    var profile: String?

    @Option(help: "How many cards; card i takes the port 2i behind the first one.")
    var count = 1

    @Option(help: "The host of the reader's driver, or with --listen the address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port of the first reader's driver, or with --listen the port to listen on; 0: any that is free.")
    var port = VPCDEndpoint.defaultPort

    @Flag(help: "Wait for the driver to connect, instead of connecting to it.")
    var listen = false

    @Flag(help: "End with the first connection; several cards each with its own.")
    var once = false

    @Option(name: .customLong("protocol"), help: "The transmission protocols offered: t0, t1 or both.")
    var transmissionProtocol = Environment.TransmissionProtocol.t0

    @Option(help: "What a committed transaction survives: process or disk.")
    var durability = Durability.process

    @Option(help: "Entropy in hexadecimal, 48 octets, so that a run can be repeated. Card i takes the sum of it and i.")
    var seed: Entropy?

    @Flag(help: "Write what happens as JSON objects, one a line.")
    var json = false

    @Flag(help: "Show in words what passes between terminal and card; with --json as JSON objects.")
    var trace = false

    @OptionGroup var traceOptions: TraceOptions

    @Option(help: "Listen at this Unix domain socket for `veuicc control`: snapshots, resets, faults.")
    var control: String?

    func validate() throws {
        guard count > 0, endpoint(of: count - 1) != nil else {
            throw ValidationError("--count \(count): so many cards have no ports from \(port) on")
        }
        guard port != 0 || listen else { throw ValidationError("--port 0 is for --listen") }
        if ephemeral {
            guard image == nil || profile == nil else {
                throw ValidationError("--ephemeral takes either --image or --profile")
            }
        } else {
            guard profile == nil else { throw ValidationError("--profile is for --ephemeral") }
            guard let image else { throw ValidationError("either --image or --ephemeral is needed") }
            guard count == 1 || image.contains("%") else {
                throw ValidationError("--image \(image): several cards need a % in place of their numbers")
            }
        }
    }

    func run() throws {
        seam_start_sparingly()
        try VPCDService.allowConnections(2 * count)
        let server = try control.map { path throws(TerminalError) in try ControlServer(at: path) }
        defer { server?.stop() }
        let base = ephemeral ? try makeBase() : nil
        let report = RunReport(isJSON: json)
        let trace = try makeTrace()
        var cards: [VPCDCard] = []
        var controlled: [ControlledCard] = []
        var lines: [RunReport.Line] = []
        do {
            for index in 0..<count {
                let (card, terminal, line) = try start(index, on: imageOfCard(index, base), report, trace)
                cards.append(card)
                if let terminal { controlled.append(ControlledCard(terminal, in: card)) }
                lines.append(line)
            }
            try server?.serve(controlled)
        } catch {
            cards.forEach { $0.stop() }
            try? VPCDService.waitForEnd(of: cards)
            throw error
        }
        try TerminationSignals.handle { [cards] number in
            cards.forEach { if number > 1 { $0.stopAtOnce() } else { $0.stop() } }
        }
        report.ready(lines, isSummarised: count > 16 && port != 0)
        try? trace?.begin()
        try VPCDService.waitForEnd(of: cards)
    }

    private func endpoint(of index: Int) -> VPCDEndpoint? {
        let first = VPCDEndpoint(host: host, port: port)
        // Where the system chooses the ports there are no more of them.
        return port == 0 ? index <= Int(UInt16.max) / 2 ? first : nil : first.ofCard(index)
    }

    /// Nil where nothing is traced: then the cards have no observer.
    private func makeTrace() throws -> TraceOutput? {
        guard trace || traceOptions.pcap != nil || traceOptions.gsmtap != nil else { return nil }
        return try TraceOutput(traceOptions, to: trace ? json ? .json : .text : nil, showsCard: count > 1, waits: true)
    }

    /// Nil where nobody wants to know.
    private func observer(
        ofCard index: Int,
        _ answerToReset: [UInt8],
        _ report: RunReport,
        _ trace: TraceOutput?
    ) -> (@Sendable (VPCDEvent) -> Void)? {
        guard let trace else { return json ? report.observer(ofCard: index, isTraced: false) : nil }
        let traced = trace.observer(ofCard: index, answerToReset: answerToReset)
        guard json else { return traced }
        let reported = report.observer(ofCard: index, isTraced: self.trace)
        return { event in
            reported(event)
            traced(event)
        }
    }

    private func makeBase() throws -> BaseImage {
        if let image { return try BaseImage(file: image) }
        return try FactoryCard(profile: profile).withContents { try BaseImage(contents: $0) }
    }

    private func imageOfCard(_ index: Int, _ base: BaseImage?) throws -> sending CardImage {
        if let base { return try base.ephemeral() }
        // Where there is one card, a % in the name is a %.
        let parts = (image ?? "").split(separator: "%", omittingEmptySubsequences: false)
        let path = parts.joined(separator: count == 1 ? "%" : "\(index)")
        return try CardImage(file: path, durability: durability)
    }

    private func start(
        _ index: Int,
        on cardImage: sending CardImage,
        _ report: RunReport,
        _ trace: TraceOutput?
    ) throws -> (VPCDCard, ControlledTerminal?, RunReport.Line) {
        let environment = Environment(
            transmissionProtocol: transmissionProtocol,
            seed: (seed ?? .ofTheSystem).octets(ofCard: index),
            synchronize: cardImage.synchronization
        )
        let path = cardImage.path
        let terminal: any CardTerminal
        var controlled: ControlledTerminal?
        do throws(ImageDefect) {
            if control == nil {
                terminal = InProcessTerminal(try Card(image: cardImage.octets, environment: environment), on: cardImage)
            } else {
                let made = try ControlledTerminal(on: cardImage, environment)
                controlled = made
                terminal = made
            }
        } catch {
            throw Failure(description: "\(path): \(error)")
        }
        let observer = observer(ofCard: index, terminal.answerToReset, report, trace)
        var line = RunReport.Line(card: index, event: "ready")
        line.atr = Hex.string(terminal.answerToReset)
        line.iccid = try terminal.iccid()
        let card = try VPCDCard(
            serving: terminal,
            // `validate` has seen that there is one.
            at: endpoint(of: index) ?? VPCDEndpoint(host: host, port: port),
            listen ? .listening : .connecting,
            once: once,
            observer: observer
        )
        line.host = card.endpoint.host
        line.port = card.endpoint.port
        return (card, controlled, line)
    }
}

/// Entropy of a run: 48 octets.
struct Entropy: ExpressibleByArgument {
    private let octets: [UInt8]

    init?(argument: String) {
        guard let octets = Hex.octets(argument), octets.count == 48 else { return nil }
        self.octets = octets
    }

    private init(_ octets: [UInt8]) { self.octets = octets }

    static var ofTheSystem: Entropy {
        var system = SystemRandomNumberGenerator()
        return Entropy((0..<48).map { _ in UInt8.random(in: 0...255, using: &system) })
    }

    /// The entropy of one card: the sum of the whole, as a big-endian number, and the card's number.
    func octets(ofCard index: Int) -> [UInt8] {
        var sum = octets
        var carry = index
        for place in sum.indices.reversed() {
            carry += Int(sum[place])
            sum[place] = UInt8(truncatingIfNeeded: carry)
            carry >>= 8
        }
        return sum
    }
}

extension CardTerminal {
    /// The number in EF.ICCID (TS 102 221 clause 13.2): decimal digits, the lower half of an octet first. Nil where the
    /// card has none. The card is without power afterwards.
    func iccid() throws -> String? {
        defer { try? powerOff() }
        let octets = UnsafeMutableRawBufferPointer.allocate(byteCount: Card.maximumResponseLength, alignment: 16)
        defer { octets.deallocate() }
        func response(_ command: [UInt8]) throws -> Slice<UnsafeMutableRawBufferPointer> {
            octets.prefix(try command.withUnsafeBytes { try transmit($0, into: octets) })
        }
        guard try response([0x00, 0xA4, 0x00, 0x0C, 0x02, 0x2F, 0xE2]).elementsEqual([0x90, 0x00]) else { return nil }
        let content = try response([0x00, 0xB0, 0x00, 0x00, 0x0A])
        guard content.count == 12, content.suffix(2).elementsEqual([0x90, 0x00]) else { return nil }
        return ICCID.digits(content.dropLast(2))
    }
}
