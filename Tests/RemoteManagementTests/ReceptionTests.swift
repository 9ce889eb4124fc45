import CardCrypto
import CardOS
import Memory
import Octets
import Testing

@testable import GlobalPlatform
@testable import RemoteManagement

/// Command packets on a card: who is answered, what is executed, how often.
struct ReceptionTests {
    private static let script = "00A40000026F07" + "00B0000009"

    private func opened(_ card: RemoteCard, _ host: PacketHost, _ script: String = script) throws -> String? {
        guard let answer = card.receive(try host.packet(script)) else { return nil }
        let response = try host.open(answer.octets)
        #expect(response.counter == host.counter)
        return Hex.string([response.status]) + " " + response.data
    }

    private func files(_ parameters: UInt8 = 0x16) -> PacketHost {
        var host = PacketHost()
        host.parameters = parameters
        host.reference = RemoteCard.fullFiles
        return host
    }

    private static let imsi = "080910100000000010"

    /// Every protection of command and response that is enough, with both algorithms, for files and for a domain.
    @Test func eachProtectionBothWays() throws {
        let card = try RemoteCard()
        let algorithms: [(BlockCipher.Algorithm, UInt8, UInt8)] = [
            (.aes, 0x12, 0x12), (.des, 0x25, 0x25), (.aes, 0x10, 0x10),
        ]
        for (algorithm, kic, kid) in algorithms {
            for parameters in [0x02, 0x06, 0x0A, 0x0E, 0x12, 0x16, 0x1A, 0x1E] as [UInt8] {
                for response in [0x01, 0x09, 0x11, 0x19, 0x21, 0x29, 0x31, 0x39] as [UInt8] {
                    var host = files(parameters)
                    (host.algorithm, host.kic, host.kid) = (algorithm, kic, kid)
                    host.responseParameters = response
                    let last = try card.keySet(kid >> 4).packetCounter
                    host.counter = last + 1
                    let answer = try #require(card.receive(try host.packet(Self.script)))
                    #expect(answer.bearer == (response & 0x20 == 0 ? .deliverReport : .submit))
                    let opened = try host.open(answer.octets)
                    #expect(opened.status == 0x00 && opened.data == "029000" + Self.imsi)
                }
            }
        }
        var host = PacketHost()
        host.counter = try card.keySet(1).packetCounter + 1
        #expect(try opened(card, host, "80CA004200") == "00 0190004205" + "4012345678")
    }

    @Test func responsesAreGivenAsAsked() throws {
        let card = try RemoteCard()
        var host = files(0x12)
        for (asked, isWrong, isAnswered) in [
            (0x08, false, false), (0x09, false, true), (0x0A, false, false), (0x0B, false, false), (0x08, true, false),
            (0x09, true, true), (0x0A, true, true),
        ] as [(UInt8, Bool, Bool)] {
            host.responseParameters = asked
            host.counter = try card.keySet(1).packetCounter + (isWrong ? 0 : 1)
            #expect((card.receive(try host.packet(Self.script)) != nil) == isAnswered)
        }
    }

    // MARK: Silence

    @Test func whoIsNotKnownIsNotAnswered() throws {
        let card = try RemoteCard()
        let before = [UInt8](card.image)
        let good = try files().packet(Self.script)
        // Any octet changed, any length cut, something behind.
        for index in good.indices {
            var packet = good
            packet[index] ^= 0x01
            // SPI2 is signed too.
            #expect(card.receive(packet) == nil, "octet \(index)")
            #expect(card.receive(Array(good.prefix(index))) == nil)
        }
        #expect(card.receive(good + [0x00]) == nil)
        // No checksum, a redundancy check, a digital signature.
        for parameters in [0x00, 0x01, 0x03, 0x04, 0x05, 0x07, 0x10, 0x14] as [UInt8] {
            #expect(card.receive(try files(parameters).packet(Self.script)) == nil)
        }
        // Other keys, other algorithms, other versions.
        var host = files()
        host.integrity[0] ^= 0x80
        #expect(card.receive(try host.packet(Self.script)) == nil)
        for (kic, kid) in [(0x15, 0x15), (0x02, 0x02), (0x32, 0x32), (0x12, 0x32), (0x12, 0x11)] as [(UInt8, UInt8)] {
            var host = files()
            (host.kic, host.kid) = (kic, kid)
            #expect(card.receive(try host.packet(Self.script)) == nil)
        }
        // An unknown reference, from somebody unknown.
        host.reference = "ABCDEF"
        #expect(card.receive(try host.packet(Self.script)) == nil)
        #expect([UInt8](card.image) == before)
    }

    // MARK: Statuses

