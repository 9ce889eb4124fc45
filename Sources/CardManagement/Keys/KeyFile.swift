import CardCrypto
import Octets

/// Why a key file cannot be used: one line, with the number of the line where it is wrong.
public struct KeyFileError: Error, Equatable, CustomStringConvertible {
    /// The line, from 1; of a key set that lacks something, its first one.
    public let line: Int
    /// What is wrong there.
    public let reason: String

    /// The line and the reason.
    public var description: String { "\(line): \(reason)" }
}

/// Reads key files: docs/keys.md specifies them.
///
/// A block of lines, which an empty line ends, is a key set. A line is a name, white space and a value; `#` begins a
/// comment.
public enum KeyFile {
    /// The key sets of a file that sessions are opened with.
    public static func keys(_ text: String) throws(KeyFileError) -> [HostKeys] {
        var keys: [HostKeys] = []
        for block in try blocks(text) {
            if !block.isForPackets { keys.append(try block.keys()) }
        }
        return keys
    }

    /// The key sets of a file that are for secured packets.
    public static func packetKeys(_ text: String) throws(KeyFileError) -> [PacketKeySet] {
        var keys: [PacketKeySet] = []
        for block in try blocks(text) {
            if block.isForPackets { keys.append(try block.packetKeys()) }
        }
        return keys
    }

    private static func blocks(_ text: String) throws(KeyFileError) -> [KeyBlock] {
        var blocks: [KeyBlock] = []
        var block = KeyBlock()
        var number = 0
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            number += 1
            let content = line.prefix { $0 != "#" }
            let words = content.split(maxSplits: 1, whereSeparator: \.isWhitespace)
            if let name = words.first {
                let value = words.count > 1 ? words[1] : ""
                try block.add(name.lowercased(), String(value.filter { !$0.isWhitespace }), line: number)
            } else if line.allSatisfy(\.isWhitespace), !block.isEmpty {
                blocks.append(block)
                block = KeyBlock()
            }
        }
        if !block.isEmpty { blocks.append(block) }
        guard !blocks.isEmpty else { throw KeyFileError(line: max(1, number), reason: "there is no key set") }
        return blocks
    }
}

/// The lines of one key set.
private struct KeyBlock {
    private var values: [String: (value: String, line: Int)] = [:]
    private var certificates: [[UInt8]] = []
    private var first = 0

    private static let names: Set<String> = [
        "version", "protocol", "i", "key", "enc", "mac", "dek", "curve", "private", "ca", "card-key", "card-ca",
        "aes", "mode", "kic", "kid", "algorithm",
    ]
    private static let packetNames: Set<String> = ["version", "protocol", "key", "kic", "kid", "algorithm"]

    var isEmpty: Bool { first == 0 }

    /// Whether the keys are those of secured packets, and of no session.
    var isForPackets: Bool { values["protocol"]?.value.lowercased() == "scp80" }

    mutating func add(_ name: String, _ value: String, line: Int) throws(KeyFileError) {
        if first == 0 { first = line }
        if name == "certificate" {
            guard let octets = Hex.octets(value), !octets.isEmpty else {
                throw KeyFileError(line: line, reason: "certificate: hexadecimal digits are needed")
            }
            return certificates.append(octets)
        }
        guard Self.names.contains(name) else { throw KeyFileError(line: line, reason: "there is no \"\(name)\"") }
        guard values[name] == nil else { throw KeyFileError(line: line, reason: "\(name) stands twice") }
        values[name] = (value, line)
    }

    func keys() throws(KeyFileError) -> HostKeys {
        let version = try number("version")
        var channel: HostProtocol?
        if let (value, line) = values["protocol"] {
            channel = HostProtocol(rawValue: value.lowercased())
            guard channel != nil else {
                throw KeyFileError(
                    line: line,
                    reason: "protocol: scp02, scp03, scp11a, scp11b, scp11c or scp80 is needed"
                )
            }
        }
        for name in ["kic", "kid", "algorithm"] {
            if let line = values[name]?.line { throw KeyFileError(line: line, reason: "\(name) is for SCP80 alone") }
        }
        if let channel, !channel.isSymmetric {
            return HostKeys(version: version, channel: channel, .agreement(try agreement(channel)))
        }
        for name in ["curve", "private", "ca", "card-key", "card-ca", "aes", "mode"] {
            if let line = values[name]?.line {
                throw KeyFileError(line: line, reason: "\(name) is for SCP11 alone")
            }
        }
        return HostKeys(version: version, channel: channel, .symmetric(try symmetric(channel)), i: try number("i"))
    }

