import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// A flow of commands that is torn: a card, its host, and the images at the commits of the command under way.
final class TearingFlow {
    let card: FaultCard
    let session: DomainSession
    private let commits: Commits
    private(set) var cuts: PowerCuts
    private let name: String
    private(set) var changes = 0
    private let before: Block

    private final class Commits {
        var images: [Block] = []
        weak var card: FaultCard?
    }

    init(_ name: String) throws {
        self.name = name
        let commits = Commits()
        self.commits = commits
        card = try FaultCard(try Fixture.domains(size: 65_536), .t1) {
            if let card = commits.card { commits.images.append(Block(card.image)) }
        }
        commits.card = card
        session = DomainSession(card)
        before = Block(card.image)
        let plan = Setting.cutsEverything ? CutPlan.full : CutPlan(ways: 4, recoveryStride: 16, recoveryCuts: 1)
        cuts = try PowerCuts(size: card.image.octets.count, seed: 0x6B07, plan)
    }

    /// Does something to the card, and cuts the power everywhere in it.
    ///
    /// - Parameter counts: whether it counts authentications or sessions; otherwise it is one transaction.
    func cut(_ what: String, counts: Bool = false, _ body: () throws -> [UInt8]) throws {
        before.copy(card.image)
        commits.images = []
        let log = OperationLog(of: card.image)
        card.card.system.memory.observeOperations { log.note($0) }
        let response = try body()
        card.card.system.memory.observeOperations(nil)
        log.finish()
        let status = Array(response.suffix(2))
        #expect(counts || status == [0x90, 0x00], "\(name), \(what): \(Hex.string(response))")
        guard !log.operations.isEmpty else { return }
        changes += 1
        var states = [before]
        for image in commits.images where states.last.map({ !image.equals($0) }) ?? true { states.append(image) }
        if let last = states.last, !card.image.equals(last) { states.append(Block(card.image)) }
        if counts {
            for state in states.dropFirst() {
                let counted = before.withSessionCounters(of: state) ?? before
                #expect(counted.equals(state), "\(name), \(what): something else than a counter persists")
            }
        } else {
            #expect(states.count <= 2, "\(name), \(what): \(states.count - 1) transactions")
        }
        let found = defects(of: card.image)
        #expect(found == [], "\(name), \(what)")
        _ = cuts.everywhere(in: log.operations, states: states, "\(name), \(what)")
    }

    func open(_ kind: SessionKind, _ domain: Domain = .issuer) throws {
        _ = session.select(domain.aid)
        try cut("opening \(kind)", counts: true) { try session.open(kind) }
    }

    func send(_ what: String, _ ins: UInt8, _ p1: UInt8, _ p2: UInt8, _ data: [UInt8]) throws {
        try cut(what) { session.exchange(Command.make(ins, p1, p2, data)) ?? [] }
    }

    func install(_ what: String, _ p1: UInt8, _ fields: [[UInt8]], p2: UInt8 = 0) throws {
        try send("INSTALL \(what)", 0xE6, p1, p2, Command.install(fields))
    }

    func finish() {
        print("\(name): \(changes) changes, seed \(0x6B07), \(cuts.counts.text)")
        #expect(changes > 0)
    }
}
