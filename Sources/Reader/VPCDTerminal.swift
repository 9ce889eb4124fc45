import Card
import Glibc

/// The reader's side of vpcd, as the driver plays it: a card behind a TCP connection.
///
/// A card owes an answer for as long as it likes, unless `timeout` says otherwise; after an error other than `length`
/// the terminal is of no more use.
public final class VPCDTerminal: CardTerminal {
    /// The answer to reset of the card.
    public private(set) var answerToReset: [UInt8] = []
    /// How long to wait for an answer, in milliseconds; nil: for ever.
    public var timeout: Int32?

    private let descriptor: Int32
    private let output = UnsafeMutableRawPointer.allocate(
        byteCount: VPCDEndpoint.lengthOctets + VPCDEndpoint.maximumMessage,
        alignment: 16
    )

    /// Takes the connection over and asks the card for its answer to reset.
    init(_ descriptor: Int32, timeout: Int32?) throws(TerminalError) {
        self.descriptor = descriptor
        self.timeout = timeout
        try readAnswerToReset()
    }

    /// Connects to a card that listens.
    ///
    /// - Parameters:
    ///   - endpoint: where it listens.
    ///   - timeout: how long to wait for each answer, in milliseconds; nil: for ever.
    public convenience init(
        connectingTo endpoint: VPCDEndpoint = VPCDEndpoint(),
        timeout: Int32? = nil
    ) throws(TerminalError) {
        let address = try TCP.resolve(endpoint)
        let descriptor = try TCP.socket()
        var status = TCP.beginConnecting(descriptor, to: address)
        if status == 0 || status == EINPROGRESS { status = TCP.finishConnecting(descriptor) }
        guard status == 0 else {
            close(descriptor)
            throw TerminalError(failed: "connect to \(endpoint)", status)
        }
        try self.init(descriptor, timeout: timeout)
    }

    deinit {
        close(descriptor)
        output.deallocate()
    }

    /// Cold reset, and reads the answer to reset.
    public func powerOn() throws(TerminalError) {
        try send(.powerOn)
        try readAnswerToReset()
    }

    /// Takes the power away.
    public func powerOff() throws(TerminalError) { try send(.powerOff) }

    /// Warm reset, and reads the answer to reset.
    public func warmReset() throws(TerminalError) {
        try send(.warmReset)
        try readAnswerToReset()
    }

    /// Sends a command, 2 to 65,535 octets, and receives the response.
    ///
    /// - Throws: `length` for other commands: one octet cannot be told from a control message; `cardRemoved` when the
    ///   card closes the connection, as it does when its power fails.
    public func transmit(
        _ command: UnsafeRawBufferPointer,
        into response: UnsafeMutableRawBufferPointer
    ) throws(TerminalError) -> Int {
        guard (2...VPCDEndpoint.maximumMessage).contains(command.count) else {
            throw TerminalError(.length, "vpcd carries commands of 2 to 65535 octets, not of \(command.count)")
        }
        try send(command)
        return try receive(response)
    }

    private func send(_ control: VPCDControl) throws(TerminalError) {
        var octet = control.rawValue
        let sent = withUnsafeBytes(of: &octet) { octets -> Result<Void, TerminalError> in
            Result { () throws(TerminalError) in try send(octets) }
        }
        try sent.get()
    }

    private func send(_ message: UnsafeRawBufferPointer) throws(TerminalError) {
        output.storeBytes(of: UInt16(message.count).bigEndian, as: UInt16.self)
        if let start = message.baseAddress {
            (output + VPCDEndpoint.lengthOctets).copyMemory(from: start, byteCount: message.count)
        }
        let whole = UnsafeRawBufferPointer(start: output, count: VPCDEndpoint.lengthOctets + message.count)
        guard TCP.send(descriptor, whole) else { throw VPCDTerminal.gone }
    }

    private func readAnswerToReset() throws(TerminalError) {
        try send(.answerToReset)
        var failure: TerminalError?
        answerToReset = [UInt8](unsafeUninitializedCapacity: VPCDEndpoint.maximumMessage) { buffer, count in
            do throws(TerminalError) {
                count = try receive(UnsafeMutableRawBufferPointer(buffer))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        answerToReset = Array(answerToReset[...])
    }

    /// Receives one message.
    private func receive(_ buffer: UnsafeMutableRawBufferPointer) throws(TerminalError) -> Int {
        var length: UInt16 = 0
        let read = withUnsafeMutableBytes(of: &length) { octets -> Result<Void, TerminalError> in
            Result { () throws(TerminalError) in try receive(octets, count: VPCDEndpoint.lengthOctets) }
        }
        try read.get()
        let count = Int(UInt16(bigEndian: length))
        guard count <= buffer.count else {
            throw TerminalError(.length, "the card's answer of \(count) octets does not fit")
        }
        try receive(buffer, count: count)
        return count
    }

    private func receive(_ buffer: UnsafeMutableRawBufferPointer, count: Int) throws(TerminalError) {
        var filled = 0
        while filled < count, let start = buffer.baseAddress {
            if let timeout, !TCP.wait(for: POLLIN, on: descriptor, milliseconds: timeout) {
                throw TerminalError(.timeout, "the card has not answered within \(timeout) ms")
            }
            let received = TCP.receive(descriptor, start + filled, count - filled)
            guard received > 0 else { throw VPCDTerminal.gone }
            filled += received
        }
    }

    private static let gone = TerminalError(.cardRemoved, "the card has closed the connection")
}

/// The reader's side of vpcd for cards that connect to it, as they do to the driver.
public final class VPCDListener: Sendable {
    /// Where it listens.
    public let endpoint: VPCDEndpoint
    private let descriptor: Int32

    /// Listens at `endpoint`; port 0 means one that is free.
    public init(_ endpoint: VPCDEndpoint = VPCDEndpoint()) throws(TerminalError) {
        let bound = try TCP.listen(endpoint)
        descriptor = bound.descriptor
        self.endpoint = VPCDEndpoint(host: endpoint.host, port: bound.port)
    }

    deinit { close(descriptor) }

    /// Waits for a card.
    ///
    /// - Parameters:
    ///   - waiting: how long, in milliseconds; nil: for ever.
    ///   - timeout: how long to wait for each answer of the card, in milliseconds; nil: for ever.
    public func accept(waiting: Int32? = nil, timeout: Int32? = nil) throws(TerminalError) -> VPCDTerminal {
        guard TCP.wait(for: POLLIN, on: descriptor, milliseconds: waiting ?? -1) else {
            throw TerminalError(.timeout, "no card has connected to \(endpoint) within \(waiting ?? 0) ms")
        }
        guard let card = TCP.accept(descriptor) else { throw TerminalError(failed: "accept a card at \(endpoint)") }
        return try VPCDTerminal(card, timeout: timeout)
    }
}
