import Octets

/// Parts of messages that are not whole yet, by origin and reference. Volatile.
///
/// There is room for a few messages: when another one begins, the oldest goes. One that is not whole when as many other
/// short messages have come as `lifetime` says goes as well; the card has no clock.
struct ConcatenatedMessages: Sendable {
    /// How many messages may be under way.
    static let capacity = 4
    /// The most octets of a message.
    static let largestMessage = 8_192
    /// How many short messages may come between two parts of a message.
    static let lifetime = 64

    private struct Message: Sendable {
        let origin: [UInt8]
        let part: DeliverMessage.Part
        var parts: [[UInt8]?]
        var count = 0
        var beginsPacket = false
        var octets = 0
        var last: UInt64
    }

    private var messages: [Message] = []
    private var received: UInt64 = 0

    /// Takes a part.
    ///
    /// - Returns: the user data of the message, when it is whole and a command packet begins in its first part.
    mutating func receive(_ message: DeliverMessage, _ part: DeliverMessage.Part) -> [UInt8]? {
        received &+= 1
        messages.removeAll { received &- $0.last > UInt64(Self.lifetime) }
        let index = place(of: message, part)
        let number = Int(part.number) - 1
        messages[index].last = received
        // One that comes twice is the same.
        if messages[index].parts[number] == nil {
            messages[index].parts[number] = message.data.array
            messages[index].count += 1
            messages[index].octets += message.data.count
            if part.number == 1 { messages[index].beginsPacket = message.beginsPacket }
        }
        guard messages[index].octets <= Self.largestMessage else {
            messages.remove(at: index)
            return nil
        }
        guard messages[index].count == messages[index].parts.count else { return nil }
        let whole = messages.remove(at: index)
        return whole.beginsPacket ? whole.parts.flatMap { $0 ?? [] } : nil
    }

    private mutating func place(of message: DeliverMessage, _ part: DeliverMessage.Part) -> Int {
        let known = messages.firstIndex { known in
            known.part.reference == part.reference && known.part.isReferenceLong == part.isReferenceLong
                && known.part.total == part.total && known.origin.withView { $0.equals(message.origin) }
        }
        if let known { return known }
        if messages.count == Self.capacity,
            let oldest = messages.indices.min(by: { messages[$0].last < messages[$1].last })
        {
            messages.remove(at: oldest)
        }
        messages.append(
            Message(
                origin: message.origin.array,
                part: part,
                parts: [[UInt8]?](repeating: nil, count: Int(part.total)),
                last: received
            )
        )
        return messages.count - 1
    }
}
