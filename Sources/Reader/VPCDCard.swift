import Glibc
import Synchronization

/// A card on vpcd: serves the reader with a card until it is stopped.
///
/// The card is given no power by the connection, and loses it with the connection. What is executed cannot be
/// interrupted, only left: `cutIfOverdue`. A card has a thread of its own as long as its reader has something to say; for
/// one that waits there is none, so that thousands of them take little.
public final class VPCDCard: @unchecked Sendable {
    // Unchecked: what is not constant belongs to the thread of the service, of which there is one at most, or to
    // `waitForEnd` once the service has ended.

    /// Who connects to whom.
    public enum Role: Sendable {
        /// The card connects to the driver of the reader, again and again.
        case connecting
        /// The reader connects to the card; one at a time, the next one when the first has gone.
        case listening
    }

    /// The octets of stack that the thread has when nobody says otherwise.
    public static let defaultStackSize = 262_144

    /// Where the card is to be found, or the reader; for a card that listens with the port that it has been given.
    public let endpoint: VPCDEndpoint
    /// Who connects to whom.
    public let role: Role

    private let address: sockaddr_in
    private let listener: Int32
    private let once: Bool
    private let observer: (@Sendable (VPCDEvent) -> Void)?
    let state = ServiceState()
    private let commands = Atomic<UInt>(0)
    private let lastSeen = Atomic<UInt>(0)
    private let stackSize: Int
    private var terminal: (any CardTerminal)?
    private var stage = Stage.apart
    private var schedule = ReconnectSchedule()
    private var failure: TerminalError?

    /// Where the service stands when a thread begins.
    private enum Stage {
        /// There is no connection.
        case apart
        /// Somebody may have come to the listener.
        case called
        case connected(VPCDConnection)
    }

    /// What the service waits for.
    private enum Waiting {
        case readable(Int32)
        case pause(milliseconds: Int)
        /// Until the card is inserted again.
        case insertion
        case nothing
    }

    /// Begins to serve.
    ///
    /// - Parameters:
    ///   - terminal: what the card is in; let go when the service ends.
    ///   - endpoint: the driver to connect to, or where to listen.
    ///   - once: whether the service ends with the first connection, or when there is none to be had.
    ///   - stackSize: of the thread, in octets.
    ///   - observer: called for each event, in the thread of the service, which it holds up.
    /// - Throws: when the host has no address, or the port is in use.
    public init(
        serving terminal: sending any CardTerminal,
        at endpoint: VPCDEndpoint = VPCDEndpoint(),
        _ role: Role = .connecting,
        once: Bool = false,
        stackSize: Int = VPCDCard.defaultStackSize,
        observer: (@Sendable (VPCDEvent) -> Void)? = nil
    ) throws(TerminalError) {
        address = try TCP.resolve(endpoint)
        if role == .listening {
            let bound = try TCP.listen(endpoint)
            listener = bound.descriptor
            self.endpoint = VPCDEndpoint(host: endpoint.host, port: bound.port)
        } else {
            listener = -1
            self.endpoint = endpoint
        }
        self.role = role
        self.once = once
        self.observer = observer
        self.terminal = terminal
        self.stackSize = stackSize
        let status = start()
        if status != 0 { throw TerminalError(failed: "make the thread of a card", status) }
    }

    deinit { if listener >= 0 { close(listener) } }

    /// - Returns: an error number, 0 if there is a thread.
    private func start() -> Int32 {
        DetachedThread.start(stackSize: stackSize) { [self] in run() }
    }

    // MARK: from other threads

    /// Asks the service to end: a command that is being executed is finished and answered, and the connection closed.
    /// Does not wait.
    public func stop() { state.stop() }

    /// Ends the service at once, even if the reader takes no answer. A command that is being executed ends first all
    /// the same, but is not answered. Does not wait.
    public func stopAtOnce() {
        state.stop()
        state.cut()
    }

    /// Takes the card out of the reader until `insert`: the connection is closed, a command that is being executed is not
    /// answered. Does not wait.
    public func remove() { state.remove() }

    /// Puts the card into the reader again: at once, but not before the reader can have missed it. Does not wait.
    public func insert() { state.insert() }

    /// Whether the card is out of the reader.
    public var isRemoved: Bool { state.isRemoved }

    /// Whether there is a connection with the reader.
    public var isConnected: Bool { state.isConnected }

