import Octets

/// Puts what happens between a terminal and one card into words, from the APDUs alone: which file is selected on which
/// channel, and what response data belong to.
public struct Tracer: Sendable {
    /// Whether PINs and keys are replaced by FF, in the octets too.
    public var masksSecrets: Bool
    private var selection = Selection()
    private var pending: [Int: Pending] = [:]
    private var sessions: [Int: SecureChannel] = [:]
    private var chains: [Int: CommandChain] = [:]

    /// A command whose response data come with GET RESPONSE.
    private struct Pending {
        let command: TracedCommand
        let place: Place
        var data: [UInt8]
    }

    /// Begins with a card that has just been reset.
    public init(masksSecrets: Bool = false) { self.masksSecrets = masksSecrets }

    /// The next record in words.
    ///
    /// - Parameter clear: what a protected command and its response are in the clear, where that is known.
    public mutating func line(for record: TraceRecord, inTheClear clear: ClearExchange? = nil) -> TraceLine {
        switch record.event {
        case .powerOn(let octets): return reset(record, "power on", octets)
        case .warmReset(let octets): return reset(record, "warm reset", octets)
        case .powerOff: return reset(record, "power off", [])
        case .command(let octets, let response):
            guard let command = TracedCommand(octets), response.count >= 2 else {
                var line = TraceLine(record: record, name: octets.count < 4 ? "(no command)" : "(no status word)")
                line.summary = "> \(Hex.string(octets)) < \(Hex.string(response))"
                return line
            }
            return exchange(record, command, response, inTheClear: clear)
        }
    }

    private mutating func reset(_ record: TraceRecord, _ name: String, _ answerToReset: [UInt8]) -> TraceLine {
        selection.reset()
        pending = [:]
        sessions = [:]
        chains = [:]
        var line = TraceLine(record: record, name: name)
        if !answerToReset.isEmpty { line.summary = "ATR \(Hex.string(answerToReset))" }
        return line
    }

    private mutating func exchange(
        _ record: TraceRecord,
        _ command: TracedCommand,
        _ response: [UInt8],
        inTheClear clear: ClearExchange?
    ) -> TraceLine {
        let channel = command.channel
        let data = Array(response.dropLast(2))
        let status = StatusWord(UInt16(response.suffix(2).number))
        let isAccepted = StatusWords.outcome(of: status.value) != .failure && status.sw1 != 0x6C
        let isContinuation = command.ins == 0xC0 && pending[channel] != nil

        // What the response data belong to: this command, or an earlier one.
        var origin = command
        var place = selection.place(on: channel)
        var collected = data
        if isContinuation, let waiting = pending[channel] {
            origin = waiting.command
            place = waiting.place
            collected = waiting.data + data
        } else {
            place = follow(command, isAccepted: isAccepted, data: data) ?? place
        }
        // TS 102 221 annex C.1.7: a warning comes before the data, too.
        if status.sw1 == 0x61 || status.sw1 == 0x9F || status.isWarning && data.isEmpty {
            pending[channel] = Pending(command: origin, place: place, data: collected)
        } else if status.sw1 != 0x6C {
            pending[channel] = nil
        }
        if isAccepted, ["SELECT", "STATUS"].contains(CommandNames.entry(of: origin)?.name) {
            let name = origin.ins == 0xA4 && origin.p1 == 0x04 ? origin.data : nil
            place = selection.learn(collected, of: place, selectedBy: name, on: channel)
        }

        let name = CommandNames.entry(of: origin)?.name ?? ""
        var line = TraceLine(record: record, name: CommandNames.entry(of: command)?.name ?? Self.unknown(command))
        line.channel = channel
        line.status = status
        var description = Description(name: name, command: origin, place: place, status: status)
        if !isContinuation, chains[channel]?.goesOn(with: command) == false { chains[channel] = nil }
        if masksSecrets {
            let isSecret = isSecretBlock(clear.flatMap { TracedCommand($0.command) } ?? command, on: channel)
            let masked = description.masked(command: command, data: data, isContinuation, isSecretBlock: isSecret)
            line.record.event = .command(masked.command, response: masked.data + response.suffix(2))
            if !isContinuation, masked.command != command.octets {
                description.command = TracedCommand(masked.command) ?? command
                description.isMasked = true
            }
            if masked.data != data { collected = [UInt8](repeating: 0xFF, count: collected.count) }
        }
        if !isContinuation { join(&description, isAccepted: isAccepted, on: channel) }
        let protection = protection(of: &description, &collected, isContinuation, inTheClear: clear, on: channel)
        if !isContinuation, !description.isCommandEnciphered {
            joinBlocks(&description, isAccepted: isAccepted, on: channel)
        }
        line.statusText = Self.statusText(status, of: description)
        line.argument = isContinuation ? "" : description.argument
        if let subject = description.subject {
            line.file = subject.name
            line.path = subject.path
        }
        let sent = isContinuation ? nil : description.commandFields
        let answer = description.responseFields(collected)
        line.fields = (protection.map { [$0.field] } ?? []) + (sent ?? []) + (answer ?? [])
        line.summary = description.summary(command: sent, response: answer, data: collected)
        if let mark = protection?.mark ?? (clear?.finding == .otherKeys ? "other keys" : nil) {
            line.summary += (line.summary.isEmpty ? "[" : " [") + mark + "]"
        }
        if isAccepted { followSession(origin, named: name, data: collected, status, isContinuation) }
        return line
    }

