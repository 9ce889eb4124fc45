import Octets

/// Command details: TS 102 223 clause 8.6.
public struct CommandDetails: Equatable, Sendable {
    /// The number of the command, which its response repeats.
    public var number: UInt8
    /// The type of command: clause 9.4.
    public var type: UInt8
    /// What is wanted of the command; what it means depends on the type.
    public var qualifier: UInt8

    /// Command details.
    public init(number: UInt8, type: UInt8, qualifier: UInt8) {
        self.number = number
        self.type = type
        self.qualifier = qualifier
    }

    init?(_ objects: ToolkitObjects) {
        guard let value = objects.value(.commandDetails), value.count == 3, let number = value.octet(at: 0),
            let type = value.octet(at: 1), let qualifier = value.octet(at: 2)
        else { return nil }
        self.init(number: number, type: type, qualifier: qualifier)
    }

    func write(to writer: inout OctetWriter) {
        writer.append(.commandDetails, .required, [number, type, qualifier])
    }
}

/// Who sends a command, a response or an envelope, and to whom: TS 102 223 clause 8.7.
public struct DeviceIdentities: Equatable, Sendable {
    /// A device.
    public struct Device: RawRepresentable, Equatable, Sendable {
        /// The octet that names it.
        public let rawValue: UInt8

        /// The device that an octet names.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// 81: the card.
        public static let uicc = Device(rawValue: 0x81)
        /// 82: the terminal.
        public static let terminal = Device(rawValue: 0x82)
        /// 83: the network.
        public static let network = Device(rawValue: 0x83)

        /// 21 to 27: the channel with a number.
        public static func channel(_ channel: ChannelIdentifier) -> Device {
            Device(rawValue: 0x20 | channel.number)
        }
    }

    /// Where it comes from.
    public var source: Device
    /// Where it goes.
    public var destination: Device

    /// Device identities.
    public init(from source: Device, to destination: Device) {
        self.source = source
        self.destination = destination
    }

    init?(_ objects: ToolkitObjects) {
        guard let value = objects.value(.deviceIdentities), value.count == 2, let source = value.octet(at: 0),
            let destination = value.octet(at: 1)
        else { return nil }
        self.init(from: Device(rawValue: source), to: Device(rawValue: destination))
    }

    func write(to writer: inout OctetWriter) {
        writer.append(.deviceIdentities, .required, [source.rawValue, destination.rawValue])
    }
}

/// A duration: TS 102 223 clause 8.8.
public struct ToolkitDuration: Equatable, Sendable {
    /// What is counted.
    public enum Unit: UInt8, Sendable {
        case minutes = 0x00
        case seconds = 0x01
        case tenthsOfSeconds = 0x02
    }

    /// What is counted.
    public var unit: Unit
    /// How many of them, 1 to 255.
    public var count: UInt8

    /// A duration.
    public init(_ count: UInt8, _ unit: Unit) {
        self.unit = unit
        self.count = count
    }

    init?(_ objects: ToolkitObjects) {
        guard let value = objects.value(.duration), value.count == 2, let unit = value.octet(at: 0).flatMap(Unit.init),
            let count = value.octet(at: 1)
        else { return nil }
        self.init(count, unit)
    }

    func write(to writer: inout OctetWriter) {
        writer.append(.duration, .required, [unit.rawValue, count])
    }
}

/// A timer of the terminal: TS 102 223 clause 8.37.
public struct TimerIdentifier: Equatable, Sendable {
    /// Its number, 1 to 8.
    public let number: UInt8

    /// The timer with a number; nil where there is none.
    public init?(_ number: UInt8) {
        guard (1...8).contains(number) else { return nil }
        self.number = number
    }

    init?(_ objects: ToolkitObjects) {
        guard let number = objects.octet(.timerIdentifier) else { return nil }
        self.init(number)
    }

    func write(to writer: inout OctetWriter) {
        writer.append(.timerIdentifier, .required, [number])
    }
}

/// The value of a timer: TS 102 223 clause 8.38.
public struct TimerValue: Equatable, Sendable {
    /// 0 to 23.
    public let hours: UInt8
    /// 0 to 59.
    public let minutes: UInt8
    /// 0 to 59.
    public let seconds: UInt8

    /// A value; nil where a part is out of its range.
    public init?(hours: UInt8, minutes: UInt8, seconds: UInt8) {
        guard hours < 24, minutes < 60, seconds < 60 else { return nil }
        self.hours = hours
        self.minutes = minutes
        self.seconds = seconds
    }

    init?(_ objects: ToolkitObjects) {
        guard let value = objects.value(.timerValue), value.count == 3,
            let hours = value.octet(at: 0).flatMap(Self.number), let minutes = value.octet(at: 1).flatMap(Self.number),
            let seconds = value.octet(at: 2).flatMap(Self.number)
        else { return nil }
        self.init(hours: hours, minutes: minutes, seconds: seconds)
    }

    func write(to writer: inout OctetWriter) {
        writer.append(.timerValue, .required, [hours, minutes, seconds].map { ($0 % 10) << 4 | ($0 / 10) })
    }

    /// Two digits as TS 23.040 writes those of a time: the lower one first.
    private static func number(_ octet: UInt8) -> UInt8? {
        let (high, low) = (octet & 0x0F, octet >> 4)
        return high < 10 && low < 10 ? high * 10 + low : nil
    }
}

/// An event that a terminal can tell of: TS 102 223 clause 8.25.
public struct ToolkitEvent: RawRepresentable, Equatable, Hashable, Sendable {
    /// Its number.
    public let rawValue: UInt8

    /// The event with a number.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The location or its status has changed.
    public static let locationStatus = ToolkitEvent(rawValue: 0x03)
    /// Data wait at the terminal, from a channel.
    public static let dataAvailable = ToolkitEvent(rawValue: 0x09)
    /// A channel has another status.
    public static let channelStatus = ToolkitEvent(rawValue: 0x0A)
    /// The network has refused the terminal.
    public static let networkRejection = ToolkitEvent(rawValue: 0x12)
}

/// The value of a location or of a tracking area: TS 102 223 clause 8.19, TS 31.111 clause 8.99.
public struct LocationInformation: Equatable, Sendable {
    /// Mobile country and network code, three octets as TS 24.008 writes them.
    public var network: [UInt8]
    /// The location area code or the tracking area code: two octets, three in a 5G system.
    public var areaCode: [UInt8]
    /// The cell identity, with its extension if there is one: none, 2, 4 or (in a 5G system) 5 octets.
    public var cell: [UInt8]

    /// A location.
    public init(network: [UInt8], areaCode: [UInt8], cell: [UInt8] = []) {
        self.network = network
        self.areaCode = areaCode
        self.cell = cell
    }

    /// nil for a length that neither object has.
    init?(_ value: OctetView) {
        let areaLength = value.count == 11 || value.count == 6 ? 3 : 2
        guard [5, 6, 7, 9, 11].contains(value.count) else { return nil }
        network = value.part(from: 0, length: 3).array
        areaCode = value.part(from: 3, length: areaLength).array
        cell = value.part(from: 3 + areaLength).array
    }

    var octets: [UInt8] { network + areaCode + cell }
}
