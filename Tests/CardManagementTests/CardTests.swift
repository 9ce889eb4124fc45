import Card
import CardCrypto
import CardManagement
import GlobalPlatform
import Octets
import Reader
import Testing

/// The host against the card of this project, in one process.
@Suite struct CardTests {
    private static let domain = octets("A00000015153504200")

    private static func manager(_ transmission: Environment.TransmissionProtocol = .t1) throws -> CardManager {
        let manager = CardManager(try InProcessTerminal.factoryCard(transmission))
        try manager.select(nil)
        return manager
    }

    /// Lists, installs, puts keys, stores data, locks and deletes in one session.
    private func manage(_ manager: CardManager) throws {
        try manager.installForInstall(
            octets("A0000001515350"),
            module: octets("A000000151535041"),
            instance: Self.domain,
            privileges: [0x80, 0x00, 0x00],
            parameters: octets("C90482022020")
        )
        let item = try #require(try manager.status(.applications, prefix: Self.domain).first)
        #expect(item.aid == Self.domain)
        #expect(item.state == 0x07)
        #expect(item.privileges == [0x80, 0x00, 0x00])
        let keys: [[UInt8]] = [[UInt8](0x10..<0x20), [UInt8](0x20..<0x30), [UInt8](0x30..<0x40)]
        let answer = try manager.putKeys(.aes, keys, version: 0x31)
        #expect(answer.first == 0x31)
        #expect(try manager.keyInformation().count { $0.version == 0x31 && $0.type == 0x88 } == 3)
        try manager.deleteKeys(version: 0x31, identifier: nil)
        #expect(try manager.keyInformation().count { $0.version == 0x31 } == 0)
        try manager.storeData(octets("42054012345679"))
        #expect(try manager.getData(0x0042) == octets("42054012345679"))
        try manager.setStatus(.application, 0x80, Self.domain)
        #expect(try manager.status(.applications, prefix: Self.domain).first?.state == 0x87)
        try manager.setStatus(.application, 0x00, Self.domain)
        try manager.delete(Self.domain)
        #expect(try manager.status(.applications, prefix: Self.domain).isEmpty)
        let error = #expect(throws: CardManagementError.self) { try manager.delete(Self.domain) }
        #expect(error?.kind == .refused(.referencedDataNotFound))
    }

    @Test(arguments: [0x00, 0x01, 0x03, 0x11, 0x13, 0x33], [Environment.TransmissionProtocol.t0, .t1])
    func scp03(level: UInt8, transmission: Environment.TransmissionProtocol) throws {
        let manager = try Self.manager(transmission)
        let session = try manager.authenticate(
            [.test()],
            level: SecurityLevel(rawValue: level),
            random: fixedRandom
        )
        #expect(session.channel == .scp03)
        #expect(session.keyVersion == 0x30)
        #expect(try manager.getData(0x00D3) == [0xD3, 0x01, 0x80 | level])
        try manage(manager)
    }

    @Test(arguments: [0x00, 0x01, 0x03]) func scp02(level: UInt8) throws {
        let manager = try Self.manager()
        let session = try manager.authenticate(
            [.test()],
            channel: .scp02,
            level: SecurityLevel(rawValue: level),
            random: fixedRandom
        )
        #expect(session.keyVersion == 0x20)
        try manage(manager)
    }

    // MARK: SCP11

    private static let authority = [UInt8](repeating: 0x21, count: 32)
    private static let host = [UInt8](repeating: 0x22, count: 32)
    private static let card = [UInt8](repeating: 0x23, count: 32)

    private static func point(_ key: [UInt8]) throws -> [UInt8] {
        try key.withView { try PrivateKey(.p256, scalar: $0).publicKey.uncompressed }
    }

    /// A certificate of GlobalPlatform, as a rule for the host's key.
    private static func certificate(
        of owner: [UInt8] = host,
        by issuer: [UInt8] = authority
    ) throws -> [UInt8] {
        let body =
            octets("930101420102" + "5F200103" + "95020080" + "5F240420991231" + "7F4946B041")
            + (try point(owner)) + [0xF0, 0x01, 0x00]
        let signature = try issuer.withView { key in
            try body.withView { try PrivateKey(.p256, scalar: key).sign(message: $0) }
        }
        return [0x7F, 0x21, 0x81, UInt8(body.count + 67)] + body + [0x5F, 0x37, 0x40] + signature
    }