    // MARK: GlobalPlatform

    /// Adds what has come before in a chain to a command; keeps what is not the end of one.
    private mutating func join(_ description: inout Description, isAccepted: Bool, on channel: Int) {
        let command = description.command
        // The blocks of STORE DATA are protected one by one.
        guard command.ins != 0xE2 else { return }
        description.isPart = CommandChain.isFollowed(command)
        if let chain = chains[channel] { description.command.data = chain.joined(command) }
        keep(description.command, if: description.isPart && isAccepted, on: channel)
    }

    /// The same for STORE DATA, which says only by its data where they end.
    private mutating func joinBlocks(_ description: inout Description, isAccepted: Bool, on channel: Int) {
        guard description.name == "STORE DATA" else { return }
        if let chain = chains[channel] { description.command.data = chain.joined(description.command) }
        let isWhole =
            !description.isMasked
            && GlobalPlatform.stored(description.command, application: description.place.application) != nil
        keep(description.command, if: !isWhole && description.command.p1 & 0x80 == 0 && isAccepted, on: channel)
        if description.isMasked { chains[channel]?.isSecret = true }
    }

    private mutating func keep(_ command: TracedCommand, if isFollowed: Bool, on channel: Int) {
        guard isFollowed else { return chains[channel] = nil }
        chains[channel, default: CommandChain()].keep(command.data, of: command)
    }

    /// Whether a block of STORE DATA has a key in it, or a part of one.
    private func isSecretBlock(_ command: TracedCommand, on channel: Int) -> Bool {
        let chain = chains[channel]
        return chain?.isSecret == true
            || GlobalPlatformData.isSecret(chain?.joined(command) ?? command.data, p1: command.p1)
    }

    /// Takes the protection off: all of it where the exchange is known in the clear, otherwise what can be taken off
    /// without keys.
    private func protection(
        of description: inout Description,
        _ data: inout [UInt8],
        _ isContinuation: Bool,
        inTheClear clear: ClearExchange?,
        on channel: Int
    ) -> SecureChannel.Seen? {
        let isComplete = description.status.sw1 != 0x61
        guard description.name != "EXTERNAL AUTHENTICATE", !description.isPart,
            var seen = SecureChannel.look(
                at: description.command,
                data: data,
                isComplete: isComplete,
                in: sessions[channel]
            )
        else { return nil }
        if let clear {
            seen.apply(clear, hasCommand: !isContinuation && !description.isMasked, hasResponse: isComplete)
        }
        description.isCommandEnciphered = seen.isCommandEnciphered && !description.isMasked
        description.isResponseEnciphered = seen.isResponseEnciphered
        if description.isMasked { seen.command.data = description.command.data }
        description.command = seen.command
        data = seen.data
        return seen
    }

    /// Begins and ends secure channel sessions: GPCS clause 10.2.
    private mutating func followSession(
        _ command: TracedCommand,
        named name: String,
        data: [UInt8],
        _ status: StatusWord,
        _ isContinuation: Bool
    ) {
        let channel = command.channel
        switch name {
        case "SELECT" where command.p1 == 0x04 && !isContinuation: sessions[channel] = nil
        case "MANAGE CHANNEL" where command.p1 == 0x80: sessions[Int(command.p2)] = nil
        default:
            guard status == .success else { return }
            sessions[channel] = SecureChannel.follow(command, named: name, data: data, in: sessions[channel])
        }
    }

