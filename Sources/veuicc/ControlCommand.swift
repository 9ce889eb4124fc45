import ArgumentParser
import FoundationEssentials
import Reader

struct ControlCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "control",
        abstract: "Looks into a running card, rewinds it, takes it out of its reader, makes it fail.",
        discussion: """
            veuicc run --image card.img --control card.socket &
            veuicc control card.socket status
            veuicc control card.socket snapshot before
            veuicc control card.socket power-cut 3 prefix 10
            veuicc control card.socket restore before

            Where `veuicc run` has several cards, the number of one stands in front: veuicc control card.socket 2 remove. \
            Without a command, requests are read from stdin, one a line. Each is answered with a JSON object in one \
            line. docs/faults.md describes them.

            status                            what is selected and verified, which tries are left, which faults are set
            snapshot NAME | FILE              keeps the image, in the memory of the process or in a file
            restore NAME | FILE               puts it back and resets the card
            reset cold | warm                 resets the card behind the reader's back
            remove, insert                    takes the card out of the reader, and puts it back
            power-cut N [before | prefix OCTETS [BITS] | suffix OCTETS [BITS] | subset SEED | after] | off
                                              the power fails in the Nth program operation from now
            mute [N | off]                    the next N commands (1) are not answered
            atr HEX | default                 another answer to reset
            delay MILLISECONDS | off          each answer comes so much later
            """
    )

    @Argument(help: "The socket that `veuicc run --control` has made.")
    var socket: String

    @Argument(parsing: .remaining, help: "The command, perhaps behind the number of a card.")
    var command: [String] = []

    func run() throws {
        let client = try ControlClient(connectingTo: socket)
        if !command.isEmpty { return try ask(client, ControlClient.request(command)) }
        // All are sent, whatever becomes of one.
        var failure: Failure?
        while let line = readLine() {
            let words = line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
            if words.isEmpty { continue }
            do {
                try ask(client, ControlClient.request(words))
            } catch let refusal as Failure {
                failure = failure ?? refusal
            }
        }
        if let failure { throw failure }
    }

    /// Sends a request and shows what it is answered.
    ///
    /// - Throws: the reason, where it was not carried out.
    private func ask(_ client: ControlClient, _ request: String) throws {
        let line = try client.ask(request)
        try Output.line(line)
        let answer = try JSONDecoder().decode(Answer.self, from: Data(line.utf8))
        guard !answer.ok else { return }
        let status = answer.kind.flatMap { ControlFailure.Kind(rawValue: $0) }.map { ExitStatus($0) }
        throw Failure(status ?? .protocolMismatch, description: answer.error ?? "not carried out")
    }

    private struct Answer: Decodable {
        let ok: Bool
        let error: String?
        let kind: String?
    }
}

extension ExitStatus {
    init(_ kind: ControlFailure.Kind) {
        self =
            switch kind {
            case .usage: .usage
            case .missing: .noInput
            case .data: .data
            case .exists: .cannotCreate
            case .inUse: .temporary
            case .system: .inputOutput
            }
    }
}
