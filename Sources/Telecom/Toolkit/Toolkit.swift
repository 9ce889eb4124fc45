import Memory
import Octets

/// The card application toolkit: what the card has to say to the terminal, and what it has asked the terminal to tell.
///
/// Applications queue commands. One at a time goes out: it is announced with 91XX, the terminal fetches it, and until
/// its TERMINAL RESPONSE has come no other one is announced. Before a TERMINAL PROFILE none goes out at all, and none
/// ever that the terminal does not support. All of it is volatile.
public struct Toolkit {
    /// How many commands may wait.
    public static let capacity = 16
    /// The most octets of a command, so that 91XX can tell how many they are.
    public static let maximumLength = 255

    /// Whose command something belongs to.
    public struct Origin: Equatable, Sendable {
        /// The registry entry of the application; nil: the toolkit itself.
        public let owner: ObjectReference?
        /// What the application has given the command along, to know it again.
        public let token: UInt16
    }

    private struct Entry {
        var origin: Origin
        let priority: UInt8
        let command: ProactiveCommand
        let details: CommandDetails
        /// All of the command.
        let octets: [UInt8]
    }

    /// Whether a command waits to be fetched. It may be asked after each command.
    public private(set) var hasProactiveCommand = false
    /// What the terminal can do; nil before it has said so.
    public private(set) var profile: TerminalProfile?

    /// Those that wait, the next one first.
    private var queue: [Entry] = []
    /// The one whose length the terminal has been told: it is fetched next, whatever comes.
    private var announced: Entry?
    /// The one that the terminal has fetched and not answered.
    private var fetched: Entry?
    private var lastNumber: UInt8 = 0
    private var timers: [(timer: TimerIdentifier, owner: ObjectReference)] = []
    private var wishes: [(owner: ObjectReference, events: [ToolkitEvent])] = []
    /// What the last SET UP EVENT LIST has said, or will say.
    private var events: [ToolkitEvent] = []

    /// A toolkit after a reset.
    public init() {}

    private mutating func update() {
        hasProactiveCommand = profile != nil && fetched == nil && (announced != nil || !queue.isEmpty)
    }

    // MARK: Applications

    /// Queues a command.
    ///
    /// - Parameters:
    ///   - owner: the registry entry of the application that gets the response.
    ///   - token: what it gets back with the response.
    ///   - priority: 01, the highest, to FF; among equals the first one comes first.
    /// - Throws: 6A81 where the terminal does not support the command; 6A80 where it is longer than 255 octets; 6A84
    ///   where too many commands wait.
    public mutating func send(
        _ command: ProactiveCommand,
        for owner: ObjectReference,
        token: UInt16 = 0,
        priority: UInt8 = 0x80
    ) throws(StatusWord) {
        try send(command, Origin(owner: owner, token: token), priority)
    }

    private mutating func send(
        _ command: ProactiveCommand,
        _ origin: Origin,
        _ priority: UInt8
    ) throws(StatusWord) {
        if let profile, !profile.supports(command) { throw .functionNotSupported }
        guard queue.count < Self.capacity else { throw .notEnoughMemory }
        let number = lastNumber < 0xFE ? lastNumber + 1 : 1
        let octets = withUnsafeTemporaryAllocation(byteCount: Self.maximumLength, alignment: 1) { buffer in
            var writer = OctetWriter(buffer)
            command.write(number: number, to: &writer)
            return writer.overflowed ? [] : writer.view.array
        }
        guard !octets.isEmpty else { throw .incorrectData }
        lastNumber = number
        let details = command.details(number: number)
        let entry = Entry(origin: origin, priority: priority, command: command, details: details, octets: octets)
        let place = queue.firstIndex { $0.priority > priority } ?? queue.count
        queue.insert(entry, at: place)
        update()
    }

    /// Asks the terminal to tell of events, on behalf of an application, in place of those it has asked for before. The
    /// terminal is asked for what all applications want, as far as it can tell of it.
    ///
    /// - Throws: 6A84 where too many commands wait.
    public mutating func setEvents(_ events: [ToolkitEvent], for owner: ObjectReference) throws(StatusWord) {
        let before = wishes
        wishes.removeAll { $0.owner == owner }
        if !events.isEmpty { wishes.append((owner, events)) }
        do throws(StatusWord) {
            try requestEvents()
        } catch {
            wishes = before
            throw error
        }
    }

