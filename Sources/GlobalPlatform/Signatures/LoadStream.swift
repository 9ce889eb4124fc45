import CardCrypto
import Octets

/// Takes a load file apart while it comes, in blocks that may end anywhere: GPCS clause 11.6.2.3.
///
/// A load file is DAP blocks (E2), and a load file data block: in the clear (C4), or an ICV (D3), which may be missing,
/// and the ciphered block (D4). What the stream keeps is one DAP block at most. It hashes the load file data block.
///
/// After an error it is not used any more.
public struct LoadStream: ~Copyable {
    /// What comes out.
    public enum Event {
        /// A DAP block, valid until the stream is read further.
        case dapBlock(DAPBlock)
        /// The load file data block begins. It has `length` octets; where it is ciphered, fewer by its padding, and
        /// `decipher(with:)` must come next.
        case dataBlock(length: Int, isCiphered: Bool)
        /// Further octets of the load file data block in the clear, valid until the stream is read further.
        case octets(OctetView)
    }

    private enum State {
        /// Tag and length of an object are coming.
        case header
        /// The value of an object E2 or D3 is coming.
        case object(tag: UInt8, length: Int)
        /// The key of a ciphered load file data block is wanted.
        case key
        case dataBlock
        case ciphered(blockLength: Int)
        case end
    }

    /// How long the value of a DAP block can be: an AID, and a signature of the longest RSA key, with tags and lengths.
    private static var longestObject: Int { 2 + 16 + 4 + RSAPublicKey.lengths.upperBound / 8 }

    private let limit: Int
    private let expected: LoadFileDataBlockHash?
    private var hash: Hash?
    private var cipher: BlockCipher?
    /// The ICV, then the last ciphered block that was deciphered.
    private let chain = SecretOctets(count: 16)
    private var icvLength = 0
    /// What came of a header, an object, or a ciphered block.
    private let held = SecretOctets(count: LoadStream.longestObject)
    private var heldCount = 0
    private var state = State.header
    /// How many octets of the object C4 or D4 have not come.
    private var awaited = 0
    /// How many octets of the load file data block, in the clear, have come out.
    public private(set) var count = 0

    /// Begins a load file.
    ///
    /// - Parameters:
    ///   - hash: what INSTALL [for load] has announced; nil for nothing.
    ///   - limit: how many octets the load file data block can have, ciphered ones included.
    public init(hash: LoadFileDataBlockHash?, limit: Int) throws(StatusWord) {
        expected = hash
        self.limit = limit
        if let algorithm = hash?.algorithm {
            self.hash = try computed { () throws(CryptoError) in try Hash(algorithm) }
        }
    }

    /// Reads on, to the next event.
    ///
    /// - Parameters:
    ///   - block: a part of the load file. The next one comes when this returns nil.
    ///   - scratch: memory for octets that were ciphered, 16 or more; others are not copied.
    /// - Returns: nil when `block` has been read.
    /// - Throws: 6A80 for what is no load file, for padding that is wrong, and for octets behind the load file data
    ///   block; 6A84 for a load file data block beyond the limit; 6985 where it is ciphered and no key has come.
    public mutating func next(
        _ block: inout OctetCursor,
        scratch: UnsafeMutableRawBufferPointer
    ) throws(StatusWord) -> Event? {
        while true {
            switch state {
            case .header:
                guard let octet = block.octet() else { return nil }
                if let event = try header(octet) { return event }
            case .object(let tag, let length):
                take(length, from: &block)
                guard heldCount == length else { return nil }
                heldCount = 0
                state = .header
                if tag == 0xE2 { return .dapBlock(try DAPBlock(held.view.part(from: 0, length: length))) }
                held.view.part(from: 0, length: length).copy(to: chain.buffer)
                icvLength = length
            case .key: throw .unsuitableKey
            case .dataBlock:
                guard let part = block.octets(min(awaited, block.remaining)), !part.isEmpty else { return nil }
                awaited -= part.count
                if awaited == 0 { state = .end }
                return try out(part)
            case .ciphered(let blockLength):
                let part = try decipher(&block, blockLength, into: scratch)
                if !part.isEmpty { return try out(part) }
                if case .ciphered = state { return nil }
            case .end:
                guard block.isAtEnd else { throw .incorrectData }
                return nil
            }
        }
    }

