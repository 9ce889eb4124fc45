import CardCrypto
import Octets
import Telecom
import Testing

/// The seven functions that a published set lists.
struct FunctionSet: Decodable {
    let k, rand, sqn, amf: HexOctets
    let f1, f1star, f2, f3, f4, f5, f5star: HexOctets

    var challenge: Challenge {
        Challenge(
            random: rand.number,
            sequenceNumber: sqn.number64,
            managementField: UInt16(truncatingIfNeeded: amf.number64)
        )
    }

    func check<Algorithm: AuthenticationAlgorithm & ~Copyable>(_ algorithm: borrowing Algorithm) throws {
        let result = try algorithm.f2345(rand.number)
        let star = try algorithm.f5Star(rand.number)
        #expect(try algorithm.f1(challenge) == f1.short)
        #expect(try algorithm.f1Star(challenge) == f1star.short)
        #expect(result.response == f2.short)
        #expect(result.cipherKey == f3.short)
        #expect(result.integrityKey == f4.short)
        #expect(result.anonymityKey == f5.number64)
        #expect(star == f5star.number64)
    }
}

/// The algorithms against the sets that were published with them: vectors/uicc/README.md says where.
@Suite struct AlgorithmTests {
    struct MilenageFile: Decodable {
        struct Set: Decodable {
            struct Derived: Decodable {
                let autn, sresC2, sresAltFirst4, kcC3, autsSqnmsEqSqn: HexOctets
            }
            let k, op, opc: HexOctets
            let derived: Derived
            let functions: FunctionSet

            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Key.self)
                k = try container.decode(HexOctets.self, forKey: .k)
                op = try container.decode(HexOctets.self, forKey: .op)
                opc = try container.decode(HexOctets.self, forKey: .opc)
                derived = try container.decode(Derived.self, forKey: .derived)
                functions = try FunctionSet(from: decoder)
            }

