import CardCrypto
import Octets

extension SecretOctets {
    /// The octets from `offset` on, `length` of them, both within the bounds.
    func part(_ offset: Int, _ length: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: buffer[offset..<(offset + length)])
    }
}

extension StatusWord {
    /// 6300: authentication of the host cryptogram failed (GPCS table E-11).
    public static let authenticationFailed = StatusWord(0x6300)
}

/// The result of a computation whose inputs have been checked.
///
/// - Throws: 6F00 where it fails all the same.
func computed<Result: ~Copyable>(
    _ body: () throws(CryptoError) -> Result
) throws(StatusWord) -> Result {
    do throws(CryptoError) {
        return try body()
    } catch {
        throw .technicalProblem
    }
}

/// Calls `body` with four octets and a length field on the stack: the header of a command as MACs take it.
///
/// The length field has one octet, or three (00, then two) above 255: AmdD clause 6.2.4, GPCS clause 11.1.5.2.
func withHeader<Result>(
    _ cla: UInt8,
    _ ins: UInt8,
    _ p1: UInt8,
    _ p2: UInt8,
    length: Int,
    _ body: (OctetView) throws(CryptoError) -> Result
) throws(CryptoError) -> Result {
    var octets: InlineArray<7, UInt8> = [cla, ins, p1, p2, UInt8(truncatingIfNeeded: length), 0, 0]
    var count = 5
    if length > 255 {
        octets[4] = 0
        octets[5] = UInt8(truncatingIfNeeded: length >> 8)
        octets[6] = UInt8(truncatingIfNeeded: length)
        count = 7
    }
    return try octets.span.withUnsafeBytes { (octets) throws(CryptoError) in
        try body(OctetView(octets).part(from: 0, length: count))
    }
}

/// Calls `body` with the two octets of a status word on the stack.
func withOctets<Result>(
    of status: StatusWord,
    _ body: (OctetView) throws(CryptoError) -> Result
) throws(CryptoError) -> Result {
    let octets: InlineArray<2, UInt8> = [status.sw1, status.sw2]
    return try octets.span.withUnsafeBytes { (octets) throws(CryptoError) in try body(OctetView(octets)) }
}
