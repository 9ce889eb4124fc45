import ArgumentParser
import Card
import CardManagement
import Octets
import Trace

struct OTAUnwrap: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unwrap",
        abstract: "Opens a response packet: what the card says of the packet, and the result of the script.",
        discussion: """
            veuicc ota unwrap 027100... --spi 1639 --key-file keys

            The options are those that the command packet was made with.
            """
    )

    @Argument(help: "The response packet in hexadecimal, with or without its user data header 027100.")
    var response: HexArgument

    @OptionGroup var packet: PacketArguments

    @Flag(help: "A JSON object.")
    var json = false

    func run() throws {
        let sender = try packet.sender()
        let opened: PacketResponse
        do throws(CardManagementError) {
            opened = try sender.open(response.octets)
        } catch {
            throw Failure(error)
        }
        try ResponseReport(opened).show(asJSON: json)
    }
}

struct OTASend: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Sends a script to a card in a command packet, and opens the response.",
        discussion: """
            veuicc ota send 80CA004200 --counter 1 --key-file keys --image card.img
            veuicc ota send --script commands.txt --format expanded --tar B00001 --counter 2 --key-file keys --reader 0
            """
    )

    @OptionGroup var script: ScriptArguments

    @OptionGroup var place: CardPlace

    @Option(help: "Entropy of a card on an image in hexadecimal, 48 octets, so that a run can be repeated.")
    var seed: Entropy?

    @Flag(help: "A JSON object.")
    var json = false

    func run() throws {
        try place.requireOne()
        let (sender, packet) = try script.wrapped()
        let terminal = try place.open(Environment(seed: (seed ?? .ofTheSystem).octets(ofCard: 0)))
        let opened: PacketResponse?
        do throws(CardManagementError) {
            let octets = try CardManager(terminal).deliver(packet.messages)
            if let octets { opened = try sender.open(octets) } else { opened = nil }
        } catch {
            throw Failure(error)
        }
        guard let response = opened else {
            guard !sender.options.asksForResponse else {
                throw Failure(
                    .noPermission,
                    description: "the card gives no response packet: it does not have these keys"
                )
            }
            return Output.note("the card gives no response packet")
        }
        try ResponseReport(response).show(asJSON: json)
        guard response.status == 0x00 else {
            throw Failure(
                .noPermission,
                description: "the card answers the packet with \(Hex.string([response.status])): \(response.text)"
            )
        }
    }
}

/// What `ota unwrap` and `ota send` show of a response packet.
private struct ResponseReport: Encodable {
    struct CommandResponse: Encodable {
        let data: String
        let sw: String
        let text: String
    }

    let status: String
    let text: String
    let tar: String
    let counter: UInt64
    let data: String
    let commands: Int?
    let responses: [CommandResponse]
    let errors: [String]

    init(_ response: PacketResponse) {
        status = Hex.string([response.status])
        text = response.text
        tar = Hex.string(response.reference)
        counter = response.counter
        data = Hex.string(response.data)
        let result = response.data.isEmpty ? nil : RemoteScriptResult(response.data)
        commands = result?.count
        responses = (result?.responses ?? []).map {
            CommandResponse(
                data: Hex.string($0.data),
                sw: Hex.string([$0.status.sw1, $0.status.sw2]),
                text: StatusWords.text($0.status.value)
            )
        }
        errors = result?.errors ?? []
    }

    private var lines: [String] {
        var lines = ["status    \(status): \(text)", "tar       \(tar)", "counter   \(counter)"]
        if !data.isEmpty { lines.append("data      \(data)") }
        if let commands { lines.append("commands  \(commands)") }
        for response in responses {
            let data = response.data.isEmpty ? "" : response.data + " "
            lines.append("response  \(data)\(response.sw): \(response.text)")
        }
        return lines + errors.map { "error     \($0)" }
    }

    func show(asJSON: Bool) throws {
        if asJSON { return try Output.json(self, indented: true) }
        try Output.line(lines.joined(separator: "\n"))
    }
}
