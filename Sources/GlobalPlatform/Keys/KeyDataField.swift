import CardCrypto
import Octets

/// A key in the data field of PUT KEY, in the basic or the extended format: GPCS tables 11-68 and 11-69.
public struct KeyDataField {
    /// The type of the key, that is of its first component.
    public let type: KeyType
    /// The key check value; empty where there is none.
    public let checkValue: OctetView
    /// The curve of a key of an elliptic curve.
    let curve: Curve?
    /// The key usage qualifier; 0000 where none is given.
    private let usage: UInt16
    private let access: UInt8?
    /// As they came, five at most: that many has an RSA key for the Chinese remainder theorem.
    private let components: InlineArray<5, OctetView>
    private let blockLength: Int

    /// Reads a field.
    ///
    /// - Parameters:
    ///   - cursor: stands on the key type.
    ///   - blockLength: that of the key that secret components are enciphered with.
    /// - Throws: 6A80 where the field is malformed, lacks a component, or names a curve by value that the card does not
    ///   have; 9484 for a type or a reference of a curve that it does not have.
    public init(_ cursor: inout OctetCursor, blockLength: Int) throws(StatusWord) {
        let isExtended = cursor.peek == 0xFF
        let type = try Self.componentType(&cursor, isExtended)
        guard type.beginsKey else { throw .algorithmNotSupported }
        var components = InlineArray<5, OctetView>(repeating: .empty)
        var current: KeyType? = type
        var count = 0
        while let component = current, count < components.count {
            if count > 0 {
                guard try Self.componentType(&cursor, isExtended) == component else { throw .incorrectData }
            }
            components[count] = try Self.block(&cursor)
            if component.isSecret { _ = try KeyBlock(components[count], blockLength: blockLength) }
            count += 1
            current = component.next
        }
        self.type = type
        self.components = components
        self.blockLength = blockLength
        curve = type.hasCurve ? try Self.curve(&cursor, isExtended) : nil
        // Some hosts leave out the length 00 behind a public key at the end.
        if !type.isSecret, !isExtended, cursor.isAtEnd {
            checkValue = .empty
        } else {
            checkValue = try Self.short(&cursor)
        }
        let usage = isExtended ? try Self.short(&cursor) : .empty
        let access = isExtended ? try Self.short(&cursor) : .empty
        guard usage.count <= 2, access.count <= 1 else { throw .incorrectData }
        self.usage = usage.uint16(at: 0) ?? usage.octet(at: 0).map { UInt16($0) << 8 } ?? 0
        self.access = access.octet(at: 0)
    }

    private static func componentType(_ cursor: inout OctetCursor, _ isExtended: Bool) throws(StatusWord) -> KeyType {
        if isExtended {
            guard cursor.octet() == 0xFF else { throw .incorrectData }
        }
        guard let octet = cursor.octet() else { throw .incorrectData }
        guard let type = KeyType(rawValue: octet) else { throw .algorithmNotSupported }
        return type
    }

    private static func block(_ cursor: inout OctetCursor) throws(StatusWord) -> OctetView {
        guard let count = cursor.berLength(), count > 0, let block = cursor.octets(count) else {
            throw .incorrectData
        }
        return block
    }

    /// A value that may be empty, behind its length in one octet.
    private static func short(_ cursor: inout OctetCursor) throws(StatusWord) -> OctetView {
        guard let count = cursor.octet(), let octets = cursor.octets(Int(count)) else { throw .incorrectData }
        return octets
    }