    /// Whether an application has asked for an event.
    public func hasEvent(_ event: ToolkitEvent, for owner: ObjectReference) -> Bool {
        wishes.contains { $0.owner == owner && $0.events.contains(event) }
    }

    /// Sends SET UP EVENT LIST where what is wanted has changed. Of its own ones that wait only the last has a meaning.
    private mutating func requestEvents() throws(StatusWord) {
        guard let profile, profile.supports(.setUpEventList([])) else { return }
        var wanted: [ToolkitEvent] = []
        for event in wishes.flatMap(\.events) where profile.supports(event) && !wanted.contains(event) {
            wanted.append(event)
        }
        wanted.sort { $0.rawValue < $1.rawValue }
        guard wanted != events else { return }
        queue.removeAll { $0.origin.owner == nil }
        update()
        try send(.setUpEventList(wanted), Origin(owner: nil, token: 0), 0x01)
        events = wanted
    }

    /// A timer for an application, which it starts with TIMER MANAGEMENT; nil where all eight have an owner.
    public mutating func takeTimer(for owner: ObjectReference) -> TimerIdentifier? {
        for number: UInt8 in 1...8 {
            guard let timer = TimerIdentifier(number), self.owner(of: timer) == nil else { continue }
            timers.append((timer, owner))
            return timer
        }
        return nil
    }

    /// The application that has a timer.
    public func owner(of timer: TimerIdentifier) -> ObjectReference? {
        timers.first { $0.timer == timer }?.owner
    }

    /// Gives a timer back.
    public mutating func releaseTimer(_ timer: TimerIdentifier, of owner: ObjectReference) {
        timers.removeAll { $0.timer == timer && $0.owner == owner }
    }

    /// Forgets an application: its commands that wait, its timers and events. What the terminal has been told of or has
    /// fetched goes its way, and nobody gets the response.
    ///
    /// - Throws: 6A84 where too many commands wait for the event list to be changed.
    public mutating func remove(_ owner: ObjectReference) throws(StatusWord) {
        queue.removeAll { $0.origin.owner == owner }
        if announced?.origin.owner == owner { announced?.origin = Origin(owner: nil, token: 0) }
        if fetched?.origin.owner == owner { fetched?.origin = Origin(owner: nil, token: 0) }
        timers.removeAll { $0.owner == owner }
        update()
        try setEvents([], for: owner)
    }

    // MARK: The terminal

    /// TERMINAL PROFILE: from now on commands go out. Those that wait and are not supported do not.
    ///
    /// - Returns: whose they were.
    public mutating func begin(_ profile: TerminalProfile) -> [Origin] {
        self.profile = profile
        let dropped = queue.filter { !profile.supports($0.command) }.map(\.origin)
        queue.removeAll { !profile.supports($0.command) }
        update()
        // There is room unless the queue is full of others: then the list waits for the next change.
        do throws(StatusWord) { try requestEvents() } catch {}
        return dropped.filter { $0.owner != nil }
    }

    /// The length of the command that is fetched next, which from now on is this one; nil where none waits.
    public mutating func announce() -> UInt8? {
        guard hasProactiveCommand else { return nil }
        if announced == nil { announced = queue.removeFirst() }
        return announced.map { UInt8(clamping: $0.octets.count) }
    }

    /// FETCH: writes the command that was announced.
    public mutating func fetch(into writer: inout OctetWriter) {
        guard let entry = announced else { return }
        writer.append(octets: entry.octets)
        fetched = entry
        announced = nil
        update()
    }

    /// TERMINAL RESPONSE: the command that is out is done with.
    ///
    /// - Returns: whose it was; nil where it is not the response to that command, which stays out then.
    public mutating func end(with response: TerminalResponse) -> Origin? {
        guard let entry = fetched, response.answers(entry.details) else { return nil }
        fetched = nil
        update()
        return entry.origin
    }
}
