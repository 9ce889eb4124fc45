import CardCrypto
import GlobalPlatform
import Octets
import Testing

@Suite struct SCP11Tests {
    struct Command: Decodable {
        let plain: HexOctets
        let wrapped: HexOctets
        let rspWrapped: HexOctets
        let rspPlain: HexOctets
    }

    struct AgreementVector: Decodable {
        let id: String
        let variant: String
        let curve: String
        let mode: String
        let eskOce: HexOctets
        let skOce: HexOctets
        let pkSd: HexOctets
        let epkSd: HexOctets
        let mutualAuthenticateCmd: HexOctets
        let mutualAuthenticateRsp: HexOctets
        let shSe: HexOctets
        let shSs: HexOctets
        let sharedInfo: HexOctets
        let receipt: HexOctets
        let sEnc: HexOctets
        let sMac: HexOctets
        let sRmac: HexOctets
        let dek: HexOctets
        let commands: [Command]

        enum CodingKeys: String, CodingKey {
            case id, variant, curve, mode, mutualAuthenticateCmd, mutualAuthenticateRsp, sharedInfo, receipt, sEnc, sMac
            case sRmac, dek, commands
            case eskOce = "eSK_OCE"
            case skOce = "SK_OCE"
            case pkSd = "PK_SD"
            case epkSd = "ePK_SD"
            case shSe = "ShSe"
            case shSs = "ShSs"
        }
    }

    struct Certificates: Decodable {
        let oceCertX509: HexOctets
        let oceCertGp: HexOctets
    }

    struct File: Decodable {
        let vectors: [AgreementVector]
        let pso: Certificates
    }

    static func secret(_ curve: Curve, _ key: [UInt8], _ point: [UInt8]) throws -> [UInt8] {
        let output = SecretOctets(count: 32)
        try key.withView { key in
            try point.withView { point in
                try PrivateKey(curve, scalar: key).sharedSecret(
                    with: PublicKey(curve, point: point),
                    into: output.buffer
                )
            }
        }
        return output.view.array
    }

    /// The host's side of the key agreement, and the card's messages with the keys that come of it.
    @Test func vectors() throws {
        let vectors = try Vectors.decodePlainly("scp11.json", as: File.self).vectors
        #expect(vectors.count == 5)
        for vector in vectors {
            let curve = vector.curve == "secp256r1" ? Curve.p256 : .brainpoolP256r1
            let shSe = try Self.secret(curve, vector.eskOce.octets, vector.epkSd.octets)
            let shSs = try Self.secret(curve, vector.skOce.octets, vector.pkSd.octets)
            #expect(hex(shSe) == hex(vector.shSe.octets), "\(vector.id)")
            #expect(hex(shSs) == hex(vector.shSs.octets), "\(vector.id)")
            let z = GlobalPlatformTests.secret(shSe + shSs)
            let info = GlobalPlatformTests.secret(vector.sharedInfo.octets)
            let length = Int(vector.sharedInfo.octets[2])
            let keys = try AgreedKeys(z: z.view, sharedInfo: info.view, count: 4, length: length)
            let expected = [vector.sEnc, vector.sMac, vector.sRmac, vector.dek]
            for (index, key) in expected.enumerated() { #expect(keys.key(index).array == key.octets, "\(vector.id)") }
            let receipt = SecretOctets(count: 16)
            let command = vector.mutualAuthenticateCmd.octets
            try Array(command[5..<(5 + Int(command[4]))]).withView { data in
                try Array(vector.mutualAuthenticateRsp.octets.prefix(68)).withView { point in
                    try keys.receipt(over: data, point, into: receipt.buffer)
                }
            }
            #expect(receipt.view.array == vector.receipt.octets, "\(vector.id)")
            var messaging = try AESSecureMessaging(
                encryption: keys.key(0),
                commandMAC: keys.key(1),
                responseMAC: keys.key(2),
                chain: receipt.view,
                size: vector.mode == "S8" ? .s8 : .s16
            )
            for command in vector.commands { try check(command, &messaging, vector.id) }
        }
    }

    private func check(_ command: Command, _ messaging: inout AESSecureMessaging, _ id: String) throws {
        let wrapped = command.wrapped.octets
        let body = Array(wrapped[5..<(5 + Int(wrapped[4]))])
        let size = messaging.size.rawValue
        let plain = SecretOctets(count: 256)
        messaging.countCommand()
        let isGenuine = try Array(wrapped.prefix(5)).withView { header in
            try body.withView { body in
                let length = body.count - size
                return try messaging.verifyCommand(
                    header,
                    body.part(from: 0, length: length),
                    mac: body.part(from: length)
                )
            }
        }
        #expect(isGenuine, "\(id)")
        let count = try Array(body.dropLast(size)).withView { try messaging.decryptCommand($0, into: plain.buffer) }
        #expect(count == Int(command.plain.octets[4]), "\(id)")
        #expect(
            plain.view.part(from: 0, length: count ?? 0).array == Array(withoutLe(command.plain.octets).dropFirst(5)),
            "\(id)"
        )
        let room = SecretOctets(count: 256)
        var response = OctetWriter(room.buffer)
        try command.rspPlain.octets.withView { try messaging.encryptResponse($0, to: &response) }
        let data = response.view
        try octets("9000").withView { try messaging.appendResponseMAC(.empty, data, $0, to: &response) }
        #expect(hex(response.view.array) == hex(command.rspWrapped.octets), "\(id)")
    }

