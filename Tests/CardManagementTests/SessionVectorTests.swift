import CardCrypto
import CardManagement
import Foundation
import GlobalPlatform
import Octets
import Testing

/// The published sessions of SCP02, SCP03 and SCP11, from the host's side, octet for octet.
@Suite struct SessionVectorTests {
    struct Plaintext: Decodable {
        let plain: HexOctets
        let wrapped: HexOctets
        let rsp_wrapped: HexOctets?
        let rsp_plain: HexOctets?
        let rsp_sw: HexOctets?

        /// What the card answers; where that is not recorded, 6A88, which comes without MAC in SCP03.
        func response(isSCP02: Bool) -> [UInt8] {
            if let rsp_wrapped { return rsp_wrapped.octets + (rsp_sw?.octets ?? [0x90, 0x00]) }
            return isSCP02 ? [0x90, 0x00] : [0x6A, 0x88]
        }
    }

    struct Keys: Decodable {
        let enc: HexOctets
        let mac: HexOctets
        let dek: HexOctets
    }

    struct SymmetricVector: Decodable {
        let id: String
        let `static`: Keys
        let init_update_cmd: HexOctets
        let init_update_rsp: HexOctets
        let ext_auth_cmd: HexOctets
        let commands: [Plaintext]
    }

    struct AgreementVector: Decodable {
        let id: String
        let variant: String
        let curve: String
        let mode: String
        let eSK_OCE: HexOctets
        let SK_OCE: HexOctets
        let PK_SD: HexOctets
        let mutual_authenticate_cmd: HexOctets
        let mutual_authenticate_rsp: HexOctets
        let shared_info: HexOctets
        let commands: [Plaintext]
    }

    struct File<Vector: Decodable>: Decodable {
        let vectors: [Vector]
    }

    private func send(_ commands: [Plaintext], to manager: CardManager, isSCP02: Bool, _ id: String) throws {
        for exchange in commands {
            let command = try #require(Command(exchange.plain.octets))
            if exchange.rsp_wrapped == nil, !isSCP02 {
                let error = #expect(throws: CardManagementError.self) { try manager.send(command, "a command") }
                #expect(error?.kind == .refused(.referencedDataNotFound), "\(id): \(error?.description ?? "")")
            } else {
                let response = try manager.send(command, "a command")
                if let plain = exchange.rsp_plain { #expect(hex(response.data) == hex(plain.octets), "\(id)") }
            }
        }
    }

    @Test(arguments: ["scp02.json", "scp03.json"]) func symmetric(file: String) throws {
        for vector in try Vectors.decode(file, as: File<SymmetricVector>.self).vectors {
            let isSCP02 = file == "scp02.json"
            let card = RecordedCard(
                [
                    (vector.init_update_cmd.octets, vector.init_update_rsp.octets + [0x90, 0x00]),
                    (vector.ext_auth_cmd.octets, [0x90, 0x00]),
                ] + vector.commands.map { ($0.wrapped.octets, $0.response(isSCP02: isSCP02)) }
            )
            let manager = CardManager(card)
            let keys = StaticKeys(
                encryption: vector.static.enc.octets,
                mac: vector.static.mac.octets,
                dataEncryption: vector.static.dek.octets
            )
            let initialization = vector.init_update_cmd.octets
            // Cards for S16 refuse a challenge of S8 first.
            let challenge = Array(initialization[5..<(5 + Int(initialization[4]))])
            try manager.authenticate(
                [HostKeys(.symmetric(keys))],
                version: initialization[2],
                level: SecurityLevel(rawValue: vector.ext_auth_cmd.octets[2])
            ) { _ in challenge }
            try send(vector.commands, to: manager, isSCP02: isSCP02, vector.id)
            #expect(card.differences == [], "\(vector.id)")
            #expect(card.remaining == 0, "\(vector.id)")
        }
    }

    /// What `PrivateKey(_:random:)` makes a private key of: it takes the number modulo n-1, and adds 1.
    private static func random(for key: [UInt8]) -> [UInt8] {
        var number = [UInt8](repeating: 0, count: PrivateKey.randomLength - key.count) + key
        for index in number.indices.reversed() {
            number[index] &-= 1
            if number[index] != 0xFF { break }
        }
        return number
    }

    @Test func agreement() throws {
        let vectors = try Vectors.decode("scp11.json", as: File<AgreementVector>.self).vectors
        #expect(vectors.count == 5)
        for vector in vectors {
            let curve = vector.curve == "secp256r1" ? Curve.p256 : .brainpoolP256r1
            let card = RecordedCard(
                [(vector.mutual_authenticate_cmd.octets, vector.mutual_authenticate_rsp.octets + [0x90, 0x00])]
                    + vector.commands.map { ($0.wrapped.octets, $0.response(isSCP02: false)) }
            )
            let manager = CardManager(card)
            let keys = AgreementKeys(
                privateKey: vector.SK_OCE.octets,
                curve: curve,
                certificates: [],
                authority: (0x03, 0x10),
                cardKey: try vector.PK_SD.octets.withView { try PublicKey(curve, point: $0) },
                cardAuthority: nil,
                keyLength: vector.shared_info.octets[2],
                size: vector.mode == "S8" ? .s8 : .s16
            )
            let channel: HostProtocol = vector.variant == "11a" ? .scp11a : .scp11c
            try manager.authenticate(
                [HostKeys(version: vector.mutual_authenticate_cmd.octets[2], channel: channel, .agreement(keys))]
            ) { _ in Self.random(for: vector.eSK_OCE.octets) }
            try send(vector.commands, to: manager, isSCP02: false, vector.id)
            #expect(card.differences == [], "\(vector.id)")
            #expect(card.remaining == 0, "\(vector.id)")
        }
    }
}
