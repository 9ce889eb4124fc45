import Octets

// The data objects of the bearer independent protocol.

/// A channel that the terminal has opened: TS 102 223 clause 8.7.
public struct ChannelIdentifier: Equatable, Sendable {
    /// Its number, 1 to 7.
    public let number: UInt8

    /// The channel with a number; nil where there is none.
    public init?(_ number: UInt8) {
        guard (1...7).contains(number) else { return nil }
        self.number = number
    }

    init?(_ device: DeviceIdentities.Device) {
        guard device.rawValue & 0xF8 == 0x20 else { return nil }
        self.init(device.rawValue & 0x07)
    }
}

/// The state of a channel: TS 102 223 clause 8.56.
public struct ChannelStatus: Equatable, Sendable {
    /// The channel, and its state where it is one of TCP or UDP.
    public var state: UInt8
    /// 00, or what has happened to the link.
    public var information: UInt8

    /// The state of a channel that TCP or UDP use.
    public init(_ channel: ChannelIdentifier, isLinkEstablished: Bool, information: UInt8 = 0x00) {
        state = (isLinkEstablished ? 0x80 : 0x00) | channel.number
        self.information = information
    }

    /// nil where `value` is not two octets.
    init?(_ value: OctetView?) {
        guard let value, value.count == 2, let state = value.octet(at: 0), let information = value.octet(at: 1) else {
            return nil
        }
        self.state = state
        self.information = information
    }

    /// The channel; nil where there is none.
    public var channel: ChannelIdentifier? { ChannelIdentifier(state & 0x07) }
    /// Whether the link is established, or the packet data service activated.
    public var isLinkEstablished: Bool { state & 0x80 != 0 }
    /// Whether the link was dropped.
    public var isLinkDropped: Bool { information == 0x05 }

    func write(_ comprehension: Comprehension, to writer: inout OctetWriter) {
        writer.append(.channelStatus, comprehension, [state, information])
    }
}

/// Which bearer a channel uses: TS 102 223 clause 8.52.
public struct BearerDescription: Equatable, Sendable {
    /// 02 GPRS, 03 the default bearer, 09 UTRAN with extended parameters, 0B E-UTRAN, 0C NG-RAN.
    public var type: UInt8
    /// What that bearer needs to know.
    public var parameters: [UInt8]

    /// A bearer.
    public init(type: UInt8, parameters: [UInt8] = []) {
        self.type = type
        self.parameters = parameters
    }

    /// 03: that of the terminal.
    public static let defaultBearer = BearerDescription(type: 0x03)

    init?(_ objects: ToolkitObjects) {
        guard let value = objects.value(.bearerDescription), let type = value.octet(at: 0) else { return nil }
        self.init(type: type, parameters: value.part(from: 1).array)
    }

    func write(to writer: inout OctetWriter) {
        writer.append(.bearerDescription, .optional, [type] + parameters)
    }
}

/// What stands between card and terminal: TS 102 223 clause 8.59.
public struct TransportLevel: Equatable, Sendable {
    /// The protocol.
    public enum Kind: UInt8, Sendable {
        case udpClientRemote = 0x01
        case tcpClientRemote = 0x02
        case tcpServer = 0x03
        case udpClientLocal = 0x04
        case tcpClientLocal = 0x05
        case directChannel = 0x06
    }

    /// The protocol.
    public var kind: Kind
    /// The port.
    public var port: UInt16

    /// A transport level.
    public init(_ kind: Kind, port: UInt16) {
        self.kind = kind
        self.port = port
    }

    init?(_ objects: ToolkitObjects) {
        guard let value = objects.value(.transportLevel), value.count == 3,
            let kind = value.octet(at: 0).flatMap(Kind.init), let port = value.uint16(at: 1)
        else { return nil }
        self.init(kind, port: port)
    }

    func write(to writer: inout OctetWriter) {
        writer.append(.transportLevel, .optional) { writer in
            writer.append(kind.rawValue)
            writer.append(port)
        }
    }
}

/// An address that is none of telephony: TS 102 223 clause 8.58.
public enum OtherAddress: Equatable, Sendable {
    /// The network is asked for one.
    case dynamic
    /// 21: four octets.
    case ipv4([UInt8])
    /// 57: sixteen octets.
    case ipv6([UInt8])

    /// nil for another type, or another length than that of the type.
    init?(_ value: OctetView) {
        switch (value.octet(at: 0), value.count) {
        case (nil, _): self = .dynamic
        case (0x21, 5): self = .ipv4(value.part(from: 1).array)
        case (0x57, 17): self = .ipv6(value.part(from: 1).array)
        default: return nil
        }
    }

    func write(to writer: inout OctetWriter) {
        let octets: [UInt8] =
            switch self {
            case .dynamic: []
            case .ipv4(let address): [0x21] + address
            case .ipv6(let address): [0x57] + address
            }
        writer.append(.otherAddress, .optional, octets)
    }
}

/// A text: TS 102 223 clause 8.15.
public struct ToolkitText: Equatable, Sendable {
    /// The data coding scheme: 00 packed, 04 octets, 08 UCS2.
    public var codingScheme: UInt8
    /// The text in it.
    public var octets: [UInt8]

    /// A text.
    public init(codingScheme: UInt8, _ octets: [UInt8]) {
        self.codingScheme = codingScheme
        self.octets = octets
    }

    /// nil without a data coding scheme.
    init?(_ value: OctetView) {
        guard let codingScheme = value.octet(at: 0) else { return nil }
        self.init(codingScheme: codingScheme, value.part(from: 1).array)
    }

    func write(to writer: inout OctetWriter) {
        writer.append(.textString, .required, [codingScheme] + octets)
    }
}
