import ArgumentParser
import Card
import Octets
import Reader

struct APDUCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apdu",
        abstract: "Sends command APDUs to a card and shows what it answers.",
        discussion: """
            veuicc apdu 00A40004022FE2 00B000000A --image card.img
            veuicc apdu --script commands.txt --image card.img --json
            veuicc apdu 80F2000C00 --reader "veuicc 0"
            echo 00A4000C | veuicc apdu --vpcd 127.0.0.1:35963

            A script has a command on each line, in hexadecimal with or without spaces; a backslash at the end of the \
            line continues it. A line "reset" is a warm reset, "exit" ends the script, and "#" begins a comment. Without \
            commands and script, lines are read from stdin, each executed as it comes. Responses are shown as they are: \
            61XX and 6CXX too.
            """
    )

    @Argument(help: "Command APDUs in hexadecimal, or reset.")
    var apdus: [String] = []

    @OptionGroup var place: CardPlace

    @Option(help: "A file with commands; - is stdin.")
    var script: String?

    @Option(name: .customLong("protocol"), help: "The transmission protocol: t0, t1 or both.")
    var transmissionProtocol: Environment.TransmissionProtocol?

    @Option(help: "Entropy of a card on an image in hexadecimal, 48 octets, so that a run can be repeated.")
    var seed: Entropy?

    @Flag(help: "Fetch announced data after 61XX, repeat a command after 6CXX.")
    var getResponse = false

    @Flag(help: "A JSON object in each line.")
    var json = false

    func run() throws {
        try place.requireOne()
        guard script == nil || apdus.isEmpty else {
            throw Failure(.usage, description: "commands come either as arguments or in a --script")
        }
        if !apdus.isEmpty {
            try execute(ScriptReader.steps(ofArguments: apdus))
        } else if let script, script != "-" {
            try execute(ScriptReader.steps(ofFile: script))
        } else {
            try executeInput()
        }
    }

    private func execute(_ steps: [ScriptStep]) throws {
        let terminal = try openTerminal()
        for step in steps { try execute(step, on: terminal) }
    }

    /// Executes what stdin says, line by line: a program at the other end may wait for each response.
    private func executeInput() throws {
        let terminal = try openTerminal()
        var script = ScriptReader("stdin")
        while !script.isEnded, let line = readLine() {
            if let step = try script.read(line) { try execute(step, on: terminal) }
        }
        try script.finish()
    }

    private func openTerminal() throws -> any CardTerminal {
        guard place.outside.vpcd == nil || transmissionProtocol == nil else {
            throw Failure(.usage, description: "--protocol: a card at the other end of vpcd has chosen its own")
        }
        let wanted: PCSCContext.WantedProtocol =
            switch transmissionProtocol {
            case .t0: .t0
            case .t1: .t1
            case .both, nil: .any
            }
        return try place.open(
            Environment(
                transmissionProtocol: transmissionProtocol ?? .t0,
                seed: (seed ?? .ofTheSystem).octets(ofCard: 0)
            ),
            wanted
        )
    }

    private func execute(_ step: ScriptStep, on terminal: any CardTerminal) throws {
        switch step {
        case .reset:
            try terminal.warmReset()
            try show(Exchange(command: "reset", atr: Hex.string(terminal.answerToReset)))
        case .command(let octets):
            var next: [UInt8]? = octets
            var isRepeated = false
            while let command = next {
                let response = try terminal.transmit(command)
                guard let exchange = Exchange(command, response) else {
                    let answer = response.isEmpty ? "nothing" : Hex.string(response)
                    throw Failure(.protocolMismatch, description: "the card answers \(answer), without a status word")
                }
                try show(exchange)
                next = getResponse ? following(command, response, &isRepeated) : nil
            }
        }
    }

    /// The command that a response asks for: GET RESPONSE after 61XX, the same one with another Le after 6CXX.
    private func following(_ command: [UInt8], _ response: [UInt8], _ isRepeated: inout Bool) -> [UInt8]? {
        guard let sw1 = response.dropLast().last, let sw2 = response.last, let cla = command.first else { return nil }
        switch sw1 {
        case 0x61 where command.dropFirst().first != 0xC0 || response.count > 2:
            return [Self.getResponseClass(cla), 0xC0, 0x00, 0x00, sw2]
        case 0x6C where !isRepeated && command.count >= 4:
            isRepeated = true
            // ISO/IEC 7816-3 cases 1 and 3 have no Le that could be replaced.
            let dataLength = command.count > 5 ? 1 + Int(command[4]) : 0
            return command[..<min(4 + dataLength, command.count)] + [sw2]
        default: return nil
        }
    }

    /// The class of a GET RESPONSE on the channel of a command: TS 102 221 clauses 10.1.1 and 11.1.18.1; class A0 of TS
    /// 51.011 keeps to itself.
    private static func getResponseClass(_ cla: UInt8) -> UInt8 {
        if cla == 0xA0 { return cla }
        return cla & 0x40 == 0 ? cla & 0x03 : 0x40 | cla & 0x0F
    }

    private func show(_ exchange: Exchange) throws {
        if json {
            try Output.json(exchange)
        } else {
            try Output.line("> \(exchange.command)\n< \(exchange.answer)")
        }
    }
}

/// What one step was answered.
private struct Exchange: Encodable {
    let command: String
    var atr: String?
    var data: String?
    var sw: String?

    /// All of it in one line.
    var answer: String { [atr, data, sw].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " ") }

    init(command: String, atr: String) {
        self.command = command
        self.atr = atr
    }

    /// nil where the response has no status word.
    init?(_ command: [UInt8], _ response: [UInt8]) {
        guard response.count >= 2 else { return nil }
        self.command = Hex.string(command)
        data = Hex.string(response.dropLast(2))
        sw = Hex.string(response.suffix(2))
    }
}

extension VPCDEndpoint {
    /// What `HOST:PORT`, `:PORT` or `PORT` say.
    ///
    /// - Throws: `usage` for anything else.
    init(argument: String) throws(Failure) {
        let colon = argument.lastIndex(of: ":")
        let host = colon.map { argument[..<$0] } ?? ""
        let digits = colon.map { argument[argument.index(after: $0)...] } ?? argument[...]
        guard let port = UInt16(digits) else {
            throw Failure(.usage, description: "--vpcd \(argument.debugDescription): HOST:PORT is needed")
        }
        self.init(host: host.isEmpty ? "127.0.0.1" : String(host), port: port)
    }
}
