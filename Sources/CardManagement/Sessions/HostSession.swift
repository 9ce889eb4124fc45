import CardCrypto
import GlobalPlatform
import Octets

/// A secure channel session of a host: it protects commands and takes the protection off responses, each in the order in
/// which they are sent. After an error it is of no further use.
public final class HostSession {
    /// The protocol.
    public let channel: HostProtocol
    /// The version of the keys.
    public let keyVersion: UInt8
    /// How messages are protected now: an R-MAC session adds to the level of EXTERNAL AUTHENTICATE.
    public var level: SecurityLevel { messages.level }
    private let messages: any SessionMessages
    private let sensitive: SensitiveDataKey

    init(
        _ channel: HostProtocol,
        keyVersion: UInt8,
        _ messages: any SessionMessages,
        sensitive: SensitiveDataKey
    ) {
        self.channel = channel
        self.keyVersion = keyVersion
        self.messages = messages
        self.sensitive = sensitive
    }

    /// A command with its protection. A data field of more than 255 octets must be sent in segments.
    public func protect(_ command: Command) throws(CardManagementError) -> Command {
        try computing("secure messaging") { () throws(CryptoError) in try messages.protect(command) }
    }

    /// The response to `command`, which was the last one protected, without its protection.
    ///
    /// - Throws: `answer` where its MAC or its padding is wrong.
    public func open(_ response: Response, to command: Command) throws(CardManagementError) -> Response {
        let plain = try computing("secure messaging") { () throws(CryptoError) in
            try messages.open(response, to: command)
        }
        guard let plain else {
            throw CardManagementError(.answer, "secure messaging", "the MAC or padding of the response is wrong")
        }
        return plain
    }

    /// The longest data field that a command of at most `limit` octets of data can carry.
    public func capacity(within limit: Int) -> Int {
        guard level.contains(.commandMAC) else { return limit }
        let room = limit - messages.macLength
        guard level.contains(.commandEncryption) else { return room }
        let block = channel == .scp02 ? 8 : 16
        return room / block * block - 1
    }

    /// Enciphers a key, or other sensitive data, with the data encryption key; zeros fill the last block.
    func encipher(_ data: [UInt8]) throws(CardManagementError) -> [UInt8] {
        let block = sensitive.key.blockLength
        let blocks = SecretOctets(count: (data.count + block - 1) / block * block)
        for (index, octet) in data.enumerated() { blocks.buffer[index] = octet }
        try computing("data encryption") { () throws(CryptoError) in
            try sensitive.key.encrypt(blocks.view, into: blocks.buffer)
        }
        return blocks.view.array
    }
}

/// The key that keys and other sensitive data are enciphered with inside a session.
final class SensitiveDataKey {
    let key: DataEncryptionKey

    init(_ algorithm: BlockCipher.Algorithm, _ octets: OctetView) throws(CryptoError) {
        key = try DataEncryptionKey(algorithm, key: octets)
    }
}
