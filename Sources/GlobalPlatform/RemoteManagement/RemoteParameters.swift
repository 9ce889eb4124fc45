import CardOS
import Octets

/// What INSTALL says of an application for remote management: the parameters EA and CA, TS 102 226 clauses 8.2.1.3.2.1 and
/// 8.2.1.3.2.2. They stand in the attributes of its registry entry as they came.
struct RemoteParameters {
    /// Which SPI octet a packet has at least; nil where none is given.
    private(set) var minimumSecurityLevel: UInt8?
    /// Toolkit application references, three octets each.
    private(set) var references = OctetView.empty
    /// The UICC access parameters (81) and the administrative ones (82), or the access domain of CA.
    private(set) var access = OctetView.empty
    private(set) var administration = OctetView.empty
    private(set) var systemAccess = OctetView.empty

    /// Reads them among the attributes of an entry: EA, otherwise CA.
    ///
    /// - Throws: 6A80 where they are malformed.
    init(_ attributes: OctetView) throws(StatusWord) {
        let attributes = OctetCursor(attributes)
        if let template = attributes.firstValue(0xEA) {
            var objects = OctetCursor(template)
            while !objects.isAtEnd {
                guard let object = objects.berTLV() else { throw .incorrectData }
                switch object.tag {
                case 0x80: try readToolkit(object.cursor)
                case 0x81: access = object.value
                case 0x82: administration = object.value
                default: break
                }
            }
        } else if let parameters = attributes.firstValue(0xCA) {
            var cursor = OctetCursor(parameters)
            systemAccess = try Self.field(&cursor)
            try readToolkit(cursor)
        }
    }

    /// Priority, timers, length of menu texts, menu entries (position and identifier), channels, minimum security level,
    /// references; what is missing at the end is not given.
    private mutating func readToolkit(_ parameters: OctetCursor) throws(StatusWord) {
        var cursor = parameters
        if cursor.isAtEnd { return }
        guard cursor.octets(3) != nil, let entries = cursor.octet(), cursor.octets(2 * Int(entries)) != nil,
            cursor.octets(1) != nil
        else { throw .incorrectData }
        let level = try Self.field(&cursor)
        switch (level.count, level.octet(at: 0)) {
        case (0, _): break
        // Parameter 01: the minimum SPI, in one octet.
        case (2, 0x01): minimumSecurityLevel = level.octet(at: 1)
        default: throw .incorrectData
        }
        references = try Self.field(&cursor)
        guard references.count % 3 == 0 else { throw .incorrectData }
    }

    /// A length and as many octets; nothing at the end.
    private static func field(_ cursor: inout OctetCursor) throws(StatusWord) -> OctetView {
        guard let length = cursor.octet() else { return .empty }
        guard let octets = cursor.octets(Int(length)) else { throw .incorrectData }
        return octets
    }

    /// Calls `body` with each part of access parameters: the AID of an ADF, empty for the file system of the UICC, and
    /// the access domain. What signs them (a length and as many octets) is passed over.
    static func forEachDomain(
        in parameters: OctetView,
        _ body: (OctetView, AccessDomain) throws(StatusWord) -> Void
    ) throws(StatusWord) {
        var cursor = OctetCursor(parameters)
        while !cursor.isAtEnd {
            let aid = try field(&cursor)
            let domain = try AccessDomain(field(&cursor))
            _ = try field(&cursor)
            try body(aid, domain)
        }
    }

    /// Checks that an application for remote management can have them.
    ///
    /// - Throws: 6A80 where an access domain is malformed; where packets without a cryptographic checksum would do.
    func requireSecurity() throws(StatusWord) {
        if let minimumSecurityLevel, minimumSecurityLevel & 0x03 < 0x02 { throw .incorrectData }
        for parameters in [access, administration] {
            try Self.forEachDomain(in: parameters) { (aid, _) throws(StatusWord) in
                guard aid.isEmpty || (5...16).contains(aid.count) else { throw .incorrectData }
            }
        }
        if !systemAccess.isEmpty { _ = try AccessDomain(systemAccess) }
    }
}
