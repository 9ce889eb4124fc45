import Octets

/// A command APDU as a host has it: in pieces, so that it can be protected and sent.
public struct Command: Equatable, Sendable {
    /// The class octet.
    public var cla: UInt8
    /// The instruction code.
    public var ins: UInt8
    /// The first parameter.
    public var p1: UInt8
    /// The second parameter.
    public var p2: UInt8
    /// The data field. More than 255 octets are sent in segments (GPCS clause 11.1.5).
    public var data: [UInt8]
    /// The length field of the response: 00 for all there is; nil for none.
    public var le: UInt8?

    /// A command of its pieces.
    public init(_ cla: UInt8, _ ins: UInt8, _ p1: UInt8, _ p2: UInt8, _ data: [UInt8] = [], le: UInt8? = 0x00) {
        self.cla = cla
        self.ins = ins
        self.p1 = p1
        self.p2 = p2
        self.data = data
        self.le = le
    }

    /// Reads a short command APDU (ISO/IEC 7816-3 cases 1 to 4); nil where it is none.
    public init?(_ octets: [UInt8]) {
        guard octets.count >= 4 else { return nil }
        self.init(octets[0], octets[1], octets[2], octets[3], le: nil)
        guard octets.count > 4 else { return }
        let length = Int(octets[4])
        switch octets.count {
        case 5: le = octets[4]
        case 5 + length where length > 0: data = Array(octets[5...])
        case 6 + length where length > 0:
            data = Array(octets[5..<(5 + length)])
            le = octets.last
        default: return nil
        }
    }

    /// The APDU; one of extended length where there are more than 255 octets of data.
    public var octets: [UInt8] {
        var octets = header
        let isExtended = data.count > 255
        if isExtended { octets += [0x00, UInt8(truncatingIfNeeded: data.count >> 8)] }
        if !data.isEmpty { octets.append(UInt8(truncatingIfNeeded: data.count)) }
        octets += data
        if let le { octets += isExtended ? [0x00, le] : [le] }
        return octets
    }

    /// The four octets in front.
    var header: [UInt8] { [cla, ins, p1, p2] }

    // MARK: The class octet (GPCS clause 11.1.4)

    /// The logical channel, 0 to 19.
    public var channel: Int { cla & 0x40 == 0 ? Int(cla & 0x03) : 4 + Int(cla & 0x0F) }

    /// Whether it comes with the secure messaging of GlobalPlatform.
    public var isSecured: Bool { cla & 0x40 == 0 ? cla & 0x0C == 0x04 : cla & 0x20 != 0 }

    /// The class octet with or without secure messaging.
    mutating func setSecured(_ isSecured: Bool) {
        let mask: UInt8 = cla & 0x40 == 0 ? 0x04 : 0x20
        cla = isSecured ? cla | mask : cla & ~mask
    }

    /// What a MAC takes of a command in front of its data: the header on channel 0 and a length field, of three octets
    /// above 255 (AmdD clause 6.2.4, GPCS clause 11.1.5.2).
    func macHeader(isSecured: Bool, length: Int) -> [UInt8] {
        var header = [cla & 0x80 | (isSecured ? 0x04 : 0x00), ins, p1, p2]
        if length > 255 { header += [0x00, UInt8(truncatingIfNeeded: length >> 8)] }
        return header + [UInt8(truncatingIfNeeded: length)]
    }
}

/// A response APDU in pieces.
public struct Response: Equatable, Sendable {
    /// The data field.
    public var data: [UInt8]
    /// SW1 and SW2.
    public var status: StatusWord

    /// A response of its pieces.
    public init(_ data: [UInt8], _ status: StatusWord) {
        self.data = data
        self.status = status
    }

    /// Reads a response APDU; nil where there is no status word.
    public init?(_ octets: [UInt8]) {
        guard let sw2 = octets.last, let sw1 = octets.dropLast().last else { return nil }
        self.init(Array(octets.dropLast(2)), StatusWord(UInt16(sw1) << 8 | UInt16(sw2)))
    }

    /// The APDU.
    public var octets: [UInt8] { data + [status.sw1, status.sw2] }
}
