import CardCrypto
import Octets
import Testing

@testable import GlobalPlatform
@testable import RemoteManagement

/// Security levels, counters and keys of packets: TS 102 225 clause 5.1, TS 102 226 clause 8.2.1.3.2.1.1.
struct PacketSecurityTests {
    @Test func eachPartOfALevelIsReachedByItself() {
        for level in 0...0x1F as ClosedRange<UInt8> {
            for parameters in 0...0x1F as ClosedRange<UInt8> {
                let isReached =
                    parameters % 4 >= level % 4 && (parameters / 4) % 2 >= (level / 4) % 2
                    && parameters / 8 >= level / 8
                #expect(MinimumSecurityLevel(level).isReached(by: parameters) == isReached)
            }
        }
        #expect(!MinimumSecurityLevel(0x16).isReached(by: 0x06))
        #expect(MinimumSecurityLevel(0x02).isReached(by: 0x16))
    }

    @Test(
        arguments: [
            // SPI, counter, the last one, what becomes of it.
            (0x02, 0, 5, CounterRule.Decision.accepted(nil)), (0x0A, 0, 5, .accepted(nil)),
            (0x12, 4, 5, .low), (0x12, 5, 5, .low), (0x12, 6, 5, .accepted(6)), (0x12, 900, 5, .accepted(900)),
            (0x1A, 4, 5, .low), (0x1A, 5, 5, .low), (0x1A, 6, 5, .accepted(6)), (0x1A, 7, 5, .high),
            (0x12, 0, 0, .low), (0x12, 0xFF_FFFF_FFFF, 5, .accepted(0xFF_FFFF_FFFF)),
            (0x12, 0xFF_FFFF_FFFF, 0xFF_FFFF_FFFF, .blocked), (0x1A, 0, 0xFF_FFFF_FFFF, .blocked),
            (0x02, 0, 0xFF_FFFF_FFFF, .blocked),
        ] as [(UInt8, UInt64, UInt64, CounterRule.Decision)]
    )
    func counters(parameters: UInt8, counter: UInt64, last: UInt64, decision: CounterRule.Decision) {
        let found = CounterRule(parameters: parameters).decide(counter, last: last, largest: KeySet.lastPacketCounter)
        #expect(found == decision)
    }

    @Test(
        arguments: [
            // KIc, KID, whether keys are found: AES in version 1, Triple DES with two keys in version 2.
            (0x12, 0x12, true), (0x10, 0x10, true), (nil, 0x12, true), (0x12, nil, true), (0x25, 0x25, true),
            (nil, nil, false), (0x12, 0x22, false), (0x22, 0x22, false), (0x15, 0x15, false), (0x29, 0x29, false),
            (0x21, 0x21, false), (0x2D, 0x25, false), (0x25, 0x23, false), (0x12, 0x02, false), (0x02, 0x02, false),
            (0x42, 0x42, false), (0x12, 0x15, false),
        ] as [(UInt8?, UInt8?, Bool)]
    )
    func keysAreThoseThatAreNamed(kic: UInt8?, kid: UInt8?, areFound: Bool) throws {
        let card = try RemoteCard()
        let issuer = try #require(card.issuer)
        let version = DomainPacketKeys.find(kic: kic, kid: kid, of: issuer, in: card.card.system.memory)?.version
        #expect((version != nil) == areFound)
        if areFound { #expect(version == (kid ?? kic).map { $0 >> 4 }) }
    }
}