    @Test func errorsOfThoseWhoAreKnown() throws {
        let card = try RemoteCard()
        var host = files()
        host.counter = 5
        #expect(try opened(card, host)?.hasPrefix("00 ") == true)
        // 02: replayed, and older.
        #expect(try opened(card, host) == "02 ")
        host.counter = 4
        #expect(try opened(card, host) == "02 ")
        // 03: one was lost, where none may be.
        host.parameters = 0x1E
        host.counter = 7
        #expect(try opened(card, host) == "03 ")
        host.counter = 6
        #expect(try opened(card, host)?.hasPrefix("00 ") == true)
        // 09 and 0A, counters do not move.
        host.parameters = 0x16
        host.counter = 7
        host.reference = "ABCDEF"
        #expect(try opened(card, host) == "09 ")
        host.reference = "000000"
        host.parameters = 0x12
        #expect(try opened(card, host, "80CA004200") == "0A ")
        host.parameters = 0x06
        #expect(try opened(card, host, "80CA004200") == "0A ")
        #expect(try card.keySet(1).packetCounter == 6)
        // 06: more padding than data.
        host = files(0x12)
        host.counter = 8
        let answer = try #require(card.receive(try host.packet(padding: 200)))
        #expect(try host.open(answer.octets).status == 0x06)
        // 04: the largest counter is accepted, and is the last.
        host.counter = KeySet.lastPacketCounter
        #expect(try opened(card, host)?.hasPrefix("00 ") == true)
        #expect(try opened(card, host) == "04 ")
        host.parameters = 0x06
        host.counter = 9
        #expect(try opened(card, host) == "04 ")
    }

    @Test func countersOfKeyVersionsAreApart() throws {
        let card = try RemoteCard()
        var host = files()
        host.counter = 100
        #expect(try opened(card, host)?.hasPrefix("00 ") == true)
        (host.algorithm, host.kic, host.kid) = (.des, 0x25, 0x25)
        host.counter = 1
        #expect(try opened(card, host)?.hasPrefix("00 ") == true)
        card.card.powerOn()
        #expect(try opened(card, host) == "02 ")
        #expect(try card.keySet(1).packetCounter == 100)
    }

    @Test func withoutACheckCountersStay() throws {
        let card = try RemoteCard()
        for parameters in [0x06, 0x0E] as [UInt8] {
            var host = files(parameters)
            host.counter = 77
            #expect(try opened(card, host)?.hasPrefix("00 ") == true)
            #expect(try opened(card, host)?.hasPrefix("00 ") == true)
            #expect(try card.keySet(1).packetCounter == 0)
        }
    }

    /// Packets of a sender, delivered in any order, some lost, some twice: each is executed once at most, and never one
    /// behind a later one.
    @Test func anyDelivery() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = Generator(state: seed)
        let card = try RemoteCard()
        var last: UInt64 = 0
        var executed: [UInt64] = []
        for _ in 0..<300 {
            var host = files(generator.next(2) == 0 ? 0x16 : 0x1E)
            host.counter = UInt64(max(1, Int(last) + generator.next(6) - 3))
            let value = Hex.string(UInt16(truncatingIfNeeded: host.counter))
            let script = "00A40000026F07" + "00D6000002" + value
            let answer = try #require(try opened(card, host, script))
            let isNext = host.parameters == 0x1E
            let isRight = isNext ? host.counter == last + 1 : host.counter > last
            #expect(answer.hasPrefix("00") == isRight, "seed \(seed)")
            if isRight {
                executed.append(host.counter)
                last = host.counter
            }
        }
        #expect(Set(executed).count == executed.count && executed == executed.sorted(), "seed \(seed)")
    }

    private struct Generator {
        var state: UInt64

        mutating func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
    }

    // MARK: Scripts in packets

    @Test func expandedScriptsAndKeysThatChange() throws {
        let card = try RemoteCard()
        var host = PacketHost()
        host.responseParameters = 0x19
        #expect(try opened(card, host, "AA07220580CA004200") == "00 AB0E800101" + "23094205" + "4012345678" + "9000")
        // The response to a script that deletes its own keys is made with them.
        host.counter = 2
        #expect(try opened(card, host, "80E4000003" + "D20101" + "00") == "00 01900000")
        host.counter = 3
        #expect(try opened(card, host, "80CA004200") == nil)
    }

    @Test func resultsAreCutToTheRoom() throws {
        let card = try RemoteCard()
        let host = files()
        let packet = try host.packet("AA07" + "220500A4000000".dropLast(0))
        let answer = try #require(card.receive(packet, capacity: 64))
        #expect(answer.octets.count <= 64)
        #expect(try host.open(answer.octets).status == 0x00)
    }

    @Test func withoutAScriptNothingIsExecuted() throws {
        let card = try RemoteCard()
        let host = files()
        #expect(try opened(card, host, "") == "00 ")
        #expect(try card.keySet(1).packetCounter == 1)
    }
}