    // MARK: Sessions

    static let hostEphemeral = [UInt8](repeating: 0x44, count: 32)
    static let hostStatic = [UInt8](repeating: 0x55, count: 32)
    static let authority = [UInt8](repeating: 0x33, count: 32)
    static let cardStatic = [UInt8](repeating: 0x22, count: 32)

    static func point(_ scalar: [UInt8], _ curve: Curve = .p256) throws -> [UInt8] {
        try scalar.withView { try PrivateKey(curve, scalar: $0).publicKey.uncompressed }
    }

    static func keys(_ curve: Curve = .p256, size: AESSecureMessaging.Size = .s8) throws -> TestKeys {
        var keys = TestKeys()
        keys.channels[0x03] = .scp11(size)
        for identifier: UInt8 in [0x11, 0x13, 0x15] {
            keys.entries[KeyReference(version: 3, identifier: identifier)] = TestKeys.Entry(
                type: .eccPrivate,
                curve: curve,
                octets: cardStatic
            )
        }
        keys.entries[KeyReference(version: 3, identifier: 0x10)] = TestKeys.Entry(
            type: .eccPublic,
            curve: curve,
            octets: try point(authority, curve)
        )
        // The scalar 1111...: eight octets more than it has, minus the least number.
        keys.random = [UInt8](repeating: 0, count: 8) + [UInt8](repeating: 0x11, count: 31) + [0x10]
        return keys
    }

    /// A certificate of GlobalPlatform for the host's static key.
    static func certificate(_ curve: Curve = .p256, usage: String = "0080") throws -> [UInt8] {
        let body =
            octets("930101420102" + "5F200103" + "9502" + usage + "5F240420991231" + "7F4946B041")
            + (try point(hostStatic, curve)) + [0xF0, 0x01, curve.rawValue]
        let signature = try authority.withView { key in
            try body.withView { try PrivateKey(curve, scalar: key).sign(message: $0) }
        }
        return [0x7F, 0x21, 0x81, UInt8(body.count + 67)] + body + [0x5F, 0x37, 0x40] + signature
    }

    static func agreement(_ parameters: String, usage: String = "3C", length: String = "10", _ curve: Curve = .p256)
        throws
        -> [UInt8]
    {
        octets("A60D900211\(parameters)9501\(usage)8001888101\(length)5F4941") + (try point(hostEphemeral, curve))
    }

    struct Computed: Decodable {
        struct Entry: Decodable {
            let id: String
            let internalAuthenticate: HexOctets?
            let response: HexOctets?
        }
        let vectors: [Entry]
    }

