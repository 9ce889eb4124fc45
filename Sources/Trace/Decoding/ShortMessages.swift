import Octets

/// Short messages: TS 23.040, TS 31.102 clauses 4.2.25 and 4.2.27.
enum ShortMessages {
    /// A record of EF.SMS.
    static func record(_ octets: [UInt8]) -> [TraceField] {
        let states: [UInt8: String] = [
            0x00: "free", 0x01: "received, read", 0x03: "received, to be read", 0x05: "sent", 0x07: "to be sent",
        ]
        let state = octets[0] & 0x07
        let status = TraceField("status", states[state] ?? Hex.string([octets[0]]))
        guard state != 0 else { return [status] }
        var reader = OctetReader(Array(octets.dropFirst()))
        guard let centre = reader.counted() else { return [status] }
        return [status, TraceField("service centre", Text.number(centre))]
            + message(reader.all(), isFromNetwork: state == 0x01 || state == 0x03)
    }

    /// A record of EF.SMSP.
    static func parameters(_ octets: [UInt8]) -> [TraceField]? {
        guard octets.count >= 28 else { return nil }
        let tail = Array(octets.suffix(28))
        var fields = [TraceField("name", Text.alpha(Array(octets.dropLast(28))))]
        if tail[0] & 0x01 == 0 {
            let digits = Array(tail[2..<3 + (min(Int(tail[1]), 20) + 1) / 2])
            fields.append(TraceField("destination", Text.number(digits)))
        }
        if tail[0] & 0x02 == 0 {
            let length = min(Int(tail[13]), 11)
            fields.append(TraceField("service centre", Text.number(Array(tail[14..<14 + length]))))
        }
        if tail[0] & 0x04 == 0 { fields.append(TraceField("protocol identifier", Hex.string([tail[25]]))) }
        if tail[0] & 0x08 == 0 { fields.append(TraceField("data coding scheme", Hex.string([tail[26]]))) }
        if tail[0] & 0x10 == 0 { fields.append(TraceField("validity period", "\(tail[27])")) }
        return fields
    }

    /// A TPDU: TS 23.040 clause 9.2.
    static func message(_ octets: [UInt8], isFromNetwork: Bool) -> [TraceField] {
        var reader = OctetReader(octets)
        guard let first = reader.octet() else { return [] }
        let hasHeader = first & 0x40 != 0
        switch (first & 0x03, isFromNetwork) {
        case (0, true):
            guard let address = address(&reader), let pid = reader.octet(), let dcs = reader.octet(),
                let stamp = reader.octets(7), let length = reader.octet()
            else { break }
            return [
                TraceField("SMS-DELIVER"), TraceField("from", address),
                TraceField("protocol identifier", Hex.string([pid])),
                TraceField("time", timeStamp(stamp)),
            ] + userData(reader.all(), Int(length), dcs, hasHeader: hasHeader)
        case (1, false):
            guard let reference = reader.octet(), let address = address(&reader), let pid = reader.octet(),
                let dcs = reader.octet(), reader.octets([0, 7, 1, 7][Int(first >> 3 & 0x03)]) != nil,
                let length = reader.octet()
            else { break }
            return [
                TraceField("SMS-SUBMIT"), TraceField("reference", "\(reference)"), TraceField("to", address),
                TraceField("protocol identifier", Hex.string([pid])),
            ] + userData(reader.all(), Int(length), dcs, hasHeader: hasHeader)
        default: break
        }
        return [TraceField("TPDU", Hex.string(octets))]
    }

    /// The number of digits, the type, and the digits.
    private static func address(_ reader: inout OctetReader) -> String? {
        guard let count = reader.octet(), let octets = reader.octets(1 + (Int(count) + 1) / 2) else { return nil }
        if octets[0] & 0x70 == 0x50 {
            return Text.quoted(Text.packed(Array(octets.dropFirst()), count: Int(count) * 4 / 7))
        }
        return Text.number(octets)
    }

    private static func timeStamp(_ octets: [UInt8]) -> String {
        let parts = octets.prefix(6).map { "\($0 & 0x0F)\($0 >> 4)" }
        return "20\(parts[0])-\(parts[1])-\(parts[2]) \(parts[3]):\(parts[4]):\(parts[5])"
    }

    private static func userData(_ octets: [UInt8], _ length: Int, _ dcs: UInt8, hasHeader: Bool) -> [TraceField] {
        var fields: [TraceField] = []
        var headerLength = 0
        if hasHeader, let count = octets.first, octets.count > Int(count) {
            headerLength = 1 + Int(count)
            fields.append(TraceField("header", Hex.string(octets[1..<headerLength])))
        }
        let coding =
            dcs & 0xF0 == 0xF0 ? dcs & 0x04 : dcs & 0xC0 == 0x00 ? dcs & 0x0C : dcs & 0xF0 == 0xE0 ? 0x08 : 0x00
        switch coding {
        case 0x00:
            let septets = (headerLength * 8 + 6) / 7
            let text = Text.packed(octets, count: length - septets, fill: septets * 7)
            fields.append(TraceField("text", Text.quoted(text)))
        case 0x08:
            fields.append(TraceField("text", Text.quoted(Text.ucs2(octets.prefix(length).dropFirst(headerLength)))))
        default: fields.append(TraceField("data", Hex.string(octets.prefix(length).dropFirst(headerLength))))
        }
        return fields
    }
}
