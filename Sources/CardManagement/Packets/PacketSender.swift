import Octets
import RemoteManagement
import Telecom

/// How a command packet is protected, and whom it is for: the header of TS 102 225 clause 5.1.
public struct PacketOptions: Equatable, Sendable {
    /// The first octet of the SPI: what protects the packet.
    public var parameters: UInt8
    /// The second octet of the SPI: how it is to be answered.
    public var responseParameters: UInt8
    /// KIc; nil: as the key set has it.
    public var kic: UInt8?
    /// KID; nil: as the key set has it.
    public var kid: UInt8?
    /// The toolkit application reference (TAR), three octets.
    public var reference: [UInt8]
    /// The counter, 40 bits.
    public var counter: UInt64

    /// Options; KIc and KID are those of the key set.
    public init(parameters: UInt8, responseParameters: UInt8, reference: [UInt8], counter: UInt64) {
        self.parameters = parameters
        self.responseParameters = responseParameters
        self.reference = reference
        self.counter = counter
    }

    /// Whether there is to be a response whatever happens: SPI2, b2 b1.
    public var asksForResponse: Bool { responseParameters & 0x03 == 0x01 }
}

/// What a response packet says.
public struct PacketResponse: Equatable, Sendable {
    /// The response status code: TS 102 225 table 5.
    public let status: UInt8
    /// The toolkit application reference of the command packet.
    public let reference: [UInt8]
    /// The counter of the command packet.
    public let counter: UInt64
    /// What the script is answered.
    public let data: [UInt8]

    /// What the status says.
    public var text: String {
        switch status {
        case 0x00: "the packet was accepted"
        case 0x01: "redundancy check, cryptographic checksum or digital signature failed"
        case 0x02: "counter low"
        case 0x03: "counter high"
        case 0x04: "counter blocked"
        case 0x05: "ciphering error"
        case 0x06: "unidentified security error"
        case 0x07: "insufficient memory for the message"
        case 0x08: "more time is needed"
        case 0x09: "TAR unknown"
        case 0x0A: "insufficient security level"
        case 0x0B: "the response follows in SMS-SUBMIT"
        case 0x0C: "the response follows in an unstructured SS request"
        default: "reserved"
        }
    }
}

/// Makes command packets for a security domain whose keys it has, and opens the response packets.
public struct PacketSender {
    private let keys: PacketKeySet
    /// How packets are protected.
    public let options: PacketOptions

    /// Sends with these keys and options.
    public init(_ keys: PacketKeySet, _ options: PacketOptions) {
        self.keys = keys
        self.options = options
    }

    private var kid: UInt8 { options.kid ?? keys.kid }

    /// A command packet with a script, from its length on.
    ///
    /// - Throws: `input` where the options ask for what cannot be made, or the script is too long.
    public func packet(_ script: [UInt8]) throws(CardManagementError) -> [UInt8] {
        let header = CommandPacket.Header(
            parameters: options.parameters,
            responseParameters: options.responseParameters,
            kic: options.kic ?? keys.kic,
            kid: kid,
            reference: options.reference,
            counter: options.counter
        )
        let keys = self.keys.keys(kid: kid)
        guard let packet = script.withView({ CommandPacket.make($0, header, with: keys) }),
            packet.count <= DeliverMessages.largestPacket
        else {
            throw CardManagementError(
                .input,
                "command packet",
                "no such packet can be made: SPI \(Hex.string([options.parameters])), KID \(Hex.string([kid])), "
                    + "\(script.count) octets"
            )
        }
        return packet
    }

    /// The SMS-DELIVERs that bring a command packet, as many as it takes.
    ///
    /// - Parameter reference: of a concatenated message.
    public func shortMessages(_ packet: [UInt8], reference: UInt8 = 0x01) -> [[UInt8]] {
        // From the number 12345, on the first day of 2000: the card keeps neither.
        packet.withView {
            DeliverMessages.make(
                $0,
                from: [0x05, 0x81, 0x21, 0x43, 0xF5],
                timestamp: [0x00, 0x10, 0x10, 0x00, 0x00, 0x00, 0x00],
                reference: reference
            )
        }
    }

    /// The ENVELOPE (SMS-PP download) that hands a short message to the card: TS 31.111 clause 7.1.1.
    public static func envelope(_ message: [UInt8]) -> Command {
        let data = message.withView { message in
            written { Envelope.shortMessageDownload(ShortMessageDownload(tpdu: message)).write(to: &$0) }
        }
        return Command(0x80, 0xC2, 0x00, 0x00, data)
    }

    /// Opens a response packet, with or without the user data header in front of it.
    ///
    /// - Throws: `answer` where it is none, `keys` where its check is wrong.
    public func open(_ octets: [UInt8]) throws(CardManagementError) -> PacketResponse {
        let header = ResponsePacket.userDataHeader
        let octets = octets.starts(with: header) ? octets : header + octets
        let keys = self.keys.keys(kid: kid)
        let parameters = options.responseParameters
        do throws(ResponsePacket.Defect) {
            let content = try octets.withView { (octets) throws(ResponsePacket.Defect) in
                try ResponsePacket.open(octets, parameters, with: keys)
            }
            return PacketResponse(
                status: content.status,
                reference: content.reference,
                counter: content.counter,
                data: content.data
            )
        } catch .check {
            throw CardManagementError(.keys, "response packet", "its check is wrong: it was made with other keys")
        } catch {
            throw CardManagementError(
                .answer,
                "response packet",
                "it is malformed, or not protected as SPI \(Hex.string([parameters])) asks"
            )
        }
    }
}

/// What `body` writes, at most a short command's data field and its data objects.
func written(_ body: (inout OctetWriter) -> Void) -> [UInt8] {
    withUnsafeTemporaryAllocation(byteCount: 1_024, alignment: 1) { buffer in
        var writer = OctetWriter(buffer)
        body(&writer)
        return writer.view.array
    }
}
