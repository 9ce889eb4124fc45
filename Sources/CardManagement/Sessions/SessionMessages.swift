import CardCrypto
import GlobalPlatform
import Octets

/// The messages of one secure channel session as the host sees them, and as somebody does who has its keys and reads
/// along. A host protects commands and opens responses; a reader opens both. R-MAC sessions are followed.
protocol SessionMessages: AnyObject {
    /// How many octets a MAC has.
    var macLength: Int { get }

    /// How messages are protected now: as EXTERNAL AUTHENTICATE says, and within an R-MAC session as that adds to it.
    var level: SecurityLevel { get }

    /// Adds the C-MAC of EXTERNAL AUTHENTICATE, with which the chain of MACs begins.
    func authenticate(_ command: Command) throws(CryptoError) -> Command

    /// EXTERNAL AUTHENTICATE without its C-MAC; nil where that is wrong.
    func openAuthentication(_ command: Command) throws(CryptoError) -> Command?

    /// A command with its protection.
    func protect(_ command: Command) throws(CryptoError) -> Command

    /// A command without its protection; nil where that is wrong.
    func open(_ command: Command) throws(CryptoError) -> Command?

    /// The response to the last command without its protection; nil where that is wrong.
    ///
    /// - Parameter command: the command in the clear.
    func open(_ response: Response, to command: Command) throws(CryptoError) -> Response?
}

/// The security level of a session, and of an R-MAC session within it.
private struct SessionLevel {
    private let opened: SecurityLevel
    private(set) var current: SecurityLevel

    init(_ opened: SecurityLevel) {
        self.opened = opened
        current = opened
    }

    /// Follows a command that the card has done.
    mutating func follow(_ command: Command) {
        if command.beginsResponseMACs {
            current.formUnion(SecurityLevel(rawValue: command.p1 & 0x30))
        } else if command.endsResponseMACs, command.p2 == 0x03 {
            current = opened
        }
    }
}

extension Command {
    /// BEGIN R-MAC SESSION.
    fileprivate var beginsResponseMACs: Bool { cla & 0x80 != 0 && ins == 0x7A }

    /// END R-MAC SESSION.
    fileprivate var endsResponseMACs: Bool { cla & 0x80 != 0 && ins == 0x78 }

    /// A secured command without its MAC, and that; nil where it is not secured.
    fileprivate func withoutMAC(_ length: Int) -> (command: Command, mac: [UInt8])? {
        guard isSecured, data.count >= length else { return nil }
        var command = self
        command.setSecured(false)
        command.data.removeLast(length)
        return (command, Array(data.suffix(length)))
    }
}

extension Response {
    /// The status word as an R-MAC has it: 91XX comes in the place of 9000, behind the MAC's back.
    fileprivate var protectedStatus: StatusWord { status.sw1 == 0x91 ? .success : status }

    /// A response without its MAC, and that; nil where it is too short.
    fileprivate func withoutMAC(_ length: Int) -> (response: Response, mac: [UInt8])? {
        guard data.count >= length else { return nil }
        return (Response(Array(data.dropLast(length)), status), Array(data.suffix(length)))
    }
}

/// The messages of SCP03 and SCP11: AmdD clause 6.2.
final class AESMessages: SessionMessages {
    private var messaging: AESSecureMessaging
    private var levels: SessionLevel

    /// - Parameter level: that of SCP11; SCP03 has EXTERNAL AUTHENTICATE.
    init(_ messaging: consuming AESSecureMessaging, level: SecurityLevel = []) {
        self.messaging = messaging
        levels = SessionLevel(level)
    }

    var macLength: Int { messaging.size.rawValue }
    var level: SecurityLevel { levels.current }

    func authenticate(_ command: Command) throws(CryptoError) -> Command {
        levels = SessionLevel(SecurityLevel(rawValue: command.p1))
        return try sign(command)
    }

    func openAuthentication(_ command: Command) throws(CryptoError) -> Command? {
        levels = SessionLevel(SecurityLevel(rawValue: command.p1))
        return try verify(command)
    }

    func protect(_ command: Command) throws(CryptoError) -> Command {
        guard level.contains(.commandMAC) else { return command }
        messaging.countCommand()
        var command = command
        if level.contains(.commandEncryption), !command.data.isEmpty {
            let data = secret(command.data)
            command.data = try written(data.count + 16) { (blocks) throws(CryptoError) in
                try messaging.encryptCommand(data.view, to: &blocks)
            }
        }
        return try sign(command)
    }

    func open(_ command: Command) throws(CryptoError) -> Command? {
        guard level.contains(.commandMAC) else { return command }
        messaging.countCommand()
        guard var plain = try verify(command) else { return nil }
        if level.contains(.commandEncryption), !plain.data.isEmpty {
            let blocks = secret(plain.data)
            guard let count = try messaging.decryptCommand(blocks.view, into: blocks.buffer) else { return nil }
            plain.data = blocks.view.part(from: 0, length: count).array
        }
        return plain
    }

    func open(_ response: Response, to command: Command) throws(CryptoError) -> Response? {
        let plain = level.contains(.responseMAC) ? try verify(response) : response
        // The responses of BEGIN and END R-MAC SESSION are protected as before them.
        if plain != nil, response.protectedStatus == .success { levels.follow(command) }
        return plain
    }

    private func sign(_ command: Command) throws(CryptoError) -> Command {
        var signed = command
        signed.setSecured(true)
        let header = secret(signed.macHeader(isSecured: true, length: signed.data.count + macLength))
        let data = secret(signed.data)
        signed.data += try written(macLength) { (mac) throws(CryptoError) in
            try messaging.appendCommandMAC(header.view, data.view, to: &mac)
        }
        return signed
    }

