import ArgumentParser
import Card
import CardManagement
import GlobalPlatform
import Octets
import Reader

struct GlobalPlatformCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gp",
        abstract: "Manages the content of a card: applications, security domains and keys.",
        discussion: """
            veuicc gp info --image card.img
            veuicc gp list --reader "veuicc 0"
            veuicc gp put-key --kind aes --new-version 31 404142434445464748494A4B4C4D4E4F --image card.img

            Commands other than info open a secure channel session with the security domain first. docs/keys.md \
            specifies key files; without keys the test keys 4041...4F are used.
            """,
        subcommands: [
            GlobalPlatformInfo.self, GlobalPlatformList.self, GlobalPlatformInstall.self, GlobalPlatformLoad.self,
            GlobalPlatformDelete.self, GlobalPlatformPutKey.self, GlobalPlatformStoreData.self,
            GlobalPlatformSetStatus.self,
        ]
    )
}

/// The options of all commands of `gp`: the card, and the security domain.
struct DomainOptions: ParsableArguments {
    @OptionGroup var place: CardPlace

    @Option(help: "The AID of the security domain; the issuer's unless said otherwise.")
    var securityDomain: HexArgument?

    @Option(help: "Entropy of a card on an image in hexadecimal, 48 octets, so that a run can be repeated.")
    var seed: Entropy?

    /// Selects the security domain and does something with it. What the card refuses ends the command.
    func withDomain(_ body: (CardManager) throws -> Void) throws {
        if let aid = securityDomain { try aid.requireAID("--security-domain") }
        let terminal = try place.open(Environment(seed: (seed ?? .ofTheSystem).octets(ofCard: 0)))
        let manager = CardManager(terminal)
        do {
            try manager.select(securityDomain?.octets)
            try body(manager)
        } catch let error as CardManagementError {
            throw Failure(error)
        }
    }
}

/// The options of the commands of `gp` that need a secure channel session.
struct SessionOptions: ParsableArguments {
    @OptionGroup var domain: DomainOptions

    @Option(
        name: .customLong("protocol"),
        help: "scp02, scp03, scp11a, scp11b or scp11c; the card's unless said otherwise."
    )
    var channel: HostProtocol?

    @Option(help: "The key version in hexadecimal; that of the keys, or the card's default.")
    var keyVersion: HexArgument?

    @Option(help: "The security level: \(LevelArgument.names), or its octet in hexadecimal.")
    var level: LevelArgument?

    @Option(help: "A file with keys: docs/keys.md.")
    var keyFile: String?

    @Option(help: "ENC, MAC and DEK in hexadecimal with commas between them, or one key for all: others can read them.")
    var keys: String?

    /// Opens a session with the security domain and does something in it.
    func withSession(_ body: (CardManager) throws -> Void) throws {
        let keys = try hostKeys()
        let version = try keyVersion?.octet("--key-version")
        try domain.withDomain { manager in
            var system = SystemRandomNumberGenerator()
            try manager.authenticate(keys, version: version, channel: channel, level: level?.level) { count in
                (0..<count).map { _ in UInt8.random(in: 0...255, using: &system) }
            }
            try body(manager)
        }
    }

    private func hostKeys() throws(Failure) -> [HostKeys] {
        guard keyFile == nil || keys == nil else {
            throw Failure(.usage, description: "--key-file and --keys are two places for keys")
        }
        if let keyFile { return try InputFile.keys(keyFile) }
        guard let keys else { return [.test()] }
        let parts = keys.split(separator: ",", omittingEmptySubsequences: false).map { Hex.octets($0) ?? [] }
        guard parts.count == 1 || parts.count == 3, parts.allSatisfy({ [16, 24, 32].contains($0.count) }) else {
            throw Failure(
                .usage,
                description: "--keys: one key, or three with commas, of 16, 24 or 32 octets are needed"
            )
        }
        Output.note("Warning: --keys shows the keys to everybody who lists processes; --key-file does not")
        return [
            HostKeys(
                .symmetric(
                    StaticKeys(
                        encryption: parts[0],
                        mac: parts[parts.count / 2],
                        dataEncryption: parts[parts.count - 1]
                    )
                )
            )
        ]
    }
}

extension HostProtocol: ExpressibleByArgument {}

extension InputFile {
    /// The key sets of the file at `path`: docs/keys.md.
    ///
    /// - Throws: `data` where it is not one, with the line; what is in the way of the file.
    static func keys(_ path: String) throws(Failure) -> [HostKeys] {
        let text = String(decoding: try octets(path, "the keys", limit: 1_048_576), as: UTF8.self)
        do throws(KeyFileError) {
            return try KeyFile.keys(text)
        } catch {
            throw Failure(.data, description: "\(path):\(error)")
        }
    }
}

/// An argument in hexadecimal.
struct HexArgument: ExpressibleByArgument {
    let octets: [UInt8]

    init?(argument: String) {
        guard let octets = Hex.octets(argument) else { return nil }
        self.octets = octets
    }

    /// - Throws: `usage` where it is not one octet.
    func octet(_ name: String) throws(Failure) -> UInt8 {
        guard octets.count == 1 else {
            throw Failure(.usage, description: "\(name): two hexadecimal digits are needed")
        }
        return octets[0]
    }

    /// - Throws: `usage` where it is no AID.
    @discardableResult func requireAID(_ name: String) throws(Failure) -> [UInt8] {
        guard (5...16).contains(octets.count) else {
            throw Failure(.usage, description: "\(name): an AID has 5 to 16 octets")
        }
        return octets
    }
}

/// A security level by its name or its octet.
struct LevelArgument: ExpressibleByArgument {
    let level: SecurityLevel

    private static let levels: [(name: String, value: UInt8)] = [
        ("none", 0x00), ("mac", 0x01), ("enc", 0x03), ("rmac", 0x11), ("enc-rmac", 0x13), ("renc", 0x33),
    ]

    static var names: String { levels.map(\.name).joined(separator: ", ") }

    init?(argument: String) {
        if let named = Self.levels.first(where: { $0.name == argument.lowercased() }) {
            level = SecurityLevel(rawValue: named.value)
        } else if let octets = Hex.octets(argument), octets.count == 1,
            octets[0] == 0x10 || Self.levels.contains(where: { $0.value == octets[0] })
        {
            level = SecurityLevel(rawValue: octets[0])
        } else {
            return nil
        }
    }
}

extension Failure {
    /// What ends a command that the card, or something on the way to it, does not let be done.
    init(_ error: CardManagementError) {
        switch error.kind {
        case .refused(let status):
            self.init(
                Self.exitStatus(of: status),
                description: "\(error.description): \(GlobalPlatformStatus.text(status))"
            )
        case .terminal(let failure):
            self.init(ExitStatus(of: failure) ?? .inputOutput, description: error.description)
        case .keys: self.init(.noPermission, description: error.description)
        case .answer: self.init(.protocolMismatch, description: error.description)
        case .input: self.init(.data, description: error.description)
        }
    }

    private static func exitStatus(of status: StatusWord) -> ExitStatus {
        switch status.value {
        case 0x6300, 0x6982, 0x6983, 0x6985: .noPermission
        case 0x6A82, 0x6A88: .noInput
        case 0x6A84, 0x6581: .cannotCreate
        case 0x6A81, 0x6D00, 0x6E00: .unavailable
        default: .data
        }
    }
}
