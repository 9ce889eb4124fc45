import CardCrypto
import CardOS
import Memory
import Octets

// Keys, data and load files that come with a profile package. They are in the clear.

extension OPEN {
    /// Gives a security domain a key.
    ///
    /// - Parameters:
    ///   - usage: the key usage qualifier, GPCS table 11-17, its first octet on top.
    ///   - access: the key access, GPCS table 11-18.
    ///   - counter: the number that the counter of SCP80 begins with; the key set keeps the largest of its keys, and
    ///     what is of another protocol none.
    ///   - components: types and values, in any order; a key of an elliptic curve has one with the reference of the curve.
    /// - Throws: 9484 for a type or curve that the card does not have; 6A80 where the components are no key, or one
    ///   that its version does not take, and for a counter beyond five octets; 6985 where the key is there already;
    ///   6A84 where memory is short.
    public func putKey(
        _ reference: KeyReference,
        usage: UInt16,
        access: UInt8,
        counter: UInt64?,
        components: [(type: UInt8, value: OctetView)],
        in domain: ObjectReference,
        on card: inout UICC
    ) throws(StatusWord) {
        let isVersion = (0x01...0x7F).contains(reference.version) || reference.version == KeyReference.initialVersion
        guard isVersion, reference.identifier < 0x80, let entry = RegistryEntry(domain, in: card.memory) else {
            throw .incorrectData
        }
        let room = components.reduce(StoredKey.headerSize) { $0 + KeyComponent.headerSize + $1.value.count }
        var keys = KeyList(capacity: room)
        keys.begin(reference.identifier, usage: usage, access: access)
        try Self.append(components, to: &keys)
        let options = try SecurityDomainParameters(of: entry, in: card.memory).options
        let before = card.memory.keySet(reference.version, of: domain)?.packetCounter ?? 0
        try card.memory.putKeys(keys, version: reference.version, .adding, in: domain, options)
        guard let set = card.memory.keySet(reference.version, of: domain), set.isForSecuredPackets else { return }
        try card.memory.setPacketCounter(max(before, counter ?? 0), of: set.reference)
    }

    /// Appends the components in the order that keys have in the image, checked.
    private static func append(
        _ components: [(type: UInt8, value: OctetView)],
        to keys: inout KeyList
    ) throws(StatusWord) {
        var values: [KeyType: OctetView] = [:]
        var first: KeyType?
        for component in components {
            guard let type = KeyType(rawValue: component.type) else { throw .algorithmNotSupported }
            guard values.updateValue(component.value, forKey: type) == nil else { throw .incorrectData }
            if type.beginsKey {
                guard first == nil else { throw .incorrectData }
                first = type
            }
        }
        guard let first else { throw .incorrectData }
        var curve: Curve?
        if first.hasCurve {
            guard let reference = values.removeValue(forKey: .curveReference) else { throw .incorrectData }
            curve = try Curve(reference: reference)
        }
        var next: KeyType? = first
        while let type = next {
            guard let value = values.removeValue(forKey: type) else { throw .incorrectData }
            try type.require(value, on: curve)
            keys.append(type, value)
            next = type.next
        }
        guard values.isEmpty else { throw .incorrectData }
        if let curve { keys.append(curve) }
    }

    /// Stores data of a security domain as STORE DATA does: data groupings one behind the other, cut anywhere.
    ///
    /// - Parameter number: that of the block, counted from 0 modulo 256.
    /// - Throws: as STORE DATA.
    public mutating func storeData(
        _ block: OctetView,
        number: UInt8,
        isLast: Bool,
        in domain: ObjectReference,
        on card: inout UICC
    ) throws(StatusWord) {
        openSession()
        let header = (ins: UInt8(0xE2), p1: UInt8(isLast ? 0x88 : 0x08), p2: number)
        try execute(header, block, by: domain, &card, SecurityDomain.storeData)
    }

    /// Opens a session in which keys come in the clear.
    mutating func openSession() {
        let session = channels[0].makeSession()
        if session.pointee.secureChannel.state != .open { session.pointee.secureChannel.openInFactory(.inTheClear) }
    }

    /// Begins a load file.
    ///
    /// - Parameters:
    ///   - announcement: the data field of INSTALL [for load].
    ///   - length: how many octets the load file data block has.
    /// - Throws: as INSTALL [for load] and LOAD.
    public mutating func beginLoad(
        _ announcement: OctetView,
        length: UInt32,
        in domain: ObjectReference,
        on card: inout UICC
    ) throws(StatusWord) {
        try execute((ins: 0xE6, p1: 0x02, p2: 0x00), announcement, by: domain, &card, SecurityDomain.install)
        let header: InlineArray<6, UInt8> = [
            0xC4, 0x84, UInt8(truncatingIfNeeded: length >> 24), UInt8(truncatingIfNeeded: length >> 16),
            UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length),
        ]
        var failure: StatusWord?
        header.span.withUnsafeBytes { octets in
            do throws(StatusWord) {
                try load(OctetView(octets), number: 0, isLast: false, in: domain, on: &card)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Takes the next octets of a load file data block.
    ///
    /// - Parameter number: that of the block, modulo 256; 0 was the header of the load file.
    /// - Throws: as LOAD.
    public mutating func load(
        _ block: OctetView,
        number: UInt8,
        isLast: Bool,
        in domain: ObjectReference,
        on card: inout UICC
    ) throws(StatusWord) {
        let header = (ins: UInt8(0xE8), p1: UInt8(isLast ? 0x80 : 0x00), p2: number)
        try execute(header, block, by: domain, &card, SecurityDomain.load)
    }
}
