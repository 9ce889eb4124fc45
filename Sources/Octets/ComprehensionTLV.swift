/// A COMPREHENSION-TLV data object: TS 101 220 clause 7.1.1.
///
/// The tag is one octet, or three (`7F` or `FF`, then two); the length takes one to four octets.
public struct ComprehensionTLV {
    /// The tag without the comprehension required flag: 01 to 7E, or 0001 to 7FFF of the three-octet form.
    public let tag: UInt16
    /// Whether the receiver must understand the object (CR).
    public let isComprehensionRequired: Bool
    /// The value field.
    public let value: OctetView
}

extension OctetCursor {
    /// Reads a COMPREHENSION-TLV object; nil, and nothing read, where it is malformed or goes past the end.
    public mutating func comprehensionTLV() -> ComprehensionTLV? {
        let start = position
        if let tag = comprehensionTag(), let length = berLength(), length <= 0xFF_FFFF, let value = octets(length) {
            return ComprehensionTLV(tag: tag.tag, isComprehensionRequired: tag.isRequired, value: value)
        }
        rewind(to: start)
        return nil
    }

    private mutating func comprehensionTag() -> (tag: UInt16, isRequired: Bool)? {
        switch octet() {
        case nil, 0x00, 0x80, 0xFF:
            // 00 is padding, 80 and FF are reserved for future use.
            return nil
        case 0x7F:
            guard let number = uint16(), number & 0x7FFF != 0 else { return nil }
            return (number & 0x7FFF, number & 0x8000 != 0)
        case let first?:
            return (UInt16(first & 0x7F), first & 0x80 != 0)
        }
    }
}
