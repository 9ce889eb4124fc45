import Card
import CardCrypto
import CardOS
import Foundation
import Memory
import Octets
import Testing

@testable import GlobalPlatform
@testable import RemoteManagement

/// A card of the factory with the default profile package, an issuer security domain with keys for secured packets, and
/// applications for remote file management.
final class RemoteCard {
    static let usim = "A0000000871002F999FFFF8900000100"
    static let issuer = "A000000151000000"
    /// KIc, KID and KIK, of AES.
    static let aesVersion: UInt8 = 0x01
    /// Those of Triple DES.
    static let desVersion: UInt8 = 0x02
    static let key = [UInt8](0x00...0x0F)
    static let fullFiles = "B00001"
    static let noFiles = "B00002"
    static let administratorFiles = "B00003"
    static let userFiles = "B00004"

    let image: UnsafeMutableRawBufferPointer
    var card: Card
    var host = ScriptHost()
    var reception = PacketReception()
    var messages = ShortMessageReception()
    var actions = RecordedActions()
    private let response = UnsafeMutableRawBufferPointer.allocate(byteCount: Card.maximumResponseLength, alignment: 8)

    init(size: Int = 524_288, _ furtherKeys: [FactoryConfiguration.KeySet] = []) throws {
        image = .allocate(byteCount: size, alignment: 4_096)
        try #require(Memory.format(image))
        card = try Card(image: image, environment: Environment(seed: [UInt8](repeating: 0x5A, count: 48)))
        var configuration = FactoryConfiguration()
        for (version, algorithm) in [(Self.aesVersion, BlockCipher.Algorithm.aes), (Self.desVersion, .des)] {
            configuration.keySets.append(
                .init(version: version, algorithm: algorithm, keys: Array(repeating: Self.key, count: 3))
            )
        }
        configuration.keySets += furtherKeys
        try card.manufacture(configuration)
        let package = try Data(contentsOf: Self.vectors.appending(path: "profiles/veuicc-default.der"))
        try #require(card.install(profilePackage: [[UInt8](package)]).isInstalled)
        for (number, file) in [
            (1, (Self.fullFiles, "00", Self.usim)), (2, (Self.noFiles, "FF", Self.usim)),
            (3, (Self.administratorFiles, "020001", Self.usim)), (4, (Self.userFiles, "0201", Self.usim)),
        ] {
            try installFileManagement("A0000005591010000\(number)", file.0, access: file.1, application: file.2)
        }
        card.powerOn()
    }

    deinit {
        image.deallocate()
        response.deallocate()
    }

