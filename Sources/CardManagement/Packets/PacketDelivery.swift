import Octets
import RemoteManagement
import Telecom

extension CardManager {
    /// How many proactive commands are fetched after one command.
    private static let mostCommands = 32

    /// Hands short messages to the card as a terminal does that receives them, and takes what it answers: in the answer to
    /// ENVELOPE, or with SEND SHORT MESSAGE. Other proactive commands are answered "beyond terminal's capabilities".
    ///
    /// - Returns: the response packet; nil where there is none.
    public func deliver(_ messages: [[UInt8]]) throws(CardManagementError) -> [UInt8]? {
        // Profile download, SMS-PP download, SEND SHORT MESSAGE: TS 31.111 clause 5.2.
        let profile = Command(0x80, 0x10, 0x00, 0x00, [0x03, 0x00, 0x00, 0x02], le: nil)
        _ = try proceed(try send(profile, "TERMINAL PROFILE"))
        var report: [UInt8] = []
        var submits: [[UInt8]] = []
        for message in messages {
            let response = try send(PacketSender.envelope(message), "ENVELOPE")
            if !response.data.isEmpty { report = response.data }
            submits += try proceed(response)
        }
        if !submits.isEmpty {
            guard let packet = SubmitMessages.packet(in: submits) else {
                throw CardManagementError(.answer, "SEND SHORT MESSAGE", "what the card sends is no response packet")
            }
            return packet
        }
        return report.isEmpty ? nil : report
    }

    /// Fetches the proactive commands that a response announces, and answers them.
    ///
    /// - Returns: the short messages that the card sends.
    private func proceed(_ response: Response) throws(CardManagementError) -> [[UInt8]] {
        var messages: [[UInt8]] = []
        var status = response.status
        var count = 0
        while status.sw1 == 0x91, count < Self.mostCommands {
            count += 1
            let fetched = try send(Command(0x80, 0x12, 0x00, 0x00, le: status.sw2), "FETCH").data
            // Command details come first, five octets, and come back as they are.
            guard let details = TLV.first(0xD0, in: fetched)?.prefix(5), details.count == 5 else {
                throw CardManagementError(.answer, "FETCH", "what the card gives is no proactive command")
            }
            var result: UInt8 = 0x30
            if case .sendShortMessage(let message) = fetched.withView({ ProactiveCommand.read($0)?.command }) {
                messages.append(message.tpdu)
                result = 0x00
            }
            let data = details + [0x82, 0x02, 0x82, 0x81, 0x83, 0x01, result]
            status = try send(Command(0x80, 0x14, 0x00, 0x00, Array(data), le: nil), "TERMINAL RESPONSE").status
        }
        return messages
    }
}
