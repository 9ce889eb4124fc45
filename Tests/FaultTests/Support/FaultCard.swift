import Card
import Foundation
import Memory
import Octets

/// Octets of a test that stay in place, freed with it.
final class Block {
    let octets: UnsafeMutableRawBufferPointer

    init(size: Int) {
        octets = .allocate(byteCount: size, alignment: 4_096)
    }

    /// A copy of `other`.
    convenience init(_ other: Block) {
        self.init(size: other.octets.count)
        copy(other)
    }

    deinit { octets.deallocate() }

    func copy(_ other: Block) {
        octets.copyMemory(from: UnsafeRawBufferPointer(other.octets))
    }

    func equals(_ other: Block) -> Bool {
        guard let own = octets.baseAddress, let others = other.octets.baseAddress else { return false }
        return octets.count == other.octets.count && memcmp(own, others, octets.count) == 0
    }
}

extension Block {
    /// The image without the session that is suspended in it; nil where none is.
    func withoutSuspendedSession() -> Block? {
        let image = Block(self)
        guard var memory = try? Memory(mounting: image.octets),
            let session = memory.firstObject(of: .suspendedSession)
        else { return nil }
        do throws(StatusWord) { try memory.free(session) } catch { return nil }
        memory.commit()
        return image
    }
}

extension Block {
    /// The image with the authentications counted as in `other`, and nothing else of it; nil where that changes nothing.
    func withCounts(of other: Block) -> Block? {
        let image = Block(self)
        guard let memory = try? Memory(mounting: image.octets) else { return nil }
        var next = memory.firstObject(of: .authenticationParameters)
        while let object = next {
            // docs/memory-image.md section 7.3.
            for index in 369..<372 where index < memory.length(of: object) {
                let place = memory.imageOffset(of: object, at: index)
                image.octets[place] = other.octets[place]
            }
            next = memory.firstObject(of: .authenticationParameters, from: object.page + 1)
        }
        return image.equals(self) ? nil : image
    }
}

extension Block {
    /// The image with the sequence counters and failed authentications of key sets as in `other`, and nothing else of it;
    /// nil where that changes nothing.
    func withSessionCounters(of other: Block) -> Block? {
        let image = Block(self)
        guard let memory = try? Memory(mounting: image.octets) else { return nil }
        var next = memory.firstObject(of: .keySet)
        while let object = next {
            // docs/memory-image.md section 7.7.
            for index in 11..<16 {
                let place = memory.imageOffset(of: object, at: index)
                image.octets[place] = other.octets[place]
            }
            next = memory.firstObject(of: .keySet, from: object.page + 1)
        }
        return image.equals(self) ? nil : image
    }
}

/// A card on an image in memory.
final class FaultCard {
    let image: Block
    var card: Card
    private let response = Block(size: Card.maximumResponseLength)

    /// A card on a copy of `image`.
    ///
    /// - Parameter synchronize: called at each commit.
    init(
        _ image: Block,
        _ transmissionProtocol: Environment.TransmissionProtocol = .t0,
        synchronize: (() -> Void)? = nil
    ) throws {
        self.image = Block(image)
        card = try Card(
            image: self.image.octets,
            environment: Environment(
                transmissionProtocol: transmissionProtocol,
                seed: [UInt8](repeating: 0x5A, count: 48),
                synchronize: synchronize
            )
        )
    }

    /// `command`, with the token of the suspended session in place of one of zeros.
    func filled(_ command: [UInt8]) -> [UInt8] {
        guard command == FaultCard.resumption, let session = card.system.memory.firstObject(of: .suspendedSession)
        else { return command }
        return command.prefix(5) + card.system.memory.head(of: session, count: 8).array
    }

    /// SUSPEND UICC that resumes, for `filled`.
    static let resumption: [UInt8] = [0x80, 0x76, 0x01, 0x00, 0x08] + [UInt8](repeating: 0, count: 8)

    /// Gives the MF, or a DF, codes.
    fileprivate func createCodes(
        _ entries: [UInt8],
        areUnblocking: Bool = false,
        for context: ObjectReference
    ) throws {
        try entries.withView { (view) throws(StatusWord) in
            try card.system.createCodes(entries: view, areUnblocking: areUnblocking, for: context, sharedWith: nil)
        }
    }

