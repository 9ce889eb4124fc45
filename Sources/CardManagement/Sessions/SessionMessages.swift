import CardCrypto
import GlobalPlatform
import Octets

/// The messages of one secure channel session as the host sees them, and as somebody does who has its keys and reads
/// along. A host protects commands and opens responses; a reader opens both.
protocol SessionMessages: AnyObject {
    /// How many octets a MAC has.
    var macLength: Int { get }

    /// Adds the C-MAC of EXTERNAL AUTHENTICATE, with which the chain of MACs begins.
    func authenticate(_ command: Command) throws(CryptoError) -> Command

    /// EXTERNAL AUTHENTICATE without its C-MAC; nil where that is wrong.
    func openAuthentication(_ command: Command) throws(CryptoError) -> Command?

    /// A command with its protection.
    func protect(_ command: Command, _ level: SecurityLevel) throws(CryptoError) -> Command

    /// A command without its protection; nil where that is wrong.
    func open(_ command: Command, _ level: SecurityLevel) throws(CryptoError) -> Command?

    /// The response to the last command without its protection; nil where that is wrong.
    ///
    /// - Parameter command: the command in the clear.
    func open(_ response: Response, to command: Command, _ level: SecurityLevel) throws(CryptoError) -> Response?
}

/// The messages of SCP03 and SCP11: AmdD clause 6.2.
final class AESMessages: SessionMessages {
    let macLength: Int
    private let encryption: BlockCipher
    private var commandMAC: CMAC
    private var responseMAC: CMAC
    /// The MAC chaining value.
    private var chain: [UInt8]
    /// How many commands there were, enciphered or not.
    private var counter: UInt64 = 0

    /// - Parameter chain: the first MAC chaining value: zeros in SCP03, the receipt in SCP11.
    init(
        encryption: OctetView,
        commandMAC: OctetView,
        responseMAC: OctetView,
        chain: [UInt8] = [UInt8](repeating: 0, count: 16),
        macLength: Int
    ) throws(CryptoError) {
        let cipher = try BlockCipher(.aes, key: encryption)
        let command = try CMAC(key: commandMAC)
        let response = try CMAC(key: responseMAC)
        self.encryption = cipher
        self.commandMAC = command
        self.responseMAC = response
        self.chain = chain
        self.macLength = macLength
    }

    func authenticate(_ command: Command) throws(CryptoError) -> Command { try sign(command) }

    func openAuthentication(_ command: Command) throws(CryptoError) -> Command? { try verify(command) }

    func protect(_ command: Command, _ level: SecurityLevel) throws(CryptoError) -> Command {
        guard level.contains(.commandMAC) else { return command }
        counter &+= 1
        var command = command
        if level.contains(.commandEncryption), !command.data.isEmpty {
            let blocks = Padding.added(to: command.data, block: 16)
            command.data = try encryption.encrypted(blocks, iv: vector(0x00))
        }
        return try sign(command)
    }

    func open(_ command: Command, _ level: SecurityLevel) throws(CryptoError) -> Command? {
        guard level.contains(.commandMAC) else { return command }
        counter &+= 1
        guard var plain = try verify(command) else { return nil }
        if level.contains(.commandEncryption), !plain.data.isEmpty {
            guard plain.data.count % 16 == 0,
                let data = Padding.removed(
                    from: try encryption.decrypted(plain.data, iv: vector(0x00))
                )
            else { return nil }
            plain.data = data
        }
        return plain
    }

    func open(
        _ response: Response,
        to command: Command,
        _ level: SecurityLevel
    ) throws(CryptoError) -> Response? {
        guard level.contains(.responseMAC) else { return response }
        // AmdD clause 6.2.5: errors come without. 91XX comes in the place of 9000, behind the MAC's back.
        let status = response.status.sw1 == 0x91 ? StatusWord.success : response.status
        guard status == .success || status.isWarning else { return response.data.isEmpty ? response : nil }
        guard response.data.count >= macLength else { return nil }
        var plain = response
        plain.data.removeLast(macLength)
        let mac = try Self.mac(&responseMAC, chain + plain.data + [status.sw1, status.sw2])
        guard areEqual(mac.prefix(macLength), response.data.suffix(macLength)) else { return nil }
        if level.contains(.responseEncryption), !plain.data.isEmpty {
            guard plain.data.count % 16 == 0,
                let data = Padding.removed(
                    from: try encryption.decrypted(plain.data, iv: vector(0x80))
                )
            else { return nil }
            plain.data = data
        }
        return plain
    }

    private func sign(_ command: Command) throws(CryptoError) -> Command {
        var signed = command
        signed.setSecured(true)
        let header = signed.macHeader(isSecured: true, length: signed.data.count + macLength)
        chain = try Self.mac(&commandMAC, chain + header + signed.data)
        signed.data += chain.prefix(macLength)
        return signed
    }

    private func verify(_ command: Command) throws(CryptoError) -> Command? {
        guard command.isSecured, command.data.count >= macLength else { return nil }
        var plain = command
        plain.setSecured(false)
        plain.data.removeLast(macLength)
        let header = command.macHeader(isSecured: true, length: command.data.count)
        let mac = try Self.mac(&commandMAC, chain + header + plain.data)
        guard areEqual(mac.prefix(macLength), command.data.suffix(macLength)) else { return nil }
        chain = mac
        return plain
    }

