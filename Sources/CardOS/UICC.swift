import CardCrypto
import Memory
import Octets
import Synchronization

/// The UICC platform: the operating system of the card between a power-on and a power-off.
///
/// It holds the memory and all volatile state: what is selected on each logical channel, which PINs are verified, what
/// response data wait.
public struct UICC: ~Copyable {
    /// How the transmission protocol lets response data reach the terminal: TS 102 221 clauses 7.3.1 and 7.3.2.
    public enum ResponseRule: Sendable {
        /// As with T=0: a command with a data field never brings response data along; 61XX announces them.
        case announced
        /// As with T=1: response data come with the response, as far as Le allows.
        case immediate
        /// With Le they come at once, without they are announced.
        case byLe
    }

    /// Makes this a type that is passed by address: one of this size would otherwise be copied at each call that
    /// borrows it.
    private let byAddress = Atomic<Bool>(true)

    /// The non-volatile memory.
    public var memory: Memory
    var files: FileIndex
    var codes: CodeTable
    let grants = AccessGrants()
    /// The logical channels, by number. A buffer, not an inline array: that would be copied at each look.
    var channels: UnsafeMutableBufferPointer<LogicalChannel>
    /// Where the handler of a command writes response data.
    package var output: OctetWriter
    /// The card's random numbers; nil where the seed was too short for any.
    var random: HMACDRBG?
    /// A cipher of AES-128 for the next command that needs one, which then allocates no memory. It keeps the last key,
    /// which stands in the memory anyway. nil until the first such command.
    package var spareCipher: BlockCipher?
    var terminalSupportsExtendedChannels = false
    /// Whether TERMINATE CARD USAGE has ended the life of the card.
    var isTerminated = false
    /// Whether the memory holds a suspended session: only until the first command that does not resume it.
    var hasSuspendedSession = false
    /// In whose name the command under way is executed.
    var authority = Authority.terminal

    private let commands: CommandTable
    /// The commands of class A0; nil where the card does not have the class.
    private let gsmCommands: CommandTable?
    private let responseRule: ResponseRule
    var waiting = WaitingResponse()
    private var chain = CommandChain()

    /// Starts the operating system on `memory`.
    ///
    /// - Parameters:
    ///   - commands: the commands that the card has.
    ///   - gsmCommands: those of class A0; nil: the card does not have the class.
    ///   - seed: 48 octets of entropy, from which all random numbers are made.
    public init(
        memory: consuming Memory,
        commands: CommandTable = .uicc,
        gsmCommands: CommandTable? = nil,
        responseRule: ResponseRule,
        seed: [UInt8]
    ) {
        files = FileIndex()
        codes = CodeTable()
        channels = .allocate(capacity: LogicalChannel.remote + 1)
        channels.initialize(repeating: LogicalChannel(masterFile: files.masterFile))
        output = OctetWriter(UnsafeMutableRawBufferPointer(start: nil, count: 0))
        self.memory = memory
        self.commands = commands
        self.gsmCommands = gsmCommands
        self.responseRule = responseRule
        reset()
        seed.withUnsafeBytes { seedRandom(OctetView($0)) }
    }

    private mutating func seedRandom(_ seed: OctetView) {
        do throws(CryptoError) {
            random = try HMACDRBG(entropy: seed.part(from: 0, length: 32), nonce: seed.part(from: 32))
        } catch {
            random = nil
        }
    }

    deinit {
        channels.deinitialize()
        channels.deallocate()
    }

    /// Cold or warm reset: all volatile state is lost, an interrupted transaction is finished or rolled back.
    public mutating func reset() {
        memory.powerOn()
        files.clear()
        codes.clear()
        hasSuspendedSession = false
        // One look at all objects, for all that mirrors them.
        var page: UInt32 = 0
        while let (object, kind) = memory.firstObject(from: page) {
            page = object.page + 1
            switch kind {
            case .file: files.insert(object, in: memory)
            case .pinCodes: codes.read(object, isUnblocking: false, memory)
            case .unblockingCodes: codes.read(object, isUnblocking: true, memory)
            case .suspendedSession: hasSuspendedSession = true
            default: break
            }
        }
        isTerminated = File(files.masterFile, in: memory)?.lifeCycle == .terminated
        channels.update(repeating: LogicalChannel(masterFile: files.masterFile))
        channels[0].isOpen = true
        waiting.discard()
        chain = CommandChain()
        terminalSupportsExtendedChannels = false
        authority = .terminal
    }

