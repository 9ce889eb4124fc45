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
        try Self.compute(&commandMAC, state, header, data)
        guard constantTimeEqual(mac, computedMAC) else { return false }
        chain()
        return true
    }

    /// Appends the MAC of a command, as who sends it. It becomes the chaining value.
    package mutating func appendCommandMAC(
        _ header: OctetView,
        _ data: OctetView,
        to command: inout OctetWriter
    ) throws(CryptoError) {
        try Self.compute(&commandMAC, state, header, data)
        command.append(computedMAC)
        chain()
    }

    /// Counts a command, whether it is enciphered or not: AmdD clause 6.2.6.
    public mutating func countCommand() { counter &+= 1 }

    /// Appends the data of the command that was counted last, enciphered, as who sends it.
    ///
    /// - Throws: `CryptoError.outputLength` where they do not fit.
    package func encryptCommand(_ data: OctetView, to command: inout OctetWriter) throws(CryptoError) {
        try encrypt(data, 0x00, to: &command)
    }

    /// Deciphers the data of the command that was counted last.
    ///
    /// - Returns: how many octets at the beginning of `output` they are; nil where they are no whole blocks, do not fit
    ///   or have no padding.
    public func decryptCommand(
        _ data: OctetView,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) -> Int? {
        guard data.count % 16 == 0, !data.isEmpty, data.count <= output.count else { return nil }
        try encryption.decryptCBC(data, iv: vector(0x00), into: output)
        return Padding.strippedLength(
            OctetView(UnsafeRawBufferPointer(output)).part(from: 0, length: data.count),
            block: 16
        )
    }

    /// Appends the response to the command that was counted last, enciphered: AmdD clause 6.2.7.
    ///
    /// - Throws: `CryptoError.outputLength` where it does not fit.
    public func encryptResponse(_ data: OctetView, to response: inout OctetWriter) throws(CryptoError) {
        try encrypt(data, 0x80, to: &response)
    }

    /// Deciphers the response to the command that was counted last, as who has sent that; `output` has its length, and
    /// the padding is still there.
    ///
    /// - Throws: `CryptoError.dataLength` where it is not of whole blocks.
    package func decryptResponse(
        _ data: OctetView,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        try encryption.decryptCBC(data, iv: vector(0x80), into: output)
    }

    /// Appends the MAC of a response: AmdD clause 6.2.5. The chaining value is that of the command.
    public mutating func appendResponseMAC(
        _ header: OctetView = .empty,
        _ data: OctetView,
        _ trailer: OctetView = .empty,
        to response: inout OctetWriter
    ) throws(CryptoError) {
        try Self.compute(&responseMAC, state, header, data, trailer)
        response.append(computedMAC)
    }

    /// Whether `mac` is the MAC of the response to the command that was sent last.
    package mutating func verifyResponse(
        _ data: OctetView,
        _ trailer: OctetView,
        mac: OctetView
    ) throws(CryptoError) -> Bool {
        try Self.compute(&responseMAC, state, data, trailer)
        return constantTimeEqual(mac, computedMAC)
    }

    /// Computes the MAC of a message under the chaining value.
    private static func compute(
        _ mac: inout CMAC,
        _ state: borrowing SecretOctets,
        _ header: OctetView,
        _ data: OctetView,
        _ trailer: OctetView = .empty
    ) throws(CryptoError) {
        try mac.update(state.view.part(from: 0, length: 16))
        try mac.update(header)
        try mac.update(data)
        try mac.update(trailer)
        try mac.finish(into: state.part(16, 16))
    }

    /// What was computed last, as messages have it.
    private var computedMAC: OctetView { state.view.part(from: 16, length: size.rawValue) }

    /// Makes what was computed last the chaining value.
    private func chain() { state.view.part(from: 16, length: 16).copy(to: state.part(0, 16)) }

    /// Appends `data` and their padding, enciphered.
    private func encrypt(
        _ data: OctetView,
        _ direction: UInt8,
        to message: inout OctetWriter
    ) throws(CryptoError) {
        let blocks = try Padding.append(data, block: 16, to: &message)
        try encryption.encryptCBC(OctetView(UnsafeRawBufferPointer(blocks)), iv: vector(direction), into: blocks)
    }

    /// The counter as a block, its first octet `direction`, enciphered.
    private func vector(_ direction: UInt8) throws(CryptoError) -> OctetView {
        let vector = state.part(32, 16)
        vector[0] = direction
        for index in 1..<8 { vector[index] = 0 }
        vector.storeBytes(of: counter.bigEndian, toByteOffset: 8, as: UInt64.self)
        try encryption.encryptECB(OctetView(UnsafeRawBufferPointer(vector)), into: vector)
        return state.view.part(from: 32, length: 16)
    }
}
