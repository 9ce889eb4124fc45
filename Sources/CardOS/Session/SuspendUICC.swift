import CardCrypto
import Memory
import Octets

// TS 102 221 clause 11.1.22. docs/memory-image.md sections 7.4 and 8 say how the session is kept.

extension UICC {
    private static let tokenSize = 8
    private static let channelSize = 16
    private static let verifiedSize = 8

    /// SUSPEND UICC: P1 = 00 suspends the card session, P1 = 01 resumes it.
    ///
    /// - Throws: 6E00 for another class than 80; 6A86 for other parameters; and as `suspend` and `resume`.
    static func suspendUICC(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.cla == 0x80 else { throw .classNotSupported }
        switch command.p1p2 {
        case 0x0000: return try card.suspend(command)
        case 0x0100: return try card.resume(command)
        default: throw .incorrectP1P2
        }
    }

    /// Keeps the session in the memory. The answer is how long it may be suspended at most, and the resume token.
    ///
    /// - Throws: 6A80 for durations that are none, or contradict each other; 9864 where the shortest one that the
    ///   terminal asks for is longer than the card allows; 6A84 where memory is short.
    private mutating func suspend(_ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.data.count == 4 else { throw .wrongLength }
        guard let minimum = SuspensionDuration(command.data.part(from: 0, length: 2)),
            let maximum = SuspensionDuration(command.data.part(from: 2)), minimum.seconds <= maximum.seconds
        else { throw .incorrectData }
        let limit = SuspensionDuration.limit
        guard minimum.seconds <= limit.seconds else { throw .minimumSuspensionTooLong }
        let negotiated = maximum.seconds <= limit.seconds ? maximum : limit
        let token = try randomOctets(Self.tokenSize)
        try freeSuspendedSession()
        try token.withView { (token) throws(StatusWord) in
            try storeSession(token)
            output.append(negotiated.unit)
            output.append(negotiated.count)
            output.append(token)
        }
        hasSuspendedSession = true
        return .success
    }

    /// Restores the session that was suspended before the last power-off. Right or wrong, a token is taken once.
    ///
    /// - Throws: 6985 where no session is suspended, or another command came before; 6982 for a wrong token: the card
    ///   then goes on as after any other power-on.
    private mutating func resume(_ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.data.count == Self.tokenSize else { throw .wrongLength }
        guard hasSuspendedSession, let object = memory.firstObject(of: .suspendedSession) else {
            throw .conditionsNotSatisfied
        }
        let content = try memory.withContent(object, at: 0, count: memory.length(of: object)) {
            (octets) throws(StatusWord) in octets.array
        }
        try freeSuspendedSession()
        hasSuspendedSession = false
        return try content.withView { (content) throws(StatusWord) in
            let isRight = constantTimeEqual(content.part(from: 0, length: Self.tokenSize), command.data)
            // Whatever becomes of it, the token is taken.
            memory.commit()
            guard isRight else { throw .securityStatusNotSatisfied }
            try restoreSession(content.part(from: Self.tokenSize))
            return .success
        }
    }

    /// Forgets the suspended session, for good: a command other than its resumption has come.
    mutating func endSuspension() throws(StatusWord) {
        try freeSuspendedSession()
        memory.commit()
        hasSuspendedSession = false
    }

    private mutating func freeSuspendedSession() throws(StatusWord) {
        if let object = memory.firstObject(of: .suspendedSession) { try memory.free(object) }
    }

    // MARK: What is kept

