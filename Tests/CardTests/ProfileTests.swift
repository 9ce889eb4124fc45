import Card
import Foundation
import Memory
import Octets
import Testing

/// Packages of vectors/profiles, installed in a card.
@Suite struct ProfileTests {
    static let vectors = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "vectors/profiles")

    static let packages: [String] = {
        let folder = vectors.appending(path: "ts48")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".der") }.sorted().map { "ts48/" + $0 } + ["veuicc-default.der"]
    }()

    private func image() -> UnsafeMutableRawBufferPointer {
        let image = UnsafeMutableRawBufferPointer.allocate(byteCount: Geometry.defaultSize, alignment: 4_096)
        _ = Memory.format(image)
        return image
    }

    @Test func thePackagesAreThere() {
        #expect(Self.packages.count == 21)
    }

    // TS.48 version 1 demands a Java Card machine: runtime-not-supported (7), and nothing is left of it.
    @Test(arguments: packages)
    func aPackageInstallsOrLeavesTheImageAlone(name: String) throws {
        let octets = [UInt8](try Data(contentsOf: Self.vectors.appending(path: name)))
        for length in [1, 255, octets.count] {
            let image = image()
            defer { image.deallocate() }
            let before = [UInt8](image)
            var card = try Card(image: image, environment: Environment(seed: [UInt8](repeating: 0, count: 48)))
            let segments = stride(from: 0, to: octets.count, by: length)
                .map { [UInt8](octets[$0..<min($0 + length, octets.count)]) }
            let result = card.install(profilePackage: segments)
            let text = Hex.string(result.response)
            if name.hasPrefix("ts48/TS48v1_") {
                #expect(!result.isInstalled && text.contains("800107") && text.hasSuffix("8100"), "\(text)")
                #expect([UInt8](image) == before)
            } else {
                #expect(result.isInstalled && text.hasSuffix("3003800100"), "\(text)")
            }
        }
    }
}
