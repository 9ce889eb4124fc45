import CardOS
import Memory
import Octets

/// A security domain: GPCS clause 7. The issuer's is one like the others, with more privileges.
enum SecurityDomain: Application {
    /// A command of a security domain: GPCS table 11-1.
    struct Command {
        let ins: UInt8
        /// The last state of the card in which it is executed, in the order of the table: those before allow it too.
        let last: LifeCycleState
        /// Whether somebody must be authenticated: GPCS table 11-2.
        let needsAuthentication: Bool
        let handler: (Call, inout OPEN, inout UICC) throws(StatusWord) -> StatusWord
    }

    /// GPCS clauses 11.2 to 11.11.
    nonisolated(unsafe) private static let commands: [Command] = [
        Command(ins: 0xE4, last: .secured, needsAuthentication: true, handler: delete),
        Command(ins: 0xCA, last: .terminated, needsAuthentication: false, handler: getData),
        Command(ins: 0xCB, last: .terminated, needsAuthentication: false, handler: getData),
        Command(ins: 0xF2, last: .cardLocked, needsAuthentication: true, handler: getStatus),
        Command(ins: 0xE6, last: .secured, needsAuthentication: true, handler: install),
        Command(ins: 0xE8, last: .secured, needsAuthentication: true, handler: load),
        Command(ins: 0xF0, last: .cardLocked, needsAuthentication: true, handler: setStatus),
        Command(ins: 0xE2, last: .secured, needsAuthentication: true, handler: storeData),
        Command(ins: 0xD8, last: .secured, needsAuthentication: true, handler: putKey),
    ]

    /// For each instruction code the row, counted from 1; 0: none.
    private static let index: [UInt8] = {
        var index = [UInt8](repeating: 0, count: 256)
        for (number, command) in commands.enumerated() { index[Int(command.ins)] = UInt8(number + 1) }
        return index
    }()

    /// The row of a command, whatever its class.
    private static func command(of command: CommandAPDU) -> Command? {
        let number = Int(index[Int(command.ins)])
        return number == 0 ? nil : commands[number - 1]
    }

    /// - Throws: 6A80 for parameters that are none, or a protocol that the card does not have.
    static func install(
        _ instance: ObjectReference,
        parameters: OctetView,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) {
        _ = try SecurityDomainParameters(parameters)
    }

    /// Its keys go with it.
    static func delete(
        _ instance: RegistryEntry,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) {
        try card.memory.deleteAllKeys(of: instance.reference)
    }

    static func process(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        let isInSession = open.channels[call.channel].session.map { $0.pointee.secureChannel.state != .none } ?? false
        let isOwn = isOwn(call.command, isInSession: isInSession)
        // GPCS clause 5.1.1.5: GET DATA is all that is left, the commands of a session are not.
        if open.registry.cardState == .terminated {
            guard isOwn, command(of: call.command)?.last == .terminated else { throw .conditionsNotSatisfied }
        }
        guard isOwn else { return try open.executePlatform(call.command, &card) }
        guard !call.instance.lifeCycle.isLocked || call.instance.isIssuerSecurityDomain else {
            throw .conditionsNotSatisfied
        }
        return try open.secured(call, by: call.instance.reference, &card, execute)
    }

    /// Whether a command is for the security domain, and not for the platform below it: its own commands, those of secure
    /// channel sessions, and in an open session all with secure messaging.
    private static func isOwn(_ command: CommandAPDU, isInSession: Bool) -> Bool {
        if isInSession, command.classOctet.hasSecureMessaging { return true }
        switch (command.classOctet.kind, command.ins) {
        // Clients of AmdF send STORE DATA in this class as well; the UICC has no command with its instruction code.
        case (.interindustry, 0xCA), (.interindustry, 0xE2): return true
        case (.interindustry, 0xCB): return command.p1p2 == 0x2F00
        case (.gsm, _), (.interindustry, _), (.proprietary, 0xCB): return false
        // STATUS of TS 102 221 has P1 = 00 to 02.
        case (.proprietary, 0xF2): return command.p1 & 0xF0 != 0
        case (.proprietary, 0x50), (.proprietary, 0x82), (.proprietary, 0x88), (.proprietary, 0x2A): return true
        // GET IDENTITY of TS 31.102 has the instruction code of END R-MAC SESSION.
        case (.proprietary, 0x7A), (.proprietary, 0x78): return isInSession
        case (.proprietary, _): return index[Int(command.ins)] != 0
        }
    }

    /// Whether a command can be one of a remote script: TS 102 226 clause 8.2. Commands of the platform cannot, nor those of
    /// secure channel sessions.
    static func isOfScripts(_ command: CommandAPDU) -> Bool {
        isOwn(command, isInSession: false) && index[Int(command.ins)] != 0
    }

    /// Executes a command in the clear.
    ///
    /// - Throws: 6D00 or 6E00 for an unknown one; 6982 where nobody is authenticated; 6985 in a state of the card that does not
    ///   allow it; 6882 for SELECT by name and MANAGE CHANNEL in secure messaging.
    private static func execute(
        _ call: Call,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        // Commands of the platform can be sent in a secure channel session as well.
        guard isOwn(call.command, isInSession: false), let command = command(of: call.command) else {
            // What is selected on which channel is for OPEN: it serves these commands before any application.
            let isForOPEN = call.command.ins == 0x70 || call.command.ins == 0xA4 && call.command.p1 == 0x04
            guard !isForOPEN || call.command.classOctet.kind != .interindustry else {
                throw .secureMessagingNotSupported
            }
            return try open.executePlatform(call.command, &card)
        }
        guard !command.needsAuthentication || call.level.contains(.authenticated) else {
            throw .securityStatusNotSatisfied
        }
        // The numbers of the states stand in the order of the table.
        let state = open.registry.cardState
        guard state.rawValue <= command.last.rawValue else { throw .conditionsNotSatisfied }
        // GPCS clause 5.1.1.4: a locked card is unlocked or terminated, the states of its applications stay.
        if state == .cardLocked, command.ins == 0xF0, call.command.p1 != 0x80 {
            throw .conditionsNotSatisfied
        }
        return try command.handler(call, &open, &card)
    }
}
