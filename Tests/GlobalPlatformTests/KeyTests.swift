import CardCrypto
import GlobalPlatform
import Octets
import Testing

@Suite struct KeyTests {
    struct SCP03File: Decodable {
        struct Value: Decodable {
            let type: String
            let key: HexOctets
            let kcv: HexOctets
        }
        let kcv: [Value]
    }

    struct SCP02File: Decodable {
        struct Key: Decodable {
            let `protocol`: String?
            let staticDek: HexOctets
            let seq: HexOctets?
            let key: HexOctets
            let encrypted: HexOctets
        }
        let keyEncryption: [Key]
    }

    struct Computed: Decodable {
        struct Entry: Decodable {
            let id: String
            let dek: HexOctets?
            let sessionDek: HexOctets?
            let key: HexOctets?
            let newKeys: HexOctets?
            let keyDataField: HexOctets?
            let apduTable1170: HexOctets?
            let apduTable1171: HexOctets?
            let zab: HexOctets?
            let random: HexOctets?
            let crtA6: HexOctets?
            let key1: HexOctets?
            let key2: HexOctets?
            let key3: HexOctets?
            let receipt: HexOctets?

            enum CodingKeys: String, CodingKey {
                case id, dek, sessionDek, key, newKeys, keyDataField, crtA6, key1, key2, key3, receipt
                case zab = "ZAB"
                case random = "DR"
                case apduTable1170
                case apduTable1171
            }
        }
        let vectors: [Entry]

        static func entry(_ id: String) throws -> Entry {
            try #require(try Vectors.decodePlainly("computed.json", as: Computed.self).vectors.first { $0.id == id })
        }
    }

    @Test func checkValues() throws {
        let values = try (Vectors.decode("scp03.json") as SCP03File).kcv
        #expect(values.count == 5)
        for value in values {
            try value.key.octets.withView { key in
                let computed = try KeyCheckValue(value.type == "AES" ? .aes : .des, key: key)
                #expect(value.kcv.octets.withView { computed.matches($0) })
            }
        }
    }

    /// GlobalPlatformPro's key under the DEK of SCP02; SCP01, which the card does not have, with the static DEK.
    @Test func encryption() throws {
        let keys = try (Vectors.decode("scp02.json") as SCP02File).keyEncryption
        #expect(keys.count == 2)
        for key in keys {
            var dek = key.staticDek.octets
            if key.protocol != "SCP01" {
                dek = try dek.withView {
                    try SCP02KeyDerivation.sessionKey(.dataEncryption, key: $0, counter: 0).view.array
                }
            }
            let output = SecretOctets(count: 16)
            try dek.withView { dek in
                try key.encrypted.octets.withView {
                    try DataEncryptionKey(.des, key: dek).decrypt($0, into: output.buffer)
                }
            }
            #expect(output.view.array == key.key.octets)
        }
    }

    private func key(_ field: [UInt8], _ algorithm: BlockCipher.Algorithm, _ dek: [UInt8]) throws -> [UInt8] {
        try dek.withView { dek in
            try field.withView { field in
                let encryption = try DataEncryptionKey(algorithm, key: dek)
                var cursor = OctetCursor(field)
                let field = try KeyDataField(&cursor, blockLength: encryption.blockLength)
                #expect(cursor.isAtEnd)
                return try field.key(encryption).view.array
            }
        }
    }

    private func append(
        _ type: KeyType,
        _ key: [UInt8],
        _ algorithm: BlockCipher.Algorithm,
        _ dek: [UInt8],
        withLength: Bool
    ) throws -> [UInt8] {
        let room = SecretOctets(count: 256)
        var writer = OctetWriter(room.buffer)
        try dek.withView { dek in
            try key.withView { key in
                try KeyDataField.append(
                    type,
                    key,
                    DataEncryptionKey(algorithm, key: dek),
                    withLength: withLength,
                    to: &writer
                )
            }
        }
        return writer.view.array
    }

    /// Both forms of GPCS tables 11-70 and 11-71, as GlobalPlatformPro and pySim send them.
    @Test func putKeyForms() throws {
        let three = try Computed.entry("put-key-aes128-x3-scp03")
        let dek = try #require(three.dek).octets
        let new = try #require(three.newKeys).octets
        for (command, hasLength) in [(three.apduTable1170, true), (three.apduTable1171, false)] {
            let command = try #require(command).octets
            let fields = Array(command[6..<(5 + Int(command[4]))])
            for number in 0..<3 {
                let field = Array(fields[(number * fields.count / 3)..<((number + 1) * fields.count / 3)])
                #expect(try key(field, .aes, dek) == new)
                #expect(try append(.aes, new, .aes, dek, withLength: hasLength) == field)
            }
        }
        let long = try Computed.entry("put-key-aes192-block")
        let field = try #require(long.keyDataField).octets
        #expect(try key(field, .aes, try #require(long.dek).octets) == long.key?.octets)
        #expect(
            try append(.aes, long.key?.octets ?? [], .aes, try #require(long.dek).octets, withLength: false) == field
        )
        let des = try Computed.entry("put-key-des-scp02")
        #expect(
            try key(try #require(des.keyDataField).octets, .des, try #require(des.sessionDek).octets) == des.key?.octets
        )
    }

    @Test func refusedFields() throws {
        let dek = [UInt8](0x20..<0x30)
        let good = try append(.aes, [UInt8](0x40..<0x50), .aes, dek, withLength: true)
        func status(_ field: [UInt8]) -> StatusWord? {
            do {
                _ = try key(field, .aes, dek)
                return nil
            } catch {
                return error as? StatusWord
            }
        }
        #expect(status(good) == nil)
        for count in 0..<good.count { #expect(status(Array(good.prefix(count))) == .incorrectData, "\(count)") }
        var wrong = good
        wrong[wrong.count - 1] ^= 1
        #expect(status(wrong) == .securityStatusNotSatisfied)
        wrong = good
        wrong[2] = 0x11
        #expect(status(wrong) == .incorrectData)
        wrong[2] = 0x0F
        #expect(status(wrong) == .incorrectData)
        #expect(status(Array(good.dropLast(4)) + [0x00]) == .incorrectData)
        #expect(status([0xB1] + good.dropFirst()) == .incorrectData)
        // Triple DES keys that are DES keys.
        let half = [UInt8](0x50..<0x58)
        for key in [half + half, half + half + [UInt8](0x60..<0x68), [UInt8](0x60..<0x68) + half + half] {
            #expect(status(try append(.des, key, .aes, dek, withLength: false)) == .incorrectData)
        }
        #expect(status(try append(.des, half + [UInt8](0x60..<0x68), .aes, dek, withLength: false)) == nil)
    }

    @Test func confidentialSetup() throws {
        let vector = try Computed.entry("ecka-eg-scenario3-3keys-dr")
        let random = try #require(vector.random).octets
        let setup = ConfidentialKeySetup(usage: 0x10, type: .aes, length: 16)
        let z = secret(try #require(vector.zab).octets)
        let derivationRandom = secret(random)
        let keys = try setup.keys(z: z.view, random: derivationRandom.view)
        #expect(keys.key(0).array == vector.key1?.octets)
        #expect(keys.key(1).array == vector.key2?.octets)
        #expect(keys.key(2).array == vector.key3?.octets)
        #expect(keys.key(3).isEmpty)
        let receipt = SecretOctets(count: 16)
        try #require(vector.crtA6).octets.withView { template in
            try ([0x85, 0x10] + random).withView { try keys.receipt(over: template, $0, into: receipt.buffer) }
        }
        #expect(receipt.view.array == vector.receipt?.octets)
    }
}
