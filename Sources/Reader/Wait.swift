import Dispatch

/// What waits in place of a thread. When that has come for which it waits, or when it is cut short, it calls its action,
/// once, in a thread of the system's.
final class Wait: @unchecked Sendable {
    // Unchecked: a source may be activated and cancelled by any thread.

    private static let queue = DispatchQueue(label: "veuicc.wait")
    private let source: any DispatchSourceProtocol

    /// Waits until there is something to receive or to accept on `descriptor`, which stays open until the action.
    convenience init(forInputOn descriptor: Int32, _ action: @escaping @Sendable () -> Void) {
        self.init(DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: Wait.queue), action)
    }

    /// Waits for a time, not less.
    convenience init(milliseconds: Int, _ action: @escaping @Sendable () -> Void) {
        let timer = DispatchSource.makeTimerSource(queue: Wait.queue)
        timer.schedule(deadline: .now() + .milliseconds(milliseconds))
        self.init(timer, action)
    }

    private init(_ source: any DispatchSourceProtocol, _ action: @escaping @Sendable () -> Void) {
        self.source = source
        // The handlers keep this value until the source is cancelled.
        source.setEventHandler { self.source.cancel() }
        source.setCancelHandler(handler: action)
    }

    /// Begins to wait.
    func begin() { source.activate() }

    /// Makes an end of the waiting, which may not have begun yet. Further calls do nothing.
    func cutShort() { source.cancel() }
}
