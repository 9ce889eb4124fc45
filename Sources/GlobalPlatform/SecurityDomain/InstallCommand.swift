import CardOS
import Octets

/// The data field of INSTALL, taken apart: GPCS tables 11-41 to 11-49. Its meaning follows from P1.
struct InstallCommand {
    /// The process that P1 asks for: GPCS table 11-39.
    struct Process: OptionSet {
        let rawValue: UInt8
        static let forLoad = Process(rawValue: 0x02)
        static let forInstall = Process(rawValue: 0x04)
        static let forMakeSelectable = Process(rawValue: 0x08)
        static let forExtradition = Process(rawValue: 0x10)
        static let forPersonalization = Process(rawValue: 0x20)
        static let forRegistryUpdate = Process(rawValue: 0x40)
        static let forInstallAndMakeSelectable: Process = [.forInstall, .forMakeSelectable]
        static let forLoadInstallAndMakeSelectable: Process = [.forLoad, .forInstall, .forMakeSelectable]
    }

    let process: Process
    /// Of a load: the AID of the load file; of an installation: that of the executable load file; of an extradition or
    /// registry update: that of the new security domain.
    let first: OctetView
    /// Of a load: the AID of the security domain; of an installation: that of the module.
    let second: OctetView
    /// Of a load: the hash of the load file data block; otherwise the AID of the application.
    let third: OctetView
    /// None of a load; else 0, 1 or 3 octets.
    let privileges: OctetView
    /// BER-TLV objects.
    let parameters: OctetView
    /// All fields in front of the token: what the token signs.
    let signed: OctetView
    let token: OctetView

    /// - Parameter isLoad: whether the fields are those of INSTALL [for load].
    /// - Throws: 6A80 for a data field that does not have the fields, or others behind them.
    init(_ process: Process, isLoad: Bool, _ data: OctetView) throws(StatusWord) {
        var cursor = OctetCursor(data)
        self.process = process
        first = try Self.field(&cursor)
        second = try Self.field(&cursor)
        third = try Self.field(&cursor)
        privileges = isLoad ? .empty : try Self.field(&cursor)
        parameters = try Self.field(&cursor)
        signed = data.part(from: 0, length: cursor.position)
        token = try Self.field(&cursor)
        guard cursor.isAtEnd else { throw .incorrectData }
        for aid in isLoad ? [first, second] : [first, second, third] {
            guard aid.isEmpty || (5...16).contains(aid.count) else { throw .incorrectData }
        }
        var check = OctetCursor(parameters)
        while !check.isAtEnd {
            guard check.berTLV() != nil else { throw .incorrectData }
        }
    }

    /// A length, one octet 80 for 128 among them (GPCS clause 11.5.2.3), and as many octets.
    private static func field(_ cursor: inout OctetCursor) throws(StatusWord) -> OctetView {
        let length: Int?
        if cursor.peek == 0x80 {
            length = cursor.octet().map(Int.init)
        } else {
            length = cursor.berLength()
        }
        guard let length, let octets = cursor.octets(length) else { throw .incorrectData }
        return octets
    }

    /// The application specific parameters (C9), as the application receives them.
    ///
    /// - Throws: 6A80 where they are missing: GPCS table 11-49 has them mandatory.
    func applicationParameters() throws(StatusWord) -> OctetView {
        guard let parameters = OctetCursor(parameters).firstValue(0xC9) else { throw .incorrectData }
        return parameters
    }

    /// The token identifier (93 in B6), which receipts repeat; empty where there is none.
    var tokenIdentifier: OctetView { TokenReference(parameters).identifier ?? .empty }

    /// The system specific parameters (EF).
    var systemParameters: OctetCursor { OctetCursor(OctetCursor(parameters).firstValue(0xEF) ?? .empty) }

    /// A size in octets, of two or four octets.
    ///
    /// - Throws: 6A80 for another width.
    func size(_ tag: UInt32) throws(StatusWord) -> UInt32? {
        guard let value = systemParameters.firstValue(tag) else { return nil }
        guard value.count == 2 || value.count == 4, let number = value.number else { throw .incorrectData }
        return number
    }
}
