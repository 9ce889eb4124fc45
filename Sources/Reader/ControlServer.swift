import Card
import Glibc
import ImageFile
import Memory
import Octets
import Synchronization

/// A card that the control socket reaches: in its terminal, and in its reader.
public struct ControlledCard: Sendable {
    let terminal: ControlledTerminal
    let card: VPCDCard

    /// The card in `terminal`, which `card` serves the reader with.
    public init(_ terminal: ControlledTerminal, in card: VPCDCard) {
        self.terminal = terminal
        self.card = card
    }
}

/// The control socket of a process with cards: docs/faults.md. Each client has a thread.
public final class ControlServer: Sendable {
    /// How many clients there may be at a time.
    private static let mostClients = 64
    /// In octets: what a request of the largest depth takes in a debug build, and some to spare.
    private static let stackSize = 1_048_576

    private let path: String
    private let listener: Int32
    /// The device and number of the socket's file.
    private let identity: [UInt64]
    private let clients = Atomic(0)

    /// Listens at `path`, readable and writable by its owner only. Nobody is served yet.
    ///
    /// - Throws: `inUse` where somebody listens there, or something that is no socket has the name.
    public init(at path: String) throws(TerminalError) {
        self.path = path
        listener = try UnixSocket.listen(path)
        identity = Self.identity(of: path)
    }

    // The thread that accepts holds this value as long as it listens.
    deinit { close(listener) }

    /// Serves clients with `cards`, from now on.
    public func serve(_ cards: [ControlledCard]) throws(TerminalError) {
        let status = DetachedThread.start(stackSize: Self.stackSize) { [self] in acceptAll(cards) }
        if status != 0 { throw TerminalError(failed: "make the thread of the control socket", status) }
    }

    /// Ends it: nobody else is served, and the socket's file is removed.
    public func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        if Self.identity(of: path) == identity { unlink(path) }
    }

    private static func identity(of path: String) -> [UInt64] {
        var status = stat()
        return lstat(path, &status) == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : []
    }

    private func acceptAll(_ cards: [ControlledCard]) {
        while let descriptor = TCP.accept(listener) {
            guard clients.add(1, ordering: .relaxed).newValue <= Self.mostClients else {
                end(descriptor)
                continue
            }
            let status = DetachedThread.start(stackSize: Self.stackSize) { [self] in
                serve(descriptor, cards)
                end(descriptor)
            }
            if status != 0 { end(descriptor) }
        }
    }

    private func end(_ descriptor: Int32) {
        close(descriptor)
        clients.subtract(1, ordering: .relaxed)
    }

    private func serve(_ descriptor: Int32, _ cards: [ControlledCard]) {
        var lines = LineReader(descriptor)
        while let line = lines.next() {
            let answer: ControlAnswer
            do {
                answer = try Self.answer(line[...], cards)
            } catch {
                answer = ControlAnswer(ControlFailure(error))
            }
            guard answer.line.withUnsafeBytes({ TCP.send(descriptor, $0) }) else { return }
        }
    }

    // MARK: Requests

    static func answer(_ line: Substring, _ cards: [ControlledCard]) throws -> ControlAnswer {
        let text = line.drop { $0 == " " }
        let first = text.prefix { $0 != " " }
        let named = first.isEmpty || !first.utf8.allSatisfy { (0x30...0x39).contains($0) } ? nil : first
        let request = try ControlRequest(named.map { text[$0.endIndex...].drop { $0 == " " } } ?? text)
        guard named != nil || cards.count == 1 else {
            throw ControlFailure(.usage, "there are \(cards.count) cards: the number of one stands in front")
        }
        let number = named.map { Int($0) ?? cards.count } ?? 0
        guard cards.indices.contains(number) else {
            throw ControlFailure(.missing, "there is no card \(first): they are 0 to \(cards.count - 1)")
        }
        return ControlAnswer(card: number, try cards[number].perform(request))
    }
}

extension ControlledCard {
    /// Does what is asked for.
    ///
    /// - Returns: what it was asked for.
    fileprivate func perform(_ request: ControlRequest) throws -> (any Encodable)? {
        switch request {
        case .status: return ReaderStatus(card: card, terminal: terminal)
        case .snapshot(let place): return try snapshot(to: place)
        case .restore(let place): return try restore(from: place)
        case .reset(let cold): terminal.reset(cold: cold)
        case .remove:
            card.remove()
            // What is executed ends, and with it the power.
            terminal.powerOff()
        case .insert: card.insert()
        case .powerCut(let failure): terminal.cutPower(failure)
        case .mute(let count): terminal.mute(count)
        case .answerToReset(let octets): terminal.setAnswerToReset(octets)
        case .delay(let milliseconds): terminal.delay(milliseconds)
        }
        return nil
    }

    private func snapshot(to place: ControlPlace) throws -> SnapshotSummary {
        switch place {
        case .named(let name): return SnapshotSummary(terminal.snapshot(named: name))
        case .file(let path):
            let octets = terminal.copyOfImage()
            try octets.withUnsafeBytes { try CardImage.save($0, toFile: path, overwriting: false) }
            return SnapshotSummary(octets)
        }
    }

    private func restore(from place: ControlPlace) throws -> SnapshotSummary {
        let octets: [UInt8]
        let name: String
        switch place {
        case .named(let text):
            guard let kept = terminal.snapshot(text) else {
                throw ControlFailure(.missing, "there is no snapshot \(text)")
            }
            (octets, name) = (kept, text)
        case .file(let path):
            (octets, name) = (try CardImage.copy(ofFile: path), path)
        }
        let size = terminal.image.octets.count
        guard octets.count == size else {
            throw ControlFailure(.data, "\(name): \(octets.count) octets, the image of the card has \(size)")
        }
        do {
            try terminal.restore(octets)
        } catch let defect as ImageDefect {
            throw ControlFailure(.data, "\(name): \(defect)")
        }
        return SnapshotSummary(octets)
    }
}

extension SnapshotSummary {
    fileprivate init(_ image: [UInt8]) {
        octets = image.count
        sha256 = image.withUnsafeBytes { Hex.sha256($0) }
    }
}

/// What `status` shows: the card, and where it is.
private struct ReaderStatus: Encodable {
    let card: VPCDCard
    let terminal: ControlledTerminal

    private enum CodingKeys: CodingKey { case removed, connected }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(card.isRemoved, forKey: .removed)
        try container.encode(card.isConnected, forKey: .connected)
        try terminal.status().encode(to: encoder)
    }
}
