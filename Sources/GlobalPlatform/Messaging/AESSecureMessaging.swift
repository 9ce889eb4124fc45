import CardCrypto
import Octets

/// The messages of one secure channel session that AES protects, apart from how they are framed.
///
/// SCP03 and SCP11 frame them as APDUs, SCP03t as segments; both MAC a header, the data and, in responses, a trailer.
/// The caller cuts these out of its frames, and puts them in. No operation allocates memory. After one that fails, or
/// says that a message is not genuine, the session must end.
public struct AESSecureMessaging: ~Copyable {
    /// How long challenges, cryptograms and MACs are.
    public enum Size: Int, Sendable {
        /// Eight octets: AmdD 1.1.1.
        case s8 = 8
        /// Sixteen octets: AmdD 1.2.
        case s16 = 16
    }

    /// How long challenges, cryptograms and MACs are.
    public let size: Size
    private let encryption: BlockCipher
    private var commandMAC: CMAC
    private var responseMAC: CMAC
    /// The MAC chaining value, a MAC, and an initial chaining vector.
    private let state: SecretOctets
    /// How many commands came. As many as fit do not come up in a session.
    private var counter: UInt64 = 0

    /// Takes the keys of a session.
    ///
    /// - Parameter chain: the first MAC chaining value: zeros in SCP03, the receipt in SCP11.
    /// - Throws: `CryptoError.keyLength` where a key is no AES key.
    public init(
        encryption: OctetView,
        commandMAC: OctetView,
        responseMAC: OctetView,
        chain: OctetView = .empty,
        size: Size
    ) throws(CryptoError) {
        let cipher = try BlockCipher(.aes, key: encryption)
        let command = try CMAC(key: commandMAC)
        let response = try CMAC(key: responseMAC)
        self.encryption = cipher
        self.commandMAC = command
        self.responseMAC = response
        self.size = size
        state = SecretOctets(count: 48)
        if chain.count == 16 { chain.copy(to: state.part(0, 16)) }
    }

    /// Whether `mac` is the MAC of a command: AmdD clause 6.2.4. If so, it becomes the chaining value.
    public mutating func verifyCommand(
        _ header: OctetView,
        _ data: OctetView,
        mac: OctetView
    ) throws(CryptoError) -> Bool {
        try commandMAC.update(state.view.part(from: 0, length: 16))
        try commandMAC.update(header)
        try commandMAC.update(data)
        try commandMAC.finish(into: state.part(16, 16))
        guard constantTimeEqual(mac, state.view.part(from: 16, length: size.rawValue)) else { return false }
        state.view.part(from: 16, length: 16).copy(to: state.part(0, 16))
        return true
    }

    /// Counts a command, whether it is enciphered or not: AmdD clause 6.2.6.
    public mutating func countCommand() { counter &+= 1 }

    /// Deciphers the data of the command that was counted last.
    ///
    /// - Returns: how many octets at the beginning of `output` they are; nil where they are no whole blocks, do not fit
    ///   or have no padding.
    public func decryptCommand(
        _ data: OctetView,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) -> Int? {
        guard data.count % 16 == 0, !data.isEmpty, data.count <= output.count else { return nil }
        try makeVector(0x00)
        try encryption.decryptCBC(data, iv: state.view.part(from: 32, length: 16), into: output)
        return Padding.strippedLength(
            OctetView(UnsafeRawBufferPointer(output)).part(from: 0, length: data.count),
            block: 16
        )
    }

    /// Appends the response to the command that was counted last, enciphered: AmdD clause 6.2.7.
    ///
    /// - Throws: `CryptoError.outputLength` where it does not fit.
    public func encryptResponse(_ data: OctetView, to response: inout OctetWriter) throws(CryptoError) {
        let count = Padding.length(data.count, block: 16)
        guard let place = response.reserve(count) else { throw .outputLength }
        let blocks = UnsafeMutableRawBufferPointer(start: place, count: count)
        wipe(blocks)
        data.copy(to: blocks)
        blocks[data.count] = 0x80
        try makeVector(0x80)
        let view = OctetView(UnsafeRawBufferPointer(blocks))
        try encryption.encryptCBC(view, iv: state.view.part(from: 32, length: 16), into: blocks)
    }

    /// Appends the MAC of a response: AmdD clause 6.2.5. The chaining value is that of the command.
    public mutating func appendResponseMAC(
        _ header: OctetView = .empty,
        _ data: OctetView,
        _ trailer: OctetView = .empty,
        to response: inout OctetWriter
    ) throws(CryptoError) {
        try responseMAC.update(state.view.part(from: 0, length: 16))
        try responseMAC.update(header)
        try responseMAC.update(data)
        try responseMAC.update(trailer)
        try responseMAC.finish(into: state.part(16, 16))
        response.append(state.view.part(from: 16, length: size.rawValue))
    }

    /// The counter as a block, its first octet `direction`, enciphered.
    private func makeVector(_ direction: UInt8) throws(CryptoError) {
        let vector = state.part(32, 16)
        vector[0] = direction
        for index in 1..<8 { vector[index] = 0 }
        vector.storeBytes(of: counter.bigEndian, toByteOffset: 8, as: UInt64.self)
        try encryption.encryptECB(OctetView(UnsafeRawBufferPointer(vector)), into: vector)
    }
}