    /// - Parameter card: what the key file says of the card's key; nil: the key itself.
    private static func keys(_ channel: HostProtocol, card known: String? = nil) throws -> HostKeys {
        let known = try known ?? "card-key \(hex(point(card)))"
        let lines = ["version 03", "protocol \(channel.rawValue)", known]
        let own = ["private \(hex(host))", "certificate \(hex(try certificate()))", "ca 10 10"]
        let text = (lines + (channel == .scp11b ? [] : own)).joined(separator: "\n")
        return try #require(try KeyFile.keys(text).first)
    }

    @Test(arguments: [HostProtocol.scp11a, .scp11b, .scp11c], [0x11, 0x33])
    func scp11(channel: HostProtocol, level: UInt8) throws {
        let identifier: UInt8 = channel == .scp11a ? 0x11 : channel == .scp11b ? 0x13 : 0x15
        let manager = try Self.manager()
        try manager.authenticate([.test()], random: fixedRandom)
        try manager.putKeys(.ecPublic, [try Self.point(Self.authority)], version: 0x10, identifier: 0x10)
        try manager.putKeys(.ecPrivate, [Self.card], version: 0x03, identifier: identifier)
        try manager.select(nil)
        let session = try manager.authenticate(
            [try Self.keys(channel)],
            level: SecurityLevel(rawValue: level),
            random: fixedRandom
        )
        #expect(session.channel == channel)
        let isMutual = channel != .scp11b
        #expect(try manager.getData(0x00D3) == [0xD3, 0x01, level | (isMutual ? 0x80 : 0x00)])
        guard isMutual else {
            // The host is not authenticated: nothing can be managed.
            let error = #expect(throws: CardManagementError.self) { try manager.delete(Self.domain) }
            #expect(error?.kind == .refused(.securityStatusNotSatisfied))
            return
        }
        try manage(manager)
    }

    // MARK: Certificates of the card

    private static let root = [UInt8](repeating: 0x24, count: 32)
    private static let between = [UInt8](repeating: 0x25, count: 32)

    /// A card with the key of a variant, and whatever it says are the certificates of that.
    private static func manager(_ channel: HostProtocol, certificates: [UInt8]?) throws -> CardManager {
        let identifier: UInt8 = channel == .scp11a ? 0x11 : channel == .scp11b ? 0x13 : 0x15
        let manager = try manager()
        try manager.authenticate([.test()], random: fixedRandom)
        try manager.putKeys(.ecPublic, [try point(authority)], version: 0x10, identifier: 0x10)
        try manager.putKeys(.ecPrivate, [card], version: 0x03, identifier: identifier)
        if let certificates {
            let length: [UInt8] = [0x82, UInt8(certificates.count >> 8), UInt8(certificates.count & 0xFF)]
            try manager.storeData([0xA6, 0x04, 0x83, 0x02, identifier, 0x03, 0xBF, 0x21] + length + certificates)
        }
        try manager.select(nil)
        return manager
    }

    private static func chain() throws -> [UInt8] {
        try certificate(of: between, by: root) + certificate(of: card, by: between)
    }

    /// The host knows who has signed the first certificate, or believes it.
    @Test(arguments: [HostProtocol.scp11a, .scp11b, .scp11c], [true, false])
    func certifiedCard(channel: HostProtocol, knowsRoot: Bool) throws {
        let manager = try Self.manager(channel, certificates: try Self.chain())
        let keys = try Self.keys(channel, card: knowsRoot ? "card-ca \(hex(try Self.point(Self.root)))" : "mode s8")
        let session = try manager.authenticate([keys], random: fixedRandom)
        #expect(session.channel == channel)
        #expect(try manager.getData(0x00D3) == [0xD3, 0x01, channel == .scp11b ? 0x33 : 0xB3])
    }

