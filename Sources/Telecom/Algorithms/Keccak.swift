/// The state of the permutation Keccak-f[1600], 25 lanes of 64 bits: FIPS 202 clause 3.
///
/// Octet *n* of the state is the octet *n* modulo 8 of lane *n* / 8, from the least significant one on.
public struct Keccak: Sendable {
    /// The lanes, A[x, y] at x + 5y.
    public var lanes = InlineArray<25, UInt64>(repeating: 0)

    /// A state of zeros.
    public init() {}

    /// The constants of the 24 rounds: FIPS 202 clause 3.2.5.
    private static let roundConstants: InlineArray<24, UInt64> = [
        0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808A, 0x8000_0000_8000_8000,
        0x0000_0000_0000_808B, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
        0x0000_0000_0000_008A, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000A,
        0x0000_0000_8000_808B, 0x8000_0000_0000_008B, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
        0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800A, 0x8000_0000_8000_000A,
        0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
    ]

    /// By how many bits rho turns the lanes, in the order in which pi visits them: FIPS 202 clause 3.2.2.
    private static let rotations: InlineArray<24, UInt64> = [
        1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44,
    ]

    /// The lanes in the order in which pi visits them, from lane 1 on: FIPS 202 clause 3.2.3.
    private static let path: InlineArray<24, Int> = [
        10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1,
    ]

    /// Applies Keccak-f[1600].
    public mutating func permute() {
        for round in 0..<24 {
            theta()
            rhoAndPi()
            chi()
            lanes[0] ^= Self.roundConstants[round]
        }
    }

    private mutating func theta() {
        var columns = InlineArray<5, UInt64>(repeating: 0)
        for x in 0..<5 {
            columns[x] = lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20]
        }
        for x in 0..<5 {
            let mask = columns[(x + 4) % 5] ^ rotate(columns[(x + 1) % 5], 1)
            for y in 0..<5 { lanes[x + 5 * y] ^= mask }
        }
    }

    private mutating func rhoAndPi() {
        var carried = lanes[1]
        for step in 0..<24 {
            let lane = Self.path[step]
            let next = lanes[lane]
            lanes[lane] = rotate(carried, Self.rotations[step])
            carried = next
        }
    }

    private mutating func chi() {
        for y in 0..<5 {
            let row = 5 * y
            let first = lanes[row]
            let second = lanes[row + 1]
            for x in 0..<3 { lanes[row + x] ^= ~lanes[row + x + 1] & lanes[row + x + 2] }
            lanes[row + 3] ^= ~lanes[row + 4] & first
            lanes[row + 4] ^= ~first & second
        }
    }

    private func rotate(_ lane: UInt64, _ bits: UInt64) -> UInt64 { lane &<< bits | lane &>> (64 &- bits) }
}
