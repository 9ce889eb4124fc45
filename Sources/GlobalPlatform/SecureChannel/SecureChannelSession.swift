import CardCrypto
import CardOS
import Octets

/// The secure channel session of one logical channel: GPCS clause 10.
///
/// It is volatile. It ends when the application on the channel is selected anew, when the channel is closed, and at a
/// reset (`end`). While it is open, each command goes through `receive` and each response through `wrap`; neither
/// allocates memory then. A violation aborts the session: from then on everything is refused until somebody begins
/// another one, or the session ends.
public struct SecureChannelSession: ~Copyable {
    /// How far a session is.
    public enum State: Sendable, CaseIterable {
        /// There is none.
        case none
        /// The card has answered INITIALIZE UPDATE, and waits for EXTERNAL AUTHENTICATE.
        case initialized
        /// The keys are agreed.
        case open
        /// It was violated.
        case aborted
    }

    /// What a command has turned out to be.
    public enum Received {
        /// A command for the application, without its protection. Its response goes through `wrap`.
        case command(CommandAPDU)
        /// A command of the session itself. Its response is written, wrapped where it must be.
        case answered(StatusWord)
    }

    /// How far the session is.
    public internal(set) var state = State.none
    /// The level at which it was opened.
    var openedLevel = SecurityLevel()
    /// The level of messages now: BEGIN R-MAC SESSION adds to the level at opening.
    var currentLevel = SecurityLevel()
    /// Who is authenticated.
    var authentication = SecurityLevel()
    var supportsResponseMAC = false
    var supportsResponseEncryption = false
    /// R-MACs are computed, and given with END R-MAC SESSION only.
    var isSilent = false
    /// The response to the command under way is to be protected.
    var protectsResponse = false
    /// Of SCP11a and SCP11c, until the first C-MAC that is right: the key version whose authentication is counted.
    var unprovenVersion: UInt8?

    // One of the two is there, from INITIALIZE UPDATE on.
    var aes: AESSecureMessaging?
    var des: DESSecureMessaging?
    var sensitive: DataEncryptionKey?
    var initiation: Initiation?
    var offCard = OffCardAuthentication()

    /// No session.
    public init() {}

    /// The security level: GPCS table 10-1; 00 where no session is open.
    public var level: SecurityLevel { state == .open ? currentLevel.union(authentication) : [] }

    /// Ends the session; its keys are wiped.
    public mutating func end() {
        state = .none
        forget()
        offCard = OffCardAuthentication()
    }

    /// Calls `body` with the key that protects sensitive data.
    ///
    /// - Throws: 6985 where no session is open; what `body` throws.
    public func withDataEncryptionKey<Result: ~Copyable>(
        _ body: (borrowing DataEncryptionKey) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        guard state == .open, sensitive != nil else { throw .conditionsNotSatisfied }
        switch sensitive {
        case .some(let key): return try body(key)
        case .none: throw .conditionsNotSatisfied
        }
    }

    /// Takes a command of the application that the session is with.
    ///
    /// - Parameters:
    ///   - scratch: memory that the data field of the command returned may lie in; as long as the longest data field.
    ///   - response: takes the response data of the session's own commands.
    /// - Throws: the status word to answer, without protection.
    public mutating func receive<Source: KeySource & ~Copyable>(
        _ command: CommandAPDU,
        from source: inout Source,
        scratch: UnsafeMutableRawBufferPointer,
        into response: inout OctetWriter
    ) throws(StatusWord) -> Received {
        protectsResponse = false
        switch try SessionCommand(command) {
        case .initializeUpdate: try initializeUpdate(command, from: &source, into: &response)
        case .externalAuthenticate: try externalAuthenticate(command, from: &source)
        case .mutualAuthenticate: try authenticate(command, isMutual: true, from: &source, into: &response)
        case .internalAuthenticate: try authenticate(command, isMutual: false, from: &source, into: &response)
        case .performSecurityOperation: try performSecurityOperation(command, from: source)
        case .beginResponseMAC:
            return .answered(try beginResponseMAC(try unwrap(command, &source, scratch), into: &response))
        case .endResponseMAC:
            return .answered(try endResponseMAC(try unwrap(command, &source, scratch), into: &response))
        case nil: return .command(try unwrap(command, &source, scratch))
        }
        return .answered(.success)
    }

    /// Appends a response to the command that was received last, protected as the session demands.
    ///
    /// - Throws: 6F00 where it does not fit; the session is aborted then.
    public mutating func wrap(
        _ data: OctetView,
        status: StatusWord,
        into response: inout OctetWriter
    ) throws(StatusWord) {
        guard protectsResponse else { return response.append(data) }
        protectsResponse = false
        do throws(CryptoError) {
            if des != nil {
                try des?.endResponse(data, status)
                response.append(data)
                if !isSilent { des?.appendResponseMAC(to: &response) }
            } else if status == .success || status.isWarning {
                let start = response.count
                if currentLevel.contains(.responseEncryption), !data.isEmpty {
                    try aes?.encryptResponse(data, to: &response)
                } else {
                    response.append(data)
                }
                let body = response.view.part(from: start)
                try withOctets(of: status) { (status) throws(CryptoError) in
                    try aes?.appendResponseMAC(.empty, body, status, to: &response)
                }
            } else {
                // AmdD clause 6.2.5: other status words come alone.
                response.append(data)
            }
        } catch {
            throw abort(.technicalProblem)
        }
        if response.overflowed { throw abort(.technicalProblem) }
    }

    // MARK: Commands

