import Octets

/// What the terminal says it can do: TS 102 223 clause 5.2, TS 31.111 clause 5.2.
public struct TerminalProfile: Equatable, Sendable {
    private let octets: [UInt8]

    /// The data field of TERMINAL PROFILE. Octets that do not come are zero.
    public init(_ octets: OctetView) {
        self.octets = octets.array
    }

    /// Whether a facility is there, by its octet, from 1, and its bit, from 1.
    private func has(_ octet: Int, _ bit: UInt8) -> Bool {
        octet <= octets.count && octets[octet - 1] & 1 << (bit - 1) != 0
    }

    /// Whether the terminal can execute a command as it is.
    public func supports(_ command: ProactiveCommand) -> Bool {
        switch command {
        case .refresh(let refresh):
            switch refresh.mode {
            case .steeringOfRoaming: has(3, 8) && has(30, 4)
            case .steeringOfRoamingForIWLAN: has(3, 8) && has(30, 8)
            default: has(3, 8)
            }
        case .moreTime: has(3, 4)
        case .pollInterval: has(3, 6)
        case .pollingOff: has(3, 7)
        case .setUpEventList(let events): has(5, 1) && events.allSatisfy(supports)
        case .provideLocalInformation(let information): supports(information)
        case .timerManagement(.getValue): has(8, 2)
        case .timerManagement: has(8, 1)
        case .sendShortMessage: has(4, 2)
        case .openChannel(let channel): has(12, 1) && supports(channel.transport.kind) && supports(channel.bearer)
        case .closeChannel: has(12, 2)
        case .receiveData: has(12, 3)
        case .sendData: has(12, 4)
        case .getChannelStatus: has(12, 5)
        }
    }

    /// Whether the terminal can tell of an event.
    public func supports(_ event: ToolkitEvent) -> Bool {
        switch event.rawValue {
        case 0x00...0x06: has(5, event.rawValue + 2)
        case 0x07...0x0E: has(6, event.rawValue - 6)
        case 0x0F: has(25, 1)
        case 0x10...0x13: has(25, event.rawValue - 13)
        case 0x14: has(25, 8)
        default: false
        }
    }

    private func supports(_ information: LocalInformation) -> Bool {
        switch information {
        case .location, .imei: has(4, 7)
        case .networkMeasurementResults: has(4, 8)
        case .dateAndTime: has(8, 3)
        case .language: has(9, 4)
        case .timingAdvance: has(9, 5)
        case .accessTechnology: has(9, 8)
        case .imeisv: has(18, 7)
        case .searchMode: has(18, 8)
        case .batteryState: has(22, 2)
        }
    }

    private func supports(_ transport: TransportLevel.Kind) -> Bool {
        switch transport {
        case .tcpClientRemote: has(17, 1)
        case .udpClientRemote: has(17, 2)
        case .tcpServer: has(17, 3)
        case .tcpClientLocal: has(17, 4)
        case .udpClientLocal: has(17, 5)
        case .directChannel: has(17, 6)
        }
    }

    private func supports(_ bearer: BearerDescription) -> Bool {
        switch bearer.type {
        case 0x02: has(13, 2)
        case 0x09: has(22, 1)
        case 0x0B: has(17, 7)
        default: true
        }
    }
}
