import CardCrypto
import Octets

@testable import GlobalPlatform

/// How the host begins a session.
enum SessionKind: Hashable, CustomStringConvertible {
    case scp02(UInt8)
    case scp03(UInt8)
    /// With C-MAC and R-MAC, and with or without encryption: 33, 11.
    case scp11a(UInt8)
    case scp11b(UInt8)

    var description: String {
        switch self {
        case .scp02(let level): "SCP02 " + Hex.string([level])
        case .scp03(let level): "SCP03 " + Hex.string([level])
        case .scp11a(let level): "SCP11a " + Hex.string([level])
        case .scp11b(let level): "SCP11b " + Hex.string([level])
        }
    }

    static let all: [SessionKind] =
        [0x00, 0x01, 0x03, 0x10, 0x11, 0x13].map { .scp02($0) }
        + [0x00, 0x01, 0x03, 0x11, 0x13, 0x33].map { .scp03($0) }
        + [0x11, 0x33].map { .scp11a($0) } + [0x33].map { .scp11b($0) }
}

/// A session from the host's side, on a logical channel of a card.
final class DomainSession {
    let card: FaultCard
    let channel: UInt8
    private(set) var host = Host(.scp03(.common), version: 0x30, keys: DomainKeys.scp03)

    init(_ card: FaultCard, channel: UInt8 = 0) {
        self.card = card
        self.channel = channel
    }

    /// The class octet on this channel.
    func on(_ command: [UInt8]) -> [UInt8] {
        guard let cla = command.first else { return command }
        return [cla | channel] + command.dropFirst()
    }

    func select(_ aid: [UInt8]) -> [UInt8] {
        card.send(on([0x00, 0xA4, 0x04, 0x00] + (aid.isEmpty ? [] : [UInt8(aid.count)] + aid) + [0x00]))
    }

    /// A host with keys, before INITIALIZE UPDATE.
    func prepare(_ kind: SessionKind, version: UInt8, keys: [[UInt8]]) {
        if case .scp02 = kind {
            host = Host(.scp02(.common), version: version, keys: keys)
        } else {
            host = Host(.scp03(.common), version: version, keys: keys)
        }
    }

    /// INITIALIZE UPDATE.
    ///
    /// - Returns: its response; the host has taken it.
    @discardableResult
    func initialize(
        _ kind: SessionKind,
        keys: [[UInt8]]? = nil,
        version: UInt8? = nil,
        challenge: [UInt8]? = nil
    ) -> [UInt8] {
        switch kind {
        case .scp02:
            let options = SCP02Options(0x75) ?? .common
            host = Host(.scp02(options), version: version ?? 0x20, keys: keys ?? DomainKeys.scp02)
        default:
            host = Host(.scp03(.common), version: version ?? 0x30, keys: keys ?? DomainKeys.scp03)
        }
        if let challenge { host.challenge = challenge }
        let response = card.send(on(host.initializeUpdate()))
        _ = host.take(response)
        return response
    }

    /// Opens a session.
    ///
    /// - Returns: the status word of the command that failed, or of the last one.
    func open(_ kind: SessionKind) throws -> [UInt8] {
        switch kind {
        case .scp02(let level), .scp03(let level):
            let response = initialize(kind)
            guard response.suffix(2) == [0x90, 0x00] else { return response }
            return card.send(on(host.externalAuthenticate(level)))
        case .scp11a(let level):
            for segment in try Self.certificateSegments() {
                let response = card.send(on(segment))
                guard response == [0x90, 0x00] else { return response }
            }
            return try agree(.scp11a, level)
        case .scp11b(let level): return try agree(.scp11b, level)
        }
    }

    /// The last command that the host has protected.
    private(set) var wrapped: [UInt8] = []

    func wrap(_ command: [UInt8]) -> [UInt8] {
        wrapped = on(host.wrap(command))
        return wrapped
    }

    /// Sends a command in the clear with its protection.
    ///
    /// - Returns: the response as it came.
    func send(_ command: [UInt8]) -> [UInt8] { card.send(wrap(command)) }

    /// Sends a command with its protection.
    ///
    /// - Returns: the response in the clear, with its status word; nil where its protection is wrong.
    func exchange(_ command: [UInt8]) -> [UInt8]? {
        let response = send(command)
        return host.unwrap(response, to: command).map { $0 + response.suffix(2) }
    }

    // MARK: SCP11

    /// The variants of SCP11.
    enum Variant: String, CaseIterable {
        case scp11a, scp11b, scp11c

        var isMutual: Bool { self != .scp11b }

        /// Of MUTUAL or INTERNAL AUTHENTICATE.
        var ins: UInt8 { isMutual ? 0x82 : 0x88 }

        /// The parameters of the protocol.
        var parameters: UInt8 {
            switch self {
            case .scp11a: 0x01
            case .scp11b: 0x00
            case .scp11c: 0x03
            }
        }

        /// The identifier of the card's key.
        var identifier: UInt8 {
            switch self {
            case .scp11a: 0x11
            case .scp11b: 0x13
            case .scp11c: 0x15
            }
        }
    }

