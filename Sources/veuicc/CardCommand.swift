import ArgumentParser
import Card
import ImageFile
import Memory
import Octets

struct CardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "card",
        abstract: "Makes cards.",
        discussion: "veuicc card new card.img",
        subcommands: [New.self]
    )

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes the image of a factory-fresh card from a profile package.",
            discussion: """
                veuicc card new card.img
                veuicc card new card.img --profile package.der --size 1048576 --force

                Without --profile the card gets the project's own package, which the program carries with it \
                (docs/default-profile.md).
                """
        )

        @Argument(help: "The image file to make.")
        var image: String

        @Option(help: "The profile package (DER).")
        var profile: String?

        @Option(help: "Octets in the image, a multiple of 4096.")
        var size = Geometry.defaultSize

        @Flag(help: "Replace an image that is there.")
        var force = false

        @Flag(help: "The summary as a JSON object.")
        var json = false

        func run() throws {
            guard Geometry(size: size) != nil else {
                let sizes = Geometry.sizes
                throw Failure(
                    .usage,
                    description: "--size \(size): an image has \(sizes.lowerBound) to \(sizes.upperBound) octets, "
                        + "a multiple of \(Geometry.sizeUnit)"
                )
            }
            let factory = try FactoryCard(profile: profile, size: size)
            let summary = try Summary(of: factory.card, in: image, factory.response)
            try factory.withContents { try create($0) }
            if json { try Output.json(summary) } else { try Output.line(summary.text) }
        }

        private func create(_ octets: UnsafeRawBufferPointer) throws {
            do throws(ImageFileError) {
                try CardImage.create(file: image, contents: octets, overwriting: force)
            } catch {
                switch error.reason {
                case .missing: throw Failure(.cannotCreate, description: "\(image): its directory does not exist")
                case .notAFile, .system: throw Failure(.cannotCreate, description: "\(error)")
                case .exists: throw Failure(.cannotCreate, description: "\(error); --force replaces it")
                case .inUse, .size: throw error
                }
            }
        }
    }
}

/// What `card new` tells of the card that it has made.
private struct Summary: Encodable {
    let image: String
    let size: Int
    let freeOctets: Int
    let atr: String
    let iccid: String?
    let files: Int
    let response: String
    let statuses: [EUICCResponse.Status]

    init(of card: borrowing Card, in image: String, _ response: [UInt8]) throws(Failure) {
        let tree = try FileTree(of: card.system, image: image)
        self.image = image
        size = card.system.memory.geometry.size
        freeOctets = card.system.memory.freePages * Geometry.pageSize
        atr = Hex.string(card.answerToReset)
        files = tree.nodes.count
        iccid = Self.iccid(in: tree, of: card)
        self.response = Hex.string(response)
        statuses = EUICCResponse(response).statuses
    }

    private static func iccid(in tree: FileTree, of card: borrowing Card) -> String? {
        guard let masterFile = tree.roots.first,
            let node = tree.children(of: masterFile).first(where: { $0.file.fileIdentifier == 0x2FE2 })
        else { return nil }
        do throws(StatusWord) {
            return ICCID.digits(try card.system.inspectBody(of: node.file.reference))
        } catch {
            return nil
        }
    }

    var text: String {
        var lines = [
            "image      \(image), \(size) octets, \(freeOctets) of them free",
            "ATR        \(atr)",
            "ICCID      \(iccid ?? "none")",
            "files      \(files)",
            "response   \(response)",
        ]
        lines += statuses.map { "status     \($0.line)" }
        return lines.joined(separator: "\n")
    }
}
