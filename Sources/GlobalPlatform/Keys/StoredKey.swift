import CardCrypto
import Octets

/// A look at a key in a key set: docs/memory-image.md section 7.7.
public struct StoredKey {
    /// How many octets stand before the components.
    static let headerSize = 6
    static let noAccess: UInt8 = 0xFF

    /// The key identifier.
    public let identifier: UInt8
    /// The key usage qualifier, GPCS table 11-17, its first octet on top; 0000 where none was given.
    public let usage: UInt16
    /// The key access, GPCS table 11-18; nil where none was given.
    public let access: UInt8?
    /// All of it, as it stands in the image.
    let octets: OctetView

    /// Reads a key; nil where none stands whole.
    init?(_ cursor: inout OctetCursor) {
        let start = cursor.position
        guard let identifier = cursor.octet(), let usage = cursor.uint16(), let access = cursor.octet(),
            let length = cursor.uint16(), cursor.octets(Int(length)) != nil
        else { return nil }
        self.identifier = identifier
        self.usage = usage
        self.access = access == Self.noAccess ? nil : access
        octets = cursor.view.part(from: start, length: cursor.position - start)
    }

    /// A cursor over the components.
    var components: OctetCursor { OctetCursor(octets.part(from: Self.headerSize)) }

    /// The value of the component of a type; nil where there is none.
    public func component(_ type: KeyType) -> OctetView? {
        var cursor = components
        while let component = KeyComponent(&cursor) {
            if component.type == type { return component.value }
        }
        return nil
    }

    /// The key as it is lent; nil where it has no components of known types.
    public var key: Key? {
        var cursor = components
        guard let first = KeyComponent(&cursor) else { return nil }
        let curve = component(.curveReference)?.number.flatMap { UInt8(exactly: $0) }.flatMap(Curve.init(rawValue:))
        return Key(first.type, curve: curve, first.value, exponent: component(.rsaPublicExponent) ?? .empty)
    }

    /// Whether another key can stand in the place of this one: type and length are the same.
    func isAlike(_ other: StoredKey) -> Bool {
        var mine = components
        var others = other.components
        guard let first = KeyComponent(&mine), let second = KeyComponent(&others) else { return false }
        return octets.count == other.octets.count && first.type == second.type
            && first.value.count == second.value.count
    }
}

/// A component of a key in the image.
struct KeyComponent {
    static let headerSize = 3

    let type: KeyType
    let value: OctetView

    /// Reads a component; nil where none of a known type stands whole.
    init?(_ cursor: inout OctetCursor) {
        guard let type = cursor.octet().flatMap(KeyType.init(rawValue:)), let length = cursor.uint16(),
            let value = cursor.octets(Int(length))
        else { return nil }
        self.type = type
        self.value = value
    }
}

/// Keys on their way into the image, in the form that they have there. They are wiped when that ends.
public struct KeyList: ~Copyable {
    private let octets: SecretOctets
    private var writer: OctetWriter
    /// Where the key begins that is being written.
    private var start = 0

    /// Makes room for `capacity` octets: each key takes 6, each of its components 3 besides its value.
    public init(capacity: Int) {
        octets = SecretOctets(count: capacity)
        writer = OctetWriter(octets.buffer)
    }

    /// The keys.
    var view: OctetView { writer.view }
    /// Whether some did not fit.
    var overflowed: Bool { writer.overflowed }

    /// Begins a key; components follow.
    mutating func begin(_ identifier: UInt8, usage: UInt16 = 0, access: UInt8? = nil) {
        start = writer.count
        writer.append(identifier)
        writer.append(usage)
        writer.append(access ?? StoredKey.noAccess)
        writer.append(UInt16(0))
    }

    /// Appends a component to the key that was begun last.
    mutating func append(_ type: KeyType, _ value: OctetView) {
        writer.append(type.rawValue)
        writer.append(UInt16(truncatingIfNeeded: value.count))
        writer.append(value)
        let length = UInt16(truncatingIfNeeded: writer.count - start - StoredKey.headerSize)
        patch(at: 4, UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length))
    }

    /// Gives the key that was begun last its usage and access.
    mutating func qualify(usage: UInt16, access: UInt8?) {
        patch(at: 1, UInt8(truncatingIfNeeded: usage >> 8), UInt8(truncatingIfNeeded: usage))
        patch(at: 3, access ?? StoredKey.noAccess)
    }

    private mutating func patch(at offset: Int, _ values: UInt8...) {
        guard !writer.overflowed else { return }
        for (index, value) in values.enumerated() { octets.buffer[start + offset + index] = value }
    }

    /// Appends a key of one component, on a curve where it is one of an elliptic curve.
    public mutating func append(
        _ identifier: UInt8,
        _ type: KeyType,
        curve: Curve? = nil,
        usage: UInt16 = 0,
        access: UInt8? = nil,
        _ value: OctetView
    ) {
        begin(identifier, usage: usage, access: access)
        append(type, value)
        if let curve { append(curve) }
    }

    /// Appends the curve of the key that was begun last.
    mutating func append(_ curve: Curve) {
        let reference: InlineArray<1, UInt8> = [curve.rawValue]
        reference.span.withUnsafeBytes { append(.curveReference, OctetView($0)) }
    }
}
