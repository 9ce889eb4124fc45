import CardCrypto
import CardOS
import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// A card with a security domain in its image.
final class TestDomain {
    let image: UnsafeMutableRawBufferPointer
    var uicc: UICC
    let domain: ObjectReference
    var selectedAID = aid
    var session = SecureChannelSession()
    var groups = KeyDataGroups()
    /// Where commands are deciphered.
    let scratch = SecretOctets(count: 4_096)
    var isPending: Bool { groups.isPending }
    static let aid: [UInt8] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00]

    /// A card with an issuer security domain, or with one that another one stands above, whose owner has a quota.
    init(isIssuer: Bool = true, quota: UInt32? = nil) throws {
        image = .allocate(byteCount: 65_536, alignment: 4_096)
        try #require(Memory.format(image))
        var memory = try Memory(mounting: image)
        let owner = try memory.createOwner(parent: .card, quota: quota)
        var entry = RegistryEntryContent(
            kind: .application,
            lifeCycle: .initialized,
            privileges: .securityDomain,
            program: .securityDomain,
            owner: owner
        )
        let above = try Self.aid.withView { (aid) throws(StatusWord) in
            try memory.createEntry(entry, aid: aid, attributes: .empty)
        }
        if isIssuer {
            domain = above
        } else {
            entry.securityDomain = above
            let octets = Self.aid + [0x01]
            domain = try octets.withView { (aid) throws(StatusWord) in
                try memory.createEntry(entry, aid: aid, attributes: .empty)
            }
        }
        memory.commit()
        uicc = UICC(memory: memory, responseRule: .immediate, seed: [UInt8](repeating: 0x5A, count: 48))
    }

    /// The card of an image, with the security domain `domain`.
    init(_ octets: [UInt8], _ domain: ObjectReference) throws {
        image = .allocate(byteCount: octets.count, alignment: 4_096)
        image.copyBytes(from: octets)
        self.domain = domain
        let memory = try Memory(mounting: image)
        uicc = UICC(memory: memory, responseRule: .immediate, seed: [UInt8](repeating: 0x5A, count: 48))
    }

    deinit { image.deallocate() }

    var content: [UInt8] { [UInt8](image) }

    /// Whether `octets` stand somewhere in the image.
    func holds(_ octets: [UInt8]) -> Bool {
        octets.withView { pattern in
            OctetView(UnsafeRawBufferPointer(image)).firstIndex(of: pattern) != nil
        }
    }

    /// Puts keys with identifiers from 1 on.
    func put(
        _ version: UInt8,
        _ type: KeyType,
        _ keys: [[UInt8]],
        from identifier: UInt8 = 1,
        _ mode: KeyPutting = .adding,
        options: SecureChannelOptions = SecureChannelOptions()
    ) throws(StatusWord) {
        var list = KeyList(capacity: 4_096)
        for (number, key) in keys.enumerated() {
            key.withView { list.append(identifier + UInt8(number), type, $0) }
        }
        try change { (memory) throws(StatusWord) in
            try memory.putKeys(list, version: version, mode, in: self.domain, options)
        }
    }

    func delete(identifier: UInt8? = nil, version: UInt8? = nil) throws(StatusWord) {
        try change { (memory) throws(StatusWord) in
            try memory.deleteKeys(identifier: identifier, version: version, of: self.domain)
        }
    }

    /// What a handler does: committed, or rolled back where it throws.
    func change(_ body: (inout Memory) throws(StatusWord) -> Void) throws(StatusWord) {
        do throws(StatusWord) {
            try body(&uicc.memory)
        } catch {
            uicc.memory.rollBack()
            throw error
        }
        uicc.memory.commit()
    }

    func withKeys<Result>(
        _ body: (inout SecurityDomainKeys) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        let room = SecretOctets(count: selectedAID.count)
        selectedAID.withView { $0.copy(to: room.buffer) }
        return try SecurityDomainKeys.with(&uicc, domain: domain, selectedAID: room.view, body)
    }

    /// The octets of a key; nil where there is none.
    func key(_ version: UInt8, _ identifier: UInt8) -> [UInt8]? {
        do throws(StatusWord) {
            return try uicc.memory.withKey(KeyReference(version: version, identifier: identifier), of: domain) {
                (key) throws(StatusWord) in key.key?.octets.array
            }
        } catch { return nil }
    }

    func keySet(_ version: UInt8) -> KeySet? { uicc.memory.keySet(version, of: domain) }

    var defaultVersion: UInt8? { uicc.memory.defaultKeySet(of: domain)?.version }

    /// The versions that there are, in their order.
    var versions: [UInt8] {
        var versions: [UInt8] = []
        _ = uicc.memory.firstKeySet(of: domain) { set in
            versions.append(set.version)
            return false
        }
        return versions
    }

    var keyInformation: String {
        let room = SecretOctets(count: 4_096)
        var writer = OctetWriter(room.buffer)
        do throws(StatusWord) {
            try uicc.memory.appendKeyInformation(of: domain, to: &writer)
        } catch { return "\(error)" }
        return hex(writer.view.array)
    }

    /// Sends a command; the response ends with the status word. The application has PUT KEY, DELETE [key] and, with the
    /// DGI in P1 and P2, STORE DATA.
    func send(_ command: [UInt8]) -> [UInt8] {
        let room = SecretOctets(count: 4_096)
        var response = OctetWriter(room.buffer)
        var status = StatusWord.success
        do throws(StatusWord) {
            try command.withView { (command) throws(StatusWord) in
                let command = try CommandAPDU(command, allowsExtended: true)
                let received = try withKeys { (keys) throws(StatusWord) in
                    try session.receive(command, from: &keys, scratch: scratch.buffer, into: &response)
                }
                switch received {
                case .answered(let own): status = own
                case .command(let plain):
                    let data = SecretOctets(count: 4_096)
                    var answer = OctetWriter(data.buffer)
                    status = run(plain, into: &answer)
                    try session.wrap(answer.view, status: status, into: &response)
                }
            }
        } catch {
            response.truncate(to: 0)
            status = error
            uicc.memory.rollBack()
        }
        return response.view.array + [status.sw1, status.sw2]
    }

    func send(_ command: String) -> String { hex(send(GlobalPlatformTests.octets(command))) }

    private func run(_ command: CommandAPDU, into answer: inout OctetWriter) -> StatusWord {
        do throws(StatusWord) {
            try change { (memory) throws(StatusWord) in
                switch command.ins {
                case 0xD8:
                    try self.session.withDataEncryptionKey { (key) throws(StatusWord) in
                        try KeyManagement.putKey(
                            command,
                            &memory,
                            domain: self.domain,
                            key,
                            SecureChannelOptions(),
                            into: &answer
                        )
                    }
                case 0xE4: try KeyManagement.deleteKey(command.data, &memory, domain: self.domain)
                case 0xE2:
                    try self.session.withDataEncryptionKey { (key) throws(StatusWord) in
                        try self.groups.store(
                            command.p1p2,
                            command.data,
                            in: &memory,
                            domain: self.domain,
                            key,
                            SecureChannelOptions()
                        )
                    }
                default: break
                }
            }
            return .success
        } catch {
            answer.truncate(to: 0)
            return error
        }
    }

    /// Opens a session of SCP03 or SCP02 at level 01.
    func open(_ channel: SecureChannelProtocol, _ version: UInt8, _ keys: [[UInt8]]) throws -> Host {
        let host = Host(channel, version: version, keys: keys)
        try #require(host.take(send(host.initializeUpdate())))
        try #require(hex(send(host.externalAuthenticate(0x01))) == "9000")
        return host
    }
}

/// The status word that `body` throws; 9000 where it throws none.
func status(_ body: () throws(StatusWord) -> Void) -> StatusWord {
    do throws(StatusWord) {
        try body()
        return .success
    } catch { return error }
}

/// Three keys of 16 octets.
func threeKeys(_ first: UInt8) -> [[UInt8]] {
    (0..<3).map { number in (0..<16).map { first &+ UInt8(number * 16 + $0) } }
}
