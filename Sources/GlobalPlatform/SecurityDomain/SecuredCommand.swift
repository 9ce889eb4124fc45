import CardOS
import Memory
import Octets

extension OPEN {
    /// Takes the protection off a command, has it executed, and protects its response: the secure channel service of a
    /// security domain to the application that is selected (GPCS clause 10), itself included.
    ///
    /// - Parameters:
    ///   - domain: the security domain whose keys the session is with.
    ///   - execute: executes the command in the clear.
    /// - Returns: the status word. An error stands here too, where the session protects it: what the command had changed
    ///   is rolled back then.
    /// - Throws: the status word of a command that was not genuine, or whose response is not protected.
    mutating func secured(
        _ call: Call,
        by domain: ObjectReference,
        _ card: inout UICC,
        _ execute: (Call, inout OPEN, inout UICC) throws(StatusWord) -> StatusWord
    ) throws(StatusWord) -> StatusWord {
        // GPCS clause 5.3.2.4: a locked security domain renders no services.
        guard let provider = RegistryEntry(domain, in: card.memory),
            provider.isIssuerSecurityDomain || !provider.lifeCycle.isLocked
        else { throw .conditionsNotSatisfied }
        let session = channels[call.channel].makeSession()
        // A session does not outlive the locking, or the termination, that was its last command.
        defer {
            let isLocked = !provider.isIssuerSecurityDomain && provider.lifeCycle.isLocked
            if isLocked || cardState(card) == .terminated { session.pointee.secureChannel.end() }
        }
        guard CommandSegments.has(call.command), call.command.p1 & 0x80 != 0 || !session.pointee.segments.isEmpty else {
            session.pointee.segments = CommandSegments()
            return try unsegmented(call, session, by: domain, &card, execute)
        }
        do throws(StatusWord) {
            guard try session.pointee.segments.append(call.command) else { return .success }
        } catch {
            session.pointee.segments = CommandSegments()
            throw error
        }
        let data = session.pointee.segments.data
        session.pointee.segments = CommandSegments()
        return try data.withView { (data) throws(StatusWord) in
            let whole = Call(instance: call.instance, command: call.command.with(data: data), level: [])
            return try unsegmented(whole, session, by: domain, &card, execute)
        }
    }

    private mutating func unsegmented(
        _ call: Call,
        _ session: UnsafeMutablePointer<ApplicationSession>,
        by domain: ObjectReference,
        _ card: inout UICC,
        _ execute: (Call, inout OPEN, inout UICC) throws(StatusWord) -> StatusWord
    ) throws(StatusWord) -> StatusWord {
        let scratch = session.pointee.scratch(call.command.data.count)
        let aid = call.instance.aid
        var writer = card.output
        // GPCS clause 10.2.3: what goes on over several commands ends with the session.
        defer { if session.pointee.secureChannel.level.isEmpty { session.pointee.endProcesses() } }
        let received = try SecurityDomainKeys.with(&card, domain: domain, selectedAID: aid) {
            (keys) throws(StatusWord) in
            try session.pointee.secureChannel.receive(call.command, from: &keys, scratch: scratch, into: &writer)
        }
        card.output = writer
        guard case .command(let plain) = received else {
            guard case .answered(let status) = received else { throw .technicalProblem }
            return status
        }
        let level = session.pointee.secureChannel.level
        let inTheClear = Call(instance: call.instance, command: plain, level: level)
        guard session.pointee.secureChannel.protectsResponse else { return try execute(inTheClear, &self, &card) }
        var status: StatusWord
        do throws(StatusWord) {
            status = try execute(inTheClear, &self, &card)
            if hasChanged { commitRegistry(&card) } else { card.memory.commit() }
        } catch {
            status = error
            card.output.truncate(to: 0)
            card.rollBack()
            didRollBack(card)
        }
        // The response is protected from a copy, since what is protected is longer.
        let data = card.output.view
        let copy = session.pointee.scratch(data.count)
        data.copy(to: copy)
        let count = data.count
        card.output.truncate(to: 0)
        writer = card.output
        let view = OctetView(UnsafeRawBufferPointer(rebasing: copy[..<count]))
        try session.pointee.secureChannel.wrap(view, status: status, into: &writer)
        card.output = writer
        return status
    }
}
