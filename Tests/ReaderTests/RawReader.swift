import Dispatch
import Glibc
import Testing

@testable import Reader

/// A reader that can do on the socket whatever a driver does, and what it should not. Its answers come within 10 s.
final class RawReader {
    private var descriptor: Int32

    /// Takes the next card that connects to `listener`.
    init(_ listener: RawListener) throws {
        descriptor = try #require(
            TCP.wait(for: POLLIN, on: listener.descriptor, milliseconds: 10_000) ? TCP.accept(listener.descriptor) : nil
        )
    }

    /// Connects to a card that listens.
    init(to endpoint: VPCDEndpoint) throws {
        descriptor = try TCP.socket()
        let status = TCP.beginConnecting(descriptor, to: try TCP.resolve(endpoint))
        #expect(status == 0 || status == EINPROGRESS)
        #expect(TCP.finishConnecting(descriptor) == 0)
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Sends octets as they are.
    func send(_ octets: [UInt8]) { #expect(octets.withUnsafeBytes { TCP.send(descriptor, $0) }) }

    /// Sends a message.
    func put(_ message: [UInt8]) { send(framed(message)) }

    /// The next message; nil when the card has closed the connection or says nothing for 10 s.
    func get() -> [UInt8]? {
        guard let length = receive(2) else { return nil }
        return receive(Int(length[0]) << 8 | Int(length[1]))
    }

    func ask(_ message: [UInt8]) -> [UInt8]? {
        put(message)
        return get()
    }

    /// Whether the card closes the connection without another octet.
    func isClosed() -> Bool {
        var octet: UInt8 = 0
        return TCP.wait(for: POLLIN, on: descriptor, milliseconds: 10_000) && recv(descriptor, &octet, 1, 0) <= 0
    }

    private func receive(_ count: Int) -> [UInt8]? {
        var octets = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            guard TCP.wait(for: POLLIN, on: descriptor, milliseconds: 10_000) else { return nil }
            let received = octets.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { TCP.receive(descriptor, $0 + filled, count - filled) } ?? 0
            }
            guard received > 0 else { return nil }
            filled += received
        }
        return octets
    }
}

/// What a driver listens with.
final class RawListener {
    let descriptor: Int32
    let endpoint: VPCDEndpoint

    init(port: UInt16 = 0) throws {
        let bound = try TCP.listen(VPCDEndpoint(port: port))
        descriptor = bound.descriptor
        endpoint = VPCDEndpoint(port: bound.port)
    }

    deinit { close(descriptor) }
}

func framed(_ message: [UInt8]) -> [UInt8] {
    [UInt8(truncatingIfNeeded: message.count >> 8), UInt8(truncatingIfNeeded: message.count)] + message
}

/// A card in service, and a reader that has it.
struct Service {
    let card: VPCDCard
    let reader: RawReader
    let terminal = Log()
    let events = Log()
    let gate = DispatchSemaphore(value: 0)
    private let listener: RawListener?

    /// The service connects to the reader, or listens for it.
    init(_ role: VPCDCard.Role, once: Bool = false) throws {
        let events = events
        let scripted = ScriptedTerminal(terminal, gate: gate)
        let listener = role == .connecting ? try RawListener() : nil
        card = try VPCDCard(
            serving: scripted,
            at: listener?.endpoint ?? VPCDEndpoint(port: 0),
            role,
            once: once,
            observer: { events.append(word($0)) }
        )
        reader = try listener.map { try RawReader($0) } ?? RawReader(to: card.endpoint)
        self.listener = listener
    }

    /// Another reader, after the first one.
    func nextReader() throws -> RawReader { try listener.map { try RawReader($0) } ?? RawReader(to: card.endpoint) }

    /// Ends the service; whether it did end.
    func end() throws -> Bool {
        card.stop()
        return try card.waitForEnd(milliseconds: 10_000)
    }
}
