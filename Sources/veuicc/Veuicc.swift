import ArgumentParser

/// The command line: `veuicc`.
@main
struct Veuicc: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "veuicc",
        abstract: "A virtual UICC, with its whole state in one image.",
        discussion: """
            veuicc card new card.img
            veuicc run --image card.img
            """,
        subcommands: [CardCommand.self, Run.self]
    )
}

/// What ends a command with one line on stderr.
struct Failure: Error, CustomStringConvertible {
    let description: String
}
