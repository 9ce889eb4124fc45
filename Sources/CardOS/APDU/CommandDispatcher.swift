import Octets

/// What executes the commands of a card, each on an open logical channel and in one transaction: the platform alone, or
/// applications upon it.
public protocol CommandDispatcher: ~Copyable {
    /// Executes a command. It writes response data to the card's output, and reads and changes its memory.
    ///
    /// - Returns: the status word; what the command has changed is then committed.
    /// - Throws: a status word: response data are dropped then, and what has changed is rolled back.
    mutating func dispatch(_ command: CommandAPDU, on card: inout UICC) throws(StatusWord) -> StatusWord

    /// What a command had changed was rolled back.
    mutating func didRollBack(_ card: borrowing UICC)

    /// Whether a proactive command waits for the terminal. It is asked after each command that succeeds.
    var hasProactiveCommand: Bool { get }

    /// The length of the proactive command that the terminal is to fetch next, which from now on is this one; nil where
    /// none waits.
    mutating func announceProactiveCommand() -> UInt8?
}

extension CommandDispatcher where Self: ~Copyable {
    /// No toolkit.
    public var hasProactiveCommand: Bool { false }

    /// No toolkit.
    public mutating func announceProactiveCommand() -> UInt8? { nil }
}

/// The platform alone.
struct PlatformCommands: CommandDispatcher {
    mutating func dispatch(_ command: CommandAPDU, on card: inout UICC) throws(StatusWord) -> StatusWord {
        try card.executePlatform(command)
    }

    mutating func didRollBack(_ card: borrowing UICC) {}
}
