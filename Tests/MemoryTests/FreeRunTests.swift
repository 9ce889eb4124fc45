import Testing

@testable import Memory

/// What is known to be free is free, whatever has been met and taken.
@Suite struct FreeRunTests {
    @Test func neverKnowsMoreThanIsFree() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var state = seed
        func random(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        var isFree = [Bool](repeating: true, count: 64)
        var known = FreeRun()
        for _ in 0..<2_000 {
            let start = random(64)
            var end = start
            while end < 64, isFree[end], random(8) != 0 { end += 1 }
            switch random(3) {
            case 0: known.learn(start..<end)
            case 1:
                known.take(start..<end)
                for page in start..<end { isFree[page] = false }
            default: isFree[random(64)] = true
            }
            for page in 0..<64 {
                let end = known.end(from: page)
                #expect(end >= page && isFree[page..<end].allSatisfy { $0 }, "seed \(seed)")
            }
        }
    }

    @Test func keepsTheLongerSide() {
        var known = FreeRun()
        known.learn(10..<100)
        known.learn(0..<5)
        known.take(20..<30)
        #expect(known.end(from: 10) == 10)
        #expect(known.end(from: 30) == 100)
        known.take(30..<40)
        #expect(known.end(from: 40) == 100)
        known.take(90..<100)
        #expect(known.end(from: 40) == 90)
        known.take(40..<90)
        #expect(known.end(from: 40) == 40)
    }
}
