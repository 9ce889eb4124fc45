/// A BER-TLV data object: ISO/IEC 8825-1, TS 101 220 clause 7.1.
///
/// Tags of one to three octets and definite lengths (00 to 7F, 81 to 84) are read. The indefinite length 80 is not.
public struct BERTLV {
    /// Which encodings of a length are accepted.
    public enum Rules: Sendable {
        /// Any definite length.
        case basic
        /// Only the shortest form of a length: ISO/IEC 8825-1 clause 10.1.
        case distinguished
    }

    /// The tag octets as one number, as they are written in hexadecimal: `5A`, `9F70`, `BF1F`.
    public let tag: UInt32
    /// The value field.
    public let value: OctetView
    /// How many octets tag and length field take together (2 to 8).
    public let headerLength: Int

    /// Whether the value field is itself a sequence of data objects (bit 6 of the first tag octet).
    public var isConstructed: Bool {
        let first = tag > 0xFFFF ? tag >> 16 : tag > 0xFF ? tag >> 8 : tag
        return first & 0x20 != 0
    }

    /// A cursor over the value field.
    public var cursor: OctetCursor { OctetCursor(value) }
}

extension OctetCursor {
    /// Reads a BER-TLV tag; nil, and nothing read, where none of up to three octets stands.
    public mutating func berTag() -> UInt32? {
        let start = position
        guard let first = octet() else { return nil }
        var tag = UInt32(first)
        guard first & 0x1F == 0x1F else { return tag }
        for _ in 0..<2 {
            guard let next = octet() else { break }
            tag = tag << 8 | UInt32(next)
            if next & 0x80 == 0 { return tag }
        }
        rewind(to: start)
        return nil
    }

    /// Reads a definite BER length; nil, and nothing read, where none stands.
    public mutating func berLength(_ rules: BERTLV.Rules = .basic) -> Int? {
        let start = position
        guard let first = octet() else { return nil }
        if first < 0x80 { return Int(first) }
        let width = Int(first & 0x7F)
        if (1...4).contains(width), let number = octets(width)?.number {
            let isShortest = width == 1 ? number >= 0x80 : number >> UInt32((width - 1) * 8) != 0
            if rules == .basic || isShortest { return Int(number) }
        }
        rewind(to: start)
        return nil
    }

    /// Reads a whole BER-TLV object; nil, and nothing read, where it is malformed or goes past the end.
    public mutating func berTLV(_ rules: BERTLV.Rules = .basic) -> BERTLV? {
        let start = position
        if let tag = berTag(), let length = berLength(rules) {
            let headerLength = position - start
            if let value = octets(length) { return BERTLV(tag: tag, value: value, headerLength: headerLength) }
        }
        rewind(to: start)
        return nil
    }

    /// The value of the first object with `tag` in what is left; nothing is read.
    public func firstValue(_ tag: UInt32) -> OctetView? {
        var cursor = self
        while let object = cursor.berTLV() {
            if object.tag == tag { return object.value }
        }
        return nil
    }
}
