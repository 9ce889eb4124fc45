import CardOS
import Memory
import Octets

extension SecurityDomain {
    /// GET DATA.
    static func getData(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        throw .referencedDataNotFound
    }

    /// SELECT: the file control information (GPCS table 11-84).
    static func select(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        guard call.command.p2 & 0x40 == 0 else { return .success }
        guard call.command.p2 & 0x0C != 0x0C else { return .success }
        card.output.appendTLV(0x6F) { (writer) in
            writer.appendTLV(0x84, call.instance.aid)
            writer.appendTLV(0xA5) { $0.appendTLV(0x9F65) { $0.append(UInt8(0xFF)) } }
        }
        return .success
    }
}
