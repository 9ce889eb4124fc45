import CardCrypto
import Memory
import Octets

/// Keys that come with STORE DATA: the DGI 00B9 with their templates, then those with their components, key by key:
/// GPCS clause 11.11.3.
///
/// The keys of a version go into the image together, with the last component of the last of them. Until then what has
/// come is volatile, and wiped when this ends. A key that is there already is replaced by one of the same type and
/// length.
public struct KeyDataGroups: ~Copyable {
    private var templates: [KeyTemplate] = []
    /// Which key the next component is for.
    private var index = 0
    /// That key, with the components that have come.
    private var current = KeyList(capacity: 0)
    /// The keys of its version that are complete.
    private var complete = KeyList(capacity: 0)

    /// Nothing has come.
    public init() {}

    /// Whether components are missing: the next DGI must be one of them.
    public var isPending: Bool { !templates.isEmpty }

    /// Whether a DGI is one of those with keys.
    public static func contains(_ group: UInt16) -> Bool {
        switch group {
        case 0x00B9, 0x8113, 0x0010, 0x0011, 0x8112, 0x8121...0x8125, 0x0036, 0x8137, 0x0030...0x0035: true
        default: false
        }
    }

    /// Takes a DGI. After an error 00B9 must come anew.
    ///
    /// - Parameters:
    ///   - group: the identifier of the DGI.
    ///   - value: its value; that of a DGI with a secret component is enciphered, and padded to whole blocks.
    ///   - domain: the registry entry of the security domain.
    ///   - encryption: the sensitive data key of the session.
    /// - Throws: 6A80 for a DGI that is not due, or malformed; the errors of PUT KEY.
    public mutating func store(
        _ group: UInt16,
        _ value: OctetView,
        in memory: inout Memory,
        domain: ObjectReference,
        _ encryption: borrowing DataEncryptionKey,
        _ options: SecureChannelOptions
    ) throws(StatusWord) {
        do throws(StatusWord) {
            if group == 0x00B9 {
                try begin(value)
            } else {
                try takeComponent(group, value, encryption)
                if isComplete { try finish(&memory, domain, options) }
            }
        } catch {
            self = KeyDataGroups()
            throw error
        }
    }

    private mutating func begin(_ value: OctetView) throws(StatusWord) {
        guard !isPending else { throw .incorrectData }
        var cursor = OctetCursor(value)
        while !cursor.isAtEnd {
            guard templates.count < 0x80, let object = cursor.berTLV(), object.tag == 0xB9,
                let template = try KeyTemplate(object.value)
            else { throw .incorrectData }
            guard !templates.contains(where: { $0.isSameKey(template) }) else { throw .incorrectData }
            templates.append(template)
        }
        guard isPending else { throw .incorrectData }
        complete = KeyList(capacity: templates.reduce(0) { $0 + $1.room })
        beginKey()
    }

    private mutating func beginKey() {
        current = KeyList(capacity: templates[index].room)
        current.begin(templates[index].identifier)
    }

    private mutating func takeComponent(
        _ group: UInt16,
        _ value: OctetView,
        _ encryption: borrowing DataEncryptionKey
    ) throws(StatusWord) {
        guard isPending else { throw .incorrectData }
        let template = templates[index]
        guard let type = template.component(group), component(type) == nil, !value.isEmpty else {
            throw .incorrectData
        }
        let length = template.length(of: type)
        if type.isSecret, let length {
            let block = try KeyBlock(value, length: length, blockLength: encryption.blockLength)
            let plain = try block.decrypted(encryption)
            current.append(type, plain.view)
        } else {
            guard length ?? value.count == value.count, value.count <= KeyTemplate.longestKey else {
                throw .incorrectData
            }
            current.append(type, value)
        }
    }

    /// The value of a component that has come.
    private func component(_ type: KeyType) -> OctetView? {
        var cursor = OctetCursor(current.view)
        return StoredKey(&cursor)?.component(type)
    }

    private var isComplete: Bool {
        guard isPending else { return false }
        let template = templates[index]
        var type: KeyType? = template.type
        while let required = type {
            guard component(required) != nil else { return false }
            type = required.next
        }
        guard template.type.hasCurve, template.curve == nil else { return true }
        let parameters: [KeyType] = [.curveP, .curveA, .curveB, .curveG, .curveN, .curveK]
        return parameters.allSatisfy { component($0) != nil }
    }

    /// Puts the key that is complete to the others, and those of its version into the image where it is the last one.
    private mutating func finish(
        _ memory: inout Memory,
        _ domain: ObjectReference,
        _ options: SecureChannelOptions
    ) throws(StatusWord) {
        let template = templates[index]
        var cursor = OctetCursor(current.view)
        guard let key = StoredKey(&cursor), !current.overflowed else { throw .technicalProblem }
        let curve = template.type.hasCurve ? template.curve ?? Curve.known { key.component($0) } : nil
        complete.begin(template.identifier, usage: template.usage, access: template.access)
        var type: KeyType? = template.type
        while let component = type, let value = key.component(component) {
            try component.require(value, on: curve)
            complete.append(component, value)
            type = component.next
        }
        if let curve { complete.append(curve) }
        if let value = key.component(template.type) { try template.require(value) }
        index += 1
        if index == templates.count || templates[index].version != template.version {
            try memory.putKeys(complete, version: template.version, .addingOrReplacing, in: domain, options)
            complete = KeyList(capacity: templates.reduce(0) { $0 + $1.room })
        }
        if index == templates.count {
            self = KeyDataGroups()
        } else {
            beginKey()
        }
    }
}

extension KeyTemplate {
    /// Checks a key against its check value, where there is one.
    ///
    /// - Throws: 6982 where it is that of another key; 6A80 where the type has none.
    fileprivate func require(_ key: OctetView) throws(StatusWord) {
        guard let checkValue else { return }
        guard type == .aes || type == .des else { throw .incorrectData }
        let expected = try computed { () throws(CryptoError) in
            try KeyCheckValue(type == .aes ? .aes : .des, key: key)
        }
        guard expected.number == checkValue else { throw .securityStatusNotSatisfied }
    }
}