    private func verify(_ command: Command) throws(CryptoError) -> Command? {
        guard let (plain, mac) = command.withoutMAC(macLength) else { return nil }
        let header = secret(command.macHeader(isSecured: true, length: command.data.count))
        let data = secret(plain.data)
        let expected = secret(mac)
        return try messaging.verifyCommand(header.view, data.view, mac: expected.view) ? plain : nil
    }

    private func verify(_ response: Response) throws(CryptoError) -> Response? {
        // AmdD clause 6.2.5: errors come without.
        let status = response.protectedStatus
        guard status == .success || status.isWarning else { return response.data.isEmpty ? response : nil }
        guard case (var plain, let mac)? = response.withoutMAC(macLength) else { return nil }
        let data = secret(plain.data)
        let trailer = secret([status.sw1, status.sw2])
        let expected = secret(mac)
        guard try messaging.verifyResponse(data.view, trailer.view, mac: expected.view) else { return nil }
        if level.contains(.responseEncryption), !plain.data.isEmpty {
            guard plain.data.count % 16 == 0 else { return nil }
            try messaging.decryptResponse(data.view, into: data.buffer)
            guard let clear = withoutPadding(data.view.array) else { return nil }
            plain.data = clear
        }
        return plain
    }
}

/// The messages of SCP02: GPCS clause E.4.
final class DESMessages: SessionMessages {
    private var messaging: DESSecureMessaging
    private var levels = SessionLevel([])
    /// R-MACs are computed, and given with END R-MAC SESSION only.
    private var isSilent = false

    init(_ messaging: consuming DESSecureMessaging) { self.messaging = messaging }

    var macLength: Int { DESSecureMessaging.length }
    var level: SecurityLevel { levels.current }

    func authenticate(_ command: Command) throws(CryptoError) -> Command {
        levels = SessionLevel(SecurityLevel(rawValue: command.p1))
        let signed = try sign(command, isEnciphered: false)
        messaging.beginResponseMACs()
        return signed
    }

    func openAuthentication(_ command: Command) throws(CryptoError) -> Command? {
        levels = SessionLevel(SecurityLevel(rawValue: command.p1))
        guard let plain = try verify(command, isEnciphered: false) else { return nil }
        messaging.beginResponseMACs()
        return plain
    }

    func protect(_ command: Command) throws(CryptoError) -> Command {
        guard level.contains(.commandMAC) else { return command }
        return try sign(command, isEnciphered: level.contains(.commandEncryption))
    }

    func open(_ command: Command) throws(CryptoError) -> Command? {
        guard level.contains(.commandMAC) else { return command }
        return try verify(command, isEnciphered: level.contains(.commandEncryption))
    }

    func open(_ response: Response, to command: Command) throws(CryptoError) -> Response? {
        let isDone = response.protectedStatus == .success
        if isDone, command.beginsResponseMACs {
            // It begins the chain of R-MACs, and has none itself.
            guard response.data.isEmpty else { return nil }
            try computeMAC(of: response, to: command)
            isSilent = command.p1 == 0x00
            levels.follow(command)
            return response
        }
        guard level.contains(.responseMAC) || isSilent else { return response }
        if isDone, command.endsResponseMACs {
            // The last R-MAC is its data; it has no part in the chain.
            let mac = secret(response.data)
            guard messaging.isResponseMAC(mac.view) else { return nil }
            if command.p2 == 0x03 { isSilent = false }
            levels.follow(command)
            return response
        }
        guard !isSilent else {
            try computeMAC(of: response, to: command)
            return response
        }
        guard let (plain, mac) = response.withoutMAC(macLength) else { return nil }
        try computeMAC(of: plain, to: command)
        let expected = secret(mac)
        return messaging.isResponseMAC(expected.view) ? plain : nil
    }

    private func sign(_ command: Command, isEnciphered: Bool) throws(CryptoError) -> Command {
        var signed = command
        signed.setSecured(true)
        let header = secret(command.macHeader(isSecured: true, length: command.data.count + macLength))
        let data = secret(command.data)
        let mac = try written(macLength) { (mac) throws(CryptoError) in
            try messaging.appendCommandMAC(header.view, data.view, to: &mac)
        }
        if isEnciphered, !command.data.isEmpty {
            signed.data = try written(data.count + 8) { (blocks) throws(CryptoError) in
                try messaging.encryptCommand(data.view, to: &blocks)
            }
        }
        signed.data += mac
        return signed
    }

    private func verify(_ command: Command, isEnciphered: Bool) throws(CryptoError) -> Command? {
        guard case (var plain, let mac)? = command.withoutMAC(macLength) else { return nil }
        if isEnciphered, !plain.data.isEmpty {
            let blocks = secret(plain.data)
            guard let clear = try messaging.decryptCommand(blocks.view, into: blocks.buffer), clear.isPadded else {
                return nil
            }
            plain.data = blocks.view.part(from: 0, length: clear.count).array
        }
        let header = secret(plain.macHeader(isSecured: true, length: plain.data.count + macLength))
        let data = secret(plain.data)
        let expected = secret(mac)
        return try messaging.verifyCommand(header.view, data.view, mac: expected.view) ? plain : nil
    }

    /// Computes the R-MAC of a command and its response, both in the clear.
    private func computeMAC(of response: Response, to command: Command) throws(CryptoError) {
        let header = secret(command.macHeader(isSecured: false, length: command.data.count))
        let sent = secret(command.data)
        let answered = secret(response.data)
        try messaging.beginResponse(header.view, sent.view)
        try messaging.endResponse(answered.view, response.protectedStatus)
    }
}
