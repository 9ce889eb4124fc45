import CardOS
import Memory
import Octets

extension OPEN {
    /// SELECT. By name, the registry decides (GPCS clause 6.4.2); by file, the platform does, and what is no network
    /// access application is then not selected any more.
    mutating func select(_ command: CommandAPDU, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        let number = command.classOctet.channel
        guard command.p1 == 0x04 else {
            let status = try card.executePlatform(command)
            if channels[number].isApart { deselect(on: number, &card) }
            return status
        }
        // TS 102 221 table 11.2: bits 1 and 2 tell which occurrence, 3 and 4 what is answered, 7 ends a session.
        switch command.p2 & 0x9C {
        case 0x00, 0x04, 0x0C: break
        default: throw .incorrectP1P2
        }
        guard command.p2 & 0x20 == 0 else { throw .incorrectP1P2 }
        guard command.data.count <= 16 else { throw .wrongLength }
        guard let entry = occurrence(command, card), let module = NativeModule.of(entry.program) else {
            throw .fileNotFound
        }
        let call = Call(instance: entry, command: command, level: [])
        let status = try module.select(call, &self, &card)
        // The same application too begins anew: GPCS clause 10.2.3.
        deselect(on: number, &card)
        if command.p2 & 0x40 == 0 {
            channels[number].application = entry.reference
            channels[number].program = entry.program
            if entry.program != .networkAccess { card.leaveApplication(on: number) }
        }
        return isCardLocked(card) ? .selectedFileDeactivated : status
    }

    /// The application that SELECT by name finds; nil where there is none.
    private func occurrence(_ command: CommandAPDU, _ card: borrowing UICC) -> RegistryEntry? {
        let name = command.data
        let current = channels[command.classOctet.channel].application
        if name.isEmpty || registry.isFormerIssuerAID(name, in: card.memory) {
            return registry.issuer.flatMap { RegistryEntry($0, in: card.memory) }.flatMap {
                canBeSelected($0, card) ? $0 : nil
            }
        }
        let which = command.p2 & 0x03
        if which == 0, let entry = registry.entry(name, in: card.memory), canBeSelected(entry, card) { return entry }
        var found: RegistryEntry?
        var isBehindCurrent = false
        for index in registry.firstIndex(from: name, in: card.memory)..<registry.entries.count {
            guard let entry = RegistryEntry(registry.entries[index], in: card.memory),
                entry.aid.starts(with: name)
            else { break }
            let isCurrent = entry.reference == current
            defer { if isCurrent { isBehindCurrent = true } }
            guard canBeSelected(entry, card) else { continue }
            switch which {
            case 0:
                // TS 102 221 clause 11.1.1.2: of network access applications the active one comes first.
                if found == nil || isCurrent && entry.program == .networkAccess { found = entry }
            case 1: found = entry
            case 2: if isBehindCurrent { return entry }
            default: if isCurrent { return found } else { found = entry }
            }
        }
        if which == 2, !isBehindCurrent, let current { return first(behind: current, name, card) }
        return which == 3 && !isBehindCurrent ? nil : found
    }

    /// The next occurrence where the current application is not one itself.
    private func first(behind current: ObjectReference, _ name: OctetView, _ card: borrowing UICC) -> RegistryEntry? {
        guard let place = RegistryEntry(current, in: card.memory) else { return nil }
        for index in registry.firstIndex(from: name, in: card.memory)..<registry.entries.count {
            guard let entry = RegistryEntry(registry.entries[index], in: card.memory),
                entry.aid.starts(with: name)
            else { return nil }
            if place.aid.precedes(entry.aid), canBeSelected(entry, card) { return entry }
        }
        return nil
    }

    /// Whether SELECT finds an application: GPCS clauses 5.1.1, 5.3 and 6.4.2.
    private func canBeSelected(_ entry: RegistryEntry, _ card: borrowing UICC) -> Bool {
        guard entry.kind == .application, entry.program != .none else { return false }
        switch cardState(card) {
        case .cardLocked, .terminated: return entry.reference == registry.finalApplication
        default: return entry.isIssuerSecurityDomain || entry.lifeCycle.isSelectable
        }
    }

    /// The state of the card.
    func cardState(_ card: borrowing UICC) -> LifeCycleState {
        registry.issuer.flatMap { RegistryEntry($0, in: card.memory) }?.lifeCycle ?? .terminated
    }

    /// Checks that the state of the card allows a command at all: GPCS clauses 5.1.1.4 and 5.1.1.5. A locked card opens
    /// no logical channel; of a terminated one nothing is left but the final application.
    ///
    /// - Throws: 6A81 where it does not open a channel; 6985 for anything else.
    package func requireUsable(_ command: CommandAPDU, _ card: borrowing UICC) throws(StatusWord) {
        switch registry.cardState {
        case .cardLocked:
            let opens = command.classOctet.kind == .interindustry && command.ins == 0x70 && command.p1 == 0x00
            guard !opens else { throw .functionNotSupported }
        case .terminated:
            let isFinal = channels[command.classOctet.channel].application == registry.finalApplication
            guard isFinal, registry.finalApplication != nil, command.ins != 0xA4, command.ins != 0x70 else {
                throw .conditionsNotSatisfied
            }
        default: break
        }
    }

    private func isCardLocked(_ card: borrowing UICC) -> Bool { cardState(card) == .cardLocked }

    /// Selects on a channel what is selected there implicitly, or by default; where that cannot be, nothing but the file system.
    mutating func selectDefault(on number: Int, _ card: borrowing UICC) {
        // GPCS clauses 5.1.1.4 and 9.6.2: for a locked application the final one is selected.
        for reference in [registry.implicitlySelected(on: number), registry.finalApplication] {
            guard let entry = reference.flatMap({ RegistryEntry($0, in: card.memory) }), canBeSelected(entry, card)
            else { continue }
            if entry.program != .networkAccess {
                channels[number].application = reference
                channels[number].program = entry.program
            }
            return
        }
    }

    /// Ends the selection of the application on a channel.
    mutating func deselect(on number: Int, _ card: inout UICC) {
        if let reference = channels[number].application, let module = NativeModule.of(channels[number].program) {
            module.deselect(reference, number, &self, &card)
        }
        channels[number].clear()
    }
}
