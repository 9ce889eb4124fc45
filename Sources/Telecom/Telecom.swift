import CardOS
import Memory
import Octets

/// The commands of network access applications, in addition to those of the UICC.
public enum Telecom {
    /// The rows for the card's command table: TS 31.102 clause 7, TS 31.103 clause 7.
    public static var commands: [Command] {
        [
            Command(0x88, .interindustry, UICC.authenticate),
            Command(0x78, .proprietary, UICC.getIdentity),
        ]
    }
}

/// A network access application that is active on a logical channel.
struct NetworkAccessApplication {
    /// Which application it is, by the application code of its AID: TS 101 220 annex E.
    enum Kind {
        case usim
        case isim

        /// The registered application provider identifier of 3GPP (A000000087), then the application code.
        init?(_ name: OctetView) {
            guard name.uint32(at: 0) == 0xA000_0000, name.octet(at: 4) == 0x87 else { return nil }
            switch name.uint16(at: 5) {
            case 0x1002: self = .usim
            case 0x1004: self = .isim
            default: return nil
            }
        }
    }

    let kind: Kind
    /// The ADF.
    let file: File
}

extension UICC {
    /// The USIM or ISIM in which a command is executed: it is active, and the current DF is its ADF or lies below.
    ///
    /// - Throws: 6985 where there is none.
    func networkAccessApplication(_ command: CommandAPDU) throws(StatusWord) -> NetworkAccessApplication {
        let file = try activeApplication(command)
        let kind = try withDFName(of: file) { (name) throws(StatusWord) in NetworkAccessApplication.Kind(name) }
        guard let kind else { throw .conditionsNotSatisfied }
        return NetworkAccessApplication(kind: kind, file: file)
    }

    /// Whether EF.UST (of a USIM) or EF.IST (of an ISIM) says that a service is available.
    func hasService(_ number: Int, of application: NetworkAccessApplication) throws(StatusWord) -> Bool {
        let identifier: UInt16 = application.kind == .usim ? 0x6F38 : 0x6F07
        guard let table = transparentFile(identifier, of: application.file.reference) else { return false }
        return try withContent(of: table) { (services) throws(StatusWord) in
            (services.octet(at: (number - 1) / 8) ?? 0) & 1 << UInt8((number - 1) % 8) != 0
        }
    }
}
