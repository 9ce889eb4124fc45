import Octets

/// The data objects in octets of any origin. What cannot be read ends the list.
enum BER {
    struct Object {
        let tag: UInt32
        let value: [UInt8]

        var isConstructed: Bool {
            let first = tag > 0xFFFF ? tag >> 16 : tag > 0xFF ? tag >> 8 : tag
            return first & 0x20 != 0
        }

        /// The tag in hexadecimal.
        var tagText: String {
            let octets = (0..<3).reversed().map { UInt8(truncatingIfNeeded: tag >> UInt32($0 * 8)) }
            return Hex.string(octets.drop { $0 == 0 })
        }
    }

    /// The BER-TLV objects; padding with 00 and FF between and behind them is passed over.
    static func objects(_ octets: [UInt8]) -> [Object] { scan(octets).objects }

    /// Whether `octets` are BER-TLV objects, at least one, and nothing else but padding.
    static func isSequence(_ octets: [UInt8]) -> Bool {
        let found = scan(octets)
        return found.isComplete && !found.objects.isEmpty
    }

    /// The BER-TLV objects of octets that are that to the end, without padding: FF and 00 may begin a tag. Nil where
    /// they are something else, or nothing.
    static func sequence(_ octets: [UInt8]) -> [Object]? {
        octets.withView { view in
            var cursor = OctetCursor(view)
            var objects: [Object] = []
            while let object = cursor.berTLV() { objects.append(Object(tag: object.tag, value: object.value.array)) }
            return cursor.isAtEnd && !objects.isEmpty ? objects : nil
        }
    }

    private static func scan(_ octets: [UInt8]) -> (objects: [Object], isComplete: Bool) {
        octets.withView { view in
            var cursor = OctetCursor(view)
            var objects: [Object] = []
            while let next = cursor.peek {
                if next == 0xFF || next == 0x00 {
                    _ = cursor.octet()
                } else if let object = cursor.berTLV() {
                    objects.append(Object(tag: object.tag, value: object.value.array))
                } else {
                    return (objects, false)
                }
            }
            return (objects, true)
        }
    }

    /// The COMPREHENSION-TLV objects: the tags are without the comprehension required flag.
    static func comprehensionObjects(_ octets: [UInt8]) -> [Object] {
        octets.withView { view in
            var cursor = OctetCursor(view)
            var objects: [Object] = []
            while let object = cursor.comprehensionTLV() {
                objects.append(Object(tag: UInt32(object.tag), value: object.value.array))
            }
            return objects
        }
    }
}

/// Reads octets from front to back.
struct OctetReader {
    private var rest: ArraySlice<UInt8>

    init(_ octets: [UInt8]) { rest = octets[...] }

    var isAtEnd: Bool { rest.isEmpty }
    var remaining: Int { rest.count }

    var peek: UInt8? { rest.first }

    mutating func octet() -> UInt8? { rest.popFirst() }

    /// Exactly `count` octets, or nil and nothing is read.
    mutating func octets(_ count: Int) -> [UInt8]? {
        guard count >= 0, rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    /// A length of one octet, and so many octets.
    mutating func counted() -> [UInt8]? {
        guard let count = rest.first, rest.count > Int(count) else { return nil }
        rest = rest.dropFirst()
        return octets(Int(count))
    }

    /// A length in BER, where 80 is 128 too (GPCS clause 11.1.5), and so many octets.
    mutating func berCounted() -> [UInt8]? {
        let start = rest
        guard var length = octet().map(Int.init) else { return nil }
        if length > 0x80 {
            length = length <= 0x83 ? octets(length & 0x7F)?.number ?? -1 : -1
        }
        if let value = octets(length) { return value }
        rest = start
        return nil
    }

    mutating func all() -> [UInt8] {
        defer { rest = [] }
        return Array(rest)
    }
}