    /// Executes a command APDU of the platform and writes the response APDU to `response`.
    ///
    /// - Returns: the length of the response APDU; 0 where the power failed.
    public mutating func transmit(_ octets: OctetView, into response: UnsafeMutableRawBufferPointer) -> Int {
        var dispatcher = PlatformCommands()
        return transmit(octets, into: response, through: &dispatcher)
    }

    /// Executes a command APDU and writes the response APDU to `response`.
    ///
    /// - Parameter dispatcher: executes commands; what concerns transmission only is served here.
    /// - Returns: the length of the response APDU; 0 where the power failed.
    public mutating func transmit<Dispatcher: CommandDispatcher & ~Copyable>(
        _ octets: OctetView,
        into response: UnsafeMutableRawBufferPointer,
        through dispatcher: inout Dispatcher
    ) -> Int {
        // The status word always has room: it is not part of what handlers can write.
        output = OctetWriter(UnsafeMutableRawBufferPointer(rebasing: response.dropLast(2)))
        var status: StatusWord
        do throws(StatusWord) {
            let command = try octets.commandAPDU(allowsExtended: responseRule != .announced)
            status = try execute(command, through: &dispatcher)
            if dispatcher.hasProactiveCommand { status = announceProactiveCommand(status, through: &dispatcher) }
        } catch {
            status = error
            output.truncate(to: 0)
            if memory.isInTransaction { rollBack() }
            dispatcher.didRollBack(self)
        }
        guard memory.hasPower, response.count >= output.count + 2 else { return 0 }
        if output.overflowed {
            status = .technicalProblem
            output.truncate(to: 0)
        }
        response[output.count] = status.sw1
        response[output.count + 1] = status.sw2
        return output.count + 2
    }

    /// The status word that tells of the proactive command which waits, in place of another one: TS 102 221 clauses
    /// 7.4.2.1 and 10.2.1. Between the links of a command chain there is no room for it.
    private func announceProactiveCommand<Dispatcher: CommandDispatcher & ~Copyable>(
        _ status: StatusWord,
        through dispatcher: inout Dispatcher
    ) -> StatusWord {
        guard chain.isEmpty else { return status }
        switch status {
        case .success: return dispatcher.announceProactiveCommand().map(StatusWord.proactiveCommand) ?? status
        case .moreDataAvailable: return .moreDataAvailableAndProactiveCommand
        case .moreDataExpected: return .moreDataExpectedAndProactiveCommand
        default: return status
        }
    }

    private mutating func execute<Dispatcher: CommandDispatcher & ~Copyable>(
        _ command: CommandAPDU,
        through dispatcher: inout Dispatcher
    ) throws(StatusWord) -> StatusWord {
        let number = command.classOctet.channel
        if command.ins != 0xC0 || number != waiting.channel { waiting.discard() }
        guard channels[number].isOpen else { throw .logicalChannelNotSupported }
        if command.ins == 0xC0 { return try getResponse(command) }
        if command.classOctet.isChained || !chain.isEmpty {
            return try continueChain(command, through: &dispatcher)
        }
        return try dispatch(command, through: &dispatcher, responding: responseRule)
    }

