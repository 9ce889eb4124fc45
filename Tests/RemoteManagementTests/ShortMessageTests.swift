import Foundation
import Octets
import Testing

@testable import RemoteManagement

/// Command packets in short messages: TS 31.115 clause 4.
struct ShortMessageTests {
    private static let origin = "05812143F5"
    private static let script = "00A40000026F07" + "00B0000009"

    /// An SMS-DELIVER with user data.
    private static func deliver(
        _ userData: [UInt8],
        first: String = "40",
        origin: String = origin,
        coding: String = "7FF6"
    ) -> [UInt8] {
        (Hex.octets(first + origin + coding + "26112400000000") ?? []) + [UInt8(userData.count)] + userData
    }

    /// A packet in parts of so many octets.
    private static func parts(
        of packet: [UInt8],
        _ size: Int,
        reference: UInt8 = 0x2A,
        origin: String = origin,
        isLong: Bool = false
    ) -> [[UInt8]] {
        let total = (packet.count + size - 1) / size
        return (0..<total).map { index in
            let part = packet[index * size..<min(packet.count, (index + 1) * size)]
            let place = [UInt8(total), UInt8(index + 1)]
            let element: [UInt8] = isLong ? [0x08, 0x04, 0x01, reference] + place : [0x00, 0x03, reference] + place
            let header = (index == 0 ? [0x70, 0x00] : []) + element
            return deliver([UInt8(header.count)] + header + part, origin: origin)
        }
    }

    private func host(_ counter: UInt64 = 1) -> PacketHost {
        var host = PacketHost()
        host.reference = RemoteCard.fullFiles
        host.counter = counter
        return host
    }

    private func isExecuted(_ report: [UInt8], by host: PacketHost) throws -> Bool {
        guard !report.isEmpty else { return false }
        let response = try host.open(report)
        return response.status == 0x00 && response.data == "029000080910100000000010"
    }

    @Test func onePart() throws {
        let card = try RemoteCard()
        let host = host()
        let message = Self.deliver([0x02, 0x70, 0x00] + (try host.packet(Self.script)))
        let answer = card.receive(shortMessage: message)
        #expect(try isExecuted(answer.report, by: host))
        #expect(answer.submits.isEmpty)
    }

