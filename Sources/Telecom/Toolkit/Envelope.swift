import Octets

/// What a terminal tells the card by ENVELOPE: TS 102 223 clause 7, TS 31.111 clause 7.
///
/// It lives as long as the command's data field.
public enum Envelope {
    /// SMS-PP download.
    case shortMessageDownload(ShortMessageDownload)
    /// Event download: exactly one event.
    case eventDownload(EventDownload)
    /// Timer expiration: a timer of the terminal has run down, and how long it really took.
    case timerExpiration(TimerIdentifier, TimerValue)
    /// Another one, by its tag: menu selection, call control and so on.
    case other(UInt32)

    /// Reads the data field of ENVELOPE; nil where it is malformed, or lacks what it has to have.
    public init?(_ octets: OctetView) {
        var cursor = OctetCursor(octets)
        guard let outer = cursor.berTLV(), cursor.isAtEnd, let objects = ToolkitObjects(outer.value) else { return nil }
        switch outer.tag {
        case 0xD1:
            guard let message = ShortMessageDownload(objects) else { return nil }
            self = .shortMessageDownload(message)
        case 0xD6:
            guard let event = EventDownload(objects) else { return nil }
            self = .eventDownload(event)
        case 0xD7:
            guard let timer = TimerIdentifier(objects), let value = TimerValue(objects) else { return nil }
            self = .timerExpiration(timer, value)
        default: self = .other(outer.tag)
        }
    }

    /// Appends the data field of ENVELOPE; nothing for one that is not known here.
    public func write(to writer: inout OctetWriter) {
        switch self {
        case .shortMessageDownload(let message):
            writer.appendTLV(0xD1) { message.write(to: &$0) }
        case .eventDownload(let event):
            writer.appendTLV(0xD6) { event.write(to: &$0) }
        case .timerExpiration(let timer, let value):
            writer.appendTLV(0xD7) { writer in
                DeviceIdentities(from: .terminal, to: .uicc).write(to: &writer)
                timer.write(to: &writer)
                value.write(to: &writer)
            }
        case .other: break
        }
    }
}

/// SMS-PP download: TS 31.111 clause 7.1.1.
public struct ShortMessageDownload {
    /// The address of the service centre, type of number and digits; empty where the terminal does not say it.
    public let serviceCentre: OctetView
    /// The SMS-DELIVER of TS 23.040.
    public let tpdu: OctetView

    /// A short message.
    public init(tpdu: OctetView, serviceCentre: OctetView = .empty) {
        self.tpdu = tpdu
        self.serviceCentre = serviceCentre
    }

    fileprivate init?(_ objects: ToolkitObjects) {
        guard let tpdu = objects.value(.tpdu) else { return nil }
        self.init(tpdu: tpdu, serviceCentre: objects.value(.address) ?? .empty)
    }

    fileprivate func write(to writer: inout OctetWriter) {
        DeviceIdentities(from: .network, to: .uicc).write(to: &writer)
        if !serviceCentre.isEmpty { writer.append(.address, .optional) { $0.append(serviceCentre) } }
        writer.append(.tpdu) { $0.append(tpdu) }
    }
}

/// Event download: TS 102 223 clause 7.5, TS 31.111 clause 7.5.
public enum EventDownload: Equatable, Sendable {
    /// Where the terminal is, in normal service only.
    case locationStatus(LocationStatus, LocationInformation?)
    /// Data wait in a channel: how many octets (255: or more).
    case dataAvailable(ChannelStatus, UInt8)
    /// The link of a channel has changed.
    case channelStatus(ChannelStatus)
    /// The network has refused the terminal.
    case networkRejection(NetworkRejection)
    /// Another event; what it says is not read here.
    case other(ToolkitEvent)

    /// What service the terminal has: TS 102 223 clause 8.27.
    public enum LocationStatus: UInt8, Sendable {
        case normalService = 0x00
        case limitedService = 0x01
        case noService = 0x02
    }