    private static func unknown(_ command: TracedCommand) -> String { "INS \(Hex.string([command.ins]))" }

    private static func statusText(_ status: StatusWord, of description: Description) -> String {
        // TS 102 221 clause 11.1.22.
        if status == .minimumSuspensionTooLong, description.command.ins == 0x76 { return "minimum duration too long" }
        let command = description.command
        // Only applications are selected by name.
        let name = command.ins == 0xA4 && command.p1 != 0x04 ? "" : description.name
        return GlobalPlatform.statusText(status.value, name, application: description.place.application)
            ?? StatusWords.text(status.value)
    }

    /// Follows what a command selects.
    ///
    /// - Returns: the file that the command is about; nil for what is selected.
    private mutating func follow(_ command: TracedCommand, isAccepted: Bool, data: [UInt8]) -> Place? {
        guard let kind = command.kind else { return nil }
        let channel = command.channel
        switch (kind, command.ins) {
        case (_, 0xA4):
            guard let target = selection.target(ofSelect: command, on: channel) else { return nil }
            guard isAccepted else { return target }
            if command.p1 == 0x04, command.p2 & 0x60 == 0x40, kind != .gsm {
                selection.terminateApplication(on: channel)
            } else {
                selection.select(target, on: channel)
            }
            return target
        case (.interindustry, 0xB0), (.interindustry, 0xD6), (.proprietary, 0x32):
            return file(command.p1 & 0x80 == 0 ? nil : command.p1 & 0x1F, channel, isAccepted)
        case (.interindustry, 0xB2), (.interindustry, 0xDC), (.interindustry, 0xA2):
            return file(command.p2 >> 3, channel, isAccepted)
        case (.proprietary, 0xCB) where command.p1 == 0, (.proprietary, 0xDB):
            return file(command.p2 & 0x1F, channel, isAccepted)
        case (.interindustry, 0x70) where isAccepted:
            if command.p1 == 0x80 {
                selection.close(Int(command.p2))
            } else if let number = command.p2 == 0 ? data.first : command.p2 {
                selection.open(Int(number), from: channel)
            }
            return nil
        // TS 102 221 clauses 11.1.14, 11.1.15: the file is selected, too.
        case (.interindustry, 0x04), (.interindustry, 0x44):
            guard !command.data.isEmpty, let target = selection.target(ofSelect: command, on: channel) else {
                return nil
            }
            if isAccepted { selection.select(target, on: channel) }
            return target
        case (.interindustry, 0xE4), (.interindustry, 0xE6), (.interindustry, 0xE8):
            let target = selection.target(ofSelect: command, on: channel)
            if isAccepted, let target, command.ins == 0xE4 { leave(target, on: channel) }
            return target
        case (.interindustry, 0xE0):
            guard let target = created(command, on: channel) else { return nil }
            if isAccepted { selection.select(target, on: channel) }
            return target
        default: return nil
        }
    }

    private mutating func file(_ shortIdentifier: UInt8?, _ channel: Int, _ isAccepted: Bool) -> Place {
        let place = selection.file(shortIdentifier, on: channel)
        if isAccepted, shortIdentifier != nil { selection.select(place, on: channel) }
        return place
    }

    /// A deleted file is no longer selected: the directory that it was in is.
    private mutating func leave(_ target: Place, on channel: Int) {
        let here = selection.place(on: channel)
        if here == target || here.directory == target {
            selection.select(target.file == nil ? target.parent : target.directory, on: channel)
        }
    }

    /// The file that CREATE FILE makes: TS 102 222 clause 6.3.
    private func created(_ command: TracedCommand, on channel: Int) -> Place? {
        guard let template = BER.objects(command.data).first(where: { $0.tag == 0x62 }) else { return nil }
        let objects = BER.objects(template.value)
        guard let identifier = objects.first(where: { $0.tag == 0x83 })?.value, identifier.count == 2 else {
            return nil
        }
        let number = UInt16(identifier.number)
        let directory = selection.place(on: channel).directory
        let descriptor = objects.first { $0.tag == 0x82 }?.value.first ?? 0
        return descriptor & 0xBF == 0x38 ? directory.child(number) : directory.elementary(number)
    }
}
