import CardOS
import Memory
import Octets

extension SecurityDomain {
    /// SET STATUS: GPCS clause 11.10.
    ///
    /// - Throws: 6A86 for other parameters; 6A80 for what is no AID; 6A88 for an unknown application; 6985 for a transition
    ///   that there is not, that changes nothing, or that the security domain may not make.
    static func setStatus(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        let state = LifeCycleState(rawValue: call.command.p2)
        switch call.command.p1 {
        case 0x80: try open.setCardState(to: state, call, &card)
        case 0x40:
            let entry = try open.lockable(call, card)
            try open.setState(of: entry, to: state, call, &card)
        case 0x60:
            let entry = try open.lockable(call, card)
            guard entry.isSecurityDomain else { throw .referencedDataNotFound }
            try open.setStateOfAll(in: entry, isLocked: state.rawValue & 0x80 != 0, call, &card)
        default: throw .incorrectP1P2
        }
        return .success
    }
}

extension OPEN {
    /// The transitions of the card: GPCS figure 5-1. Who may make them stands beside.
    private static let cardTransitions: [(from: LifeCycleState, to: LifeCycleState, privilege: Privileges?)] = [
        (.opReady, .initialized, nil), (.opReady, .secured, nil), (.initialized, .secured, nil),
        (.secured, .cardLocked, .cardLock), (.cardLocked, .secured, .cardLock),
        (.opReady, .terminated, .cardTerminate), (.initialized, .terminated, .cardTerminate),
        (.secured, .terminated, .cardTerminate), (.cardLocked, .terminated, .cardTerminate),
    ]

    fileprivate mutating func setCardState(
        to state: LifeCycleState,
        _ call: Call,
        _ card: inout UICC
    ) throws(StatusWord) {
        let states: [LifeCycleState] = [.opReady, .initialized, .secured, .cardLocked, .terminated]
        guard states.contains(state), let issuer = registry.issuer else { throw .incorrectP1P2 }
        let current = cardState(card)
        guard let transition = Self.cardTransitions.first(where: { $0.from == current && $0.to == state }) else {
            throw .conditionsNotSatisfied
        }
        let isAllowed = transition.privilege.map { call.instance.privileges.contains($0) }
        guard isAllowed ?? call.instance.isIssuerSecurityDomain else { throw .conditionsNotSatisfied }
        try card.memory.set(.lifeCycle, of: issuer, to: UInt32(state.rawValue))
        hasChanged = true
    }

    /// The application that the data field names, where the security domain may change its state: its own or one below, or
    /// any with Global Lock.
    ///
    /// - Throws: 6A80 for what is no AID; 6A88 where there is none; 6985 for the issuer security domain, whose state is
    ///   that of the card.
    fileprivate func lockable(_ call: Call, _ card: borrowing UICC) throws(StatusWord) -> RegistryEntry {
        guard (5...16).contains(call.command.data.count) else { throw .incorrectData }
        guard let entry = registry.entry(call.command.data, in: card.memory), entry.kind == .application,
            call.instance.privileges.contains(.globalLock) || isAssociated(entry, with: call.instance.reference, card)
        else { throw .referencedDataNotFound }
        guard !entry.isIssuerSecurityDomain else { throw .conditionsNotSatisfied }
        return entry
    }

    fileprivate mutating func setState(
        of entry: RegistryEntry,
        to state: LifeCycleState,
        _ call: Call,
        _ card: inout UICC
    ) throws(StatusWord) {
        let isItself = entry.reference == call.instance.reference
        let current = entry.lifeCycle
        switch (current.isLocked, state.rawValue & 0x80 != 0) {
        case (false, true): try lock(entry, call, &card)
        case (true, false) where !isItself: try unlock(entry, &card)
        // Of another application a security domain changes nothing else: GPCS clause 11.10.2.2.
        case (false, false) where isItself:
            let isKnown =
                entry.isSecurityDomain
                ? current == .selectable && state == .personalized
                : current != .installed && state != current
                    && NativeModule.of(entry.program)?.accepts(state) == true
            guard isKnown else { throw .conditionsNotSatisfied }
            try card.memory.set(.lifeCycle, of: entry.reference, to: UInt32(state.rawValue))
        default: throw .conditionsNotSatisfied
        }
    }

    /// Locks or unlocks a security domain and what is associated with it; what is so already stays so.
    fileprivate mutating func setStateOfAll(
        in domain: RegistryEntry,
        isLocked: Bool,
        _ call: Call,
        _ card: inout UICC
    ) throws(StatusWord) {
        for reference in registry.entries {
            guard let entry = RegistryEntry(reference, in: card.memory), entry.kind == .application,
                !entry.isIssuerSecurityDomain, isAssociated(entry, with: domain.reference, card),
                entry.lifeCycle.isLocked != isLocked
            else { continue }
            if isLocked {
                try lock(entry, call, &card)
            } else {
                guard reference != call.instance.reference else { throw .conditionsNotSatisfied }
                try unlock(entry, &card)
            }
        }
    }

    /// - Throws: 6985 for the application with the Final Application privilege: GPCS clause 9.6.2.
    private mutating func lock(_ entry: RegistryEntry, _ call: Call, _ card: inout UICC) throws(StatusWord) {
        guard !entry.privileges.contains(.finalApplication) else { throw .conditionsNotSatisfied }
        let state = entry.lifeCycle
        try card.memory.set(.lifeCycleBeforeLock, of: entry.reference, to: UInt32(state.rawValue))
        try card.memory.set(.lifeCycle, of: entry.reference, to: UInt32(state.locked.rawValue))
        // The session of this command goes on to its response; the next command finds the application locked.
        for number in channels.indices where number != call.channel && channels[number].application == entry.reference {
            deselect(on: number, &card)
        }
    }

    private func unlock(_ entry: RegistryEntry, _ card: inout UICC) throws(StatusWord) {
        let state = entry.lifeCycleBeforeLock
        try card.memory.set(.lifeCycle, of: entry.reference, to: UInt32(state.rawValue))
        try card.memory.set(.lifeCycleBeforeLock, of: entry.reference, to: 0xFF)
    }
}
