/// A command of the card to the terminal: TS 102 223 clause 6.4, TS 31.111 clause 6.4.
public enum ProactiveCommand: Equatable, Sendable {
    /// REFRESH: files of the card have changed, or more than that.
    case refresh(Refresh)
    /// MORE TIME: the card needs more time for what it is doing.
    case moreTime
    /// POLL INTERVAL: how long the terminal may take from one STATUS to the next. Its answer says how long it takes.
    case pollInterval(ToolkitDuration)
    /// POLLING OFF.
    case pollingOff
    /// SET UP EVENT LIST: the events that the terminal tells of, in place of those before; none: of no event.
    case setUpEventList([ToolkitEvent])
    /// PROVIDE LOCAL INFORMATION.
    case provideLocalInformation(LocalInformation)
    /// TIMER MANAGEMENT.
    case timerManagement(TimerManagement)
    /// SEND SHORT MESSAGE.
    case sendShortMessage(SendShortMessage)
    /// OPEN CHANNEL.
    case openChannel(OpenChannel)
    /// CLOSE CHANNEL; the next OPEN CHANNEL uses the same bearer where it is kept.
    case closeChannel(ChannelIdentifier, keepsBearer: Bool)
    /// RECEIVE DATA: how many octets are wanted at most.
    case receiveData(ChannelIdentifier, count: UInt8)
    /// SEND DATA, at once, or when there is enough of them.
    case sendData(ChannelIdentifier, [UInt8], immediately: Bool)
    /// GET CHANNEL STATUS: of all channels.
    case getChannelStatus
}

/// REFRESH: TS 102 223 clause 6.4.7.
public struct Refresh: Equatable, Sendable {
    /// What the terminal does.
    public enum Mode: UInt8, Sendable {
        case initializationAndFullFileChange = 0x00
        case fileChange = 0x01
        case initializationAndFileChange = 0x02
        case initialization = 0x03
        case uiccReset = 0x04
        case applicationReset = 0x05
        case sessionReset = 0x06
        case steeringOfRoaming = 0x07
        case steeringOfRoamingForIWLAN = 0x08
        case profileStateChange = 0x09
        case applicationUpdate = 0x0A
    }

    /// What the terminal does.
    public var mode: Mode
    /// The files that have changed, each by its path from the MF: 3F00, then at least one identifier.
    public var files: [[UInt8]]
    /// The AID of the application that is meant, where it is not the USIM.
    public var application: [UInt8]?

    /// A refresh.
    public init(_ mode: Mode, files: [[UInt8]] = [], application: [UInt8]? = nil) {
        self.mode = mode
        self.files = files
        self.application = application
    }
}

/// What PROVIDE LOCAL INFORMATION asks for: TS 102 223 clause 8.6.
public enum LocalInformation: UInt8, Sendable, CaseIterable {
    case location = 0x00
    case imei = 0x01
    case networkMeasurementResults = 0x02
    case dateAndTime = 0x03
    case language = 0x04
    case timingAdvance = 0x05
    case accessTechnology = 0x06
    case imeisv = 0x08
    case searchMode = 0x09
    case batteryState = 0x0A

    /// The data object that answers it.
    var tag: ToolkitTag {
        switch self {
        case .location: .locationInformation
        case .imei: .imei
        case .networkMeasurementResults: .networkMeasurementResults
        case .dateAndTime: .dateAndTime
        case .language: .language
        case .timingAdvance: .timingAdvance
        case .accessTechnology: .accessTechnology
        case .imeisv: .imeisv
        case .searchMode: .searchMode
        case .batteryState: .batteryState
        }
    }
}

/// TIMER MANAGEMENT: TS 102 223 clause 6.4.21.
public enum TimerManagement: Equatable, Sendable {
    /// The timer starts with a value, and runs down.
    case start(TimerIdentifier, TimerValue)
    /// The timer stops; the answer says what was left.
    case deactivate(TimerIdentifier)
    /// The answer says what is left.
    case getValue(TimerIdentifier)

    /// The timer.
    public var timer: TimerIdentifier {
        switch self {
        case .start(let timer, _), .deactivate(let timer), .getValue(let timer): timer
        }
    }
}

/// SEND SHORT MESSAGE: TS 31.111 clause 6.4.10.
public struct SendShortMessage: Equatable, Sendable {
    /// The SMS-SUBMIT or SMS-COMMAND of TS 23.040.
    public var tpdu: [UInt8]
    /// The address of the service centre, type of number and digits; nil: the one that the terminal knows.
    public var serviceCentre: [UInt8]?
    /// What the terminal shows: no octets: nothing; nil: what it likes.
    public var alphaIdentifier: [UInt8]?
    /// Whether the terminal packs the text of the message.
    public var isPackedByTerminal: Bool

    /// A short message.
    public init(
        tpdu: [UInt8],
        serviceCentre: [UInt8]? = nil,
        alphaIdentifier: [UInt8]? = nil,
        isPackedByTerminal: Bool = false
    ) {
        self.tpdu = tpdu
        self.serviceCentre = serviceCentre
        self.alphaIdentifier = alphaIdentifier
        self.isPackedByTerminal = isPackedByTerminal
    }
}

/// OPEN CHANNEL for packet data and the default bearer: TS 102 223 clauses 6.4.27.2 and 6.4.27.4.
public struct OpenChannel: Equatable, Sendable {
    /// How the link comes and goes.
    public struct Options: OptionSet, Sendable {
        /// The bits of the command qualifier.
        public let rawValue: UInt8

        /// The options of a command qualifier.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// It is established at once, and not with the first data.
        public static let immediate = Options(rawValue: 0x01)
        /// It is established again when it was lost.
        public static let automaticReconnection = Options(rawValue: 0x02)
        /// It is established while the terminal answers already.
        public static let inBackground = Options(rawValue: 0x04)
    }

    /// How the terminal logs in at the network.
    public struct Credentials: Equatable, Sendable {
        /// The user login.
        public var login: ToolkitText
        /// The user password.
        public var password: ToolkitText?

        /// Credentials.
        public init(login: ToolkitText, password: ToolkitText? = nil) {
            self.login = login
            self.password = password
        }
    }

    /// How the link comes and goes.
    public var options: Options
    /// What the terminal shows: no octets: nothing; nil: what it likes.
    public var alphaIdentifier: [UInt8]?
    /// The bearer.
    public var bearer: BearerDescription
    /// How many octets the terminal keeps for the channel.
    public var bufferSize: UInt16
    /// The network access name, labels with their lengths before them.
    public var networkAccessName: [UInt8]?
    /// The card's own address.
    public var localAddress: OtherAddress?
    /// How the terminal logs in.
    public var credentials: Credentials?
    /// The protocol and the port.
    public var transport: TransportLevel
    /// The address of the other side.
    public var destination: OtherAddress?

    /// A channel.
    public init(
        _ transport: TransportLevel,
        to destination: OtherAddress?,
        over bearer: BearerDescription = .defaultBearer,
        bufferSize: UInt16,
        options: Options = [],
        networkAccessName: [UInt8]? = nil,
        localAddress: OtherAddress? = nil,
        credentials: Credentials? = nil,
        alphaIdentifier: [UInt8]? = nil
    ) {
        self.transport = transport
        self.destination = destination
        self.bearer = bearer
        self.bufferSize = bufferSize
        self.options = options
        self.networkAccessName = networkAccessName
        self.localAddress = localAddress
        self.credentials = credentials
        self.alphaIdentifier = alphaIdentifier
    }
}
