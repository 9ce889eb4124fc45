import Card
import ImageFile
import Memory
import Testing

@testable import Reader

extension VPCDCard.Role: CaseIterable {
    /// The directions of connecting.
    public static var allCases: [VPCDCard.Role] { [.connecting, .listening] }
}

private let atr = ScriptedTerminal.atr
private let select: [UInt8] = [0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00]
private let echo: [UInt8] = [0x00, 0xE0, 0x01, 0x02]

/// The card's side of vpcd, in both roles. Where the card must be silent, the next octet that comes is the first one of
/// the answer to the next message.
@Suite struct VPCDCardTests {
    @Test(arguments: VPCDCard.Role.allCases)
    func firstConnectionOfTheDriver(_ role: VPCDCard.Role) throws {
        let service = try Service(role)
        // What the driver of version 3.3 sends when a card is inserted and a client connects.
        #expect(service.reader.ask([0x04]) == atr)
        #expect(service.reader.ask([0x04]) == atr)
        service.reader.put([0x01])
        #expect(service.reader.ask([0x04]) == atr)
        #expect(service.reader.ask(select) == [0x6D, 0x00])
        service.reader.put([0x02])
        #expect(service.reader.ask([0x04]) == atr)
        service.reader.put([0x00])
        #expect(service.reader.ask([0x04]) == atr)
        #expect(service.terminal.all == ["power on", "00A40004023F00", "warm reset", "power off"])
        #expect(
            service.events.all == [
                "connected", "inserted", "answer to reset", "answer to reset", "power on", "answer to reset",
                "00A40004023F00 6D00", "warm reset", "answer to reset", "power off", "answer to reset",
            ]
        )
        #expect(try service.end())
    }

    @Test func connectedIsNotInserted() throws {
        let service = try Service(.connecting)
        #expect(service.events.wait(for: "connected"))
        #expect(service.events.all == ["connected"])
        #expect(service.reader.ask([0x04]) == atr)
        #expect(service.events.all == ["connected", "inserted", "answer to reset"])
        #expect(try service.end())
    }

    @Test(arguments: VPCDCard.Role.allCases)
    func powerIsGivenAndTakenTwice(_ role: VPCDCard.Role) throws {
        let service = try Service(role)
        for control: UInt8 in [1, 1, 2, 2, 0, 0, 1] { service.reader.put([control]) }
        #expect(service.reader.ask(echo) == echo + [0x90, 0x00])
        #expect(
            service.terminal.all == [
                "power on", "power on", "warm reset", "warm reset", "power off", "power off", "power on", "00E00102",
            ]
        )
        #expect(try service.end())
    }

    @Test(arguments: VPCDCard.Role.allCases)
    func commandWithoutPowerGoesToTheCard(_ role: VPCDCard.Role) throws {
        let service = try Service(role)
        #expect(service.reader.ask(echo) == echo + [0x90, 0x00])
        service.reader.put([0x00])
        #expect(service.reader.ask(echo) == echo + [0x90, 0x00])
        #expect(try service.end())
    }

    /// What a client sends as a command may be as short as it likes; it waits for an answer in any case.
    @Test func fragmentsGetWrongLength() throws {
        let service = try Service(.connecting)
        for octet: UInt8 in [0x03, 0x05, 0x55, 0x80, 0xFF] { #expect(service.reader.ask([octet]) == [0x67, 0x00]) }
        #expect(service.reader.ask([0x00, 0xA4]) == [0x67, 0x00])
        #expect(service.reader.ask([0x00, 0xA4, 0x00]) == [0x67, 0x00])
        #expect(service.reader.ask([0x04, 0x04]) == [0x67, 0x00])
        #expect(service.terminal.all == [])
        #expect(try service.end())
    }

    @Test func messageOfLength0IsIgnored() throws {
        let service = try Service(.connecting)
        service.reader.put([])
        #expect(service.reader.ask([0x04]) == atr)
        service.reader.send([0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x04])
        #expect(service.reader.get() == atr)
        #expect(try service.end())
    }

    @Test(arguments: VPCDCard.Role.allCases)
    func octetByOctet(_ role: VPCDCard.Role) throws {
        let service = try Service(role)
        for octet in framed([0x01]) + framed(echo) + framed([0x04]) { service.reader.send([octet]) }
        #expect(service.reader.get() == echo + [0x90, 0x00])
        #expect(service.reader.get() == atr)
        #expect(try service.end())
    }

    @Test(arguments: VPCDCard.Role.allCases)
    func severalMessagesInOneSegment(_ role: VPCDCard.Role) throws {
        let service = try Service(role)
        // The last one is torn: its rest follows.
        let longer = echo + [0x03, 0x0A, 0x0B, 0x0C]
        service.reader.send(framed([0x01]) + framed(echo) + framed([]) + framed([0x04]) + framed(longer).prefix(5))
        #expect(service.reader.get() == echo + [0x90, 0x00])
        #expect(service.reader.get() == atr)
        service.reader.send(Array(framed(longer).dropFirst(5)))
        #expect(service.reader.get() == longer + [0x90, 0x00])
        #expect(try service.end())
    }

    @Test(arguments: [4, 5, 255, 256, 257, 260, 65_533])
    func commandsOfAllLengthsComeBack(_ length: Int) throws {
        let service = try Service(.connecting)
        let command = echo + (4..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(service.reader.ask(Array(command)) == Array(command) + [0x90, 0x00])
        #expect(try service.end())
    }

    @Test func longestMessages() throws {
        let service = try Service(.listening)
        let nonsense = [UInt8](repeating: 0xFF, count: 65_535)
        #expect(service.reader.ask(nonsense) == [0x6D, 0x00])
        // 65,535 octets back
        let answer = service.reader.ask([0x00, 0x10, 0xFF, 0xFF])
        #expect(answer == [UInt8](repeating: 0x5A, count: 65_533) + [0x90, 0x00])
        // Two of the longest, one behind the other
        service.reader.send(framed(nonsense) + framed(nonsense))
        #expect(service.reader.get() == [0x6D, 0x00])
        #expect(service.reader.get() == [0x6D, 0x00])
        #expect(service.terminal.all.filter { $0 == "command of 65535" }.count == 3)
        #expect(try service.end())
    }

    /// A response that no message can carry, or that is none, is a problem of the card.
    @Test func responsesThatAreNone() throws {
        let service = try Service(.connecting)
        let long = [0x00, 0xE0] + [UInt8](repeating: 0, count: 65_532)
        #expect(service.reader.ask(long) == [0x6F, 0x00])  // 65,534 + 2 octets
        #expect(service.reader.ask([0x00, 0x10, 0x00, 0x01]) == [0x6F, 0x00])
        #expect(service.reader.ask([0x00, 0x10, 0x00, 0x00]) == [0x6F, 0x00])
        #expect(service.reader.ask([0x00, 0x40, 0x00, 0x00]) == [0x6F, 0x00])  // the terminal's own error
        #expect(service.reader.ask(echo) == echo + [0x90, 0x00])
        #expect(try service.end())
    }

    @Test(arguments: VPCDCard.Role.allCases)
    func powerFailureClosesTheConnection(_ role: VPCDCard.Role) throws {
        let service = try Service(role)
        service.reader.put([0x00, 0x30, 0x00, 0x00])
        #expect(service.reader.isClosed())
        #expect(service.events.wait(for: "disconnected: powerFailed"))
        let next = try service.nextReader()
        #expect(next.ask([0x04]) == atr)
        #expect(try service.end())
    }

    /// The real card behind a socket, once through.
    @Test func cardOnAnImage() throws {
        let image = try CardImage(size: 65_536)
        #expect(Memory.format(image.octets))
        let terminal = InProcessTerminal(
            try Card(image: image.octets, environment: Environment(seed: [])),
            on: image
        )
        let atr = terminal.answerToReset
        let card = try VPCDCard(serving: terminal, at: VPCDEndpoint(port: 0), .listening)
        let reader = try VPCDTerminal(connectingTo: card.endpoint, timeout: 10_000)
        #expect(reader.answerToReset == atr)
        try reader.powerOn()
        #expect(try reader.transmit([0xF0, 0xFF, 0x00, 0x00]).count == 2)
        card.stop()
        #expect(try card.waitForEnd(milliseconds: 10_000))
    }
}
