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

/// A card on an image in memory.
final class FaultCard {
    let image: Block
    var card: Card
    private let response = Block(size: Card.maximumResponseLength)

    /// A card on a copy of `image`.
    init(_ image: Block, _ transmissionProtocol: Environment.TransmissionProtocol = .t0) throws {
        self.image = Block(image)
        card = try Card(
            image: self.image.octets,
            environment: Environment(
                transmissionProtocol: transmissionProtocol,
                seed: [UInt8](repeating: 0x5A, count: 48)
            )
        )
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

    /// A card with the profile package `name`.
    static func personalised(_ name: String = defaultPackage, size: Int = 131_072) throws -> Block {
        let card = try FaultCard(empty(size: size))
        guard card.card.install(profilePackage: [try package(name)]).isInstalled else { throw Failure.notInstalled }
        return card.image
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
