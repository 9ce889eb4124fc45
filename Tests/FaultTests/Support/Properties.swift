import Memory
import Octets
import Testing

/// What holds for each response, whatever the command was.
struct Properties {
    private let card: FaultCard
    private let before: Block
    private(set) var counts: [UInt8: Int] = [:]
    /// What was sent, for a case that fails.
    private(set) var history: [[UInt8]] = []
    /// The last response.
    private(set) var response: [UInt8] = []

    init(_ card: FaultCard) {
        self.card = card
        before = Block(card.image)
    }

    /// Sends a command.
    ///
    /// - Parameter isSound: whether the image was sound, so that what is refused must change nothing.
    /// - Returns: what is wrong with the response, or with what the image has become; nil: nothing.
    mutating func send(_ command: [UInt8], isSound: Bool = true) -> String? {
        before.copy(card.image)
        history.append(command)
        response = card.send(command)
        guard response.count >= 2, response.count <= 65_538 else { return "\(response.count) octets of response" }
        let (sw1, sw2) = (response[response.count - 2], response[response.count - 1])
        counts[sw1, default: 0] += 1
        guard (0x61...0x6F).contains(sw1) || (0x90...0x9F).contains(sw1) else { return "status \(sw1), \(sw2)" }
        guard isSound else { return nil }
        // 65XX: more than the journal holds.
        if sw1 == 0x6F { return "status \(Hex.string([sw1, sw2])) of a sound card" }
        let isRefused =
            (0x64...0x6F).contains(sw1) || [0x92, 0x94, 0x98].contains(sw1) || (sw1 == 0x63 && sw2 & 0xF0 == 0xC0)
        guard isRefused, !card.image.equals(before) else { return nil }
        // TS 102 221 clause 11.1.22: whatever the command is, and right or wrong the token, the suspension ends with it.
        if let ended = before.withoutSuspendedSession() { before.copy(ended) }
        // The counters of secure channel sessions persist, whatever becomes of the command.
        if let counted = before.withSessionCounters(of: card.image) { before.copy(counted) }
        if command[1] == 0x88, let counted = before.withCounts(of: card.image) { before.copy(counted) }
        return card.image.equals(before) || differsInTriesOnly() ? nil : "refused, but something changed"
    }

    /// The history as a file of the folder `Cases`.
    var text: String { history.map { Hex.string($0) }.joined(separator: "\n") }

    /// Whether all that has changed are tries that are left.
    private func differsInTriesOnly() -> Bool {
        let restored = Block(card.image)
        for kind in [ObjectKind.pinCodes, .unblockingCodes] {
            var next = card.card.system.memory.firstObject(of: kind)
            while let object = next {
                for index in stride(from: 8 + 2, to: card.card.system.memory.length(of: object), by: 16) {
                    let place = card.card.system.memory.imageOffset(of: object, at: index)
                    let (old, new) = (before.octets[place], restored.octets[place])
                    if old & 0xF0 == new & 0xF0 { restored.octets[place] = old }
                }
                next = card.card.system.memory.firstObject(of: kind, from: object.page + 1)
            }
        }
        return restored.equals(before)
    }

    /// What is wrong with the image, and with what the memory believes of it.
    func soundness() -> [String] {
        var found = defects(of: card.image)
        let believed = card.card.system.memory.freePages
        if let fresh = try? FaultCard(card.image) {
            let counted = fresh.card.system.memory.freePages
            if counted != believed { found.append("\(believed) free pages in RAM, \(counted) in the image") }
            if !fresh.image.equals(card.image) { found.append("mounting changes the image") }
        }
        return found
    }
}
