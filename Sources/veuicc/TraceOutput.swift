import ArgumentParser
import CardManagement
import Glibc
import Octets
import Reader
import Synchronization
import Trace

/// The options of commands that trace.
struct TraceOptions: ParsableArguments {
    @Flag(help: "Show the octets too, and what they are made of.")
    var verbose = false

    @Flag(help: "Put FF in place of PINs and keys.")
    var mask = false

    @Option(help: "Decipher secure channel sessions with the keys in a file: docs/keys.md.")
    var keyFile: String?

    @Option(help: "Write a capture file for Wireshark.")
    var pcap: String?

    @Option(help: "Send GSMTAP to HOST:PORT over UDP; without a port to 4729.")
    var gsmtap: String?
}

/// Where a trace goes: standard output as text or as JSON, a capture file, a network. Takes records from any thread.
final class TraceOutput: Sendable {
    enum Format: Sendable { case text, json }

    private struct State {
        var tracers: [Int: Tracer] = [:]
        /// Those of secure channel sessions that are read along in.
        let keys: [HostKeys]
        /// What reads along, by card.
        var observers: [Int: SessionObserver] = [:]
        var powered: Set<Int> = []
        var style: TraceStyle
        /// What waits for `begin`; nil once it has begun.
        var waiting: [TraceRecord]?
        /// -1 for none, and from the first failure on.
        var capture: Int32
    }

    private let format: Format?
    private let isVerbose: Bool
    private let masksSecrets: Bool
    private let socket: Int32
    private let state: Mutex<State>

    /// - Parameters:
    ///   - format: what is written to standard output; nil: nothing.
    ///   - showsCard: whether lines have the number of the card.
    ///   - waits: whether nothing is written before `begin`.
    /// - Throws: `cannotCreate` for the capture file, `usage` or `unavailable` for the host, and what is in the way of
    ///   the keys.
    init(_ options: TraceOptions, to format: Format?, showsCard: Bool, waits: Bool = false) throws {
        self.format = format
        isVerbose = options.verbose
        masksSecrets = options.mask
        socket = try options.gsmtap.map(Self.connect) ?? -1
        let style = TraceStyle(isColoured: Self.isColoured, isVerbose: options.verbose, showsCard: showsCard)
        let keys = try options.keyFile.map(InputFile.keys) ?? []
        let capture = try options.pcap.map(Self.create) ?? -1
        state = Mutex(State(keys: keys, style: style, waiting: waits ? [] : nil, capture: capture))
    }

    deinit {
        if socket >= 0 { close(socket) }
        state.withLock { if $0.capture >= 0 { _ = close($0.capture) } }
    }

    /// Whether standard output is a terminal with colours: https://no-color.org.
    private static var isColoured: Bool {
        func value(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
        return isatty(STDOUT_FILENO) == 1 && value("NO_COLOR").isEmpty && value("TERM") != "dumb"
    }

    /// Microseconds since 1970.
    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
    }

    /// Writes a record everywhere it goes.
    ///
    /// - Throws: when standard output is gone.
    func write(_ record: TraceRecord) throws {
        try state.withLock { state in
            if state.waiting == nil { try write(record, &state) } else { state.waiting?.append(record) }
        }
    }

    /// Writes what has waited, and from now on everything at once.
    func begin() throws {
        try state.withLock { state in
            let waiting = state.waiting ?? []
            state.waiting = nil
            for record in waiting { try write(record, &state) }
        }
    }

    private func write(_ record: TraceRecord, _ state: inout State) throws {
        let card = record.card ?? 0
        if record.event == .powerOff {
            guard state.powered.remove(card) != nil else { return }
        } else {
            state.powered.insert(card)
        }
        let clear = Self.inTheClear(record, card, &state)
        let line = state.tracers[card, default: Tracer(masksSecrets: masksSecrets)].line(for: record, inTheClear: clear)
        if card > 0 { state.style.showsCard = true }
        writePackets(line.record, &state)
        switch format {
        case .text: try Output.line(state.style.text(line))
        case .json: try Output.json(TraceObject(line, isVerbose: isVerbose))
        case nil: break
        }
    }

