import Memory
import Octets

// Commands of remote scripts (TS 102 226), on a logical channel of their own.
//
// A script command goes the way of one from the terminal: parsed, dispatched, executed in a transaction of its own.
// What differs is its channel, its authority, and how its response data come. It is executed inside a command of the
// terminal, which has nothing pending in the memory then.

extension UICC {
    /// How a script command answers.
    public enum ScriptResponse: Sendable {
        /// With all response data that Le asks for: expanded format. There is no GET RESPONSE.
        case complete
        /// With response data where there is an Le; otherwise with 61XX, for GET RESPONSE: compact format.
        case announced
    }

    /// The logical channel of remote scripts.
    package static var remoteChannel: Int { LogicalChannel.remote }

    /// Opens the logical channel of remote scripts: nothing is selected there but the MF or the ADF `directory`, and no
    /// PIN is verified.
    public mutating func beginScript(in directory: ObjectReference? = nil) {
        codes.resetVerifiedByScript()
        waiting.discard()
        var channel = LogicalChannel(masterFile: files.masterFile)
        if let directory {
            channel.directory = directory
            channel.application = directory
        }
        channel.isOpen = true
        channels[LogicalChannel.remote] = channel
    }

    /// Closes it; what was selected and verified is forgotten. Response data that wait are lost.
    public mutating func endScript() {
        channels[LogicalChannel.remote] = LogicalChannel(masterFile: files.masterFile)
        codes.resetVerifiedByScript()
        waiting.discard()
    }

    /// Executes a command of a script, in a transaction of its own; what the caller has changed before is committed
    /// with it.
    ///
    /// - Parameters:
    ///   - octets: a command APDU; extended lengths are allowed.
    ///   - response: an empty writer, which takes the response data.
    /// - Returns: the status word: 6881 for a class octet with another channel than the basic one, and where the channel
    ///   of scripts is not open; 6884 for a command chain; otherwise as the dispatcher has it.
    public mutating func execute<Dispatcher: CommandDispatcher & ~Copyable>(
        script octets: OctetView,
        by access: RemoteAccess,
        _ form: ScriptResponse,
        through dispatcher: inout Dispatcher,
        into response: inout OctetWriter
    ) -> StatusWord {
        let outer = output
        output = response
        authority = .remote(access)
        defer {
            authority = .terminal
            response = output
            output = outer
        }
        var status: StatusWord
        do throws(StatusWord) {
            let command = try octets.commandAPDU(allowsExtended: true)
            guard command.classOctet.channel == 0, channels[LogicalChannel.remote].isOpen else {
                throw .logicalChannelNotSupported
            }
            guard !command.classOctet.isChained else { throw .commandChainingNotSupported }
            status = try execute(command.on(channel: LogicalChannel.remote), form, through: &dispatcher)
        } catch {
            status = error
            undo(through: &dispatcher)
        }
        if output.overflowed {
            // The response is lost, and what the command has done is not: as with one from the terminal.
            status = .technicalProblem
            output = response
        }
        return status
    }

    private mutating func execute<Dispatcher: CommandDispatcher & ~Copyable>(
        _ command: CommandAPDU,
        _ form: ScriptResponse,
        through dispatcher: inout Dispatcher
    ) throws(StatusWord) -> StatusWord {
        switch form {
        case .announced:
            if command.ins == 0xC0 { return try getResponse(command) }
            waiting.discard()
            return try dispatch(command, through: &dispatcher, responding: .byLe)
        case .complete:
            guard command.ins != 0xC0 else { throw .instructionNotSupported }
            var status: StatusWord
            do throws(StatusWord) {
                status = try dispatch(command, through: &dispatcher, responding: nil)
            } catch {
                // 6CXX: the command has done nothing yet, and is sent again with that Le.
                guard error.sw1 == 0x6C, command.data.isEmpty, command.expected != .absent else { throw error }
                undo(through: &dispatcher)
                let expected = ExpectedLength.any(limit: 65_536)
                status = try dispatch(command.expecting(expected), through: &dispatcher, responding: nil)
            }
            if command.expected == .absent { output.truncate(to: 0) }
            return status
        }
    }

    /// Takes back what a command has changed, and its response data.
    private mutating func undo<Dispatcher: CommandDispatcher & ~Copyable>(through dispatcher: inout Dispatcher) {
        output.truncate(to: 0)
        if memory.isInTransaction { rollBack() }
        dispatcher.didRollBack(self)
    }
}