    func packetKeys() throws(KeyFileError) -> PacketKeySet {
        for (name, value) in values.sorted(by: { $0.value.line < $1.value.line })
        where !Self.packetNames.contains(name) {
            throw KeyFileError(line: value.line, reason: "\(name) is not for SCP80")
        }
        guard let version = try number("version"), (0x01...0x0F).contains(version) else {
            throw KeyFileError(line: values["version"]?.line ?? first, reason: "version: SCP80 needs one of 01 to 0F")
        }
        let algorithm = try choice("algorithm", ["aes": PacketKeySet.Algorithm.aes, "des": .des]) ?? .aes
        let all = try octets("key")
        var keys: [[UInt8]] = []
        for name in ["kic", "kid"] {
            guard let key = try octets(name) ?? all else {
                throw KeyFileError(line: first, reason: "the key set has no \(name)")
            }
            guard key.count == 16 || key.count == 24 || algorithm == .aes && key.count == 32 else {
                let lengths = algorithm == .aes ? "16, 24 or 32" : "16 or 24"
                let line = values[name]?.line ?? values["key"]?.line ?? first
                throw KeyFileError(line: line, reason: "\(name): \(lengths) octets are needed")
            }
            keys.append(key)
        }
        return PacketKeySet(version: version, algorithm, ciphering: keys[0], integrity: keys[1])
    }

    private func symmetric(_ channel: HostProtocol?) throws(KeyFileError) -> StaticKeys {
        let all = try octets("key")
        var keys: [[UInt8]] = []
        for name in ["enc", "mac", "dek"] {
            guard let key = try octets(name) ?? all else {
                throw KeyFileError(line: first, reason: "the key set has no \(name)")
            }
            let isLength = key.count == 16 || channel != .scp02 && (key.count == 24 || key.count == 32)
            guard isLength, keys.first.map({ $0.count == key.count }) ?? true else {
                let lengths = channel == .scp02 ? "16 octets are" : "16, 24 or 32 octets, in all three keys, are"
                let line = values[name]?.line ?? values["key"]?.line ?? first
                throw KeyFileError(line: line, reason: "\(name): \(lengths) needed")
            }
            keys.append(key)
        }
        return StaticKeys(encryption: keys[0], mac: keys[1], dataEncryption: keys[2])
    }

    private func agreement(_ channel: HostProtocol) throws(KeyFileError) -> AgreementKeys {
        let curves: [String: Curve] = [
            "p256": .p256, "brainpoolp256r1": .brainpoolP256r1, "frp256v1": .frp256v1,
        ]
        let curve = try choice("curve", curves) ?? .p256
        let privateKey = try octets("private") ?? []
        let isMutual = channel != .scp11b
        guard privateKey.count == (isMutual ? Curve.length : 0) else {
            let reason = isMutual ? "private: 32 octets are needed" : "private: SCP11b has no key of the host"
            throw KeyFileError(line: values["private"]?.line ?? first, reason: reason)
        }
        let authority = try octets("ca") ?? []
        guard authority.count == 2 || !isMutual else {
            throw KeyFileError(
                line: values["ca"]?.line ?? first,
                reason: "ca: two octets, version and identifier of the card's key, are needed"
            )
        }
        return AgreementKeys(
            privateKey: privateKey,
            curve: curve,
            certificates: certificates,
            authority: isMutual ? (authority[0], authority[1]) : (0, 0),
            cardKey: try publicKey("card-key", curve),
            cardAuthority: try publicKey("card-ca", curve),
            keyLength: try choice("aes", ["128": 16, "192": 24, "256": 32]) ?? 16,
            size: try choice("mode", ["s8": .s8, "s16": .s16]) ?? .s8
        )
    }

    private func publicKey(_ name: String, _ curve: Curve) throws(KeyFileError) -> PublicKey? {
        guard let octets = try octets(name) else { return nil }
        do throws(CryptoError) {
            return try octets.withView { (point) throws(CryptoError) in try PublicKey(curve, point: point) }
        } catch {
            throw KeyFileError(line: values[name]?.line ?? first, reason: "\(name): no point of the curve")
        }
    }

    private func choice<Value>(_ name: String, _ choices: [String: Value]) throws(KeyFileError) -> Value? {
        guard let (text, line) = values[name] else { return nil }
        guard let value = choices[text.lowercased()] else {
            let names = choices.keys.sorted().joined(separator: ", ")
            throw KeyFileError(line: line, reason: "\(name): one of \(names) is needed")
        }
        return value
    }

    private func octets(_ name: String) throws(KeyFileError) -> [UInt8]? {
        guard let (text, line) = values[name] else { return nil }
        guard let octets = Hex.octets(text), !octets.isEmpty else {
            throw KeyFileError(line: line, reason: "\(name): hexadecimal digits are needed")
        }
        return octets
    }

    private func number(_ name: String) throws(KeyFileError) -> UInt8? {
        guard let octets = try octets(name) else { return nil }
        guard octets.count == 1 else {
            throw KeyFileError(line: values[name]?.line ?? first, reason: "\(name): two hexadecimal digits are needed")
        }
        return octets[0]
    }
}
