import ArgumentParser
import Card
import Foundation
import ImageFile
import Memory
import Octets

struct CardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "card",
        abstract: "Makes cards.",
        subcommands: [New.self]
    )

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes the image of a factory-fresh card from a profile package.",
            discussion: "veuicc card new card.img --profile vectors/profiles/veuicc-default.der"
        )

        @Argument(help: "The image file to make.")
        var image: String

        @Option(help: "The profile package (DER).")
        var profile: String

        @Option(help: "Octets in the image, a multiple of 4096.")
        var size = Geometry.defaultSize

        @Flag(help: "Replace an image that is there.")
        var force = false

        func run() throws {
            guard let package = FileManager.default.contents(atPath: profile) else {
                throw Failure(description: "\(profile): the profile package cannot be read")
            }
            guard Geometry(size: size) != nil else {
                throw Failure(description: "--size \(size): no image has that size")
            }
            let octets = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4_096)
            defer { octets.deallocate() }
            _ = Memory.format(octets)
            var card = try Card(image: octets, environment: Environment(seed: []))
            let result = card.install(profilePackage: [[UInt8](package)])
            guard result.isInstalled else {
                throw Failure(
                    description:
                        "\(profile): the card refuses the package, EUICCResponse \(Hex.string(result.response))"
                )
            }
            try CardImage.create(file: image, contents: UnsafeRawBufferPointer(octets), overwriting: force)
            print("\(image): \(size) octets, EUICCResponse \(Hex.string(result.response))")
        }
    }
}
