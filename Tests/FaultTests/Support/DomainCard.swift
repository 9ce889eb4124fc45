import Card
import CardCrypto
import CardOS
import Foundation
import Memory
import Octets

@testable import GlobalPlatform

/// The security domains that the tests begin with, their keys, and what stands below them.
enum Domain: String, CaseIterable {
    /// The issuer's.
    case issuer = "ISD"
    /// SELECTABLE, with keys.
    case selectable = "SSD SELECTABLE"
    /// PERSONALIZED, without privileges of management.
    case plain = "SSD PERSONALIZED"
    /// PERSONALIZED, with Authorized Management.
    case authorized = "SSD PERSONALIZED AM"
    /// PERSONALIZED, with Delegated Management.
    case delegated = "SSD PERSONALIZED DM"

    var aid: [UInt8] {
        switch self {
        case .issuer: [0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00]
        case .selectable: Self.firmware + [0x42, 0x01]
        case .plain: Self.firmware + [0x42, 0x02]
        case .authorized: Self.firmware + [0x42, 0x03]
        case .delegated: Self.firmware + [0x42, 0x04]
        }
    }

    /// The AID of an application below it, itself a security domain without keys.
    var below: [UInt8] { aid + [0xC0] }

    var privileges: [UInt8] {
        switch self {
        case .issuer: [0x9E, 0xFE, 0x80]
        case .selectable, .plain: [0x80, 0x00, 0x00]
        case .authorized: [0x80, 0x40, 0x00]
        case .delegated: [0xA0, 0x00, 0x00]
        }
    }

    var lifeCycle: LifeCycleState {
        switch self {
        case .issuer: .secured
        case .selectable: .selectable
        default: .personalized
        }
    }

    /// The load file of security domains; its module has 41 behind it.
    static let firmware: [UInt8] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x53, 0x50]
}

/// Octets that stand nowhere else, so that they can be looked for.
enum DomainKeys {
    static let scp03 = keys(0x30)
    static let scp02 = keys(0x20)
    /// Of SCP11: the private key of the card, of the off-card entity, and of who signs its certificate.
    static let card = [UInt8](repeating: 0x22, count: 31) + [0x29]
    static let host = [UInt8](repeating: 0x55, count: 32)
    static let hostEphemeral = [UInt8](repeating: 0x44, count: 32)
    static let authority = [UInt8](repeating: 0x33, count: 32)

    /// Everything that no response may tell.
    static let all = scp03 + scp02 + [card]

    private static func keys(_ version: UInt8) -> [[UInt8]] {
        var value = version
        var keys: [[UInt8]] = []
        for _ in 0..<3 {
            var key: [UInt8] = []
            for _ in 0..<16 {
                value = value &* 165 &+ 77
                key.append(value)
            }
            keys.append(key)
        }
        return keys
    }

    static func point(_ scalar: [UInt8]) throws -> [UInt8] {
        try scalar.withView { try PrivateKey(.p256, scalar: $0).publicKey.uncompressed }
    }
}

extension Fixture {
    /// A card with a small file system and the security domains of `Domain`. Nothing of it depends on PUT KEY or SET
    /// STATUS: keys and states are put where those commands put them.
    static func domains(size: Int = 131_072) throws -> Block {
        let card = try FaultCard(empty(size: size), .t1)
        try card.card.makeDomains()
        let package = [UInt8](try Data(contentsOf: vectors.appending(path: "conformance/small.der")))
        guard card.card.install(profilePackage: [package]).isInstalled else { throw Failure.notInstalled }
        return card.image
    }
}

extension Card {
    fileprivate mutating func makeDomains() throws {
        powerOn()
        try runtime.open.registerFirmware(on: &system)
        runtime.open.enterFactory()
        try factory(
            Domain.issuer.aid,
            Domain.issuer.privileges,
            [0x81, 2, 3, 0x70, 0x81, 2, 2, 0x75, 0x81, 2, 0x11, 0]
        )
        let key = secret([UInt8](repeating: 0, count: 16))
        runtime.open.selectIssuer(in: system, try DataEncryptionKey(.aes, key: key.view))
        for domain in Domain.allCases {
            if domain != .issuer { try factory(domain.aid, domain.privileges, [0x81, 2, 3, 0x70, 0x81, 2, 2, 0x75]) }
            try factory(domain.below, [0x80, 0x00, 0x00], [])
            let entry = try reference(domain.aid)
            let below = try reference(domain.below)
            try system.memory.set(.securityDomain, of: below, to: entry)
            try system.memory.setParent(system.memory.owner(of: entry), of: system.memory.owner(of: below))
            try system.memory.set(.lifeCycle, of: entry, to: UInt32(domain.lifeCycle.rawValue))
            try system.memory.putTestKeys(in: entry)
        }
        system.memory.commit()
        powerOn()
    }