            enum Key: CodingKey { case k, op, opc, derived }
        }
        struct Constants: Decodable {
            let r1, r2, r3, r4, r5: UInt8
            let c1, c2, c3, c4, c5: HexOctets
        }
        let defaultConstants: Constants
        let sets: [Set]
    }

    /// AUTN is accepted by whoever has accepted nothing yet, and AUTS is the answer of whoever has accepted its SQN.
    private func checkTokens<Algorithm: AuthenticationAlgorithm & ~Copyable>(
        _ algorithm: borrowing Algorithm,
        _ random: HexOctets,
        _ number: HexOctets,
        autn: HexOctets,
        auts: HexOctets
    ) throws {
        let token = try #require(autn.octets.withView { AuthenticationToken($0) })
        let number = SequenceNumber(number.number64)
        var accepted = InlineArray<32, UInt64>(repeating: 0)
        let fresh = SequenceNumberArray(accepted: accepted)
        guard case .authentic(_, let found) = try algorithm.examine(random: random.number, token: token, against: fresh)
        else { throw Refused() }
        #expect(found == number)
        accepted[number.index] = number.sequence
        let used = SequenceNumberArray(accepted: accepted)
        guard
            case .synchronisationFailure(let answer) =
                try algorithm.examine(random: random.number, token: token, against: used)
        else { throw Refused() }
        var memory = [UInt8](repeating: 0, count: 14)
        let octets = memory.withUnsafeMutableBytes { buffer in
            var writer = OctetWriter(buffer)
            answer.append(to: &writer)
            return writer.view.array
        }
        #expect(octets == auts.octets)
    }

    struct Refused: Error {}

    // TS 35.208 clause 4.3; SRES and Kc: TS 55.205.
    @Test func milenage() throws {
        let file: MilenageFile = try Vectors.decode("milenage.json")
        #expect(file.sets.count == 20)
        let (constants, listed) = (Milenage.Constants(), file.defaultConstants)
        let rotations = [listed.r1, listed.r2, listed.r3, listed.r4, listed.r5]
        let additions = [listed.c1, listed.c2, listed.c3, listed.c4, listed.c5].map(\.number)
        for index in 0..<5 {
            #expect(constants.rotations[index] == rotations[index] && constants.additions[index] == additions[index])
        }
        for set in file.sets {
            let derived = set.derived
            #expect(try Milenage.opc(key: set.k.short, op: set.op.number) == set.opc.number)
            let milenage = try Milenage(key: set.k.short, opc: set.opc.number)
            try set.functions.check(milenage)
            let (random, number) = (set.functions.rand, set.functions.sqn)
            try checkTokens(milenage, random, number, autn: derived.autn, auts: derived.autsSqnmsEqSqn)
            // SRES by the other choice of TS 55.205: the first octets of RES.
            #expect(set.functions.f2.octets.prefix(4) == derived.sresAltFirst4.octets[...])
            let result = GSMResult(converting: try milenage.f2345(set.functions.rand.number))
            #expect(UInt64(result.signedResponse) == derived.sresC2.number64)
            #expect(result.cipherKey == derived.kcC3.number64)
        }
    }

    // With equal constants the outputs are equal: the constants are used.
    @Test func milenageConstantsCount() throws {
        let key = [UInt8](0..<16).short
        var constants = Milenage.Constants()
        constants.rotations = [0, 0, 0, 0, 0]
        constants.additions = [7, 7, 7, 7, 7]
        let milenage = try Milenage(key: key, opc: 0, constants: constants)
        let result = try milenage.f2345(1)
        #expect(result.cipherKey == result.integrityKey)
        #expect(hex(result.cipherKey).hasPrefix(text(try milenage.f5Star(1))))
        let standard = try Milenage(key: key, opc: 0)
        #expect(try standard.f2345(1) != result)
        constants.rotations[0] = 128
        let turned = try Milenage(key: key, opc: 0, constants: constants)
        let challenge = Challenge(random: 1, sequenceNumber: 2, managementField: 3)
        #expect(try turned.f1(challenge) == milenage.f1(challenge))
    }

    @Test func milenageRefusesOtherKeyLengths() {
        #expect(throws: CryptoError.keyLength) { _ = try Milenage(key: [UInt8](0..<15).short, opc: 0) }
        #expect(throws: CryptoError.keyLength) { _ = try Milenage(key: [UInt8](0..<32).short, opc: 0) }
    }

    struct TUAKFile: Decodable {
        struct Permutation: Decodable {
            let `in`, out: HexOctets
        }
        struct Set: Decodable {
            struct Parameters: Decodable {
                let keccakIterations: UInt8
                let macBits, resBits, ckBits, ikBits: Int
                let k, top, topc: HexOctets

                var options: TUAK.Options {
                    var options = TUAK.Options()
                    options.macLength = macBits / 8
                    options.responseLength = resBits / 8
                    options.cipherKeyLength = ckBits / 8
                    options.integrityKeyLength = ikBits / 8
                    options.iterations = keccakIterations
                    return options
                }
            }
            let parameters: Parameters
            let functions: FunctionSet

            init(from decoder: any Decoder) throws {
                parameters = try Parameters(from: decoder)
                functions = try FunctionSet(from: decoder)
            }
        }
        let sets: [Set]
        let keccakF1600: [Permutation]
    }

    // TS 35.233 clauses 6.3 to 6.8.
    @Test func tuak() throws {
        let file: TUAKFile = try Vectors.decode("tuak.json")
        #expect(file.sets.count == 6)
        for set in file.sets {
            let parameters = set.parameters
            let top = parameters.top.short
            let iterations = parameters.keccakIterations
            let topc = try TUAK.topc(key: parameters.k.short, top: top, iterations: iterations)
            #expect(topc == parameters.topc.short)
            let tuak = try TUAK(key: parameters.k.short, topc: topc, options: parameters.options)
            try set.functions.check(tuak)
        }
    }

    // TS 35.232 clause 4; as carried in the file.
    @Test func keccak() throws {
        let file: TUAKFile = try Vectors.decode("tuak.json")
        #expect(file.keccakF1600.count == 6)
        for permutation in file.keccakF1600 {
            var state = Keccak()
            for (index, octet) in permutation.in.octets.enumerated() {
                state.lanes[index / 8] |= UInt64(octet) << UInt64(index % 8 * 8)
            }
            state.permute()
            let out = (0..<200).map { UInt8(truncatingIfNeeded: state.lanes[$0 / 8] >> UInt64($0 % 8 * 8)) }
            #expect(out == permutation.out.octets)
        }
    }

    struct XORFile: Decodable {
        struct USIM: Decodable {
            let k, rand, sqn, amf, res, ck, ik, ak, macA, autn, macSAmf0, auts, sresC2, kcC3: HexOctets
        }
        struct SIM: Decodable {
            let ki, rand, sres, kc: HexOctets
        }
        let usim: [USIM]
        let gsm2G: [SIM]
    }

    // TS 34.108 clause 8.1.2, TS 51.010-1 annex 4.
    @Test func testAlgorithm() throws {
        let file: XORFile = try Vectors.decode("xor.json")
        #expect(file.usim.count == 3)
        for set in file.usim {
            let algorithm = try TestAlgorithm(key: set.k.short)
            let result = algorithm.f2345(set.rand.number)
            var challenge = Challenge(
                random: set.rand.number,
                sequenceNumber: set.sqn.number64,
                managementField: UInt16(truncatingIfNeeded: set.amf.number64)
            )
            #expect(algorithm.f1(challenge) == set.macA.short)
            challenge.managementField = 0
            #expect(algorithm.f1Star(challenge) == set.macSAmf0.short)
            #expect(result.response == set.res.short)
            #expect(result.cipherKey == set.ck.short)
            #expect(result.integrityKey == set.ik.short)
            #expect(result.anonymityKey == set.ak.number64)
            #expect(algorithm.f5Star(set.rand.number) == set.ak.number64)
            try checkTokens(algorithm, set.rand, set.sqn, autn: set.autn, auts: set.auts)
            let converted = GSMResult(converting: result)
            #expect(UInt64(converted.signedResponse) == set.sresC2.number64)
            #expect(converted.cipherKey == set.kcC3.number64)
            let short = try TestAlgorithm(key: set.k.short, responseLength: 4)
            #expect(hex(short.f2345(set.rand.number).response) == Hex.string(set.res.octets.prefix(4)))
        }
        #expect(file.gsm2G.count == 2)
        for set in file.gsm2G {
            let result = try TestAlgorithm(key: set.ki.short).a3a8(set.rand.number)
            #expect(UInt64(result.signedResponse) == set.sres.number64)
            #expect(result.cipherKey == set.kc.number64)
        }
    }

    struct COMP128File: Decodable {
        struct Set: Decodable {
            let alg: String
            let ki, rand, sres, kc: HexOctets
        }
        let published, computed: [Set]
    }

    @Test func comp128() throws {
        let file: COMP128File = try Vectors.decode("comp128.json")
        #expect(file.published.count == 16 && file.computed.count == 60)
        for set in file.published + file.computed {
            let result =
                switch set.alg {
                case "COMP128v1": COMP128v1.a3a8(key: set.ki.number, random: set.rand.number)
                case "COMP128v2": COMP128v23.a3a8Version2(key: set.ki.number, random: set.rand.number)
                default: COMP128v23.a3a8(key: set.ki.number, random: set.rand.number)
                }
            #expect(UInt64(result.signedResponse) == set.sres.number64, "\(set.alg)")
            #expect(result.cipherKey == set.kc.number64, "\(set.alg)")
        }
    }

    // TS 33.102 clause 6.8.2.3: CK = Kc || Kc; IK = Kc1 xor Kc2 || Kc || Kc1 xor Kc2.
    @Test func keysOfKc() {
        let result = GSMResult(signedResponse: 0, cipherKey: 0x0123_4567_89AB_CDEF)
        #expect(hex(result.convertedCipherKey) == "0123456789ABCDEF0123456789ABCDEF")
        #expect(hex(result.convertedIntegrityKey) == "888888880123456789ABCDEF88888888")
    }

    private func text(_ number: UInt64) -> String {
        Hex.string((0..<6).reversed().map { UInt8(truncatingIfNeeded: number >> UInt64($0 * 8)) })
    }
}
