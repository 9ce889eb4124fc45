import CardCrypto
import Octets
import Reader

/// Why something could not be done with a card. Its description is one line: what was tried, and what was in the way.
public struct CardManagementError: Error, Equatable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Kind: Equatable, Sendable {
        /// The card answers a command with another status word than 9000.
        case refused(StatusWord)
        /// The terminal failed.
        case terminal(TerminalError)
        /// There are no keys that fit, or the card has others.
        case keys
        /// What the card answers is malformed, or its MAC is wrong.
        case answer
        /// What the caller wants sent is nothing that can be sent.
        case input
    }

    /// What kind of failure it is.
    public let kind: Kind
    /// The command, or what else was tried.
    public let action: String
    /// What was in the way.
    public let reason: String

    /// The action and the reason.
    public var description: String { "\(action): \(reason)" }

    init(_ kind: Kind, _ action: String, _ reason: String) {
        self.kind = kind
        self.action = action
        self.reason = reason
    }

    init(_ action: String, refused status: StatusWord) {
        self.init(.refused(status), action, "the card answers \(Hex.string([status.sw1, status.sw2]))")
    }
}

/// The result of a computation; keys of a wrong length are the only input that makes one fail.
func computing<Result: ~Copyable>(
    _ action: String,
    _ body: () throws(CryptoError) -> Result
) throws(CardManagementError) -> Result {
    do throws(CryptoError) {
        return try body()
    } catch {
        throw CardManagementError(.keys, action, "the keys do not fit the protocol (\(error))")
    }
}
