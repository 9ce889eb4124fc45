import Card
import CardCrypto
import CardOS
import ImageFile
import Memory
import Octets
import Synchronization

/// The terminal of a card in this process that other threads look into, rewind, and order faults for, between two
/// commands of the reader.
public final class ControlledTerminal: CardTerminal, @unchecked Sendable {
    // Unchecked: what is not constant is used under the lock only.

    /// The image that the card runs on.
    public let image: CardImage

    private let environment: Environment
    private let lock = Mutex(())
    private var terminal: InProcessTerminal
    private var faults = Faults()
    private var snapshots: [String: [UInt8]] = [:]

    /// What is ordered, and what has come of it.
    private struct Faults {
        var answerToReset: [UInt8]?
        /// How many commands are not answered.
        var muteCommands = 0
        /// How long an answer is held back, in milliseconds.
        var delay = 0
        /// The power failure to come, counted from `countedFrom`.
        var powerCut: PowerFailure?
        /// What `programOperations` was when `powerCut` was set, or last counted down.
        var countedFrom: UInt64 = 0
        /// Whether the power has failed in a command: the card says nothing until the next reset.
        var isDead = false
    }

    /// The terminal of a card on `image`, which has been given no power.
    ///
    /// - Throws: what is wrong with the image.
    public init(on image: CardImage, _ environment: Environment) throws(ImageDefect) {
        self.image = image
        self.environment = environment
        terminal = InProcessTerminal(try Card(image: image.octets, environment: environment), on: image)
    }

    // MARK: The reader

    /// The answer to reset of the card, or the one that was ordered.
    public var answerToReset: [UInt8] {
        lock.withLock { _ in faults.answerToReset ?? terminal.answerToReset }
    }

    /// Cold reset. Does not fail.
    public func powerOn() { lock.withLock { _ in restart { terminal.powerOn() } } }

    /// Takes the power away. Does not fail.
    public func powerOff() {
        lock.withLock { _ in
            terminal.powerOff()
            faults.isDead = false
        }
    }

    /// Warm reset. Does not fail.
    public func warmReset() { lock.withLock { _ in restart { terminal.warmReset() } } }

    /// Hands the command to the card.
    ///
    /// - Throws: `mute` only: where it was ordered, or the power fails.
    public func transmit(
        _ command: UnsafeRawBufferPointer,
        into response: UnsafeMutableRawBufferPointer
    ) throws(TerminalError) -> Int {
        let (length, delay) = try lock.withLock { _ throws(TerminalError) in
            (try execute(command, response), faults.delay)
        }
        if delay > 0 { Pause.milliseconds(delay) }
        return length
    }

    private func execute(
        _ command: UnsafeRawBufferPointer,
        _ response: UnsafeMutableRawBufferPointer
    ) throws(TerminalError) -> Int {
        guard !faults.isDead else { throw .mute }
        if faults.muteCommands > 0 {
            faults.muteCommands -= 1
            throw .mute
        }
        if !terminal.isPowered { restart { terminal.powerOn() } }
        do throws(TerminalError) {
            return try terminal.transmit(command, into: response)
        } catch {
            faults.isDead = true
            faults.powerCut = nil
            throw .mute
        }
    }

    /// Resets the card, which forgets the power failure to come: it is set again.
    private func restart(_ reset: () -> Void) {
        countDown()
        reset()
        faults.isDead = false
        schedulePowerCut()
    }

    /// Takes the program operations that have been from those before the power failure to come.
    private func countDown() {
        guard let powerCut = faults.powerCut else { return }
        let done = operations - faults.countedFrom
        faults.powerCut?.completeOperations -= min(done, powerCut.completeOperations)
        faults.countedFrom = operations
    }

    private func schedulePowerCut() {
        faults.countedFrom = operations
        if let powerCut = faults.powerCut { terminal.schedule(powerCut) }
    }

    private var operations: UInt64 { terminal.inspect { $0.memory.programOperations } }

    // MARK: Control

    /// Resets the card behind the reader's back, cold or warm. Without power there is nothing to reset.
    func reset(cold: Bool) {
        lock.withLock { _ in
            guard terminal.isPowered || faults.isDead else { return }
            restart { if cold { terminal.powerOn() } else { terminal.warmReset() } }
        }
    }

    /// Does not answer the next `count` commands, nor execute them.
    func mute(_ count: Int) { lock.withLock { _ in faults.muteCommands = count } }

    /// Holds each answer back for `milliseconds`.
    func delay(_ milliseconds: Int) { lock.withLock { _ in faults.delay = milliseconds } }

    /// Gives the reader another answer to reset; nil: that of the card.
    func setAnswerToReset(_ octets: [UInt8]?) { lock.withLock { _ in faults.answerToReset = octets } }

    /// Lets the power fail in a program operation of a command, counted from now; nil: not any more.
    func cutPower(_ failure: PowerFailure?) {
        lock.withLock { _ in
            faults.powerCut = failure
            faults.countedFrom = operations
            // Where the power has failed already, it must not come back by this.
            if !faults.isDead { terminal.schedule(failure) }
        }
    }

    /// The octets of the image as it is.
    func copyOfImage() -> [UInt8] { lock.withLock { _ in [UInt8](image.octets) } }

