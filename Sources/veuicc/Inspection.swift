import Card
import CardOS
import ImageFile
import Memory

/// Looks into the image file at `path` as it would be after a power-on. The file is never written.
///
/// - Throws: what is in the way of the file, or wrong with the image; and what `body` throws.
func inspect<Result>(image path: String, _ body: (borrowing UICC) throws -> Result) throws -> Result {
    let image = try BaseImage(file: path).ephemeral()
    defer { withExtendedLifetime(image) {} }
    let card = try card(on: image, named: path, Environment(seed: []))
    return try body(card.system)
}

/// A card on `image`, with the name of the file in front of what is wrong with it.
func card(on image: CardImage, named path: String, _ environment: Environment) throws(Failure) -> Card {
    do throws(ImageDefect) {
        return try Card(image: image.octets, environment: environment)
    } catch {
        throw Failure(.data, description: "\(path): \(error)")
    }
}
