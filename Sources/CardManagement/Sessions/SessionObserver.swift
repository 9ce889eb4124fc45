import CardCrypto
import GlobalPlatform
import Octets

/// Reads along in secure channel sessions that others hold, with their keys: what `veuicc trace` shows of them.
///
/// It is told of each exchange in order, on whichever logical channel, and of each reset. It follows sessions of SCP02
/// and SCP03 that begin with INITIALIZE UPDATE, R-MAC sessions within them, responses that GET RESPONSE fetches, and
/// commands in segments. It does not follow SCP11, whose session keys nobody else can compute.
public final class SessionObserver {
    /// What an exchange turned out to be.
    public struct Exchange: Equatable, Sendable {
        /// What there is to say about it.
        public enum Meaning: Equatable, Sendable {
            /// It has no protection.
            case plain
            /// INITIALIZE UPDATE or EXTERNAL AUTHENTICATE of a session whose keys are known.
            case initiation(HostProtocol, keyVersion: UInt8)
            /// INITIALIZE UPDATE that was answered with a cryptogram of other keys.
            case unknownKeys(HostProtocol, keyVersion: UInt8)
            /// A protected command, and its response where there is one: they stand in the clear.
            case deciphered
            /// A segment of a protected command, the last one excepted: what it says shows with the last one.
            case segment
            /// A protected command of a session that is not known.
            case unreadable
            /// A protected command, or its response, whose MAC or padding is wrong. The session is lost.
            case notGenuine
        }

        /// The command without protection; as it was sent where that could not be taken off. Of a command in segments it
        /// is the whole, with an extended length where it needs one.
        public var command: [UInt8]
        /// The response without protection: all of it, where GET RESPONSE has fetched the last part. As it came where
        /// there is no protection, where more of it waits (61XX), and where it could not be taken off.
        public var response: [UInt8]
        /// What there is to say about it.
        public var meaning: Meaning
        /// The security level of the session, after the exchange.
        public var level: SecurityLevel
    }

    private let keys: [HostKeys]
    private var channels: [Int: Channel] = [:]

    /// What goes on on one logical channel.
    private struct Channel {
        var hostChallenge: [UInt8] = []
        var session: SymmetricSession?
        var initiation: InitializeUpdateResponse?
        var isOpen = false
        /// The data fields of the segments of a command.
        var segments: [UInt8] = []
        /// The command whose response is not complete, and what has come of that.
        var pending: Pending?
        /// The command that was answered 6CXX, without Le, and what it was: it comes again with the same MAC.
        var repeated: (sent: Command, pending: Pending)?

        var level: SecurityLevel { isOpen ? session?.messages.level ?? [] : [] }
    }

    private struct Pending {
        /// The command in the clear.
        var command: Command
        var meaning: Exchange.Meaning
        var data: [UInt8] = []
    }

    /// Takes the keys that sessions may have; each is tried.
    public init(keys: [HostKeys]) { self.keys = keys }

    /// The card was reset, or is another one: there are no sessions.
    public func reset() { channels = [:] }

    /// Takes the next exchange, both parts as they were on the interface.
    public func observe(command: [UInt8], response: [UInt8]) -> Exchange {
        let plain = Exchange(command: command, response: response, meaning: .plain, level: [])
        guard let sent = Command(command), let answer = Response(response), sent.cla != 0xA0 else { return plain }
        let number = sent.channel
        var channel = channels[number] ?? Channel()
        defer { channels[number] = channel }
        let pending: Pending
        var exchange = plain
        let repeated = channel.repeated
        channel.repeated = nil
        if sent.ins == 0xC0, var begun = channel.pending {
            begun.data += answer.data
            pending = begun
        } else {
            if let repeated, repeated.sent == sent.withoutLe {
                pending = repeated.pending
            } else {
                pending = open(sent, on: &channel)
            }
            if pending.meaning == .deciphered { exchange.command = pending.command.octets }
            endSessions(sent, answer, on: &channel)
        }
        exchange.meaning = pending.meaning
        exchange.level = channel.level
        channel.pending = nil
        if answer.status.sw1 == 0x6C {
            if sent.ins == 0xC0 { channel.pending = pending } else { channel.repeated = (sent.withoutLe, pending) }
            return exchange
        }
        if answer.status.sw1 == 0x61 {
            channel.pending = pending
            if sent.ins != 0xC0 { channel.pending?.data = answer.data }
            return exchange
        }
        let whole = sent.ins == 0xC0 ? Response(pending.data, answer.status) : answer
        finish(pending, with: whole, on: &channel, &exchange)
        exchange.level = channel.level
        return exchange
    }

