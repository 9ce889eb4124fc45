import Foundation

/// What the environment asks of the tests.
enum Setting {
    /// VEUICC_CUT_EVERYTHING: the whole product of power failures, in place of a sample. For release builds.
    static let cutsEverything = ProcessInfo.processInfo.environment["VEUICC_CUT_EVERYTHING"] != nil
    /// VEUICC_WRITE_DETERMINISM: write vectors/determinism anew.
    static let writesDeterminism = ProcessInfo.processInfo.environment["VEUICC_WRITE_DETERMINISM"] != nil
    /// VEUICC_WRITE_STATES: write vectors/globalplatform/states.tsv anew.
    static let writesStates = ProcessInfo.processInfo.environment["VEUICC_WRITE_STATES"] != nil
    /// VEUICC_FUZZ_COUNT: how many times as much as usual is tried.
    static let fuzzFactor = max(1, Int(ProcessInfo.processInfo.environment["VEUICC_FUZZ_COUNT"] ?? "") ?? 1)
    /// VEUICC_FUZZ_SEED: the first seed.
    static let fuzzSeed = UInt64(ProcessInfo.processInfo.environment["VEUICC_FUZZ_SEED"] ?? "") ?? 1

    /// Runs `body` with `count` seeds times the factor. The seeds are printed: each before it is used in a long run, so
    /// that the last one printed is that of a run that trapped.
    static func forEachSeed(_ name: String, _ count: Int, _ body: (UInt64) throws -> Void) throws {
        let seeds = fuzzSeed..<fuzzSeed + UInt64(count * fuzzFactor)
        print("\(name): seeds \(seeds)")
        for seed in seeds {
            if fuzzFactor > 1 { FileHandle.standardError.write(Data("\(name) \(seed)\n".utf8)) }
            let guardian = Guardian("\(name): seed \(seed)")
            try body(seed)
            guardian.end()
        }
    }
}

/// Ends the process when one seed takes a minute: nothing that a card does takes as long, so that it hangs.
private final class Guardian {
    private let item: DispatchWorkItem

    init(_ what: String) {
        item = DispatchWorkItem {
            FileHandle.standardError.write(Data("\(what) does not end\n".utf8))
            abort()
        }
        DispatchQueue.global(qos: .userInteractive).asyncAfter(deadline: .now() + 60, execute: item)
    }

    func end() { item.cancel() }
}
