import CardCrypto
import Octets

/// The messages of one SCP02 session, apart from how they are framed: GPCS clause E.4.
///
/// No operation allocates memory. After one that fails, or says that a message is not genuine, the session must end.
public struct DESSecureMessaging: ~Copyable {
    /// How many octets challenges, cryptograms and MACs have.
    public static var length: Int { RetailMAC.length }

    private let encryption: BlockCipher
    private(set) var commandMAC: RetailMAC
    private var responseMAC: RetailMAC
    /// The last C-MAC, the last R-MAC, a MAC.
    private let state: SecretOctets
    private let encryptsVector: Bool
    private var hasVector = false

    /// Takes the keys of a session, 16 octets each.
    ///
    /// - Parameter encryptsVector: whether the ICV of a C-MAC is enciphered: GPCS clause E.3.4.
    /// - Throws: `CryptoError.keyLength` for another length.
    public init(
        encryption: OctetView,
        commandMAC: OctetView,
        responseMAC: OctetView,
        encryptsVector: Bool
    ) throws(CryptoError) {
        guard encryption.count == 16 else { throw .keyLength }
        let cipher = try BlockCipher(.des, key: encryption)
        let command = try RetailMAC(key: commandMAC)
        let response = try RetailMAC(key: responseMAC)
        self.encryption = cipher
        self.commandMAC = command
        self.responseMAC = response
        self.encryptsVector = encryptsVector
        state = SecretOctets(count: 24)
    }

    /// Whether `mac` is the MAC of a command in the clear. If so, it becomes the next ICV: GPCS clause E.4.4.
    ///
    /// - Parameter ciphertext: how many octets the data had when they were enciphered; 0: they were not. How many
    ///   blocks are computed follows from it alone: not from how much padding there was, nor whether there was some.
    public mutating func verifyCommand(
        _ header: OctetView,
        _ data: OctetView,
        mac: OctetView,
        ciphertext: Int = 0
    ) throws(CryptoError) -> Bool {
        // The longest header, 7 octets, and padding of one octet at least: one block more than the ciphertext has.
        try computeCommandMAC(header, data, enciphering: ciphertext / 8 + 1)
        guard constantTimeEqual(mac, state.view.part(from: 16)) else { return false }
        chain()
        return true
    }

    /// Appends the MAC of a command in the clear, as who sends it. It becomes the next ICV.
    package mutating func appendCommandMAC(
        _ header: OctetView,
        _ data: OctetView,
        to command: inout OctetWriter
    ) throws(CryptoError) {
        try computeCommandMAC(header, data)
        command.append(state.view.part(from: 16))
        chain()
    }

    private mutating func computeCommandMAC(
        _ header: OctetView,
        _ data: OctetView,
        enciphering least: Int = 0
    ) throws(CryptoError) {
        let computed = state.part(16, 8)
        if hasVector && encryptsVector {
            try commandMAC.encryptSingle(state.view.part(from: 0, length: 8), into: computed)
            commandMAC.begin(icv: state.view.part(from: 16))
        } else {
            commandMAC.begin(icv: state.view.part(from: 0, length: 8))
        }
        try commandMAC.update(header)
        try commandMAC.update(data)
        try commandMAC.finish(into: computed, enciphering: least)
    }

    /// Makes the C-MAC that was computed last the next ICV.
    private mutating func chain() {
        state.view.part(from: 16).copy(to: state.part(0, 8))
        hasVector = true
    }

    /// Appends the data of a command, enciphered, as who sends it.
    ///
    /// - Throws: `CryptoError.outputLength` where they do not fit.
    package func encryptCommand(_ data: OctetView, to command: inout OctetWriter) throws(CryptoError) {
        let blocks = try Padding.append(data, block: 8, to: &command)
        try encryption.encryptCBC(OctetView(UnsafeRawBufferPointer(blocks)), into: blocks)
    }

    /// Deciphers the data of a command: GPCS clause E.4.6. What they are shows only with their MAC.
    ///
    /// - Returns: how many octets at the beginning of `output` they are, and whether they have padding; where they have
    ///   none, all but one of them. nil where they are no whole blocks or do not fit.
    public func decryptCommand(
        _ data: OctetView,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) -> (count: Int, isPadded: Bool)? {
        guard data.count % 8 == 0, !data.isEmpty, data.count <= output.count else { return nil }
        try encryption.decryptCBC(data, into: output)
        let plain = OctetView(UnsafeRawBufferPointer(output)).part(from: 0, length: data.count)
        guard let count = Padding.strippedLength(plain, block: 8) else { return (data.count - 1, false) }
        return (count, true)
    }

    /// Makes the last C-MAC the ICV of the first R-MAC: GPCS clause E.4.5.
    public mutating func beginResponseMACs() {
        state.view.part(from: 0, length: 8).copy(to: state.part(8, 8))
    }

    /// Begins the R-MAC over a command and its response, with the command.
    public mutating func beginResponse(_ header: OctetView, _ data: OctetView) throws(CryptoError) {
        responseMAC.begin(icv: state.view.part(from: 8, length: 8))
        try responseMAC.update(header)
        try responseMAC.update(data)
    }

    /// Ends the R-MAC with the response. It becomes the next ICV.
    public mutating func endResponse(_ data: OctetView, _ status: StatusWord) throws(CryptoError) {
        try responseMAC.update(UInt8(truncatingIfNeeded: data.count))
        try responseMAC.update(data)
        try responseMAC.update(status.sw1)
        try responseMAC.update(status.sw2)
        try responseMAC.finish(into: state.part(8, 8))
    }

    /// The last R-MAC.
    public func appendResponseMAC(to response: inout OctetWriter) {
        response.append(state.view.part(from: 8, length: 8))
    }

    /// Whether `mac` is the last R-MAC.
    package func isResponseMAC(_ mac: OctetView) -> Bool { constantTimeEqual(mac, state.view.part(from: 8, length: 8)) }
}
