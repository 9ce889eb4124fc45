import Glibc

/// Several cards on vpcd, as one program runs them.
public enum VPCDService {
    /// How long a command may take, in milliseconds, until the reader is let go: at least this, at most twice as long.
    public static let defaultWatchdog = 10_000

    /// Lets the process open `count` files and sockets besides those that it has: the system has a limit for that which
    /// each process may raise, up to another one.
    ///
    /// - Throws: `system` where that one does not suffice.
    public static func allowConnections(_ count: Int) throws(TerminalError) {
        // Standard input and output, libraries, and some to spare.
        let needed = rlim_t(count) + 64
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < needed else { return }
        limit.rlim_cur = min(needed, limit.rlim_max)
        guard limit.rlim_cur == needed, setrlimit(resource, &limit) == 0 else {
            throw TerminalError(.system, "\(count) files and sockets are more than the limit of the system allows")
        }
    }

    /// Waits until all `cards` have ended.
    ///
    /// - Parameter watchdog: the time for one command in milliseconds; nil: no limit, for a debugger.
    /// - Throws: why a card that was to run once found no reader; the others have ended too.
    public static func waitForEnd(
        of cards: [VPCDCard],
        watchdog: Int? = VPCDService.defaultWatchdog
    ) throws(TerminalError) {
        var failure: TerminalError?
        for card in cards {
            do throws(TerminalError) {
                while try !card.waitForEnd(milliseconds: watchdog) { cards.forEach { $0.cutIfOverdue() } }
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }
}

/// SIGTERM and SIGINT as calls of a function.
public enum TerminationSignals {
    /// From now on each of these signals calls `action`, in a thread of its own, instead of ending the process. To be
    /// called from the first thread, before there are others: they inherit what it sets.
    ///
    /// - Parameter action: takes how many such signals there have been, from 1 on.
    public static func handle(_ action: @escaping @Sendable (Int) -> Void) throws(TerminalError) {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        var thread = pthread_t()
        let retained = Unmanaged.passRetained(Action(action, set))
        let status = pthread_create(
            &thread,
            nil,
            { context in
                if let context { Unmanaged<Action>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            },
            retained.toOpaque()
        )
        guard status == 0 else {
            retained.release()
            throw TerminalError(failed: "make the thread for signals", status)
        }
        pthread_detach(thread)
    }

    private final class Action: Sendable {
        let action: @Sendable (Int) -> Void
        let set: sigset_t

        init(_ action: @escaping @Sendable (Int) -> Void, _ set: sigset_t) {
            self.action = action
            self.set = set
        }

        func run() {
            var count = 0
            var set = set
            var signal: Int32 = 0
            while sigwait(&set, &signal) == 0 {
                count += 1
                action(count)
            }
        }
    }
}
