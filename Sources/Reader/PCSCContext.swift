import CPCSC

/// A connection to the PC/SC service of this machine: which readers there are, and the way to their cards.
///
/// The library finds the service through PCSCLITE_CSOCK_NAME, if that is set.
public final class PCSCContext {
    /// Whether others may use the card too.
    public enum Sharing: Sendable {
        /// They may.
        case shared
        /// They may not, as long as the card is connected.
        case exclusive
    }

    /// Which transmission protocol is wanted.
    public enum WantedProtocol: Sendable {
        /// Whatever the card offers; the service prefers T=1.
        case any
        /// T=0.
        case t0
        /// T=1.
        case t1
    }

    /// The handle of the library.
    let handle: SCARDCONTEXT

    /// Connects to the service.
    ///
    /// - Throws: `unavailable` when no service runs.
    public init() throws(TerminalError) {
        var handle: SCARDCONTEXT = 0
        try pcsc("connect to the PC/SC service", SCardEstablishContext(DWORD(SCARD_SCOPE_SYSTEM), nil, nil, &handle))
        self.handle = handle
    }

    deinit { SCardReleaseContext(handle) }

    /// The names of the readers, in the order of the service; empty if there is none.
    public func readers() throws(TerminalError) -> [String] {
        while true {
            var length: DWORD = 0
            let status = SCardListReaders(handle, nil, nil, &length)
            if status == SCARD_E_NO_READERS_AVAILABLE { return [] }
            try pcsc("list the readers", status)
            var names = [CChar](repeating: 0, count: Int(length))
            let second = SCardListReaders(handle, nil, &names, &length)
            // Between the two calls a reader has come.
            if second == SCARD_E_INSUFFICIENT_BUFFER { continue }
            if second == SCARD_E_NO_READERS_AVAILABLE { return [] }
            try pcsc("list the readers", second)
            return names.prefix(Int(length)).split(separator: 0).map { name in
                String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
        }
    }

    /// The name of the reader that `text` means: its whole name, its number in the list, or a part of exactly one name.
    public func reader(_ text: String) throws(TerminalError) -> String {
        let names = try readers()
        if names.contains(text) { return text }
        if let index = Int(text), names.indices.contains(index) { return names[index] }
        let found = names.filter { $0.contains(text) }
        if found.count == 1, let name = found.first { return name }
        let list = names.isEmpty ? "there is none" : names.map { "\"\($0)\"" }.joined(separator: ", ")
        let problem = found.isEmpty ? "no reader is called" : "several readers are called"
        throw TerminalError(.unavailable, "\(problem) \"\(text)\"; readers: \(list)")
    }

    /// Waits until there is a card in `reader` that answers.
    ///
    /// - Parameter milliseconds: for how long; nil: for ever.
    public func waitForCard(in reader: String, milliseconds: Int? = nil) throws(TerminalError) {
        try wait("wait for a card in \"\(reader)\"", reader, milliseconds) { state in
            state & DWORD(SCARD_STATE_PRESENT) != 0 && state & DWORD(SCARD_STATE_MUTE) == 0
        }
    }

    /// Waits until there is no card in `reader`.
    ///
    /// - Parameter milliseconds: for how long; nil: for ever.
    public func waitForRemoval(from reader: String, milliseconds: Int? = nil) throws(TerminalError) {
        try wait("wait until \"\(reader)\" is empty", reader, milliseconds) { state in
            state & DWORD(SCARD_STATE_EMPTY) != 0
        }
    }

    private func wait(
        _ action: String,
        _ reader: String,
        _ milliseconds: Int?,
        until condition: (DWORD) -> Bool
    ) throws(TerminalError) {
        let deadline = milliseconds.map { ContinuousClock.now + .milliseconds($0) }
        var known = DWORD(SCARD_STATE_UNAWARE)
        while true {
            let left = deadline.map {
                DWORD(max(0, (ContinuousClock.now.duration(to: $0) / .milliseconds(1)).rounded()))
            }
            let status = reader.withCString { name in
                var state = SCARD_READERSTATE()
                state.szReader = name
                state.dwCurrentState = known
                let status = SCardGetStatusChange(handle, left ?? DWORD(INFINITE), &state, 1)
                known = state.dwEventState & ~DWORD(SCARD_STATE_CHANGED)
                return status
            }
            try pcsc(action, status)
            if condition(known) { return }
        }
    }

    /// Connects to the card in `reader`, which is the whole name.
    public func connect(
        to reader: String,
        _ sharing: Sharing = .shared,
        _ wanted: WantedProtocol = .any
    ) throws(TerminalError) -> PCSCTerminal {
        try PCSCTerminal(self, reader, sharing, wanted)
    }
}

/// Throws what a status of the library means, unless it is success.
func pcsc(_ action: @autoclosure () -> String, _ status: LONG) throws(TerminalError) {
    guard status != SCARD_S_SUCCESS else { return }
    let kind: TerminalError.Kind
    switch status {
    case SCARD_E_NO_SERVICE, SCARD_E_SERVICE_STOPPED:
        throw TerminalError(.unavailable, "cannot \(action()): no PC/SC service (pcscd) is running")
    case SCARD_E_NO_SMARTCARD, SCARD_E_UNKNOWN_READER, SCARD_E_NO_READERS_AVAILABLE, SCARD_E_READER_UNAVAILABLE,
        SCARD_W_UNRESPONSIVE_CARD, SCARD_W_UNPOWERED_CARD:
        kind = .unavailable
    case SCARD_W_REMOVED_CARD, SCARD_E_NOT_TRANSACTED, SCARD_E_INVALID_HANDLE: kind = .cardRemoved
    case SCARD_W_RESET_CARD: kind = .cardReset
    case SCARD_E_SHARING_VIOLATION: kind = .inUse
    case SCARD_E_PROTO_MISMATCH: kind = .protocolMismatch
    case SCARD_E_INVALID_PARAMETER, SCARD_E_INSUFFICIENT_BUFFER: kind = .length
    case SCARD_E_TIMEOUT: kind = .timeout
    default: kind = .system
    }
    throw TerminalError(kind, "cannot \(action()): \(String(cString: pcsc_stringify_error(status)))")
}
