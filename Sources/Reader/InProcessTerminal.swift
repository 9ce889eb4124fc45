import Card
import CardOS
import ImageFile
import Memory

/// The terminal of a card in this process: each call goes straight to the card.
public final class InProcessTerminal: CardTerminal {
    /// The answer to reset of the card.
    public let answerToReset: [UInt8]
    /// The image that the card runs on.
    public let image: CardImage

    private var card: Card

    /// The terminal of `card`, which runs on `image`; it keeps both.
    public init(_ card: consuming Card, on image: CardImage) {
        answerToReset = card.answerToReset
        self.image = image
        self.card = card
    }

    /// Cold reset. Does not fail.
    public func powerOn() { card.powerOn() }

    /// Takes the power away. Does not fail.
    public func powerOff() { card.powerOff() }

    /// Warm reset. Does not fail.
    public func warmReset() { card.warmReset() }

    /// Hands the command to the card.
    ///
    /// - Throws: `powerFailed` only.
    public func transmit(
        _ command: UnsafeRawBufferPointer,
        into response: UnsafeMutableRawBufferPointer
    ) throws(TerminalError) -> Int {
        let length = card.transmit(command, into: response)
        guard length > 0 else {
            throw TerminalError(.powerFailed, "the card's power failed during the command")
        }
        return length
    }

    /// Whether the card has power.
    public var isPowered: Bool { card.isPowered }

    /// Lets the card's power fail in one of the program operations to come; nil: not any more. A reset forgets it.
    public func schedule(_ failure: PowerFailure?) { card.system.memory.schedule(failure) }

    /// Looks into the card, between two commands.
    public func inspect<Result>(_ body: (borrowing UICC) throws -> Result) rethrows -> Result { try body(card.system) }
}
