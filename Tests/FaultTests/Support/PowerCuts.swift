import Memory
import Testing

/// How much of the product program operations × ways × operations of the recovery a test goes through.
struct CutPlan {
    /// Inside how many ways each operation is torn.
    var ways: Int
    /// Each recovery, or only one in so many, is itself cut.
    var recoveryStride: Int
    /// At how many of its operations such a recovery is cut; nil: at all.
    var recoveryCuts: Int?

    /// What the suite runs each time: every operation with all kinds of cuts, and a sample of the rest.
    static let sample = CutPlan(ways: 16, recoveryStride: 4, recoveryCuts: 1)
    /// Everything.
    static let full = CutPlan(ways: Tear.ways, recoveryStride: 1, recoveryCuts: nil)
    static var chosen: CutPlan { Setting.cutsEverything ? .full : .sample }
}

/// Cuts the power in each program operation of a change that has been recorded, and looks at what the recovery makes
/// of it.
struct PowerCuts {
    /// What was done, for the printed line.
    struct Counts {
        var operations = 0
        var between = 0
        var inside = 0
        var inRecovery = 0

        static func += (left: inout Counts, right: Counts) {
            left.operations += right.operations
            left.between += right.between
            left.inside += right.inside
            left.inRecovery += right.inRecovery
        }

        var text: String {
            "\(operations) program operations, \(between) cuts between, \(inside) inside, \(inRecovery) in recoveries"
        }
    }

    let plan: CutPlan
    private(set) var counts = Counts()
    private var random: SeededGenerator
    private var recoveries = 0
    /// The image as the failing operation has left it, then as the recovery has.
    private let torn: Block
    private let victim: Victim

    init(size: Int, seed: UInt64, _ plan: CutPlan) throws {
        self.plan = plan
        random = SeededGenerator(seed: seed)
        torn = Fixture.empty(size: size)
        victim = try Victim(size: size)
    }

    /// Cuts everywhere in `operations`, which led from the first of `states` to the last one.
    ///
    /// - Parameter states: what is permitted, in the order in which it may be reached.
    /// - Returns: which of the states were left behind by a cut between two operations.
    mutating func everywhere(in operations: [OperationLog.Operation], states: [Block], _ what: String) -> Set<Int> {
        let current = Block(states[0])
        var reached = 0
        var seen: Set<Int> = []
        counts.operations += operations.count
        for (number, operation) in operations.enumerated() {
            torn.copy(current)
            reached = cut(states, notBefore: reached, "\(what), before operation \(number)")
            seen.insert(reached)
            counts.between += 1
            let start = random.below(Tear.ways)
            for way in 0..<plan.ways {
                let chosen = (start + way * (Tear.ways / plan.ways)) % Tear.ways
                torn.copy(current)
                Tear.apply(chosen, operation, to: torn, &random)
                _ = cut(states, notBefore: reached, "\(what), inside operation \(number), way \(chosen)")
                counts.inside += 1
            }
            Tear.complete(operation, on: current)
        }
        torn.copy(current)
        reached = cut(states, notBefore: reached, "\(what), after the last operation")
        seen.insert(reached)
        counts.between += 1
        #expect(reached == states.count - 1, "\(what)")
        return seen
    }

    /// Recovers `torn`, also with a second power failure.
    ///
    /// - Returns: which of `states` it came to.
    private mutating func cut(_ states: [Block], notBefore: Int, _ what: @autoclosure () -> String) -> Int {
        recoveries += 1
        let isCutAgain = recoveries % plan.recoveryStride == 0
        let operations = victim.recover(torn, recording: isCutAgain)
        // With a right PIN the last state is the first one again, but no state is reached twice.
        guard let state = states.indices.first(where: { $0 >= notBefore && victim.image.equals(states[$0]) }) else {
            let known = states.indices.first { victim.image.equals(states[$0]) }
            Issue.record("\(what()): state \(known.map(String.init) ?? "unknown") after state \(notBefore)")
            return notBefore
        }
        guard isCutAgain, !operations.isEmpty else { return state }
        let chosen = plan.recoveryCuts.map { count in (0..<count).map { _ in random.below(operations.count) } }
        let places = chosen ?? Array(operations.indices)
        let current = Block(torn)
        var done = 0
        for place in places.sorted() {
            while done < place {
                Tear.complete(operations[done], on: current)
                done += 1
            }
            for isInside in [false, true] {
                torn.copy(current)
                if isInside { Tear.apply(random.below(Tear.ways), operations[place], to: torn, &random) }
                _ = victim.recover(torn, recording: false)
                counts.inRecovery += 1
                if !victim.image.equals(states[state]) {
                    Issue.record("\(what()), cut again in operation \(place) of the recovery: another state")
                }
            }
        }
        return state
    }
}

/// The memory that recovers.
private final class Victim {
    let image: Block
    private var memory: Memory

    init(size: Int) throws {
        image = Fixture.empty(size: size)
        memory = try Memory(mounting: image.octets)
    }

    /// Powers the memory on with the octets of `torn`.
    ///
    /// - Returns: the program operations of the recovery, if they are to be recorded.
    func recover(_ torn: Block, recording: Bool) -> [OperationLog.Operation] {
        image.copy(torn)
        guard recording else {
            memory.powerOn()
            return []
        }
        let log = OperationLog(of: image)
        memory.observeOperations { log.note($0) }
        memory.powerOn()
        memory.observeOperations(nil)
        log.finish()
        return log.operations
    }
}