    @Test func scp11b() throws {
        let vectors = try (Vectors.decode("computed.json") as Computed).vectors
        let vector = try #require(vectors.first { $0.id == "scp11b-p256-aes128" })
        let card = CardSide(try Self.keys())
        let response = card.send(try #require(vector.internalAuthenticate).octets)
        #expect(hex(response) == hex(try #require(vector.response).octets) + "9000")
        // Nobody but the card is authenticated.
        #expect(card.session.level.rawValue == 0x33)
    }

    /// SCP11a and SCP11c on each curve, in both modes and with keys of each length: the host computes the same keys.
    @Test func mutual() throws {
        for curve in Curve.allCases {
            for size in [AESSecureMessaging.Size.s8, .s16] {
                for (parameters, identifier) in [("01", UInt8(0x11)), ("03", 0x15)] {
                    for (usage, level) in [("3C", UInt8(0x33)), ("34", 0x11)] {
                        for length in ["10", "18", "20"] {
                            let card = CardSide(try Self.keys(curve, size: size))
                            try present(try Self.certificate(curve), to: card)
                            let data = try Self.agreement(parameters, usage: usage, length: length, curve)
                            let response = card.send([0x80, 0x82, 0x03, identifier, UInt8(data.count)] + data)
                            try #require(response.suffix(2) == [0x90, 0x00])
                            #expect(card.session.level.rawValue == 0x80 | level)
                            let host = Host(.scp11(size), version: 3, keys: [])
                            host.level = level
                            let cardPoint = Array(response[3..<68])
                            let z =
                                try Self.secret(curve, Self.hostEphemeral, cardPoint)
                                + Self.secret(curve, Self.hostStatic, Self.point(Self.cardStatic, curve))
                            try self.agree(host, z, octets(usage + "88" + length))
                            host.chain = cmac(host.sessionKeys["receipt"] ?? [], data + response.prefix(68))
                            #expect(hex(Array(response.dropFirst(68))) == "8610" + hex(host.chain) + "9000")
                            card.answer = ([1, 2, 3], .success)
                            for _ in 0..<3 {
                                let command = octets("80E2800003AABBCC")
                                let answer = card.send(host.wrap(command))
                                #expect(card.received == command)
                                #expect(host.unwrap(answer, to: command) == [1, 2, 3])
                            }
                        }
                    }
                }
            }
        }
    }

    private func agree(_ host: Host, _ z: [UInt8], _ info: [UInt8]) throws {
        var stream: [UInt8] = []
        for counter: UInt8 in 1...5 {
            stream += try (z + [0, 0, 0, counter] + info).withView { try Hash.digest(.sha256, $0) }
        }
        for name in ["receipt", "enc", "mac", "rmac", "dek"] {
            host.sessionKeys[name] = Array(stream.prefix(Int(info[2])))
            stream.removeFirst(Int(info[2]))
        }
    }

    /// A certificate in segments of 100 octets.
    private func present(_ certificate: [UInt8], to card: CardSide) throws {
        for start in stride(from: 0, to: certificate.count, by: 100) {
            let part = Array(certificate[start..<min(start + 100, certificate.count)])
            let isLast = start + 100 >= certificate.count
            let response = card.send([0x80, 0x2A, isLast ? 0x03 : 0x83, 0x10, UInt8(part.count)] + part)
            try #require(hex(response) == "9000")
        }
    }

    @Test func refusals() throws {
        let data = try Self.agreement("01")
        let mutual = [0x80, 0x82, 0x03, 0x11, UInt8(data.count)] + data
        let certificate = try Self.certificate()
        func card() throws -> CardSide {
            let card = CardSide(try Self.keys())
            try present(certificate, to: card)
            return card
        }
        #expect(hex(try card().send(mutual).suffix(2)) == "9000")
        // Without a certificate, and with one that was used or is not whole.
        #expect(CardSide(try Self.keys()).send(hex(mutual)) == "6985")
        let used = try card()
        _ = used.send(mutual)
        #expect(hex(used.send(mutual)) == "6985")
        let partial = CardSide(try Self.keys())
        #expect(hex(partial.send([0x80, 0x2A, 0x83, 0x10, 0x20] + certificate.prefix(32))) == "9000")
        #expect(hex(partial.send(mutual)) == "6985")
        for (change, status) in [
            ((3, UInt8(0x13)), "6A86"), ((2, 0x04), "6A88"), ((5, 0xA7), "6A80"), ((9, 0x12), "6A80"),
            ((10, 0x00), "6A80"), ((10, 0x05), "6A80"), ((13, 0x10), "6A80"), ((16, 0x80), "6A80"),
            ((19, 0x11), "6A80"),
            ((60, 0x00), "6A80"), ((22, 0x40), "6A80"),
        ] {
            let card = try card()
            var command = mutual
            command[change.0] = change.1
            #expect(hex(card.send(command)) == status, "\(change)")
            #expect(card.session.state == .none)
        }
        // INTERNAL AUTHENTICATE with the variant of MUTUAL AUTHENTICATE.
        #expect(hex(try card().send([0x80, 0x88] + mutual.dropFirst(2))) == "6A80")
    }

    @Test func certificates() throws {
        let pso = try Vectors.decodePlainly("scp11.json", as: File.self).pso
        var keys: [PublicKey] = []
        for octets in [pso.oceCertX509.octets, pso.oceCertGp.octets] {
            try octets.withView { view in
                let certificate = try Certificate(view)
                keys.append(certificate.publicKey)
                // The authority's key is not published.
                let authority = try Self.point(Self.authority).withView { try PublicKey(.p256, point: $0) }
                #expect(try certificate.isSigned(by: authority) == false)
            }
            for count in 0..<octets.count {
                #expect(throws: StatusWord.incorrectData) {
                    _ = try Array(octets.prefix(count)).withView { try Certificate($0).publicKey }
                }
            }
        }
        #expect(keys[0] == keys[1])
        // The same X.509 certificate, signed by another authority.
        let scalar = GlobalPlatformTests.secret(Self.authority)
        let issuer = try PrivateKey(.p256, scalar: scalar.view)
        let original = pso.oceCertX509.octets
        let body = Array(original[4..<(4 + 4 + 0x1B6)])
        let raw = try body.withView { try issuer.sign(message: $0) }
        func integer(_ number: ArraySlice<UInt8>) -> [UInt8] {
            let digits = Array(number.drop { $0 == 0 })
            let positive = (digits.first ?? 0) < 0x80 ? digits : [0] + digits
            return [0x02, UInt8(positive.count)] + positive
        }
        let numbers = integer(raw[..<32]) + integer(raw[32...])
        let signature = [0x30, UInt8(numbers.count)] + numbers
        let rest = octets("300A06082A8648CE3D040302") + [0x03, UInt8(signature.count + 1), 0x00] + signature
        let length = body.count + rest.count
        let signed = [0x30, 0x82, UInt8(length >> 8), UInt8(length & 0xFF)] + body + rest
        try signed.withView { view in
            let certificate = try Certificate(view)
            #expect(try certificate.isSigned(by: issuer.publicKey))
            #expect(certificate.publicKey == keys[0])
        }
        let card = CardSide(try Self.keys())
        try present(signed, to: card)
    }

