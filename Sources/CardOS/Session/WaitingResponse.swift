import Octets

/// Response data that wait for GET RESPONSE, on the channel of the command that made them: TS 102 221 clause 12.1.1. The
/// card has one such response: any other command, on whatever channel, loses it.
struct WaitingResponse: ~Copyable {
    /// The logical channel.
    private(set) var channel = 0
    /// The status word that comes with the last of the data.
    private(set) var status = StatusWord.success
    private var range = 0..<0
    /// Grows to the longest response that has waited: most cards never see a long one.
    private var buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    deinit { buffer.deallocate() }

    /// How many octets wait.
    var count: Int { range.count }

    /// Makes `octets` wait, in place of what did.
    mutating func keep(_ octets: OctetView, on channel: Int, endingWith status: StatusWord) {
        if octets.count > buffer.count {
            buffer.deallocate()
            buffer = .allocate(byteCount: max(256, octets.count), alignment: 16)
        }
        octets.copy(to: buffer)
        self.channel = channel
        self.status = status
        range = 0..<octets.count
    }

    /// Loses what waits.
    mutating func discard() { range = 0..<0 }

    /// Hands the next `count` octets to `writer`, at most as many as wait.
    mutating func take(_ count: Int, into writer: inout OctetWriter) {
        let all = OctetView(UnsafeRawBufferPointer(buffer))
        let octets = all.part(from: range.lowerBound, length: min(count, self.count))
        writer.append(octets)
        range = range.lowerBound + octets.count..<range.upperBound
    }
}