    /// What each kind of wrong certificate is told with. No session begins.
    @Test func certificatesThatAreWrong() throws {
        let chain = try Self.chain()
        var altered = chain
        altered[chain.count - 1] ^= 0x01
        var changed = try Self.certificate(of: Self.card, by: Self.root)
        // Of the expiration date, which is signed.
        let place = try #require(changed.indices.first { changed[$0...].starts(with: octets("5F2404")) })
        changed[place + 4] ^= 0x01
        let wrong = "the signature of a certificate of the card is wrong"
        let unreadable = "a certificate of the card cannot be read"
        let cases: [([UInt8]?, CardManagementError.Kind, String)] = [
            (try Self.certificate(of: Self.card, by: Self.authority), .keys, wrong),
            (try Self.certificate(of: Self.card, by: Self.between), .keys, wrong), (altered, .keys, wrong),
            (changed, .keys, wrong),
            (Array(chain.suffix(chain.count / 2) + chain.prefix(chain.count / 2)), .keys, wrong),
            ([0x7F, 0x21, 0x02, 0x93, 0x00], .answer, unreadable), ([0x30, 0x01, 0x55], .answer, unreadable),
            (nil, .refused(.referencedDataNotFound), "the card answers 6A88"),
        ]
        for (certificates, kind, reason) in cases {
            let manager = try Self.manager(.scp11a, certificates: certificates)
            let keys = try Self.keys(.scp11a, card: "card-ca \(hex(try Self.point(Self.root)))")
            let error = #expect(throws: CardManagementError.self) {
                try manager.authenticate([keys], random: fixedRandom)
            }
            #expect(error?.kind == kind)
            #expect(error?.description == "GET DATA BF21: \(reason)")
            #expect(manager.session == nil)
        }
        // A right certificate of somebody else's key: the receipt shows it.
        let manager = try Self.manager(.scp11a, certificates: try Self.certificate(of: Self.between, by: Self.root))
        let keys = try Self.keys(.scp11a, card: "card-ca \(hex(try Self.point(Self.root)))")
        let error = #expect(throws: CardManagementError.self) { try manager.authenticate([keys], random: fixedRandom) }
        #expect(error?.kind == .keys)
        #expect(error?.description.hasPrefix("MUTUAL AUTHENTICATE: the card's receipt is wrong") == true)
    }

    /// With and without a session.
    @Test func cardData() throws {
        let manager = try Self.manager()
        let plain = try manager.readCardData()
        #expect(plain.applications.contains(octets("A000000151000000")))
        #expect(plain.keys.count == 6)
        #expect(plain.recognition.i(of: .scp02) == 0x55)
        try manager.authenticate([.test()], level: SecurityLevel(rawValue: 0x33), random: fixedRandom)
        #expect(try manager.readCardData().applications == plain.applications)
    }

    // MARK: What is in the way

    @Test func otherKeys() throws {
        let manager = try Self.manager()
        let other = HostKeys(.symmetric(StaticKeys(all: [UInt8](repeating: 0x11, count: 16))))
        let error = #expect(throws: CardManagementError.self) {
            try manager.authenticate([other], random: fixedRandom)
        }
        #expect(error?.kind == .keys)
        #expect(manager.session == nil)
        // The right ones are found among several.
        try manager.authenticate([other, .test()], random: fixedRandom)
        #expect(manager.session != nil)
    }

    /// PUT KEY in two segments, at level 33 over T=0, and who reads along.
    @Test func largeCommands() throws {
        let terminal = ObservedTerminal(try .factoryCard(.t0))
        let manager = CardManager(terminal)
        try manager.select(nil)
        try manager.authenticate([.test()], level: SecurityLevel(rawValue: 0x33), random: fixedRandom)
        let keys = (0..<7).map { [UInt8](repeating: UInt8($0 + 1), count: 32) }
        try manager.putKeys(.aes, keys, version: 0x31)
        #expect(terminal.exchanges.contains { $0.meaning == .segment })
        let whole = try #require(
            terminal.exchanges.first { $0.meaning == .deciphered && $0.command.starts(with: [0x80, 0xD8]) }
        )
        #expect(Array(whole.command.prefix(8)) == [0x80, 0xD8, 0x00, 0x81, 0x00, 0x01, 0x12, 0x31])
        #expect(try manager.keyInformation().count { $0.version == 0x31 } == 7)
        #expect(terminal.exchanges.last?.meaning == .deciphered)
        #expect(terminal.exchanges.last.map { $0.response.starts(with: [0xE0]) } == true)
    }
}
