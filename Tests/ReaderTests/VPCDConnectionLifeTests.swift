import Dispatch
import Glibc
import Testing

@testable import Reader

private let atr = ScriptedTerminal.atr
private let echo: [UInt8] = [0x00, 0xE0, 0x01, 0x02]
private let wait: [UInt8] = [0x00, 0x20, 0x00, 0x00]

/// How connections begin and end.
@Suite struct VPCDConnectionLifeTests {
    @Test(arguments: VPCDCard.Role.allCases)
    func readerGoesBetweenMessages(_ role: VPCDCard.Role) throws {
        let service = try Service(role)
        #expect(service.reader.ask([0x04]) == atr)
        service.reader.close()
        #expect(service.events.wait(for: "disconnected: readerGone"))
        // The power is gone with the connection.
        #expect(service.terminal.all == ["power off"])
        #expect(try service.nextReader().ask(echo) == echo + [0x90, 0x00])
        #expect(try service.end())
    }

    @Test(arguments: VPCDCard.Role.allCases, [[0x00], [0x00, 0x04], [0x00, 0x04, 0x00, 0xE0]] as [[UInt8]])
    func readerGoesInsideAMessage(_ role: VPCDCard.Role, _ fragment: [UInt8]) throws {
        let service = try Service(role)
        service.reader.send(fragment)
        service.reader.close()
        #expect(service.events.wait(for: "disconnected: broken"))
        #expect(service.terminal.all == ["power off"])
        #expect(try service.nextReader().ask([0x04]) == atr)
        #expect(try service.end())
    }

    @Test(arguments: VPCDCard.Role.allCases)
    func readerGoesDuringACommand(_ role: VPCDCard.Role) throws {
        let service = try Service(role)
        service.reader.put(wait)
        #expect(service.terminal.wait(for: "00200000"))
        service.reader.close()
        service.gate.signal()
        #expect(service.terminal.wait(for: "power off"))
        #expect(try service.nextReader().ask([0x04]) == atr)
        #expect(try service.end())
    }

    /// A second reader gets the card when the first has gone.
    @Test func oneReaderAtATime() throws {
        let service = try Service(.listening)
        #expect(service.reader.ask([0x04]) == atr)
        let second = try RawReader(to: service.card.endpoint)
        second.put([0x04])
        #expect(service.reader.ask(echo) == echo + [0x90, 0x00])
        #expect(service.events.all.filter { $0 == "connected" }.count == 1)
        service.reader.close()
        #expect(second.get() == atr)
        #expect(try service.end())
    }

    // MARK: reconnecting

    @Test func scheduleOfReconnecting() {
        var schedule = ReconnectSchedule()
        #expect((0..<8).map { _ in schedule.delay(alive: false) } == [100, 200, 400, 800, 1600, 3200, 5000, 5000])
        #expect(schedule.delay(alive: true) == 1000)
        #expect((0..<2).map { _ in schedule.delay(alive: false) } == [100, 200])
    }

    /// Two polls of the driver, 400 ms apart, must miss the card.
    @Test func cardStaysAwayAfterAConnectionThatWasAlive() throws {
        let service = try Service(.connecting)
        #expect(service.reader.ask([0x04]) == atr)
        let begin = ContinuousClock.now
        service.reader.close()
        let next = try service.nextReader()
        #expect(ContinuousClock.now - begin >= .milliseconds(1000))
        #expect(next.ask([0x04]) == atr)
        #expect(try service.end())
    }

    @Test func cardWaitsForItsReader() throws {
        let port = try RawListener().endpoint.port
        let events = Log()
        let card = try VPCDCard(
            serving: ScriptedTerminal(),
            at: VPCDEndpoint(port: port),
            observer: { events.append(word($0)) }
        )
        #expect(events.wait(for: "unreachable"))
        let reader = try RawReader(try RawListener(port: port))
        #expect(reader.ask([0x04]) == atr)
        card.stop()
        #expect(try card.waitForEnd(milliseconds: 10_000))
    }

