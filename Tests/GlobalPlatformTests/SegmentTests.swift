import CardCrypto
import GlobalPlatform
import Octets
import Testing

/// A recorded session of SCP03t: the same messages in another framing.
@Suite struct SegmentTests {
    struct Record: Decodable {
        struct Segment: Decodable {
            let begin: HexOctets
            let mac: HexOctets
            let sha256: HexOctets
        }
        let externalAuthenticate: HexOctets
        let sEnc: HexOctets
        let sMac: HexOctets
        let sRmac: HexOctets
        let segments: [Segment]
        let response: HexOctets
        let responsePlain: HexOctets
        let package: HexOctets
    }

    @Test func download() throws {
        let record: Record = try Vectors.decode("scp03t.json")
        let enc = secret(record.sEnc.octets)
        let mac = secret(record.sMac.octets)
        let rmac = secret(record.sRmac.octets)
        var messaging = try AESSecureMessaging(
            encryption: enc.view,
            commandMAC: mac.view,
            responseMAC: rmac.view,
            size: .s8
        )
        let authenticate = secret(record.externalAuthenticate.octets)
        #expect(
            try messaging.verifyCommand(
                authenticate.view.part(from: 0, length: 2),
                authenticate.view.part(from: 2, length: 9),
                mac: authenticate.view.part(from: 11)
            )
        )
        let package = record.package.octets
        let pieces = [Array(package[..<1_024]), Array(package[1_024...])]
        #expect(package.count == 1_442 && record.segments.count == 2)
        for (number, (piece, segment)) in zip(pieces, record.segments).enumerated() {
            let counter = [UInt8](repeating: 0, count: 15) + [UInt8(number + 1)]
            let body = cbc(.aes, record.sEnc.octets, ecb(.aes, record.sEnc.octets, counter), pad(piece, 16))
            let whole = Array(segment.begin.octets.prefix(4)) + body + segment.mac.octets
            #expect(whole.starts(with: segment.begin.octets))
            #expect(try whole.withView { try Hash.digest(.sha256, $0) } == segment.sha256.octets)
            let held = secret(whole)
            messaging.countCommand()
            let ciphertext = held.view.part(from: 4, length: body.count)
            #expect(
                try messaging.verifyCommand(
                    held.view.part(from: 0, length: 4),
                    ciphertext,
                    mac: held.view.part(from: 4 + body.count)
                )
            )
            let plain = SecretOctets(count: body.count)
            let count = try messaging.decryptCommand(ciphertext, into: plain.buffer)
            #expect(plain.view.part(from: 0, length: count ?? 0).array == piece)
        }
        let room = SecretOctets(count: 64)
        var response = OctetWriter(room.buffer)
        let header = secret(Array(record.response.octets.prefix(2)))
        let answer = secret(record.responsePlain.octets)
        response.append(header.view)
        try messaging.encryptResponse(answer.view, to: &response)
        let data = response.view.part(from: 2)
        try messaging.appendResponseMAC(header.view, data, to: &response)
        #expect(hex(response.view.array) == hex(record.response.octets))
    }
}