    /// Executes a command in a transaction of its own.
    ///
    /// - Parameter rule: how response data reach whoever has sent it; nil: all of them with the response.
    mutating func dispatch<Dispatcher: CommandDispatcher & ~Copyable>(
        _ command: CommandAPDU,
        through dispatcher: inout Dispatcher,
        responding rule: ResponseRule?
    ) throws(StatusWord) -> StatusWord {
        if hasSuspendedSession, command.ins != 0x76 { try endSuspension() }
        guard !isTerminated else {
            throw command.ins == 0xA4 ? .selectedFileTerminated : .conditionsNotSatisfied
        }
        let status = try dispatcher.dispatch(command, on: &self)
        if output.count > 0, let rule {
            let announced = try shape(command, status, rule)
            memory.commit()
            return announced
        }
        memory.commit()
        return status
    }

    /// Executes a command of the platform: the file system, PINs, channels, and what the table adds.
    ///
    /// - Throws: 6882 for secure messaging; 6985 where there is no MF; 6D00 and 6E00 for an unknown command; what its
    ///   handler throws.
    package mutating func executePlatform(_ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.cla & 0xF0 != 0x90 else { throw .classNotSupported }
        guard !command.classOctet.hasSecureMessaging else { throw .secureMessagingNotSupported }
        guard files.hasMasterFile || command.ins == 0x70 else { throw .conditionsNotSatisfied }
        return try handler(of: command)(&self, command)
    }

    private func handler(of command: CommandAPDU) throws(StatusWord) -> Command.Handler {
        // Asked in its place: a table that is handed on is retained for each command.
        guard command.classOctet.kind == .gsm else { return try commands.handler(of: command) }
        guard let gsmCommands, hasGSMAccess else { throw .classNotSupported }
        return try gsmCommands.handler(of: command)
    }

    /// Whether an application has a DF.GSM-ACCESS (TS 31.102 clause 4.4.3): class A0 goes with it.
    private var hasGSMAccess: Bool {
        files.applications.contains { files.child(0x5F3B, of: $0, in: memory) != nil }
    }

    /// Makes what the handler wrote what Le and the transmission protocol allow.
    private mutating func shape(
        _ command: CommandAPDU,
        _ status: StatusWord,
        _ rule: ResponseRule
    ) throws(StatusWord) -> StatusWord {
        let count = output.count
        let carriesData = !command.data.isEmpty
        switch (command.expected, rule) {
        case (.exactly(let le), _) where !carriesData:
            // Case 2: TS 102 221 clause 7.3.1.1.3.
            guard le == count || status == .endOfFile else { throw .wrongLe(count) }
            return status
        case (.any(let limit), _) where !carriesData && count <= limit: return status
        case (.exactly(let le), .immediate), (.exactly(let le), .byLe):
            return le >= count ? status : keep(from: le, of: command, status)
        case (.any(let limit), .immediate), (.any(let limit), .byLe):
            return limit >= count ? status : keep(from: limit, of: command, status)
        case (.any(let limit), .announced) where !carriesData: return keep(from: limit, of: command, status)
        default: return keep(from: 0, of: command, status)
        }
    }

    /// Keeps the response data from `position` on for GET RESPONSE.
    private mutating func keep(from position: Int, of command: CommandAPDU, _ status: StatusWord) -> StatusWord {
        let rest = output.view.part(from: position)
        let channel = command.classOctet.channel
        // TS 102 221 clause 7.3.1.1 and annex C.1.7: in case 4 a warning comes first, and GET RESPONSE has a status of
        // its own. But annex L: 62F1 tells of the block that GET RESPONSE brings, so that it comes with it; and so does
        // 6310 of GET STATUS (GPCS table 11-38), since the next command would take the data away.
        let isOfData = status == .moreDataAvailable || status == .moreStatusAvailable
        let warnsFirst = position == 0 && !command.data.isEmpty && status.isWarning && !isOfData
        waiting.keep(rest, on: channel, endingWith: warnsFirst ? .success : status)
        output.truncate(to: position)
        if warnsFirst { return status }
        let isBlock = position == 0 && !command.data.isEmpty && status == .moreDataAvailable
        return isBlock ? .responseDataAvailable : announcement(of: rest.count, command)
    }

    /// 61XX; in class A0 9FXX (TS 51.011 clause 9.4.1).
    private func announcement(of count: Int, _ command: CommandAPDU) -> StatusWord {
        command.classOctet.kind == .gsm ? StatusWord(0x9F00 | UInt16(count & 0xFF)) : .responseAvailable(count)
    }

