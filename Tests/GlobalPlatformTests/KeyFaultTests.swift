import CardCrypto
import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// The power fails in each program operation of what changes keys and counters.
@Suite struct KeyFaultTests {
    static let ways: [PowerFailure.Tear] = [
        .before, .prefix(octets: 2, bits: 3), .suffix(octets: 1, bits: 5), .subset(seed: 1), .subset(seed: 2), .after,
    ]

    /// Runs `flow` on copies of the card, cutting the power everywhere. The image left behind, recovered, must be the
    /// one before, one of `between`, or the one after; each is met.
    private func cut(_ card: TestDomain, between: [[UInt8]] = [], _ flow: (TestDomain) throws -> Void) throws {
        let before = card.content
        let whole = try TestDomain(before, card.domain)
        try flow(whole)
        var states = [before] + between
        if !states.contains(whole.content) { states.append(whole.content) }
        try #require(states.count > 1)
        var seen: Set<Int> = []
        var operation: UInt64 = 0
        var isCut = true
        while isCut {
            isCut = false
            for way in Self.ways {
                let copy = try TestDomain(before, card.domain)
                copy.uicc.memory.schedule(PowerFailure(completeOperations: operation, tear: way))
                try? flow(copy)
                isCut = isCut || !copy.uicc.memory.hasPower
                let recovered = try TestDomain(copy.content, card.domain)
                let state = states.firstIndex(of: recovered.content)
                #expect(state != nil, "operation \(operation), \(way)")
                if let state { seen.insert(state) }
            }
            operation += 1
        }
        #expect(operation > 2 && seen.count == states.count, "\(seen)")
    }

    @Test func counter() throws {
        let card = try TestDomain()
        try card.put(0x30, .aes, threeKeys(0x40))
        try cut(card) { card in
            try card.withKeys { (keys) throws(StatusWord) in try keys.setSequenceCounter(0x0100, of: 0x30) }
        }
    }

    @Test func puttingAndDeleting() throws {
        let card = try TestDomain()
        try card.put(0xFF, .aes, threeKeys(0x40))
        try cut(card) { try $0.put(0x30, .aes, threeKeys(0x80)) }
        try card.put(0x30, .aes, threeKeys(0x80))
        try card.put(0x31, .aes, threeKeys(0xC0))
        try cut(card) { try $0.put(0x30, .aes, threeKeys(0x10), .replacing(0x30)) }
        try cut(card) { try $0.put(0x32, .aes, threeKeys(0x10), .replacing(0x30)) }
        try cut(card) { try $0.delete(identifier: 2, version: 0x31) }
        try cut(card) { try $0.delete(version: 0x30) }
    }

    /// With a wrong cryptogram the try is counted once it was compared; with a right one all is well in the end.
    @Test func authentication() throws {
        for (channel, type, version) in AuthenticationCountTests.protocols {
            for isRight in [false, true] {
                let card = try TestDomain()
                try card.put(version, type, RoundTripTests.desKeys)
                let host = Host(channel, version: version, keys: RoundTripTests.desKeys)
                try cutAuthentication(card, host, isRight)
            }
        }
    }

