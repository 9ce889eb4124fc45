import ArgumentParser
import Card
import Glibc
import ImageFile
import Reader

/// `cards`: many cards in one process, idle, for somebody who looks how much memory that takes.
struct Cards: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes cards, says ready, and lets them idle until its standard input ends."
    )

    @Argument(help: "How many cards.")
    var count: Int

    @Argument(help: "The image file of all of them; what they change is forgotten.")
    var image: String

    @Option(help: "Serve each card to the reader at this port.")
    var port: UInt16?

    func run() throws {
        let base = try BaseImage(file: image)
        // A program with many cards in one thread needs it once.
        let room = ResponseRoom()
        var subjects: [Subject] = []
        var served: [VPCDCard] = []
        for _ in 0..<count {
            if let port {
                let image = try base.ephemeral()
                let card = try Card(image: image.octets, environment: Environment(seed: seed))
                let terminal = InProcessTerminal(card, on: image)
                served.append(try VPCDCard(serving: terminal, at: VPCDEndpoint(port: port), once: true))
            } else {
                let subject = try Subject(on: base.ephemeral(), room: room)
                subject.powerOn()
                try subject.send(Workload.select(Workload.files[0]), expecting: 0x9000)
                try subject.send(Workload.read, expecting: 0x9000)
                subjects.append(subject)
            }
        }
        print("ready")
        fflush(nil)
        var octet: UInt8 = 0
        while read(STDIN_FILENO, &octet, 1) > 0 {}
        for card in served { card.stopAtOnce() }
        for card in served { try card.waitForEnd() }
        withExtendedLifetime(subjects) {}
    }
}