    /// INSTALL [for install and make selectable] of a security domain.
    private mutating func factory(_ aid: [UInt8], _ privileges: [UInt8], _ parameters: [UInt8]) throws {
        let data = Command.install(
            [Domain.firmware, Domain.firmware + [0x41], aid, privileges, Command.tlv(0xC9, parameters), []]
        )
        let command = Command.make(0xE6, 0x0C, 0x00, data) + [0x00]
        let response = Block(size: Self.maximumResponseLength)
        let length = command.withUnsafeBytes { transmit($0, into: response.octets) }
        guard [UInt8](response.octets[..<length]).suffix(2) == [0x90, 0x00] else { throw Fixture.Failure.notInstalled }
    }

    /// The entry with an AID.
    func reference(_ aid: [UInt8]) throws -> ObjectReference {
        guard let entry = aid.withView({ open.registry.entry($0, in: system.memory)?.reference }) else {
            throw Fixture.Failure.notInstalled
        }
        return entry
    }

    /// Changes a life cycle state behind the back of all commands.
    mutating func set(_ state: LifeCycleState, of aid: [UInt8]) throws {
        let entry = try reference(aid)
        try system.memory.set(.lifeCycle, of: entry, to: UInt32(state.rawValue))
        system.memory.commit()
        // As after a command that has changed it.
        runtime.open.registry.build(from: system.memory)
    }
}

extension Memory {
    fileprivate mutating func putTestKeys(in domain: ObjectReference) throws {
        var options = SecureChannelOptions()
        options.scp02 = SCP02Options(0x75) ?? options.scp02
        options.authenticationLimit = 5
        for (version, type, keys) in [
            (UInt8(0x30), KeyType.aes, DomainKeys.scp03), (0x20, .des, DomainKeys.scp02),
        ] {
            var list = KeyList(capacity: 256)
            for (number, key) in keys.enumerated() { key.withView { list.append(UInt8(number + 1), type, $0) } }
            try putKeys(list, version: version, .adding, in: domain, options)
        }
        var list = KeyList(capacity: 256)
        for identifier: UInt8 in [0x11, 0x13, 0x15] {
            DomainKeys.card.withView { list.append(identifier, .eccPrivate, curve: .p256, $0) }
        }
        try DomainKeys.point(DomainKeys.authority).withView { list.append(0x10, .eccPublic, curve: .p256, $0) }
        try putKeys(list, version: 0x03, .adding, in: domain, options)
    }
}

/// Commands in the clear, without Le.
enum Command {
    static func make(_ ins: UInt8, _ p1: UInt8, _ p2: UInt8, _ data: [UInt8]) -> [UInt8] {
        [0x80, ins, p1, p2] + (data.isEmpty ? [] : lengthField(data.count) + data)
    }

    /// Lc.
    private static func lengthField(_ count: Int) -> [UInt8] {
        count > 255 ? [0x00, UInt8(count >> 8), UInt8(count & 0xFF)] : [UInt8(count)]
    }

    static func tlv(_ tag: Int, _ value: [UInt8]) -> [UInt8] {
        let octets: [UInt8] = tag > 0xFF ? [UInt8(tag >> 8), UInt8(tag & 0xFF)] : [UInt8(tag)]
        return octets + length(value.count) + value
    }

    static func length(_ count: Int) -> [UInt8] {
        count < 0x80
            ? [UInt8(count)] : count < 0x100 ? [0x81, UInt8(count)] : [0x82, UInt8(count >> 8), UInt8(count & 0xFF)]
    }

    /// Fields, each behind its length.
    static func install(_ fields: [[UInt8]]) -> [UInt8] { fields.flatMap { length($0.count) + $0 } }
}
