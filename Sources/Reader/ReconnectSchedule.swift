/// How long a card waits before it tries to reach its reader again.
///
/// After a connection that was alive at least 1 s: the driver looks for the card every 400 ms, and must miss it before
/// the card is back, or it would go on with a card that it takes for powered. While nobody answers: 0.1 s, each time
/// doubled, up to 5 s.
struct ReconnectSchedule {
    static let first = 100
    static let longest = 5_000
    static let afterLife = 1_000

    private var next = first

    /// - Parameter alive: whether a message had come on the connection that ended.
    /// - Returns: how long to wait, in milliseconds.
    mutating func delay(alive: Bool) -> Int {
        if alive {
            next = ReconnectSchedule.first
            return ReconnectSchedule.afterLife
        }
        defer { next = min(next * 2, ReconnectSchedule.longest) }
        return next
    }
}
