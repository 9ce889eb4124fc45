import CardCrypto
import CardOS
import Memory
import Octets

/// Compares the key sets of an image with docs/memory-image.md section 7.7: their lists, their fields, the keys. Any
/// octets are read to the end, and nothing traps.
struct KeySetVerification {
    private(set) var defects: [ImageDefect] = []
    private var sets: [KeySet] = []
    /// The key sets that are in a list.
    private var listed: Set<ObjectReference> = []
    private var reading: ReadingLimit

    /// Reads all key sets.
    init(_ memory: borrowing Memory) {
        reading = ReadingLimit(memory)
        var next = memory.firstObject(of: .keySet)
        while let reference = next {
            if let set = KeySet(reference, in: memory) {
                sets.append(set)
            } else {
                note(.keySet, reference, at: 0, memory)
            }
            next = memory.firstObject(of: .keySet, from: reference.page + 1)
        }
    }

    private mutating func note(
        _ reason: ImageDefect.Reason,
        _ reference: ObjectReference,
        at index: Int,
        _ memory: borrowing Memory
    ) {
        defects.append(ImageDefect(offset: memory.imageOffset(of: reference, at: index), reason: reason))
    }

    /// Follows the lists of security domains, and checks each key set.
    mutating func check(_ domains: [RegistryEntry], _ memory: borrowing Memory) {
        for domain in domains { follow(domain, memory) }
        for set in sets {
            if !listed.contains(set.reference) {
                note(.keySetList, set.reference, at: KeySet.Field.securityDomain.rawValue, memory)
            }
            checkKeys(set, memory)
        }
    }

    /// Ends where a key set is another domain's, or has been in a list before: in a ring too.
    private mutating func follow(_ domain: RegistryEntry, _ memory: borrowing Memory) {
        var place = (object: domain.reference, index: RegistryEntry.Field.content.rawValue)
        var next = domain.content
        var versions: Set<UInt8> = []
        while let reference = next {
            guard let set = KeySet(reference, in: memory), set.securityDomain == domain.reference,
                memory.owner(of: reference) == memory.owner(of: domain.reference), listed.insert(reference).inserted
            else { return note(.keySetList, place.object, at: place.index, memory) }
            if !versions.insert(set.version).inserted {
                note(.keySet, reference, at: KeySet.Field.version.rawValue, memory)
            }
            place = (reference, KeySet.Field.next.rawValue)
            next = set.next
        }
    }

    // MARK: A key set

    /// What is wrong with the keys of a set: where, in them; and the use that follows from them.
    private struct Verdict {
        var wrong: [Int] = []
        var purpose: KeySetPurpose?
    }

    private mutating func checkKeys(_ set: KeySet, _ memory: borrowing Memory) {
        let header = memory.head(of: set.reference, count: KeySet.headerSize)
        if memory.geometry.isKnownVersion, header.part(from: 17).array != [0xFF, 0xFF, 0xFF] {
            note(.keySet, set.reference, at: 17, memory)
        }
        if set.version != KeyReference.initialVersion, !(0x01...0x7F).contains(set.version) {
            note(.keySet, set.reference, at: KeySet.Field.version.rawValue, memory)
        }
        guard reading.allows(KeySet.headerSize, memory.length(of: set.reference)) else { return }
        let verdict: Verdict
        do throws(StatusWord) {
            verdict = try memory.withKeys(of: set) { (keys) throws(StatusWord) in Self.verdict(set.version, keys) }
        } catch {
            // Its pages are missing: a defect that has been noted.
            return
        }
        for index in verdict.wrong { note(.key, set.reference, at: KeySet.headerSize + index, memory) }
        guard verdict.wrong.isEmpty else { return }
        guard let purpose = verdict.purpose, header.octet(at: KeySet.Field.purpose.rawValue) == purpose.rawValue else {
            return note(.keySet, set.reference, at: KeySet.Field.purpose.rawValue, memory)
        }
        if !purpose.accepts(option: set.option) {
            note(.keySet, set.reference, at: KeySet.Field.option.rawValue, memory)
        }
    }

    private static func verdict(_ version: UInt8, _ keys: OctetCursor) -> Verdict {
        var verdict = Verdict()
        var seen: Set<UInt8> = []
        var cursor = keys
        // Only so many identifiers exist.
        while verdict.wrong.count < 128, !cursor.isAtEnd {
            let start = cursor.position
            guard let key = StoredKey(&cursor) else {
                verdict.wrong.append(start)
                return verdict
            }
            if !key.isWellFormed || !seen.insert(key.identifier).inserted { verdict.wrong.append(start) }
        }
        guard verdict.wrong.isEmpty, !seen.isEmpty else { return verdict }
        do throws(StatusWord) {
            verdict.purpose = try KeySetPurpose(version: version, keys: keys)
        } catch {
            // They are none for the version: there is no use that is right.
        }
        return verdict
    }
}

extension KeySetPurpose {
    /// Whether a key set for this can have an option.
    fileprivate func accepts(option: UInt8) -> Bool {
        switch self {
        case .scp02: SCP02Options(option) != nil
        case .scp03: SCP03Options(option) != nil
        case .scp11: option <= 0x01
        case .scp80, .scp81, .other: option == KeySet.noOption
        }
    }
}

extension StoredKey {
    /// Whether the components are those of a key, with the lengths that their types have.
    fileprivate var isWellFormed: Bool {
        var cursor = components
        guard identifier < 0x80, let first = KeyComponent(&cursor), first.type.beginsKey, first.hasKnownLength else {
            return false
        }
        var next = first.type.next
        while let type = next {
            guard let component = KeyComponent(&cursor), component.type == type, component.hasKnownLength else {
                return false
            }
            next = type.next
        }
        if first.type.hasCurve {
            guard let curve = KeyComponent(&cursor), curve.type == .curveReference, curve.value.count == 1,
                curve.value.octet(at: 0).flatMap(Curve.init(rawValue:)) != nil
            else { return false }
        }
        return cursor.isAtEnd
    }
}

extension KeyComponent {
    /// Whether the value has a length that its type can have: docs/memory-image.md section 7.7.
    fileprivate var hasKnownLength: Bool {
        switch type {
        case .des: value.count == 16 || value.count == 24
        case .aes: value.count == 16 || value.count == 24 || value.count == 32
        case .tlsPSK, .hmac, .hmac160: (16...64).contains(value.count)
        case .eccPublic: value.count == 1 + 2 * Curve.length && value.octet(at: 0) == 0x04
        case .eccPrivate: value.count == Curve.length
        default: (1...512).contains(value.count)
        }
    }
}