    /// Takes the protection off a command.
    ///
    /// - Throws: 6982 where protection is missing, not expected or wrong, of which an open session is aborted; 6882 for
    ///   secure messaging of ISO/IEC 7816-4.
    private mutating func unwrap<Source: KeySource & ~Copyable>(
        _ command: CommandAPDU,
        _ source: inout Source,
        _ scratch: UnsafeMutableRawBufferPointer
    ) throws(StatusWord) -> CommandAPDU {
        if SessionCommand.isForeign(command) { return command }
        let isSecured = try SessionCommand.isSecured(command)
        switch state {
        case .none, .initialized:
            end()
            guard !isSecured else { throw .securityStatusNotSatisfied }
            return command
        case .aborted: throw .securityStatusNotSatisfied
        case .open: break
        }
        guard isSecured == currentLevel.contains(.commandMAC) else { throw abort(.securityStatusNotSatisfied) }
        var plain = command
        do throws(CryptoError) {
            if isSecured {
                guard let data = try des == nil ? openAES(command, scratch) : openDES(command, scratch) else {
                    throw CryptoError.dataLength
                }
                let mask: UInt8 = command.cla & 0x40 == 0 ? 0x04 : 0x20
                plain = command.with(cla: command.cla & ~mask, p1: command.p1, p2: command.p2).with(data: data)
            }
            protectsResponse = currentLevel.contains(.responseMAC)
            if protectsResponse, des != nil {
                let cla: UInt8 = plain.classOctet.kind == .interindustry ? 0x00 : 0x80
                let data = plain.data
                try withHeader(cla, plain.ins, plain.p1, plain.p2, length: data.count) {
                    (header) throws(CryptoError) in try des?.beginResponse(header, data)
                }
            }
        } catch {
            // Whatever it was: nobody is to tell one from another.
            throw abort(.securityStatusNotSatisfied)
        }
        if isSecured, let version = unprovenVersion {
            unprovenVersion = nil
            try source.forgetFailedAuthentications(with: version)
        }
        return plain
    }

    /// The data field of a command of SCP03; nil where it is not genuine.
    private mutating func openAES(
        _ command: CommandAPDU,
        _ scratch: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) -> OctetView? {
        let data = command.data
        let length = data.count - (aes?.size.rawValue ?? 0)
        guard length >= 0 else { return nil }
        let body = data.part(from: 0, length: length)
        aes?.countCommand()
        let isGenuine = try withHeader(command, length: data.count) { (header) throws(CryptoError) in
            try aes?.verifyCommand(header, body, mac: data.part(from: length))
        }
        guard isGenuine == true else { return nil }
        guard currentLevel.contains(.commandEncryption), !body.isEmpty else { return body }
        guard let count = try aes?.decryptCommand(body, into: scratch) else { return nil }
        return OctetView(UnsafeRawBufferPointer(scratch)).part(from: 0, length: count)
    }

    /// The data field of a command of SCP02; nil where it is not genuine. The MAC is that of the data in the clear, so
    /// that it is computed also where there is no padding.
    private mutating func openDES(
        _ command: CommandAPDU,
        _ scratch: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) -> OctetView? {
        let data = command.data
        let length = data.count - DESSecureMessaging.length
        guard length >= 0 else { return nil }
        var body = data.part(from: 0, length: length)
        var isPadded = true
        let isCiphered = currentLevel.contains(.commandEncryption) && !body.isEmpty
        if isCiphered {
            guard let plain = try des?.decryptCommand(body, into: scratch) else { return nil }
            body = OctetView(UnsafeRawBufferPointer(scratch)).part(from: 0, length: plain.count)
            isPadded = plain.isPadded
        }
        let isGenuine = try withHeader(command, length: body.count + DESSecureMessaging.length) {
            (header) throws(CryptoError) in
            try des?.verifyCommand(header, body, mac: data.part(from: length), ciphertext: isCiphered ? length : 0)
        }
        return isGenuine == true && isPadded ? body : nil
    }

    // MARK: States

    /// Opens the session, as of which it protects messages.
    mutating func open(_ level: SecurityLevel, authentication: SecurityLevel) {
        initiation = nil
        state = .open
        openedLevel = level
        currentLevel = level
        self.authentication = authentication
    }

    /// Opens a session of the factory: messages are not protected, keys are enciphered with `key`.
    mutating func openInFactory(_ key: consuming DataEncryptionKey) {
        end()
        sensitive = consume key
        open([], authentication: .authenticated)
    }

    /// Opens a session of a remote script: what protects its commands was the packet that they came in, so that they
    /// have no protection of their own. Keys are enciphered with `key`; without it none are taken.
    mutating func openRemotely(_ level: SecurityLevel, _ key: consuming DataEncryptionKey?) {
        end()
        sensitive = consume key
        open([], authentication: level.union(.authenticated))
    }

    /// Ends what there is for a session that begins; what was aborted stays so until it has begun.
    mutating func prepareInitiation() {
        forget()
        if state != .aborted { state = .none }
    }

    /// Aborts the session.
    mutating func abort(_ status: StatusWord) -> StatusWord {
        forget()
        state = .aborted
        return status
    }

    private mutating func forget() {
        aes = nil
        des = nil
        sensitive = nil
        initiation = nil
        openedLevel = []
        currentLevel = []
        authentication = []
        supportsResponseMAC = false
        supportsResponseEncryption = false
        isSilent = false
        protectsResponse = false
        unprovenVersion = nil
    }
}

/// Calls `body` with the header of a command as its C-MAC takes it: on channel 0, with secure messaging.
func withHeader<Result>(
    _ command: CommandAPDU,
    length: Int,
    _ body: (OctetView) throws(CryptoError) -> Result
) throws(CryptoError) -> Result {
    let cla: UInt8 = command.classOctet.kind == .interindustry ? 0x04 : 0x84
    return try withHeader(cla, command.ins, command.p1, command.p2, length: length, body)
}
