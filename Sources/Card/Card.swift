import CardOS
import Memory
import Octets

/// A card: one image, and what happens to it between a power-on and a power-off.
///
/// The card lives in the thread of its caller, takes nothing from outside but its `Environment`, and never traps.
public struct Card: ~Copyable {
    /// The most octets that a response APDU takes, status word included.
    public static let maximumResponseLength = 65_538

    /// Whether the card has power.
    public private(set) var isPowered = false

    /// A card on `image`, which the caller owns and keeps in place while the card lives. The card is without power.
    ///
    /// - Throws: what is wrong with the image; the image is then as before.
    public init(image: UnsafeMutableRawBufferPointer, environment: Environment) {
    }

    /// The answer to reset, 2 to 33 octets; the same in every state.
    public var answerToReset: [UInt8] { Hex.octets("3B9F96803FC7828031E073FE211F675645554943433148") ?? [] }

    /// Cold reset: all volatile state is lost, an interrupted transaction is finished or rolled back.
    public mutating func powerOn() { isPowered = true }

    /// Takes the power away: volatile state is lost.
    public mutating func powerOff() { isPowered = false }

    /// Warm reset: for a UICC the same as a cold one.
    public mutating func warmReset() { isPowered = true }

    /// Executes one command APDU (any number of octets) and writes the response APDU to `response`, which holds at
    /// least `maximumResponseLength` octets. A card without power is powered on first.
    ///
    /// - Returns: the length of the response APDU, at least 2; 0 when the power failed during the command.
    public mutating func transmit(
        _ command: UnsafeRawBufferPointer,
        into response: UnsafeMutableRawBufferPointer
    ) -> Int {
        guard response.count >= 2 else { return 0 }
        response[0] = 0x6D
        response[1] = 0x00
        return 2
    }
}

/// What a card takes from outside: the one door to the world.
public struct Environment {
    /// Which transmission protocols the answer to reset offers, and how data owed without Le are announced.
    public enum TransmissionProtocol: Sendable, CaseIterable {
        /// T=0: data owed are announced with 61XX.
        case t0
        /// T=1: data come with the response to the command.
        case t1
        /// Both are offered: with Le data come at once, without they are announced.
        case both
    }

    /// What the card offers; T=0 by default.
    public var transmissionProtocol: TransmissionProtocol
    /// The entropy from which the card's random numbers are made, 48 octets.
    public var seed: [UInt8]
    /// Called at each commit, after the image holds it: makes it durable. nil: nothing to do.
    public var synchronize: (() -> Void)?

    /// An environment; `seed` is cut or filled with zeros to 48 octets.
    public init(
        transmissionProtocol: TransmissionProtocol = .t0,
        seed: [UInt8],
        synchronize: (() -> Void)? = nil
    ) {
        self.transmissionProtocol = transmissionProtocol
        self.seed = seed
        self.synchronize = synchronize
    }
}
