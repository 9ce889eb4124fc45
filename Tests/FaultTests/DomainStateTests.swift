import Foundation
import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// Every command of a security domain in every state of the card, kind of domain and state of the session, with right and
/// wrong protection: vectors/globalplatform/states.tsv, which is read against the standard and compared with the card.
/// VEUICC_WRITE_STATES=1 writes it anew.
@Suite(.serialized) struct DomainStateTests {
    /// What the command finds: a row of the table.
    private struct Place {
        let domain: Domain
        let card: LifeCycleState
        var isLocked = false

        var name: String {
            let state: String
            switch card {
            case .opReady: state = "OP_READY"
            case .initialized: state = "INITIALIZED"
            case .secured: state = "SECURED"
            case .cardLocked: state = "CARD_LOCKED"
            default: state = "TERMINATED"
            }
            return "\(domain.rawValue)\(isLocked ? " LOCKED" : "")\t\(state)"
        }

        static let all: [Place] =
            [.opReady, .initialized, .secured, .cardLocked, .terminated].map { Place(domain: .issuer, card: $0) }
            + [.selectable, .plain, .authorized, .delegated].map { Place(domain: $0, card: .secured) }
            + [
                Place(domain: .authorized, card: .secured, isLocked: true),
                Place(domain: .authorized, card: .cardLocked),
                Place(domain: .authorized, card: .terminated),
            ]
    }

    /// A column of the table.
    private enum Session: CustomStringConvertible {
        case none
        case initialized
        case open(SessionKind)
        case aborted

        var description: String {
            switch self {
            case .none: "none"
            case .initialized: "initialized"
            case .open(let kind): kind.description
            case .aborted: "aborted"
            }
        }

        static let all: [Session] = [.none, .initialized] + SessionKind.all.map { .open($0) } + [.aborted]
    }

    private enum Protection: String, CaseIterable {
        case right, plain
        case wrongMAC = "wrong MAC"
        case missingMAC = "missing MAC"
        case wrongPadding = "wrong padding"

        func apply(_ command: [UInt8], _ session: DomainSession) -> [UInt8] {
            let host = session.host
            switch self {
            case .right: return host.wrap(command)
            case .plain: return command + [0x00]
            case .wrongMAC:
                let level = host.level
                host.level |= 0x01
                defer { host.level = level }
                var wrapped = host.wrap(command)
                wrapped[wrapped.count - 2] ^= 0x01
                return wrapped
            case .missingMAC: return [command[0] | 0x04] + command.dropFirst() + [0x00]
            case .wrongPadding: return host.wrapWrongly(command.count > 4 ? command : command + [0x00])
            }
        }
    }

    private typealias Maker = @Sendable (Domain, DomainSession) -> [UInt8]

