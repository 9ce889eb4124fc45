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
        abstract: "Puts a card in a virtual reader, until it is interrupted.",
        discussion: "veuicc run --image card.img --port 35963"
    )

    @Option(help: "The image file of the card.")
    var image: String

    @Option(help: "The host of the reader's driver, or with --listen the address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port of the reader's driver, or with --listen the port to listen on.")
    var port = VPCDEndpoint.defaultPort

    @Flag(help: "Wait for the driver to connect, instead of connecting to it.")
    var listen = false

    @Flag(help: "End with the first connection.")
    var once = false

    @Option(name: .customLong("protocol"), help: "The transmission protocols offered: t0, t1 or both.")
    var transmissionProtocol = Environment.TransmissionProtocol.t0

    @Option(help: "What a committed transaction survives: process or disk.")
    var durability = Durability.process

    @Option(help: "Entropy in hexadecimal, 48 octets, so that a run can be repeated.")
    var seed: String?

    func run() throws {
        seam_start_sparingly()
        let cardImage = try CardImage(file: image, durability: durability)
        let entropy: [UInt8]
        if let seed {
            guard let octets = Hex.octets(seed), octets.count == 48 else {
                throw Failure(description: "--seed: 48 octets in hexadecimal are needed")
            }
            entropy = octets
        } else {
            var system = SystemRandomNumberGenerator()
            entropy = (0..<48).map { _ in UInt8.random(in: 0...255, using: &system) }
        }
        let environment = Environment(
            transmissionProtocol: transmissionProtocol,
            seed: entropy,
            synchronize: cardImage.synchronization
        )
        let terminal: InProcessTerminal
        do throws(ImageDefect) {
            terminal = InProcessTerminal(try Card(image: cardImage.octets, environment: environment), on: cardImage)
        } catch {
            throw Failure(description: "\(image): \(error)")
        }
        print("ATR \(Hex.string(terminal.answerToReset))")
        // Otherwise it would not be seen in a file before the end.
        fflush(nil)
        let card = try VPCDCard(
            serving: terminal,
            at: VPCDEndpoint(host: host, port: port),
            listen ? .listening : .connecting,
            once: once
        )
        try TerminationSignals.handle { count in
            if count > 1 { card.stopAtOnce() } else { card.stop() }
        }
        try VPCDService.waitForEnd(of: [card])
    }
}
