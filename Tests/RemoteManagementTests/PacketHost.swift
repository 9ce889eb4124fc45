import CardCrypto
import Octets
import Testing

@testable import RemoteManagement

/// The sender of command packets.
struct PacketHost {
    var algorithm = BlockCipher.Algorithm.aes
    var ciphering = RemoteCard.key
    var integrity = RemoteCard.key
    var parameters: UInt8 = 0x16
    var responseParameters: UInt8 = 0x19
    var kic: UInt8 = 0x12
    var kid: UInt8 = 0x12
    var reference = "000000"
    var counter: UInt64 = 1

    private var keys: PacketKeys {
        PacketKeys(integrity: key(integrity), ciphering: key(ciphering), kidAlgorithm: kid & 0x0F)
    }

    private func key(_ octets: [UInt8]) -> PacketKey {
        let secret = SecretOctets(count: octets.count)
        octets.withView { $0.copy(to: secret.buffer) }
        return PacketKey(algorithm, secret.view)
    }

    /// A command packet with a script. For a digital signature, and a redundancy check that KID does not name, there is
    /// none behind the header.
    func packet(_ script: String) throws -> [UInt8] {
        let data = try #require(Hex.octets(script))
        let hasCheck = parameters & 0x03 == 0x02
        let header = CommandPacket.Header(
            parameters: hasCheck ? parameters : parameters & ~0x03,
            responseParameters: responseParameters,
            kic: kic,
            kid: kid,
            reference: try #require(Hex.octets(reference)),
            counter: counter
        )
        var packet = try #require(data.withView { CommandPacket.make($0, header, with: keys) })
        packet[3] = parameters
        return packet
    }

    /// A command packet that is not ciphered, has no data, and says that so many octets are padding.
    func packet(padding: UInt8) throws -> [UInt8] {
        var packet = try packet("")
        packet[15] = padding
        let message = Array(packet.prefix(16))
        let checksum = SecretOctets(count: CryptographicChecksum.length)
        try message.withView { (message) throws(CryptoError) in
            try CryptographicChecksum.compute(message, with: key(integrity), into: checksum.buffer)
        }
        return message + checksum.view.array
    }

    /// A response packet, opened: status, counter and data; the check is verified.
    func open(_ response: [UInt8]) throws -> (status: UInt8, counter: UInt64, data: String) {
        let content = try response.withView { (response) throws(ResponsePacket.Defect) in
            try ResponsePacket.open(response, responseParameters, with: keys)
        }
        #expect(Hex.string(content.reference) == reference)
        return (content.status, content.counter, Hex.string(content.data))
    }
}
