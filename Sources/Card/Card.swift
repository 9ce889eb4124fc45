import CardOS
import GlobalPlatform
import Memory
import Octets
import RemoteManagement
import Telecom

/// A card: one image, and what happens to it between a power-on and a power-off.
///
/// The card lives in the thread of its caller, takes nothing from outside but its `Environment`, and never traps.
public struct Card: ~Copyable {
    /// The most octets that a response APDU takes, status word included.
    public static let maximumResponseLength = 65_538

    /// The answer to reset, 2 to 33 octets; the same in every state.
    public let answerToReset: [UInt8]
    /// Whether the card has power.
    public private(set) var isPowered = false
    /// The operating system, for the making of a card and for looking inside.
    public var system: UICC
    /// The applications above it, and the toolkit.
    public var runtime = RuntimeEnvironment()
    /// The GlobalPlatform environment in it.
    public var open: OPEN {
        _read { yield runtime.open }
        _modify { yield &runtime.open }
    }

    /// A card on `image`, which the caller owns and keeps in place while the card lives. The card is without power; an
    /// interrupted transaction has been finished or rolled back.
    ///
    /// - Throws: what is wrong with the image; the image is then as before.
    public init(image: UnsafeMutableRawBufferPointer, environment: Environment) throws(ImageDefect) {
        answerToReset = environment.transmissionProtocol.answerToReset
        let memory = try Memory(mounting: image, synchronize: environment.synchronize)
        let rule = environment.transmissionProtocol.responseRule
        system = UICC(
            memory: memory,
            commands: Self.commands,
            gsmCommands: Self.gsmCommands,
            responseRule: rule,
            seed: environment.seed
        )
    }

    private static let commands = CommandTable.uicc.adding(Telecom.commands)
    private static let gsmCommands = CommandTable(GSM.commands)

    /// Cold reset: all volatile state is lost, an interrupted transaction is finished or rolled back.
    public mutating func powerOn() {
        system.reset()
        runtime.reset(system)
        isPowered = true
    }

    /// Takes the power away: volatile state is lost.
    public mutating func powerOff() {
        isPowered = false
    }

    /// Warm reset: for a UICC the same as a cold one.
    public mutating func warmReset() {
        powerOn()
    }

    /// Executes one command APDU (any number of octets) and writes the response APDU to `response`, which holds at
    /// least `maximumResponseLength` octets. A card without power is powered on first.
    ///
    /// - Returns: the length of the response APDU, at least 2; 0 when the power failed during the command.
    public mutating func transmit(
        _ command: UnsafeRawBufferPointer,
        into response: UnsafeMutableRawBufferPointer
    ) -> Int {
        if !isPowered { powerOn() }
        let length = system.transmit(OctetView(command), into: response, through: &runtime)
        if length == 0 { isPowered = false }
        return length
    }
}

/// What a card takes from outside: the one door to the world.
public struct Environment {
    /// Which transmission protocols the answer to reset offers, and how data owed without Le are announced.
    public enum TransmissionProtocol: String, Sendable, CaseIterable {
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

    /// An environment; with a seed of fewer than 48 octets the card has no random numbers.
    public init(
        transmissionProtocol: TransmissionProtocol = .t0,
        seed: [UInt8],
        synchronize: (() -> Void)? = nil
    ) {
        self.seed = seed
        self.transmissionProtocol = transmissionProtocol
        self.synchronize = synchronize
    }
}

extension Environment.TransmissionProtocol {
    fileprivate var responseRule: UICC.ResponseRule {
        switch self {
        case .t0: .announced
        case .t1: .immediate
        case .both: .byLe
        }
    }

    /// TS 102 221 clause 6.3: TA1 = 96 (512/32), the protocols, global interface octets C7 82, fifteen historical
    /// octets. The card capabilities announce command chaining, channels that either side numbers, eight or more of
    /// them, and extended lengths where T=1 is offered. The last octet makes the exclusive-or of all but the first 00.
    var answerToReset: [UInt8] {
        let protocols: [UInt8] =
            switch self {
            case .t0: [0x80, 0x3F]
            case .t1: [0x81, 0x3F]
            // TD1 T=0, TD2 T=1, TD3 T=15.
            case .both: [0x80, 0x81, 0x3F]
            }
        let capabilities: UInt8 = self == .t0 ? 0x9F : 0xDF
        var octets: [UInt8] = [0x3B, 0x9F, 0x96] + protocols + [0xC7, 0x82]
        octets += [0x80, 0x31, 0xE0, 0x73, 0xFE, 0x21, capabilities, 0x67] + Array("VEUICC1".utf8)
        octets.append(octets.dropFirst().reduce(0, ^))
        return octets
    }
}
