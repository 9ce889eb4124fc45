import CardCrypto
import CardOS
import Octets

/// What the card keeps between INITIALIZE UPDATE and EXTERNAL AUTHENTICATE.
struct Initiation: ~Copyable {
    /// The key version.
    let version: UInt8
    let secureChannel: SecureChannelProtocol
    /// The cryptogram that the host must send.
    let hostCryptogram: SecretOctets
    /// The sequence counter of SCP02.
    let counter: UInt32
}

extension SecureChannelSession {
    /// INITIALIZE UPDATE: GPCS clause E.5.1, AmdD clause 7.1.1. It ends an open session, whatever becomes of it.
    ///
    /// - Throws: 6A86 for a key identifier; 6A88 where the key version is unknown, incomplete, or for something else;
    ///   6700 for a host challenge of another length; 6983 where too many authentications have failed; 6985 where the
    ///   sequence counter is at its end.
    mutating func initializeUpdate<Source: KeySource & ~Copyable>(
        _ command: CommandAPDU,
        from source: inout Source,
        into response: inout OctetWriter
    ) throws(StatusWord) {
        prepareInitiation()
        offCard = OffCardAuthentication()
        guard command.p2 == 0 else { throw .incorrectP1P2 }
        guard let version = command.p1 == 0 ? source.defaultVersion : command.p1,
            let secureChannel = source.secureChannel(of: version)
        else { throw .referencedDataNotFound }
        guard !source.isBlocked(version) else { throw .authenticationMethodBlocked }
        let data = command.data
        do throws(StatusWord) {
            switch secureChannel {
            case .scp02(let options): try initializeSCP02(version, options, data, from: &source, into: &response)
            case .scp03(let options): try initializeSCP03(version, options, data, from: &source, into: &response)
            case .scp11: throw .referencedDataNotFound
            }
            if response.overflowed { throw .technicalProblem }
        } catch {
            prepareInitiation()
            throw error
        }
        state = .initialized
    }

    private mutating func initializeSCP02<Source: KeySource & ~Copyable>(
        _ version: UInt8,
        _ options: SCP02Options,
        _ hostChallenge: OctetView,
        from source: inout Source,
        into response: inout OctetWriter
    ) throws(StatusWord) {
        guard hostChallenge.count == 8 else { throw .wrongLength }
        let counter = try source.sequenceCounter(of: version)
        let sessionKeys = SCP02SessionKeys(
            encryption: try sessionKey(.encryption, version, 1, counter, source),
            commandMAC: try sessionKey(.commandMAC, version, 2, counter, source),
            responseMAC: try sessionKey(.responseMAC, version, 2, counter, source),
            dataEncryption: try sessionKey(.dataEncryption, version, 3, counter, source)
        )
        // It never wraps.
        guard counter < 0xFFFF else { throw .conditionsNotSatisfied }
        // The counter, then the challenge: the cryptograms take both together.
        let challenge = SecretOctets(count: 8)
        challenge.buffer.storeBytes(of: UInt16(truncatingIfNeeded: counter).bigEndian, as: UInt16.self)
        if options.hasPseudoRandomChallenge {
            try source.withSelectedAID { (aid) throws(StatusWord) in
                try computed { () throws(CryptoError) in
                    try SCP02KeyDerivation.cardChallenge(
                        commandMAC: sessionKeys.commandMAC.view,
                        aid: aid,
                        into: challenge.part(2, 6)
                    )
                }
            }
        } else {
            try source.fillRandom(challenge.part(2, 6))
        }
        let key = sessionKeys.encryption.view
        let card = challenge.view
        let cardCryptogram = try computed { () throws(CryptoError) in
            try SCP02KeyDerivation.cryptogram(key: key, hostChallenge, card)
        }
        let hostCryptogram = try computed { () throws(CryptoError) in
            try SCP02KeyDerivation.cryptogram(key: key, card, hostChallenge)
        }
        des = try computed { () throws(CryptoError) in
            try DESSecureMessaging(
                encryption: sessionKeys.encryption.view,
                commandMAC: sessionKeys.commandMAC.view,
                responseMAC: sessionKeys.responseMAC.view,
                encryptsVector: options.encryptsVector
            )
        }
        sensitive = try computed { () throws(CryptoError) in
            try DataEncryptionKey(.des, key: sessionKeys.dataEncryption.view)
        }
        source.appendDiversificationData(to: &response)
        response.append(version)
        response.append(UInt8(0x02))
        response.append(card)
        response.append(cardCryptogram.view)
        initiation = Initiation(
            version: version,
            secureChannel: .scp02(options),
            hostCryptogram: hostCryptogram,
            counter: counter
        )
    }

