import Glibc

/// Why a terminal could not do what was asked. Its description is one line for the user.
public struct TerminalError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of failure it is, for those who go on differently.
    public enum Kind: Equatable, Sendable {
        /// The card or the connection to it is gone.
        case cardRemoved
        /// The card's power failed during the command: there is no response.
        case powerFailed
        /// The card does not answer, this once or until it is reset.
        case mute
        /// Another user of the reader has reset the card: its volatile state is lost.
        case cardReset
        /// There is no such reader, no card in it, nobody who listens, or no PC/SC service.
        case unavailable
        /// Somebody else uses the card or the port.
        case inUse
        /// The card does not offer the transmission protocol that was asked for.
        case protocolMismatch
        /// The command or its response has a length that cannot be transmitted.
        case length
        /// The time given has passed.
        case timeout
        /// Anything else.
        case system
    }

    /// What kind of failure it is.
    public let kind: Kind
    /// One line that says what failed and why.
    public let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// The failure of a call of the system, with the error number that it left.
    init(failed action: String, _ number: Int32 = errno) {
        let kind: Kind =
            switch number {
            case ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL: .unavailable
            case EADDRINUSE: .inUse
            case ETIMEDOUT: .timeout
            default: .system
            }
        self.init(kind, "cannot \(action): \(String(cString: strerror(number)))")
    }
}
