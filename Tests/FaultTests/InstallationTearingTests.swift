import Octets
import Testing

/// The power fails in every program operation of the installation of a profile package: all of it, or nothing.
@Suite struct InstallationTearingTests {
    @Test(arguments: [
        (Fixture.defaultPackage, false), (Fixture.testPackage, false),
        // With the security domain, whose keys take the place of others, and remote file management.
        (Fixture.testPackage, true),
    ])
    func anInstallationIsWholeOrNothing(name: String, isManufactured: Bool) throws {
        let card = try FaultCard(isManufactured ? Fixture.manufactured() : Fixture.empty())
        let before = Block(card.image)
        let log = OperationLog(of: card.image)
        card.card.system.memory.observeOperations { log.note($0) }
        let result = card.card.install(profilePackage: [try Fixture.package(name)])
        card.card.system.memory.observeOperations(nil)
        log.finish()
        #expect(result.isInstalled)
        let found = defects(of: card.image)
        #expect(found == [])
        // The recoveries are long: a sample of the sample.
        let plan =
            Setting.cutsEverything
            ? CutPlan(ways: Tear.ways, recoveryStride: 16, recoveryCuts: 4)
            : CutPlan(ways: 2, recoveryStride: 64, recoveryCuts: 1)
        var cuts = try PowerCuts(size: card.image.octets.count, seed: 0x1257, plan)
        _ = cuts.everywhere(in: log.operations, states: [before, card.image], name)
        print("\(name): seed \(0x1257), \(cuts.counts.text)")
    }
}
