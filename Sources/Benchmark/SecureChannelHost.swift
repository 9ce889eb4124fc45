import CardCrypto
import Octets

/// The host side of a session of SCP03 with AES-128 and MACs of 8 octets, with the keys of a factory card: it wraps
/// commands before they are timed. Responses are not looked at.
struct SecureChannelHost {
    /// What INITIALIZE UPDATE brings: the first challenge of the session.
    private static let challenge: [UInt8] = [0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17]
    /// 80 50 with the default key set, and Le.
    static let initializeUpdate: [UInt8] = [0x80, 0x50, 0x00, 0x00, 0x08] + challenge + [0x00]

    private let level: UInt8
    private let encryption: [UInt8]
    private let commandMAC: [UInt8]
    private var chain = [UInt8](repeating: 0, count: 16)
    private var counter: UInt16 = 0
    /// EXTERNAL AUTHENTICATE, which opens the session.
    private(set) var externalAuthenticate: [UInt8] = []

    /// Takes the response to INITIALIZE UPDATE, for a session with a security level.
    init(_ key: [UInt8], level: UInt8, response: [UInt8]) throws {
        guard response.count == 34, response[11] == 0x03 else {
            throw Failure(description: "INITIALIZE UPDATE is answered \(response.hexadecimal)")
        }
        let context = Self.challenge + response[13..<21]
        self.level = level
        encryption = try Self.derive(key, 0x04, 128, context)
        commandMAC = try Self.derive(key, 0x06, 128, context)
        let cryptogram = try Self.derive(commandMAC, 0x01, 64, context)
        externalAuthenticate = try protect([0x84, 0x82, level, 0x00], cryptogram)
    }

    /// A command with the protection of the session, and Le = 00.
    mutating func wrap(_ header: [UInt8], _ data: [UInt8] = []) throws -> [UInt8] {
        let withLength = data.isEmpty ? [] : [UInt8(data.count)] + data
        guard level & 0x01 != 0 else { return header + withLength + [0x00] }
        counter += 1
        var body = data
        if level & 0x02 != 0, !data.isEmpty {
            let count = [UInt8](repeating: 0, count: 14) + [UInt8(counter >> 8), UInt8(counter & 0xFF)]
            let vector = try Self.cipher(encryption, count, iv: nil)
            let padding = [0x80] + [UInt8](repeating: 0, count: 15 - data.count % 16)
            body = try Self.cipher(encryption, data + padding, iv: vector)
        }
        return try protect([header[0] | 0x04] + header.dropFirst(), body) + [0x00]
    }

    private mutating func protect(_ header: [UInt8], _ data: [UInt8]) throws -> [UInt8] {
        let message = header + [UInt8(data.count + 8)] + data
        chain = try Self.mac(commandMAC, chain + message)
        return message + chain.prefix(8)
    }

    /// The key derivation of SCP03, for results of one block.
    private static func derive(
        _ key: [UInt8],
        _ constant: UInt8,
        _ bits: UInt8,
        _ context: [UInt8]
    ) throws -> [UInt8] {
        let label = [UInt8](repeating: 0, count: 11) + [constant, 0x00, 0x00, bits, 0x01]
        return Array(try mac(key, label + context).prefix(Int(bits / 8)))
    }

    private static func mac(_ key: [UInt8], _ message: [UInt8]) throws -> [UInt8] {
        try key.withView { (key) throws(CryptoError) in
            try message.withView { (message) throws(CryptoError) in try CMAC.mac(key: key, message) }
        }
    }

    private static func cipher(_ key: [UInt8], _ octets: [UInt8], iv: [UInt8]?) throws -> [UInt8] {
        let result = SecretOctets(count: octets.count)
        let vector = SecretOctets(count: 16)
        if let iv { iv.withView { $0.copy(to: vector.buffer) } }
        try key.withView { (key) throws(CryptoError) in
            let cipher = try BlockCipher(.aes, key: key)
            try octets.withView { (octets) throws(CryptoError) in
                try cipher.encryptCBC(octets, iv: vector.view, into: result.buffer)
            }
        }
        return result.view.array
    }
}
