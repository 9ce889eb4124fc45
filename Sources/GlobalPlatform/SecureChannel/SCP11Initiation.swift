import CardCrypto
import CardOS
import Octets

/// What the card knows of the off-card entity before MUTUAL AUTHENTICATE.
struct OffCardAuthentication {
    /// The certificate that arrives, in segments.
    var certificate: [UInt8] = []
    /// Which key verifies the first certificate; nil before the first segment.
    var reference: KeyReference?
    /// The public key of the last certificate that was verified.
    var key: PublicKey?
    /// Whether that is the off-card entity's own.
    var isComplete = false

    /// The longest certificate, in octets.
    static var limit: Int { 2_048 }
}

extension SecureChannelSession {
    /// PERFORM SECURITY OPERATION [verify certificate]: AmdF. It ends an open session. P1: b8, more segments
    /// of this certificate follow; key version. P2: b8, more certificates follow; key identifier.
    ///
    /// - Throws: 6A88 where there is no such key; 6985 where the key is another one than before; 6A84 for too long a
    ///   certificate; 6A80 for a malformed one; 6300 where its signature is wrong. The chain must begin anew then.
    mutating func performSecurityOperation<Source: KeySource & ~Copyable>(
        _ command: CommandAPDU,
        from source: borrowing Source
    ) throws(StatusWord) {
        prepareInitiation()
        if offCard.isComplete { offCard = OffCardAuthentication() }
        do throws(StatusWord) {
            try takeCertificate(command, from: source)
        } catch {
            offCard = OffCardAuthentication()
            throw error
        }
    }

    private mutating func takeCertificate<Source: KeySource & ~Copyable>(
        _ command: CommandAPDU,
        from source: borrowing Source
    ) throws(StatusWord) {
        let reference = KeyReference(version: command.p1 & 0x7F, identifier: command.p2 & 0x7F)
        guard offCard.reference == nil || offCard.reference == reference else { throw .conditionsNotSatisfied }
        guard !command.data.isEmpty else { throw .wrongLength }
        guard offCard.certificate.count + command.data.count <= OffCardAuthentication.limit else {
            throw .notEnoughMemory
        }
        offCard.reference = reference
        command.data.withUnsafeBytes { offCard.certificate.append(contentsOf: $0) }
        if command.p1 & 0x80 != 0 { return }
        let issuer: PublicKey
        if let key = offCard.key {
            issuer = key
        } else {
            issuer = try source.withKey(reference) { (key) throws(StatusWord) in
                guard key.type == .eccPublic, let curve = key.curve else { throw .referencedDataNotFound }
                return try computed { () throws(CryptoError) in try PublicKey(curve, point: key.octets) }
            }
        }
        let octets = offCard.certificate
        offCard.certificate = []
        offCard.key = try octets.withView { (octets) throws(StatusWord) in
            let certificate = try Certificate(octets)
            guard try certificate.isSigned(by: issuer) else { throw .authenticationFailed }
            return certificate.publicKey
        }
        offCard.isComplete = command.p2 & 0x80 == 0
    }

