import Card
import CardCrypto
import ImageFile
import Memory
import Octets
import Reader

/// Reads a file that a transcript names.
public typealias FileLoader = (_ path: String) throws -> [UInt8]

/// Why a card cannot be had: one line for the user.
struct CardFailure: Error {
    let reason: String
}

/// The cards of this process. What a profile package makes is kept, so that it is installed once.
final class CardWorkshop {
    private let load: FileLoader
    private let anyPackage: [UInt8]
    private var images: [Key: [UInt8]] = [:]

    private struct Key: Hashable {
        let source: CardSource
        let size: Int
    }

    init(anyPackage: [UInt8], _ load: @escaping FileLoader) {
        self.anyPackage = anyPackage
        self.load = load
    }

    /// A factory-fresh card with power.
    func card(from source: CardSource, _ settings: CardSettings) throws(CardFailure) -> InProcessTerminal {
        let key = Key(source: source, size: settings.size)
        do {
            let octets = try images[key] ?? makeImage(source, settings.size)
            images[key] = octets
            let image = try CardImage(size: octets.count)
            image.octets.copyBytes(from: octets)
            let environment = Environment(
                transmissionProtocol: settings.transmissionProtocol,
                seed: settings.seed
            )
            let terminal = InProcessTerminal(try Card(image: image.octets, environment: environment), on: image)
            terminal.powerOn()
            return terminal
        } catch let failure as CardFailure {
            throw failure
        } catch {
            throw CardFailure(reason: "\(source.file ?? "image"): \(error)")
        }
    }

    private func makeImage(_ source: CardSource, _ size: Int) throws -> [UInt8] {
        if case .image(let file) = source { return try load(file) }
        let image = try CardImage(size: size)
        _ = Memory.format(image.octets)
        let package = try source.file.map { try load($0) } ?? anyPackage
        var card = try Card(image: image.octets, environment: Environment(seed: []))
        try card.manufacture(FactoryConfiguration())
        let result = card.install(profilePackage: [package])
        guard result.isInstalled else {
            throw CardFailure(
                reason: "\(source.file ?? "any"): the card refuses the package: \(Hex.string(result.response))"
            )
        }
        return [UInt8](image.octets)
    }
}

extension InProcessTerminal {
    /// The SHA-256 of the image.
    func imageDigest() throws(CardFailure) -> [UInt8] {
        do throws(CryptoError) {
            return try Hash.digest(.sha256, OctetView(UnsafeRawBufferPointer(image.octets)))
        } catch {
            throw CardFailure(reason: "SHA-256 is not to be had: \(error)")
        }
    }
}
