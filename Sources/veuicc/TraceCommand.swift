import ArgumentParser
import Trace

struct TraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Shows a recorded session of a card in words.",
        discussion: """
            veuicc trace session.pcap
            veuicc trace session.txt --verbose
            veuicc apdu --script commands --image card.img | veuicc trace -
            veuicc trace session.json --pcap session.pcap

            A recording is a capture of GSMTAP (pcap or pcapng), lines of JSON as veuicc writes them, or lines \
            "> COMMAND" and "< RESPONSE" as veuicc apdu and scriptor write them. A live trace is one of veuicc run.
            """
    )

    @Argument(help: "The recording; - is stdin, each line shown as it comes.")
    var file: String

    @Flag(help: "A JSON object in each line.")
    var json = false

    @OptionGroup var options: TraceOptions

    /// The most octets of a recording.
    private static let limit = 1 << 30

    func run() throws {
        let output = try TraceOutput(options, to: json ? .json : .text, showsCard: false)
        if file == "-" {
            var recording = TraceFile()
            do {
                while let line = readLine() {
                    if let record = try recording.read(line) { try output.write(record) }
                }
                try recording.finish()
            } catch let error as TraceFormatError {
                throw failure(error, "stdin")
            }
            return
        }
        let octets = try InputFile.octets(file, "the recording", limit: Self.limit)
        do {
            if try showCapture(octets, output) { return }
            var recording = TraceFile()
            for line in octets.split(separator: 0x0A, omittingEmptySubsequences: false) {
                if let record = try recording.read(String(decoding: line, as: UTF8.self)) { try output.write(record) }
            }
            try recording.finish()
        } catch let error as TraceFormatError {
            throw failure(error, file)
        }
    }

    /// - Returns: false for a file that is no capture.
    private func showCapture(_ octets: [UInt8], _ output: TraceOutput) throws -> Bool {
        var records: [TraceRecord] = []
        let result = Result { try TraceFile.readCapture(octets, into: &records) }
        for record in records { try output.write(record) }
        return try result.get()
    }

    private func failure(_ error: TraceFormatError, _ source: String) -> Failure {
        let place = error.line.map { "\(source):\($0)" } ?? source
        return Failure(.data, description: "\(place): \(error)")
    }
}