    static var vectors: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "vectors")
    }

    /// An application for remote file management, with one access domain for everything.
    func installFileManagement(
        _ aid: String,
        _ reference: String,
        level: UInt8 = 0x02,
        access: String,
        application: String? = nil
    ) throws {
        func field(_ octets: String) -> String { Hex.string([UInt8(octets.count / 2)]) + octets }
        let domains = "00" + field(access) + "00" + (application.map { field($0) + field(access) + "00" } ?? "")
        let toolkit = "0000000000" + "0201" + Hex.string([level]) + field(reference) + "00"
        let template = "80" + field(toolkit) + "81" + field(domains) + "82" + field(domains)
        let attributes = try #require(Hex.octets("EA" + field(template)))
        let aid = try #require(Hex.octets(aid))
        try aid.withView { (aid) throws(StatusWord) in
            try attributes.withView { (attributes) throws(StatusWord) in
                try card.installFileManagement(aid, attributes)
            }
        }
        card.system.memory.commit()
        card.powerOn()
    }

    /// The entry of the issuer security domain.
    var issuer: ObjectReference? { card.open.registry.issuer }

    /// A key set of the issuer security domain for secured packets.
    func keySet(_ version: UInt8) throws -> KeySet {
        let domain = try #require(issuer)
        let set = card.system.memory.securedPacketKeySet(version, of: domain)
        return try #require(set)
    }

    /// The application with a reference.
    func application(_ reference: String) throws -> RemoteApplication? {
        let octets = try #require(Hex.octets(reference))
        return octets.withView { card.remoteApplication($0) }
    }

    /// The result of a script for the application with a reference, in hexadecimal.
    func run(
        _ script: String,
        for reference: String,
        level: SecurityLevel = [.commandMAC, .commandEncryption],
        capacity: Int = 4_096
    ) throws -> String {
        let octets = try #require(Hex.octets(script))
        let application = try #require(try application(reference))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 8)
        defer { buffer.deallocate() }
        var writer = OctetWriter(buffer)
        try octets.withView { (octets) throws(StatusWord) in
            try card.execute(RemoteScript(octets), for: application, level, &host, &actions, into: &writer)
        }
        #expect(!writer.overflowed)
        return Hex.string(writer.view.array)
    }

    /// What a packet is answered: nil where it is not. `capacity` is the room for a response packet.
    func receive(_ packet: [UInt8], capacity: Int = 512) -> (bearer: PacketReception.Bearer, octets: [UInt8])? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 8)
        defer { buffer.deallocate() }
        let result = packet.withView { card.receive($0, &reception, &actions, into: buffer) }
        return result.map { ($0.bearer, [UInt8](buffer[..<$0.length])) }
    }

    /// What a short message is answered: the response packet in the answer to ENVELOPE, and SMS-SUBMITs.
    func receive(shortMessage: [UInt8]) -> (report: [UInt8], submits: [[UInt8]]) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 8)
        defer { buffer.deallocate() }
        var writer = OctetWriter(buffer)
        let submits = shortMessage.withView { card.receive(shortMessage: $0, &messages, &actions, into: &writer) }
        return (writer.view.array, submits)
    }

    /// The results of commands, each in an expanded script of its own.
    func results(of commands: [String], for reference: String) throws -> [String] {
        let body = commands.map { "22" + Self.field($0) }.joined()
        let result = try run("AE80" + body + "0000", for: reference)
        let octets = try #require(Hex.octets(result))
        return octets.withView { view in
            var cursor = OctetCursor(view.part(from: 2))
            var results: [String] = []
            while cursor.peek == 0x23, let object = cursor.berTLV() { results.append(Hex.string(object.value.array)) }
            return results
        }
    }

    /// A BER length and the octets.
    static func field(_ octets: String) -> String {
        let count = octets.count / 2
        let length: [UInt8] = count < 0x80 ? [] : count < 0x100 ? [0x81] : [0x82, UInt8(count >> 8)]
        return Hex.string(length + [UInt8(truncatingIfNeeded: count)]) + octets
    }

    /// The response APDU to a command of the terminal; announced data are fetched.
    func send(_ command: String) throws -> String {
        var octets = try #require(Hex.octets(command))
        var data = ""
        while true {
            let length = octets.withUnsafeBytes { card.transmit($0, into: response) }
            let answer = Hex.string(response[0..<length])
            guard answer.count >= 4, answer.dropLast(2).hasSuffix("61") else { return data + answer }
            data += answer.dropLast(4)
            octets = [octets[0] & 0x43, 0xC0, 0x00, 0x00, 0x00]
        }
    }
}

/// Remembers the actions of scripts.
struct RecordedActions: ScriptActionHandler {
    var actions: [String] = []
    var isRefused = false

    mutating func perform(_ action: ScriptAction, for application: ObjectReference, on card: inout UICC) -> Bool {
        switch action {
        case .proactiveCommand(let objects): actions.append("command " + Hex.string(objects.array))
        case .record(let number): actions.append("record \(number)")
        case .proactiveSession: actions.append("session")
        case .earlyResponse: actions.append("early response")
        }
        return !isRefused
    }
}

extension Card {
    fileprivate mutating func installFileManagement(
        _ aid: OctetView,
        _ attributes: OctetView
    ) throws(StatusWord) {
        guard let domain = open.issuerSecurityDomain else { throw .referencedDataNotFound }
        try runtime.open.installRemoteFileManagement(aid, attributes, in: domain, on: &system)
    }

    fileprivate func remoteApplication(_ reference: OctetView) -> RemoteApplication? {
        open.remoteApplication(reference, in: system)
    }

    fileprivate mutating func receive(
        _ packet: OctetView,
        _ reception: inout PacketReception,
        _ actions: inout RecordedActions,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> (bearer: PacketReception.Bearer, length: Int)? {
        reception.receive(packet, actions: &actions, &runtime.open, &system, into: { _ in buffer })
    }

    fileprivate mutating func receive(
        shortMessage: OctetView,
        _ messages: inout ShortMessageReception,
        _ actions: inout RecordedActions,
        into report: inout OctetWriter
    ) -> [[UInt8]] {
        messages.receive(shortMessage, actions: &actions, &runtime.open, &system, into: &report)
    }

    fileprivate mutating func execute(
        _ script: RemoteScript,
        for application: RemoteApplication,
        _ level: SecurityLevel,
        _ host: inout ScriptHost,
        _ actions: inout RecordedActions,
        into writer: inout OctetWriter
    ) throws(StatusWord) {
        try host.execute(
            script,
            for: application,
            level: level,
            keyVersion: RemoteCard.aesVersion,
            actions: &actions,
            &runtime.open,
            &system,
            into: &writer
        )
    }
}
