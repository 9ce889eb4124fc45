import CardOS
import Memory
import Octets
import Telecom

/// An application that takes part in the toolkit.
public struct ToolkitApplication {
    /// Takes a notification. It may change the memory, queue commands and register others.
    ///
    /// - Throws: a status word, with which the command is answered then; what it has changed in the memory is rolled
    ///   back.
    public typealias Handler = (ToolkitNotification, inout RuntimeEnvironment, inout UICC) throws(StatusWord) -> Void

    /// Its registry entry.
    public let owner: ObjectReference
    let handle: Handler

    /// An application, and what takes its notifications.
    public init(_ owner: ObjectReference, _ handle: @escaping Handler) {
        self.owner = owner
        self.handle = handle
    }
}

/// What an application of the toolkit is told.
public enum ToolkitNotification: Equatable, Sendable {
    /// The terminal has said what it can do: commands can be sent.
    case profileDownload
    /// The terminal has answered a command of the application, which had this token.
    case response(TerminalResponse, token: UInt16)
    /// A command of the application was not sent: the terminal does not support it.
    case notSupported(token: UInt16)
    /// An event that the application has asked for.
    case event(EventDownload)
    /// A timer of the application has run down.
    case timerExpiration(TimerIdentifier, TimerValue)
}
