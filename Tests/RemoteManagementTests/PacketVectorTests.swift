import CardCrypto
import Foundation
import Memory
import Octets
import Testing

@testable import RemoteManagement

/// The packets of vectors/gp/scp80.json.
struct PacketVectorTests {
    struct Vector: Decodable, CustomStringConvertible {
        struct Response: Decodable {
            let tar: String
            let cntr: String
            let status: String
            let data: String
        }

        let id: String
        let kic: String?
        let kid: String?
        let spi: String
        let kicByte: String?
        let kidByte: String?
        let tar: String?
        let cntr: String?
        let securedData: String?
        let commandPacket: String?
        let responsePacketWithUdh: String?
        let response: Response?

        var description: String { id }

        /// AES where KIc or KID says so; of responses alone, Triple DES.
        var algorithm: BlockCipher.Algorithm { kidByte?.last == "2" ? .aes : .des }

        func keys() throws -> PacketKeys {
            PacketKeys(
                integrity: try key(kid),
                ciphering: try key(kic),
                kidAlgorithm: 0x05
            )
        }

        private func key(_ text: String?) throws -> PacketKey? {
            guard let text else { return nil }
            let octets = try #require(Hex.octets(text))
            let secret = SecretOctets(count: octets.count)
            octets.withView { $0.copy(to: secret.buffer) }
            return PacketKey(algorithm, secret.view)
        }
    }

    private struct File: Decodable { let vectors: [Vector] }

    static func vectors() throws -> [Vector] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let data = try Data(contentsOf: RemoteCard.vectors.appending(path: "gp/scp80.json"))
        return try decoder.decode(File.self, from: data).vectors
    }

    @Test func commandPacketsAreOpened() throws {
        var count = 0
        for vector in try Self.vectors() {
            guard let text = vector.commandPacket, let octets = Hex.octets(text) else { continue }
            try octets.withView { view in
                let packet = try #require(CommandPacket(view), "\(vector)")
                #expect(Hex.string(packet.reference.array) == vector.tar)
                let plain = SecretOctets(count: 2 * view.count)
                let keys = try vector.keys()
                let content = packet.open(with: keys, into: plain)
                guard packet.hasChecksum else { return #expect(content == nil) }
                let opened = try #require(content, "\(vector)")
                #expect(opened.data.map { Hex.string($0.array) } == vector.securedData, "\(vector)")
                #expect(opened.counter == vector.cntr.flatMap { UInt64($0, radix: 16) })
                count += 1
            }
        }
        #expect(count >= 8)
    }

    @Test func commandPacketsAreMade() throws {
        var count = 0
        // The sender of the one of the field fills up with 80, 00 and so on.
        for vector in try Self.vectors() where vector.id != "e2e-aes-por-in-sms-submit" {
            guard let expected = vector.commandPacket, let data = vector.securedData.flatMap({ Hex.octets($0) }),
                let spi = Hex.octets(vector.spi), let kic = vector.kicByte.flatMap({ UInt8($0, radix: 16) }),
                let kid = vector.kidByte.flatMap({ UInt8($0, radix: 16) }),
                let reference = vector.tar.flatMap({ Hex.octets($0) }),
                let counter = vector.cntr.flatMap({ UInt64($0, radix: 16) })
            else { continue }
            let header = CommandPacket.Header(
                parameters: spi[0],
                responseParameters: spi[1],
                kic: kic,
                kid: kid,
                reference: reference,
                counter: counter
            )
            let keys = try vector.keys()
            let packet = data.withView { CommandPacket.make($0, header, with: keys) }
            #expect(packet.map { Hex.string($0) } == expected, "\(vector)")
            count += 1
        }
        #expect(count >= 10)
    }

    @Test func responsePacketsAreOpened() throws {
        var count = 0
        for vector in try Self.vectors() {
            guard let octets = vector.responsePacketWithUdh.flatMap({ Hex.octets($0) }), let expected = vector.response,
                let parameters = UInt8(vector.spi.suffix(2), radix: 16)
            else { continue }
            let keys = try vector.keys()
            let content = try octets.withView { (octets) throws(ResponsePacket.Defect) in
                try ResponsePacket.open(octets, parameters, with: keys)
            }
            #expect(Hex.string([content.status]) == expected.status)
            #expect(Hex.string(content.reference) == expected.tar)
            #expect(content.counter == UInt64(expected.cntr, radix: 16))
            #expect(Hex.string(content.data) == expected.data)
            // Any octet changed.
            for index in octets.indices where parameters & 0x08 != 0 {
                var other = octets
                other[index] ^= 0x01
                #expect(throws: ResponsePacket.Defect.self) {
                    try other.withView { (octets) throws(ResponsePacket.Defect) in
                        _ = try ResponsePacket.open(octets, parameters, with: keys)
                    }
                }
            }
            count += 1
        }
        #expect(count >= 5)
    }

    @Test func responsePacketsAreMade() throws {
        var count = 0
        for vector in try Self.vectors() {
            guard let expected = vector.responsePacketWithUdh, let response = vector.response,
                let parameters = UInt8(vector.spi.suffix(2), radix: 16)
            else { continue }
            let reference = try #require(Hex.octets(response.tar))
            let data = try #require(Hex.octets(response.data))
            let status = try #require(UInt8(response.status, radix: 16).flatMap(ResponseStatus.init))
            let counter = try #require(UInt64(response.cntr, radix: 16))
            let buffer = SecretOctets(count: 200)
            var writer = OctetWriter(buffer.buffer)
            let keys = try vector.keys()
            let isAppended = reference.withView { reference in
                data.withView { data in
                    ResponsePacket(status: status, reference: reference, counter: counter)
                        .append(data, parameters, with: keys, to: &writer)
                }
            }
            #expect(isAppended, "\(vector)")
            #expect(Hex.string(writer.view.array) == expected, "\(vector)")
            count += 1
        }
        #expect(count >= 3)
    }

    /// ISO/IEC 13239, over the ASCII digits 1 to 9; and vectors/gp/ram-rfm-scp81.json.
    @Test func redundancyChecks() {
        #expect(Array("123456789".utf8).withView { CRC16.of($0) } == 0x906E)
        #expect(([1, 2, 3, 4, 5] as [UInt8]).withView { CRC16.of($0) } == 0x22EC)
        #expect(([1, 2, 3, 4, 5] as [UInt8]).withView { CRC32.of($0) } == 0x470B_99F4)
    }
}
