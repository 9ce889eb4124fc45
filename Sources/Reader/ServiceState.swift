import Glibc
import Synchronization

/// What the thread of a service and those who stop it, or wait for it, have in common.
///
/// A thread that is blocked on a socket is woken by shutting the socket down. The lock makes sure that it is still that
/// socket: the thread withdraws it before it closes it.
final class ServiceState: @unchecked Sendable {
    private enum Phase { case running, stopping, ended }

    /// Why the thread is to leave its connection: `stopBit`, `removalBit`.
    private let requests = Atomic<UInt8>(0)
    private static let stopBit: UInt8 = 1
    private static let removalBit: UInt8 = 2
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    // These under the lock.
    private var phase = Phase.running
    private var socket: Int32 = -1
    private var isListener = false
    private var waiting: Wait?
    /// Whether `waiting` is for the insertion of the card.
    private var awaitsInsertion = false

    init() {
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(lock)
        changed.deallocate()
        lock.deallocate()
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return body()
    }

    // MARK: the thread of the service

    /// Whether the service is to end.
    var isStopping: Bool { requests.load(ordering: .relaxed) & Self.stopBit != 0 }
    /// Whether the card is out of the reader, or on its way out.
    var isRemoved: Bool { requests.load(ordering: .relaxed) & Self.removalBit != 0 }
    /// Whether the connection is to be left, for either reason. Costs nothing: it is asked after each message.
    var isLeaving: Bool { requests.load(ordering: .relaxed) != 0 }

    /// From now on the thread may be blocked on `descriptor`, a connection.
    ///
    /// - Returns: false when the service is to end, or the card is removed; the thread must then not block.
    func enter(_ descriptor: Int32) -> Bool {
        locked {
            guard phase == .running, !isRemoved else { return false }
            socket = descriptor
            isListener = false
            return true
        }
    }

    /// From now on the thread may be blocked on the socket that listens.
    ///
    /// - Returns: false when the service is to end; the thread must then not block.
    func enter(listener: Int32) -> Bool {
        locked {
            guard phase == .running else { return false }
            socket = listener
            isListener = true
            return true
        }
    }

    /// The thread is about to close its socket, or will not block on it.
    func leave() { locked { socket = -1 } }

    /// The service gives its thread up for a wait, which is cut short when the service is to end.
    ///
    /// - Parameter forInsertion: it waits for that, and is cut short by it too.
    func rest(_ wait: Wait, forInsertion: Bool = false) {
        let goesOn = locked {
            waiting = wait
            awaitsInsertion = forInsertion
            return phase == .running && (isRemoved || !forInsertion)
        }
        if !goesOn { wait.cutShort() }
    }

    /// Whether a wait is in the place of the thread.
    var isResting: Bool { locked { waiting != nil } }

    /// A thread is with the service again.
    func goOn() { locked { waiting = nil } }

    /// The thread does nothing more.
    func end() {
        locked {
            phase = .ended
            socket = -1
            pthread_cond_broadcast(changed)
        }
    }

    // MARK: other threads

    /// Asks the service to end after the command that it executes. Does not wait.
    func stop() {
        requests.bitwiseOr(Self.stopBit, ordering: .relaxed)
        let wait = locked {
            if phase == .running {
                phase = .stopping
                // The way out stays open for the response to the command.
                if socket >= 0 { shutdown(socket, Int32(SHUT_RD)) }
            }
            return waiting
        }
        wait?.cutShort()
    }

    /// Takes the card out of the reader until `insert`: ends its connection, as `cut` does. Does not wait.
    func remove() {
        locked {
            requests.bitwiseOr(Self.removalBit, ordering: .relaxed)
            if socket >= 0, !isListener { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    /// Lets the card into the reader again. Does not wait.
    func insert() {
        let wait = locked {
            requests.bitwiseAnd(~Self.removalBit, ordering: .relaxed)
            return awaitsInsertion ? waiting : nil
        }
        wait?.cutShort()
    }

    /// Whether there is a connection, or it is being made.
    var isConnected: Bool { locked { socket >= 0 && !isListener } }

    /// Ends the connection of the moment, even if a command is being executed.
    func cut() { locked { if socket >= 0 { shutdown(socket, Int32(SHUT_RDWR)) } } }

    /// Waits until the service has ended.
    ///
    /// - Parameter milliseconds: for how long; nil: for ever.
    /// - Returns: false after that time.
    func waitForEnd(milliseconds: Int?) -> Bool { wait(milliseconds) { $0 == .ended } }

    private func wait(_ milliseconds: Int?, until condition: (Phase) -> Bool) -> Bool {
        var deadline = timespec()
        if let milliseconds {
            clock_gettime(CLOCK_MONOTONIC, &deadline)
            let nanoseconds = deadline.tv_nsec + (milliseconds % 1000) * 1_000_000
            deadline.tv_sec += milliseconds / 1000 + nanoseconds / 1_000_000_000
            deadline.tv_nsec = nanoseconds % 1_000_000_000
        }
        return locked {
            while !condition(phase) {
                if milliseconds == nil {
                    pthread_cond_wait(changed, lock)
                } else if pthread_cond_timedwait(changed, lock, &deadline) == ETIMEDOUT {
                    return condition(phase)
                }
            }
            return true
        }
    }
}
