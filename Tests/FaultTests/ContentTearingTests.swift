import CardOS
import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// The power fails in every program operation of what is two things at once: an ADF and its entry.
@Suite struct ContentTearingTests {
    private static let application: [UInt8] = [0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02, 0x01]
    private static let everything: [UInt8] = Command.tlv(0xAB, [0x80, 0x01, 0x7F, 0x90, 0x00])

    /// CREATE FILE of an ADF.
    private static func create(_ name: [UInt8]) -> [UInt8] {
        let fields: [UInt8] = [0x82, 0x02, 0x78, 0x21] + Command.tlv(0x84, name) + [0x8A, 0x01, 0x05] + everything
        return [0x00] + Command.make(0xE0, 0, 0, Command.tlv(0x62, fields)).dropFirst()
    }

    /// CREATE FILE of an EF.
    private static func createEF() -> [UInt8] {
        let fields: [UInt8] = [0x82, 0x02, 0x41, 0x21, 0x83, 0x02, 0x6F, 0x07, 0x8A, 0x01, 0x05] + everything
        let size: [UInt8] = [0x80, 0x02, 0x01, 0x00, 0x88, 0x00]
        return [0x00] + Command.make(0xE0, 0, 0, Command.tlv(0x62, fields + size)).dropFirst()
    }

    private static let deleteApplication: [UInt8] = [0x00, 0xE4, 0x00, 0x00, 0x02, 0x7F, 0xFF]

    /// Whether there is an ADF, and whether there is its entry.
    private static func isThere(_ name: [UInt8], _ flow: TearingFlow) -> (directory: Bool, entry: Bool) {
        let directory = name.withView { flow.card.card.system.application(named: $0) }
        let entry = name.withView { flow.card.card.open.registry.entry($0, in: flow.card.card.system.memory) }
        return (directory != nil, entry != nil)
    }

    private static func verifyADM(_ flow: TearingFlow) {
        let command: [UInt8] = [0x00, 0x20, 0x00, 0x0A, 0x08] + [UInt8](repeating: 0x35, count: 8)
        #expect(flow.card.send(command) == [0x90, 0x00])
    }

    /// Gives the current ADF a PIN.
    private static func createCode(_ flow: TearingFlow) throws {
        let directory = try #require(application.withView { flow.card.card.system.application(named: $0) })
        let pin: [UInt8] = [0x81, 0x07, 0x33, 0x01, 0x00, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 0x38, count: 8)
        try pin.withView { (entries) throws(StatusWord) in
            try flow.card.card.system.createCodes(
                entries: entries,
                areUnblocking: false,
                for: directory,
                sharedWith: nil
            )
        }
        flow.card.card.system.memory.commit()
    }

    /// An ADF and its entry come and go together, in secure messaging too.
    @Test(arguments: [nil, SessionKind.scp03(0x33), .scp02(0x03)])
    func networkAccessApplications(kind: SessionKind?) throws {
        let flow = try TearingFlow("ADF, \(kind?.description ?? "in the clear")")
        if let kind { try flow.open(kind) }
        Self.verifyADM(flow)
        func send(_ what: String, _ command: [UInt8]) throws {
            try flow.cut(what) {
                kind == nil ? flow.card.send(command) : flow.session.exchange(command) ?? []
            }
        }
        for _ in 0..<2 {
            try send("CREATE FILE of an ADF", Self.create(Self.application))
            #expect(Self.isThere(Self.application, flow) == (true, true))
            try send("CREATE FILE in it", Self.createEF())
            try Self.createCode(flow)
            try send("DELETE FILE of the ADF", Self.deleteApplication)
            #expect(Self.isThere(Self.application, flow) == (false, false))
        }
        flow.finish()
    }

    /// A DF name that another application has as its AID: nothing remains, and the MF is the current DF.
    @Test func anADFWithTheAIDOfAnotherApplication() throws {
        let flow = try TearingFlow("ADF")
        Self.verifyADM(flow)
        let before = Block(flow.card.image)
        #expect(flow.card.send(Self.create(Domain.plain.aid)) == [0x6A, 0x8A])
        #expect(flow.card.image.equals(before))
        #expect(Self.isThere(Domain.plain.aid, flow) == (false, true))
        #expect(flow.card.send([0x00, 0xE4, 0x00, 0x00, 0x02, 0x7F, 0xFF]) == [0x6A, 0x82])
        #expect(flow.card.send([0x00, 0xA4, 0x00, 0x0C, 0x02, 0x2F, 0xE2]) == [0x90, 0x00])
        #expect(flow.card.send(Self.create(Self.application)) == [0x90, 0x00])
    }
}