    /// PERFORM SECURITY OPERATION, in segments, with a key 10 of the card.
    static func certificateSegments(
        _ certificate: [UInt8]? = nil,
        version: UInt8 = 0x03
    ) throws -> [[UInt8]] {
        let certificate = try certificate ?? Self.certificate()
        return stride(from: 0, to: certificate.count, by: 100).map { start in
            let part = certificate[start..<min(start + 100, certificate.count)]
            let isLast = start + 100 >= certificate.count
            return [0x80, 0x2A, version | (isLast ? 0x00 : 0x80), 0x10, UInt8(part.count)] + part
        }
    }

    /// A certificate of GlobalPlatform for the key of somebody, as a rule the host's static one.
    static func certificate(
        of owner: [UInt8] = DomainKeys.host,
        by issuer: [UInt8] = DomainKeys.authority
    ) throws -> [UInt8] {
        let head: [UInt8] = [
            0x93, 0x01, 0x01, 0x42, 0x01, 0x02, 0x5F, 0x20, 0x01, 0x03, 0x95, 0x02, 0x00, 0x80, 0x5F, 0x24, 0x04, 0x20,
            0x99, 0x12, 0x31, 0x7F, 0x49, 0x46, 0xB0, 0x41,
        ]
        let body = head + (try DomainKeys.point(owner)) + [0xF0, 0x01, Curve.p256.rawValue]
        let signature = try issuer.withView { key in
            try body.withView { try PrivateKey(.p256, scalar: key).sign(message: $0) }
        }
        return [0x7F, 0x21, 0x81, UInt8(body.count + 67)] + body + [0x5F, 0x37, 0x40] + signature
    }

    /// INTERNAL or MUTUAL AUTHENTICATE.
    private func agree(_ variant: Variant, _ level: UInt8) throws -> [UInt8] {
        let command = try Self.agreement(variant, level)
        let response = card.send(on(command))
        try take(response, to: command, variant, level)
        return response.suffix(2)
    }

    /// INTERNAL or MUTUAL AUTHENTICATE with the card's key of version 03.
    static func agreement(_ variant: Variant, _ level: UInt8) throws -> [UInt8] {
        let data =
            [0xA6, 0x0D, 0x90, 0x02, 0x11, variant.parameters, 0x95, 0x01, level == 0x33 ? 0x3C : 0x34]
            + [0x80, 0x01, 0x88, 0x81, 0x01, 0x10, 0x5F, 0x49, 0x41] + (try DomainKeys.point(DomainKeys.hostEphemeral))
        return [0x80, variant.ins, 0x03, variant.identifier, UInt8(data.count)] + data + [0x00]
    }

    /// Takes the response to `agreement`.
    ///
    /// - Returns: whether the card's receipt is right.
    @discardableResult func take(
        _ response: [UInt8],
        to command: [UInt8],
        _ variant: Variant,
        _ level: UInt8
    ) throws -> Bool {
        host = Host(.scp11(.s8), version: 0x03, keys: [])
        guard response.suffix(2) == [0x90, 0x00], response.count == 88 else { return false }
        let own = variant.isMutual ? DomainKeys.host : DomainKeys.hostEphemeral
        let z =
            try Self.secret(DomainKeys.hostEphemeral, Array(response[3..<68]))
            + Self.secret(own, DomainKeys.point(DomainKeys.card))
        var stream: [UInt8] = []
        for counter: UInt8 in 1...5 {
            let usage: UInt8 = level == 0x33 ? 0x3C : 0x34
            stream += try (z + [0, 0, 0, counter, usage, 0x88, 0x10]).withView { try Hash.digest(.sha256, $0) }
        }
        for name in ["receipt", "enc", "mac", "rmac", "dek"] {
            host.sessionKeys[name] = Array(stream.prefix(16))
            stream.removeFirst(16)
        }
        host.chain = cmac(
            host.sessionKeys["receipt"] ?? [],
            Array(command[5..<(command.count - 1)]) + response.prefix(68)
        )
        host.level = level
        return Array(response[70..<86]) == host.chain
    }

    private static func secret(_ key: [UInt8], _ point: [UInt8]) throws -> [UInt8] {
        let output = SecretOctets(count: 32)
        try key.withView { key in
            try point.withView { point in
                try PrivateKey(.p256, scalar: key).sharedSecret(
                    with: PublicKey(.p256, point: point),
                    into: output.buffer
                )
            }
        }
        return output.view.array
    }

    // MARK: Keys

    /// The data field of PUT KEY for keys of 16 octets.
    func keyData(_ version: UInt8, _ type: KeyType, _ keys: [[UInt8]]) -> [UInt8] {
        [version] + keys.flatMap { key in keyField(type, key) }
    }

    /// A key data field, with the length in front of the ciphertext.
    func keyField(_ type: KeyType, _ key: [UInt8], checkValue: [UInt8]? = nil) -> [UInt8] {
        let block = encipher(key)
        return [type.rawValue, UInt8(block.count)] + block + [0x03] + (checkValue ?? Self.checkValue(type, key))
    }

    /// Enciphers with the key of the session for sensitive data.
    func encipher(_ octets: [UInt8]) -> [UInt8] {
        let key = host.sessionKeys["dek"] ?? []
        return host.isAES ? cbc(.aes, key, [UInt8](repeating: 0, count: 16), octets) : ecb(.des, key, octets)
    }

    static func checkValue(_ type: KeyType, _ key: [UInt8]) -> [UInt8] {
        let block = type == .aes ? [UInt8](repeating: 1, count: 16) : [UInt8](repeating: 0, count: 8)
        return Array(ecb(type == .aes ? .aes : .des, key, block).prefix(3))
    }
}