    /// Gives the USIM a limit of authentications, 65,536: docs/memory-image.md section 7.3.
    fileprivate func countAuthentications() throws {
        var next = card.system.memory.firstObject(of: .authenticationParameters)
        while let object = next {
            if card.system.memory.length(of: object) == 453 {
                for (index, value) in [(13, [0x01, 0x00, 0x00]), (369, [0x00, 0x00, 0x00])] as [(Int, [UInt8])] {
                    try value.withView { (view) throws(StatusWord) in
                        try card.system.memory.write(object, at: index, view)
                    }
                }
            }
            next = card.system.memory.firstObject(of: .authenticationParameters, from: object.page + 1)
        }
    }

    /// The response APDU; empty where the power failed.
    func send(_ command: [UInt8]) -> [UInt8] {
        let length = command.withUnsafeBytes { card.transmit($0, into: response.octets) }
        return [UInt8](response.octets[0..<length])
    }
}

/// Images and packages that the tests begin with.
enum Fixture {
    /// The tests' folder, and the folder of the vectors.
    static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    static let vectors = tests.deletingLastPathComponent().deletingLastPathComponent().appending(path: "vectors")
    static let defaultPackage = "veuicc-default"
    static let testPackage = "ts48/TS48v5_SAIP2.3_BERTLV_SUCI"

    static func package(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: vectors.appending(path: "profiles/\(name).der")))
    }

    /// An empty image.
    static func empty(size: Int = 131_072) -> Block {
        let image = Block(size: size)
        _ = Memory.format(image.octets)
        return image
    }

    /// A card as the factory makes it, with an issuer security domain and no profile.
    static func manufactured(size: Int = 131_072) throws -> Block {
        let card = try FaultCard(empty(size: size))
        try card.card.manufacture(FactoryConfiguration())
        return card.image
    }

    /// A card with the default profile package, and with PINs that no package of the tests has: the universal one, 11,
    /// is 77777777; 82 is one of DF.PHONEBOOK alone, and is 8888. Their unblocking codes are those of PIN 01 and 44444444.
    /// The authentications of its USIM are counted.
    static func personalised(size: Int = 131_072) throws -> Block {
        let card = try FaultCard(empty(size: size))
        guard card.card.install(profilePackage: [try package(defaultPackage)]).isInstalled,
            let masterFile = card.card.system.memory.firstObject(of: .file),
            let telecom = card.card.child(of: masterFile, fileIdentifier: 0x7F10),
            let phonebook = card.card.child(of: telecom, fileIdentifier: 0x5F3A),
            let codes = card.card.system.memory.firstObject(of: .pinCodes)
        else { throw Failure.notInstalled }
        let length = card.card.system.memory.length(of: codes)
        let known = try card.card.system.memory.withContent(codes, at: 0, count: length) {
            (octets) throws(StatusWord) in octets.array
        }
        guard known.starts(with: [0, 0] + [UInt8(masterFile.page >> 8), UInt8(masterFile.page & 0xFF)]) else {
            throw Failure.notInstalled
        }
        let universal = entry(0x11, unblockedBy: 0x01, [UInt8](repeating: 0x37, count: 8))
        try card.card.system.memory.free(codes)
        try card.createCodes(known.dropFirst(8) + universal, for: masterFile)
        let own = entry(0x82, unblockedBy: 0x02, [0x38, 0x38, 0x38, 0x38, 0xFF, 0xFF, 0xFF, 0xFF])
        let unblocking = [0x02, 0x00, 0xAA, 0x00, 0x00, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 0x34, count: 8)
        try card.createCodes(own, for: phonebook)
        try card.createCodes(unblocking, areUnblocking: true, for: phonebook)
        try card.countAuthentications()
        card.card.system.memory.commit()
        return card.image
    }

    /// The entry of an enabled PIN: docs/memory-image.md section 7.2.
    private static func entry(_ reference: UInt8, unblockedBy code: UInt8, _ value: [UInt8]) -> [UInt8] {
        [reference, 0x07, 0x33, code, 0x00, 0xFF, 0xFF, 0xFF] + value
    }

    enum Failure: Error { case notInstalled }
}

/// A generator whose numbers depend on its seed only: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(max(limit, 1))) }
    mutating func octet() -> UInt8 { UInt8(truncatingIfNeeded: next() >> 24) }
    mutating func octets(_ count: Int) -> [UInt8] { (0..<count).map { _ in octet() } }
    /// One chance in `of`.
    mutating func chance(_ of: Int) -> Bool { below(of) == 0 }
    mutating func pick<Element>(_ list: [Element]) -> Element { list[below(list.count)] }
}