    /// The curve behind a key, by reference, or by value: p, a, b, G, N and perhaps k.
    private static func curve(_ cursor: inout OctetCursor, _ isExtended: Bool) throws(StatusWord) -> Curve {
        let parameters: ClosedRange<UInt8> = KeyType.curveP.rawValue...KeyType.curveK.rawValue
        var values = InlineArray<6, OctetView?>(repeating: nil)
        var count = 0
        while count < values.count, let type = Self.nextType(cursor, isExtended) {
            if type == KeyType.curveReference.rawValue, count == 0 {
                _ = try Self.componentType(&cursor, isExtended)
                return try Curve(reference: try Self.block(&cursor))
            }
            guard parameters.contains(type), Int(type - parameters.lowerBound) == count else { break }
            _ = try Self.componentType(&cursor, isExtended)
            values[count] = try Self.block(&cursor)
            count += 1
        }
        let given = values
        let known = Curve.known { (type) in given[Int(type.rawValue - parameters.lowerBound)] }
        guard let known else { throw .incorrectData }
        return known
    }

    /// The type octet that the cursor stands on.
    private static func nextType(_ cursor: OctetCursor, _ isExtended: Bool) -> UInt8? {
        guard isExtended else { return cursor.peek }
        return cursor.peek == 0xFF ? cursor.view.octet(at: cursor.position + 1) : nil
    }

    /// The first component in the clear, checked.
    ///
    /// - Throws: 6A80 where it has a length that its type does not have, where the check value is missing or of another
    ///   length, where a Triple DES key is a DES key twice over, or where it is not on its curve; 6982 where the check
    ///   value is another one.
    public func key(_ encryption: borrowing DataEncryptionKey) throws(StatusWord) -> SecretOctets {
        let key = try component(0, type, encryption)
        try type.require(checkValue, of: key.view)
        return key
    }

    private func component(
        _ index: Int,
        _ type: KeyType,
        _ encryption: borrowing DataEncryptionKey
    ) throws(StatusWord) -> SecretOctets {
        let value: SecretOctets
        if type.isSecret {
            value = try KeyBlock(components[index], blockLength: blockLength).decrypted(encryption)
        } else {
            value = SecretOctets(components[index])
        }
        try type.require(value.view, on: curve)
        return value
    }

    /// Appends the key in the clear, checked, to keys on their way into the image.
    ///
    /// - Throws: as `key`.
    func append(
        _ identifier: UInt8,
        _ encryption: borrowing DataEncryptionKey,
        to keys: inout KeyList
    ) throws(StatusWord) {
        keys.begin(identifier, usage: usage, access: access)
        let first = try key(encryption)
        keys.append(type, first.view)
        var index = 1
        var current = type.next
        while let type = current, index < components.count {
            let value = try component(index, type, encryption)
            keys.append(type, value.view)
            index += 1
            current = type.next
        }
        if let curve { keys.append(curve) }
    }

    /// Appends a field of the basic format: what a host sends.
    ///
    /// - Parameter withLength: whether the length of the key stands before a ciphertext that does not need it.
    public static func append(
        _ type: KeyType,
        _ key: OctetView,
        _ encryption: borrowing DataEncryptionKey,
        withLength: Bool,
        to writer: inout OctetWriter
    ) throws(CryptoError) {
        let block = encryption.blockLength
        let blocks = SecretOctets(count: (key.count + block - 1) / block * block)
        key.copy(to: blocks.buffer)
        try encryption.encrypt(blocks.view, into: blocks.buffer)
        let hasLength = withLength || blocks.count != key.count
        writer.append(type.rawValue)
        writer.append(UInt8(truncatingIfNeeded: blocks.count + (hasLength ? 1 : 0)))
        if hasLength { writer.append(UInt8(truncatingIfNeeded: key.count)) }
        writer.append(blocks.view)
        let value = try KeyCheckValue(type == .aes ? .aes : .des, key: key)
        writer.append(UInt8(KeyCheckValue.length))
        value.append(to: &writer)
    }
}

extension Curve {
    /// The curve that a key parameter reference names, in one octet, or in two.
    ///
    /// - Throws: 9484 where the card does not have it; 6A80 for no reference.
    init(reference: OctetView) throws(StatusWord) {
        guard reference.count <= 2, let number = reference.number else { throw .incorrectData }
        guard let value = UInt8(exactly: number), let curve = Curve(rawValue: value) else {
            throw .algorithmNotSupported
        }
        self = curve
    }
}
