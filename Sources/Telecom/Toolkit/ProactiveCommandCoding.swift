import Octets

// Proactive commands as octets: TS 102 223 clauses 6.6 and 9.4, TS 101 220 table 7.17.

extension ProactiveCommand {
    /// The type of command: TS 102 223 clause 9.4.
    enum Kind: UInt8 {
        case refresh = 0x01
        case moreTime = 0x02
        case pollInterval = 0x03
        case pollingOff = 0x04
        case setUpEventList = 0x05
        case sendShortMessage = 0x13
        case provideLocalInformation = 0x26
        case timerManagement = 0x27
        case openChannel = 0x40
        case closeChannel = 0x41
        case receiveData = 0x42
        case sendData = 0x43
        case getChannelStatus = 0x44
    }

    /// D0.
    private static let template: UInt32 = 0xD0

    var kind: Kind {
        switch self {
        case .refresh: .refresh
        case .moreTime: .moreTime
        case .pollInterval: .pollInterval
        case .pollingOff: .pollingOff
        case .setUpEventList: .setUpEventList
        case .provideLocalInformation: .provideLocalInformation
        case .timerManagement: .timerManagement
        case .sendShortMessage: .sendShortMessage
        case .openChannel: .openChannel
        case .closeChannel: .closeChannel
        case .receiveData: .receiveData
        case .sendData: .sendData
        case .getChannelStatus: .getChannelStatus
        }
    }

    private var qualifier: UInt8 {
        switch self {
        case .refresh(let refresh): refresh.mode.rawValue
        case .provideLocalInformation(let information): information.rawValue
        case .timerManagement(.start): 0x00
        case .timerManagement(.deactivate): 0x01
        case .timerManagement(.getValue): 0x02
        case .sendShortMessage(let message): message.isPackedByTerminal ? 0x01 : 0x00
        case .openChannel(let channel): channel.options.rawValue
        case .closeChannel(_, let keepsBearer): keepsBearer ? 0x01 : 0x00
        case .sendData(_, _, let immediately): immediately ? 0x01 : 0x00
        default: 0x00
        }
    }

    private var destination: DeviceIdentities.Device {
        switch self {
        case .sendShortMessage: .network
        case .closeChannel(let channel, _), .receiveData(let channel, _), .sendData(let channel, _, _):
            .channel(channel)
        default: .terminal
        }
    }

    /// The command details with a command number, which the response to the command repeats.
    public func details(number: UInt8) -> CommandDetails {
        CommandDetails(number: number, type: kind.rawValue, qualifier: qualifier)
    }

    // MARK: Writing

    /// Appends the command with a command number, 1 to 254.
    public func write(number: UInt8, to writer: inout OctetWriter) {
        writer.appendTLV(Self.template) { writer in
            details(number: number).write(to: &writer)
            DeviceIdentities(from: .uicc, to: destination).write(to: &writer)
            writeContent(to: &writer)
        }
    }

    private func writeContent(to writer: inout OctetWriter) {
        switch self {
        case .refresh(let refresh): refresh.write(to: &writer)
        case .moreTime, .pollingOff, .provideLocalInformation, .closeChannel, .getChannelStatus: break
        case .pollInterval(let duration): duration.write(to: &writer)
        case .setUpEventList(let events): writer.append(.eventList, .required, events.map(\.rawValue))
        case .timerManagement(let management):
            management.timer.write(to: &writer)
            if case .start(_, let value) = management { value.write(to: &writer) }
        case .sendShortMessage(let message): message.write(to: &writer)
        case .openChannel(let channel): channel.write(to: &writer)
        case .receiveData(_, let count): writer.append(.channelDataLength, .required, [count])
        case .sendData(_, let data, _): writer.append(.channelData, .required, data)
        }
    }

    // MARK: Reading

    /// Reads a command with its command number; nil where `octets` are none of those that are known here.
    public static func read(_ octets: OctetView) -> (number: UInt8, command: ProactiveCommand)? {
        var cursor = OctetCursor(octets)
        guard let outer = cursor.berTLV(), outer.tag == template, cursor.isAtEnd,
            let objects = ToolkitObjects(outer.value), let details = CommandDetails(objects),
            let devices = DeviceIdentities(objects), let kind = Kind(rawValue: details.type),
            let command = ProactiveCommand(kind, details.qualifier, to: devices.destination, objects)
        else { return nil }
        return (details.number, command)
    }

    private init?(
        _ kind: Kind,
        _ qualifier: UInt8,
        to destination: DeviceIdentities.Device,
        _ objects: ToolkitObjects
    ) {
        var command: ProactiveCommand?
        switch kind {
        case .refresh: command = Refresh(qualifier, objects).map { .refresh($0) }
        case .moreTime: command = .moreTime
        case .pollInterval: command = ToolkitDuration(objects).map { .pollInterval($0) }
        case .pollingOff: command = .pollingOff
        case .setUpEventList:
            command = objects.value(.eventList).map { .setUpEventList($0.array.map(ToolkitEvent.init)) }
        case .provideLocalInformation:
            command = LocalInformation(rawValue: qualifier).map { .provideLocalInformation($0) }
        case .timerManagement: command = TimerManagement(qualifier, objects).map { .timerManagement($0) }
        case .sendShortMessage: command = SendShortMessage(qualifier, objects).map { .sendShortMessage($0) }
        case .openChannel: command = OpenChannel(qualifier, objects).map { .openChannel($0) }
        case .getChannelStatus: command = .getChannelStatus
        case .closeChannel, .receiveData, .sendData:
            guard let channel = ChannelIdentifier(destination) else { return nil }
            command = Self.command(kind, qualifier, on: channel, objects)
        }
        guard let command else { return nil }
        self = command
    }

