import Memory
import Octets

extension Memory {
    /// Appends the key information template, E0: GPCS clause 11.3.3.1. Without keys it is empty.
    ///
    /// A key is listed in the extended form where it was given a usage or access, and where a component has more than
    /// 255 octets.
    ///
    /// - Throws: 6581 where a key set cannot be read.
    public func appendKeyInformation(
        of domain: ObjectReference,
        to writer: inout OctetWriter
    ) throws(StatusWord) {
        try writer.appendTLV(0xE0) { (writer) throws(StatusWord) in
            var set = firstKeySet(of: domain) { _ in true }
            for _ in 0..<KeySet.largestNumber {
                guard let current = set else { return }
                try withKeys(of: current) { (keys) throws(StatusWord) in
                    var cursor = keys
                    while let key = StoredKey(&cursor) { key.appendInformation(current.version, to: &writer) }
                }
                set = current.next.flatMap { KeySet($0, in: self) }
            }
        }
    }
}

extension StoredKey {
    fileprivate func appendInformation(_ version: UInt8, to writer: inout OctetWriter) {
        let isExtended = isQualified || hasLongComponent
        writer.appendTLV(0xC0) { writer in
            writer.append(identifier)
            writer.append(version)
            var cursor = components
            while let component = KeyComponent(&cursor) {
                if isExtended { writer.append(UInt8(0xFF)) }
                writer.append(component.type.rawValue)
                if isExtended { writer.append(UInt8(truncatingIfNeeded: component.listedLength >> 8)) }
                writer.append(UInt8(truncatingIfNeeded: component.listedLength))
            }
            guard isExtended else { return }
            if usage == 0 {
                writer.append(UInt8(0))
            } else {
                let isShort = usage & 0xFF == 0
                writer.append(UInt8(isShort ? 1 : 2))
                writer.append(number: UInt32(isShort ? usage >> 8 : usage), minimum: isShort ? 1 : 2)
            }
            writer.append(UInt8(access == nil ? 0 : 1))
            if let access { writer.append(access) }
        }
    }

    private var isQualified: Bool { usage != 0 || access != nil }

    private var hasLongComponent: Bool {
        var cursor = components
        while let component = KeyComponent(&cursor) {
            if component.listedLength > 255 { return true }
        }
        return false
    }
}

extension KeyComponent {
    /// What stands in the place of its length: of a curve by reference, the reference; of a point, the length without
    /// its first octet.
    fileprivate var listedLength: Int {
        switch type {
        case .curveReference: Int(value.number ?? 0)
        case .eccPublic: max(0, value.count - 1)
        default: value.count
        }
    }
}
