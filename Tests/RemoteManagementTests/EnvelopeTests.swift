import Octets
import Testing

@testable import RemoteManagement

/// Command packets through the interface of the card: ENVELOPE, FETCH, TERMINAL RESPONSE.
struct EnvelopeTests {
    private static let origin = "05812143F5"

    private func envelope(_ packet: [UInt8]) -> String {
        let userData = "027000" + Hex.string(packet)
        let tpdu = "40" + Self.origin + "7FF6" + "26112400000000" + Hex.string([UInt8(userData.count / 2)]) + userData
        let objects = "82028381" + "8B" + RemoteCard.field(tpdu)
        let data = "D1" + RemoteCard.field(objects)
        return "80C20000" + Hex.string([UInt8(data.count / 2)]) + data
    }

    private func host(_ counter: UInt64, _ responseParameters: UInt8) -> PacketHost {
        var host = PacketHost()
        (host.reference, host.counter, host.responseParameters) = (RemoteCard.fullFiles, counter, responseParameters)
        return host
    }

    private static let script = "00A40000026F07" + "00B0000009"
    private static let result = "029000080910100000000010"

    @Test func theReportComesWithTheAnswer() throws {
        let card = try RemoteCard()
        let host = host(1, 0x19)
        // Something is selected, which stays.
        #expect(try card.send("00A4000C023F00") == "9000")
        let answer = try card.send(envelope(try host.packet(Self.script)))
        #expect(answer.hasSuffix("9000"))
        let response = try host.open(try #require(Hex.octets(String(answer.dropLast(4)))))
        #expect(response.status == 0x00 && response.data == Self.result)
        // Replayed.
        let again = try card.send(envelope(try host.packet(Self.script)))
        #expect(try host.open(try #require(Hex.octets(String(again.dropLast(4))))).status == 0x02)
    }

    @Test func silenceIs9000() throws {
        let card = try RemoteCard()
        var host = host(1, 0x19)
        host.integrity[3] ^= 0x01
        #expect(try card.send(envelope(try host.packet(Self.script))) == "9000")
        host = self.host(1, 0x18)
        #expect(try card.send(envelope(try host.packet(Self.script))) == "9000")
        #expect(try card.keySet(RemoteCard.aesVersion).packetCounter == 1)
    }

    @Test func responsesAreFetchedAndSent() throws {
        let card = try RemoteCard()
        let host = host(1, 0x39)
        #expect(try card.send("8010000020" + String(repeating: "FF", count: 32)) == "9000")
        let announced = try card.send(envelope(try host.packet(Self.script)))
        #expect(announced.hasPrefix("91"))
        let command = try card.send("80120000" + announced.suffix(2))
        #expect(command.hasPrefix("D0") && command.hasSuffix("9000"))
        let octets = try #require(Hex.octets(String(command.dropLast(4))))
        let packet = try #require(octets.indices.first { Array(octets[$0...].prefix(3)) == [0x02, 0x71, 0x00] })
        let response = try host.open(Array(octets[packet...]))
        #expect(response.status == 0x00 && response.data == Self.result)
        let number = command.dropFirst(8).prefix(2)
        #expect(try card.send("801400000C8103" + number + "1300" + "82028281" + "830100") == "9000")
    }

    @Test func scriptsSendProactiveCommands() throws {
        let card = try RemoteCard()
        let host = host(1, 0x18)
        #expect(try card.send("8010000020" + String(repeating: "FF", count: 32)) == "9000")
        // MORE TIME, where a command fails; the script goes on.
        let script = "AA1B" + "8209810301020082028182" + "220500B0000009" + "220700A40000026F07"
        let answer = try card.send(envelope(try host.packet(script)))
        #expect(answer.hasPrefix("91"))
        #expect(try card.send("80120000" + answer.suffix(2)).hasSuffix("9000"))
    }
}
