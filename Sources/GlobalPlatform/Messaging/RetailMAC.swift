import CardCrypto
import Octets

/// The MAC with DES of GPCS clause B.1.2.2 (ISO/IEC 9797-1 MAC algorithm 3, padding method 2), of messages that come in
/// pieces: a chain of single DES, Triple DES at the end.
///
/// It allocates memory when it is made; `begin`, `update` and `finish` allocate none.
public struct RetailMAC: ~Copyable {
    /// How many octets a MAC has.
    public static var length: Int { 8 }

    private let single: BlockCipher
    private let triple: BlockCipher
    /// The chaining value, and the octets that wait for their block to be full.
    private let state: SecretOctets
    private var waiting = 0
    /// How many blocks have been enciphered since the message began.
    private(set) var blocks = 0

    /// Makes a Triple DES key of 16 octets ready to use.
    ///
    /// - Throws: `CryptoError.keyLength` for any other length.
    public init(key: OctetView) throws(CryptoError) {
        guard key.count == 16 else { throw .keyLength }
        let single = try BlockCipher(.des, key: key.part(from: 0, length: 8))
        let triple = try BlockCipher(.des, key: key)
        self.single = single
        self.triple = triple
        state = SecretOctets(count: 16)
    }

    /// Begins a message from an initial chaining value of eight octets; from zeros where it has another length.
    public mutating func begin(icv: OctetView = .empty) {
        waiting = 0
        blocks = 0
        wipe(state.buffer)
        if icv.count == 8 { icv.copy(to: state.part(0, 8)) }
    }

    /// Takes further octets of the message.
    public mutating func update(_ data: OctetView) throws(CryptoError) {
        var rest = data
        while !rest.isEmpty {
            let part = rest.part(from: 0, length: 8 - waiting)
            part.copy(to: state.part(8 + waiting, part.count))
            waiting += part.count
            rest = rest.part(from: part.count)
            if waiting == 8 {
                try absorb()
                waiting = 0
            }
        }
    }

    /// Takes one octet of the message.
    public mutating func update(_ octet: UInt8) throws(CryptoError) {
        state.buffer[8 + waiting] = octet
        waiting += 1
        if waiting == 8 {
            try absorb()
            waiting = 0
        }
    }

    /// Ends the message and writes its MAC into eight octets.
    ///
    /// - Parameter least: how many blocks are enciphered at least. Those that the message does not have change nothing: with
    ///   as many as the longest message has, the work does not tell how long it is.
    public mutating func finish(
        into output: UnsafeMutableRawBufferPointer,
        enciphering least: Int = 0
    ) throws(CryptoError) {
        guard output.count >= Self.length else { throw .outputLength }
        state.buffer[8 + waiting] = 0x80
        for index in 0..<8 where index > waiting { state.buffer[8 + index] = 0 }
        waiting = 0
        try absorb(isLast: true)
        state.view.part(from: 0, length: 8).copy(to: output)
        while blocks < least { try absorb() }
    }

    /// Enciphers one block with the first half of the key alone, by single DES.
    func encryptSingle(_ block: OctetView, into output: UnsafeMutableRawBufferPointer) throws(CryptoError) {
        try single.encryptECB(block, into: output)
    }

    private mutating func absorb(isLast: Bool = false) throws(CryptoError) {
        for index in 0..<8 { state.buffer[index] ^= state.buffer[8 + index] }
        let chain = state.part(0, 8)
        let input = OctetView(UnsafeRawBufferPointer(chain))
        if isLast { try triple.encryptECB(input, into: chain) } else { try single.encryptECB(input, into: chain) }
        blocks += 1
    }
}
