import Card
import Glibc
import Octets
import Synchronization

/// The room for the longest message in each direction, so that a message allocates nothing. Pages never touched take no
/// memory, and the system has them all back at the end.
struct VPCDRoom: ~Copyable {
    static let inputSize = VPCDEndpoint.lengthOctets + VPCDEndpoint.maximumMessage
    private static let outputSize = VPCDEndpoint.lengthOctets + Card.maximumResponseLength
    /// Where the output begins: the end of the longest input, made a multiple of a page's size.
    private static let outputOffset = (inputSize + 4_095) / 4_096 * 4_096

    let input: UnsafeMutableRawPointer
    var output: UnsafeMutableRawPointer { input + VPCDRoom.outputOffset }

    /// Nil where the system has no memory.
    init?() {
        let size = VPCDRoom.outputOffset + VPCDRoom.outputSize
        let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let start, start != MAP_FAILED else { return nil }
        input = start
    }

    deinit { munmap(input, VPCDRoom.outputOffset + VPCDRoom.outputSize) }
}

/// The messages of one connection, on the card's side.
struct VPCDConnection {
    /// The shortest command APDU: its header.
    private static let shortestCommand = 4
    /// How long a thread waits for a message, in milliseconds. The messages of a client follow each other faster.
    private static let patience = 100
    /// How long a mute card leaves the reader without an answer, in times of `patience`. The driver waits for ever; a real
    /// reader gives up after the work waiting time, with the answer to reset of the card about 1 s (ISO/IEC 7816-3 clause
    /// 10.2: 10 x 960 x 512 periods of the clock).
    private static let waitingTime = 10
    /// In place of the length of an answer: there is none, although the reader waits for one.
    private static let silence = -1

    let descriptor: Int32
    /// Whether a message has come.
    private(set) var isAlive = false

    private let observer: (@Sendable (VPCDEvent) -> Void)?
    /// To acknowledge at once is one more segment for each message: only a reader that waits for it gets it.
    private var readerSplits = false

    init(_ descriptor: Int32, observer: (@Sendable (VPCDEvent) -> Void)?) {
        self.descriptor = descriptor
        self.observer = observer
        TCP.setReceiveTimeout(descriptor, milliseconds: VPCDConnection.patience)
    }

    /// Serves the reader at the other end until one of both ends it, or the reader has nothing to say for a time.
    ///
    /// - Parameter commands: counts a command when it begins and when it ends, and so is odd while one is executed.
    /// - Returns: why the connection ended; nil when the next message must be waited for.
    mutating func serve(
        _ terminal: any CardTerminal,
        with room: borrowing VPCDRoom,
        _ state: ServiceState,
        commands: borrowing Atomic<UInt>
    ) -> VPCDDisconnection? {
        let input = room.input
        let output = room.output
        var filled = 0
        // What is left of the waiting time, while the card is mute.
        var silence = 0
        while true {
            while filled < VPCDEndpoint.lengthOctets || filled < VPCDEndpoint.lengthOctets + messageLength(input) {
                if filled == VPCDEndpoint.lengthOctets { readerSplits = true }
                if filled > 0 || readerSplits { TCP.acknowledgeAtOnce(descriptor) }
                let count = TCP.receive(descriptor, input + filled, VPCDRoom.inputSize - filled)
                if count == TCP.nothing {
                    if silence > 0 {
                        silence -= 1
                        if silence == 0 { return .mute }
                    } else if filled == 0 {
                        return nil
                    }
                    continue
                }
                guard count > 0 else { return departure(state) ?? (filled == 0 ? .readerGone : .broken) }
                filled += count
            }
            if !isAlive {
                isAlive = true
                observer?(.inserted)
            }
            let message = UnsafeRawBufferPointer(start: input + VPCDEndpoint.lengthOctets, count: messageLength(input))
            guard let length = answer(message, output, terminal, commands) else { return .powerFailed }
            silence = length == VPCDConnection.silence ? VPCDConnection.waitingTime : 0
            if length > 0 {
                output.storeBytes(of: UInt16(length).bigEndian, as: UInt16.self)
                let whole = UnsafeRawBufferPointer(start: output, count: VPCDEndpoint.lengthOctets + length)
                guard TCP.send(descriptor, whole) else { return departure(state) ?? .broken }
            }
            if let departure = departure(state) { return departure }
            let consumed = VPCDEndpoint.lengthOctets + message.count
            filled -= consumed
            if filled > 0 { memmove(input, input + consumed, filled) }
        }
    }

    /// Why the card itself leaves the connection; nil when it does not.
    @inline(__always)
    private func departure(_ state: ServiceState) -> VPCDDisconnection? {
        guard state.isLeaving else { return nil }
        return state.isStopping ? .stopped : .removed
    }

    private func messageLength(_ input: UnsafeMutableRawPointer) -> Int {
        Int(UInt16(bigEndian: input.load(as: UInt16.self)))
    }

    /// Does what a message asks for, and writes the answer behind the room for its length.
    ///
    /// - Returns: the length of the answer, at most 65,535; 0: none; `silence`: none, the card is mute; nil: the power
    ///   failed.
    private func answer(
        _ message: UnsafeRawBufferPointer,
        _ output: UnsafeMutableRawPointer,
        _ terminal: any CardTerminal,
        _ commands: borrowing Atomic<UInt>
    ) -> Int? {
        let answer = UnsafeMutableRawBufferPointer(
            start: output + VPCDEndpoint.lengthOctets,
            count: Card.maximumResponseLength
        )
        guard message.count >= VPCDConnection.shortestCommand else {
            if message.isEmpty { return 0 }
            if message.count == 1, let control = VPCDControl(rawValue: message[0]) {
                return perform(control, terminal, answer)
            }
            // A client has sent it as a command. It waits for an answer as long as there is none.
            return report(message, write(.wrongLength, to: answer), answer)
        }

        let length: Int
        commands.add(1, ordering: .relaxed)
        defer { commands.add(1, ordering: .relaxed) }
        do throws(TerminalError) {
            length = try terminal.transmit(message, into: answer)
        } catch {
            if error.kind == .mute { return VPCDConnection.silence }
            if error.kind == .powerFailed || error.kind == .cardRemoved { return nil }
            return report(message, write(.technicalProblem, to: answer), answer)
        }
        guard length >= 2, length <= VPCDEndpoint.maximumMessage else {
            return report(message, write(.technicalProblem, to: answer), answer)
        }
        return report(message, length, answer)
    }

    /// A control message that fails says nothing: the next command will.
    private func perform(
        _ control: VPCDControl,
        _ terminal: any CardTerminal,
        _ answer: UnsafeMutableRawBufferPointer
    ) -> Int {
        switch control {
        case .powerOff:
            try? terminal.powerOff()
            observer?(.powerOff)
        case .powerOn:
            try? terminal.powerOn()
            observer?(.powerOn)
        case .warmReset:
            try? terminal.warmReset()
            observer?(.warmReset)
        case .answerToReset:
            let count = terminal.answerToReset.withUnsafeBytes { octets in
                answer.copyMemory(from: octets)
                return octets.count
            }
            observer?(.answerToReset)
            return count
        }
        return 0
    }

    private func write(_ status: StatusWord, to answer: UnsafeMutableRawBufferPointer) -> Int {
        answer.storeBytes(of: status.value.bigEndian, as: UInt16.self)
        return 2
    }

    private func report(
        _ message: UnsafeRawBufferPointer,
        _ length: Int,
        _ answer: UnsafeMutableRawBufferPointer
    ) -> Int {
        observer?(.command(message, response: UnsafeRawBufferPointer(rebasing: answer[..<length])))
        return length
    }
}