    /// MUTUAL AUTHENTICATE (SCP11a, SCP11c) and INTERNAL AUTHENTICATE (SCP11b): AmdF. P1 is the
    /// version, P2 the identifier of the card's key.
    ///
    /// The off-card entity of SCP11a and SCP11c shows that it has its keys with the first C-MAC that is right. Until
    /// then the authentication counts as a failed one.
    ///
    /// - Throws: 6A88 where there is no such key; 6A80 for malformed data, another variant than the command's, or a
    ///   point that is none; 6A86 where the key is not that of the variant; 6985 where no certificate was verified
    ///   before; 6983 where too many authentications have failed.
    mutating func authenticate<Source: KeySource & ~Copyable>(
        _ command: CommandAPDU,
        isMutual: Bool,
        from source: inout Source,
        into response: inout OctetWriter
    ) throws(StatusWord) {
        prepareInitiation()
        let offCard = offCard
        self.offCard = OffCardAuthentication()
        guard case .scp11(let size)? = source.secureChannel(of: command.p1) else { throw .referencedDataNotFound }
        let template = try KeyAgreementTemplate(command.data)
        guard isMutual == (template.variant != .scp11b) else { throw .incorrectData }
        guard command.p2 == template.variant.keyIdentifier else { throw .incorrectP1P2 }
        let host = offCard.isComplete ? offCard.key : nil
        guard !isMutual || host != nil else { throw .conditionsNotSatisfied }

        let cardKey = try source.withKey(KeyReference(version: command.p1, identifier: command.p2)) {
            (key) throws(StatusWord) -> PrivateKey in
            guard key.type == .eccPrivate, let curve = key.curve else { throw .referencedDataNotFound }
            return try computed { () throws(CryptoError) in try PrivateKey(curve, scalar: key.octets) }
        }
        let hostEphemeral: PublicKey
        do throws(CryptoError) {
            hostEphemeral = try PublicKey(cardKey.curve, point: template.ephemeralKey)
        } catch {
            throw .incorrectData
        }
        if let host, host.curve != cardKey.curve { throw .incorrectData }
        if isMutual {
            try source.countAuthentication(with: command.p1)
        } else if source.isBlocked(command.p1) {
            throw .authenticationMethodBlocked
        }
        let random = SecretOctets(count: PrivateKey.randomLength)
        if template.variant != .scp11c { try source.fillRandom(random.buffer) }

        let start = response.count
        do throws(CryptoError) {
            // ShSe, then ShSs.
            let secrets = SecretOctets(count: 2 * Curve.length)
            if template.variant == .scp11c {
                try cardKey.sharedSecret(with: hostEphemeral, into: secrets.part(0, Curve.length))
                Self.appendPoint(cardKey.publicKey, to: &response)
            } else {
                let ephemeral = try PrivateKey(cardKey.curve, random: random.view)
                try ephemeral.sharedSecret(with: hostEphemeral, into: secrets.part(0, Curve.length))
                Self.appendPoint(ephemeral.publicKey, to: &response)
            }
            try cardKey.sharedSecret(
                with: isMutual ? host ?? hostEphemeral : hostEphemeral,
                into: secrets.part(Curve.length, Curve.length)
            )
            let point = response.view.part(from: start)
            let receipt = SecretOctets(count: 16)
            let keys = try Self.agree(secrets.view, template)
            try keys.receipt(over: command.data, point, into: receipt.buffer)
            response.appendTLV(0x86, receipt.view)
            aes = try AESSecureMessaging(
                encryption: keys.key(0),
                commandMAC: keys.key(1),
                responseMAC: keys.key(2),
                chain: receipt.view,
                size: size
            )
            sensitive = try DataEncryptionKey(.aes, key: keys.key(3))
        } catch {
            prepareInitiation()
            throw .technicalProblem
        }
        guard !response.overflowed else {
            prepareInitiation()
            throw .technicalProblem
        }
        supportsResponseMAC = true
        supportsResponseEncryption = true
        open(template.level, authentication: isMutual ? .authenticated : [])
        unprovenVersion = isMutual ? command.p1 : nil
    }

    private static func appendPoint(_ key: PublicKey, to response: inout OctetWriter) {
        response.appendTLV(0x5F49) { key.append(to: &$0) }
    }

    /// The keys of a session: receipt, S-ENC, S-MAC, S-RMAC, S-DEK.
    static func agree(_ z: OctetView, _ template: KeyAgreementTemplate) throws(CryptoError) -> AgreedKeys {
        try template.sharedInfo.span.withUnsafeBytes { (info) throws(CryptoError) -> AgreedKeys in
            try AgreedKeys(z: z, sharedInfo: OctetView(info), count: 4, length: template.keyLength)
        }
    }
}
