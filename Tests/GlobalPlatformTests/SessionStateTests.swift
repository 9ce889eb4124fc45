import Foundation
import GlobalPlatform
import Octets
import Testing

/// Every command in every state and at every level of every protocol: vectors/gp/session-states.tsv, which is read
/// against the standard and compared with the card. `VEUICC_RECORD=1` writes it anew.
@Suite struct SessionStateTests {
    enum Place: CustomStringConvertible {
        case none
        case initialized
        case open(UInt8)
        case aborted(UInt8)

        var description: String {
            switch self {
            case .none: "none"
            case .initialized: "initialized"
            case .open(let level): "open " + hex([level])
            case .aborted(let level): "aborted " + hex([level])
            }
        }
    }

    static let plain = octets("80F28002024F00")

    /// Commands by name: made by a host that has come as far as the card.
    static let commands: [(name: String, make: @Sendable (Host) throws -> [UInt8])] = [
        ("INITIALIZE UPDATE", { $0.initializeUpdate() }),
        ("INITIALIZE UPDATE, default key version", { replacing($0.initializeUpdate(), 2, 0x00) }),
        ("INITIALIZE UPDATE, unknown key version", { replacing($0.initializeUpdate(), 2, 0x7E) }),
        ("INITIALIZE UPDATE, a key identifier", { replacing($0.initializeUpdate(), 3, 0x01) }),
        ("INITIALIZE UPDATE, short challenge", { _ in octets("8050300004AABBCCDD") }),
        ("INITIALIZE UPDATE, secure messaging", { replacing($0.initializeUpdate(), 0, 0x84) }),
        ("EXTERNAL AUTHENTICATE 00", { $0.externalAuthenticate(0x00) }),
        ("EXTERNAL AUTHENTICATE 01", { $0.externalAuthenticate(0x01) }),
        ("EXTERNAL AUTHENTICATE 03", { $0.externalAuthenticate(0x03) }),
        ("EXTERNAL AUTHENTICATE 10", { $0.externalAuthenticate(0x10) }),
        ("EXTERNAL AUTHENTICATE 11", { $0.externalAuthenticate(0x11) }),
        ("EXTERNAL AUTHENTICATE 13", { $0.externalAuthenticate(0x13) }),
        ("EXTERNAL AUTHENTICATE 30", { $0.externalAuthenticate(0x30) }),
        ("EXTERNAL AUTHENTICATE 33", { $0.externalAuthenticate(0x33) }),
        ("EXTERNAL AUTHENTICATE 02", { $0.externalAuthenticate(0x02) }),
        ("EXTERNAL AUTHENTICATE, wrong P2", { replacing($0.externalAuthenticate(0x01), 3, 0x01) }),
        ("EXTERNAL AUTHENTICATE, wrong cryptogram and MAC", { flipping($0.externalAuthenticate(0x01), 5) }),
        (
            "EXTERNAL AUTHENTICATE, wrong cryptogram",
            {
                $0.hostCryptogram[0] ^= 1
                return $0.externalAuthenticate(0x01)
            }
        ),
        ("EXTERNAL AUTHENTICATE, wrong MAC", { flipping($0.externalAuthenticate(0x01), -1) }),
        ("EXTERNAL AUTHENTICATE, short", { _ in octets("8482010004AABBCCDD") }),
        ("INTERNAL AUTHENTICATE", { _ in try authentication(0x88, "00", 0x13) }),
        ("INTERNAL AUTHENTICATE, malformed", { _ in octets("8088031304A6020000") }),
        ("INTERNAL AUTHENTICATE, secure messaging", { _ in replacing(try authentication(0x88, "00", 0x13), 0, 0x84) }),
        ("MUTUAL AUTHENTICATE without certificate", { _ in try authentication(0x82, "01", 0x11) }),
        ("PERFORM SECURITY OPERATION", { _ in try certificate() }),
        ("PERFORM SECURITY OPERATION, malformed", { _ in octets("802A03100430020000") }),
        ("plain command", { _ in plain + [0x00] }),
        ("plain command, ISO class", { _ in octets("00CA006600") }),
        ("SELECT", { _ in octets("00A4040000") }),
        ("secure messaging of ISO/IEC 7816-4", { _ in replacing(plain, 0, 0x8C) }),
        ("protected command", { protected($0, plain) }),
        ("protected command, wrong MAC", { flipping(protected($0, plain), -2) }),
        ("protected command, wrong header", { replacing(protected($0, plain), 2, 0x40) }),
        ("protected command, wrong padding", { $0.wrapWrongly(plain) }),
        ("protected command, ciphertext of no whole blocks", { $0.wrapBroken(plain) }),
        ("protected command, no MAC", { _ in octets("84F28002024F0000") }),
        ("protected command, no data", { _ in octets("84F2800200") }),
        ("BEGIN R-MAC SESSION 10", { own($0, octets("807A1001")) }),
        ("BEGIN R-MAC SESSION 30", { own($0, octets("807A3001")) }),
        ("BEGIN R-MAC SESSION, wrong P1", { own($0, octets("807A4001")) }),
        ("BEGIN R-MAC SESSION, not protected", { _ in octets("807A100100") }),
        ("END R-MAC SESSION 03", { own($0, octets("80780003")) }),
        ("END R-MAC SESSION 01", { own($0, octets("80780001")) }),
    ]

    static func replacing(_ command: [UInt8], _ index: Int, _ octet: UInt8) -> [UInt8] {
        var command = command
        command[index] = octet
        return command
    }

