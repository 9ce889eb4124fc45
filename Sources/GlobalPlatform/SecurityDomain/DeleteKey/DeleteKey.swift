import Memory
import Octets

extension KeyManagement {
    /// DELETE [key]: GPCS clause 11.2.2.3.2.
    ///
    /// - Parameters:
    ///   - data: key identifier (D0), key version (D2), or both.
    ///   - domain: the registry entry of the security domain.
    /// - Throws: 6A80 for other data; 6A88 where there is no such key; 6985 where the issuer security domain would be
    ///   left without keys for secure channel sessions.
    public static func deleteKey(
        _ data: OctetView,
        _ memory: inout Memory,
        domain: ObjectReference
    ) throws(StatusWord) {
        var cursor = OctetCursor(data)
        var identifier: UInt8?
        var version: UInt8?
        while !cursor.isAtEnd {
            guard let object = cursor.berTLV(), object.value.count == 1, let value = object.value.octet(at: 0) else {
                throw .incorrectData
            }
            switch object.tag {
            case 0xD0 where identifier == nil: identifier = value
            case 0xD2 where version == nil: version = value
            default: throw .incorrectData
            }
        }
        guard identifier != nil || version != nil else { throw .incorrectData }
        try memory.deleteKeys(identifier: identifier, version: version, of: domain)
    }

    /// Whether the data field of DELETE is that of DELETE [key].
    public static func isDeleteKey(_ data: OctetView) -> Bool { data.octet(at: 0) == 0xD0 || data.octet(at: 0) == 0xD2 }
}
