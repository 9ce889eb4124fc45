import CPCSC
import Card

/// A card in a PC/SC reader.
public final class PCSCTerminal: CardTerminal {
    /// What happens to the card when it is left.
    public enum Disposition: Sendable {
        /// Nothing.
        case leave
        /// A warm reset.
        case reset
        /// Its power is taken away.
        case unpower

        var code: DWORD {
            switch self {
            case .leave: DWORD(SCARD_LEAVE_CARD)
            case .reset: DWORD(SCARD_RESET_CARD)
            case .unpower: DWORD(SCARD_UNPOWER_CARD)
            }
        }
    }

    /// The name of the reader.
    public let reader: String
    /// The answer to reset of the card.
    public private(set) var answerToReset: [UInt8] = []
    /// The transmission protocol that is used: 0 or 1 for T=0 and T=1.
    public var transmissionProtocol: Int { activeProtocol == DWORD(SCARD_PROTOCOL_T1) ? 1 : 0 }

    private let context: PCSCContext
    private let sharing: DWORD
    private let wanted: DWORD
    private var card: SCARDHANDLE?
    private var activeProtocol: DWORD = 0

    init(
        _ context: PCSCContext,
        _ reader: String,
        _ sharing: PCSCContext.Sharing,
        _ wanted: PCSCContext.WantedProtocol
    ) throws(TerminalError) {
        self.context = context
        self.reader = reader
        self.sharing =
            switch sharing {
            case .shared: DWORD(SCARD_SHARE_SHARED)
            case .exclusive: DWORD(SCARD_SHARE_EXCLUSIVE)
            }
        self.wanted =
            switch wanted {
            case .any: DWORD(SCARD_PROTOCOL_T0) | DWORD(SCARD_PROTOCOL_T1)
            case .t0: DWORD(SCARD_PROTOCOL_T0)
            case .t1: DWORD(SCARD_PROTOCOL_T1)
            }
        _ = try connected()
    }

    deinit { if let card { SCardDisconnect(card, PCSCTerminal.Disposition.leave.code) } }

    /// Cold reset. Other users of the card learn of it.
    public func powerOn() throws(TerminalError) { try reconnect(.unpower) }

    /// Warm reset. Other users of the card learn of it.
    public func warmReset() throws(TerminalError) { try reconnect(.reset) }

    /// Goes on after another user has reset the card (`cardReset`), without a reset of its own.
    public func resume() throws(TerminalError) { try reconnect(.leave) }

    /// Takes the power away and leaves the card. Whatever comes next connects anew.
    public func powerOff() throws(TerminalError) { try disconnect(.unpower) }

    /// Leaves the card. Whatever comes next connects anew.
    public func disconnect(_ disposition: Disposition) throws(TerminalError) {
        guard let card else { return }
        self.card = nil
        try pcsc("disconnect from the card in \"\(reader)\"", SCardDisconnect(card, disposition.code))
    }

    /// Calls `body` while other users of the card wait.
    public func transaction<Success>(
        ending disposition: Disposition = .leave,
        _ body: () throws(TerminalError) -> Success
    ) throws(TerminalError) -> Success {
        let card = try connected()
        try pcsc("begin a transaction", SCardBeginTransaction(card))
        let result: Success
        do throws(TerminalError) {
            result = try body()
        } catch {
            SCardEndTransaction(card, disposition.code)
            throw error
        }
        try pcsc("end a transaction", SCardEndTransaction(card, disposition.code))
        return result
    }

    /// Sends a command, at least 1 octet, and receives the response.
    ///
    /// - Throws: `length` for an empty command; `cardRemoved` also for an empty response, which is what the service makes of a card that goes during
    ///   the command.
    public func transmit(
        _ command: UnsafeRawBufferPointer,
        into response: UnsafeMutableRawBufferPointer
    ) throws(TerminalError) -> Int {
        // The library would send it, and the virtual reader wait for an answer for ever.
        guard !command.isEmpty else { throw TerminalError(.length, "a command has at least 1 octet") }
        let card = try connected()
        var request = SCARD_IO_REQUEST(
            dwProtocol: activeProtocol,
            cbPciLength: DWORD(MemoryLayout<SCARD_IO_REQUEST>.size)
        )
        var length = DWORD(response.count)
        let status = SCardTransmit(
            card,
            &request,
            command.baseAddress?.assumingMemoryBound(to: UInt8.self),
            DWORD(command.count),
            nil,
            response.baseAddress?.assumingMemoryBound(to: UInt8.self),
            &length
        )
        try pcsc("transmit a command of \(command.count) octets to \"\(reader)\"", status)
        guard length > 0 else {
            throw TerminalError(.cardRemoved, "the card in \"\(reader)\" has gone during the command")
        }
        return Int(length)
    }

    private func connected() throws(TerminalError) -> SCARDHANDLE {
        if let card { return card }
        var handle: SCARDHANDLE = 0
        try pcsc(
            "connect to the card in \"\(reader)\"",
            SCardConnect(context.handle, reader, sharing, wanted, &handle, &activeProtocol)
        )
        card = handle
        try readAnswerToReset(handle)
        return handle
    }

    private func reconnect(_ initialization: Disposition) throws(TerminalError) {
        guard let card else {
            _ = try connected()
            return
        }
        try pcsc(
            "reset the card in \"\(reader)\"",
            SCardReconnect(card, sharing, wanted, initialization.code, &activeProtocol)
        )
        try readAnswerToReset(card)
    }

    private func readAnswerToReset(_ card: SCARDHANDLE) throws(TerminalError) {
        var octets = [UInt8](repeating: 0, count: Int(MAX_ATR_SIZE))
        var length = DWORD(octets.count)
        try pcsc(
            "read the answer to reset from \"\(reader)\"",
            SCardStatus(card, nil, nil, nil, nil, &octets, &length)
        )
        answerToReset = Array(octets.prefix(Int(length)))
    }
}
