import ArgumentParser
import Glibc

/// The command line: `veuicc`.
@main
struct Veuicc: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "veuicc",
        abstract: "A virtual UICC, with its whole state in one image.",
        discussion: """
            veuicc card new card.img
            veuicc apdu 00A40004022FE2 00B000000A --image card.img
            veuicc fs tree --image card.img
            veuicc run --image card.img
            veuicc trace recording.pcap
            """,
        version: "0.1.0",
        subcommands: [
            CardCommand.self, Run.self, ControlCommand.self, APDUCommand.self, FileSystemCommand.self,
            GlobalPlatformCommand.self, OTACommand.self, TraceCommand.self, ImageCommand.self,
            ConformanceCommand.self,
        ]
    )

    /// Runs the command line. Whatever is in the way is one line on stderr and an exit status by kind.
    static func main() {
        keepStandardDescriptors()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            guard let status = ExitStatus(of: error) else { exit(withError: error) }
            Output.note("Error: \(error)")
            Glibc.exit(status.rawValue)
        }
    }

    /// Opens what of stdin, stdout and stderr is closed, the wrong way round so that its use fails. Otherwise an image
    /// would get the number, and what is meant for stdout would be written to it.
    private static func keepStandardDescriptors() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}
