import CardOS
import GlobalPlatform
import Memory
import Octets

/// What does the actions that scripts ask for beside commands: the toolkit.
public protocol ScriptActionHandler: ~Copyable {
    /// Does an action.
    ///
    /// - Parameter application: the registry entry of the application whose script asks for it.
    /// - Returns: whether it is done, or will be.
    mutating func perform(_ action: ScriptAction, for application: ObjectReference, on card: inout UICC) -> Bool
}

/// Executes remote scripts on the card, and knows which chain of scripts is under way. Volatile.
public struct ScriptHost: Sendable {
    /// The application whose chain of scripts goes on: what they have selected is kept on their logical channel.
    private var chained: ObjectReference?

    /// No chain.
    public init() {}

    /// Executes a script that a secured packet has brought.
    ///
    /// Each command is a transaction of its own. Before the first one, what the caller has changed is to be committed.
    ///
    /// - Parameters:
    ///   - application: what the packet was for.
    ///   - level: how it was protected.
    ///   - version: the key version of its keys.
    ///   - response: takes the result.
    /// - Throws: 6A80 where the parameters of the application are malformed: nothing is executed.
    public mutating func execute<Actions: ScriptActionHandler & ~Copyable>(
        _ script: RemoteScript,
        for application: RemoteApplication,
        level: SecurityLevel,
        keyVersion version: UInt8,
        actions: inout Actions,
        _ open: inout OPEN,
        _ card: inout UICC,
        into response: inout OctetWriter
    ) throws(StatusWord) {
        let (access, directory) = try open.remoteAccess(of: application, in: card)
        let chaining = script.chaining
        let goesOn = chaining == .subsequent || chaining == .last
        if goesOn, chained != application.application {
            return script.refuse(.noPreviousScript, into: &response)
        }
        // What a chain has selected would have to be in the image.
        if chaining == .firstOverReset { return script.refuse(.notSupported, into: &response) }
        if !goesOn { card.beginScript(in: directory) }
        chained = nil
        open.beginScript(for: application, level: level, keyVersion: version, in: card)
        let isPassed = ScriptContext.with(&open, &card, &actions, application.application, access) { context in
            script.execute(through: &context, into: &response)
        }
        open.endScript()
        // A chain ends where a command of it fails.
        if isPassed, chaining == .first || chaining == .subsequent {
            chained = application.application
        } else {
            card.endScript()
        }
    }
}

/// The card, for the commands of one script.
private struct ScriptContext<Actions: ScriptActionHandler & ~Copyable>: ScriptExecutor, ~Copyable {
    // They live within `with` only, and so does this.
    private let open: UnsafeMutablePointer<OPEN>
    private let card: UnsafeMutablePointer<UICC>
    private let actions: UnsafeMutablePointer<Actions>
    private let application: ObjectReference
    private let access: RemoteAccess

    private init(
        _ open: UnsafeMutablePointer<OPEN>,
        _ card: UnsafeMutablePointer<UICC>,
        _ actions: UnsafeMutablePointer<Actions>,
        _ application: ObjectReference,
        _ access: RemoteAccess
    ) {
        self.open = open
        self.card = card
        self.actions = actions
        self.application = application
        self.access = access
    }

    static func with<Result>(
        _ open: inout OPEN,
        _ card: inout UICC,
        _ actions: inout Actions,
        _ application: ObjectReference,
        _ access: RemoteAccess,
        _ body: (inout ScriptContext) -> Result
    ) -> Result {
        withUnsafeMutablePointer(to: &open) { open in
            withUnsafeMutablePointer(to: &card) { card in
                withUnsafeMutablePointer(to: &actions) { actions in
                    var context = ScriptContext(open, card, actions, application, access)
                    return body(&context)
                }
            }
        }
    }

    mutating func execute(
        _ command: OctetView,
        _ form: UICC.ScriptResponse,
        into response: inout OctetWriter
    ) -> StatusWord {
        card.pointee.execute(script: command, by: access, form, through: &open.pointee, into: &response)
    }

    mutating func perform(_ action: ScriptAction) -> Bool {
        actions.pointee.perform(action, for: application, on: &card.pointee)
    }
}