    private static func command(
        _ kind: Kind,
        _ qualifier: UInt8,
        on channel: ChannelIdentifier,
        _ objects: ToolkitObjects
    ) -> ProactiveCommand? {
        let isSet = qualifier & 0x01 != 0
        switch kind {
        case .receiveData: return objects.octet(.channelDataLength).map { .receiveData(channel, count: $0) }
        case .sendData: return objects.value(.channelData).map { .sendData(channel, $0.array, immediately: isSet) }
        default: return .closeChannel(channel, keepsBearer: isSet)
        }
    }
}

extension Refresh {
    fileprivate init?(_ qualifier: UInt8, _ objects: ToolkitObjects) {
        guard let mode = Mode(rawValue: qualifier) else { return nil }
        self.init(mode)
        application = objects.value(.applicationIdentifier)?.array
        guard let list = objects.value(.fileList) else { return }
        // The paths have no lengths: each begins with the MF.
        var cursor = OctetCursor(list)
        guard let count = cursor.octet() else { return nil }
        while let identifier = cursor.uint16() {
            if identifier == 0x3F00 { files.append([]) }
            guard !files.isEmpty else { return nil }
            files[files.count - 1] += [UInt8(identifier >> 8), UInt8(identifier & 0xFF)]
        }
        guard cursor.isAtEnd, files.count == Int(count) else { return nil }
    }

    fileprivate func write(to writer: inout OctetWriter) {
        if !files.isEmpty {
            writer.append(.fileList, .required, [UInt8(clamping: files.count)] + files.flatMap { $0 })
        }
        if let application { writer.append(.applicationIdentifier, .optional, application) }
    }
}

extension TimerManagement {
    fileprivate init?(_ qualifier: UInt8, _ objects: ToolkitObjects) {
        guard let timer = TimerIdentifier(objects) else { return nil }
        switch qualifier {
        case 0x00:
            guard let value = TimerValue(objects) else { return nil }
            self = .start(timer, value)
        case 0x01: self = .deactivate(timer)
        case 0x02: self = .getValue(timer)
        default: return nil
        }
    }
}

extension SendShortMessage {
    fileprivate init?(_ qualifier: UInt8, _ objects: ToolkitObjects) {
        guard let tpdu = objects.value(.tpdu) else { return nil }
        self.init(
            tpdu: tpdu.array,
            serviceCentre: objects.value(.address)?.array,
            alphaIdentifier: objects.value(.alphaIdentifier)?.array,
            isPackedByTerminal: qualifier & 0x01 != 0
        )
    }

    fileprivate func write(to writer: inout OctetWriter) {
        if let alphaIdentifier { writer.append(.alphaIdentifier, .required, alphaIdentifier) }
        if let serviceCentre { writer.append(.address, .required, serviceCentre) }
        writer.append(.tpdu, .required, tpdu)
    }
}

extension OpenChannel {
    fileprivate init?(_ qualifier: UInt8, _ objects: ToolkitObjects) {
        guard let bearer = BearerDescription(objects), let buffer = objects.value(.bufferSize), buffer.count == 2,
            let bufferSize = buffer.uint16(at: 0), let transport = TransportLevel(objects)
        else { return nil }
        self.init(
            transport,
            to: nil,
            over: bearer,
            bufferSize: bufferSize,
            options: Options(rawValue: qualifier),
            networkAccessName: objects.value(.networkAccessName)?.array,
            alphaIdentifier: objects.value(.alphaIdentifier)?.array
        )
        // The card's own address comes before the transport level, that of the other side behind it.
        if let address = objects.values(.otherAddress, before: .transportLevel).first {
            guard let address = OtherAddress(address) else { return nil }
            localAddress = address
        }
        if let address = objects.value(.otherAddress, after: .transportLevel) {
            guard let address = OtherAddress(address) else { return nil }
            destination = address
        }
        let texts = objects.values(.textString)
        if let first = texts.first {
            guard let login = ToolkitText(first) else { return nil }
            credentials = Credentials(login: login)
        }
        if texts.count > 1 {
            guard let password = ToolkitText(texts[1]) else { return nil }
            credentials?.password = password
        }
    }

    fileprivate func write(to writer: inout OctetWriter) {
        if let alphaIdentifier { writer.append(.alphaIdentifier, .optional, alphaIdentifier) }
        bearer.write(to: &writer)
        writer.append(.bufferSize, .optional) { $0.append(bufferSize) }
        if let networkAccessName { writer.append(.networkAccessName, .optional, networkAccessName) }
        localAddress?.write(to: &writer)
        credentials?.login.write(to: &writer)
        credentials?.password?.write(to: &writer)
        transport.write(to: &writer)
        destination?.write(to: &writer)
    }
}
