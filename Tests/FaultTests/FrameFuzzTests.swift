import Card
import Glibc
import ImageFile
import Octets
import Reader
import Testing

/// Random messages to a card on vpcd: cut, too long, several at a time. The card is there for the next reader.
@Suite struct FrameFuzzTests {
    @Test func theNextReaderHasTheCard() throws {
        let image = try CardImage(size: 131_072)
        let personalised = try Fixture.personalised()
        withExtendedLifetime(personalised) {
            image.octets.copyMemory(from: UnsafeRawBufferPointer(personalised.octets))
        }
        let environment = Environment(transmissionProtocol: .both, seed: [UInt8](repeating: 0x5A, count: 48))
        let card = try Card(image: image.octets, environment: environment)
        let answerToReset = card.answerToReset
        let service = try VPCDCard(serving: InProcessTerminal(card, on: image), at: VPCDEndpoint(port: 0), .listening)
        let scripted = try CommandGenerator.scripted()
        var (answered, cut) = (0, 0)
        try Setting.forEachSeed("messages", 150) { seed in
            var random = SeededGenerator(seed: seed)
            var generator = CommandGenerator(seed: seed, scripted: scripted)
            let reader = try FrameReader(service.endpoint.port)
            for _ in 0..<20 {
                guard !random.chance(12) else {
                    // A message that ends before its length says, or no message at all.
                    reader.send(
                        [random.octet(), random.octet()].prefix(1 + random.below(2)) + random.octets(random.below(200))
                    )
                    cut += 1
                    break
                }
                let message = Self.message(&generator, &random)
                reader.send([UInt8(message.count >> 8), UInt8(message.count & 0xFF)] + message)
                // Controls are not answered, but for the request for the answer to reset.
                if message.isEmpty || (message.count == 1 && [0, 1, 2].contains(message[0])) { continue }
                guard let response = reader.receive() else {
                    Issue.record("seed \(seed), \(Hex.string(message)): no answer")
                    return
                }
                if response.count < 2 { Issue.record("seed \(seed), \(Hex.string(message)): \(response)") }
                answered += 1
            }
            reader.close()
            let next = try FrameReader(service.endpoint.port)
            next.send([0x00, 0x01, 0x04])
            if next.receive() != answerToReset { Issue.record("seed \(seed): the card is gone") }
        }
        service.stopAtOnce()
        let hasEnded = try service.waitForEnd(milliseconds: 10_000)
        #expect(hasEnded)
        print("messages: \(answered) answered, \(cut) cut")
        #expect(answered > 0 && cut > 0)
    }

    private static func message(_ generator: inout CommandGenerator, _ random: inout SeededGenerator) -> [UInt8] {
        switch random.below(10) {
        case 0: []
        case 1: [random.pick([0x00, 0x01, 0x02, 0x04])]
        case 2: [random.pick([0x03, 0x05, 0x80, 0xFF])]
        case 3: random.octets(2 + random.below(2))
        case 4: random.chance(4) ? random.octets(random.pick([261, 4_000, 65_535])) : random.octets(300)
        default: generator.next()
        }
    }
}

/// The reader's end of a connection.
private final class FrameReader {
    private var descriptor: Int32

    init(_ port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        // Otherwise a message that follows one without an answer waits for the acknowledgement.
        var isOn: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0)
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    func send(_ octets: [UInt8]) {
        var sent = 0
        while sent < octets.count {
            let count = octets[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// The next message; nil where the card has closed the connection.
    func receive() -> [UInt8]? {
        guard let length = receive(2) else { return nil }
        return receive(Int(length[0]) << 8 | Int(length[1]))
    }

    private func receive(_ count: Int) -> [UInt8]? {
        var octets = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let received = octets.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress.map { $0 + filled }, count - filled, 0)
            }
            guard received > 0 else { return nil }
            filled += received
        }
        return octets
    }
}