    /// The commands, in the order of GPCS clause 11, then those of the sessions and of the platform.
    private static let commands: [(name: String, make: Maker)] = [
        ("DELETE application", { domain, _ in Command.make(0xE4, 0, 0, Command.tlv(0x4F, domain.below)) }),
        ("DELETE key", { _, _ in Command.make(0xE4, 0, 0, [0xD2, 0x01, 0x20]) }),
        ("GET DATA 66", { _, _ in Command.make(0xCA, 0x00, 0x66, []) }),
        ("GET DATA D3", { _, _ in Command.make(0xCA, 0x00, 0xD3, []) }),
        ("GET DATA E0", { _, _ in Command.make(0xCA, 0x00, 0xE0, []) }),
        ("GET STATUS 80", { _, _ in Command.make(0xF2, 0x80, 0x02, [0x4F, 0x00]) }),
        ("GET STATUS 40", { _, _ in Command.make(0xF2, 0x40, 0x02, [0x4F, 0x00]) }),
        (
            "INSTALL for load",
            { domain, _ in
                Command.make(0xE6, 0x02, 0, Command.install([[0xD2, 0x76, 0, 0, 5], domain.aid, [], [], []]))
            }
        ),
        (
            "INSTALL for install and make selectable",
            { domain, _ in
                let fields = [
                    Domain.firmware, Domain.firmware + [0x41], domain.aid + [0xC1], [0x80, 0, 0], [0xC9, 0x00], [],
                ]
                return Command.make(0xE6, 0x0C, 0, Command.install(fields))
            }
        ),
        (
            "INSTALL for make selectable",
            { domain, _ in Command.make(0xE6, 0x08, 0, Command.install([[], [], domain.below, [0], [], []])) }
        ),
        (
            "INSTALL for extradition",
            { domain, _ in
                Command.make(0xE6, 0x10, 0, Command.install([Domain.plain.aid, [], domain.below, [], [], []]))
            }
        ),
        (
            "INSTALL for registry update",
            { domain, _ in
                let fields = [[], [], domain.below, [], [0xEF, 0x03, 0xD9, 0x01, 0x40], []]
                return Command.make(0xE6, 0x40, 0, Command.install(fields))
            }
        ),
        (
            "INSTALL for personalization",
            { domain, _ in Command.make(0xE6, 0x20, 0, Command.install([[], [], domain.below, [], [], []])) }
        ),
        ("LOAD", { _, _ in Command.make(0xE8, 0x80, 0, [0xC4, 0x01, 0x00]) }),
        (
            "PUT KEY",
            { _, session in
                Command.make(0xD8, 0x00, 0x81, session.keyData(0x31, .aes, DomainKeys.scp03))
            }
        ),
        ("SET STATUS card locked", { _, _ in Command.make(0xF0, 0x80, 0x7F, []) }),
        ("SET STATUS card terminated", { _, _ in Command.make(0xF0, 0x80, 0xFF, []) }),
        ("SET STATUS card secured", { _, _ in Command.make(0xF0, 0x80, 0x0F, []) }),
        ("SET STATUS application locked", { domain, _ in Command.make(0xF0, 0x40, 0x80, domain.below) }),
        ("SET STATUS application unlocked", { domain, _ in Command.make(0xF0, 0x40, 0x00, domain.below) }),
        ("SET STATUS itself locked", { domain, _ in Command.make(0xF0, 0x40, 0x80, domain.aid) }),
        (
            "STORE DATA",
            { _, _ in Command.make(0xE2, 0x88, 0, [0x00, 0x70, 0x04, 0x45, 0x02, 0xAA, 0xBB]) }
        ),
        ("BEGIN R-MAC SESSION", { _, _ in Command.make(0x7A, 0x10, 0x01, []) }),
        ("END R-MAC SESSION", { _, _ in Command.make(0x78, 0x00, 0x03, []) }),
        ("unknown command", { _, _ in Command.make(0xEE, 0x00, 0x00, []) }),
    ]

    /// Commands that never come with protection: their rows have one kind of it.
    private static let unprotected: [(name: String, make: Maker)] = [
        ("MANAGE CHANNEL open", { _, _ in [0x00, 0x70, 0x00, 0x00, 0x01] }),
        ("SELECT ISD", { _, _ in [0x00, 0xA4, 0x04, 0x00, 0x00] }),
        (
            "SELECT the domain",
            { domain, _ in [0x00, 0xA4, 0x04, 0x00, UInt8(domain.aid.count)] + domain.aid + [0x00] }
        ),
        ("SELECT what is below", { domain, _ in [0, 0xA4, 4, 0, UInt8(domain.below.count)] + domain.below + [0x00] }),
        ("SELECT MF", { _, _ in [0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00, 0x00] }),
        ("STATUS of the UICC", { _, _ in [0x80, 0xF2, 0x00, 0x00, 0x00] }),
        ("INITIALIZE UPDATE", { _, session in session.host.initializeUpdate() }),
        ("EXTERNAL AUTHENTICATE 01", { _, session in session.host.externalAuthenticate(0x01) }),
        (
            "EXTERNAL AUTHENTICATE, wrong cryptogram",
            { _, session in
                session.host.hostCryptogram[0] ^= 1
                return session.host.externalAuthenticate(0x01)
            }
        ),
        ("PERFORM SECURITY OPERATION", { _, _ in (try? DomainSession.certificateSegments().first ?? []) ?? [] }),
    ]

    /// Brings a card to where a command is to be sent.
    private func arrange(_ card: FaultCard, _ place: Place, _ session: Session) throws -> DomainSession {
        card.card.powerOn()
        let host = DomainSession(card)
        if place.domain != .issuer { _ = host.select(place.domain.aid) }
        switch session {
        case .none: break
        case .initialized: host.initialize(.scp03(0x01))
        case .open(let kind):
            let status = try host.open(kind)
            try #require(status == [0x90, 0x00], "\(place.name) \(session): \(Hex.string(status))")
        case .aborted:
            _ = try host.open(.scp03(0x01))
            _ = card.send([0x80, 0xF2, 0x40, 0x02, 0x02, 0x4F, 0x00, 0x00])
        }
        // As another channel would.
        try card.card.set(place.card, of: Domain.issuer.aid)
        if place.isLocked { try card.card.set(place.domain.lifeCycle.locked, of: place.domain.aid) }
        return host
    }