    /// GET RESPONSE: TS 102 221 clause 12.1.1, in the class of any command on the same channel, with
    /// secure messaging or without: it belongs to the transmission.
    ///
    /// - Throws: 6985 where nothing waits; 6CXX where less waits than Le says.
    mutating func getResponse(_ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.cla & 0xF0 != 0x90 else { throw .classNotSupported }
        guard command.p1p2 == 0 else { throw .incorrectP1P2 }
        guard command.data.isEmpty else { throw .wrongLength }
        guard waiting.count > 0 else { throw .conditionsNotSatisfied }
        switch command.expected {
        case .exactly(let le):
            guard le <= waiting.count else { throw .wrongLe(waiting.count) }
            waiting.take(le, into: &output)
        case .any(let limit): waiting.take(limit, into: &output)
        case .absent: waiting.take(256, into: &output)
        }
        return waiting.count > 0 ? announcement(of: waiting.count, command) : waiting.status
    }

    /// Collects the data fields of a chain, and executes the command at its end: ISO/IEC 7816-4 clause 5.3.3.
    private mutating func continueChain<Dispatcher: CommandDispatcher & ~Copyable>(
        _ command: CommandAPDU,
        through dispatcher: inout Dispatcher
    ) throws(StatusWord) -> StatusWord {
        guard !command.classOctet.hasSecureMessaging else {
            chain = CommandChain()
            throw .secureMessagingNotSupported
        }
        guard command.classOctet.kind == .interindustry, chain.accepts(command) else {
            chain = CommandChain()
            throw command.classOctet.isChained ? .commandChainingNotSupported : .lastCommandOfChainExpected
        }
        // An unknown command is refused at its first link.
        do throws(StatusWord) {
            _ = try handler(of: command)
            try chain.append(command)
        } catch {
            chain = CommandChain()
            throw error
        }
        guard !command.classOctet.isChained else { return .success }
        let data = chain.data
        chain = CommandChain()
        return try data.withView { (view) throws(StatusWord) in
            try dispatch(command.with(data: view), through: &dispatcher, responding: responseRule)
        }
    }

    /// Refuses a case 2 command that asks for another number of octets than it would get, before anything changes.
    ///
    /// - Throws: 6CXX with the number.
    package func requireLe(_ count: Int, of command: CommandAPDU) throws(StatusWord) {
        if command.data.isEmpty, case .exactly(let le) = command.expected, le != count { throw .wrongLe(count) }
    }

    /// Takes back what the command has changed in the memory, and in what mirrors it.
    package mutating func rollBack() {
        memory.rollBack()
        files.build(from: memory)
        codes.refresh(from: memory)
        deselectMissing()
    }

    /// Selects the MF on the channels whose current DF was made by what has been taken back.
    private mutating func deselectMissing() {
        for number in channels.indices where File(channels[number].directory, in: memory) == nil {
            channels[number].application = nil
            channels[number].select(directory: files.masterFile)
        }
    }
}

/// The links of a command chain that have come so far.
private struct CommandChain {
    /// The longest data field that a chain can carry, in octets.
    static let limit = 32_767

    private(set) var data: [UInt8] = []
    private var header: (cla: UInt8, ins: UInt8, p1p2: UInt16)?

    var isEmpty: Bool { header == nil }

    /// Whether `command` starts this chain, or is its next link.
    func accepts(_ command: CommandAPDU) -> Bool {
        guard let header else { return true }
        return header.cla == command.cla & ~0x10 && header.ins == command.ins && header.p1p2 == command.p1p2
    }

    mutating func append(_ command: CommandAPDU) throws(StatusWord) {
        guard data.count + command.data.count <= Self.limit else { throw .wrongLength }
        header = (command.cla & ~0x10, command.ins, command.p1p2)
        command.data.withUnsafeBytes { data.append(contentsOf: $0) }
    }
}
