import Memory
import Octets

/// The data objects that a security domain keeps: BER-TLV objects, one behind the other, in the object that its registry
/// entry names as data (docs/memory-image.md section 7.9).
enum DataObjects {
    /// The object that holds certificates (AmdF). Its value begins with key identifier and version, each key's is one of
    /// its own.
    static let certificates: UInt32 = 0xBF21

    /// Who may store an object with STORE DATA: GPCS table 11-87, and objects in use besides.
    enum Rule {
        case anyDomain
        case issuerOnly
        case readOnly
    }

    /// The objects in the order of digest and tables; nil for an unknown one.
    static func rule(for tag: UInt32) -> Rule? {
        switch tag {
        case 0x42, 0x45, 0x66, 0x5F50, 0x85, 0xCF, certificates: .anyDomain
        case 0x4F, 0x67, 0x9F7F: .issuerOnly
        case 0xE0, 0xC1, 0xC2, 0xD3, 0x2F00, 0xFF21: .readOnly
        default: nil
        }
    }
}

extension Memory {
    /// Calls `body` with the data objects of a security domain.
    ///
    /// - Throws: 6581 where the image is damaged; what `body` throws.
    func withDataObjects<Result>(
        of domain: RegistryEntry,
        _ body: (OctetCursor) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        guard let data = domain.data else { return try body(OctetCursor(.empty)) }
        return try withContent(data, at: 0, count: length(of: data)) { (octets) throws(StatusWord) in
            try body(OctetCursor(octets))
        }
    }

    /// Puts a data object in the place of one with the same tag, or behind the others; an empty one goes.
    ///
    /// What is new is written beside what was there, which then is freed: a transaction has no room for a copy of
    /// certificates.
    ///
    /// - Parameter key: of certificates, the identifier and the version of their key: each key has its own.
    /// - Throws: 6A84 where memory is short.
    mutating func storeDataObject(
        _ tag: UInt32,
        _ value: OctetView,
        ofKey key: OctetView = .empty,
        of domain: RegistryEntry
    ) throws(StatusWord) {
        let old = domain.data
        let room = (old.map { length(of: $0) } ?? 0) + key.count + value.count + 8
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 8)
        defer { buffer.deallocate() }
        var writer = OctetWriter(buffer)
        var isPlaced = value.isEmpty
        func place(_ writer: inout OctetWriter) {
            guard !isPlaced else { return }
            isPlaced = true
            writer.appendTLV(tag) { (writer) in
                writer.append(key)
                writer.append(value)
            }
        }
        try withDataObjects(of: domain) { (objects) throws(StatusWord) in
            var cursor = objects
            while let object = cursor.berTLV() {
                if object.tag == tag, object.value.starts(with: key) {
                    place(&writer)
                } else {
                    writer.appendTLV(object.tag, object.value)
                }
            }
        }
        place(&writer)
        guard !writer.overflowed else { throw .technicalProblem }
        var new: ObjectReference?
        if writer.count > 0 {
            let data = try allocate(.applicationData, owner: owner(of: domain.reference), length: writer.count)
            try write(data, at: 0, writer.view)
            new = data
        }
        try set(.data, of: domain.reference, to: new)
        if let old { try free(old) }
    }
}
