import ArgumentParser
import Card
import ImageFile
import Memory

extension ImageFormat: ExpressibleByArgument {}

extension ImageCommand {
    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes an image, as it is, in a format of programmers and emulators.",
            discussion: """
                veuicc image export card.img card.hex --format ihex

                Formats: bin, the octets; ihex, Intel HEX; srec, Motorola S-records.
                What is wrong with the image is told on stderr, and written too.
                """
        )

        @Argument(help: "The image file.")
        var image: String

        @Argument(help: "The file to make; - is the standard output.")
        var file = "-"

        @Option(help: "bin, ihex or srec.")
        var format: ImageFormat

        @Flag(help: "Replace a file that is there.")
        var force = false

        func run() throws {
            let base = try BaseImage(file: image)
            defer { withExtendedLifetime(base) {} }
            let target = try ImageExportFile(file, overwriting: force)
            switch format {
            case .bin: try target.write(base.octets)
            case .ihex: try IntelHex.write(base.octets, to: target)
            case .srec: try SRecord.write(base.octets, to: target)
            }
            try target.finish()
            let defects = Card.defects(of: base.octets).filter { !$0.reason.isRemark }
            if let first = defects.first {
                Output.note("\(image): exported with \(defects.count) defects, the first at \(first)")
            }
        }
    }

    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes an image from what `export`, or a programmer, wrote, if nothing is wrong with it.",
            discussion: """
                veuicc image import card.hex card.img

                Records may come in any order; each octet of the image comes once. A file that begins with a colon is \
                Intel HEX, one that begins with S is S-records.
                """
        )

        @Argument(help: "The file; - is the standard input.")
        var file: String

        @Argument(help: "The image file to make; - is the standard output.")
        var image: String

        @Option(help: "bin, ihex or srec, instead of what the file begins like.")
        var format: ImageFormat?

        @Flag(help: "Replace an image that is there.")
        var force = false

        func run() throws {
            let octets = try read()
            try octets.withUnsafeBytes { octets in
                let defects = Card.defects(of: octets).filter { !$0.reason.isRemark }
                if let first = defects.first {
                    throw Failure(description: "\(file): not imported: \(defects.count) defects, the first at \(first)")
                }
                try CardImage.save(octets, toFile: image, overwriting: force)
            }
        }

        private func read() throws(Failure) -> [UInt8] {
            let source = try ImageImportFile(file)
            let first = try source.first
            let format = format ?? ImageFormat(beginningWith: first)
            var assembly = ImageAssembly()
            switch format {
            case .bin: return try source.rest(limit: CardImage.sizes.upperBound + 1)
            case .ihex:
                var reader = IntelHex.Reader()
                try assembly.read(source, with: &reader)
            case .srec:
                var reader = SRecord.Reader()
                try assembly.read(source, with: &reader)
            }
            return assembly.octets
        }
    }
}
