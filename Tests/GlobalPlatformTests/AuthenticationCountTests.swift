import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// Failed authentications are counted before anything is compared, and block at a limit.
@Suite struct AuthenticationCountTests {
    static let protocols: [(SecureChannelProtocol, KeyType, UInt8)] = [
        (.scp02(.common), .des, 0x20), (.scp03(.common), .aes, 0x30),
    ]

    private func card(_ type: KeyType, _ version: UInt8, limit: UInt8) throws -> TestDomain {
        let card = try TestDomain()
        var options = SecureChannelOptions()
        options.authenticationLimit = limit
        try card.put(version, type, RoundTripTests.desKeys, options: options)
        return card
    }

    private func fail(_ card: TestDomain, _ host: Host, cryptogram: Bool) throws -> String {
        #expect(host.take(card.send(host.initializeUpdate())))
        if cryptogram { host.hostCryptogram[0] ^= 1 }
        var command = host.externalAuthenticate(0x01)
        if !cryptogram { command[command.count - 1] ^= 1 }
        return hex(card.send(command))
    }

    @Test func limit() throws {
        for (channel, type, version) in Self.protocols {
            let card = try card(type, version, limit: 3)
            let host = Host(channel, version: version, keys: RoundTripTests.desKeys)
            #expect(try fail(card, host, cryptogram: true) == "6300")
            #expect(try fail(card, host, cryptogram: false) == "6982")
            #expect(card.keySet(version)?.failedAuthentications == 2)
            // A wrong length or level is no authentication.
            #expect(host.take(card.send(host.initializeUpdate())))
            #expect(hex(card.send(host.externalAuthenticate(0x40))) == "6A86")
            #expect(card.keySet(version)?.failedAuthentications == 2)
            _ = try card.open(channel, version, RoundTripTests.desKeys)
            #expect(card.keySet(version)?.failedAuthentications == 0)
            for _ in 0..<3 { #expect(try fail(card, host, cryptogram: true) == "6300") }
            #expect(hex(card.send(host.initializeUpdate())) == "6983")
            let again = try TestDomain(card.content, card.domain)
            #expect(hex(again.send(host.initializeUpdate())) == "6983")
            // New keys begin at 0.
            try card.put(version, type, RoundTripTests.desKeys, .replacing(version))
            _ = try card.open(channel, version, RoundTripTests.desKeys)
        }
    }

    /// INITIALIZE UPDATE came before the last failure, on another channel.
    @Test func blockedMeanwhile() throws {
        let (channel, type, version) = Self.protocols[1]
        let card = try card(type, version, limit: 1)
        let host = Host(channel, version: version, keys: RoundTripTests.desKeys)
        #expect(host.take(card.send(host.initializeUpdate())))
        try card.withKeys { (keys) throws(StatusWord) in try keys.countAuthentication(with: version) }
        #expect(hex(card.send(host.externalAuthenticate(0x01))) == "6983")
    }

    @Test func noLimit() throws {
        let (channel, type, version) = Self.protocols[0]
        let card = try card(type, version, limit: 0)
        let host = Host(channel, version: version, keys: RoundTripTests.desKeys)
        for _ in 0..<260 { #expect(try fail(card, host, cryptogram: true) == "6300") }
        #expect(card.keySet(version)?.failedAuthentications == 255)
        _ = try card.open(channel, version, RoundTripTests.desKeys)
    }

    /// SCP11a: it has failed until the first C-MAC is right.
    @Test func mutualAuthentication() throws {
        let certificate = try SCP11Tests.certificate()
        let data = try SCP11Tests.agreement("01")
        var keys = try SCP11Tests.keys()
        keys.limit = 2
        let card = CardSide(keys)
        func authenticate() -> String {
            let length = certificate.count
            _ = card.send([0x80, 0x2A, 0x03, 0x10, UInt8(length)] + certificate)
            return hex(card.send([0x80, 0x82, 0x03, 0x11, UInt8(data.count)] + data).suffix(2))
        }
        #expect(authenticate() == "9000")
        #expect(hex(card.send(octets("84E2800008 0102030405060708"))) == "6982")
        #expect(card.keys.failures[3] == 1)
        #expect(authenticate() == "9000")
        #expect(card.keys.failures[3] == 2)
        #expect(authenticate() == "6983")
        #expect(card.keys.failures[3] == 2)
    }
}
