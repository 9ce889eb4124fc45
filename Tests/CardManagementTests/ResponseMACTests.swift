import Card
import CardManagement
import GlobalPlatform
import Octets
import Reader
import Testing

/// R-MAC sessions: the host, and who reads along, against the card of this project.
@Suite struct ResponseMACTests {
    private static func session(
        _ channel: HostProtocol,
        _ level: UInt8,
        _ transmission: Environment.TransmissionProtocol = .t1,
        scp02: UInt8 = 0x75
    ) throws -> (CardManager, ObservedTerminal) {
        let terminal = ObservedTerminal(try .factoryCard(transmission, scp02: scp02))
        let manager = CardManager(terminal)
        try manager.select(nil)
        try manager.authenticate(
            [.test()],
            channel: channel,
            level: SecurityLevel(rawValue: level),
            random: fixedRandom
        )
        return (manager, terminal)
    }

    /// Two commands at a level, of which the card tells.
    private func exchange(_ manager: CardManager, at level: UInt8) throws {
        #expect(try manager.getData(0x00D3) == [0xD3, 0x01, 0x80 | level])
        #expect(try manager.status(.issuer).first?.state == 0x0F)
    }

    /// The exchanges in the clear, from EXTERNAL AUTHENTICATE on; what GET RESPONSE fetches is with its command.
    private func read(_ terminal: ObservedTerminal) throws -> [String] {
        let start = try #require(terminal.exchanges.firstIndex { $0.command[1] == 0x82 })
        let exchanges = terminal.exchanges[(start + 1)...].filter { $0.response.first != 0x61 }
        #expect(exchanges.allSatisfy { $0.meaning == .deciphered })
        return exchanges.map { hex([$0.level.rawValue]) + " " + hex($0.response) }
    }

    private static func status(_ level: UInt8) -> [String] {
        [
            hex([level]) + " D301" + hex([0x80 | level]) + "9000",
            hex([level]) + " E3134F08A0000001510000009F70010FC5039EFE809000",
        ]
    }

    @Test(
        arguments: [(0x01, 0x11), (0x03, 0x13), (0x03, 0x33), (0x13, 0x33)] as [(UInt8, UInt8)],
        [Environment.TransmissionProtocol.t0, .t1]
    )
    func scp03(levels: (UInt8, UInt8), transmission: Environment.TransmissionProtocol) throws {
        let (level, within) = levels
        let (manager, terminal) = try Self.session(.scp03, level, transmission)
        try exchange(manager, at: level)
        for _ in 0..<2 {
            try manager.beginResponseMAC(SecurityLevel(rawValue: within & 0x30), data: [0x01, 0x02])
            #expect(manager.session?.level.rawValue == within)
            try exchange(manager, at: within)
            let error = #expect(throws: CardManagementError.self) { try manager.delete([0xA0, 0, 0, 0, 0x77]) }
            #expect(error?.kind == .refused(.referencedDataNotFound))
            #expect(try manager.endResponseMAC() == [])
            #expect(manager.session?.level.rawValue == level)
            try exchange(manager, at: level)
        }
        let inside =
            [hex([within]) + " 9000"] + Self.status(within) + [hex([within]) + " 6A88", hex([level]) + " 9000"]
        let once = inside + Self.status(level)
        #expect(try read(terminal) == Self.status(level) + once + once)
    }

    @Test(arguments: [0x00, 0x01, 0x03] as [UInt8], [Environment.TransmissionProtocol.t0, .t1])
    func scp02(level: UInt8, transmission: Environment.TransmissionProtocol) throws {
        let within = level | 0x10
        let (manager, terminal) = try Self.session(.scp02, level, transmission)
        try exchange(manager, at: level)
        try manager.beginResponseMAC(data: [0x0A, 0x0B, 0x0C])
        #expect(manager.session?.level.rawValue == within)
        try exchange(manager, at: within)
        let last = try manager.responseMAC()
        #expect(last.count == 8)
        // It has no part in the chain, and another command has.
        #expect(try manager.responseMAC() == last)
        try exchange(manager, at: within)
        let next = try manager.endResponseMAC()
        #expect(next.count == 8 && next != last)
        #expect(manager.session?.level.rawValue == level)
        try exchange(manager, at: level)
        let asked = hex([within]) + " " + hex(last) + "9000"
        let ended = [hex([level]) + " " + hex(next) + "9000"]
        let begun = [hex([within]) + " 9000"] + Self.status(within) + [asked, asked] + Self.status(within)
        #expect(try read(terminal) == Self.status(level) + begun + ended + Self.status(level))
    }

    /// R-MACs of SCP02 that END R-MAC SESSION alone shows.
    @Test(arguments: [0x00, 0x01, 0x03] as [UInt8]) func silent(level: UInt8) throws {
        let (manager, terminal) = try Self.session(.scp02, level)
        try manager.beginResponseMAC([])
        try exchange(manager, at: level | 0x10)
        let error = #expect(throws: CardManagementError.self) { try manager.delete([0xA0, 0, 0, 0, 0x77]) }
        #expect(error?.kind == .refused(.referencedDataNotFound))
        let last = try manager.responseMAC()
        #expect(try manager.endResponseMAC() == last)
        try exchange(manager, at: level)
        #expect(try read(terminal).contains(hex([level]) + " " + hex(last) + "9000"))
    }

    // MARK: What is in the way

    @Test(
        arguments: [(HostProtocol.scp02, 0x00), (.scp02, 0x03), (.scp03, 0x01), (.scp03, 0x03)]
            as [(HostProtocol, UInt8)]
    )
    func forgery(channel: HostProtocol, level: UInt8) throws {
        let (manager, terminal) = try Self.session(channel, level)
        try manager.beginResponseMAC()
        try exchange(manager, at: level | 0x10)
        terminal.forges = true
        let error = #expect(throws: CardManagementError.self) { try manager.getData(0x00D3) }
        #expect(error?.kind == .answer)
        #expect(terminal.exchanges.last?.meaning == .notGenuine)
    }

    /// A response that was altered while R-MACs are silent is noticed at the end.
    @Test func silentForgery() throws {
        let (manager, terminal) = try Self.session(.scp02, 0x03)
        try manager.beginResponseMAC([])
        terminal.forges = true
        _ = try manager.send(Command(0x80, 0xCA, 0x00, 0xD3), "GET DATA")
        #expect(terminal.exchanges.last?.meaning == .deciphered)
        terminal.forges = false
        let error = #expect(throws: CardManagementError.self) { try manager.endResponseMAC() }
        #expect(error?.kind == .answer)
        #expect(terminal.exchanges.last?.meaning == .notGenuine)
    }

    /// What the card refuses changes nothing.
    @Test(arguments: [(HostProtocol.scp02, 0x55, 0x03), (.scp03, 0x55, 0x33)] as [(HostProtocol, UInt8, UInt8)])
    func refusal(channel: HostProtocol, scp02: UInt8, level: UInt8) throws {
        let (manager, terminal) = try Self.session(channel, level, scp02: scp02)
        for command in [{ try manager.beginResponseMAC() }, { try manager.endResponseMAC() }] {
            let error = #expect(throws: CardManagementError.self) { try command() }
            #expect(error?.kind == .refused(.conditionsNotSatisfied))
            #expect(manager.session?.level.rawValue == level)
            try exchange(manager, at: level)
        }
        #expect(terminal.exchanges.last?.meaning == .deciphered)
        let error = #expect(throws: CardManagementError.self) {
            try manager.beginResponseMAC(data: [UInt8](repeating: 0, count: 25))
        }
        #expect(error?.kind == .input)
    }
}
