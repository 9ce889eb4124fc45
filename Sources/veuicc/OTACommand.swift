import ArgumentParser
import CardManagement
import Octets

struct OTACommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ota",
        abstract: "Makes secured packets for remote management, sends them, and opens the responses.",
        discussion: """
            veuicc ota wrap 00A40000022FE2 00B000000A --tar B00001 --counter 1 --key-file keys
            veuicc ota unwrap 027100... --key-file keys
            veuicc ota send 80CA004200 --counter 1 --key-file keys --image card.img

            docs/keys.md specifies key files; packets need a key set with the protocol scp80.
            """,
        subcommands: [OTAWrap.self, OTAUnwrap.self, OTASend.self]
    )
}

/// The options of a packet that its response needs too.
struct PacketArguments: ParsableArguments {
    @Option(help: "A file with keys: docs/keys.md.")
    var keyFile: String

    @Option(help: "The version of the key set in hexadecimal, where the file has several.")
    var keyVersion: HexArgument?

    @Option(help: "The SPI, two octets in hexadecimal: 1619 unless said otherwise.")
    var spi: HexArgument?

    @Option(help: "The octet KIc in hexadecimal; that of the key set unless said otherwise.")
    var kic: HexArgument?

    @Option(help: "The octet KID in hexadecimal; that of the key set unless said otherwise.")
    var kid: HexArgument?

    /// Makes and opens packets with these options.
    func sender(reference: [UInt8] = [0x00, 0x00, 0x00], counter: UInt64 = 0) throws(Failure) -> PacketSender {
        let spi = spi?.octets ?? [0x16, 0x19]
        guard spi.count == 2 else { throw Failure(.usage, description: "--spi: four hexadecimal digits are needed") }
        var options = PacketOptions(
            parameters: spi[0],
            responseParameters: spi[1],
            reference: reference,
            counter: counter
        )
        options.kic = try kic?.octet("--kic")
        options.kid = try kid?.octet("--kid")
        return PacketSender(try keys(), options)
    }

    private func keys() throws(Failure) -> PacketKeySet {
        let version = try keyVersion?.octet("--key-version")
        let sets = try InputFile.packetKeys(keyFile).filter { version == nil || $0.version == version }
        guard let first = sets.first else {
            let kind = version.map { " of the version \(Hex.string([$0]))" } ?? ""
            throw Failure(.data, description: "\(keyFile): there is no key set for SCP80\(kind)")
        }
        guard sets.count == 1 else {
            throw Failure(
                .usage,
                description: "\(keyFile): there are several key sets for SCP80: --key-version says which"
            )
        }
        return first
    }
}

/// The script, and what of the packet is its own.
struct ScriptArguments: ParsableArguments {
    @Argument(help: "Command APDUs in hexadecimal.")
    var apdus: [String] = []

    @Option(help: "A file with commands, as veuicc apdu takes it.")
    var script: String?

    @Option(help: "The format of the script: compact, expanded or indefinite.")
    var format = RemoteScriptFormat.compact

    @Option(help: "The toolkit application reference, three octets in hexadecimal: 000000 unless said otherwise.")
    var tar: HexArgument?

    @Option(help: "The counter of the packet, a decimal number below 2^40.")
    var counter: UInt64

    @OptionGroup var packet: PacketArguments

    /// What sends the packet, and the packet.
    func wrapped() throws(Failure) -> (sender: PacketSender, packet: WrappedPacket) {
        guard script == nil || apdus.isEmpty else {
            throw Failure(.usage, description: "commands come either as arguments or in a --script")
        }
        let reference = tar?.octets ?? [0x00, 0x00, 0x00]
        guard reference.count == 3 else {
            throw Failure(.usage, description: "--tar: six hexadecimal digits are needed")
        }
        guard counter >> 40 == 0 else { throw Failure(.usage, description: "--counter: a packet has 40 bits for it") }
        let commands = try scriptCommands()
        let sender = try packet.sender(reference: reference, counter: counter)
        do throws(CardManagementError) {
            let packet = try WrappedPacket(try format.script(commands), sender)
            return (sender, packet)
        } catch {
            throw Failure(error)
        }
    }

    private func scriptCommands() throws(Failure) -> [[UInt8]] {
        let steps: [ScriptStep]
        if let script {
            steps = try ScriptReader.steps(ofFile: script)
        } else {
            steps = try ScriptReader.steps(ofArguments: apdus)
        }
        var commands: [[UInt8]] = []
        for step in steps {
            guard case .command(let octets) = step else {
                throw Failure(.usage, description: "a remote script cannot reset the card")
            }
            commands.append(octets)
        }
        return commands
    }
}

/// What `ota wrap` shows: a packet in all that it is wrapped in.
struct WrappedPacket: Encodable {
    let script: String
    let packet: String
    let smsDeliver: [String]
    let envelope: [String]
    let messages: [[UInt8]]

    private enum CodingKeys: CodingKey {
        case script, packet, smsDeliver, envelope
    }

    init(_ script: [UInt8], _ sender: PacketSender) throws(CardManagementError) {
        let packet = try sender.packet(script)
        messages = sender.shortMessages(packet)
        self.script = Hex.string(script)
        self.packet = Hex.string(packet)
        smsDeliver = messages.map { Hex.string($0) }
        envelope = messages.map { Hex.string(PacketSender.envelope($0).octets) }
    }

    var lines: [String] {
        ["script       \(script)", "packet       \(packet)"] + smsDeliver.map { "sms-deliver  \($0)" }
            + envelope.map { "envelope     \($0)" }
    }
}

struct OTAWrap: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wrap",
        abstract: "Makes a command packet of a script, and the short messages and ENVELOPE commands that bring it.",
        discussion: """
            veuicc ota wrap 00A40000022FE2 00B000000A --tar B00001 --counter 1 --key-file keys
            veuicc ota wrap --script commands.txt --format expanded --spi 1639 --counter 2 --key-file keys --json
            """
    )

    @OptionGroup var script: ScriptArguments

    @Flag(help: "A JSON object.")
    var json = false

    func run() throws {
        let packet = try script.wrapped().packet
        if json { return try Output.json(packet, indented: true) }
        try Output.line(packet.lines.joined(separator: "\n"))
    }
}

extension RemoteScriptFormat: ExpressibleByArgument {}

extension InputFile {
    /// The key sets for secured packets of the file at `path`: docs/keys.md.
    ///
    /// - Throws: `data` where it is not one, with the line; what is in the way of the file.
    static func packetKeys(_ path: String) throws(Failure) -> [PacketKeySet] {
        let text = String(decoding: try octets(path, "the keys", limit: 1_048_576), as: UTF8.self)
        do throws(KeyFileError) {
            return try KeyFile.packetKeys(text)
        } catch {
            throw Failure(.data, description: "\(path):\(error)")
        }
    }
}