    private mutating func storeSession(_ token: OctetView) throws(StatusWord) {
        let open = (0..<LogicalChannel.count).filter { channels[$0].isOpen }
        let verified = codes.entries.filter { $0.isVerified && !$0.isUnblocking }
        let length = Self.tokenSize + 1 + open.count * Self.channelSize + verified.count * Self.verifiedSize
        let object = try memory.allocate(.suspendedSession, owner: .card, length: length)
        try withUnsafeTemporaryAllocation(byteCount: length, alignment: 8) { (area) throws(StatusWord) in
            var writer = OctetWriter(area)
            writer.append(token)
            writer.append(UInt8(truncatingIfNeeded: open.count))
            for number in open {
                let channel = channels[number]
                writer.append(UInt8(truncatingIfNeeded: number))
                writer.append(UInt8(truncatingIfNeeded: channel.record))
                writer.append(terminalSupportsExtendedChannels ? 0x01 : 0x00 as UInt8)
                writer.append(0 as UInt8)
                writer.append(number: channel.directory.page, minimum: 4)
                writer.append(number: channel.elementaryFile?.page ?? File.noObject, minimum: 4)
                writer.append(number: channel.application?.page ?? File.noObject, minimum: 4)
            }
            for entry in verified {
                writer.append(number: entry.object.page, minimum: 4)
                writer.append(entry.reference)
                writer.append(repeating: 0, count: 3)
            }
            try memory.write(object, at: 0, writer.view)
        }
    }

    /// - Throws: 6985 for a session that does not fit the files of the card.
    private mutating func restoreSession(_ session: OctetView) throws(StatusWord) {
        var cursor = OctetCursor(session)
        guard let count = cursor.octet() else { throw .conditionsNotSatisfied }
        var restored: [(number: Int, channel: LogicalChannel)] = []
        var supportsExtendedChannels = false
        for _ in 0..<count {
            guard let entry = cursor.octets(Self.channelSize), let number = entry.octet(at: 0),
                number < LogicalChannel.count, let channel = restoredChannel(entry), let flags = entry.octet(at: 2)
            else { throw .conditionsNotSatisfied }
            restored.append((Int(number), channel))
            supportsExtendedChannels = supportsExtendedChannels || flags & 0x01 != 0
        }
        for (number, channel) in restored { channels[number] = channel }
        terminalSupportsExtendedChannels = supportsExtendedChannels
        while let entry = cursor.octets(Self.verifiedSize) {
            for number in codes.entries.indices
            where codes.entries[number].object.page == entry.uint32(at: 0)
                && codes.entries[number].reference == entry.octet(at: 4)
            {
                codes.setVerified(true, number)
            }
        }
    }

    /// nil where what was selected is not there.
    private func restoredChannel(_ entry: OctetView) -> LogicalChannel? {
        guard let record = entry.octet(at: 1), let directory = entry.uint32(at: 4),
            let elementaryFile = entry.uint32(at: 8), let application = entry.uint32(at: 12)
        else { return nil }
        var channel = LogicalChannel(masterFile: ObjectReference(page: directory))
        guard let directory = File(channel.directory, in: memory), directory.isDirectory else { return nil }
        if elementaryFile != File.noObject {
            let reference = ObjectReference(page: elementaryFile)
            guard let file = File(reference, in: memory), !file.isDirectory else { return nil }
            channel.elementaryFile = reference
        }
        if application != File.noObject {
            let reference = ObjectReference(page: application)
            guard let file = File(reference, in: memory), file.isApplication else { return nil }
            channel.application = reference
        }
        channel.record = Int(record)
        channel.isOpen = true
        return channel
    }
}

/// A duration of SUSPEND UICC: TS 102 221 clause 11.1.22.
private struct SuspensionDuration {
    /// The longest suspension that the card grants: 30 days.
    static let limit = SuspensionDuration(unit: 0x03, count: 30, seconds: 30 * 86_400)

    /// 00 seconds, 01 minutes, 02 hours, 03 days, 04 ten days.
    let unit: UInt8
    let count: UInt8
    let seconds: Int

    private init(unit: UInt8, count: UInt8, seconds: Int) {
        self.unit = unit
        self.count = count
        self.seconds = seconds
    }

    /// nil for an unknown unit.
    init?(_ octets: OctetView) {
        guard let unit = octets.octet(at: 0), let count = octets.octet(at: 1) else { return nil }
        let seconds: Int
        switch unit {
        case 0x00: seconds = 1
        case 0x01: seconds = 60
        case 0x02: seconds = 3_600
        case 0x03: seconds = 86_400
        case 0x04: seconds = 864_000
        default: return nil
        }
        self.init(unit: unit, count: count, seconds: Int(count) * seconds)
    }
}
