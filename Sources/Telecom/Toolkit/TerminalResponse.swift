import Octets

/// What a terminal answers to a proactive command: TS 102 223 clause 6.8.
public struct TerminalResponse: Equatable, Sendable {
    /// What the card gets of a command, where it succeeds.
    public enum Content: Equatable, Sendable {
        /// Nothing besides the result.
        case none
        /// POLL INTERVAL: how long the terminal takes from one STATUS to the next.
        case pollInterval(ToolkitDuration)
        /// PROVIDE LOCAL INFORMATION: the location.
        case location(LocationInformation)
        /// PROVIDE LOCAL INFORMATION: the value of the data object that was asked for.
        case localInformation([UInt8])
        /// TIMER MANAGEMENT: the timer, and what is or was left of it.
        case timer(TimerIdentifier, TimerValue?)
        /// OPEN CHANNEL.
        case channel(OpenedChannel)
        /// RECEIVE DATA: the data, and how many octets wait in the terminal (255: or more).
        case received([UInt8], remaining: UInt8)
        /// SEND DATA: for how many octets the terminal has room (255: or more).
        case room(UInt8)
        /// GET CHANNEL STATUS: the state of each channel.
        case channels([ChannelStatus])
    }

    /// Those of the command.
    public var details: CommandDetails
    /// What has become of it.
    public var result: TerminalResult
    /// What it has brought.
    public var content: Content

    /// The response to a command.
    public init(to details: CommandDetails, _ result: TerminalResult, _ content: Content = .none) {
        self.details = details
        self.result = result
        self.content = content
    }

    /// Whether it can be the response to a command with these details: TS 102 223 clause 6.7.
    public func answers(_ command: CommandDetails) -> Bool {
        details.number == command.number && details.type == command.type
    }
}

/// The result of a command: TS 102 223 clause 8.12.
public struct TerminalResult: Equatable, Sendable {
    /// The general result.
    public var general: UInt8
    /// Why, for some of them.
    public var additional: [UInt8]

    /// A result.
    public init(_ general: UInt8, additional: [UInt8] = []) {
        self.general = general
        self.additional = additional
    }

    /// 00: the command was performed.
    public static let success = TerminalResult(0x00)

    /// 0X, 1X: the command was performed, in whole or in part.
    public var isPerformed: Bool { general < 0x20 }
    /// 2X: it may be worth trying again.
    public var mayBeRetried: Bool { general & 0xF0 == 0x20 }

    init?(_ objects: ToolkitObjects) {
        guard let value = objects.value(.result), let general = value.octet(at: 0) else { return nil }
        self.init(general, additional: value.part(from: 1).array)
    }

    func write(to writer: inout OctetWriter) {
        writer.append(.result, .required, [general] + additional)
    }
}

/// The channel that the terminal has opened, or what it could offer.
public struct OpenedChannel: Equatable, Sendable {
    /// The channel; nil where none was opened.
    public var status: ChannelStatus?
    /// The bearer in use.
    public var bearer: BearerDescription?
    /// The size of its buffer.
    public var bufferSize: UInt16?

    /// A channel.
    public init(_ status: ChannelStatus?, bearer: BearerDescription? = nil, bufferSize: UInt16? = nil) {
        self.status = status
        self.bearer = bearer
        self.bufferSize = bufferSize
    }

    fileprivate init?(_ objects: ToolkitObjects) {
        let buffer = objects.value(.bufferSize).flatMap { $0.count == 2 ? $0.uint16(at: 0) : nil }
        self.init(
            ChannelStatus(objects.value(.channelStatus)),
            bearer: BearerDescription(objects),
            bufferSize: buffer
        )
        if status == nil, bearer == nil, bufferSize == nil { return nil }
    }

    fileprivate func write(to writer: inout OctetWriter) {
        status?.write(.optional, to: &writer)
        bearer?.write(to: &writer)
        if let bufferSize { writer.append(.bufferSize, .optional) { $0.append(bufferSize) } }
    }
}

extension TerminalResponse {
    /// Reads the data field of TERMINAL RESPONSE. What a data object of a wrong length would have said is left out.
    ///
    /// nil without command details or result, and where the field is not whole data objects.
    public init?(_ octets: OctetView) {
        guard let objects = ToolkitObjects(octets), let details = CommandDetails(objects),
            let result = TerminalResult(objects)
        else { return nil }
        self.init(to: details, result, Content(of: details, objects))
    }

    /// Appends the data field of TERMINAL RESPONSE.
    public func write(to writer: inout OctetWriter) {
        details.write(to: &writer)
        DeviceIdentities(from: .terminal, to: .uicc).write(to: &writer)
        result.write(to: &writer)
        content.write(of: details, to: &writer)
    }
}

extension TerminalResponse.Content {
    fileprivate init(of command: CommandDetails, _ objects: ToolkitObjects) {
        var content: Self?
        switch ProactiveCommand.Kind(rawValue: command.type) {
        case .pollInterval: content = ToolkitDuration(objects).map { .pollInterval($0) }
        case .provideLocalInformation: content = Self.localInformation(command.qualifier, objects)
        case .timerManagement: content = TimerIdentifier(objects).map { .timer($0, TimerValue(objects)) }
        case .openChannel: content = OpenedChannel(objects).map { .channel($0) }
        case .receiveData:
            if let data = objects.value(.channelData), let remaining = objects.octet(.channelDataLength) {
                content = .received(data.array, remaining: remaining)
            }
        case .sendData: content = objects.octet(.channelDataLength).map { .room($0) }
        case .getChannelStatus:
            let channels = objects.values(.channelStatus).compactMap { ChannelStatus($0) }
            if !channels.isEmpty { content = .channels(channels) }
        default: break
        }
        self = content ?? .none
    }

    private static func localInformation(_ qualifier: UInt8, _ objects: ToolkitObjects) -> Self? {
        guard let information = LocalInformation(rawValue: qualifier), let value = objects.value(information.tag) else {
            return nil
        }
        guard information == .location else { return .localInformation(value.array) }
        return LocationInformation(value).map { .location($0) }
    }

    fileprivate func write(of command: CommandDetails, to writer: inout OctetWriter) {
        switch self {
        case .none: break
        case .pollInterval(let duration): duration.write(to: &writer)
        case .location(let location): writer.append(.locationInformation, .required, location.octets)
        case .localInformation(let value):
            guard let information = LocalInformation(rawValue: command.qualifier) else { break }
            writer.append(information.tag, .required, value)
        case .timer(let timer, let value):
            timer.write(to: &writer)
            value?.write(to: &writer)
        case .channel(let channel): channel.write(to: &writer)
        case .received(let data, let remaining):
            writer.append(.channelData, .optional, data)
            writer.append(.channelDataLength, .optional, [remaining])
        case .room(let room): writer.append(.channelDataLength, .optional, [room])
        case .channels(let channels): for channel in channels { channel.write(.optional, to: &writer) }
        }
    }
}
