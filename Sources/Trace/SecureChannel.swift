import Octets

/// The secure channel session on a logical channel, as far as the APDUs tell it: GPCS clause 10.
struct SecureChannel {
    /// How long a MAC is; nil where nothing has said it.
    private var macLength: Int?
    /// The security level; nil before the host has been authenticated.
    private var level: UInt8?
    /// That of EXTERNAL AUTHENTICATE, to which END R-MAC SESSION returns.
    private var openedLevel: UInt8?

    private init(macLength: Int? = nil, level: UInt8? = nil) {
        self.macLength = macLength
        self.level = level
        openedLevel = level
    }

    /// What is seen of a protected command and its response without the keys.
    struct Seen {
        /// In the clear, but for what is enciphered.
        var command: TracedCommand
        var isCommandEnciphered = false
        var data: [UInt8]
        var isResponseEnciphered = false
        /// Level, MAC of the command and of the response.
        var field: TraceField
        /// What a line says of it: `level 33`.
        var mark: String

        /// Puts what is known in the clear in the place of what is enciphered.
        mutating func apply(_ clear: ClearExchange, hasCommand: Bool, hasResponse: Bool) {
            switch clear.finding {
            case .deciphered: mark += ", deciphered"
            case .notGenuine: return mark += ", not genuine"
            case .otherKeys: return
            }
            if hasCommand, let known = TracedCommand(clear.command) {
                command = known.inTheClear(known.data)
                isCommandEnciphered = false
                field.fields.append(TraceField("command", Hex.string(clear.command)))
            }
            if hasResponse {
                data = Array(clear.response.dropLast(2))
                isResponseEnciphered = false
                field.fields.append(TraceField("response", Hex.string(clear.response)))
            }
        }
    }

    /// What the session protects, if anything, taken apart.
    ///
    /// - Parameter isComplete: whether nothing of the response is still to come; its MAC stands at the end.
    static func look(
        at command: TracedCommand,
        data: [UInt8],
        isComplete: Bool,
        in session: SecureChannel?
    ) -> Seen? {
        guard command.hasSecureMessaging, command.kind != .gsm else { return nil }
        guard let session, let level = session.level else {
            // TS 102 221 clause 14 has another kind, and sessions that were begun before the trace are not known.
            let field = TraceField("secure messaging", "session not seen")
            return Seen(
                command: command,
                isCommandEnciphered: !command.data.isEmpty,
                data: data,
                isResponseEnciphered: true,
                field: field,
                mark: "session not seen"
            )
        }
        var parts: [TraceField] = []
        var body = command.data
        // Ciphertext is of whole blocks: where nothing has said how long a MAC is, that does.
        let macLength =
            session.macLength ?? (level & 0x02 == 0 || body.count < 24 ? nil : body.count % 16 == 8 ? 8 : 16)
        let isKnown = macLength != nil || level & 0x11 == 0
        if let length = macLength, level & 0x01 != 0, body.count >= length {
            parts.append(TraceField("C-MAC", Hex.string(body.suffix(length))))
            body.removeLast(length)
        }
        var answer = data
        if let length = macLength, level & 0x10 != 0, isComplete, data.count >= length {
            parts.append(TraceField("R-MAC", Hex.string(data.suffix(length))))
            answer.removeLast(length)
        }
        let name = GlobalPlatformSecureChannel.level(level)
        return Seen(
            command: command.inTheClear(body),
            isCommandEnciphered: !body.isEmpty && (level & 0x02 != 0 || !isKnown),
            data: answer,
            isResponseEnciphered: !answer.isEmpty && (level & 0x20 != 0 || !isKnown),
            field: TraceField("secure messaging", "level \(Hex.string([level])): \(name)", parts),
            mark: "level \(Hex.string([level]))"
        )
    }

    // MARK: how a session comes and goes

    /// Follows a command that was answered with 9000.
    ///
    /// - Returns: the session after it.
    static func follow(
        _ command: TracedCommand,
        named name: String,
        data: [UInt8],
        in session: SecureChannel?
    ) -> SecureChannel? {
        var next = session
        switch name {
        case "INITIALIZE UPDATE":
            guard let initiation = GlobalPlatformSecureChannel.Initiation(data) else { return nil }
            return SecureChannel(macLength: initiation.macLength)
        case "EXTERNAL AUTHENTICATE" where command.hasSecureMessaging:
            return SecureChannel(macLength: session?.macLength ?? command.data.count / 2, level: command.p1)
        case "MUTUAL AUTHENTICATE", "INTERNAL AUTHENTICATE":
            // The length of MACs is a matter of the card.
            guard let usage = GlobalPlatformSecureChannel.agreedUsage(command.data) else { return session }
            return SecureChannel(level: usage == 0x3C ? 0x33 : 0x11)
        case "BEGIN R-MAC SESSION":
            next?.level = session?.level.map { $0 | command.p1 & 0x30 }
        case "END R-MAC SESSION" where command.p2 & 0x02 != 0: next?.level = session?.openedLevel
        default: break
        }
        return next
    }
}
