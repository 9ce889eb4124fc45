import CardOS
import GlobalPlatform
import Memory
import Octets
import Telecom

/// The environment in which the applications of a card run: GPCS clause 3.
///
/// It serves what a terminal has to say to the toolkit (TERMINAL PROFILE, FETCH, TERMINAL RESPONSE, ENVELOPE), and tells
/// the applications of it. All other commands go to OPEN.
public struct RuntimeEnvironment: ~Copyable, CommandDispatcher {
    /// The GlobalPlatform environment.
    public var open = OPEN()
    /// The card application toolkit.
    public var toolkit = Toolkit()
    var shortMessages = ShortMessageReception()
    private var applications: [ToolkitApplication] = []

    /// An environment that knows nothing yet: `reset` reads the image.
    public init() {}

    /// Cold or warm reset, after that of the platform. The toolkit begins anew, and applications register again.
    public mutating func reset(_ card: borrowing UICC) {
        open.reset(card)
        toolkit = Toolkit()
        shortMessages = ShortMessageReception()
        applications.removeAll()
    }

    /// The registry is read anew where the command had changed it. What has been queued for the terminal stays.
    public mutating func didRollBack(_ card: borrowing UICC) { open.didRollBack(card) }

    /// Whether the toolkit has a command for the terminal.
    public var hasProactiveCommand: Bool { toolkit.hasProactiveCommand }

    /// The length of the toolkit's next command; nil where there is none.
    public mutating func announceProactiveCommand() -> UInt8? { toolkit.announce() }

    /// Executes a command of the toolkit, or hands it to OPEN.
    ///
    /// - Throws: 6882 for secure messaging and 6E00 for a class other than 80 with a command of the toolkit, 6985 with
    ///   one where the card is terminated, and as its handler; as `OPEN.dispatch`.
    public mutating func dispatch(_ command: CommandAPDU, on card: inout UICC) throws(StatusWord) -> StatusWord {
        guard command.classOctet.kind == .proprietary, let instruction = ToolkitInstruction(rawValue: command.ins),
            command.classOctet.channel < OPEN.channelCount
        else { return try open.dispatch(command, on: &card) }
        guard !command.classOctet.hasSecureMessaging else { throw .secureMessagingNotSupported }
        guard command.cla == 0x80 else { throw .classNotSupported }
        if open.isPresent { try open.requireUsable(command, card) }
        guard command.p1p2 == 0 else { throw .incorrectP1P2 }
        guard command.data.isEmpty == (instruction == .fetch) else { throw .wrongLength }
        switch instruction {
        case .terminalProfile: return try beginToolkit(command, &card)
        case .fetch: return try fetch(command, &card)
        case .terminalResponse: return try endProactiveCommand(command, &card)
        case .envelope: return try receiveEnvelope(command, &card)
        }
    }

    // MARK: Applications

    /// Has an application told of what concerns it, until it unregisters or the card is reset.
    public mutating func register(_ application: ToolkitApplication) {
        applications.removeAll { $0.owner == application.owner }
        applications.append(application)
    }

    /// Forgets an application, with all that it has asked the terminal for.
    ///
    /// - Throws: 6A84 where too many commands wait for the event list to be changed.
    public mutating func unregister(_ owner: ObjectReference) throws(StatusWord) {
        applications.removeAll { $0.owner == owner }
        try toolkit.remove(owner)
    }

    /// Tells an application of something; where it is not registered, nobody.
    private mutating func notify(
        _ owner: ObjectReference?,
        _ notification: ToolkitNotification,
        _ card: inout UICC
    ) throws(StatusWord) {
        guard let application = applications.first(where: { $0.owner == owner }) else { return }
        try application.handle(notification, &self, &card)
    }

    // MARK: Commands

    /// TERMINAL PROFILE: TS 102 221 clause 11.2.1.
    ///
    /// - Throws: what an application throws.
    private mutating func beginToolkit(_ command: CommandAPDU, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        for origin in toolkit.begin(TerminalProfile(command.data)) {
            try notify(origin.owner, .notSupported(token: origin.token), &card)
        }
        for owner in applications.map(\.owner) { try notify(owner, .profileDownload, &card) }
        return .success
    }

    /// FETCH: TS 102 221 clause 11.2.3.
    ///
    /// - Throws: 6985 where no command waits, or one is out; 6CXX where the one that waits has another length than Le.
    private mutating func fetch(_ command: CommandAPDU, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        guard let length = toolkit.announce() else { throw .conditionsNotSatisfied }
        try card.requireLe(Int(length), of: command)
        toolkit.fetch(into: &card.output)
        return .success
    }

    /// TERMINAL RESPONSE: TS 102 221 clause 11.2.4. One that answers no command is passed over: what is out stays out.
    ///
    /// - Throws: 6A80 where it is malformed; what the application throws.
    private mutating func endProactiveCommand(
        _ command: CommandAPDU,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        guard let response = TerminalResponse(command.data) else { throw .incorrectData }
        guard let origin = toolkit.end(with: response) else { return .success }
        try notify(origin.owner, .response(response, token: origin.token), &card)
        return .success
    }

    /// ENVELOPE: TS 102 221 clause 11.2.2. Events that nobody has asked for, and envelopes that no application of this
    /// card knows, are passed over.
    ///
    /// - Throws: 6A80 where it is malformed; what an application throws.
    private mutating func receiveEnvelope(
        _ command: CommandAPDU,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        guard let envelope = Envelope(command.data) else { throw .incorrectData }
        switch envelope {
        case .shortMessageDownload(let message): return try receiveShortMessage(message, &card)
        case .eventDownload(let download):
            for owner in applications.map(\.owner) where toolkit.hasEvent(download.event, for: owner) {
                try notify(owner, .event(download), &card)
            }
        case .timerExpiration(let timer, let value):
            try notify(toolkit.owner(of: timer), .timerExpiration(timer, value), &card)
        case .other: break
        }
        return .success
    }
}

/// The commands of the toolkit: TS 102 221 clause 11.2.
private enum ToolkitInstruction: UInt8 {
    case terminalProfile = 0x10
    case fetch = 0x12
    case terminalResponse = 0x14
    case envelope = 0xC2
}
