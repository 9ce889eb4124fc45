import CardCrypto
import CardOS
import GlobalPlatform
import Octets

/// Receives command packets in short messages, SMS-PP download: TS 31.115 clause 4, TS 31.111 clause 7.1.
public struct ShortMessageReception: Sendable {
    /// The most octets of a response packet in the answer to ENVELOPE: TS 31.111 clause 7.1.1.2.
    public static let largestReport = 128

    private var packets = PacketReception()
    private var messages = ConcatenatedMessages()
    private var lastReference: UInt8 = 0

    /// Nothing has been received.
    public init() {}

    /// Receives a short message. With the last part of a command packet, what that brings is executed.
    ///
    /// - Parameters:
    ///   - octets: the SMS-DELIVER.
    ///   - actions: does what scripts ask for beside commands.
    ///   - report: takes the response packet where it goes into the answer to ENVELOPE.
    /// - Returns: the SMS-SUBMITs that the response packet goes into, where the sender has asked for that.
    public mutating func receive<Actions: ScriptActionHandler & ~Copyable>(
        _ octets: OctetView,
        actions: inout Actions,
        _ open: inout OPEN,
        _ card: inout UICC,
        into report: inout OctetWriter
    ) -> [[UInt8]] {
        guard let message = DeliverMessage(octets) else { return [] }
        if let part = message.part {
            guard let packet = messages.receive(message, part) else { return [] }
            return packet.withView { receive($0, from: message.origin, &actions, &open, &card, &report) }
        }
        guard message.beginsPacket else { return [] }
        return receive(message.data, from: message.origin, &actions, &open, &card, &report)
    }

    private mutating func receive<Actions: ScriptActionHandler & ~Copyable>(
        _ packet: OctetView,
        from origin: OctetView,
        _ actions: inout Actions,
        _ open: inout OPEN,
        _ card: inout UICC,
        _ report: inout OctetWriter
    ) -> [[UInt8]] {
        let buffer = SecretOctets(count: SubmitMessages.largestPacket)
        let memory = buffer.buffer
        let answer = packets.receive(packet, actions: &actions, &open, &card) { bearer in
            bearer == .submit ? memory : UnsafeMutableRawBufferPointer(rebasing: memory[..<Self.largestReport])
        }
        guard let answer else { return [] }
        let response = buffer.view.part(from: 0, length: answer.length)
        switch answer.bearer {
        case .deliverReport:
            report.append(response)
            return []
        case .submit:
            lastReference &+= 1
            return SubmitMessages.make(response, to: origin, reference: lastReference)
        }
    }
}
