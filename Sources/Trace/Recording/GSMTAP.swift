import Octets

/// GSMTAP, version 2, packets of the type SIM: what Wireshark, SIMtrace and the tools of Osmocom exchange APDUs in
/// (libosmocore `include/osmocom/core/gsmtap.h`).
public enum GSMTAP {
    /// The UDP port that IANA assigned.
    public static let port: UInt16 = 4_729

    static let headerLength = 16
    private static let version: UInt8 = 2
    private static let typeSIM: UInt8 = 4

    private enum Subtype: UInt8 {
        case apdu = 0
        case answerToReset = 1
    }

    /// The packets for a record. An APDU is written as T=0 transmits it, command and response in one packet: what a card
    /// answers at once to a command with a data field is written as 61XX and GET RESPONSE, and P3 is how many data there
    /// are. That the power was taken away has no packet.
    ///
    /// The number of the card is in the field for the time slot.
    public static func packets(_ record: TraceRecord) -> [[UInt8]] {
        let card = UInt8(truncatingIfNeeded: record.card ?? 0)
        switch record.event {
        case .powerOn(let octets), .warmReset(let octets):
            return octets.isEmpty ? [] : [header(.answerToReset, card) + octets]
        case .powerOff: return []
        case .command(let command, let response):
            guard let command = TracedCommand(command), response.count >= 2 else { return [] }
            return T0.exchanges(command, response).map { header(.apdu, card) + $0 }
        }
    }

    private static func header(_ subtype: Subtype, _ card: UInt8) -> [UInt8] {
        // Version, length in words, type, time slot; ARFCN, signal, SNR; frame number; subtype, antenna, subslot, reserved.
        [version, UInt8(headerLength / 4), typeSIM, card, 0, 0, 0, 0, 0, 0, 0, 0, subtype.rawValue, 0, 0, 0]
    }

    /// The record in a packet; nil for one of another type, or with none of the contents above.
    static func record(_ packet: [UInt8], time: UInt64?) -> TraceRecord? {
        guard packet.count >= headerLength, packet[0] == version, packet[2] == typeSIM else { return nil }
        let content = Array(packet.dropFirst(Int(packet[1]) * 4))
        let card = packet[3] == 0 ? nil : Int(packet[3])
        switch Subtype(rawValue: packet[12]) {
        case .apdu: return T0.event(content).map { TraceRecord(time: time, card: card, $0) }
        case .answerToReset: return TraceRecord(time: time, card: card, .powerOn(answerToReset: content))
        case nil: return nil
        }
    }
}

/// APDUs as T=0 transmits them: ISO/IEC 7816-3 clause 12.2, TS 102 221 clause 7.3.
enum T0 {
    /// A header of five octets, the data of the command or of the response, and the status word; several of them where the
    /// APDU needs it.
    static func exchanges(_ command: TracedCommand, _ response: [UInt8]) -> [[UInt8]] {
        let status = Array(response.suffix(2))
        var data = response.dropLast(2)
        let header = [command.cla, command.ins, command.p1, command.p2]
        var exchanges: [[UInt8]] = []
        if command.data.isEmpty {
            let part = data.prefix(256)
            data = data.dropFirst(256)
            // P3 says how many data there are. Where there are none it is 0, whatever Le was: of a command that was refused
            // Wireshark (4.0) otherwise misses the data, and does not show the status word.
            exchanges.append(
                header + [UInt8(part.count & 0xFF)] + part + (data.isEmpty ? status : announcement(data.count))
            )
        } else {
            // Extended lengths become a chain: ISO/IEC 7816-4 clause 5.3.3.
            var rest = command.data[...]
            while rest.count > 255 {
                exchanges.append([command.cla | 0x10] + header[1...] + [255] + rest.prefix(255) + [0x90, 0x00])
                rest = rest.dropFirst(255)
            }
            exchanges.append(
                header + [UInt8(rest.count)] + rest + (data.isEmpty ? status : announcement(data.count))
            )
        }
        while !data.isEmpty {
            let part = data.prefix(256)
            data = data.dropFirst(256)
            exchanges.append(
                [responseClass(command.cla), 0xC0, 0x00, 0x00, UInt8(part.count & 0xFF)] + part
                    + (data.isEmpty ? status : announcement(data.count))
            )
        }
        return exchanges
    }

    private static func announcement(_ count: Int) -> [UInt8] { [0x61, count > 255 ? 0 : UInt8(count)] }

    /// GET RESPONSE on the channel of a command: TS 102 221 clause 11.1.18.1.
    private static func responseClass(_ cla: UInt8) -> UInt8 {
        cla == 0xA0 ? cla : cla & 0x40 == 0 ? cla & 0x03 : 0x40 | cla & 0x0F
    }

    /// The APDUs of an exchange; nil where it is too short. Which of them has the data the instruction code says.
    static func event(_ octets: [UInt8]) -> TraceEvent? {
        guard octets.count >= 6 else { return nil }
        // Some recorders leave P3 away where there are no data.
        if octets.count == 6 { return .command(Array(octets.prefix(4)), response: Array(octets.suffix(2))) }
        let header = Array(octets.prefix(5))
        let data = octets.count - 7
        guard data > 0 else { return .command(header, response: Array(octets.suffix(2))) }
        let carriesData = TracedCommand(header).flatMap(CommandNames.entry)?.carriesData ?? (data >= Int(header[4]))
        guard carriesData, data >= Int(header[4]) else {
            return .command(header, response: Array(octets.dropFirst(5)))
        }
        let length = 5 + Int(header[4])
        return .command(Array(octets.prefix(length)), response: Array(octets.dropFirst(length)))
    }
}