    static func flipping(_ command: [UInt8], _ index: Int) -> [UInt8] {
        var command = command
        command[index < 0 ? command.count + index : index] ^= 0x01
        return command
    }

    /// With a MAC at every level, also where none belongs there.
    static func protected(_ host: Host, _ command: [UInt8]) -> [UInt8] {
        let level = host.level
        host.level |= 0x01
        defer { host.level = level }
        return host.wrap(command)
    }

    /// As the level has it.
    static func own(_ host: Host, _ command: [UInt8]) -> [UInt8] { host.wrap(command) }

    static func authentication(_ ins: UInt8, _ parameters: String, _ identifier: UInt8) throws -> [UInt8] {
        let data = try SCP11Tests.agreement(parameters)
        return [0x80, ins, 0x03, identifier, UInt8(data.count)] + data
    }

    static func certificate() throws -> [UInt8] {
        let certificate = try SCP11Tests.certificate()
        return [0x80, 0x2A, 0x03, 0x10, UInt8(certificate.count)] + certificate
    }

    struct Setting {
        let name: String
        let channel: SecureChannelProtocol
        let keys: [[UInt8]]
        let levels: [UInt8]
    }

    static func settings() throws -> [Setting] {
        let aes = RoundTripTests.aesKeys(16)
        let des = RoundTripTests.desKeys
        func scp02(_ i: UInt8) throws -> SecureChannelProtocol { .scp02(try #require(SCP02Options(i))) }
        func scp03(_ i: UInt8) throws -> SecureChannelProtocol { .scp03(try #require(SCP03Options(i))) }
        return [
            Setting(name: "SCP02 55", channel: try scp02(0x55), keys: des, levels: [0x00, 0x01, 0x03]),
            Setting(
                name: "SCP02 75",
                channel: try scp02(0x75),
                keys: des,
                levels: [0x00, 0x01, 0x03, 0x10, 0x11, 0x13]
            ),
            Setting(name: "SCP03 00", channel: try scp03(0x00), keys: aes, levels: [0x00, 0x01, 0x03]),
            Setting(name: "SCP03 20", channel: try scp03(0x20), keys: aes, levels: [0x00, 0x01, 0x03, 0x11, 0x13]),
            Setting(
                name: "SCP03 70",
                channel: try scp03(0x70),
                keys: aes,
                levels: [0x00, 0x01, 0x03, 0x11, 0x13, 0x33]
            ),
        ]
    }

    /// A card and its host in a state.
    private func arrange(_ setting: Setting, _ place: Place) throws -> (CardSide, Host) {
        var keys = try SCP11Tests.keys()
        keys.add(0x30, setting.channel, setting.keys)
        let card = CardSide(keys)
        let host = Host(setting.channel, version: 0x30, keys: setting.keys)
        func open(_ level: UInt8) throws {
            try #require(host.take(card.send(host.initializeUpdate())))
            try #require(hex(card.send(host.externalAuthenticate(level))) == "9000")
        }
        switch place {
        case .none: break
        case .initialized: try #require(host.take(card.send(host.initializeUpdate())))
        case .open(let level): try open(level)
        case .aborted(let level):
            try open(level)
            _ = card.send("84F28002024F0000")
            try #require(card.session.state == .aborted)
        }
        return (card, host)
    }

    private func generate() throws -> String {
        var lines = ["protocol\tstate\tcommand\tstatus word\tstate after\tlevel after\texecuted"]
        for setting in try Self.settings() {
            var places: [Place] = [.none, .initialized]
            places += setting.levels.map { .open($0) }
            places += setting.levels.map { .aborted($0) }
            for place in places {
                for command in Self.commands {
                    let (card, host) = try arrange(setting, place)
                    let response = card.send(try command.make(host))
                    let status = hex(Array(response.suffix(2)))
                    let level = hex([card.session.level.rawValue])
                    let executed = card.received == nil ? "no" : "yes"
                    let fields = [
                        setting.name, "\(place)", command.name, status, "\(card.session.state)", level, executed,
                    ]
                    lines.append(fields.joined(separator: "\t"))
                }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    @Test func table() throws {
        let table = try generate()
        let url = Vectors.url("session-states.tsv")
        if ProcessInfo.processInfo.environment["VEUICC_RECORD"] != nil {
            try table.write(to: url, atomically: true, encoding: .utf8)
        }
        let recorded = try String(contentsOf: url, encoding: .utf8)
        let pairs = zip(table.split(separator: "\n"), recorded.split(separator: "\n"))
        for (now, then) in pairs where now != then { Issue.record("\(now) (recorded: \(then))") }
        #expect(table == recorded)
    }

    /// What must hold of every row, whatever it says.
    @Test func invariants() throws {
        let table = try String(contentsOf: Vectors.url("session-states.tsv"), encoding: .utf8)
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            let (state, command, status, after, level) = (fields[1], fields[2], fields[3], fields[4], fields[5])
            #expect(after == "open" || level == "00", "\(line)")
            if state.hasPrefix("aborted"), fields[6] == "yes" { #expect(command == "SELECT", "\(line)") }
            if command.contains("wrong MAC") || command.contains("wrong padding") || command.contains("whole blocks") {
                #expect(status != "9000" && fields[6] == "no", "\(line)")
            }
            // At a level with C-MAC nothing is executed that has none.
            if state.hasPrefix("open"), state.hasSuffix("1") || state.hasSuffix("3"), command.hasPrefix("plain") {
                #expect(status == "6982" && after == "aborted", "\(line)")
            }
            if status == "6982", state.hasPrefix("open") { #expect(after == "aborted", "\(line)") }
        }
    }
}
