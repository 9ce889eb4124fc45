import CPCSC
import Card
import Dispatch
import ImageFile
import Memory
import Testing

@testable import Reader

private let atr = ScriptedTerminal.atr
private let echo: [UInt8] = [0x00, 0xE0, 0x01, 0x02]

/// The reader's side: in process and over vpcd.
@Suite struct TerminalTests {
    @Test func inProcess() throws {
        let image = try CardImage(size: 65_536)
        #expect(Memory.format(image.octets))
        let terminal = InProcessTerminal(
            try Card(image: image.octets, environment: Environment(seed: [])),
            on: image
        )
        #expect((2...33).contains(terminal.answerToReset.count))
        terminal.powerOn()
        terminal.warmReset()
        #expect(try terminal.transmit([0xF0, 0xFF, 0x00, 0x00]).count == 2)
        terminal.powerOff()
        // Without power the command powers the card on.
        #expect(try terminal.transmit([0xF0, 0xFF, 0x00, 0x00]).count == 2)
    }

    /// Runs `body` with the reader's side of a scripted card, in both directions of connecting.
    private func withReader(
        _ role: VPCDCard.Role,
        timeout: Int32? = 10_000,
        gate: DispatchSemaphore = DispatchSemaphore(value: 0),
        _ body: (VPCDTerminal, Log) throws -> Void
    ) throws {
        let log = Log()
        let card: VPCDCard
        let reader: VPCDTerminal
        switch role {
        case .connecting:
            let listener = try VPCDListener(VPCDEndpoint(port: 0))
            card = try VPCDCard(serving: ScriptedTerminal(log, gate: gate), at: listener.endpoint, once: true)
            reader = try listener.accept(waiting: 10_000, timeout: timeout)
        case .listening:
            card = try VPCDCard(
                serving: ScriptedTerminal(log, gate: gate),
                at: VPCDEndpoint(port: 0),
                .listening,
                once: true
            )
            reader = try VPCDTerminal(connectingTo: card.endpoint, timeout: timeout)
        }
        try body(reader, log)
        card.stop()
        #expect(try card.waitForEnd(milliseconds: 10_000))
    }

    @Test(arguments: VPCDCard.Role.allCases)
    func overVPCD(_ role: VPCDCard.Role) throws {
        try withReader(role) { (reader, log) throws in
            #expect(reader.answerToReset == atr)
            try reader.powerOn()
            #expect(try reader.transmit(echo) == echo + [0x90, 0x00])
            try reader.warmReset()
            #expect(reader.answerToReset == atr)
            try reader.powerOff()
            #expect(try reader.transmit([0x00, 0x10, 0xFF, 0xFF]).count == 65_535)
            #expect(try reader.transmit([UInt8](repeating: 0xFF, count: 65_535)) == [0x6D, 0x00])
            #expect(
                log.all == ["power on", "00E00102", "warm reset", "power off", "0010FFFF", "command of 65535"]
            )
        }
    }

    @Test func commandsThatVPCDCannotCarry() throws {
        try withReader(.listening) { (reader, log) throws in
            for length in [0, 1, 65_536] {
                let error = #expect(throws: TerminalError.self) {
                    try reader.transmit([UInt8](repeating: 0, count: length))
                }
                #expect(error?.kind == .length)
            }
            #expect(try reader.transmit(echo) == echo + [0x90, 0x00])
            #expect(log.all == ["00E00102"])
        }
    }

    @Test func cardWhosePowerFailsIsRemoved() throws {
        try withReader(.listening) { (reader, _) throws in
            let error = #expect(throws: TerminalError.self) { try reader.transmit([0x00, 0x30, 0x00, 0x00]) }
            #expect(error?.kind == .cardRemoved)
        }
    }

    @Test func cardThatDoesNotAnswer() throws {
        let gate = DispatchSemaphore(value: 0)
        try withReader(.listening, timeout: 50, gate: gate) { (reader, _) throws in
            let error = #expect(throws: TerminalError.self) { try reader.transmit([0x00, 0x20, 0x00, 0x00]) }
            #expect(error?.kind == .timeout)
            #expect(error?.description == "the card has not answered within 50 ms")
            gate.signal()
        }
    }

    @Test func nobodyThere() throws {
        let port = try RawListener().endpoint.port
        let refused = #expect(throws: TerminalError.self) {
            try VPCDTerminal(connectingTo: VPCDEndpoint(port: port))
        }
        #expect(refused?.kind == .unavailable)
        let listener = try VPCDListener(VPCDEndpoint(port: 0))
        let alone = #expect(throws: TerminalError.self) { try listener.accept(waiting: 10) }
        #expect(alone?.kind == .timeout)
    }

    /// A card in another terminal, served on: two sockets in a row.
    @Test func terminalsCanBeServedOn() throws {
        let log = Log()
        let card = try VPCDCard(serving: ScriptedTerminal(log), at: VPCDEndpoint(port: 0), .listening, once: true)
        let relay = try VPCDCard(
            serving: try VPCDTerminal(connectingTo: card.endpoint),
            at: VPCDEndpoint(port: 0),
            .listening,
            once: true
        )
        let reader = try VPCDTerminal(connectingTo: relay.endpoint, timeout: 10_000)
        try reader.powerOn()
        #expect(try reader.transmit(echo) == echo + [0x90, 0x00])
        #expect(log.all == ["power on", "00E00102"])
        // When the card goes, so does the relay's connection.
        #expect(throws: TerminalError.self) { try reader.transmit([0x00, 0x30, 0x00, 0x00]) }
        #expect(try relay.waitForEnd(milliseconds: 10_000))
        #expect(try card.waitForEnd(milliseconds: 10_000))
    }

    /// What PC/SC says, as kinds of errors. The texts behind the colon are the library's.
    @Test(arguments: [
        (SCARD_E_NO_SERVICE, TerminalError.Kind.unavailable), (SCARD_E_NO_SMARTCARD, .unavailable),
        (SCARD_E_UNKNOWN_READER, .unavailable), (SCARD_W_UNRESPONSIVE_CARD, .unavailable),
        (SCARD_W_REMOVED_CARD, .cardRemoved), (SCARD_E_NOT_TRANSACTED, .cardRemoved),
        (SCARD_W_RESET_CARD, .cardReset), (SCARD_E_SHARING_VIOLATION, .inUse),
        (SCARD_E_PROTO_MISMATCH, .protocolMismatch), (SCARD_E_INSUFFICIENT_BUFFER, .length),
        (SCARD_E_TIMEOUT, .timeout), (SCARD_F_INTERNAL_ERROR, .system),
    ])
    func statusOfPCSC(_ status: LONG, _ kind: TerminalError.Kind) {
        let error = #expect(throws: TerminalError.self) { try pcsc("do it", status) }
        #expect(error?.kind == kind)
        #expect(error?.description.hasPrefix("cannot do it: ") == true)
    }
}
