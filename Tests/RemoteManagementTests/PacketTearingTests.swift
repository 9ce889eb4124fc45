import CardOS
import Memory
import Octets
import Testing

@testable import GlobalPlatform
@testable import RemoteManagement

/// The power fails in each program operation of a packet: its script is executed once at most.
struct PacketTearingTests {
    /// What a packet changes, and how that is read.
    struct Case: CustomStringConvertible {
        let reference: String
        let script: String
        let reading: String

        var description: String { script }
    }

    @Test(arguments: [
        Case(
            reference: RemoteCard.fullFiles,
            script: "00A40000026F07" + "00D6000009" + "080910100000000099" + "00D6000002" + "0839",
            reading: "00A40000026F07" + "00B0000009"
        ),
        Case(reference: "000000", script: "80E2900005" + "4203998877", reading: "80CA004200"),
    ])
    func aScriptIsExecutedOnceAtMost(example: Case) throws {
        let card = try RemoteCard()
        let before = [UInt8](card.image)
        var host = PacketHost()
        host.reference = example.reference
        host.counter = 9
        let packet = try host.packet(example.script)
        let old = try card.run(example.reading, for: example.reference)
        let start = card.card.system.memory.programOperations
        #expect(card.receive(packet) != nil)
        let operations = card.card.system.memory.programOperations - start
        let whole = try card.run(example.reading, for: example.reference)
        #expect(old != whole && operations > 4)
        var outcomes = (lost: 0, counted: 0, executed: 0)
        for operation in 0..<operations {
            for tear in [.before, .prefix(octets: 1, bits: 3), .subset(seed: operation), .after] as [PowerFailure.Tear]
            {
                card.image.copyBytes(from: before)
                card.card.powerOn()
                card.reception = PacketReception()
                card.card.system.memory.schedule(PowerFailure(completeOperations: operation, tear: tear))
                let answer = card.receive(packet)
                #expect(answer == nil)
                card.card.powerOn()
                let isCounted = try card.keySet(RemoteCard.aesVersion).packetCounter == 9
                let found = try card.run(example.reading, for: example.reference)
                // Without the counter nothing has been executed; with it, it never is again.
                if !isCounted {
                    #expect(found == old, "operation \(operation), \(tear)")
                    outcomes.lost += 1
                }
                card.reception = PacketReception()
                let again = try #require(card.receive(packet))
                #expect(try host.open(again.octets).status == (isCounted ? 0x02 : 0x00))
                if isCounted {
                    #expect(try card.run(example.reading, for: example.reference) == found)
                    if found == old { outcomes.counted += 1 } else { outcomes.executed += 1 }
                }
            }
        }
        #expect(outcomes.lost > 0 && outcomes.counted > 0)
    }
}
