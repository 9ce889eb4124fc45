import ArgumentParser
import Card
import ImageFile
import Reader

/// The options that say where a card outside of this process is.
struct OutsideCard: ParsableArguments {
    @Option(help: "Wait at HOST:PORT for a card that connects, as the driver of the virtual reader does.")
    var vpcd: String?

    @Option(help: "The PC/SC reader: its name, its number, or a part of its name.")
    var reader: String?

    /// How many places are named.
    var count: Int { [vpcd, reader].count { $0 != nil } }

    /// The terminal of the card; nil where no place is named. At the other end of vpcd the card waits for power.
    func connect(_ wanted: PCSCContext.WantedProtocol = .any) throws -> (any CardTerminal)? {
        if let vpcd {
            let listener = try VPCDListener(try VPCDEndpoint(argument: vpcd))
            Output.note("waiting for a card at \(listener.endpoint)")
            return try listener.accept()
        }
        guard let reader else { return nil }
        let context = try PCSCContext()
        return try context.connect(to: context.reader(reader), .shared, wanted)
    }
}

/// The options that say where a card is: on an image, or outside of this process.
struct CardPlace: ParsableArguments {
    @Option(help: "The image file of a card; what the card writes is in it.")
    var image: String?

    @OptionGroup var outside: OutsideCard

    /// - Throws: `usage` where not one place is named.
    func requireOne() throws(Failure) {
        guard outside.count + (image == nil ? 0 : 1) == 1 else {
            throw Failure(.usage, description: "one of --image, --vpcd and --reader says where the card is")
        }
    }

    /// The terminal of the card, which has power.
    ///
    /// - Parameters:
    ///   - environment: of a card on an image.
    ///   - wanted: of a card in a PC/SC reader.
    func open(
        _ environment: @autoclosure () -> Environment,
        _ wanted: PCSCContext.WantedProtocol = .any
    ) throws -> any CardTerminal {
        try requireOne()
        if let image {
            let cardImage = try CardImage(file: image)
            let terminal = InProcessTerminal(try card(on: cardImage, named: image, environment()), on: cardImage)
            terminal.powerOn()
            return terminal
        }
        guard let terminal = try outside.connect(wanted) else {
            throw Failure(.usage, description: "there is no card")
        }
        if outside.vpcd != nil { try terminal.powerOn() }
        return terminal
    }
}
