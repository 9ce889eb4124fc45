import CardCrypto
import CardOS
import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// The power fails in every program operation of what is two things at once: an ADF and its entry, the end of a combined
/// process, an operation that was delegated and its receipt.
@Suite struct ContentTearingTests {
    private static let module = Domain.firmware + [0x41]
    private static let new = Domain.delegated.aid + [0xD1]

    // MARK: ADFs

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

    // MARK: Combined process and delegated management

    private static let tokenKey = [UInt8](0xB0...0xBF)
    private static let receiptKey = [UInt8](0xC0...0xCF)

    /// A flow whose issuer security domain verifies tokens and makes receipts.
    private static func delegation(_ name: String) throws -> TearingFlow {
        let flow = try TearingFlow(name)
        flow.card.card.powerOn()
        let issuer = try flow.card.card.reference(Domain.issuer.aid)
        for (version, key) in [(UInt8(0x70), tokenKey), (0x71, receiptKey)] {
            var keys = KeyList(capacity: 64)
            key.withView { keys.append(1, .aes, $0) }
            try flow.card.card.system.memory.putKeys(
                keys,
                version: version,
                .adding,
                in: issuer,
                SecureChannelOptions()
            )
        }
        flow.card.card.system.memory.commit()
        flow.card.card.powerOn()
        return flow
    }

    /// What a token signs of a command.
    private static func signed(_ p1: UInt8, _ p2: UInt8, _ data: [UInt8]) -> [UInt8] {
        [p1, p2] + Host.lengthField(data.count) + data
    }

    private static func receipts(_ flow: TearingFlow) throws -> UInt32 {
        let issuer = try flow.card.card.reference(Domain.issuer.aid)
        let set = flow.card.card.system.memory.keySet(0x71, of: issuer)
        return try #require(set).sequenceCounter
    }

    /// Loads Empty.cap.
    private static func load(_ flow: TearingFlow) throws {
        let stream = Command.tlv(0xC4, DomainGenerator.loadFile)
        for (number, start) in stride(from: 0, to: stream.count, by: 120).enumerated() {
            let part = Array(stream[start..<min(start + 120, stream.count)])
            let isLast = start + 120 >= stream.count
            try flow.send("LOAD \(number)", 0xE8, isLast ? 0x80 : 0x00, UInt8(number), part)
        }
    }

    /// INSTALL [for load, install and make selectable], first and last command: the load file comes with the last LOAD,
    /// the application with the last INSTALL.
    @Test func combinedProcess() throws {
        let flow = try TearingFlow("combined process")
        try flow.open(.scp03(0x33))
        let file = DomainGenerator.loadFileAID
        try flow.install("at the beginning", 0x0E, [file, [], [], [], []], p2: 0x01)
        try Self.load(flow)
        let application = [Domain.firmware, Self.module, Self.new, [0x80, 0, 0], [0xC9, 0x00], []]
        try flow.install("at the end", 0x0E, application, p2: 0x03)
        for aid in [file, Self.new] { _ = try flow.card.card.reference(aid) }
        flow.finish()
    }

    /// The counter of receipts moves with what is confirmed, and with nothing else.
    @Test func delegatedManagement() throws {
        let flow = try Self.delegation("delegated management")
        try flow.open(.scp03(0x33), .delegated)
        var expected = try Self.receipts(flow)
        func confirmed(_ what: String, _ ins: UInt8, _ p1: UInt8, _ p2: UInt8, _ data: [UInt8]) throws {
            try flow.cut(what) {
                let response = flow.session.exchange(Command.make(ins, p1, p2, data)) ?? []
                // A receipt of AES has 16 octets, behind its length.
                #expect(response.count > 20, "\(what): \(Hex.string(response))")
                return response
            }
            expected += 1
            #expect(try Self.receipts(flow) == expected, "\(what)")
        }
        func install(_ what: String, _ p1: UInt8, _ fields: [[UInt8]]) throws {
            let data = Command.install(fields)
            let token = cmac(Self.tokenKey, Self.signed(p1, 0, data))
            try confirmed("INSTALL \(what)", 0xE6, p1, 0, data + Command.install([token]))
        }
        try install("for install", 0x04, [Domain.firmware, Self.module, Self.new, [0x80, 0, 0], [0xC9, 0x00]])
        try install("for make selectable", 0x08, [[], [], Self.new, [0], []])
        try install("for extradition", 0x10, [Domain.delegated.aid, [], Domain.delegated.below, [], []])
        let object = Command.tlv(0x4F, Self.new)
        let token = cmac(Self.tokenKey, Self.signed(0, 0, object))
        try confirmed("DELETE", 0xE4, 0, 0, object + Command.tlv(0x9E, token))
        flow.finish()
    }

    /// The combined process, delegated: one token, and one receipt at the end.
    @Test func delegatedCombinedProcess() throws {
        let flow = try Self.delegation("delegated combined process")
        try flow.open(.scp03(0x33), .delegated)
        let file = DomainGenerator.loadFileAID
        let hash = try DomainGenerator.loadFile.withView { try Hash.digest(.sha256, $0) }
        let first = Command.install([file, [], hash, []])
        try flow.send("INSTALL at the beginning", 0xE6, 0x0E, 0x01, first + [0x00])
        let before = try Self.receipts(flow)
        try Self.load(flow)
        #expect(try Self.receipts(flow) == before)
        let last = Command.install([Domain.firmware, Self.module, Self.new, [0x80, 0, 0], [0xC9, 0x00]])
        let token = cmac(Self.tokenKey, Self.signed(0x0E, 0x01, first) + Self.signed(0x0E, 0x03, last))
        try flow.send("INSTALL at the end", 0xE6, 0x0E, 0x03, last + Command.install([token]))
        #expect(try Self.receipts(flow) == before + 1)
        flow.finish()
    }
}
