import Telecom
import Testing

/// TS 33.102 clause C.2.2: the array of sequence numbers.
@Suite struct SequenceNumberTests {
    private func number(_ sequence: UInt64, _ index: UInt64) -> SequenceNumber { SequenceNumber(sequence << 5 | index) }

    @Test func parts() {
        let number = SequenceNumber(0xFFFF_FFFF_FFFF_FFFF)
        #expect(number.value == 0xFFFF_FFFF_FFFF)
        #expect(number.sequence == 0x7FF_FFFF_FFFF)
        #expect(number.index == 31)
    }

    @Test func anEntryOnlyGrows() {
        var array = SequenceNumberArray(accepted: InlineArray(repeating: 0))
        #expect(!array.accepts(number(0, 3)))
        #expect(array.accepts(number(1, 3)))
        array.accept(number(7, 3))
        #expect(array.highest == number(7, 3))
        #expect(!array.accepts(number(7, 3)))
        #expect(!array.accepts(number(6, 3)))
        #expect(array.accepts(number(6, 4)))
        array.accept(number(6, 4))
        #expect(array.highest == number(7, 3))
        #expect(array.accepts(number(0x7FF_FFFF_FFFF, 3)))
        array.accept(number(0x7FF_FFFF_FFFF, 3))
        // The end of the numbers: nothing follows for this IND.
        for sequence: UInt64 in [0, 1, 0x7FF_FFFF_FFFF] { #expect(!array.accepts(number(sequence, 3))) }
    }

    @Test func limits() {
        var start = InlineArray<32, UInt64>(repeating: 0)
        start[9] = 1_000
        let array = SequenceNumberArray(accepted: start, delta: 10, ageLimit: 10)
        #expect(array.highest == number(1_000, 9))
        #expect(array.accepts(number(1_010, 0)))
        #expect(!array.accepts(number(1_011, 0)))
        #expect(array.accepts(number(991, 0)))
        #expect(!array.accepts(number(990, 0)))
    }

    // Against a model that keeps whole numbers: random walks of 2,000 numbers each.
    @Test func model() {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        print("SequenceNumberTests.model: seed \(state)")
        func random(_ limit: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % limit
        }
        for _ in 0..<50 {
            var array = SequenceNumberArray(accepted: InlineArray(repeating: 0), delta: 40, ageLimit: 30)
            var seen: [SequenceNumber] = []
            for _ in 0..<2_000 {
                let highest = seen.map(\.sequence).max() ?? 0
                let candidate = number(UInt64(max(0, Int64(highest) + Int64(random(100)) - 50)), random(32))
                let isFresh = seen.allSatisfy { $0.index != candidate.index || $0.sequence < candidate.sequence }
                let isNear = Int64(candidate.sequence) - Int64(highest) <= 40
                let isYoung = Int64(highest) - Int64(candidate.sequence) < 30
                let isAcceptable = candidate.sequence > 0 && isFresh && isNear && isYoung
                #expect(array.accepts(candidate) == isAcceptable)
                guard isAcceptable else { continue }
                array.accept(candidate)
                seen.removeAll { $0.index == candidate.index }
                seen.append(candidate)
            }
        }
    }
}
