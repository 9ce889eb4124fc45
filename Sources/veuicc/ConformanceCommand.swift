import ArgumentParser
import Conformance
import FoundationEssentials
import Reader

struct ConformanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance",
        abstract: "Runs transcripts: commands, and what a card has to answer.",
        discussion: """
            veuicc conformance vectors/conformance
            veuicc conformance select.apdu --reader "veuicc 0" --junit report.xml
            veuicc conformance vectors/conformance --coverage docs/coverage.md

            A directory means all *.apdu files below it. Without --vpcd and --reader each transcript makes its cards in \
            this process. A card outside is what the first transcript that starts from a profile package takes it for; \
            what needs another fresh card, a power failure, or a look into the image does not apply there. docs/vectors.md \
            specifies the files. The exit status is 1 when a line failed.
            """
    )

    @Argument(help: "Transcripts, or directories with them.")
    var paths: [String]

    @OptionGroup var outside: OutsideCard

    @Option(help: "Write the results to this file in the XML of JUnit.")
    var junit: String?

    @Option(help: "Write to this file which command has shown which status word; - is stdout.")
    var coverage: String?

    @Flag(help: "The results as a JSON object.")
    var json = false

    func run() throws {
        guard outside.count < 2 else {
            throw Failure(.usage, description: "--vpcd and --reader are two places for a card")
        }
        guard !json || coverage != "-" else {
            throw Failure(.usage, description: "--json and --coverage - both write to stdout")
        }
        let transcripts = try paths.flatMap { path in try Self.files(in: path) }.map { file in try Self.transcript(file)
        }
        let package = PackageResources.veuicc_default_der
        let runner = TranscriptRunner(outside: try outside.connect(), anyPackage: package) { path in
            try InputFile.octets(path, "the card")
        }
        let results = transcripts.map { runner.run($0) }
        if let junit { try OutputFile.write(JUnit.document(results), to: junit) }
        if let coverage {
            let text = Coverage(of: results).markdown(command: Self.coverageCommand)
            if coverage == "-" { try Output.octets(Array(text.utf8)) } else { try OutputFile.write(text, to: coverage) }
        }
        if json {
            try Output.json(ConformanceReport(results), indented: true)
        } else if coverage != "-" {
            try Output.line(ConformanceTable.text(results))
        }
        if results.contains(where: { !$0.failures.isEmpty }) { throw ExitCode(1) }
    }

    /// What writes docs/coverage.md.
    static let coverageCommand = "veuicc conformance vectors/conformance --coverage docs/coverage.md"

    /// The transcripts at `path`: itself, or those below it, by name.
    private static func files(in path: String) throws(Failure) -> [String] {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw Failure(.noInput, description: "\(path): no such file or directory")
        }
        guard isDirectory else { return [path] }
        let below: [String]
        do {
            below = try FileManager.default.subpathsOfDirectory(atPath: path)
        } catch {
            throw Failure(.noPermission, description: "\(path): cannot read the directory")
        }
        let folder = path.hasSuffix("/") ? path : path + "/"
        let files = below.filter { $0.hasSuffix(".apdu") }.sorted().map { folder + $0 }
        guard !files.isEmpty else { throw Failure(.noInput, description: "\(path): no transcript (*.apdu) below it") }
        return files
    }

    private static func transcript(_ file: String) throws(Failure) -> Transcript {
        let text = String(decoding: try InputFile.octets(file, "the transcript"), as: UTF8.self)
        do throws(TranscriptError) {
            return try Transcript(text, file: file)
        } catch {
            throw Failure(.data, description: "\(error)")
        }
    }
}