    /// The event.
    public var event: ToolkitEvent {
        switch self {
        case .locationStatus: .locationStatus
        case .dataAvailable: .dataAvailable
        case .channelStatus: .channelStatus
        case .networkRejection: .networkRejection
        case .other(let event): event
        }
    }

    fileprivate init?(_ objects: ToolkitObjects) {
        guard let number = objects.octet(.eventList) else { return nil }
        let status = ChannelStatus(objects.value(.channelStatus))
        switch ToolkitEvent(rawValue: number) {
        case .locationStatus:
            guard let service = objects.octet(.locationStatus).flatMap(LocationStatus.init) else { return nil }
            self = .locationStatus(service, objects.value(.locationInformation).flatMap { LocationInformation($0) })
        case .dataAvailable:
            guard let status, let count = objects.octet(.channelDataLength) else { return nil }
            self = .dataAvailable(status, count)
        case .channelStatus:
            guard let status else { return nil }
            self = .channelStatus(status)
        case .networkRejection:
            guard let rejection = NetworkRejection(objects) else { return nil }
            self = .networkRejection(rejection)
        case let event: self = .other(event)
        }
    }

    fileprivate func write(to writer: inout OctetWriter) {
        writer.append(.eventList, .required, [event.rawValue])
        var source = DeviceIdentities.Device.terminal
        if case .networkRejection = self { source = .network }
        DeviceIdentities(from: source, to: .uicc).write(to: &writer)
        switch self {
        case .locationStatus(let service, let location):
            writer.append(.locationStatus, .required, [service.rawValue])
            if let location { writer.append(.locationInformation, .required, location.octets) }
        case .dataAvailable(let status, let count):
            status.write(.required, to: &writer)
            writer.append(.channelDataLength, .required, [count])
        case .channelStatus(let status): status.write(.required, to: &writer)
        case .networkRejection(let rejection): rejection.write(to: &writer)
        case .other: break
        }
    }
}

/// The event network rejection: TS 31.111 clause 7.5.2.
public struct NetworkRejection: Equatable, Sendable {
    /// Where it happened.
    public enum Place: Equatable, Sendable {
        /// A location area, or a routing area.
        case locationArea(LocationInformation)
        /// A tracking area of E-UTRAN or NG-RAN.
        case trackingArea(LocationInformation)
    }

    /// Where it happened.
    public var place: Place
    /// The radio technology: 00 GSM, 03 UTRAN, 08 E-UTRAN, 0A NG-RAN.
    public var accessTechnology: UInt8
    /// What the terminal had asked for: TS 31.111 clause 8.92.
    public var updateType: UInt8
    /// The cause that the network has given.
    public var cause: UInt8

    /// A rejection.
    public init(_ place: Place, accessTechnology: UInt8, updateType: UInt8, cause: UInt8) {
        self.place = place
        self.accessTechnology = accessTechnology
        self.updateType = updateType
        self.cause = cause
    }

    fileprivate init?(_ objects: ToolkitObjects) {
        if let area = objects.value(.trackingArea).flatMap({ LocationInformation($0) }) {
            place = .trackingArea(area)
        } else if let area = objects.value(.locationInformation).flatMap({ LocationInformation($0) }) {
            place = .locationArea(area)
        } else {
            return nil
        }
        guard let technology = objects.octet(.accessTechnology), let updateType = objects.octet(.updateType),
            let cause = objects.octet(.rejectionCause)
        else { return nil }
        accessTechnology = technology
        self.updateType = updateType
        self.cause = cause
    }

    fileprivate func write(to writer: inout OctetWriter) {
        switch place {
        case .locationArea(let area): writer.append(.locationInformation, .required, area.octets)
        case .trackingArea(let area): writer.append(.trackingArea, .optional, area.octets)
        }
        writer.append(.accessTechnology, .required, [accessTechnology])
        writer.append(.updateType, .optional, [updateType])
        writer.append(.rejectionCause, .optional, [cause])
    }
}
