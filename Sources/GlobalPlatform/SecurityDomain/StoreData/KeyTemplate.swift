import CardCrypto
import Octets

/// What a template B9 in the DGI 00B9 says of the key whose components follow: GPCS clause 11.11.3.
struct KeyTemplate {
    /// The longest key, in octets: RSA with 4096 bits.
    static let longestKey = 512

    let identifier: UInt8
    let version: UInt8
    let type: KeyType
    /// The length of the key in octets: of an RSA key that of its modulus.
    let length: Int
    let usage: UInt16
    let access: UInt8?
    /// The key check value; nil where none is given.
    let checkValue: UInt32?
    /// The curve, by reference; nil where its parameters follow.
    var curve: Curve?

    /// Reads the value of a template.
    ///
    /// - Returns: nil where an object is missing, twice there, unknown or too long.
    /// - Throws: 9484 for a type or curve that the card does not have.
    init?(_ value: OctetView) throws(StatusWord) {
        var cursor = OctetCursor(value)
        var numbers: (type: UInt32?, length: UInt32?, identifier: UInt32?, version: UInt32?)
        var usage: UInt16?
        var access: UInt8?
        var checkValue: UInt32?
        var curve: Curve?
        while !cursor.isAtEnd {
            guard let object = cursor.berTLV(), let number = object.value.number else { return nil }
            let count = object.value.count
            switch object.tag {
            // 80 F0 and 85, the curve, follow the type of the key.
            case 0x80 where number == KeyType.curveReference.rawValue && numbers.type != nil:
                guard curve == nil, let next = cursor.berTLV(), next.tag == 0x85 else { return nil }
                curve = try Curve(reference: next.value)
            case 0x80 where count == 1 && numbers.type == nil: numbers.type = number
            case 0x81 where count <= 2 && numbers.length == nil: numbers.length = number
            case 0x82 where number <= 0x7F && numbers.identifier == nil: numbers.identifier = number
            case 0x83 where (0x01...0x7F).contains(number) && numbers.version == nil: numbers.version = number
            case 0x84 where count == KeyCheckValue.length && checkValue == nil: checkValue = number
            case 0x95 where count <= 2 && usage == nil:
                usage = UInt16(truncatingIfNeeded: count == 1 ? number << 8 : number)
            case 0x96 where count == 1 && access == nil: access = UInt8(truncatingIfNeeded: number)
            default: return nil
            }
        }
        guard let typeNumber = numbers.type, let length = numbers.length, let identifier = numbers.identifier,
            let version = numbers.version
        else { return nil }
        guard let named = UInt8(exactly: typeNumber).flatMap(KeyType.init(rawValue:)) else {
            throw .algorithmNotSupported
        }
        // An RSA public key may be called by its exponent.
        let type = named == .rsaPublicExponent ? .rsaModulus : named
        guard type.beginsKey, curve == nil || type.hasCurve, (1...Self.longestKey).contains(Int(length)) else {
            return nil
        }
        self.type = type
        self.length = Int(length)
        self.identifier = UInt8(truncatingIfNeeded: identifier)
        self.version = UInt8(truncatingIfNeeded: version)
        self.usage = usage ?? 0
        self.access = access
        self.checkValue = checkValue
        self.curve = curve
    }

    /// Whether another template is one for the same key.
    func isSameKey(_ other: KeyTemplate) -> Bool { identifier == other.identifier && version == other.version }

    /// The type of the component that a DGI brings for this key; nil where it brings none.
    func component(_ group: UInt16) -> KeyType? {
        let component: KeyType
        switch group {
        case 0x8113: component = type
        case 0x0010: component = type
        case 0x0011: component = .rsaPublicExponent
        case 0x8112: component = .rsaPrivateExponent
        case 0x8121: component = .rsaPQ
        case 0x8122: component = .rsaDQ1
        case 0x8123: component = .rsaDP1
        case 0x8124: component = .rsaQ
        case 0x8125: component = .rsaP
        case 0x0036: component = .eccPublic
        case 0x8137: component = .eccPrivate
        case 0x0030...0x0035:
            component = KeyType(rawValue: KeyType.curveP.rawValue + UInt8(truncatingIfNeeded: group - 0x0030)) ?? type
        default: return nil
        }
        let isSymmetric = type.next == nil && !type.hasCurve
        let isModulus = type == .rsaModulus || type == .rsaPrivateModulus
        guard (group == 0x8113) == isSymmetric, (group == 0x0010) == (isModulus && component == type) else {
            return nil
        }
        if (0x0030...0x0035).contains(group) { return type.hasCurve && curve == nil ? component : nil }
        var current: KeyType? = type
        while let known = current {
            if known == component { return component }
            current = known.next
        }
        return nil
    }

    /// The length of a component; nil of one that it does not follow for.
    func length(of component: KeyType) -> Int? {
        switch component {
        case .rsaP, .rsaQ, .rsaPQ, .rsaDP1, .rsaDQ1: (length + 1) / 2
        case .rsaPublicExponent, .curveP, .curveA, .curveB, .curveG, .curveN, .curveK: nil
        // Some count the first octet of a point, others do not.
        case .eccPublic: length == 2 * Curve.length ? length + 1 : length
        default: length
        }
    }

    /// How many octets the key takes in a `KeyList` at most.
    var room: Int { 3 * length + Self.longestKey + 256 }
}