    /// GPCS clause 10.2.3: another selection, and the end of the channel, end the session. One that the card refuses
    /// changes nothing.
    private func endSessions(_ sent: Command, _ answer: Response, on channel: inout Channel) {
        let isDone = answer.status == .success || answer.status.isWarning || [0x61, 0x91].contains(answer.status.sw1)
        guard sent.cla & 0x80 == 0, !sent.isSecured, isDone else { return }
        switch (sent.ins, sent.p1) {
        case (0xA4, 0x04): channel = Channel()
        case (0x70, 0x80):
            // MANAGE CHANNEL names another channel, or closes its own.
            let closed = sent.p2 == 0 ? sent.channel : Int(sent.p2)
            if closed == sent.channel { channel = Channel() } else { channels[closed] = nil }
        default: break
        }
    }

    /// Takes the protection off a command.
    private func open(_ sent: Command, on channel: inout Channel) -> Pending {
        // What comes without protection at a level without C-MAC is of the session, as its R-MACs show.
        let isOfSession = channel.isOpen && !channel.level.contains(.commandMAC) && !sent.isForeign
        if sent.cla & 0x80 == 0, !sent.isSecured, !isOfSession { return Pending(command: sent, meaning: .plain) }
        if sent.cla & 0x80 != 0, sent.ins == 0x50, !sent.isSecured {
            channel = Channel()
            channel.hostChallenge = sent.data
            return Pending(command: sent, meaning: .plain)
        }
        guard sent.isSecured else {
            return Pending(command: sent, meaning: channel.isOpen ? .deciphered : .plain)
        }
        guard let session = channel.session else { return Pending(command: sent, meaning: .unreadable) }
        do throws(CryptoError) {
            if sent.ins == 0x82, !channel.isOpen {
                guard let command = try session.messages.openAuthentication(sent),
                    areEqual(command.data, session.hostCryptogram), let initiation = channel.initiation
                else { return lost(sent, &channel) }
                return Pending(
                    command: command,
                    meaning: .initiation(initiation.channel, keyVersion: initiation.version)
                )
            }
            guard channel.isOpen else { return Pending(command: sent, meaning: .unreadable) }
            var whole = sent
            whole.data = channel.segments + sent.data
            if Command.canHaveSegments(sent.ins), sent.p1 & 0x80 != 0 {
                channel.segments = whole.data
                return Pending(command: sent, meaning: .segment)
            }
            channel.segments = []
            guard let command = try session.messages.open(whole) else { return lost(sent, &channel) }
            return Pending(command: command, meaning: .deciphered)
        } catch {
            return lost(sent, &channel)
        }
    }

    /// Takes the protection off the whole response.
    private func finish(
        _ pending: Pending,
        with response: Response,
        on channel: inout Channel,
        _ exchange: inout Exchange
    ) {
        switch pending.meaning {
        case .plain where pending.command.ins == 0x50 && pending.command.cla & 0x80 != 0:
            exchange.meaning = take(response, hostChallenge: channel.hostChallenge, on: &channel)
        case .initiation:
            channel.isOpen = response.status == .success
            if !channel.isOpen { channel.session = nil }
        case .deciphered:
            guard let session = channel.session else { return }
            let plain: Response?
            do throws(CryptoError) {
                plain = try session.messages.open(response, to: pending.command)
            } catch {
                plain = nil
            }
            if let plain {
                exchange.response = plain.octets
            } else {
                exchange.meaning = .notGenuine
                channel = Channel()
            }
        default: break
        }
    }

    /// INITIALIZE UPDATE was answered.
    private func take(
        _ response: Response,
        hostChallenge: [UInt8],
        on channel: inout Channel
    ) -> Exchange.Meaning {
        guard response.status == .success, let initiation = InitializeUpdateResponse(response.data) else {
            return .plain
        }
        for candidate in keys where candidate.fit(version: initiation.version, initiation.channel) {
            guard case .symmetric(let keys) = candidate.material else { continue }
            let session = try? SymmetricSession(
                keys,
                hostChallenge: hostChallenge,
                initiation,
                encryptsVector: (candidate.i ?? SCP02Options.common.value) & 0x10 != 0
            )
            guard let session, session.isCardGenuine else { continue }
            channel.session = session
            channel.initiation = initiation
            return .initiation(initiation.channel, keyVersion: initiation.version)
        }
        return .unknownKeys(initiation.channel, keyVersion: initiation.version)
    }

    private func lost(_ sent: Command, _ channel: inout Channel) -> Pending {
        channel = Channel()
        return Pending(command: sent, meaning: .notGenuine)
    }
}

extension Command {
    /// The command with no Le.
    fileprivate var withoutLe: Command {
        var command = self
        command.le = nil
        return command
    }

    /// Whether it is none of the session's, but of the card: SELECT, MANAGE CHANNEL, GET RESPONSE.
    fileprivate var isForeign: Bool { cla & 0x80 == 0 && !isSecured && [0xA4, 0x70, 0xC0].contains(ins) }

    /// Whether commands with this instruction code can come in segments: DELETE, INSTALL and PUT KEY (GPCS clause
    /// 11.1.5).
    static func canHaveSegments(_ ins: UInt8) -> Bool { ins == 0xE4 || ins == 0xE6 || ins == 0xD8 }
}