    @Test(arguments: [false, true])
    func partsInAnyOrderSomeTwice(isLong: Bool) throws {
        for order in [[0, 1, 2], [2, 1, 0], [1, 1, 0, 0, 2], [2, 0, 2, 1]] {
            let card = try RemoteCard()
            let host = host()
            let parts = Self.parts(of: try host.packet(Self.script), 20, isLong: isLong)
            try #require(parts.count == 3)
            for index in order.dropLast() { #expect(card.receive(shortMessage: parts[index]).report.isEmpty) }
            #expect(try isExecuted(card.receive(shortMessage: parts[order[order.count - 1]]).report, by: host))
            // Again: the counter has been used.
            var again: [UInt8] = []
            for part in parts { again = card.receive(shortMessage: part).report }
            #expect(try host.open(again).status == 0x02)
        }
    }

    @Test func messagesOfOthersAreApart() throws {
        let card = try RemoteCard()
        let (one, other) = (host(1), host(2))
        let first = Self.parts(of: try one.packet(Self.script), 30)
        let second = Self.parts(of: try other.packet(Self.script), 30, origin: "0581214365")
        let third = Self.parts(of: try host(3).packet(Self.script), 30, isLong: true)
        _ = card.receive(shortMessage: first[0])
        _ = card.receive(shortMessage: second[0])
        _ = card.receive(shortMessage: third[0])
        #expect(try isExecuted(card.receive(shortMessage: first[1]).report, by: one))
        #expect(try isExecuted(card.receive(shortMessage: second[1]).report, by: other))
        #expect(try isExecuted(card.receive(shortMessage: third[1]).report, by: host(3)))
    }

    @Test func theOldestGoesWhereThereIsNoRoom() throws {
        let card = try RemoteCard()
        let parts = try (0...ConcatenatedMessages.capacity).map { number in
            Self.parts(of: try host(UInt64(number + 1)).packet(Self.script), 30, reference: UInt8(number))
        }
        for message in parts { _ = card.receive(shortMessage: message[0]) }
        // In the place of the second one, which goes now, nothing is executed.
        #expect(card.receive(shortMessage: parts[0][1]).report.isEmpty)
        #expect(card.receive(shortMessage: parts[1][1]).report.isEmpty)
        let last = ConcatenatedMessages.capacity
        #expect(try isExecuted(card.receive(shortMessage: parts[last][1]).report, by: host(UInt64(last + 1))))
    }

    @Test func aMessageIsGivenUpAfterManyOthers() throws {
        let card = try RemoteCard()
        let host = host()
        let parts = Self.parts(of: try host.packet(Self.script), 30)
        let other = Self.parts(of: [UInt8](repeating: 0, count: 40), 30, reference: 0x77)
        for count in [ConcatenatedMessages.lifetime - 1, ConcatenatedMessages.lifetime] {
            _ = card.receive(shortMessage: parts[0])
            for _ in 0..<count { _ = card.receive(shortMessage: other[0]) }
            let report = card.receive(shortMessage: parts[1]).report
            #expect(report.isEmpty == (count == ConcatenatedMessages.lifetime))
        }
    }

    @Test func otherMessagesAreDropped() throws {
        let card = try RemoteCard()
        let packet = try host().packet(Self.script)
        let whole = [0x02, 0x70, 0x00] + packet
        for message in [
            Self.deliver(whole, first: "00"), Self.deliver(whole, first: "41"), Self.deliver(whole, coding: "7F00"),
            Self.deliver([0x00] + packet), Self.deliver([0x02, 0x71, 0x00] + packet), Self.deliver([0x03, 0x70, 0x00]),
            Self.deliver([0x07, 0x70, 0x00, 0x00, 0x03, 0x01, 0x00, 0x00] + packet),
            Self.deliver([0x07, 0x70, 0x00, 0x00, 0x03, 0x01, 0x01, 0x02] + packet),
            Self.deliver([0x06, 0x70, 0x00, 0x00, 0x02, 0x01, 0x01] + packet), [],
        ] {
            let answer = card.receive(shortMessage: message)
            #expect(answer.report.isEmpty && answer.submits.isEmpty)
        }
        let message = Self.deliver(whole)
        for count in message.indices {
            #expect(card.receive(shortMessage: Array(message.prefix(count))).report.isEmpty)
        }
        #expect(try card.keySet(RemoteCard.aesVersion).packetCounter == 0)
    }

    // MARK: SMS-SUBMIT

    @Test func responsesInMessagesOfTheirOwn() throws {
        let card = try RemoteCard()
        var host = host()
        host.responseParameters = 0x39
        var message = Self.deliver([0x02, 0x70, 0x00] + (try host.packet(Self.script)))
        var answer = card.receive(shortMessage: message)
        #expect(answer.report.isEmpty)
        let only = try #require(answer.submits.first)
        #expect(Hex.string(only).hasPrefix("4100" + Self.origin + "7FF6"))
        #expect(Int(only[9]) == only.count - 10)
        #expect(try isExecuted(Array(only.dropFirst(10)), by: host))
        // A long one: what SELECT tells, eight times.
        host.counter = 2
        let commands = String(repeating: "220800A40000026F0700", count: 8)
        host.responseParameters = 0x39
        message = Self.deliver([0x02, 0x70, 0x00] + (try host.packet("AE80" + commands + "0000")))
        answer = card.receive(shortMessage: message)
        #expect(answer.submits.count > 1)
        var packet: [UInt8] = [0x02, 0x71, 0x00]
        for (index, submit) in answer.submits.enumerated() {
            #expect(submit.count <= 10 + 140)
            let header = Array(submit[10...(10 + Int(submit[10]))])
            let concatenation = [0x00, 0x03, header[header.count - 3], UInt8(answer.submits.count), UInt8(index + 1)]
            #expect(header == (index == 0 ? [0x07, 0x71, 0x00] : [0x05]) + concatenation)
            packet += submit.dropFirst(10 + header.count)
        }
        let response = try host.open(packet)
        #expect(response.status == 0x00 && response.data.hasPrefix("AF8023"))
    }

    /// onomondo-uicc `tests/envelope`: the packet as it was sent, on a card with its keys. The padding of the response is
    /// other than that of the soft SIM, so that it is opened and not compared.
    @Test func aPacketOfTheField() throws {
        let vector = try #require(try PacketVectorTests.vectors().first { $0.id == "e2e-aes-por-in-sms-submit" })
        let kic = try #require(vector.kic.flatMap { Hex.octets($0) })
        let kid = try #require(vector.kid.flatMap { Hex.octets($0) })
        let card = try RemoteCard([.init(version: 0x03, algorithm: .aes, keys: [kic, kid, kic])])
        try card.installFileManagement("A00000055910100009", "B00011", level: 0x16, access: "00")
        let message = "4005" + "81" + "2143F5" + "7FF6" + "26112400000000"
        let packet = try #require(vector.commandPacket.flatMap { Hex.octets($0) })
        let octets = (Hex.octets(message) ?? []) + [UInt8(packet.count + 3), 0x02, 0x70, 0x00] + packet
        let submit = try #require(card.receive(shortMessage: octets).submits.first)
        var host = PacketHost()
        (host.ciphering, host.integrity, host.kic, host.kid) = (kic, kid, 0x32, 0x32)
        (host.parameters, host.responseParameters, host.reference) = (0x16, 0x39, "B00011")
        let response = try host.open(Array(submit.dropFirst(10)))
        #expect(response.status == 0x00 && response.counter == 1)
        #expect(response.data.hasPrefix("039000") && response.data.count == 26)
        #expect(card.receive(shortMessage: octets).submits.count == 1)
    }
}
