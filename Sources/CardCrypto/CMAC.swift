import CardCryptoSeam
import Octets

/// AES-CMAC (SP 800-38B, RFC 4493) of messages that come in pieces. One value serves one message after another.
///
/// It has one owner, and the key is wiped when that ends. It allocates memory when it is made; `update` and `finish`
/// allocate none.
public struct CMAC: ~Copyable {
    /// How many octets a whole MAC has.
    public static var length: Int { Block.length }

    let cipher: BlockCipher
    /// Subkey K1, subkey K2, the chaining value, and the octets that wait for their block to be known as last or not.
    let state: SecretOctets
    var waiting: Int

    static var subkey1: Int { 0 }
    static var subkey2: Int { 16 }
    static var chain: Int { 32 }
    static var pending: Int { 48 }

    /// Makes an AES key of 16, 24 or 32 octets ready to use.
    ///
    /// - Throws: `CryptoError.keyLength` for any other length.
    public init(key: OctetView) throws(CryptoError) {
        let cipher = try BlockCipher(.aes, key: key)
        let state = SecretOctets(count: 64)
        let subkeys = state.part(0, 32)
        try cipher.encryptECB(subkeys[0..<16].rebased.view, into: subkeys)
        CMAC.double(from: state.octets + CMAC.subkey1, to: state.octets + CMAC.subkey1)
        CMAC.double(from: state.octets + CMAC.subkey1, to: state.octets + CMAC.subkey2)
        self.cipher = cipher
        self.state = state
        waiting = 0
    }

    /// Takes further octets of the message.
    public mutating func update(_ data: OctetView) throws(CryptoError) {
        var rest = data
        if waiting > 0 {
            wait(for: &rest)
            guard !rest.isEmpty else { return }
            try absorb()
            waiting = 0
        }
        // One to sixteen octets wait: the last block is enciphered otherwise.
        let whole = rest.part(from: 0, length: max(0, rest.count - 1) / CMAC.length * CMAC.length)
        try cipher.absorb(whole, into: state.octets + CMAC.chain)
        rest = rest.part(from: whole.count)
        wait(for: &rest)
    }

    /// Lets as many octets wait as fill a block.
    private mutating func wait(for rest: inout OctetView) {
        let part = rest.part(from: 0, length: CMAC.length - waiting)
        part.copy(to: state.part(CMAC.pending + waiting, part.count))
        waiting += part.count
        rest = rest.part(from: part.count)
    }

    /// Ends the message and writes the first 1 to 16 octets of its MAC, as many as `output` has. The next message can
    /// begin.
    ///
    /// - Throws: `CryptoError.outputLength` where `output` has no or more than 16 octets; the message then goes on.
    public mutating func finish(into output: UnsafeMutableRawBufferPointer) throws(CryptoError) {
        guard (1...CMAC.length).contains(output.count) else { throw .outputLength }
        defer { reset() }
        var subkey = CMAC.subkey1
        if waiting < CMAC.length {
            subkey = CMAC.subkey2
            state.octets[CMAC.pending + waiting] = 0x80
            for index in (waiting + 1)..<(CMAC.length + 1) where index < CMAC.length {
                state.octets[CMAC.pending + index] = 0
            }
        }
        mix(subkey, into: CMAC.pending)
        try absorb()
        state.part(CMAC.chain, CMAC.length).view.copy(to: output)
    }

    /// Ends the message and tells, in constant time, whether `mac` is the beginning of its MAC: of 4 to 16 octets, the
    /// lengths that the card's protocols use. The next message can begin.
    public mutating func verify(_ mac: OctetView) throws(CryptoError) -> Bool {
        let computed = SecretOctets(count: CMAC.length)
        try finish(into: computed.buffer)
        return mac.count >= 4 && constantTimeEqual(mac, computed.view.part(from: 0, length: mac.count))
    }

    /// Forgets the message, so that another can begin.
    public mutating func reset() {
        waiting = 0
        wipe(state.part(CMAC.chain, 32))
    }

    /// The MAC of one message, 16 octets.
    ///
    /// - Throws: `CryptoError.keyLength` where the key is no AES key.
    public static func mac(key: OctetView, _ message: OctetView) throws(CryptoError) -> [UInt8] {
        var cmac = try CMAC(key: key)
        try cmac.update(message)
        return try filled(CMAC.length) { output throws(CryptoError) in try cmac.finish(into: output) }
    }

    private func absorb() throws(CryptoError) {
        try cipher.absorb(state.part(CMAC.pending, CMAC.length).view, into: state.octets + CMAC.chain)
    }

    private func mix(_ source: Int, into target: Int) {
        let mixed =
            Block(state.base + target, length: Block.length) ^ Block(state.base + source, length: Block.length)
        mixed.store(to: state.base + target, length: Block.length)
    }

    /// SP 800-38B clause 6.1: multiplication by x in the field of 2^128 elements, in a time that no bit decides.
    private static func double(from: UnsafeMutablePointer<UInt8>, to: UnsafeMutablePointer<UInt8>) {
        let carry = from[0] >> 7
        for index in 0..<15 { to[index] = from[index] << 1 | from[index + 1] >> 7 }
        to[15] = from[15] << 1 ^ (0x87 & (0 &- carry))
    }
}