    /// Waits until the service has ended; the terminal has then been let go.
    ///
    /// - Parameter milliseconds: for how long; nil: for ever.
    /// - Returns: false after that time.
    /// - Throws: why a service that was to run once found no reader.
    @discardableResult
    public func waitForEnd(milliseconds: Int? = nil) throws(TerminalError) -> Bool {
        guard state.waitForEnd(milliseconds: milliseconds) else { return false }
        if let failure { throw failure }
        return true
    }

    /// The watchdog: closes the connection if the same command was being executed when this was called before.
    ///
    /// A reader waits for an answer for ever, and with it all its users; once the connection is closed, it goes on. The
    /// card itself cannot be interrupted: it is back when the command has ended.
    public func cutIfOverdue() {
        let count = commands.load(ordering: .relaxed)
        guard lastSeen.exchange(count, ordering: .relaxed) == count, count % 2 == 1 else { return }
        state.cut()
        observer?(.overdue)
    }

    // MARK: the thread of the service

    private func run() {
        switch proceed() {
        case .readable(let descriptor): rest(Wait(forInputOn: descriptor) { [self] in goOn() })
        case .pause(let milliseconds): rest(Wait(milliseconds: milliseconds) { [self] in goOn() })
        case .insertion: rest(Wait(milliseconds: 3_600_000) { [self] in goOn() }, forInsertion: true)
        case .nothing:
            terminal = nil
            state.end()
        }
    }

    /// Gives the thread up until something has come, or the service is to end.
    private func rest(_ wait: Wait, forInsertion: Bool = false) {
        // In this order: once the wait has begun, another thread may be with the service.
        state.rest(wait, forInsertion: forInsertion)
        wait.begin()
    }

    private func goOn() {
        state.goOn()
        // Where there can be no thread, there is one a little later perhaps.
        if start() != 0 { rest(Wait(milliseconds: 100) { [self] in goOn() }) }
    }

    /// Does what there is to do.
    private func proceed() -> Waiting {
        guard let terminal else { return .nothing }
        guard let room = VPCDRoom() else { return .pause(milliseconds: 100) }
        while true {
            switch stage {
            case .apart where role == .connecting:
                if let waiting = connect() { return waiting }
            case .apart:
                guard state.enter(listener: listener) else { return .nothing }
                stage = .called
                return .readable(listener)
            case .called:
                guard !state.isStopping, let descriptor = TCP.accept(listener) else { return .nothing }
                if state.enter(descriptor) {
                    begin(descriptor)
                } else {
                    // A reader that comes while the card is removed finds none.
                    close(descriptor)
                    stage = .apart
                }
            case .connected(var connection):
                let reason = connection.serve(terminal, with: room, state, commands: commands)
                stage = .connected(connection)
                guard let reason else { return .readable(connection.descriptor) }
                end(connection, terminal, reason)
                if once || state.isStopping { return .nothing }
                if role == .connecting { return .pause(milliseconds: schedule.delay(alive: connection.isAlive)) }
            }
        }
    }

    /// - Returns: what to wait for when there is no connection.
    private func connect() -> Waiting? {
        do throws(TerminalError) {
            let descriptor = try TCP.socket()
            guard state.enter(descriptor) else {
                close(descriptor)
                return state.isStopping ? .nothing : .insertion
            }
            var status = TCP.beginConnecting(descriptor, to: address)
            if status == 0 || status == EINPROGRESS { status = TCP.finishConnecting(descriptor) }
            if status == 0 {
                begin(descriptor)
                return nil
            }
            state.leave()
            close(descriptor)
            guard !state.isLeaving else { return state.isStopping ? .nothing : .insertion }
            throw TerminalError(failed: "connect to \(endpoint)", status)
        } catch {
            observer?(.unreachable(error))
            guard once else { return .pause(milliseconds: schedule.delay(alive: false)) }
            failure = error
            return .nothing
        }
    }

    private func begin(_ descriptor: Int32) {
        stage = .connected(VPCDConnection(descriptor, observer: observer))
        observer?(.connected)
    }

    private func end(_ connection: VPCDConnection, _ terminal: any CardTerminal, _ reason: VPCDDisconnection) {
        try? terminal.powerOff()
        observer?(.disconnected(reason))
        stage = .apart
        state.leave()
        close(connection.descriptor)
    }
}