    /// What an exchange of a secure channel session is in the clear; nil for others, and where there are no keys.
    private static func inTheClear(_ record: TraceRecord, _ card: Int, _ state: inout State) -> ClearExchange? {
        guard !state.keys.isEmpty else { return nil }
        let observer = state.observers[card] ?? SessionObserver(keys: state.keys)
        state.observers[card] = observer
        guard case .command(let command, let response) = record.event else {
            observer.reset()
            return nil
        }
        let exchange = observer.observe(command: command, response: response)
        let finding: ClearExchange.Finding
        switch exchange.meaning {
        case .deciphered: finding = .deciphered
        case .notGenuine: finding = .notGenuine
        case .unknownKeys: finding = .otherKeys
        case .plain, .initiation, .segment, .unreadable: return nil
        }
        return ClearExchange(command: exchange.command, response: exchange.response, finding)
    }

    private func writePackets(_ record: TraceRecord, _ state: inout State) {
        guard socket >= 0 || state.capture >= 0 else { return }
        for packet in GSMTAP.packets(record) {
            // Nobody may listen: a trace goes on.
            if socket >= 0 { send(socket, packet, packet.count, Int32(MSG_NOSIGNAL)) }
            guard state.capture >= 0 else { continue }
            let octets = PacketCapture.packet(packet, time: record.time ?? 0)
            if Glibc.write(state.capture, octets, octets.count) != octets.count {
                Output.note("the capture file ends here: \(String(cString: strerror(errno)))")
                close(state.capture)
                state.capture = -1
            }
        }
    }

    private static func create(_ path: String) throws(Failure) -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        let header = PacketCapture.fileHeader
        guard descriptor >= 0, Glibc.write(descriptor, header, header.count) == header.count else {
            let reason = String(cString: strerror(errno))
            throw Failure(.cannotCreate, description: "\(path): cannot make the capture file: \(reason)")
        }
        return descriptor
    }

    /// A socket that sends to `HOST:PORT`.
    private static func connect(_ argument: String) throws(Failure) -> Int32 {
        let colon = argument.lastIndex(of: ":")
        let host = String(colon.map { argument[..<$0] } ?? argument[...])
        let digits = colon.map { argument[argument.index(after: $0)...] } ?? "\(GSMTAP.port)"
        guard let port = UInt16(digits), port > 0, !host.isEmpty else {
            throw Failure(.usage, description: "--gsmtap \(argument.debugDescription): HOST:PORT is needed")
        }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, "\(port)", &hints, &list)
        defer { if list != nil { freeaddrinfo(list) } }
        guard status == 0, let found = list?.pointee else {
            throw Failure(.unavailable, description: "\(host): \(String(cString: gai_strerror(status)))")
        }
        let descriptor = Glibc.socket(found.ai_family, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0, Glibc.connect(descriptor, found.ai_addr, found.ai_addrlen) == 0 else {
            throw Failure(.unavailable, description: "\(argument): \(String(cString: strerror(errno)))")
        }
        return descriptor
    }
}

extension TraceOutput {
    /// Traces the events of a card that is served over vpcd. Where standard output is gone the card goes on.
    func observer(ofCard card: Int, answerToReset: [UInt8]) -> @Sendable (VPCDEvent) -> Void {
        { [self] event in
            let traced: TraceEvent
            switch event {
            case .powerOn: traced = .powerOn(answerToReset: answerToReset)
            case .warmReset: traced = .warmReset(answerToReset: answerToReset)
            case .powerOff, .disconnected: traced = .powerOff
            case .command(let command, let response): traced = .command([UInt8](command), response: [UInt8](response))
            case .unreachable, .connected, .inserted, .answerToReset, .overdue: return
            }
            try? write(TraceRecord(time: TraceOutput.now, card: card, traced))
        }
    }
}
