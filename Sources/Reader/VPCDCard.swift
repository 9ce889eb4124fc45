import Glibc
import Synchronization

/// A card on vpcd: serves the reader with a card, from a thread of its own, until it is stopped.
///
/// The card is given no power by the connection, and loses it with the connection. What is executed cannot be
/// interrupted, only left: `cutIfOverdue`.
public final class VPCDCard: @unchecked Sendable {
    // Unchecked: what is not constant belongs to the thread of the service, or to `waitForEnd` once that has ended.

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
    private let state = ServiceState()
    private let commands = Atomic<UInt>(0)
    private let lastSeen = Atomic<UInt>(0)
    private var terminal: (any CardTerminal)?
    private var failure: TerminalError?

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
        try start(stackSize)
    }

    deinit { if listener >= 0 { close(listener) } }

    private func start(_ stackSize: Int) throws(TerminalError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, max(stackSize, 65_536))
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let retained = Unmanaged.passRetained(self)
        // Signals are for the program: its other threads take them, whatever it does about them and when.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let status = pthread_create(
            &thread,
            &attributes,
            { context in
                if let context { Unmanaged<VPCDCard>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            },
            retained.toOpaque()
        )
        if status != 0 {
            retained.release()
            throw TerminalError(failed: "make the thread of a card", status)
        }
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
        if let terminal {
            var connection = VPCDConnection(observer: observer)
            switch role {
            case .connecting: connect(terminal, &connection)
            case .listening: listen(terminal, &connection)
            }
        }
        terminal = nil
        state.end()
    }

    private func connect(_ terminal: any CardTerminal, _ connection: inout VPCDConnection) {
        var schedule = ReconnectSchedule()
        while true {
            var alive = false
            do throws(TerminalError) {
                let descriptor = try TCP.socket()
                var status = TCP.beginConnecting(descriptor, to: address)
                let mayGoOn = state.enter(descriptor)
                if mayGoOn, status == 0 || status == EINPROGRESS { status = TCP.finishConnecting(descriptor) }
                if mayGoOn, status == 0 {
                    serve(terminal, &connection, on: descriptor)
                    alive = connection.isAlive
                }
                state.leave()
                close(descriptor)
                guard mayGoOn, !state.isStopping else { return }
                if status != 0 { throw TerminalError(failed: "connect to \(endpoint)", status) }
            } catch {
                observer?(.unreachable(error))
                if once { failure = error }
            }
            if once || !state.pause(milliseconds: schedule.delay(alive: alive)) { return }
        }
    }

    private func listen(_ terminal: any CardTerminal, _ connection: inout VPCDConnection) {
        while state.enter(listener), let descriptor = TCP.accept(listener) {
            if state.enter(descriptor) { serve(terminal, &connection, on: descriptor) }
            state.leave()
            close(descriptor)
            if once { return }
        }
    }

    private func serve(_ terminal: any CardTerminal, _ connection: inout VPCDConnection, on descriptor: Int32) {
        observer?(.connected)
        let reason = connection.serve(terminal, on: descriptor, state, commands: commands)
        try? terminal.powerOff()
        observer?(.disconnected(reason))
    }
}