    private static func mac(_ cmac: inout CMAC, _ data: [UInt8]) throws(CryptoError) -> [UInt8] {
        let result = SecretOctets(count: CMAC.length)
        let message = secret(data)
        try cmac.update(message.view)
        try cmac.finish(into: result.buffer)
        return result.view.array
    }

    /// AmdD clauses 6.2.6 and 6.2.7: the counter, enciphered; the first octet says whose data.
    private func vector(_ direction: UInt8) throws(CryptoError) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 16)
        block[0] = direction
        for index in 0..<8 { block[15 - index] = UInt8(truncatingIfNeeded: counter >> UInt64(8 * index)) }
        return try encryption.encrypted(block: block)
    }
}

/// The messages of SCP02: GPCS clause E.4.
final class DESMessages: SessionMessages {
    let macLength = 8
    private let encryption: BlockCipher
    /// The first half of the C-MAC key, which enciphers ICVs.
    private let single: BlockCipher
    private var commandMAC: RetailMAC
    private var responseMAC: RetailMAC
    private var chain = [UInt8](repeating: 0, count: 8)
    private var responseChain = [UInt8](repeating: 0, count: 8)
    private let encryptsVector: Bool

    init(
        encryption: OctetView,
        commandMAC: OctetView,
        responseMAC: OctetView,
        encryptsVector: Bool
    ) throws(CryptoError) {
        let cipher = try BlockCipher(.des, key: encryption)
        let single = try BlockCipher(.des, key: commandMAC.part(from: 0, length: 8))
        let command = try RetailMAC(key: commandMAC)
        let response = try RetailMAC(key: responseMAC)
        self.encryption = cipher
        self.single = single
        self.commandMAC = command
        self.responseMAC = response
        self.encryptsVector = encryptsVector
    }

    func authenticate(_ command: Command) throws(CryptoError) -> Command {
        var signed = command
        signed.setSecured(true)
        chain = try mac(of: command, icv: chain)
        responseChain = chain
        signed.data += chain
        return signed
    }

    func openAuthentication(_ command: Command) throws(CryptoError) -> Command? {
        guard command.isSecured, command.data.count >= macLength else { return nil }
        var plain = command
        plain.setSecured(false)
        plain.data.removeLast(macLength)
        let mac = try mac(of: plain, icv: chain)
        guard areEqual(mac, command.data.suffix(macLength)) else { return nil }
        chain = mac
        responseChain = mac
        return plain
    }

    func protect(_ command: Command, _ level: SecurityLevel) throws(CryptoError) -> Command {
        guard level.contains(.commandMAC) else { return command }
        var signed = command
        signed.setSecured(true)
        chain = try mac(of: command, icv: nextVector())
        if level.contains(.commandEncryption), !command.data.isEmpty {
            signed.data = try encryption.encrypted(
                Padding.added(to: command.data, block: 8),
                iv: [UInt8](repeating: 0, count: 8)
            )
        }
        signed.data += chain
        return signed
    }

    func open(_ command: Command, _ level: SecurityLevel) throws(CryptoError) -> Command? {
        guard level.contains(.commandMAC) else { return command }
        guard command.isSecured, command.data.count >= macLength else { return nil }
        var plain = command
        plain.setSecured(false)
        plain.data.removeLast(macLength)
        if level.contains(.commandEncryption), !plain.data.isEmpty {
            guard plain.data.count % 8 == 0,
                let data = Padding.removed(
                    from: try encryption.decrypted(plain.data, iv: [UInt8](repeating: 0, count: 8))
                )
            else { return nil }
            plain.data = data
        }
        let mac = try mac(of: plain, icv: nextVector())
        guard areEqual(mac, command.data.suffix(macLength)) else { return nil }
        chain = mac
        return plain
    }

    func open(
        _ response: Response,
        to command: Command,
        _ level: SecurityLevel
    ) throws(CryptoError) -> Response? {
        guard level.contains(.responseMAC) else { return response }
        guard response.data.count >= macLength else { return nil }
        var plain = response
        plain.data.removeLast(macLength)
        // 91XX comes in the place of 9000, behind the MAC's back.
        let status = response.status.sw1 == 0x91 ? StatusWord.success : response.status
        var message = command.macHeader(isSecured: false, length: command.data.count) + command.data
        message.append(UInt8(truncatingIfNeeded: plain.data.count))
        message += plain.data + [status.sw1, status.sw2]
        responseChain = try Self.mac(&responseMAC, message, icv: responseChain)
        return areEqual(responseChain, response.data.suffix(macLength)) ? plain : nil
    }

    private func nextVector() throws(CryptoError) -> [UInt8] {
        encryptsVector ? try single.encrypted(block: chain) : chain
    }

    /// The C-MAC of a command in the clear.
    private func mac(of command: Command, icv: [UInt8]) throws(CryptoError) -> [UInt8] {
        let header = command.macHeader(isSecured: true, length: command.data.count + macLength)
        return try Self.mac(&commandMAC, header + command.data, icv: icv)
    }

    private static func mac(_ mac: inout RetailMAC, _ data: [UInt8], icv: [UInt8]) throws(CryptoError) -> [UInt8] {
        let result = SecretOctets(count: RetailMAC.length)
        let vector = secret(icv)
        let message = secret(data)
        mac.begin(icv: vector.view)
        try mac.update(message.view)
        try mac.finish(into: result.buffer)
        return result.view.array
    }
}
