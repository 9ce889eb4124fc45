import CardCrypto
import Memory
import Octets

/// What the keys of a version are for: docs/memory-image.md section 7.7.
enum KeySetPurpose: UInt8 {
    case scp02 = 0x02
    case scp03 = 0x03
    case scp11 = 0x11
    case scp80 = 0x80
    case scp81 = 0x81
    /// Anything else, and what lacks keys yet.
    case other = 0xFF
}

/// A look at a key set, the keys of one version in a security domain: docs/memory-image.md section 7.7.
///
/// Nothing is copied, as with a `RegistryEntry`.
public struct KeySet {
    /// A field: where it stands in the content of the object, and how many octets it has.
    enum Field: Int {
        case securityDomain = 0
        case next = 4
        case version = 8
        case purpose = 9
        case option = 10
        case failures = 11
        case counter = 12
        case limit = 16

        var width: Int {
            switch self {
            case .securityDomain, .next, .counter: 4
            case .version, .purpose, .option, .failures, .limit: 1
            }
        }
    }

    static let headerSize = 20
    static let noOption: UInt8 = 0xFF
    /// How many key sets a security domain can have: a version each.
    static let largestNumber = 128

    /// The object that holds the key set.
    public let reference: ObjectReference
    let header: OctetView

    /// The key set at `reference`; nil where none starts.
    public init?(_ reference: ObjectReference, in memory: borrowing Memory) {
        guard memory.kind(of: reference) == .keySet else { return nil }
        self.reference = reference
        header = memory.head(of: reference, count: Self.headerSize)
        guard header.count == Self.headerSize else { return nil }
    }

    /// The key version number.
    public var version: UInt8 { octet(.version) }
    /// The entry of the security domain that it belongs to.
    public var securityDomain: ObjectReference { ObjectReference(page: number(.securityDomain)) }
    /// The next key set of the security domain.
    public var next: ObjectReference? {
        let page = number(.next)
        return page == RegistryEntry.noObject ? nil : ObjectReference(page: page)
    }
    var purpose: KeySetPurpose { KeySetPurpose(rawValue: octet(.purpose)) ?? .other }
    /// The parameter i of the secure channel protocol.
    var option: UInt8 { octet(.option) }
    /// The sequence counter of secure channel sessions.
    public var sequenceCounter: UInt32 { isForSecuredPackets ? 0 : number(.counter) }
    /// How many authentications in a row have failed.
    public var failedAuthentications: UInt8 { isForSecuredPackets ? 0 : octet(.failures) }
    /// Whether they are so many that no session begins any more.
    public var isBlocked: Bool {
        let limit = octet(.limit)
        return limit > 0 && failedAuthentications >= limit
    }

    /// The secure channel protocol whose sessions the keys protect; nil for keys of something else, and where some are
    /// missing.
    public var secureChannel: SecureChannelProtocol? {
        switch purpose {
        case .scp02: SCP02Options(option).map(SecureChannelProtocol.scp02)
        case .scp03: SCP03Options(option).map(SecureChannelProtocol.scp03)
        case .scp11: .scp11(option & 0x01 == 0 ? .s8 : .s16)
        case .scp80, .scp81, .other: nil
        }
    }

    private func octet(_ field: Field) -> UInt8 { header.octet(at: field.rawValue) ?? 0 }

    private func number(_ field: Field) -> UInt32 {
        header.part(from: field.rawValue, length: field.width).number ?? 0
    }
}

extension Memory {
    // MARK: Key sets

    /// The first key set of a security domain that `condition` holds for.
    func firstKeySet(of domain: ObjectReference, where condition: (KeySet) -> Bool) -> KeySet? {
        guard let entry = RegistryEntry(domain, in: self), entry.isSecurityDomain else { return nil }
        var next = entry.content
        for _ in 0..<KeySet.largestNumber {
            guard let set = next.flatMap({ KeySet($0, in: self) }) else { return nil }
            if condition(set) { return set }
            next = set.next
        }
        return nil
    }

    /// The key set of a version; nil where a security domain has none.
    public func keySet(_ version: UInt8, of domain: ObjectReference) -> KeySet? {
        firstKeySet(of: domain) { $0.version == version }
    }

    /// The key set that stands for version 00: the first one with the keys of SCP02 or SCP03.
    public func defaultKeySet(of domain: ObjectReference) -> KeySet? {
        firstKeySet(of: domain) { $0.purpose.isInitialized }
    }

    // MARK: Keys

    /// Calls `body` with a cursor over the keys of a key set: in place, or over a copy that is wiped.
    ///
    /// - Throws: 6581 where the object does not have them; what `body` throws.
    func withKeys<Result: ~Copyable>(
        of set: KeySet,
        _ body: (OctetCursor) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        let count = length(of: set.reference) - KeySet.headerSize
        guard count > 0 else { return try body(OctetCursor(.empty)) }
        if let keys = try contentInPlace(set.reference, at: KeySet.headerSize, count: count) {
            return try body(OctetCursor(keys))
        }
        let copy = SecretOctets(count: count)
        var writer = OctetWriter(copy.buffer)
        try read(set.reference, at: KeySet.headerSize, count: count, to: &writer)
        return try body(OctetCursor(copy.view))
    }

    /// Calls `body` with a key of a security domain.
    ///
    /// - Throws: 6A88 where there is no such key; what `body` throws.
    public func withKey<Result: ~Copyable>(
        _ reference: KeyReference,
        of domain: ObjectReference,
        _ body: (StoredKey) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        guard let set = keySet(reference.version, of: domain) else { throw .referencedDataNotFound }
        return try withKeys(of: set) { (keys) throws(StatusWord) -> Result in
            guard let key = keys.key(reference.identifier) else { throw .referencedDataNotFound }
            return try body(key)
        }
    }
}

extension OctetCursor {
    /// Of the keys that follow, the one with an identifier; nothing is read.
    func key(_ identifier: UInt8) -> StoredKey? {
        var cursor = self
        while let key = StoredKey(&cursor) {
            if key.identifier == identifier { return key }
        }
        return nil
    }
}