    /// Keeps the image in memory under `name`, in the place of what had the name; returns its octets.
    func snapshot(named name: String) -> [UInt8] {
        lock.withLock { _ in
            let octets = [UInt8](image.octets)
            snapshots[name] = octets
            return octets
        }
    }

    /// What `snapshot(named:)` has kept.
    func snapshot(_ name: String) -> [UInt8]? { lock.withLock { _ in snapshots[name] } }

    /// Puts `octets` in the place of the image, and resets the card. Its random numbers begin anew, with the seed.
    ///
    /// - Throws: what is in the way, as an `ImageFileError` or an `ImageDefect`; the card is then as before.
    func restore(_ octets: [UInt8]) throws {
        try octets.withUnsafeBytes { contents in
            if contents.count == image.octets.count,
                let defect = Card.defects(of: contents).first(where: { !$0.reason.isRemark })
            {
                throw defect
            }
            try lock.withLock { _ in
                countDown()
                try image.replace(with: contents)
                let hadPower = terminal.isPowered || faults.isDead
                terminal = InProcessTerminal(try Card(image: image.octets, environment: environment), on: image)
                faults.isDead = false
                if hadPower { terminal.powerOn() }
                schedulePowerCut()
            }
        }
    }
}

extension TerminalError {
    fileprivate static var mute: TerminalError { TerminalError(.mute, "the card does not answer") }
}

// MARK: - What is to be seen

/// A card as it stands between two commands.
struct CardStatus: Encodable {
    struct Channel: Encodable {
        let number: Int
        let directory: String?
        let elementaryFile: String?
        let application: String?
        let record: Int?
    }

    struct Code: Encodable {
        let context: String?
        let reference: String
        let enabled: Bool?
        let verified: Bool?
        let triesLeft: Int
        let tries: Int
    }

    struct PowerCut: Encodable {
        /// In which program operation from now on, counted from 1.
        let operation: UInt64
        let tear: String
    }

    let image: String
    let imageSha256: String
    let powered: Bool
    /// Whether the power has failed, so that the card says nothing until the next reset.
    let dead: Bool
    let answerToReset: String
    /// Program operations since the card was started or restored.
    let programOperations: UInt64
    /// Without power nothing is selected.
    let channels: [Channel]
    /// Nil while what a power failure has torn is not repaired.
    let pins: [Code]?
    let unblockingCodes: [Code]?
    let mute: Int
    let delay: Int
    let powerCut: PowerCut?
    let snapshots: [String]
}

extension ControlledTerminal {
    /// The card as it stands.
    func status() -> CardStatus {
        lock.withLock { _ in
            countDown()
            let powered = terminal.isPowered
            return terminal.inspect { system in
                let codes = system.memory.hasPower ? system.inspectCodes() : nil
                return CardStatus(
                    image: image.path,
                    imageSha256: Hex.sha256(UnsafeRawBufferPointer(image.octets)),
                    powered: powered,
                    dead: faults.isDead,
                    answerToReset: Hex.string(faults.answerToReset ?? terminal.answerToReset),
                    programOperations: system.memory.programOperations,
                    channels: powered ? system.inspectChannels().map { CardStatus.Channel($0, in: system) } : [],
                    pins: codes?.filter { !$0.isUnblocking }.map { CardStatus.Code($0, in: system, powered) },
                    unblockingCodes: codes?.filter(\.isUnblocking).map { CardStatus.Code($0, in: system, powered) },
                    mute: faults.muteCommands,
                    delay: faults.delay,
                    powerCut: faults.powerCut.map {
                        CardStatus.PowerCut(operation: $0.completeOperations + 1, tear: $0.tear.words)
                    },
                    snapshots: snapshots.keys.sorted()
                )
            }
        }
    }
}

extension CardStatus.Channel {
    fileprivate init(_ channel: InspectedChannel, in system: borrowing UICC) {
        number = channel.number
        directory = system.inspectPath(of: channel.directory)
        elementaryFile = channel.elementaryFile.flatMap { system.inspectPath(of: $0) }
        application = channel.application.flatMap { system.inspectPath(of: $0) }
        record = channel.record == 0 ? nil : channel.record
    }
}

extension CardStatus.Code {
    fileprivate init(_ code: InspectedCode, in system: borrowing UICC, _ powered: Bool) {
        context = system.inspectPath(of: code.context)
        reference = Hex.string([code.reference])
        enabled = code.isUnblocking ? nil : code.isEnabled
        verified = code.isUnblocking ? nil : powered && code.isVerified
        triesLeft = code.triesLeft
        tries = code.tries
    }
}

extension PowerFailure.Tear {
    /// As `ControlRequest` reads it.
    var words: String {
        switch self {
        case .before: "before"
        case .prefix(let octets, let bits): bits == 0 ? "prefix \(octets)" : "prefix \(octets) \(bits)"
        case .suffix(let octets, let bits): bits == 0 ? "suffix \(octets)" : "suffix \(octets) \(bits)"
        case .subset(let seed): "subset \(seed)"
        case .after: "after"
        }
    }
}

extension Hex {
    /// The SHA-256 of `octets`.
    static func sha256(_ octets: UnsafeRawBufferPointer) -> String {
        do throws(CryptoError) {
            return Hex.string(try Hash.digest(.sha256, OctetView(octets)))
        } catch {
            return ""
        }
    }
}
