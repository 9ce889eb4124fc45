import Card
import Memory

/// What is wrong with an image: as `veuicc image verify` tells it, but for what is only worth a look.
func defects(of image: Block) -> [String] {
    Card.defects(of: UnsafeRawBufferPointer(image.octets)).filter { !$0.reason.isRemark }.map(\.description)
}
