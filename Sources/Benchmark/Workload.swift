import Card
import Octets

extension Sequence<UInt8> {
    var hexadecimal: String { Hex.string(Array(self)) }
}

extension UInt16 {
    var hexadecimal: String { [UInt8(self >> 8), UInt8(self & 0xFF)].hexadecimal }
}

/// Commands that are sent in turn, again and again, to a card that `before` has prepared.
struct Workload {
    let name: String
    /// Sent once after each power-on.
    let before: [[UInt8]]
    let commands: [[UInt8]]
    /// The octets of the responses to all `commands`, once each.
    let responseOctets: Int
    /// Whether each commit waits for the disk.
    let waitsForDisk: Bool
    /// The status word of commands that have it once only: the image must be renewed before they are sent again. nil:
    /// they can be sent again and again.
    let onceOnlyStatus: UInt16?
    let transmissionProtocol: Environment.TransmissionProtocol

    var isOnceOnly: Bool { onceOnlyStatus != nil }

    init(
        _ name: String,
        before: [[UInt8]] = [],
        _ commands: [[UInt8]],
        responses: Int,
        waitsForDisk: Bool = false,
        onceOnlyStatus: UInt16? = nil,
        transmissionProtocol: Environment.TransmissionProtocol = .t0
    ) {
        self.name = name
        self.before = before
        self.commands = commands
        responseOctets = responses
        self.waitsForDisk = waitsForDisk
        self.onceOnlyStatus = onceOnlyStatus
        self.transmissionProtocol = transmissionProtocol
    }
}

extension Workload {
    /// Two transparent EFs of 255 octets below the MF, which `veuicc-bench prepare` makes: with the rule of EF.ARR record
    /// 1, to read always, to update after PIN1, which the default profile has disabled.
    static let files: [UInt16] = [0x6FB0, 0x6FB1]
    static let verifyADM: [UInt8] = [0x00, 0x20, 0x00, 0x0A, 0x08] + [UInt8](repeating: 0x35, count: 8)

    static func create(_ file: UInt16) -> [UInt8] {
        let fields: [UInt8] =
            [0x82, 0x02, 0x41, 0x21, 0x83, 0x02, UInt8(file >> 8), UInt8(file & 0xFF), 0x8A, 0x01, 0x05]
            + [0x8B, 0x03, 0x2F, 0x06, 0x01, 0x80, 0x02, 0x00, 0xFF, 0x88, 0x00]
        return [0x00, 0xE0, 0x00, 0x00, UInt8(fields.count + 2), 0x62, UInt8(fields.count)] + fields
    }

    /// SELECT by identifier; P2 = 04 asks for the FCP, 0C for no data.
    static func select(_ file: UInt16, p2: UInt8 = 0x0C) -> [UInt8] {
        [0x00, 0xA4, 0x00, p2, 0x02, UInt8(file >> 8), UInt8(file & 0xFF)]
    }

    /// SELECT by name, and no data asked for.
    static func select(_ aid: [UInt8]) -> [UInt8] { [0x00, 0xA4, 0x04, 0x0C, UInt8(aid.count)] + aid }

    static let selectIssuer = select(FactoryConfiguration().issuerSecurityDomain)

    static let read: [UInt8] = [0x00, 0xB0, 0x00, 0x00, 0xFF]

    /// UPDATE BINARY of 10 octets; two updates with other octets in turn always change something.
    static func update(_ octet: UInt8) -> [UInt8] {
        [0x00, 0xD6, 0x00, 0x00, 0x0A] + [UInt8](repeating: octet, count: 10)
    }

    static let all = [
        Workload("select-fcp", files.map { select($0, p2: 0x04) }, responses: 4),
        Workload("select", files.map { select($0) }, responses: 4),
        Workload("read", before: [select(files[0])], [read], responses: 257),
        Workload("select-read", files.flatMap { [select($0), read] }, responses: 518),
        Workload("update", before: [select(files[0])], [update(0x11), update(0x22)], responses: 4),
        Workload(
            "update-disk",
            before: [select(files[0])],
            [update(0x11), update(0x22)],
            responses: 4,
            waitsForDisk: true
        ),
    ]

    /// - Parameter image: the file that it is to run on.
    static func named(_ name: String, image: String) throws -> Workload {
        if let workload = try Authentications.workload(name) { return workload }
        if let workload = try Applications.workload(name, image: image) { return workload }
        if let commands = ProtectedCommands.all.first(where: { $0.name == name }) {
            return try commands.workload(image: image)
        }
        guard let workload = all.first(where: { $0.name == name }) else {
            let names = [all.map(\.name), Authentications.names, ProtectedCommands.all.map(\.name), Applications.names]
            let list = names.joined().joined(separator: " ")
            throw Failure(description: "\(name): no such workload; there are \(list)")
        }
        return workload
    }
}
