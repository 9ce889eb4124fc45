import ArgumentParser
import ImageFile

extension ImageCommand {
    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tells what changed between two images, in the words of the card and in octets.",
            discussion: """
                veuicc image diff before.img after.img --bytes

                Ends with exit status 0 if the images are the same octets, 1 if they are not. Keys and PINs are shown.
                """
        )

        @Argument(help: "The one image file.")
        var old: String

        @Argument(help: "The other one.")
        var new: String

        @Flag(help: "List the octets that differ too, with their pages.")
        var bytes = false

        @Flag(help: "Show it as JSON.")
        var json = false

        func run() throws {
            let (before, after) = (try BaseImage(file: old), try BaseImage(file: new))
            defer { withExtendedLifetime((before, after)) {} }
            let diff = ImageDiff(
                try ImageContents(of: before.octets, named: old),
                try ImageContents(of: after.octets, named: new)
            )
            let octets = ImageByteDiff(before.octets, after.octets, diff, listing: bytes)
            if json {
                try Output.json(
                    Report(
                        same: octets.count == 0,
                        octets: octets.count,
                        pages: octets.pages,
                        changes: diff.changes,
                        bytes: bytes ? octets.runs : nil
                    ),
                    indented: true
                )
            } else if octets.count > 0 {
                var lines = diff.changes.map(\.line)
                if lines.isEmpty { lines = ["nothing that the card knows of; \(octets.summary)"] }
                if bytes { lines += [""] + octets.lines + [octets.summary] }
                try Output.octets(Array((lines.joined(separator: "\n") + "\n").utf8))
            }
            if octets.count > 0 { throw ExitCode(1) }
        }

        private struct Report: Encodable {
            let same: Bool
            let octets, pages: Int
            let changes: [ImageChange]
            let bytes: [ImageByteDiff.Run]?
        }
    }
}
