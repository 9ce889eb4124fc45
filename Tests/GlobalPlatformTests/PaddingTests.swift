import CardCrypto
import Octets
import Testing

@testable import GlobalPlatform

/// A wrong MAC and wrong padding are the same to who sends them: in the status word, and in what the card computes.
@Suite struct PaddingTests {
    private static let encryptionKey = [UInt8](0x10...0x1F)
    private static let macKey = [UInt8](0x20...0x2F)

    private func messaging() throws -> DESSecureMessaging {
        let enc = secret(Self.encryptionKey)
        let mac = secret(Self.macKey)
        return try DESSecureMessaging(
            encryption: enc.view,
            commandMAC: mac.view,
            responseMAC: mac.view,
            encryptsVector: true
        )
    }

    /// With SCP02 the MAC is that of the data in the clear: whatever the padding, and whether the MAC is right or wrong,
    /// as many blocks are enciphered.
    @Test(arguments: [8, 16, 64, 240, 248, 256, 1_024])
    func theWorkOfSCP02DependsOnTheLengthOnly(length: Int) throws {
        for padding in 0...8 {
            // 0: none.
            var plain = [UInt8](repeating: 0x11, count: length)
            if padding > 0 { plain.replaceSubrange((length - padding)..., with: pad([], 8).prefix(padding)) }
            let ciphertext = secret(cbc(.des, Self.encryptionKey, [UInt8](repeating: 0, count: 8), plain))
            for isRight in [true, false] {
                var messaging = try messaging()
                let room = SecretOctets(count: length)
                let found = try messaging.decryptCommand(ciphertext.view, into: room.buffer)
                let data = try #require(found)
                #expect(data.isPadded == (padding > 0))
                #expect(data.count == length - max(padding, 1))
                let lengthField = Host.lengthField(data.count + 8)
                let header = secret([0x84, 0xE2, 0x00, 0x00] + lengthField)
                let body = room.view.part(from: 0, length: data.count)
                var mac = try retailMAC(header.view.array + body.array)
                if !isRight { mac[7] ^= 0x01 }
                let held = secret(mac)
                let isGenuine = try messaging.verifyCommand(
                    header.view,
                    body,
                    mac: held.view,
                    ciphertext: length
                )
                #expect(isGenuine == isRight)
                #expect(messaging.commandMAC.blocks == length / 8 + 1, "\(padding) octets of padding")
            }
        }
    }

    /// A MAC by the definition: single DES in a chain, the last block with Triple DES.
    private func retailMAC(_ message: [UInt8]) throws -> [UInt8] {
        let padded = pad(message, 8)
        var chain = [UInt8](repeating: 0, count: 8)
        for start in stride(from: 0, to: padded.count, by: 8) {
            let block = zip(chain, padded[start..<start + 8]).map { $0 ^ $1 }
            let isLast = start + 8 == padded.count
            chain = ecb(.des, isLast ? Self.macKey : Array(Self.macKey.prefix(8)), block)
        }
        return chain
    }

    /// With SCP03 the MAC is that of the ciphertext: what has a wrong one is not deciphered at all, so that whoever does
    /// not have the key never learns of padding.
    @Test func whatHasAWrongMACIsNotDecipheredWithSCP03() throws {
        let channel = SecureChannelProtocol.scp03(.common)
        let keys = threeKeys(0x40)
        let plain = SessionStateTests.plain
        let faults: [(isDeciphered: Bool, make: (Host) -> [UInt8])] = [
            (true, { $0.wrap(plain) }), (true, { $0.wrapWrongly(plain) }), (true, { $0.wrapBroken(plain) }),
            (false, { SessionStateTests.flipping($0.wrap(plain), -2) }),
            (false, { SessionStateTests.flipping($0.wrapWrongly(plain), -1) }),
            (false, { SessionStateTests.flipping($0.wrapBroken(plain), -1) }),
        ]
        for (number, fault) in faults.enumerated() {
            let domain = try TestDomain()
            try domain.put(0x30, .aes, keys)
            let host = Host(channel, version: 0x30, keys: keys)
            try #require(host.take(domain.send(host.initializeUpdate())))
            try #require(hex(domain.send(host.externalAuthenticate(0x03))) == "9000")
            let untouched = [UInt8](repeating: 0xEE, count: domain.scratch.buffer.count)
            domain.scratch.buffer.copyBytes(from: untouched)
            #expect(hex(domain.send(fault.make(host))) == (number == 0 ? "9000" : "6982"))
            // Ciphertext of no whole blocks cannot be deciphered, though its MAC is right.
            let isDeciphered = domain.scratch.view.array != untouched
            #expect(isDeciphered == (fault.isDeciphered && number != 2), "\(number)")
            #expect(domain.session.state == (number == 0 ? .open : .aborted))
        }
    }
}
