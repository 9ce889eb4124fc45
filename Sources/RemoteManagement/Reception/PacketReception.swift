import CardCrypto
import CardOS
import GlobalPlatform
import Memory
import Octets

/// Receives command packets: finds out whom they are for, whether they are genuine, and executes what they bring.
///
/// Nobody is answered before he is known: a packet that is malformed, unsigned, or signed with another key, is dropped
/// without a trace, and so nothing is signed for anybody who does not know the key already. Behind that comes, in
/// this order: whether the reference is known, whether the security level is reached, the counter.
///
/// The counter is durable before the first command of the script begins. Power that fails in between loses the script;
/// that it is executed twice cannot be.
public struct PacketReception: Sendable {
    /// How a response packet is to reach the sender: SPI2, b6.
    public enum Bearer: Sendable {
        /// In the answer to ENVELOPE, which the terminal sends as SMS-DELIVER-REPORT.
        case deliverReport
        /// In a short message of its own: SMS-SUBMIT.
        case submit
    }

    private var scripts = ScriptHost()

    /// No script has been executed yet.
    public init() {}

    /// Receives a command packet.
    ///
    /// - Parameters:
    ///   - octets: the packet, put together where it came in parts, from its length on.
    ///   - actions: does what scripts ask for beside commands.
    ///   - response: memory for the response packet with its user data header, for each bearer as much as there is room.
    /// - Returns: how the response packet is to be sent, and how long it is; nil where none is.
    public mutating func receive<Actions: ScriptActionHandler & ~Copyable>(
        _ octets: OctetView,
        actions: inout Actions,
        _ open: inout OPEN,
        _ card: inout UICC,
        into response: (Bearer) -> UnsafeMutableRawBufferPointer
    ) -> (bearer: Bearer, length: Int)? {
        guard let packet = CommandPacket(octets), packet.hasChecksum else { return nil }
        let application = open.remoteApplication(packet.reference, in: card)
        // Who asks for a reference that nobody has is known by the keys of the issuer security domain, or not at all.
        guard let domain = application?.securityDomain ?? open.issuerSecurityDomain,
            let found = DomainPacketKeys.find(
                kic: packet.isCiphered || packet.asksForCiphering ? packet.kic : nil,
                kid: packet.kid,
                of: domain,
                in: card.memory
            )
        else { return nil }
        let plain = SecretOctets(count: 2 * octets.count)
        guard let content = packet.open(with: found.keys, into: plain) else { return nil }
        let bearer: Bearer = packet.responseParameters & 0x20 == 0 ? .deliverReport : .submit
        let buffer = response(bearer)
        let result = SecretOctets(count: max(0, buffer.count - ResponsePacket.largestOverhead))
        var writer = OctetWriter(result.buffer)
        let status = execute(packet, content, application, found, &actions, &open, &card, into: &writer)
        guard card.memory.hasPower, packet.asksForResponse(status) else { return nil }
        var answer = OctetWriter(buffer)
        let head = ResponsePacket(status: status, reference: packet.reference, counter: content.counter)
        guard head.append(writer.view, packet.responseParameters, with: found.keys, to: &answer) else { return nil }
        return (bearer, answer.count)
    }

    /// Executes the script of a packet that is genuine.
    private mutating func execute<Actions: ScriptActionHandler & ~Copyable>(
        _ packet: CommandPacket,
        _ content: CommandPacket.Content,
        _ application: RemoteApplication?,
        _ keys: borrowing DomainPacketKeys,
        _ actions: inout Actions,
        _ open: inout OPEN,
        _ card: inout UICC,
        into result: inout OctetWriter
    ) -> ResponseStatus {
        guard let application else { return .referenceUnknown }
        guard MinimumSecurityLevel(application.minimumSecurityLevel).isReached(by: packet.parameters) else {
            return .insufficientSecurityLevel
        }
        guard let data = content.data else { return .unidentifiedSecurityError }
        guard let set = KeySet(keys.set, in: card.memory) else { return .unidentifiedSecurityError }
        let rule = CounterRule(parameters: packet.parameters)
        switch rule.decide(content.counter, last: set.packetCounter, largest: KeySet.lastPacketCounter) {
        case .low: return .counterLow
        case .high: return .counterHigh
        case .blocked: return .counterBlocked
        case .accepted(nil): break
        case .accepted(.some(let counter)):
            guard keep(counter, of: keys.set, &card) else { return .insufficientMemory }
        }
        // An empty packet asks whether the card is there.
        guard !data.isEmpty, card.memory.hasPower else { return .ok }
        var level = SecurityLevel.commandMAC
        if packet.isCiphered { level.insert(.commandEncryption) }
        do throws(StatusWord) {
            try scripts.execute(
                RemoteScript(data),
                for: application,
                level: level,
                keyVersion: keys.version,
                actions: &actions,
                &open,
                &card,
                into: &result
            )
        } catch {
            return .unidentifiedSecurityError
        }
        return .ok
    }

    /// Keeps a counter for good.
    private func keep(_ counter: UInt64, of set: ObjectReference, _ card: inout UICC) -> Bool {
        do throws(StatusWord) {
            try card.memory.setPacketCounter(counter, of: set)
            card.memory.commit()
            return true
        } catch {
            card.memory.rollBack()
            return false
        }
    }
}

extension CommandPacket {
    /// Whether the response is to be ciphered: SPI2, b5.
    fileprivate var asksForCiphering: Bool { responseParameters & 0x03 != 0 && responseParameters & 0x10 != 0 }

    /// Whether there is to be a response: SPI2, b2 b1: never, always, where something went wrong.
    fileprivate func asksForResponse(_ status: ResponseStatus) -> Bool {
        switch responseParameters & 0x03 {
        case 0x01: true
        case 0x02: status != .ok
        default: false
        }
    }
}
