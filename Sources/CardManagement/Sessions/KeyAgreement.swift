import CardCrypto
import GlobalPlatform
import Octets

/// The host's side of the key agreement of SCP11: AmdF.
struct KeyAgreement: ~Copyable {
    private let channel: HostProtocol
    private let keys: AgreementKeys
    private let cardKey: PublicKey
    private let ephemeral: PrivateKey
    private let level: SecurityLevel
    private let keyVersion: UInt8

    /// - Parameter random: what the ephemeral key is made of.
    init(
        _ channel: HostProtocol,
        keyVersion: UInt8,
        _ keys: AgreementKeys,
        cardKey: PublicKey,
        level: SecurityLevel,
        random: [UInt8]
    ) throws(CryptoError) {
        let random = secret(random)
        ephemeral = try PrivateKey(keys.curve, random: random.view)
        self.channel = channel
        self.keyVersion = keyVersion
        self.keys = keys
        self.cardKey = cardKey
        self.level = level
    }

    /// The identifier of the card's key.
    static func keyIdentifier(_ channel: HostProtocol) -> UInt8 {
        switch channel {
        case .scp11b: 0x13
        case .scp11c: 0x15
        default: 0x11
        }
    }

    private var keyUsage: UInt8 { level.contains(.commandEncryption) ? 0x3C : 0x34 }

    /// MUTUAL AUTHENTICATE, or INTERNAL AUTHENTICATE with SCP11b.
    var command: Command {
        let variant: UInt8 =
            switch channel {
            case .scp11b: 0x00
            case .scp11c: 0x03
            default: 0x01
            }
        let template = TLV.object(
            0xA6,
            TLV.object(0x90, [0x11, variant]) + TLV.object(0x95, [keyUsage]) + TLV.object(0x80, [0x88])
                + TLV.object(0x81, [keys.keyLength])
        )
        let data = template + TLV.object(0x5F49, ephemeral.publicKey.uncompressed)
        return Command(0x80, channel == .scp11b ? 0x88 : 0x82, keyVersion, Self.keyIdentifier(channel), data)
    }

    /// The session, after the card has answered.
    ///
    /// - Returns: nil where the answer is malformed, or its receipt wrong.
    borrowing func session(_ response: [UInt8]) throws(CryptoError) -> HostSession? {
        guard let point = TLV.first(0x5F49, in: response), let receipt = TLV.first(0x86, in: response),
            receipt.count == 16
        else { return nil }
        let pointOctets = secret(point)
        let cardEphemeral = try PublicKey(keys.curve, point: pointOctets.view)
        // ShSe, then ShSs.
        let z = SecretOctets(count: 2 * Curve.length)
        let first = UnsafeMutableRawBufferPointer(rebasing: z.buffer[..<Curve.length])
        let second = UnsafeMutableRawBufferPointer(rebasing: z.buffer[Curve.length...])
        try ephemeral.sharedSecret(with: channel == .scp11c ? cardKey : cardEphemeral, into: first)
        if channel == .scp11b {
            try ephemeral.sharedSecret(with: cardKey, into: second)
        } else {
            let own = try PrivateKey(keys.curve, scalar: keys.privateKey.view)
            try own.sharedSecret(with: cardKey, into: second)
        }
        let info = secret([keyUsage, 0x88, keys.keyLength])
        let agreed = try AgreedKeys(z: z.view, sharedInfo: info.view, count: 4, length: Int(keys.keyLength))
        let expected = SecretOctets(count: 16)
        let sent = secret(command.data)
        let answered = secret(TLV.object(0x5F49, point))
        try agreed.receipt(over: sent.view, answered.view, into: expected.buffer)
        guard areEqual(expected.view.array, receipt) else { return nil }
        let messaging = try AESSecureMessaging(
            encryption: agreed.key(0),
            commandMAC: agreed.key(1),
            responseMAC: agreed.key(2),
            chain: expected.view,
            size: keys.size
        )
        let sensitive = try SensitiveDataKey(.aes, agreed.key(3))
        let messages = AESMessages(messaging, level: level)
        return HostSession(channel, keyVersion: keyVersion, messages, sensitive: sensitive)
    }
}
