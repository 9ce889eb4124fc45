import CardOS
import GlobalPlatform
import Memory
import Octets
import Telecom

extension RuntimeEnvironment {
    /// SMS-PP download: TS 31.111 clause 7.1.1.
    ///
    /// A short message that is no command packet for this card, or not from somebody who has its keys, is answered as
    /// one that asks for no response.
    ///
    /// - Returns: 9000, with the response packet where it goes into SMS-DELIVER-REPORT. One that goes into SMS-SUBMITs
    ///   is queued for the terminal, in vain where that cannot send them.
    mutating func receiveShortMessage(
        _ message: ShortMessageDownload,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        var report = card.output
        let submits = shortMessages.receive(message.tpdu, actions: &toolkit, &open, &card, into: &report)
        card.output = report
        guard let owner = open.issuerSecurityDomain else { return .success }
        do throws(StatusWord) {
            for tpdu in submits {
                let command = SendShortMessage(
                    tpdu: tpdu,
                    serviceCentre: message.serviceCentre.isEmpty ? nil : message.serviceCentre.array
                )
                try toolkit.send(.sendShortMessage(command), for: owner)
            }
        } catch {
            // The script has been executed: an error would have the network send the message once more.
        }
        return .success
    }
}

extension Toolkit: ScriptActionHandler {
    /// Queues a proactive command of a script. The records of EF RMA do not exist on this card, and what ends before its
    /// script does is answered at its end.
    public mutating func perform(
        _ action: ScriptAction,
        for application: ObjectReference,
        on card: inout UICC
    ) -> Bool {
        switch action {
        case .proactiveSession: return !hasProactiveCommand
        case .record, .earlyResponse: return false
        case .proactiveCommand(let objects):
            let command = withUnsafeTemporaryAllocation(byteCount: objects.count + 5, alignment: 1) { buffer in
                var writer = OctetWriter(buffer)
                writer.appendTLV(0xD0, objects)
                return ProactiveCommand.read(writer.view)?.command
            }
            guard let command else { return false }
            do throws(StatusWord) {
                try send(command, for: application)
                return true
            } catch {
                return false
            }
        }
    }
}
