import CardCrypto
import Octets

/// Padding method 2 of ISO/IEC 9797-1: one octet 80, then as many 00 as fill the block.
enum Padding {
    /// Appends `data` and their padding, and returns where they are.
    ///
    /// - Throws: `CryptoError.outputLength` where they do not fit.
    static func append(
        _ data: OctetView,
        block: Int,
        to message: inout OctetWriter
    ) throws(CryptoError) -> UnsafeMutableRawBufferPointer {
        let count = (data.count / block + 1) * block
        guard let place = message.reserve(count) else { throw .outputLength }
        let blocks = UnsafeMutableRawBufferPointer(start: place, count: count)
        wipe(blocks)
        data.copy(to: blocks)
        blocks[data.count] = 0x80
        return blocks
    }

    /// How many octets of `data`, whole blocks, are not padding; nil where there is no padding. Which of both, and how
    /// many, decides about no branch and no address.
    static func strippedLength(_ data: OctetView, block: Int) -> Int? {
        guard data.count >= block, data.count % block == 0 else { return nil }
        // All ones until the octet 80 has been met from the end.
        var searching: UInt32 = .max
        var length: UInt32 = 0
        var good: UInt32 = 0
        for index in 0..<block {
            let place = data.count - 1 - index
            let octet = UInt32(data.octet(at: place) ?? 0)
            let isMark = mask(octet ^ 0x80)
            let isZero = mask(octet)
            length |= searching & isMark & UInt32(truncatingIfNeeded: place)
            good |= searching & isMark
            searching &= isZero
        }
        return good == 0 ? nil : Int(length)
    }

    /// All ones for 0, else 0.
    private static func mask(_ value: UInt32) -> UInt32 { 0 &- ((value &- 1) & ~value) >> 31 }
}