    @Test func onceWithoutAReaderIsAnError() throws {
        let port = try RawListener().endpoint.port
        let card = try VPCDCard(serving: ScriptedTerminal(), at: VPCDEndpoint(port: port), once: true)
        let error = #expect(throws: TerminalError.self) { try card.waitForEnd(milliseconds: 10_000) }
        #expect(error?.kind == .unavailable)
        #expect(error?.description == "cannot connect to 127.0.0.1:\(port): Connection refused")
    }

    @Test(arguments: VPCDCard.Role.allCases)
    func onceEndsWithTheFirstConnection(_ role: VPCDCard.Role) throws {
        let service = try Service(role, once: true)
        #expect(service.reader.ask([0x04]) == atr)
        service.reader.close()
        #expect(try service.card.waitForEnd(milliseconds: 10_000))
        #expect(service.terminal.all == ["power off", "let go"])
    }

    // MARK: without a thread

    /// - Returns: false if the card still has a thread after 10 s.
    private func rests(_ card: VPCDCard) -> Bool {
        let end = ContinuousClock.now + .seconds(10)
        while !card.state.isResting {
            guard ContinuousClock.now < end else { return false }
            sched_yield()
        }
        return true
    }

    @Test(arguments: VPCDCard.Role.allCases)
    func cardRestsAndGoesOn(_ role: VPCDCard.Role) throws {
        let service = try Service(role)
        for number: UInt8 in 0..<3 {
            #expect(service.reader.ask(echo + [number]) == echo + [number, 0x90, 0x00])
            #expect(rests(service.card))
        }
        // A message that comes in parts, and no thread before its first octet.
        for octet in framed(echo) { service.reader.send([octet]) }
        #expect(service.reader.get() == echo + [0x90, 0x00])
        #expect(service.events.all.filter { $0 == "connected" }.count == 1)
        #expect(rests(service.card))
        #expect(try service.end())
        #expect(service.reader.isClosed())
        #expect(service.terminal.all.suffix(2) == ["power off", "let go"])
    }

    @Test(arguments: VPCDCard.Role.allCases)
    func readerGoesWhileTheCardRests(_ role: VPCDCard.Role) throws {
        let service = try Service(role)
        #expect(service.reader.ask([0x04]) == atr)
        #expect(rests(service.card))
        service.reader.close()
        #expect(service.events.wait(for: "disconnected: readerGone"))
        #expect(service.terminal.wait(for: "power off"))
        // While it waits until it connects again, and for a reader that connects, it rests too.
        #expect(rests(service.card))
        let next = try service.nextReader()
        #expect(next.ask(echo) == echo + [0x90, 0x00])
        next.close()
        #expect(rests(service.card))
        #expect(try service.end())
    }

    // MARK: stopping

    @Test(arguments: VPCDCard.Role.allCases)
    func stopWhileWaitingForAMessage(_ role: VPCDCard.Role) throws {
        let service = try Service(role)
        #expect(service.reader.ask([0x04]) == atr)
        #expect(try service.end())
        #expect(service.reader.isClosed())
        #expect(service.terminal.all == ["power off", "let go"])
        #expect(service.events.all.last == "disconnected: stopped")
    }

    @Test(arguments: VPCDCard.Role.allCases)
    func stopInsideAMessage(_ role: VPCDCard.Role) throws {
        let service = try Service(role)
        service.reader.send([0x00, 0x04, 0x00])
        #expect(service.events.wait(for: "connected"))
        #expect(try service.end())
        #expect(service.terminal.all == ["power off", "let go"])
    }

    @Test(arguments: VPCDCard.Role.allCases)
    func stopFinishesTheCommandAndAnswersIt(_ role: VPCDCard.Role) throws {
        let service = try Service(role)
        service.reader.put(wait)
        #expect(service.terminal.wait(for: "00200000"))
        service.card.stop()
        #expect(try !service.card.waitForEnd(milliseconds: 0))
        service.gate.signal()
        #expect(service.reader.get() == [0x90, 0x00])
        #expect(service.reader.isClosed())
        #expect(try service.card.waitForEnd(milliseconds: 10_000))
    }

