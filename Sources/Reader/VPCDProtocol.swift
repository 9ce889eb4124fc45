// The protocol of vpcd, the virtual reader of the vsmartcard project, over TCP: in both directions a message is its
// length, 16 bits, big-endian, and that many octets. From the reader, a message of one octet is a control message, a
// longer one is a command APDU. The card answers a command APDU with the response APDU, the request for the answer to
// reset with that, and the other control messages not at all.

/// The control messages of vpcd.
enum VPCDControl: UInt8 {
    case powerOff = 0x00
    case powerOn = 0x01
    case warmReset = 0x02
    /// Also how the reader finds out whether there is a card: it asks every 400 ms.
    case answerToReset = 0x04
}

/// Where a card and the reader's driver meet.
public struct VPCDEndpoint: Equatable, Hashable, Sendable, CustomStringConvertible {
    /// The port of the driver as Debian configures it.
    public static let defaultPort: UInt16 = 35_963
    /// The octets in front of each message.
    static let lengthOctets = 2
    /// The most octets that a message carries.
    static let maximumMessage = 65_535

    /// A host name or an IPv4 address.
    public var host: String
    /// The TCP port; 0 for one who listens means any that is free.
    public var port: UInt16

    /// The endpoint at `host` and `port`; the default is the driver on this machine.
    public init(host: String = "127.0.0.1", port: UInt16 = VPCDEndpoint.defaultPort) {
        self.host = host
        self.port = port
    }

    /// The endpoint of card `index`, counted from 0, of several: each reader has two slots and so takes two ports.
    ///
    /// - Returns: nil where there is no such port.
    public func ofCard(_ index: Int) -> VPCDEndpoint? {
        guard index >= 0, index <= 0x7FFF, let port = UInt16(exactly: Int(port) + 2 * index) else { return nil }
        return VPCDEndpoint(host: host, port: port)
    }

    /// Host and port, with a colon between them.
    public var description: String { "\(host):\(port)" }
}

/// What happens on the connection of a card, for a trace.
public enum VPCDEvent {
    /// The reader could not be reached; the card tries again.
    case unreachable(TerminalError)
    /// There is a connection. The card is not inserted yet: the reader may be busy with another one.
    case connected
    /// The first message has come: the reader has taken the card.
    case inserted
    /// The reader gave power.
    case powerOn
    /// The reader took the power away.
    case powerOff
    /// The reader asked for a warm reset.
    case warmReset
    /// The reader asked for the answer to reset, as it does every 400 ms.
    case answerToReset
    /// A command was executed. The octets are there only for the time of the call.
    case command(UnsafeRawBufferPointer, response: UnsafeRawBufferPointer)
    /// A command takes longer than the watchdog allows: the connection was closed, so that the reader is free.
    case overdue
    /// The connection is gone, and with it the power.
    case disconnected(VPCDDisconnection)
}

/// Why a connection ended.
public enum VPCDDisconnection: Equatable, Sendable {
    /// The reader closed it.
    case readerGone
    /// The reader closed it inside a message, or it broke.
    case broken
    /// The card's power failed during a command, or the card behind the terminal was removed.
    case powerFailed
    /// The card is mute: as the reader waits without limit, it was let go.
    case mute
    /// The card was taken out of the reader.
    case removed
    /// The service was stopped.
    case stopped
}
