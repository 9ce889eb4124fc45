import CardCrypto
import GlobalPlatform
import Octets
import Reader

/// Manages a security domain of a card in a terminal: selects it, opens a session with it, and sends it commands.
///
/// Nothing is tried twice, and nothing of what the card refused is hidden: each function throws the first thing that is
/// in the way. `terminal` is used on the basic logical channel by nobody else meanwhile.
public final class CardManager {
    private let terminal: any CardTerminal
    /// The session that is open.
    public private(set) var session: HostSession?
    /// The security domain that is selected.
    public private(set) var selected: SelectedDomain?

    /// Manages the card in a terminal.
    public init(_ terminal: any CardTerminal) { self.terminal = terminal }

    /// The issuer security domain's AID of GPCS clause H.1.3, and the older one of VISA.
    public static let issuerAIDs: [[UInt8]] = [
        [0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00], [0xA0, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00],
    ]

    // MARK: Commands

    /// Sends a command, protected where a session is open, and returns its response without protection. Data after 61XX
    /// are fetched; a command that is answered 6CXX is repeated with that Le.
    ///
    /// - Parameter accepted: status words that are no error, besides 9000 and 91XX.
    public func send(
        _ command: Command,
        _ name: String,
        accepting accepted: Set<StatusWord> = []
    ) throws(CardManagementError) -> Response {
        let protected = try session?.protect(command) ?? command
        var rest = protected.data[...]
        while rest.count > 255 {
            guard Command.canHaveSegments(command.ins) else {
                throw CardManagementError(.input, name, "\(protected.data.count) octets of data are too many")
            }
            var segment = protected
            segment.p1 |= 0x80
            segment.data = Array(rest.prefix(255))
            rest = rest.dropFirst(255)
            let response = try exchange(segment, name)
            guard response.status == .success else { throw CardManagementError(name, refused: response.status) }
        }
        var last = protected
        last.data = Array(rest)
        let response = try exchange(last, name)
        let plain = try session?.open(response, to: command) ?? response
        guard plain.status == .success || plain.status.sw1 == 0x91 || accepted.contains(plain.status) else {
            throw CardManagementError(name, refused: plain.status)
        }
        return plain
    }

    private func exchange(_ command: Command, _ name: String) throws(CardManagementError) -> Response {
        var response = try transmitRepeating(command, name)
        while response.status.sw1 == 0x61 {
            let next = try transmitRepeating(Command(0x00, 0xC0, 0x00, 0x00, le: response.status.sw2), name)
            response = Response(response.data + next.data, next.status)
            guard next.status.sw1 != 0x61 || !next.data.isEmpty else {
                throw CardManagementError(.answer, name, "the card announces data and does not give them")
            }
        }
        return response
    }

    /// Sends a command, and again with the Le that 6CXX names.
    private func transmitRepeating(_ command: Command, _ name: String) throws(CardManagementError) -> Response {
        let response = try transmit(command, name)
        guard response.status.sw1 == 0x6C else { return response }
        var repeated = command
        repeated.le = response.status.sw2
        return try transmit(repeated, name)
    }

    private func transmit(_ command: Command, _ name: String) throws(CardManagementError) -> Response {
        let octets: [UInt8]
        do throws(TerminalError) {
            octets = try terminal.transmit(command.octets)
        } catch {
            throw CardManagementError(.terminal(error), name, error.description)
        }
        guard let response = Response(octets) else {
            throw CardManagementError(.answer, name, "the card answers without a status word")
        }
        return response
    }

    // MARK: Selection

    /// Selects a security domain; nil: the issuer's, by no AID and then by those that it may have. It ends the session.
    @discardableResult public func select(_ aid: [UInt8]?) throws(CardManagementError) -> SelectedDomain {
        session = nil
        selected = nil
        guard aid == nil else { return try select(aid ?? [], "SELECT \(Hex.string(aid ?? []))") }
        for candidate in [[]] + Self.issuerAIDs.dropLast() {
            if let domain = try? select(candidate, "SELECT") { return domain }
        }
        return try select(Self.issuerAIDs.last ?? [], "SELECT of the issuer security domain")
    }

    private func select(_ aid: [UInt8], _ name: String) throws(CardManagementError) -> SelectedDomain {
        // 6283: the card is locked.
        let response = try send(
            Command(0x00, 0xA4, 0x04, 0x00, aid),
            name,
            accepting: [.selectedFileDeactivated]
        )
        guard let domain = SelectedDomain(response.data) else {
            throw CardManagementError(.answer, name, "the answer is not the FCI of a security domain")
        }
        selected = domain
        return domain
    }

