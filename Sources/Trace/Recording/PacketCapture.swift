/// Capture files of Wireshark and tcpdump: pcap written, pcap and pcapng read (IETF draft-ietf-opsawg-pcap, -pcapng).
public enum PacketCapture {
    /// The link type of packets that begin with an IPv4 header.
    private static let linkTypeIPv4: UInt32 = 228

    /// What a pcap file begins with.
    public static var fileHeader: [UInt8] {
        var octets: [UInt8] = []
        octets.append(little: UInt32(0xA1B2_C3D4))
        octets.append(little: UInt16(2))
        octets.append(little: UInt16(4))
        octets.append(little: UInt32(0))
        octets.append(little: UInt32(0))
        octets.append(little: UInt32(262_144))
        octets.append(little: linkTypeIPv4)
        return octets
    }

    /// A packet of the file: GSMTAP in UDP in IPv4, from and to the port of GSMTAP on this machine.
    public static func packet(_ content: [UInt8], time: UInt64) -> [UInt8] {
        let datagram = udp(content)
        var octets: [UInt8] = []
        octets.append(little: UInt32(truncatingIfNeeded: time / 1_000_000))
        octets.append(little: UInt32(time % 1_000_000))
        octets.append(little: UInt32(datagram.count))
        octets.append(little: UInt32(datagram.count))
        return octets + datagram
    }

    private static func udp(_ content: [UInt8]) -> [UInt8] {
        let length = 28 + content.count
        var ip: [UInt8] = [
            0x45, 0x00, UInt8(length >> 8), UInt8(length & 0xFF), 0x00, 0x00, 0x40, 0x00, 64, 17, 0x00, 0x00,
            127, 0, 0, 1, 127, 0, 0, 1,
        ]
        var sum = stride(from: 0, to: 20, by: 2).reduce(0) { $0 + (Int(ip[$1]) << 8 | Int(ip[$1 + 1])) }
        while sum > 0xFFFF { sum = (sum & 0xFFFF) + sum >> 16 }
        ip[10] = UInt8(~sum >> 8 & 0xFF)
        ip[11] = UInt8(~sum & 0xFF)
        let port = [UInt8(GSMTAP.port >> 8), UInt8(GSMTAP.port & 0xFF)]
        // No checksum: RFC 768 allows it over IPv4.
        return ip + port + port + [UInt8((length - 20) >> 8), UInt8((length - 20) & 0xFF), 0, 0] + content
    }

    // MARK: reading

    /// Whether a file that begins like this is a capture.
    static func isCapture(_ octets: [UInt8]) -> Bool {
        guard octets.count >= 4 else { return false }
        let magic = number(octets, 0, 4, isLittle: true)
        return [0xA1B2_C3D4, 0xD4C3_B2A1, 0xA1B2_3C4D, 0x4D3C_B2A1, 0x0A0D_0D0A].contains(magic)
    }

    /// The records in a capture; packets that are no GSMTAP of the type SIM are passed over.
    static func read(_ octets: [UInt8], into records: inout [TraceRecord]) throws(TraceFormatError) {
        if number(octets, 0, 4, isLittle: true) == 0x0A0D_0D0A {
            try readBlocks(octets, into: &records)
        } else {
            try readPackets(octets, into: &records)
        }
    }

    private static func readPackets(_ octets: [UInt8], into records: inout [TraceRecord]) throws(TraceFormatError) {
        guard octets.count >= 24 else { throw TraceFormatError("the capture is cut off in its header") }
        let magic = number(octets, 0, 4, isLittle: true)
        let isLittle = magic == 0xA1B2_C3D4 || magic == 0xA1B2_3C4D
        let hasNanoseconds = magic == 0xA1B2_3C4D || magic == 0x4D3C_B2A1
        let link = number(octets, 20, 4, isLittle: isLittle) & 0x0FFF_FFFF
        var offset = 24
        var count = 0
        while offset < octets.count {
            count += 1
            guard octets.count - offset >= 16 else { throw TraceFormatError("packet \(count) is cut off") }
            let seconds = number(octets, offset, 4, isLittle: isLittle)
            let fraction = number(octets, offset + 4, 4, isLittle: isLittle)
            let length = number(octets, offset + 8, 4, isLittle: isLittle)
            offset += 16
            guard octets.count - offset >= length else { throw TraceFormatError("packet \(count) is cut off") }
            let time = UInt64(seconds) * 1_000_000 + UInt64(hasNanoseconds ? fraction / 1000 : fraction)
            let frame = Array(octets[offset..<offset + length])
            if let record = content(frame, link).flatMap({ GSMTAP.record($0, time: time) }) { records.append(record) }
            offset += length
        }
    }