    /// What the command has made of the session: * where that is open no longer.
    private func outcome(_ card: FaultCard, _ response: [UInt8], _ session: Session) -> String {
        let status = Hex.string(Array(response.suffix(2)))
        guard case .open = session else { return status }
        return card.card.open.channels[0].session?.pointee.secureChannel.state == .open ? status : status + "*"
    }

    private func generate() throws -> String {
        let base = try Fixture.domains(size: 65_536)
        let card = try FaultCard(base, .t1)
        var lines = [
            (["command", "protection", "domain", "card"] + Session.all.map(\.description)).joined(separator: "\t")
        ]
        for (number, command) in (Self.commands + Self.unprotected).enumerated() {
            let isProtected = number < Self.commands.count
            for (index, place) in Place.all.enumerated() {
                // What is not genuine is refused before anything else is looked at: shown in one place.
                let protections: [Protection] =
                    !isProtected ? [.right] : index == 2 ? Protection.allCases : [.right, .plain]
                for protection in protections {
                    var cells = [command.name, isProtected ? protection.rawValue : "none", place.name]
                    for session in Session.all {
                        card.image.copy(base)
                        let host = try arrange(card, place, session)
                        let clear = command.make(place.domain, host)
                        let sent = isProtected ? protection.apply(clear, host) : clear
                        cells.append(outcome(card, card.send(sent), session))
                    }
                    lines.append(cells.joined(separator: "\t"))
                }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let url = Fixture.vectors.appending(path: "globalplatform/states.tsv")

    @Test func table() throws {
        let table = try generate()
        if Setting.writesStates { try table.write(to: Self.url, atomically: true, encoding: .utf8) }
        let recorded = try String(contentsOf: Self.url, encoding: .utf8)
        for (now, then) in zip(table.split(separator: "\n"), recorded.split(separator: "\n")) where now != then {
            Issue.record("\(now) (recorded: \(then))")
        }
        #expect(table == recorded)
    }

    /// What must hold of every row, whatever it says.
    @Test func invariants() throws {
        let lines = try String(contentsOf: Self.url, encoding: .utf8).split(separator: "\n")
        let head = lines[0].split(separator: "\t").map(String.init)
        for line in lines.dropFirst() {
            let cells = line.split(separator: "\t").map(String.init)
            try #require(cells.count == head.count, "\(line)")
            let needsAuthentication =
                ["DELETE", "GET STATUS", "INSTALL", "LOAD", "PUT KEY", "SET STATUS", "STORE DATA"].contains {
                    cells[0].hasPrefix($0)
                }
            for (session, cell) in zip(head.dropFirst(4), cells.dropFirst(4)) {
                let isExecuted = ["90", "61", "62", "63"].contains(cell.prefix(2))
                let hasMAC = session.hasSuffix("1") || session.hasSuffix("3")
                // Nothing that is not genuine is executed, and it aborts the session, in whatever state.
                if cells[1] == "wrong MAC" || cells[1] == "missing MAC" { #expect(!isExecuted, "\(session): \(line)") }
                if cells[1] == "wrong padding" && session.hasSuffix("3") { #expect(!isExecuted, "\(session): \(line)") }
                if cells[1] == "plain", hasMAC, cells[0] != "unknown command" {
                    #expect(cell == "6982*" || cell == "6985", "\(session): \(line)")
                }
                // (An unknown command is none of the security domain's: the platform refuses it.)
                // Nothing is managed without authentication, nor on a terminated card.
                let isAuthenticated = session.hasPrefix("SCP") && !session.hasPrefix("SCP11b")
                if needsAuthentication, !isAuthenticated { #expect(!isExecuted, "\(session): \(line)") }
                if needsAuthentication, cells[3] == "TERMINATED" { #expect(!isExecuted, "\(session): \(line)") }
                if needsAuthentication, cells[3] == "CARD_LOCKED", !cells[0].hasPrefix("SET STATUS card"),
                    !cells[0].hasPrefix("GET STATUS")
                {
                    #expect(!isExecuted, "\(session): \(line)")
                }
                if cells[2].hasSuffix("SSD PERSONALIZED AM LOCKED"), cells[1] != "none" {
                    #expect(!isExecuted, "\(session): \(line)")
                }
            }
        }
    }
}
