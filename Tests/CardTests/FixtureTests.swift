import Card
import Foundation
import Memory
import Octets
import Testing

/// The data of vectors/.
enum Vectors {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "vectors")

    static func octets(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: path)))
    }
}

/// A card on a copy of an image.
final class CopiedCard {
    let image: UnsafeMutableRawBufferPointer
    var card: Card
    private let response = UnsafeMutableRawBufferPointer.allocate(byteCount: Card.maximumResponseLength, alignment: 8)

    /// - Throws: the defect for which the card refuses the image, which must be as before then.
    init(_ octets: [UInt8]) throws(ImageDefect) {
        image = .allocate(byteCount: octets.count, alignment: 4_096)
        image.copyBytes(from: octets)
        do throws(ImageDefect) {
            card = try Card(image: image, environment: Environment(seed: [UInt8](repeating: 1, count: 48)))
        } catch {
            #expect(Data(image) == Data(octets))
            image.deallocate()
            response.deallocate()
            throw error
        }
    }

    deinit {
        image.deallocate()
        response.deallocate()
    }

    func send(_ command: String) -> String {
        let octets = Hex.octets(command) ?? []
        return Hex.string(response[0..<octets.withUnsafeBytes { card.transmit($0, into: response) }])
    }
}

/// The images in vectors/images, whose README says what is in them.
@Suite struct FixtureTests {
    @Test func theImageOfFormat1IsRead() throws {
        let octets = try Vectors.octets("images/format-1.0.img")
        #expect(octets.withUnsafeBytes { Card.defects(of: $0) } == [])
        let card = try CopiedCard(octets)
        for (command, response) in [
            ("00B0820000", "980010325476981032149000"), ("00B0850000", "6982"),
            ("0020000100", "63C2"), ("0020000A00", "63CA"),
            ("0020000108 30303030FFFFFFFF", "9000"), ("00B0850000", "656E66FFFFFF9000"),
            ("00B2010C05", "01020304059000"),
            ("00A4000C022F10", "9000"), ("00B2010403", "0000049000"), ("00B2020403", "0000039000"),
            ("00B2030403", "0000029000"),
            ("00A4000C022F12", "9000"), ("80CB00800180", "6105"), ("00C0000005", "80030102039000"),
            ("00A4080C047F206F01", "9000"), ("00B0003C08", "3C3D3E3F404142439000"), ("00B000C800", "6B00"),
            ("00A4080C047F206F02", "9000"), ("00B000C000", "C0C1C2C3C4C5C6C79000"),
            ("00A4040C0CA0000000871002FF49FF0589", "9000"),
        ] { #expect(card.send(command) == response, "\(command)") }
        #expect(card.card.system.memory.quota(of: Owner(number: 1)) == 8_192)
        #expect(card.card.system.memory.usage(of: Owner(number: 1)) == 384)
    }

    @Test(arguments: [("1.0", "65,536"), ("1.1", "131,072")])
    func itIsTheOneThatTheReadmeNames(format: String, size: String) throws {
        let readme = String(decoding: try Vectors.octets("images/README.md"), as: UTF8.self)
        let answer = try ImageReader.run(
            "print(json.dumps(hashlib.sha256(pathlib.Path(request).read_bytes()).hexdigest()))",
            Vectors.folder.appending(path: "images/format-\(format).img").path,
            as: String.self
        )
        #expect(readme.contains("| format-\(format).img | \(format) | \(size) | `\(answer)` |"))
    }

    @Test func theImageOfFormat1_1IsRead() throws {
        let octets = try Vectors.octets("images/format-1.1.img")
        #expect(octets.withUnsafeBytes { Card.defects(of: $0) }.filter { !$0.reason.isRemark } == [])
        let path = Vectors.folder.appending(path: "images/format-1.1.img").path
        #expect(try ImageReader.contents([path]).map(\.problems) == [[]])
        let card = try CopiedCard(octets)
        for (command, response) in [
            ("00A4000C022FE2", "9000"), ("00B000000A", "989909010000000000319000"),
            ("00A4040C08A000000151000000", "9000"), ("80CA0042", "420540123456789000"),
            // A session with the keys of version 30: its first sequence counter.
            ("8050300008 0102030405060708", "6120"),
            ("00A4040C08A000000559010101", "9000"), ("80503000080102030405060708", "6120"),
            ("00A4040C08A000000559010102", "6A82"),
        ] { #expect(card.send(command) == response, "\(command)") }
        #expect(card.card.system.memory.quota(of: Owner(number: 1)) == 8_192)
        #expect(card.card.system.memory.reserved(of: Owner(number: 1)) == 4_096)
    }

    /// What vectors/images/README.md makes the image of the last format with: it is written to the path that the
    /// environment variable names, if there is one.
    @Test func theCardMakesTheSameImageEachTime() throws {
        let package = try Vectors.octets("profiles/veuicc-default.der")
        let octets = try RegistryCard(size: 131_072, profile: package).octets
        #expect(try RegistryCard(size: 131_072, profile: package).octets == octets)
        if let path = ProcessInfo.processInfo.environment["VEUICC_FIXTURE"] {
            try Data(octets).write(to: URL(filePath: path))
        }
    }
}