    private mutating func initializeSCP03<Source: KeySource & ~Copyable>(
        _ version: UInt8,
        _ options: SCP03Options,
        _ hostChallenge: OctetView,
        from source: inout Source,
        into response: inout OctetWriter
    ) throws(StatusWord) {
        let size = options.size.rawValue
        guard hostChallenge.count == size else { throw .wrongLength }
        let challenge = SecretOctets(count: size)
        sensitive = try source.withKey(KeyReference(version: version, identifier: 3)) {
            (key) throws(StatusWord) -> DataEncryptionKey in
            try Self.require(key, .aes)
            return try computed { () throws(CryptoError) -> DataEncryptionKey in
                try DataEncryptionKey(.aes, key: key.octets)
            }
        }
        // So that the counter is not spent on keys that are not there.
        try source.withKey(KeyReference(version: version, identifier: 1)) { (key) throws(StatusWord) in
            try Self.require(key, .aes)
            let count = key.octets.count
            try source.withKey(KeyReference(version: version, identifier: 2)) { (key) throws(StatusWord) in
                try Self.require(key, .aes)
                guard key.octets.count == count else { throw .referencedDataNotFound }
            }
        }
        var counter: UInt32 = 0
        if options.hasPseudoRandomChallenge {
            // AmdD clause 6.2.2.1: counted before it is used, and never twice.
            let last = try source.sequenceCounter(of: version)
            guard last < 0xFF_FFFF else { throw .conditionsNotSatisfied }
            counter = last + 1
            try source.setSequenceCounter(counter, of: version)
            try Self.makeChallenge(version, counter, from: source, into: challenge.buffer)
        } else {
            try source.fillRandom(challenge.buffer)
        }
        let card = challenge.view
        let keys = try source.withKey(KeyReference(version: version, identifier: 1)) {
            (encryption) throws(StatusWord) -> SCP03SessionKeys in
            try source.withKey(KeyReference(version: version, identifier: 2)) {
                (mac) throws(StatusWord) -> SCP03SessionKeys in
                try computed { () throws(CryptoError) -> SCP03SessionKeys in
                    try SCP03SessionKeys(
                        encryptionKey: encryption.octets,
                        macKey: mac.octets,
                        hostChallenge: hostChallenge,
                        cardChallenge: card,
                        size: options.size
                    )
                }
            }
        }
        aes = try computed { () throws(CryptoError) in
            try AESSecureMessaging(
                encryption: keys.encryption.view,
                commandMAC: keys.commandMAC.view,
                responseMAC: keys.responseMAC.view,
                size: options.size
            )
        }
        source.appendDiversificationData(to: &response)
        response.append(version)
        response.append(UInt8(0x03))
        response.append(options.value)
        response.append(card)
        response.append(keys.cardCryptogram.view)
        if options.hasPseudoRandomChallenge {
            response.append(UInt8(truncatingIfNeeded: counter >> 16))
            response.append(UInt16(truncatingIfNeeded: counter))
        }
        initiation = Initiation(
            version: version,
            secureChannel: .scp03(options),
            hostCryptogram: SecretOctets(keys.hostCryptogram.view),
            counter: counter
        )
    }

    /// EXTERNAL AUTHENTICATE: GPCS clause E.5.2, AmdD clause 7.1.2. Whatever is wrong, INITIALIZE UPDATE must come
    /// again.
    ///
    /// - Throws: 6985 where INITIALIZE UPDATE did not come right before, of which an open session is aborted; 6A86 for
    ///   a security level that there is not; 6700 for another length; 6983 where too many authentications have failed;
    ///   6300 for a wrong cryptogram; 6982 for a wrong MAC.
    mutating func externalAuthenticate<Source: KeySource & ~Copyable>(
        _ command: CommandAPDU,
        from source: inout Source
    ) throws(StatusWord) {
        guard state == .initialized, let initiation = initiation.take() else {
            if state == .open { throw abort(.conditionsNotSatisfied) }
            throw .conditionsNotSatisfied
        }
        do throws(StatusWord) {
            let level = try authenticate(command, initiation, from: &source)
            open(level, authentication: .authenticated)
        } catch {
            end()
            throw error
        }
    }

