/// SQN: SEQ of 43 bits, then IND of 5: TS 33.102 clauses C.1.1 and C.2.
public struct SequenceNumber: Equatable, Sendable {
    /// How many entries the array of SEQ has: one for each IND.
    public static let count = 32
    /// The bits of an SQN.
    static let mask: UInt64 = 0xFFFF_FFFF_FFFF
    /// The bits of a SEQ.
    static let sequenceMask: UInt64 = 0x7FF_FFFF_FFFF

    /// The 48 bits.
    public let value: UInt64

    /// The sequence number with the last 48 bits of `value`.
    public init(_ value: UInt64) {
        self.value = value & Self.mask
    }

    /// The sequence number with these parts.
    init(sequence: UInt64, index: Int) {
        self.init(sequence << 5 | UInt64(index & 31))
    }

    /// SEQ.
    public var sequence: UInt64 { value >> 5 }
    /// IND.
    public var index: Int { Int(value & 31) }
}

/// What a USIM remembers of the sequence numbers that it has accepted, and its rule for the next one: TS 33.102 clause
/// C.2.
public struct SequenceNumberArray: Equatable, Sendable {
    /// By how much SEQ may go beyond the highest one that was accepted; nil: any amount (C.2.3).
    public var delta: UInt64?
    /// By how much SEQ may be below the highest one that was accepted; nil: any amount (C.2.2).
    public var ageLimit: UInt64?
    /// The SEQ last accepted for each IND.
    public private(set) var accepted: InlineArray<32, UInt64>
    /// SQN_MS: the highest one that was accepted, with its IND.
    public private(set) var highest = SequenceNumber(0)

    /// An array with the SEQ last accepted for each IND.
    public init(accepted: InlineArray<32, UInt64>, delta: UInt64? = nil, ageLimit: UInt64? = nil) {
        self.accepted = InlineArray { accepted[$0] & SequenceNumber.sequenceMask }
        self.delta = delta
        self.ageLimit = ageLimit
        highest = SequenceNumber(sequence: self.accepted[0], index: 0)
        for index in 1..<SequenceNumber.count where self.accepted[index] > highest.sequence {
            highest = SequenceNumber(sequence: self.accepted[index], index: index)
        }
    }

    /// Whether the USIM accepts `number`: it is fresh, and neither too far ahead nor too old.
    public func accepts(_ number: SequenceNumber) -> Bool {
        let sequence = number.sequence
        guard sequence > accepted[number.index] else { return false }
        if sequence > highest.sequence { return delta.map { sequence - highest.sequence <= $0 } ?? true }
        return ageLimit.map { highest.sequence - sequence < $0 } ?? true
    }

    /// Remembers that `number`, which is acceptable, was accepted.
    public mutating func accept(_ number: SequenceNumber) {
        accepted[number.index] = number.sequence
        if number.sequence > highest.sequence { highest = number }
    }

    /// Whether both are the same.
    public static func == (left: SequenceNumberArray, right: SequenceNumberArray) -> Bool {
        left.delta == right.delta && left.ageLimit == right.ageLimit
            && (0..<SequenceNumber.count).allSatisfy { left.accepted[$0] == right.accepted[$0] }
    }
}