    // MARK: Sessions

    /// Opens a session with the security domain that is selected.
    ///
    /// - Parameters:
    ///   - keys: those that may be used.
    ///   - version: the key version; nil: that of the keys where they agree on one, else the card's default.
    ///   - channel: the protocol; nil: the card's.
    ///   - level: nil: C-MAC and C-ENC, with SCP11 also R-MAC and R-ENC.
    ///   - random: gives as many random octets as it is asked for.
    /// - Throws: `keys` where the card's cryptogram or receipt is not that of the keys. The host's has not been sent
    ///   then, so that the card counts no failed authentication.
    @discardableResult public func authenticate(
        _ keys: [HostKeys],
        version: UInt8? = nil,
        channel: HostProtocol? = nil,
        level: SecurityLevel? = nil,
        random: (Int) -> [UInt8]
    ) throws(CardManagementError) -> HostSession {
        session = nil
        let version = version == 0x00 ? nil : version
        let fitting = keys.filter {
            (version == nil || $0.version == nil || $0.version == version)
                && (channel == nil || $0.channel == channel || $0.channel == nil && channel?.isSymmetric == true)
        }
        guard !fitting.isEmpty else {
            throw CardManagementError(.keys, "authentication", "there are no keys of this version and protocol")
        }
        let opened: HostSession
        if let agreement = fitting.first, let channel = agreement.channel, !channel.isSymmetric {
            opened = try agree(agreement, version: version, channel, level, random)
        } else {
            opened = try initialize(
                fitting,
                version: version,
                channel,
                level ?? [.commandMAC, .commandEncryption],
                random
            )
        }
        session = opened
        return opened
    }

    /// INITIALIZE UPDATE and EXTERNAL AUTHENTICATE.
    private func initialize(
        _ keys: [HostKeys],
        version: UInt8?,
        _ channel: HostProtocol?,
        _ level: SecurityLevel,
        _ random: (Int) -> [UInt8]
    ) throws(CardManagementError) -> HostSession {
        let name = "INITIALIZE UPDATE"
        let versions = Set(keys.map(\.version))
        var requested = version ?? (versions.count == 1 ? versions.first ?? nil : nil) ?? 0
        if requested == 0, let channel { requested = try keyVersion(for: channel) ?? 0 }
        var challenge = random(8)
        var answer = try send(Command(0x80, 0x50, requested, 0x00, challenge), name, accepting: [.wrongLength])
        if answer.status == .wrongLength {
            // AmdD 1.2: the keys are for S16.
            challenge = random(16)
            answer = try send(Command(0x80, 0x50, requested, 0x00, challenge), name)
        }
        guard let initiation = InitializeUpdateResponse(answer.data) else {
            throw CardManagementError(.answer, name, "\(answer.data.count) octets are no answer of SCP02 or SCP03")
        }
        let found = "key version \(Hex.string([initiation.version])), \(initiation.channel.rawValue)"
        guard channel == nil || channel == initiation.channel else {
            throw CardManagementError(.keys, name, "the card answers with \(found)")
        }
        let candidates = keys.filter { $0.fit(version: initiation.version, initiation.channel) }
        guard !candidates.isEmpty else { throw CardManagementError(.keys, name, "there are no keys for \(found)") }
        for candidate in candidates {
            guard case .symmetric(let keys) = candidate.material else { continue }
            let i = candidate.i ?? selected?.recognition.i(of: .scp02) ?? SCP02Options.common.value
            let common = try computing(name) { () throws(CryptoError) in
                try SymmetricSession(
                    keys,
                    hostChallenge: challenge,
                    initiation,
                    encryptsVector: i & 0x10 != 0
                )
            }
            guard common.isCardGenuine else { continue }
            let command = Command(0x80, 0x82, level.rawValue, 0x00, common.hostCryptogram, le: nil)
            let signed = try computing(name) { () throws(CryptoError) in try common.messages.authenticate(command) }
            _ = try send(signed, "EXTERNAL AUTHENTICATE")
            return HostSession(
                initiation.channel,
                keyVersion: initiation.version,
                common.messages,
                sensitive: common.sensitive
            )
        }
        throw CardManagementError(.keys, name, "the card has other keys: its cryptogram does not fit (\(found))")
    }

