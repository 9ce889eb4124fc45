import ArgumentParser
import Foundation

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
            """,
        version: "0.1.0",
        subcommands: [CardCommand.self, Run.self, APDUCommand.self, FileSystemCommand.self]
    )

    /// Runs the command line. Whatever is in the way is one line on stderr and an exit status by kind.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            guard let status = ExitStatus(of: error) else { exit(withError: error) }
            Output.note("Error: \(error)")
            Foundation.exit(status.rawValue)
        }
    }
}