    private mutating func authenticate<Source: KeySource & ~Copyable>(
        _ command: CommandAPDU,
        _ initiation: borrowing Initiation,
        from source: inout Source
    ) throws(StatusWord) -> SecurityLevel {
        let level: SecurityLevel?
        switch initiation.secureChannel {
        case .scp02(let options):
            level = SecurityLevel.scp02(command.p1, options)
            supportsResponseMAC = options.hasResponseMAC
        case .scp03(let options):
            level = SecurityLevel.scp03(command.p1, options)
            supportsResponseMAC = options.hasResponseMAC
            supportsResponseEncryption = options.hasResponseEncryption
        case .scp11: level = nil
        }
        guard let level, command.p2 == 0 else { throw .incorrectP1P2 }
        let size = initiation.hostCryptogram.count
        let data = command.data
        guard data.count == 2 * size else { throw .wrongLength }
        try source.countAuthentication(with: initiation.version)
        let cryptogram = data.part(from: 0, length: size)
        let mac = data.part(from: size)
        let isGenuine = try computed { () throws(CryptoError) in
            try withHeader(command, length: data.count) { (header) throws(CryptoError) in
                if des != nil { return try des?.verifyCommand(header, cryptogram, mac: mac) ?? false }
                return try aes?.verifyCommand(header, cryptogram, mac: mac) ?? false
            }
        }
        let isHost = constantTimeEqual(cryptogram, initiation.hostCryptogram.view)
        if isGenuine, isHost { try source.forgetFailedAuthentications(with: initiation.version) }
        if des != nil, isGenuine {
            // GPCS clause E.1.2.3: with the first C-MAC that is right, before anything else. Another channel may have
            // opened a session with the same counter since.
            guard try source.sequenceCounter(of: initiation.version) == initiation.counter else {
                throw .conditionsNotSatisfied
            }
            try source.setSequenceCounter(initiation.counter + 1, of: initiation.version)
        }
        guard isHost else { throw .authenticationFailed }
        guard isGenuine else { throw .securityStatusNotSatisfied }
        des?.beginResponseMACs()
        return level
    }

    // MARK: Keys

    private func sessionKey<Source: KeySource & ~Copyable>(
        _ purpose: SCP02KeyDerivation.Purpose,
        _ version: UInt8,
        _ identifier: UInt8,
        _ counter: UInt32,
        _ source: borrowing Source
    ) throws(StatusWord) -> SecretOctets {
        try source.withKey(KeyReference(version: version, identifier: identifier)) {
            (key) throws(StatusWord) -> SecretOctets in
            try Self.require(key, .des)
            guard key.octets.count == 16 else { throw .referencedDataNotFound }
            return try computed { () throws(CryptoError) -> SecretOctets in
                try SCP02KeyDerivation.sessionKey(
                    purpose,
                    key: key.octets,
                    counter: UInt16(truncatingIfNeeded: counter)
                )
            }
        }
    }

    /// AmdD clause 6.2.2.1: the challenge of who has the counter, the AID and the key.
    private static func makeChallenge<Source: KeySource & ~Copyable>(
        _ version: UInt8,
        _ counter: UInt32,
        from source: borrowing Source,
        into challenge: UnsafeMutableRawBufferPointer
    ) throws(StatusWord) {
        let octets: InlineArray<3, UInt8> = [
            UInt8(truncatingIfNeeded: counter >> 16), UInt8(truncatingIfNeeded: counter >> 8),
            UInt8(truncatingIfNeeded: counter),
        ]
        try source.withKey(KeyReference(version: version, identifier: 1)) { (key) throws(StatusWord) in
            try source.withSelectedAID { (aid) throws(StatusWord) in
                try computed { () throws(CryptoError) in
                    var derivation = try SCP03KeyDerivation(key: key.octets)
                    try octets.span.withUnsafeBytes { (octets) throws(CryptoError) in
                        try derivation.derive(.cardChallenge, OctetView(octets), aid, into: challenge)
                    }
                }
            }
        }
    }

    private static func require(_ key: Key, _ type: KeyType) throws(StatusWord) {
        guard key.type == type else { throw .referencedDataNotFound }
    }
}

/// The session keys of SCP02.
struct SCP02SessionKeys: ~Copyable {
    let encryption: SecretOctets
    let commandMAC: SecretOctets
    let responseMAC: SecretOctets
    let dataEncryption: SecretOctets
}
