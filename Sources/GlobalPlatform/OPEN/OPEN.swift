import CardOS
import Memory
import Octets

/// The GlobalPlatform environment: GPCS clause 6. It knows the applications of the card, finds the one that is selected
/// on a logical channel, and hands it the command.
///
/// Everything here is volatile: the registry is in the image. A card without an issuer security domain has no
/// GlobalPlatform: its commands go to the platform, which finds network access applications by their ADFs.
public struct OPEN: ~Copyable, CommandDispatcher {
    /// How many logical channels there are: TS 102 221 clause 10.1.1.
    package static let channelCount = 20

    var registry = Registry()
    /// The registry has changed in this command: it is read anew at its end.
    var hasChanged = false
    /// Commands come from the factory or with a profile package: nobody is asked whether they may.
    var isFactory = false
    /// The application that the last remote script was for: what it has begun goes on in the next one.
    var remoteApplication: ObjectReference?
    /// Those of the interface, and that of remote scripts.
    let channels: UnsafeMutableBufferPointer<SelectedApplication>

    /// An environment that knows nothing yet: `reset` reads the image.
    public init() {
        channels = .allocate(capacity: UICC.remoteChannel + 1)
        channels.initialize(repeating: SelectedApplication())
    }

    deinit {
        for channel in channels { channel.releaseSession() }
        channels.deallocate()
    }

    /// Whether the card has GlobalPlatform.
    public var isPresent: Bool { registry.issuer != nil }

    /// Cold or warm reset, after that of the platform: sessions are lost, applications are selected by default.
    public mutating func reset(_ card: borrowing UICC) {
        for number in channels.indices { channels[number].clear() }
        registry.build(from: card.memory)
        hasChanged = false
        isFactory = false
        remoteApplication = nil
        selectDefault(on: 0, card)
    }

    /// The registry is read anew where the command had changed it.
    public mutating func didRollBack(_ card: borrowing UICC) {
        guard hasChanged else { return }
        registry.build(from: card.memory)
        hasChanged = false
    }

    /// Commits what a command has done to the registry, and reads it anew.
    mutating func commitRegistry(_ card: inout UICC) {
        card.memory.commit()
        registry.build(from: card.memory)
        hasChanged = false
    }

    /// Hands a command to the application that is selected on its channel, or to the platform.
    public mutating func dispatch(_ command: CommandAPDU, on card: inout UICC) throws(StatusWord) -> StatusWord {
        guard registry.issuer != nil else {
            return try isFactory ? makeIssuer(command, &card) : card.executePlatform(command)
        }
        let number = command.classOctet.channel
        if number == UICC.remoteChannel { return try dispatchScript(command, &card) }
        try requireUsable(command, card)
        if command.classOctet.kind == .interindustry, !command.classOctet.hasSecureMessaging {
            switch command.ins {
            case 0xA4: return try select(command, &card)
            case 0x70: return try manageChannel(command, &card)
            case 0xE0, 0xE4: return try executePlatform(command, &card)
            default: break
            }
        }
        guard channels[number].isApart, let reference = channels[number].application else {
            return try executePlatform(command, &card)
        }
        guard let entry = RegistryEntry(reference, in: card.memory), let module = NativeModule.of(entry.program) else {
            throw .conditionsNotSatisfied
        }
        let call = Call(instance: entry, command: command, level: [])
        let status = try module.process(call, &self, &card)
        if hasChanged { commitRegistry(&card) }
        return status
    }

    /// Executes a command of the platform. CREATE FILE and DELETE FILE may make and remove ADFs: their entries come and go
    /// in the same transaction.
    ///
    /// - Throws: what the platform throws; 6A8A for an ADF whose DF name is the AID of another application.
    mutating func executePlatform(_ command: CommandAPDU, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        let before = card.applications.count
        let status = try card.executePlatform(command)
        guard card.applications.count != before else { return status }
        try registerNetworkAccess(on: &card)
        commitRegistry(&card)
        for number in channels.indices where channels[number].program == .networkAccess {
            guard let application = channels[number].application,
                RegistryEntry(application, in: card.memory) == nil
            else { continue }
            channels[number].clear()
        }
        return status
    }

    /// MANAGE CHANNEL: GPCS clause 11.7. A channel that is opened from the basic one begins with what is selected by
    /// default, one that is opened from another with its application.
    ///
    /// - Throws: 6A81 where the card is locked: GPCS clause 5.1.1.4.
    private mutating func manageChannel(
        _ command: CommandAPDU,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        guard command.p1 != 0x00 || cardState(card) != .cardLocked else { throw .functionNotSupported }
        var wereOpen: UInt32 = 0
        for number in channels.indices where card.isOpen(number) { wereOpen |= 1 << UInt32(number) }
        let status = try card.executePlatform(command)
        for number in channels.indices where card.isOpen(number) != (wereOpen & 1 << UInt32(number) != 0) {
            guard card.isOpen(number) else {
                deselect(on: number, &card)
                continue
            }
            let origin = command.classOctet.channel
            if origin == 0 {
                selectDefault(on: number, card)
            } else {
                channels[number].application = channels[origin].application
                channels[number].program = channels[origin].program
            }
        }
        return status
    }
}

/// What is selected on a logical channel.
struct SelectedApplication {
    /// The entry of the application; nil for the file system alone.
    var application: ObjectReference?
    /// What the card runs for it.
    var program = Program.none
    /// Whether an application is selected that the platform does not know, as it knows network access applications.
    var isApart: Bool { application != nil && program != .networkAccess }
    /// The load file of the last LOAD, for the end of the combined process.
    var loaded: ObjectReference?
    /// What the token of that process signs besides: INSTALL at its beginning.
    var combined: (p1: UInt8, p2: UInt8, signed: [UInt8])?
    /// The session with it, once it has one.
    private(set) var session: UnsafeMutablePointer<ApplicationSession>?

    /// The session; made when it is first asked for.
    mutating func makeSession() -> UnsafeMutablePointer<ApplicationSession> {
        if let session { return session }
        let new = UnsafeMutablePointer<ApplicationSession>.allocate(capacity: 1)
        new.initialize(to: ApplicationSession())
        session = new
        return new
    }

    /// Ends STORE DATA, and the personalization of an application.
    func endPersonalization() { session?.pointee.endPersonalization() }

    /// Nothing is selected any more, and the session is over.
    mutating func clear() {
        application = nil
        program = .none
        loaded = nil
        combined = nil
        session?.pointee.end()
    }

    func releaseSession() {
        session?.deinitialize(count: 1)
        session?.deallocate()
    }
}