    /// The blocks of pcapng: sections, interfaces, packets.
    private static func readBlocks(_ octets: [UInt8], into records: inout [TraceRecord]) throws(TraceFormatError) {
        var interfaces: [(link: Int, unitsPerSecond: UInt64)] = []
        var isLittle = true
        var offset = 0
        while offset < octets.count {
            guard octets.count - offset >= 12 else { throw TraceFormatError("the capture is cut off") }
            if number(octets, offset, 4, isLittle: true) == 0x0A0D_0D0A {
                isLittle = number(octets, offset + 8, 4, isLittle: true) == 0x1A2B_3C4D
                interfaces = []
            }
            let type = number(octets, offset, 4, isLittle: isLittle)
            let length = number(octets, offset + 4, 4, isLittle: isLittle)
            guard length >= 12, length % 4 == 0, octets.count - offset >= length else {
                throw TraceFormatError("the capture is cut off, or a block has a wrong length, at octet \(offset)")
            }
            let body = Array(octets[offset + 8..<offset + length - 4])
            if type == 1, body.count >= 8 {
                interfaces.append((number(body, 0, 2, isLittle: isLittle), resolution(body, isLittle)))
            } else if type == 6, body.count >= 20 {
                let index = number(body, 0, 4, isLittle: isLittle)
                let size = number(body, 12, 4, isLittle: isLittle)
                guard index < interfaces.count, size <= body.count - 20 else {
                    throw TraceFormatError("the packet at octet \(offset) is malformed")
                }
                let high = UInt64(number(body, 4, 4, isLittle: isLittle))
                let stamp = high << 32 | UInt64(number(body, 8, 4, isLittle: isLittle))
                let units = interfaces[index].unitsPerSecond
                let fraction = UInt64(Double(stamp % units) / Double(units) * 1_000_000)
                let time = (stamp / units) &* 1_000_000 &+ fraction
                let frame = Array(body[20..<20 + size])
                if let record = content(frame, interfaces[index].link).flatMap({ GSMTAP.record($0, time: time) }) {
                    records.append(record)
                }
            }
            offset += length
        }
    }

    /// The option if_tsresol of an interface: microseconds where there is none.
    private static func resolution(_ body: [UInt8], _ isLittle: Bool) -> UInt64 {
        var offset = 8
        while body.count - offset >= 4 {
            let code = number(body, offset, 2, isLittle: isLittle)
            let length = number(body, offset + 2, 2, isLittle: isLittle)
            if code == 9, length == 1, body.count > offset + 4, body[offset + 4] & 0x80 == 0 {
                return (0..<min(Int(body[offset + 4]), 18)).reduce(1) { power, _ in power * 10 }
            }
            offset += 4 + (length + 3) / 4 * 4
        }
        return 1_000_000
    }

    /// What is in a UDP datagram to or from the port of GSMTAP.
    private static func content(_ frame: [UInt8], _ link: Int) -> [UInt8]? {
        // Ethernet, raw IP (two numbers), Linux cooked (two versions), BSD loopback.
        let headers = [1: 14, 101: 0, 228: 0, 113: 16, 276: 20, 0: 4]
        guard var start = headers[link] else { return nil }
        // A tag of IEEE 802.1Q.
        if link == 1, frame.count > 18, frame[12] == 0x81, frame[13] == 0x00 { start += 4 }
        let packet = Array(frame.dropFirst(start))
        guard packet.count >= 28, packet[0] >> 4 == 4, packet[9] == 17 else { return nil }
        let udp = Array(packet.dropFirst(Int(packet[0] & 0x0F) * 4))
        guard udp.count >= 8 else { return nil }
        let ports = [number(udp, 0, 2, isLittle: false), number(udp, 2, 2, isLittle: false)]
        guard ports.contains(Int(GSMTAP.port)) else { return nil }
        return Array(udp.prefix(max(8, number(udp, 4, 2, isLittle: false))).dropFirst(8))
    }

    private static func number(_ octets: [UInt8], _ offset: Int, _ count: Int, isLittle: Bool) -> Int {
        let part = octets[offset..<offset + count]
        return isLittle ? part.reversed().number : part.number
    }
}

extension [UInt8] {
    fileprivate mutating func append(little number: some FixedWidthInteger) {
        var rest = number
        for _ in 0..<number.bitWidth / 8 {
            append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }
}
