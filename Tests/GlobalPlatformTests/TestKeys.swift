import CardCrypto
import CardOS
import GlobalPlatform
import Octets

/// The keys of a security domain, in memory, with random octets that are known.
struct TestKeys: KeySource {
    struct Entry {
        let type: KeyType
        var curve: Curve?
        let octets: [UInt8]
    }

    var entries: [KeyReference: Entry] = [:]
    var channels: [UInt8: SecureChannelProtocol] = [:]
    var counters: [UInt8: UInt32] = [:]
    /// Failed authentications in a row, and how many block.
    var failures: [UInt8: Int] = [:]
    var limit = Int.max
    var aid: [UInt8] = octets("A000000151000000")
    var diversification = [UInt8](repeating: 0, count: 10)
    var random: [UInt8] = []
    var defaultVersion: UInt8?

    /// The keys ENC, MAC and DEK of a version.
    mutating func add(_ version: UInt8, _ channel: SecureChannelProtocol, _ keys: [[UInt8]]) {
        var type = KeyType.aes
        if case .scp02 = channel { type = .des }
        for (number, key) in keys.enumerated() {
            entries[KeyReference(version: version, identifier: UInt8(number + 1))] = Entry(type: type, octets: key)
        }
        channels[version] = channel
        defaultVersion = defaultVersion ?? version
    }

    func secureChannel(of version: UInt8) -> SecureChannelProtocol? { channels[version] }

    func withKey<Result: ~Copyable>(
        _ reference: KeyReference,
        _ body: (Key) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        guard let entry = entries[reference] else { throw .referencedDataNotFound }
        let copy = SecretOctets(count: entry.octets.count)
        for (index, octet) in entry.octets.enumerated() { copy.buffer[index] = octet }
        return try body(Key(entry.type, curve: entry.curve, copy.view))
    }

    func sequenceCounter(of version: UInt8) throws(StatusWord) -> UInt32 { counters[version] ?? 0 }

    mutating func setSequenceCounter(_ value: UInt32, of version: UInt8) throws(StatusWord) {
        counters[version] = value
    }

    func isBlocked(_ version: UInt8) -> Bool { failures[version, default: 0] >= limit }

    mutating func countAuthentication(with version: UInt8) throws(StatusWord) {
        guard !isBlocked(version) else { throw .authenticationMethodBlocked }
        failures[version, default: 0] += 1
    }

    mutating func forgetFailedAuthentications(with version: UInt8) throws(StatusWord) { failures[version] = 0 }

    func withSelectedAID<Result: ~Copyable>(
        _ body: (OctetView) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        let copy = SecretOctets(count: aid.count)
        for (index, octet) in aid.enumerated() { copy.buffer[index] = octet }
        return try body(copy.view)
    }

    func appendDiversificationData(to response: inout OctetWriter) {
        for octet in diversification { response.append(octet) }
    }

    mutating func fillRandom(_ octets: UnsafeMutableRawBufferPointer) throws(StatusWord) {
        for index in 0..<octets.count { octets[index] = random.isEmpty ? UInt8(index + 1) : random.removeFirst() }
    }
}

/// A card that does nothing but hold a secure channel session.
final class CardSide {
    var session = SecureChannelSession()
    var keys: TestKeys
    /// What the application answers.
    var answer: (data: [UInt8], status: StatusWord) = ([], .success)
    /// The command that the application was given last, without Le.
    var received: [UInt8]?

    init(_ keys: TestKeys) { self.keys = keys }

    /// Sends a command; the response ends with the status word.
    func send(_ command: [UInt8]) -> [UInt8] {
        received = nil
        let scratch = SecretOctets(count: 65_536)
        let room = SecretOctets(count: 65_536)
        var response = OctetWriter(room.buffer)
        var status = StatusWord.success
        do throws(StatusWord) {
            try command.withView { (command) throws(StatusWord) in
                let command = try CommandAPDU(command, allowsExtended: true)
                switch try session.receive(command, from: &keys, scratch: scratch.buffer, into: &response) {
                case .answered(let own): status = own
                case .command(let plain):
                    received = [plain.cla, plain.ins, plain.p1, plain.p2]
                    received? += plain.data.isEmpty ? [] : [UInt8(truncatingIfNeeded: plain.data.count)]
                    received? += plain.data.array
                    status = answer.status
                    let data = answer.data
                    try data.withView { (data) throws(StatusWord) in
                        try session.wrap(data, status: status, into: &response)
                    }
                }
            }
        } catch {
            response.truncate(to: 0)
            status = error
        }
        return response.view.array + [status.sw1, status.sw2]
    }

    func send(_ command: String) -> String { hex(send(octets(command))) }
}
