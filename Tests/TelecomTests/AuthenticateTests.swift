import Card
import CardCrypto
import Memory
import Octets
import Telecom
import Testing

/// AUTHENTICATE: TS 31.102 clause 7.1, TS 31.103 clause 7.1.
@Suite struct AuthenticateTests {
    struct File: Decodable {
        struct Step: Decodable {
            let step, command, response, gsmContextCommand, gsmContextResponse: String
        }
        struct Algorithm: Decodable {
            let algorithm, k, opcOrTopc: String
            let steps: [Step]

            /// RES of 128 bits of the test algorithm, of 64 bits of TUAK.
            var parameters: [UInt8] {
                switch algorithm.prefix(3) {
                case "MIL": TelecomCard.parameters(algorithm: 1, key: k, opc: opcOrTopc)
                case "XOR": TelecomCard.parameters(algorithm: 3, options: 2, key: k, opc: opcOrTopc)
                default: TelecomCard.parameters(algorithm: 2, options: 1, key: k, opc: opcOrTopc)
                }
            }
        }
        struct Bootstrapping: Decodable {
            let ks, rand, naf_id, ks_ext_naf, ks_int_naf: HexOctets
            let impi: String

            enum CodingKeys: String, CodingKey {
                case ks, rand, impi
                case naf_id = "nafId"
                case ks_ext_naf = "ksExtNaf"
                case ks_int_naf = "ksIntNaf"
            }
        }
        let algorithms: [Algorithm]
        let gba: Bootstrapping
    }

    /// RAND and AUTN that the TS 35.208 set 1 subscriber of the default profile accepts first.
    private static let first = "0088008122" + random + "103CBC31A4300680004CA20DA19B15B798"
    private static let random = "1000112233445566778899AABBCCDDEEFF"
    private static let gsm = "0088008011" + random + "00"
    private static let firstAnswer =
        "DB089D17CD1D46269624104461E8DAF40DE2D786931D9D4AE45F9F1091AB134C94F05233DAF7D74B9A3419E2"
    private static let set1 = TelecomCard.parameters(
        algorithm: 1,
        key: "465B5CE8B199B49FAA5F0A2EE238A6BC",
        opc: "CD63CB71954A9F4E48A5994E37A02BAF"
    )

    // vectors/uicc/aka-apdu.json: the steps of an algorithm in order on one card.
    @Test func steps() throws {
        let file: File = try Vectors.decode("aka-apdu.json")
        #expect(file.algorithms.count == 3)
        for algorithm in file.algorithms {
            let card = try TelecomCard(algorithm.parameters)
            try card.select()
            #expect(algorithm.steps.count == 8)
            for step in algorithm.steps {
                #expect(try card.send(step.command) == step.response, "\(algorithm.algorithm): \(step.step)")
                #expect(try card.send(step.gsmContextCommand) == step.gsmContextResponse, "\(algorithm.algorithm)")
            }
        }
    }

    // The ISIM shares the sequence numbers of the USIM, and gives no Kc.
    @Test func ims() throws {
        let card = try TelecomCard(Self.set1)
        try card.select(TelecomCard.isim)
        #expect(try card.send(Self.first + "00") == Self.firstAnswer + "9000")
        #expect(try card.send("008800801100") == "6700")
        #expect(try card.send(Self.gsm) == "9864")
        try card.select()
        #expect(try card.send(Self.first + "00").hasPrefix("DC0E"))
    }

    // TS 102 222 clause 6.4: parameters that are those of the USIM go with it.
    @Test func deletionOfTheUSIM() throws {
        let card = try TelecomCard(Self.set1)
        try card.select()
        #expect(try card.send("00E40000027FFF") == "9000")
        #expect(Card.defects(of: UnsafeRawBufferPointer(card.image)).filter { !$0.reason.isRemark } == [])
        try card.select(TelecomCard.isim)
        #expect(try card.send(Self.first + "00") == "6985")
    }

    @Test func services() throws {
        let card = try TelecomCard(Self.set1, services: [])
        try card.select()
        #expect(try card.send(Self.first + "00") == Self.firstAnswer + "9000")
        #expect(try card.send(Self.gsm) == "9864")
        #expect(try card.send("0088008401DD00") == "9864")
        #expect(try card.send("8078000100") == "6985")
    }

