import Card
import Foundation
import ImageFile
import Memory
import Octets
import Testing

@testable import Reader

/// A card of the default package in service, with a control socket, and what reaches both.
final class ControlledService {
    static let seed = [UInt8](repeating: 0x5A, count: 48)
    /// The image of a factory-fresh card.
    static let fresh: [UInt8] = {
        let image = UnsafeMutableRawBufferPointer.allocate(byteCount: 131_072, alignment: 4_096)
        defer { image.deallocate() }
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "vectors/profiles/veuicc-default.der")
        guard Memory.format(image), let octets = try? Data(contentsOf: package),
            var card = try? Card(image: image, environment: Environment(seed: []))
        else { return [] }
        return card.install(profilePackage: [[UInt8](octets)]).isInstalled ? [UInt8](image) : []
    }()

    let directory: String
    let events = Log()
    private(set) var cards: [VPCDCard] = []
    private(set) var terminals: [ControlledTerminal] = []
    private let server: ControlServer
    private let listener: RawListener?
    private let client: ControlClient

    var imagePath: String { directory + "/card.img" }
    var socketPath: String { directory + "/s" }

    /// Cards on image files of their own, which listen or connect to one reader.
    init(count: Int = 1, _ role: VPCDCard.Role = .listening) throws {
        // Short, since the name of a socket has room for 107 octets.
        directory = "/tmp/veuicc-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        listener = role == .connecting ? try RawListener() : nil
        server = try ControlServer(at: directory + "/s")
        let events = events
        for index in 0..<count {
            let path = index == 0 ? directory + "/card.img" : directory + "/card\(index).img"
            try Self.fresh.withUnsafeBytes { try CardImage.create(file: path, contents: $0) }
            let image = try CardImage(file: path)
            let terminal = try ControlledTerminal(on: image, Environment(seed: Self.seed))
            let endpoint = listener?.endpoint ?? VPCDEndpoint(port: 0)
            cards.append(try VPCDCard(serving: terminal, at: endpoint, role, observer: { events.append(word($0)) }))
            terminals.append(terminal)
        }
        try server.serve(zip(terminals, cards).map { ControlledCard($0, in: $1) })
        client = try ControlClient(connectingTo: directory + "/s")
    }

    deinit {
        server.stop()
        for card in cards {
            card.stop()
            _ = try? card.waitForEnd(milliseconds: 10_000)
        }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// The next reader of the first card.
    func reader() throws -> RawReader {
        try listener.map { try RawReader($0) } ?? RawReader(to: cards[0].endpoint)
    }

    /// What a request is answered.
    func ask(_ request: String) throws -> [String: Any] {
        let answer = try JSONSerialization.jsonObject(with: Data(client.ask(request).utf8))
        return try #require(answer as? [String: Any])
    }

    /// Carries a request out.
    @discardableResult
    func control(_ request: String) throws -> [String: Any] {
        let answer = try ask(request)
        #expect(answer["ok"] as? Bool == true, "\(request): \(answer)")
        return answer
    }

    /// The kind and the reason of a request that is refused.
    func refusal(_ request: String) throws -> (kind: String?, reason: String?) {
        let answer = try ask(request)
        #expect(answer["ok"] as? Bool == false, "\(request): \(answer)")
        return (answer["kind"] as? String, answer["error"] as? String)
    }

    /// The image as it is in the file.
    func image() throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: imagePath))) }
}

extension RawReader {
    /// The answer to a command in hexadecimal.
    func transmit(_ command: String) -> String? { ask(Hex.octets(command) ?? []).map { Hex.string($0) } }
}
