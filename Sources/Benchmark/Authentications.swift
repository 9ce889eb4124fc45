import Octets
import Telecom

/// AUTHENTICATE in the 3G context, each time with the next sequence number: the network's side.
enum Authentications {
    static let names = ["authenticate-milenage", "authenticate-tuak"]
    /// How many blocks MILENAGE enciphers for an AUTHENTICATE: four for f2 to f5, two for f1.
    static let blocks = 6
    /// How many times TUAK, with one iteration, applies Keccak-f[1600] for an AUTHENTICATE: for f2 to f5, and for f1.
    static let permutations = 2
    private static let count = 1_000

    static func workload(_ name: String) throws -> Workload? {
        let challenges: [[UInt8]]
        switch name {
        case names[0]:
            // docs/default-profile.md
            let key = try octets("465B5CE8B199B49FAA5F0A2EE238A6BC")
            let opc: UInt128 = 0xCD63_CB71_954A_9F4E_48A5_994E_37A0_2BAF
            challenges = try commands(Milenage(key: key, opc: opc))
        case names[1]:
            // tools/bench
            let key = try octets("000102030405060708090A0B0C0D0E0F")
            let topc = try octets("B593461AEE14C17C13C95109B1BF4222A30FC3E99C5D13CA98F4A8BD8CEE5BB2")
            challenges = try commands(TUAK(key: key, topc: topc))
        default: return nil
        }
        let select: [UInt8] = [0x00, 0xA4, 0x04, 0x0C, 0x07, 0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02]
        // The keys, 53 octets, wait for GET RESPONSE; 6110 would announce a synchronisation failure.
        return Workload(name, before: [select], challenges, responses: 2 * count, onceOnlyStatus: 0x6135)
    }

    private static func commands<Algorithm: AuthenticationAlgorithm & ~Copyable>(
        _ algorithm: borrowing Algorithm
    ) throws -> [[UInt8]] {
        try (1...UInt64(count)).map { sequence in
            let random = UInt128(sequence) << 64 | 0x1122_3344_5566_7788
            let number = sequence << 5 | sequence % 32
            let challenge = Challenge(random: random, sequenceNumber: number, managementField: 0x8000)
            let concealed = try number ^ algorithm.f2345(random).anonymityKey
            var command = [UInt8](repeating: 0, count: 39)
            let code = try algorithm.f1(challenge)
            command.withUnsafeMutableBytes { buffer in
                var writer = OctetWriter(buffer)
                for octet: UInt8 in [0x00, 0x88, 0x00, 0x81, 34] { writer.append(octet) }
                writer.append(UInt8(16))
                for shift in stride(from: UInt128(120), through: 0, by: -8) {
                    writer.append(UInt8(truncatingIfNeeded: random >> shift))
                }
                writer.append(UInt8(16))
                for shift in stride(from: UInt64(40), through: 0, by: -8) {
                    writer.append(UInt8(truncatingIfNeeded: concealed >> shift))
                }
                writer.append(UInt16(0x8000))
                writer.append(code)
            }
            return command
        }
    }

    private static func octets(_ text: String) throws -> ShortOctets {
        guard let short = Hex.octets(text).flatMap({ $0.withView { ShortOctets($0) } }) else {
            throw Failure(description: "no octets: \(text)")
        }
        return short
    }
}
