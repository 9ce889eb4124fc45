import Glibc
import ImageFile
import Memory
import Reader

/// How the program ends when something is in the way: the numbers of sysexits.h. docs/cli.md lists them.
enum ExitStatus: Int32 {
    /// EX_USAGE: the command line is wrong.
    case usage = 64
    /// EX_DATAERR: an image, a profile package or a script has content that cannot be used.
    case data = 65
    /// EX_NOINPUT: a file, on this machine or in an image, is not there.
    case noInput = 66
    /// EX_UNAVAILABLE: no such reader, no card in it, no PC/SC service, nobody who listens.
    case unavailable = 69
    /// EX_CANTCREAT: the image cannot be made.
    case cannotCreate = 73
    /// EX_IOERR: a file, or the connection to a card, broke.
    case inputOutput = 74
    /// EX_TEMPFAIL: somebody else uses the image, the port or the card, or the time has passed: later it may work.
    case temporary = 75
    /// EX_PROTOCOL: the card and the reader do not understand each other.
    case protocolMismatch = 76
    /// EX_NOPERM: the system does not allow it.
    case noPermission = 77
}

/// What ends a command with one line on stderr.
struct Failure: Error, CustomStringConvertible {
    let status: ExitStatus
    let description: String

    init(_ status: ExitStatus = .data, description: String) {
        self.status = status
        self.description = description
    }
}

extension ExitStatus {
    /// What `error` ends the program with; nil for an error that is none of the project's, as those of the command line.
    init?(of error: any Error) {
        switch error {
        case let failure as Failure: self = failure.status
        case let failure as ImageFileError: self.init(failure.reason)
        case let failure as TerminalError: self.init(failure.kind)
        case is ImageDefect: self = .data
        case let failure as ControlFailure: self.init(failure.kind)
        default: return nil
        }
    }

    private init(_ reason: ImageFileError.Reason) {
        self =
            switch reason {
            case .missing, .notAFile: .noInput
            case .inUse: .temporary
            case .exists: .cannotCreate
            case .size: .data
            case .system(_, let number): number == EACCES || number == EPERM ? .noPermission : .inputOutput
            }
    }

    private init(_ kind: TerminalError.Kind) {
        self =
            switch kind {
            case .unavailable: .unavailable
            case .inUse, .timeout: .temporary
            case .protocolMismatch, .length: .protocolMismatch
            case .cardRemoved, .powerFailed, .mute, .cardReset, .system: .inputOutput
            }
    }
}
