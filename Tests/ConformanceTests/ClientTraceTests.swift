import Card
import Foundation
import ImageFile
import Memory
import Octets
import Reader
import Testing

/// Sessions of real clients, recorded against another card: vectors/uicc/client-traces.json. The card here answers each
/// command with the same status word, and the same data where they are read from files or authenticate; FCP templates may
/// differ.
@Suite struct ClientTraceTests {
    private static func document() -> [String: Any] {
        let octets = (try? Vectors.octets("uicc/client-traces.json")) ?? []
        return (try? JSONSerialization.jsonObject(with: Data(octets))) as? [String: Any] ?? [:]
    }

    /// All but those of cards that answer otherwise on purpose, to show how a client fails.
    static let names = document().keys.filter { $0 != "notes" && !$0.contains("fails") }.sorted()

    @Test func theTracesAreThere() {
        #expect(Self.names.count == 9)
    }

    private func card() throws -> InProcessTerminal {
        let image = try CardImage(size: CardImage.defaultSize)
        _ = Memory.format(image.octets)
        var card = try Card(image: image.octets, environment: Environment(seed: []))
        let package = try Vectors.octets("profiles/ts48/TS48_V7.0_eSIM_GTP_SAIP2.3_BERTLV_SUCI.der")
        #expect(card.install(profilePackage: [package]).isInstalled)
        return InProcessTerminal(card, on: image)
    }

    @Test(arguments: names)
    func theCardAnswersWhatTheClientWasAnswered(name: String) throws {
        let card = try card()
        if name.contains("PIN1 enabled") {
            #expect(
                try card.transmit([0x00, 0x28, 0x00, 0x01, 0x08] + Array("0000".utf8) + [0xFF, 0xFF, 0xFF, 0xFF]) == [
                    0x90, 0x00,
                ]
            )
        }
        let steps = try #require(Self.document()[name] as? [Any])
        var announced: UInt8?
        // GET RESPONSE belongs to the command before it.
        var isPassedOver = false
        var isAuthentication = false
        for (number, step) in steps.enumerated() {
            if let event = step as? String {
                if event == "power on" { card.powerOn() } else { card.powerOff() }
                continue
            }
            let exchange = try #require(step as? [String])
            var command = try #require(Hex.octets(exchange[0]))
            let expected = try #require(Hex.octets(exchange[1]))
            let isGetResponse = command[1] == 0xC0
            if !isGetResponse {
                isAuthentication = command[1] == 0x88
                isPassedOver = Self.isAnotherCards(command, name)
            }
            if isPassedOver { continue }
            if isGetResponse, let announced { command[4] = announced }
            let answer = try card.transmit(command)
            let (status, wanted) = (answer.suffix(2), expected.suffix(2))
            announced = status.first == 0x61 ? status.last : nil
            let isSame = status.first == 0x61 && wanted.first == 0x61 || status.elementsEqual(wanted)
            #expect(isSame, "\(name), step \(number): \(exchange[0]): \(Hex.string(answer)), not \(exchange[1])")
            if [0xB0, 0xB2].contains(command[1]) || isAuthentication {
                #expect(answer == expected, "\(name), step \(number): \(exchange[0])")
            }
        }
    }

    /// What the recorded card answered otherwise, as it may: it had no class A0, took RETRIEVE DATA in class 00 for a
    /// command, in one session had other keys than its profile package says, and in one was ahead of the network.
    private static func isAnotherCards(_ command: [UInt8], _ name: String) -> Bool {
        command[0] == 0xA0 || command[..<2] == [0x00, 0xCB]
            || command[1] == 0x88
                && (name.contains("MILENAGE") || name.contains("resync"))
    }
}