    @Test func refusedCertificates() throws {
        var forged = try Self.certificate()
        forged[forged.count - 1] ^= 0x01
        let cases: [([UInt8], String)] = [
            (forged, "6300"), (try Self.certificate(usage: "0040"), "6A80"),
            (Array(try Self.certificate().dropLast()), "6A80"), (try Self.certificate(.brainpoolP256r1), "6300"),
        ]
        for (certificate, status) in cases {
            let card = CardSide(try Self.keys())
            #expect(hex(card.send([0x80, 0x2A, 0x03, 0x10, UInt8(certificate.count)] + certificate)) == status)
        }
        let card = CardSide(try Self.keys())
        #expect(card.send("802A041001AA") == "6A88")
        #expect(card.send("802A830F01AA") == "9000")
        #expect(card.send("802A031001AA") == "6985")
        #expect(card.send("802A0310") == "6700")
        for _ in 0..<8 {
            #expect(hex(card.send([0x80, 0x2A, 0x83, 0x10, 0xFF] + [UInt8](repeating: 0, count: 255))) == "9000")
        }
        #expect(hex(card.send([0x80, 0x2A, 0x83, 0x10, 0xFF] + [UInt8](repeating: 0, count: 255))) == "6A84")
    }

    /// P2 with b8: another certificate follows, which this one's key has signed.
    @Test func chain() throws {
        let card = CardSide(try Self.keys())
        let first = try Self.certificate()
        #expect(hex(card.send([0x80, 0x2A, 0x03, 0x90, UInt8(first.count)] + first)) == "9000")
        let data = try Self.agreement("01")
        #expect(hex(card.send([0x80, 0x82, 0x03, 0x11, UInt8(data.count)] + data)) == "6985")
        #expect(hex(card.send([0x80, 0x2A, 0x03, 0x90, UInt8(first.count)] + first)) == "9000")
        // The authority has signed this one, not the host.
        #expect(hex(card.send([0x80, 0x2A, 0x03, 0x10, UInt8(first.count)] + first)) == "6300")
    }
}
