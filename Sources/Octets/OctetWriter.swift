/// Writes octets from front to back into memory that somebody else owns. What does not fit is dropped and remembered
/// in `overflowed`; it never writes outside its bounds and never traps.
public struct OctetWriter {
    let base: UnsafeMutableRawPointer?
    /// How many octets fit.
    public let capacity: Int
    /// How many octets have been written.
    public private(set) var count = 0
    /// Whether something did not fit.
    public private(set) var overflowed = false

    /// Writes into `buffer` from its first octet on.
    public init(_ buffer: UnsafeMutableRawBufferPointer) {
        base = buffer.baseAddress
        capacity = buffer.count
        count = 0
        overflowed = false
    }

    /// What has been written.
    public var view: OctetView {
        OctetView(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// Appends one octet.
    public mutating func append(_ octet: UInt8) {
        if let place = reserve(1) { place.storeBytes(of: octet, as: UInt8.self) }
    }

    /// Appends a 16-bit number, big-endian.
    public mutating func append(_ number: UInt16) {
        if let place = reserve(2) { place.storeBytes(of: number.bigEndian, as: UInt16.self) }
    }

    /// Appends the octets of `view`.
    public mutating func append(_ view: OctetView) {
        if let place = reserve(view.count) { place.copyMemory(from: view.base, byteCount: view.count) }
    }

    /// Appends `count` times `octet`.
    public mutating func append(repeating octet: UInt8, count: Int) {
        if count > 0, let place = reserve(count) {
            place.initializeMemory(as: UInt8.self, repeating: octet, count: count)
        }
    }

    /// Appends a number in the fewest octets that hold it, at least `minimum` (1 to 4) of them.
    public mutating func append(number: UInt32, minimum: Int) {
        var width = max(1, min(4, minimum))
        while width < 4, number >> UInt32(width * 8) != 0 { width += 1 }
        for index in (0..<width).reversed() { append(UInt8(truncatingIfNeeded: number >> UInt32(index * 8))) }
    }

    /// Makes room for `count` octets and counts them as written; nil if they do not fit. The caller fills them.
    public mutating func reserve(_ count: Int) -> UnsafeMutableRawPointer? {
        guard let base, count >= 0, count <= capacity - self.count else {
            markOverflow()
            return nil
        }
        let place = base + self.count
        grow(count)
        return place
    }

    /// Forgets everything from `position` on.
    public mutating func truncate(to position: Int) {
        if position >= 0, position < count { shrink(to: position) }
    }

    /// Appends a BER-TLV object: the tag (one to three octets, as `tag` writes it in hexadecimal), the length in the
    /// shortest form, and what `content` appends.
    ///
    /// - Throws: what `content` throws.
    public mutating func appendTLV<Failure: Error>(
        _ tag: UInt32,
        _ content: (inout OctetWriter) throws(Failure) -> Void
    ) throws(Failure) {
        append(number: tag, minimum: 1)
        let lengthAt = count
        append(UInt8(0))
        try content(&self)
        closeLength(at: lengthAt)
    }

    /// Appends a BER-TLV object with the octets of `value`.
    public mutating func appendTLV(_ tag: UInt32, _ value: OctetView) {
        appendTLV(tag) { $0.append(value) }
    }

    /// Writes the length of all that was appended behind `position`, moving it up where the length needs more octets.
    mutating func closeLength(at position: Int) {
        guard let base, !overflowed, position < count else { return }
        let length = count - position - 1
        if length < 0x80 {
            base.storeBytes(of: UInt8(truncatingIfNeeded: length), toByteOffset: position, as: UInt8.self)
            return
        }
        let extra = length < 0x100 ? 1 : length < 0x1_0000 ? 2 : 3
        guard reserve(extra) != nil else { return }
        let content = base + position + 1
        (content + extra).copyMemory(from: content, byteCount: length)
        base.storeBytes(of: 0x80 | UInt8(extra), toByteOffset: position, as: UInt8.self)
        for index in 0..<extra {
            base.storeBytes(
                of: UInt8(truncatingIfNeeded: length >> ((extra - 1 - index) * 8)),
                toByteOffset: position + 1 + index,
                as: UInt8.self
            )
        }
    }

    mutating func markOverflow() { overflowed = true }
    mutating func grow(_ count: Int) { self.count += count }
    mutating func shrink(to count: Int) { self.count = count }
}