    /// As `cut`, each time behind an INITIALIZE UPDATE.
    private func cutAuthentication(_ card: TestDomain, _ host: Host, _ isRight: Bool) throws {
        var operation: UInt64 = 0
        var isCut = true
        let start = card.content
        var seen: Set<[UInt8]> = []
        while isCut {
            isCut = false
            for way in Self.ways {
                // The session is volatile: it is begun again.
                let copy = try TestDomain(start, card.domain)
                #expect(host.take(copy.send(host.initializeUpdate())))
                if !isRight { host.hostCryptogram[0] ^= 1 }
                let before = copy.content
                let counted = try TestDomain(before, card.domain)
                try counted.withKeys { (keys) throws(StatusWord) in try keys.countAuthentication(with: host.version) }
                copy.uicc.memory.schedule(PowerFailure(completeOperations: operation, tear: way))
                let response = copy.send(host.externalAuthenticate(0x01))
                let recovered = try TestDomain(copy.content, card.domain)
                if copy.uicc.memory.hasPower {
                    #expect(hex(response) == (isRight ? "9000" : "6300"))
                    #expect(recovered.keySet(host.version)?.failedAuthentications == (isRight ? 0 : 1))
                } else {
                    isCut = true
                    // GPCS clause E.1.2.3: the first C-MAC that is right, also of a wrong cryptogram.
                    let isCounted = recovered.keySet(host.version)?.sequenceCounter == 1 && host.version == 0x20
                    #expect(
                        recovered.content == before || recovered.content == counted.content || isCounted,
                        "operation \(operation), \(way)"
                    )
                }
                seen.insert(recovered.content)
            }
            operation += 1
        }
        #expect(operation > 2 && seen.count == (host.version == 0x20 ? 3 : 2))
    }

    /// Key fields, templates, components and deletions with octets changed, cut off and added: nothing traps, nothing
    /// refused leaves a trace, and what is taken can be read.
    @Test(arguments: [UInt64(0x4B45_5953), 2, 0xFFFF_FFFF])
    func mutatedCommands(_ seed: UInt64) throws {
        print("KeyFaultTests.mutatedCommands: seed \(seed)")
        var generator = FuzzTests.Generator(state: seed)
        let scalar = [UInt8](repeating: 0x21, count: 32)
        let point = try SCP11Tests.point(scalar)
        let key = [UInt8](0x50..<0x60)
        let symmetric = PutKeyTests.field(0x88, key)
        let samples: [[UInt8]] = [
            PutKeyTests.putKey(0x00, 0x81, [0x31] + symmetric + symmetric + symmetric),
            PutKeyTests.putKey(0x30, 0x81, [0x30] + symmetric + PutKeyTests.field(0x88, key, withLength: true)),
            PutKeyTests.putKey(0x00, 0x01, [0x61, 0xFF] + symmetric + octets("0248800101")),
            PutKeyTests.putKey(0x00, 0x10, [0x62, 0xB0, 0x41] + point + octets("F0010000")),
            PutKeyTests.putKey(0x00, 0x11, [0x63] + PutKeyTests.field(0xB1, scalar).dropLast() + octets("F0010000")),
            PutKeyTests.putKey(
                0x00,
                0x01,
                [0x70, 0xA1, 0x40] + [UInt8](repeating: 0xC3, count: 64) + octets("A0010300")
            ),
            octets("80E40000 06 D00101 D20130"), octets("80E40000 03 D20131"), octets("80E40000 03 D00101"),
            storeData(0x00B9, KeyDataGroupTests.template(0x88, 16, 1, 0x64)),
            storeData(0x00B9, KeyDataGroupTests.template(0xB0, 0x41, 0x10, 0x65, "8001F0850100")),
            storeData(0x00B9, KeyDataGroupTests.template(0xA1, 64, 0x10, 0x66)),
            storeData(0x8113, KeyDataGroupTests.secret(key)), storeData(0x0036, point),
            storeData(0x0010, [UInt8](repeating: 0xC3, count: 64)), storeData(0x0011, [0x03]),
        ]
        var taken = 0
        for _ in 0..<12 {
            let (card, host) = try PutKeyTests.opened()
            for _ in 0..<100 {
                var command = samples[generator.next(samples.count)]
                if generator.next(3) != 0 {
                    for _ in 0...generator.next(3) {
                        command[2 + generator.next(command.count - 2)] = UInt8(generator.next(256))
                    }
                }
                if generator.next(6) == 0 { command.removeLast(generator.next(command.count - 5)) }
                if generator.next(6) == 0 { command.append(UInt8(generator.next(256))) }
                let before = card.content
                let response = card.send(host.wrap(command))
                let status = UInt16(response[response.count - 2]) << 8 | UInt16(response[response.count - 1])
                #expect(status != 0x6F00 && status != 0x6581, "\(hex(command))")
                if status == 0x9000 { taken += 1 } else { #expect(card.content == before, "\(hex(command))") }
                #expect(card.keyInformation.hasPrefix("E0"))
                #expect(Set(card.versions).count == card.versions.count)
            }
        }
        #expect(taken > 100)
    }

    private func storeData(_ group: UInt16, _ data: [UInt8]) -> [UInt8] {
        [0x80, 0xE2, UInt8(group >> 8), UInt8(group & 0xFF), UInt8(data.count)] + data
    }
}
