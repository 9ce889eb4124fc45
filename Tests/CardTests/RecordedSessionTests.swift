import Card
import Foundation
import Memory
import Octets
import Testing

/// Sessions of real clients, replayed: vectors/uicc/pysim-shell.tsv.
@Suite struct RecordedSessionTests {
    /// A card with the TS.48 v7.0 package of the recording.
    private func card(in image: UnsafeMutableRawBufferPointer) throws -> Card {
        _ = Memory.format(image)
        let path = "ts48/TS48_V7.0_eSIM_GTP_SAIP2.3_BERTLV_SUCI.der"
        let package = [UInt8](try Data(contentsOf: ProfileTests.vectors.appending(path: path)))
        var card = try Card(image: image, environment: Environment(seed: [UInt8](repeating: 0, count: 48)))
        #expect(card.install(profilePackage: [package]).isInstalled)
        return card
    }

    @Test func pySimShellGetsTheSameAnswers() throws {
        let image = UnsafeMutableRawBufferPointer.allocate(byteCount: Geometry.defaultSize, alignment: 4_096)
        let response = UnsafeMutableRawBufferPointer.allocate(byteCount: Card.maximumResponseLength, alignment: 8)
        defer {
            image.deallocate()
            response.deallocate()
        }
        var card = try card(in: image)
        let path = ProfileTests.vectors.deletingLastPathComponent().appending(path: "uicc/pysim-shell.tsv")
        let lines = try String(contentsOf: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 207)
        for (number, line) in lines.enumerated() {
            let fields = line.split(separator: "\t")
            guard fields.count == 2 else {
                #expect(line == "reset")
                card.warmReset()
                continue
            }
            let command = try #require(Hex.octets(String(fields[0])))
            let length = command.withUnsafeBytes { card.transmit($0, into: response) }
            let answer = Hex.string(response[0..<length])
            let isExpected =
                answer.count == fields[1].count && zip(answer, fields[1]).allSatisfy { $0 == $1 || $1 == "?" }
            #expect(isExpected, "line \(number + 1): \(line): \(answer)")
        }
    }
}