    /// The version of the first key set for a protocol, as the key information template tells; nil where none shows.
    private func keyVersion(for channel: HostProtocol) throws(CardManagementError) -> UInt8? {
        let types: Set<UInt8> = channel == .scp02 ? [0x80, 0x82] : [0x88]
        // Versions 01 to 0F and 40 to 4F are for over-the-air protocols (UICC Configuration).
        return try keyInformation().first {
            $0.identifier == 0x01 && types.contains($0.type) && !(0x01...0x0F).contains($0.version)
                && !(0x40...0x4F).contains($0.version)
        }?.version
    }

    // MARK: SCP11

    private func agree(
        _ keys: HostKeys,
        version: UInt8?,
        _ channel: HostProtocol,
        _ level: SecurityLevel?,
        _ random: (Int) -> [UInt8]
    ) throws(CardManagementError) -> HostSession {
        let name = channel == .scp11b ? "INTERNAL AUTHENTICATE" : "MUTUAL AUTHENTICATE"
        guard case .agreement(let material) = keys.material, let version = version ?? keys.version else {
            throw CardManagementError(.keys, name, "SCP11 needs the version of the card's key")
        }
        let level = level ?? [.commandMAC, .commandEncryption, .responseMAC, .responseEncryption]
        guard level.rawValue == 0x33 || level.rawValue == 0x11 else {
            throw CardManagementError(.input, name, "SCP11 has the levels 11 and 33 alone")
        }
        let cardKey: PublicKey
        if let known = material.cardKey {
            cardKey = known
        } else {
            cardKey = try certifiedKey(version, channel, material)
        }
        if channel != .scp11b { try present(material) }
        let agreement = try computing(name) { () throws(CryptoError) in
            try KeyAgreement(
                channel,
                keyVersion: version,
                material,
                cardKey: cardKey,
                level: level,
                random: random(PrivateKey.randomLength)
            )
        }
        let answer = try send(agreement.command, name)
        let session = try computing(name) { () throws(CryptoError) in try agreement.session(answer.data) }
        guard let session else {
            throw CardManagementError(
                .keys,
                name,
                "the card's receipt is wrong: it does not have the key, or other keys"
            )
        }
        return session
    }

    /// The card's public key, from the certificates that it keeps for it.
    private func certifiedKey(
        _ version: UInt8,
        _ channel: HostProtocol,
        _ keys: AgreementKeys
    ) throws(CardManagementError) -> PublicKey {
        let name = "GET DATA BF21"
        let identifier = KeyAgreement.keyIdentifier(channel)
        let reference = TLV.object(0xA6, TLV.object(0x83, [identifier, version]))
        let answer = try send(Command(0x80, 0xCA, 0xBF, 0x21, reference), name)
        var issuer = keys.cardAuthority
        var last: PublicKey?
        for object in TLV.objects(in: TLV.first(0xBF21, in: answer.data) ?? answer.data) {
            let key: PublicKey?
            do throws(StatusWord) {
                key = try Self.publicKey(of: TLV.object(object.tag, object.value), signedBy: issuer)
            } catch {
                throw CardManagementError(.answer, name, "a certificate of the card cannot be read")
            }
            guard let key else {
                throw CardManagementError(.keys, name, "the signature of a certificate of the card is wrong")
            }
            last = key
            if issuer != nil { issuer = key }
        }
        guard let last else { throw CardManagementError(.answer, name, "the card has no certificate for this key") }
        return last
    }

    /// nil where somebody else has signed the certificate.
    private static func publicKey(
        of certificate: [UInt8],
        signedBy issuer: PublicKey?
    ) throws(StatusWord) -> PublicKey? {
        try certificate.withView { (octets) throws(StatusWord) -> PublicKey? in
            let certificate = try Certificate(octets)
            if let issuer, !(try certificate.isSigned(by: issuer)) { return nil }
            return certificate.publicKey
        }
    }

    /// PERFORM SECURITY OPERATION [verify certificate], in segments.
    private func present(_ keys: AgreementKeys) throws(CardManagementError) {
        for (index, certificate) in keys.certificates.enumerated() {
            var rest = certificate[...]
            let isLast = index == keys.certificates.count - 1
            while !rest.isEmpty {
                let segment = Array(rest.prefix(255))
                rest = rest.dropFirst(255)
                let p1 = keys.authority.version | (rest.isEmpty ? 0x00 : 0x80)
                let p2 = keys.authority.identifier | (isLast ? 0x00 : 0x80)
                _ = try send(Command(0x80, 0x2A, p1, p2, segment), "PERFORM SECURITY OPERATION")
            }
        }
    }
}
