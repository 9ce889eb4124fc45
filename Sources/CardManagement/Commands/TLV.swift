import Octets

/// Data objects as a host writes and reads them.
enum TLV {
    /// A BER length in its shortest form.
    static func length(_ count: Int) -> [UInt8] {
        switch count {
        case ..<0x80: [UInt8(count)]
        case ..<0x100: [0x81, UInt8(count)]
        default: [0x82, UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
        }
    }

    /// A length and as many octets.
    static func field(_ value: [UInt8]) -> [UInt8] { length(value.count) + value }

    /// A data object.
    static func object(_ tag: UInt32, _ value: [UInt8]) -> [UInt8] {
        var octets: [UInt8] = []
        for shift: UInt32 in [16, 8, 0] where tag >> shift != 0 {
            octets.append(UInt8(truncatingIfNeeded: tag >> shift))
        }
        return octets + field(value)
    }

    /// The data objects that `octets` are, up to where they are malformed.
    static func objects(in octets: [UInt8]) -> [(tag: UInt32, value: [UInt8])] {
        octets.withView { view in
            var objects: [(tag: UInt32, value: [UInt8])] = []
            var cursor = OctetCursor(view)
            while let object = cursor.berTLV() { objects.append((object.tag, object.value.array)) }
            return objects
        }
    }

    /// The value of the first object with a tag.
    static func first(_ tag: UInt32, in octets: [UInt8]) -> [UInt8]? {
        objects(in: octets).first { $0.tag == tag }?.value
    }
}
