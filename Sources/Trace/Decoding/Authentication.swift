import Octets

/// AUTHENTICATE: TS 31.102 clause 7.1, TS 31.103 clause 7.1, TS 51.011 clause 8.16.
enum Authentication {
    /// What the terminal sends, by the context in P2.
    static func challenge(_ data: [UInt8], context: UInt8) -> [TraceField] {
        var reader = OctetReader(data)
        switch context & 0x07 {
        case 0: return parts(&reader, ["RAND"])
        case 1: return parts(&reader, ["RAND", "AUTN"])
        case 2: return parts(&reader, ["Vservice_Id", "VK_Id", "VSTK_RAND"])
        case 4:
            let tag = reader.octet()
            return tag == 0xDE ? parts(&reader, ["NAF_Id", "IMPI"]) : parts(&reader, ["RAND", "AUTN"])
        default: return [TraceField("data", Hex.string(data))]
        }
    }

    /// What the card answers.
    static func result(_ data: [UInt8], context: UInt8) -> [TraceField] {
        var reader = OctetReader(data)
        if context & 0x07 == 0 { return parts(&reader, ["SRES", "Kc"]) }
        switch reader.octet() {
        case 0xDC: return [TraceField("synchronisation failure")] + parts(&reader, ["AUTS"])
        case 0xDB where context & 0x07 == 1:
            return [TraceField("success")] + parts(&reader, ["RES", "CK", "IK", "Kc"])
        case 0xDB: return [TraceField("success")] + parts(&reader, ["RES", "session key"])
        default: return [TraceField("data", Hex.string(data))]
        }
    }

    static func contextName(_ p2: UInt8) -> String {
        let names = ["GSM", "3G", "VGCS or digest", "", "GBA", "MBMS", "local key"]
        let index = Int(p2 & 0x07)
        return index < names.count && !names[index].isEmpty ? names[index] : "context \(Hex.string([p2]))"
    }

    private static func parts(_ reader: inout OctetReader, _ names: [String]) -> [TraceField] {
        var fields: [TraceField] = []
        for name in names {
            guard let part = reader.counted() else { break }
            fields.append(TraceField(name, Hex.string(part)))
        }
        if !reader.isAtEnd { fields.append(TraceField("rest", Hex.string(reader.all()))) }
        return fields
    }
}
