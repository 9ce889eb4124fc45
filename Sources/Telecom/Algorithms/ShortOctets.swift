import CardCrypto
import Octets

/// Up to 32 octets by value, held as one big-endian number: keys, responses and authentication codes.
public struct ShortOctets: Equatable, Sendable {
    /// How many octets there are, 0 to 32.
    public let count: Int
    let high: UInt128
    let low: UInt128

    /// The last `count` octets (0 to 32) of the number that is `high` before `low`.
    init(high: UInt128 = 0, low: UInt128, count: Int) {
        self.count = max(0, min(count, 32))
        let excess = UInt128(32 - self.count) * 8
        self.high = excess >= 128 ? 0 : high & UInt128.max >> excess
        self.low = excess >= 128 ? low & UInt128.max >> (excess - 128) : low
    }

    /// No octets.
    public init() {
        self.init(low: 0, count: 0)
    }

    /// The octets of `view`; nil for more than 32.
    public init?(_ view: OctetView) {
        guard view.count <= 32 else { return nil }
        var high: UInt128 = 0
        var low: UInt128 = 0
        for index in 0..<view.count {
            high = high << 8 | low >> 120
            low = low << 8 | UInt128(view.octet(at: index) ?? 0)
        }
        self.init(high: high, low: low, count: view.count)
    }

    /// The octet at `index`, from the most significant one on; 0 outside the bounds.
    func octet(at index: Int) -> UInt8 {
        let shift = (count - 1 - index) * 8
        guard index >= 0, shift >= 0 else { return 0 }
        return UInt8(truncatingIfNeeded: shift >= 128 ? high >> UInt128(shift - 128) : low >> UInt128(shift))
    }

    /// Calls `body` with the octets, which live only for the call.
    func withOctets<Failure: Error>(_ body: (OctetView) throws(Failure) -> Void) throws(Failure) {
        var memory = InlineArray<32, UInt8>(repeating: 0)
        for index in 0..<count { memory[index] = octet(at: index) }
        try withUnsafeMutableBytes(of: &memory) { (buffer) throws(Failure) in
            defer { wipe(buffer) }
            try body(OctetView(UnsafeRawBufferPointer(buffer)).part(from: 0, length: count))
        }
    }

    /// The first 16 octets as a number.
    var leading: UInt128 { count <= 16 ? low : high << UInt128((32 - count) * 8) | low >> UInt128((count - 16) * 8) }

    /// Whether both have the same octets, found in a time that depends on nothing but their number.
    func matches(_ other: ShortOctets) -> Bool {
        count == other.count && (high ^ other.high) | (low ^ other.low) == 0
    }
}

extension OctetWriter {
    /// Appends the octets of `octets`.
    public mutating func append(_ octets: ShortOctets) {
        for index in 0..<octets.count { append(octets.octet(at: index)) }
    }

    /// Appends the last `count` octets (0 to 16) of a number.
    mutating func append(_ number: UInt128, count: Int) {
        append(ShortOctets(low: number, count: min(count, 16)))
    }
}

extension OctetCursor {
    /// Reads `count` octets (0 to 16) as a big-endian number.
    mutating func number(_ count: Int) -> UInt128? {
        guard count <= 16, let octets = octets(count) else { return nil }
        return octets.withUnsafeBytes { octets in
            var number: UInt128 = 0
            for octet in octets { number = number << 8 | UInt128(octet) }
            return number
        }
    }
}