    @Test func stopWhileNobodyHasConnected() throws {
        let terminal = Log()
        let card = try VPCDCard(serving: ScriptedTerminal(terminal), at: VPCDEndpoint(port: 0), .listening)
        card.stop()
        #expect(try card.waitForEnd(milliseconds: 10_000))
        #expect(terminal.all == ["let go"])
    }

    @Test func stopWhileTheReaderIsAway() throws {
        let port = try RawListener().endpoint.port
        let events = Log()
        let card = try VPCDCard(
            serving: ScriptedTerminal(),
            at: VPCDEndpoint(port: port),
            observer: { events.append(word($0)) }
        )
        #expect(events.wait(for: "unreachable"))
        card.stop()
        card.stop()
        #expect(try card.waitForEnd(milliseconds: 10_000))
    }

    /// A reader that sends and never takes an answer fills the buffers of the system, and the card blocks on sending.
    @Test func stopAtOnceWhileTheReaderTakesNoAnswer() throws {
        let service = try Service(.connecting)
        let longest: [UInt8] = [0x00, 0x10, 0xFF, 0xFF]
        service.reader.send(Array((0..<1_000).map { _ in framed(longest) }.joined()))
        #expect(service.terminal.wait(for: "0010FFFF"))
        service.card.stopAtOnce()
        #expect(try service.card.waitForEnd(milliseconds: 10_000))
    }

    // MARK: the watchdog

    @Test func watchdogFreesTheReader() throws {
        let service = try Service(.connecting)
        service.reader.put(wait)
        #expect(service.terminal.wait(for: "00200000"))
        service.card.cutIfOverdue()
        #expect(!service.events.all.contains("overdue"))
        service.card.cutIfOverdue()
        #expect(service.events.all.contains("overdue"))
        #expect(service.reader.isClosed())
        service.gate.signal()
        // The late response goes nowhere, and the card is back.
        let next = try service.nextReader()
        #expect(next.ask(echo) == echo + [0x90, 0x00])
        #expect(try service.end())
    }

    @Test func watchdogLeavesAnIdleCardAlone() throws {
        let service = try Service(.connecting)
        #expect(service.reader.ask(echo) == echo + [0x90, 0x00])
        for _ in 0..<3 { service.card.cutIfOverdue() }
        #expect(service.reader.ask(echo) == echo + [0x90, 0x00])
        #expect(try service.end())
    }

    // MARK: several cards

    @Test func severalCardsInOneProcess() throws {
        let listeners = try (0..<8).map { _ in try RawListener() }
        let cards = try listeners.map { try VPCDCard(serving: ScriptedTerminal(), at: $0.endpoint) }
        let readers = try listeners.map { try RawReader($0) }
        for (index, reader) in readers.enumerated() {
            let command = echo + [UInt8(truncatingIfNeeded: index)]
            #expect(reader.ask(command) == command + [0x90, 0x00])
        }
        cards.forEach { $0.stop() }
        try VPCDService.waitForEnd(of: cards)
        #expect(readers.allSatisfy { $0.isClosed() })
    }

    @Test func portsOfSeveralCards() {
        let first = VPCDEndpoint()
        #expect(first.description == "127.0.0.1:35963")
        #expect(first.ofCard(0) == first)
        #expect(first.ofCard(7)?.port == 35_977)
        #expect(first.ofCard(14_786)?.port == 65_535)
        #expect(first.ofCard(14_787) == nil)
        #expect(first.ofCard(.max) == nil)
        #expect(first.ofCard(-1) == nil)
    }

    @Test func portInUse() throws {
        let listener = try RawListener()
        let error = #expect(throws: TerminalError.self) {
            try VPCDCard(serving: ScriptedTerminal(), at: listener.endpoint, .listening)
        }
        #expect(error?.kind == .inUse)
        #expect(error?.description == "cannot listen at \(listener.endpoint): Address already in use")
    }

    @Test func hostWithoutAddress() {
        let error = #expect(throws: TerminalError.self) {
            try VPCDCard(serving: ScriptedTerminal(), at: VPCDEndpoint(host: "no such host", port: 1))
        }
        #expect(error?.kind == .unavailable)
        #expect(error?.description.hasPrefix("no such host: ") == true)
    }
}