    /// Gives the key of the ciphered load file data block that has begun: GPCS clause C.6.
    ///
    /// - Throws: 6985 where none has begun, for a key that is not one of AES or Triple DES, where there is no hash, and
    ///   where its algorithm is weaker than the cipher; 6A80 where the block is no whole blocks of the cipher, or the
    ///   ICV no block.
    public mutating func decipher(with key: Key) throws(StatusWord) {
        guard case .key = state else { throw .conditionsNotSatisfied }
        let algorithm: BlockCipher.Algorithm
        switch try SignatureScheme(key) {
        case .retailMAC: algorithm = .des
        case .cmac: algorithm = .aes
        case .rsa, .ecdsa: throw .unsuitableKey
        }
        guard let expected else { throw .unsuitableHash }
        try expected.requireStrength(of: key)
        let blockLength = algorithm.blockLength
        guard awaited % blockLength == 0, icvLength == 0 || icvLength == blockLength else { throw .incorrectData }
        let octets = key.octets
        cipher = try computed { () throws(CryptoError) in try BlockCipher(algorithm, key: octets) }
        state = .ciphered(blockLength: blockLength)
    }

    /// Ends the load file.
    ///
    /// - Throws: 6A80 where it is not whole, or the load file data block has another hash than was announced.
    public mutating func finish() throws(StatusWord) {
        guard case .end = state else { throw .incorrectData }
        guard let expected else { return }
        let digest = SecretOctets(count: expected.algorithm.length)
        try computed { () throws(CryptoError) in try hash?.finish(into: digest.buffer) }
        let isRight = try expected.withOctets { (octets) throws(StatusWord) in
            constantTimeEqual(octets, digest.view)
        }
        guard isRight else { throw .wrongLoadFileDataBlock }
    }

    /// Takes an octet of tag and length; with the last one the object begins.
    private mutating func header(_ octet: UInt8) throws(StatusWord) -> Event? {
        held.buffer[heldCount] = octet
        heldCount += 1
        let tag = held.buffer[0]
        guard heldCount > 1 else {
            switch tag {
            case 0xD4: return nil
            // After an ICV there is but the ciphered block.
            case 0xE2, 0xC4, 0xD3: if icvLength == 0 { return nil }
            default: break
            }
            throw .incorrectData
        }
        let first = held.buffer[1]
        guard first < 0x80 || (0x81...0x84).contains(first) else { throw .incorrectData }
        let width = first < 0x80 ? 0 : Int(first & 0x7F)
        guard heldCount == 2 + width else { return nil }
        var cursor = OctetCursor(held.view.part(from: 1, length: 1 + width))
        guard let length = cursor.berLength(), length > 0 else { throw .incorrectData }
        heldCount = 0
        switch tag {
        case 0xE2:
            guard length <= Self.longestObject else { throw .incorrectData }
            state = .object(tag: tag, length: length)
            return nil
        case 0xD3:
            guard length == 8 || length == 16 else { throw .incorrectData }
            state = .object(tag: tag, length: length)
            return nil
        default:
            guard length <= limit else { throw .notEnoughMemory }
            awaited = length
            state = tag == 0xD4 ? .key : .dataBlock
            return .dataBlock(length: length, isCiphered: tag == 0xD4)
        }
    }

    /// Holds octets of `block` until there are `length`.
    private mutating func take(_ length: Int, from block: inout OctetCursor) {
        guard let part = block.octets(min(length - heldCount, block.remaining)), !part.isEmpty else { return }
        part.copy(to: held.part(heldCount, part.count))
        heldCount += part.count
    }

    /// Deciphers as many blocks as have come whole and fit into `scratch`, and takes the padding off the last one.
    private mutating func decipher(
        _ block: inout OctetCursor,
        _ blockLength: Int,
        into scratch: UnsafeMutableRawBufferPointer
    ) throws(StatusWord) -> OctetView {
        guard scratch.count >= blockLength else { throw .technicalProblem }
        var written = 0
        while written <= scratch.count - blockLength {
            let before = heldCount
            take(blockLength, from: &block)
            awaited -= heldCount - before
            guard heldCount == blockLength else { break }
            heldCount = 0
            let output = UnsafeMutableRawBufferPointer(rebasing: scratch[written..<(written + blockLength)])
            let input = held.view.part(from: 0, length: blockLength)
            let icv = chain.view.part(from: 0, length: blockLength)
            try computed { () throws(CryptoError) in try cipher?.decryptCBC(input, iv: icv, into: output) }
            input.copy(to: chain.buffer)
            if awaited == 0 {
                let last = OctetView(UnsafeRawBufferPointer(output))
                guard let length = Padding.strippedLength(last, block: blockLength) else {
                    throw .wrongLoadFileDataBlock
                }
                written += length
                state = .end
                break
            }
            written += blockLength
        }
        return OctetView(UnsafeRawBufferPointer(scratch)).part(from: 0, length: written)
    }

    /// Counts and hashes octets on their way out.
    private mutating func out(_ octets: OctetView) throws(StatusWord) -> Event {
        count += octets.count
        try computed { () throws(CryptoError) in try hash?.update(octets) }
        return .octets(octets)
    }
}