    @Test func conditions() throws {
        let card = try TelecomCard(Self.set1, hasPIN: true)
        #expect(try card.send(Self.first + "00") == "6985")
        try card.select()
        #expect(try card.send(Self.first + "00") == "6982")
        #expect(try card.send("8078000100") == "6982")
        #expect(try card.send("002000010830303030FFFFFFFF") == "9000")
        // P1 and P2, lengths, contexts.
        let data = String(Self.first.dropFirst(10))
        #expect(try card.send("0088018122\(data)00") == "6A86")
        for p2 in ["00", "01", "83", "87", "89", "C1"] {
            #expect(try card.send("008800\(p2)22\(data)00") == "6A86", "\(p2)")
        }
        for p2 in ["82", "85", "86"] { #expect(try card.send("008800\(p2)0100") == "9864", "\(p2)") }
        #expect(try card.send("8088008100") == "6E00")
        #expect(try card.send("0088008111\(data.prefix(34))00") == "6700")
        #expect(try card.send("0088008123\(data)0000") == "6700")
        #expect(try card.send("008800812211\(data.dropFirst(2))00") == "6700")
        // A DF of the application will do, the MF not.
        #expect(try card.send("00A4000C023F00") == "9000")
        #expect(try card.send(Self.first + "00") == "6985")
        #expect(try card.send("00A4080C047FFF5F3B") == "9000")
        #expect(try card.send(Self.first + "00").hasSuffix("9000"))
    }

    // authCounterMax: each authentication counts, the failed one too; then the key is blocked.
    @Test func countOfAuthentications() throws {
        func parameters(_ algorithm: UInt8) -> [UInt8] {
            let limit: [UInt8] = [0x86, 0x03, 0x00, 0x00, 0x02]
            return TelecomCard.parameters(algorithm: algorithm, key: "000102030405060708090A0B0C0D0E0F", further: limit)
        }
        let card = try TelecomCard(parameters(1))
        try card.select()
        let zero = "1000000000000000000000000000000000"
        let command = "0088008122\(zero)\(zero)00"
        #expect(try card.send(command) == "9862")
        card.card.powerOn()
        try card.select()
        #expect(try card.send("0088008011\(zero)00").hasPrefix("04"))
        #expect(try card.send(command) == "6983")
        // The test algorithm has no limit.
        let other = try TelecomCard(parameters(3))
        try other.select()
        for _ in 0..<4 { #expect(try other.send(command) == "9862") }
    }

    // sqnInit, sqnDelta, sqnAgeLimit and sqnOptions: SEQ starts at 100 for all IND, and may go 16 ahead and 4 back.
    @Test func sequenceNumberOptions() throws {
        let initial = (0..<32).flatMap { TelecomCard.tlv(0x04, [0, 0, 0, 0, 0, $0 == 5 ? 90 : 100]) }
        let limits = TelecomCard.tlv(0x83, [0, 0, 0, 0, 0, 16]) + TelecomCard.tlv(0x84, [0, 0, 0, 0, 0, 4])
        let beside = [0x82, 0x01, 0x0E] + limits + TelecomCard.tlv(0xA5, initial)
        let key = "465B5CE8B199B49FAA5F0A2EE238A6BC"
        let opc = "CD63CB71954A9F4E48A5994E37A02BAF"
        let card = try TelecomCard(TelecomCard.parameters(algorithm: 1, key: key, opc: opc, beside: beside))
        try card.select()
        let network = try Network(key: key, opc: opc)
        // IND 5 holds 90, but 96 is four below the highest.
        for (sequence, index, isFresh) in [
            (100, 1, false), (117, 1, false), (96, 5, false), (97, 5, true), (97, 5, false), (116, 1, true),
            (132, 2, true), (149, 2, false), (128, 3, false), (129, 3, true),
        ] {
            let number = UInt64(sequence * 32 + index)
            let answer = try card.send(network.challenge(random: UInt128(number), number))
            #expect(answer.hasPrefix(isFresh ? "DB08" : "DC0E"), "SEQ \(sequence) IND \(index): \(answer)")
        }
        // AUTS carries the highest number that was accepted.
        let auts = try network.resynchronisation(random: 7, 132 * 32 + 2)
        #expect(try card.send(network.challenge(random: 7, 1)) == "DC0E\(auts)9000")
    }

    // Whatever the power does: a challenge that was answered with keys is never answered with keys again.
    @Test func powerFailures() throws {
        let fresh = try TelecomCard(Self.set1)
        let image = [UInt8](fresh.image)
        var answered = 0
        var unanswered = 0
        for operations in UInt64(0)..<40 {
            for tear in [PowerFailure.Tear.before, .prefix(octets: 3, bits: 2), .suffix(octets: 5, bits: 4), .after] {
                let card = try TelecomCard(image: image)
                try card.select()
                card.card.system.memory.schedule(PowerFailure(completeOperations: operations, tear: tear))
                let answer = try card.send(Self.first + "00")
                card.card.powerOn()
                try card.select()
                let second = try card.send(Self.first + "00")
                if answer.isEmpty {
                    unanswered += 1
                    #expect(second.hasPrefix(Self.firstAnswer) || second.hasPrefix("DC0E"))
                    card.card.powerOn()
                    try card.select()
                    #expect(try card.send(Self.first + "00").hasPrefix("DC0E"))
                } else {
                    answered += 1
                    #expect(answer.hasPrefix(Self.firstAnswer))
                    #expect(second.hasPrefix("DC0E"))
                }
            }
        }
        #expect(answered > 0 && unanswered > 0)
    }

    // TS 34.108 clause 8.1.2: AMF FFFF asks the test algorithm for a resynchronisation.
    @Test func forcedResynchronisation() throws {
        let card = try TelecomCard(TelecomCard.testAlgorithm)
        try card.select()
        // K exclusive-or RAND is 00010203..; SQN 000000000021, AMF FFFF.
        let token = "030405060729FFFF000102030424F9F8"
        let command = "0088008122" + "1000000000000000000000000000000000" + "10\(token)00"
        #expect(try card.send(command) == "DC0E03040506070800010203040506079000")
    }

    // TS 33.220 clause 5.3.2 and annex B; the key with one implementation behind it, see vectors/uicc/README.md.
    @Test func genericBootstrapping() throws {
        let file: File = try Vectors.decode("aka-apdu.json")
        let milenage = try #require(file.algorithms.first)
        let gba = file.gba
        let impi = Array(gba.impi.utf8)
        let derived = try gba.ks.octets.withView { ks in
            try gba.rand.octets.withView { random in
                try impi.withView { impi in
                    try gba.naf_id.octets.withView { naf in
                        (
                            try NAFKey.external.derive(ks: ks, random: random, identity: impi, naf: naf),
                            try NAFKey.internal.derive(ks: ks, random: random, identity: impi, naf: naf)
                        )
                    }
                }
            }
        }
        #expect(derived == (gba.ks_ext_naf.short, gba.ks_int_naf.short))

        let card = try TelecomCard(milenage.parameters)
        let naf = TelecomCard.tlv(0xDE, gba.naf_id.octets) + [UInt8(impi.count)] + impi
        let derivation = Hex.string([0x00, 0x88, 0x00, 0x84, UInt8(naf.count)] + naf + [0x00])
        let answer = "DB20" + Hex.string(gba.ks_ext_naf.octets) + "9000"
        // The MAC in AUTN is exclusive-or the first octets of SHA-1 of IK, the second half of Ks.
        let digest = try gba.ks.octets.suffix(16).map { $0 }.withView { try Hash.digest(.sha1, $0) }
        var token = TelecomCard.octets(String(try #require(milenage.steps.first).command.dropFirst(46).prefix(32)))
        let plain = token
        for index in 0..<8 { token[8 + index] ^= digest[index] }
        func bootstrapping(_ token: [UInt8]) -> String {
            Hex.string([0x00, 0x88, 0x00, 0x84, 0x23, 0xDD, 0x10] + gba.rand.octets + [0x10] + token + [0x00])
        }
        for application in [TelecomCard.usim, TelecomCard.isim] {
            try card.select(application)
            if application == TelecomCard.usim {
                #expect(try card.send(derivation) == "6985")
                #expect(try card.send(bootstrapping(plain)) == "9862")
                #expect(try card.send(bootstrapping(token)) == "DB08FD78C1EA972E553B9000")
                #expect(try card.send(bootstrapping(token)).hasPrefix("DC0E"))
            }
            #expect(try card.send(derivation) == answer)
        }
        card.card.powerOn()
        try card.select()
        #expect(try card.send(derivation) == answer)
        #expect(try card.send(derivation.prefix(8) + "01DE00") == "6700")
        #expect(try card.send("0088008401AA00") == "6A80")
    }

    // TS 31.102 clauses 4.2.79 and 4.2.83, TS 33.220 clause G.1.
    @Test func bootstrappingFiles() throws {
        let file: File = try Vectors.decode("aka-apdu.json")
        let step = try #require(file.algorithms.first?.steps.first)
        let card = try TelecomCard(try #require(file.algorithms.first).parameters)
        let usim = try card.usimFile
        _ = try card.create(usim, 0x41, 0x6FD6, size: 30)
        let list = try card.create(usim, 0x42, 0x6FDA, size: 32, record: 16)
        try card.fill(list, [UInt8](repeating: 0xFF, count: 32))
        card.card.system.memory.commit()
        try card.select()
        func derive(_ naf: String) throws {
            let data = "DE\(Hex.string([UInt8(naf.count / 2)]))\(naf)0131"
            let answer = try card.send("00880084\(Hex.string([UInt8(data.count / 2)]))\(data)00")
            #expect(answer.hasPrefix("DB20"))
        }
        let digest = try file.gba.ks.octets.suffix(16).map { $0 }.withView { try Hash.digest(.sha1, $0) }
        var token = TelecomCard.octets(String(step.command.dropFirst(46).prefix(32)))
        for index in 0..<8 { token[8 + index] ^= digest[index] }
        let challenge = Hex.string([0xDD, 0x10] + file.gba.rand.octets + [0x10] + token)
        #expect(try card.send("0088008423\(challenge)00").hasPrefix("DB08"))
        let random = Hex.string(file.gba.rand.octets)
        let rest = String(repeating: "FF", count: 11)
        #expect(try card.send("00A4000C026FD6") == "9000")
        #expect(try card.send("00B0000000") == "10\(random)0000\(rest)9000")
        // The terminal has not written B-TID yet.
        try derive("AABB01")
        #expect(try card.send("00A4000C026FDA") == "9000")
        let empty = String(repeating: "FF", count: 16) + "9000"
        #expect(try card.send("00B2010400") == empty)
        #expect(try card.send("00A4000C026FD6") == "9000")
        #expect(try card.send("00D600110604C1C2C3C400") == "9000")
        #expect(try card.send("00A4000C026FDA") == "9000")
        func records() throws -> [String] {
            try ["00B2010400", "00B2020400"].map { try card.send($0) }
        }
        func record(_ naf: String, _ identifier: String) -> String {
            let known = TelecomCard.tlv(0x81, TelecomCard.octets(identifier))
            let text = TelecomCard.tlv(0x80, TelecomCard.octets(naf)) + known
            return Hex.string(text + [UInt8](repeating: 0xFF, count: 16 - text.count)) + "9000"
        }
        try derive("AABB01")
        #expect(try records() == [record("AABB01", "C1C2C3C4"), empty])
        try derive("AABB02")
        try derive("AABB01")
        #expect(try records() == [record("AABB01", "C1C2C3C4"), record("AABB02", "C1C2C3C4")])
        // Another bootstrapping: the record of the NAF; of a third one the first; one that does not fit: none.
        #expect(try card.send("00A4000C026FD6") == "9000")
        #expect(try card.send("00D600110402D1D200") == "9000")
        #expect(try card.send("00A4000C026FDA") == "9000")
        try derive("AABB02")
        #expect(try records() == [record("AABB01", "C1C2C3C4"), record("AABB02", "D1D2")])
        try derive("AABB03")
        try derive("AABB03AABB03AABB03AABB03")
        #expect(try records() == [record("AABB03", "D1D2"), record("AABB02", "D1D2")])
    }

    // docs/default-profile.md; the SUCI has the parts that TS 33.501 clause C.3.4 asks for.
    @Test func defaultProfile() throws {
        let card = try TelecomCard(image: nil)
        let result = card.card.install(profilePackage: [try Vectors.profile("veuicc-default.der")])
        #expect(result.isInstalled)
        card.card.powerOn()
        #expect(try card.send("00A4040C07A0000000871002") == "9000")
        #expect(try card.send(Self.first + "00") == Self.firstAnswer + "0889AE3140B02DF6999000")
        #expect(try card.send(Self.first + "00").hasPrefix("DC0E"))
        let identity = try card.send("8078000100")
        #expect(identity.hasPrefix("A1350100F110F0FF011B"), "\(identity)")
        #expect(identity.count == 2 * (2 + 53 + 2) && identity.hasSuffix("9000"))
        #expect(try card.send("8078000100") != identity)
        #expect(try card.send("00A4040C07A0000000871004") == "9000")
        #expect(try card.send(Self.first + "00").hasPrefix("DC0E"))
        #expect(try card.send("8078000100") == "6985")
    }
}

/// The network's side of MILENAGE.
struct Network: ~Copyable {
    private let milenage: Milenage

    init(key: String, opc: String) throws {
        let opc = TelecomCard.octets(opc).reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
        milenage = try Milenage(key: TelecomCard.octets(key).short, opc: opc)
    }

    /// AUTHENTICATE with RAND and an AUTN for a sequence number.
    func challenge(random: UInt128, _ number: UInt64) throws -> String {
        let key = try milenage.f2345(random).anonymityKey
        let code = try milenage.f1(Challenge(random: random, sequenceNumber: number, managementField: 0x8000))
        return "008800812210\(text(random, 16))10\(text(UInt128(number ^ key), 6))8000\(hex(code))00"
    }

    /// AUTS.
    func resynchronisation(random: UInt128, _ number: UInt64) throws -> String {
        let key = try milenage.f5Star(random)
        let code = try milenage.f1Star(Challenge(random: random, sequenceNumber: number, managementField: 0))
        return text(UInt128(number ^ key), 6) + hex(code)
    }

    private func text(_ number: UInt128, _ count: Int) -> String {
        Hex.string((0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> UInt128($0 * 8)) })
    }
}
