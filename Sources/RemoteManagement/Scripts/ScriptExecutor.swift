import CardOS
import Octets

/// What executes the commands of a remote script, one after the other.
public protocol ScriptExecutor: ~Copyable {
    /// Executes a command in a transaction of its own.
    ///
    /// - Parameters:
    ///   - command: a command APDU.
    ///   - response: an empty writer, which takes the response data.
    /// - Returns: the status word.
    mutating func execute(
        _ command: OctetView,
        _ form: UICC.ScriptResponse,
        into response: inout OctetWriter
    ) -> StatusWord

    /// Does what a script asks for beside commands.
    ///
    /// - Returns: whether it is done; otherwise an immediate action ends the script.
    mutating func perform(_ action: ScriptAction) -> Bool
}

/// What a script asks for, at once or where a command fails: TS 102 226 clauses 5.2.1.2 and 5.2.1.3.
public enum ScriptAction {
    /// A proactive command: its COMPREHENSION-TLV objects.
    case proactiveCommand(OctetView)
    /// The proactive command in a record of EF RMA, 1 to 127.
    case record(UInt8)
    /// To go on only where no proactive session is under way.
    case proactiveSession
    /// To answer before the end.
    case earlyResponse

    /// nil where the value is none.
    init?(_ value: OctetView) {
        switch (value.octet(at: 0), value.count) {
        case (nil, _): return nil
        case (.some(0x01...0x7F), 1): self = .record(value.octet(at: 0) ?? 0)
        case (0x81, 1): self = .proactiveSession
        case (0x82, 1): self = .earlyResponse
        case (_, 1): return nil
        default: self = .proactiveCommand(value)
        }
    }
}
