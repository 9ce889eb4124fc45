import Octets

/// Keys: PUT KEY, key information and what is said of a key elsewhere: GPCS clauses 11.1.8, 11.3.3.1, 11.8.
enum GlobalPlatformKeys {
    /// GPCS table 11-16.
    static let types: [UInt8: String] = [
        0x80: "DES", 0x81: "Triple DES", 0x82: "Triple DES in CBC mode", 0x83: "DES in ECB mode",
        0x84: "DES in CBC mode", 0x85: "TLS pre-shared key", 0x88: "AES", 0x90: "HMAC-SHA1", 0x91: "HMAC-SHA1-160",
        0xA0: "RSA public exponent e", 0xA1: "RSA modulus N", 0xA2: "RSA private modulus N",
        0xA3: "RSA private exponent d", 0xA4: "RSA CRT P", 0xA5: "RSA CRT Q", 0xA6: "RSA CRT PQ",
        0xA7: "RSA CRT DP1", 0xA8: "RSA CRT DQ1", 0xB0: "ECC public key", 0xB1: "ECC private key",
        0xB2: "ECC field parameter P", 0xB3: "ECC field parameter A", 0xB4: "ECC field parameter B",
        0xB5: "ECC field parameter G", 0xB6: "ECC field parameter N", 0xB7: "ECC field parameter k",
        0xF0: "ECC key parameters reference",
    ]

    /// Key parameter references: AmdE.
    private static let curves: [UInt8: String] = [
        0x00: "P-256", 0x01: "P-384", 0x02: "P-521", 0x03: "brainpoolP256r1", 0x04: "brainpoolP256t1",
        0x05: "brainpoolP384r1", 0x06: "brainpoolP384t1", 0x07: "brainpoolP512r1", 0x08: "brainpoolP512t1",
    ]

    static func curve(_ octets: [UInt8]) -> String {
        octets.count == 1 ? nameOrHex(octets[0], curves) : Hex.string(octets)
    }

    static func type(_ octets: [UInt8]) -> String { octets.map { nameOrHex($0, types) }.joined(separator: " ") }

    /// GPCS table 11-17: key usage qualifier.
    static func usage(_ octets: [UInt8]) -> String {
        let first = [
            "cryptographic authorization", "digital signature", "cryptographic checksum", "confidentiality",
            "secure messaging in commands", "secure messaging in responses", "computation, decipherment",
            "verification, encipherment",
        ]
        let second = ["b1", "b2", "b3", "b4", "b5", "b6", "b7", "key agreement"]
        let names = zip(octets, [first, second]).map(bitNames).filter { $0 != "none" }
        return "\(Hex.string(octets)) (\(names.joined(separator: ", ")))"
    }

    /// GPCS table 11-18.
    static func access(_ octets: [UInt8]) -> String {
        let names: [UInt8: String] = [
            0x00: "security domain and its applications", 0x01: "security domain only", 0x02: "applications only",
        ]
        return octets.count == 1 ? nameOrHex(octets[0], names) : Hex.string(octets)
    }

    /// What control reference templates say of a key: GPCS table 11-82, AmdA, AmdF.
    static let reference = ObjectTable([
        .init(0x90, "SCP identifier and parameters", .words(scenario)),
        .init(0x95, "key usage qualifier", .words(usage)), .init(0x96, "key access", .words(access)),
        .init(0x80, "key type", .words(type)), .init(0x81, "key length", .number),
        .init(0x82, "key identifier"), .init(0x83, "key version number"), .init(0x84, "key check value"),
        .init(0x85, "key parameter reference", .words(curve)), .init(0x91, "initial counter"),
        .init(0x42, "SIN"), .init(0x45, "SDIN"),
    ])

    /// The same in MUTUAL AUTHENTICATE, where 84 is who the host is.
    static let agreement = ObjectTable([.init(0x84, "host identifier")]) + reference

    private static func scenario(_ octets: [UInt8]) -> String {
        guard octets.count == 2, octets[0] == 0x11 else { return Hex.string(octets) }
        let variants: [UInt8: String] = [0x00: "SCP11b", 0x01: "SCP11a", 0x03: "SCP11c"]
        let variant = nameOrHex(octets[1] & 0x03, variants)
        return octets[1] & 0x04 == 0 ? variant : "\(variant) with host identifier"
    }

    // MARK: key information

    /// A key information data object (C0), basic or extended: GPCS tables 11-29 and 11-30.
    static func information(_ octets: [UInt8]) -> String {
        var reader = OctetReader(octets)
        guard let identifier = reader.octet(), let version = reader.octet() else { return Hex.string(octets) }
        var words = ["KID \(Hex.string([identifier])) KVN \(Hex.string([version]))"]
        if reader.peek == 0xFF {
            while reader.peek == 0xFF, let type = reader.octets(2), let length = reader.octets(2) {
                words.append(component(type[1], length.number, Hex.string(length)))
            }
            if let usage = reader.counted(), !usage.isEmpty { words.append("usage \(self.usage(usage))") }
            if let access = reader.counted(), !access.isEmpty { words.append("access \(self.access(access))") }
        } else {
            while let type = reader.octet(), let length = reader.octet() {
                words.append(component(type, length == 0 ? 256 : Int(length), Hex.string([length])))
            }
        }
        if !reader.isAtEnd { words.append("rest \(Hex.string(reader.all()))") }
        return words.joined(separator: ", ")
    }

    private static func component(_ type: UInt8, _ length: Int, _ value: String) -> String {
        if type == 0xF0 { return "\(nameOrHex(type, types)) \(value)" }
        let name = nameOrHex(type, types)
        return type == 0x88 ? "AES-\(length * 8)" : "\(name), \(length) octets"
    }

    // MARK: PUT KEY

    /// P1 and P2: `replaces KVN 30`, `KID 01 and following`.
    static func replaced(_ p1: UInt8, _ p2: UInt8) -> String {
        let version = p1 & 0x7F == 0 ? "new" : "replaces KVN \(Hex.string([p1 & 0x7F]))"
        return "KID \(Hex.string([p2 & 0x7F]))\(p2 & 0x80 == 0 ? "" : " on"), \(version)"
    }

    /// GPCS tables 11-66 to 11-71: the new key version number and key data fields. Which octets are a key, and which a
    /// key check value, is as it stands there; what is enciphered stays so.
    static func put(_ data: [UInt8], p2: UInt8) -> [TraceField] {
        var reader = OctetReader(data)
        guard let version = reader.octet() else { return [] }
        var fields = [TraceField("key version number", Hex.string([version]))]
        var identifier = p2 & 0x7F
        while !reader.isAtEnd, let field = key(&reader, identifier) {
            fields.append(field)
            identifier = identifier &+ 1
        }
        if !reader.isAtEnd { fields.append(TraceField("rest", Hex.string(reader.all()))) }
        return fields
    }

    private static func key(_ reader: inout OctetReader, _ identifier: UInt8) -> TraceField? {
        let start = reader
        var blocks: [TraceField] = []
        var words: [String] = []
        var isExtended = false
        while var type = reader.octet(), types[type] != nil || type == 0xFF {
            if type == 0xFF {
                isExtended = true
                guard let next = reader.octet() else { break }
                type = next
            }
            guard let block = reader.berCounted() else { break }
            blocks.append(self.block(type, block))
            words.append(nameOrHex(type, types))
            // Components of one key follow each other; behind the last one stands the length of the check value,
            // which is less than the code of any type.
            guard let next = reader.peek, types[next] != nil || next == 0xFF else { break }
        }
        guard !blocks.isEmpty, let check = reader.counted() else {
            reader = start
            return nil
        }
        if !check.isEmpty {
            blocks.append(TraceField("key check value", Hex.string(check)))
            words.append("KCV \(Hex.string(check))")
        }
        if isExtended {
            if let usage = reader.counted(), !usage.isEmpty {
                blocks.append(TraceField("key usage qualifier", self.usage(usage)))
            }
            if let access = reader.counted(), !access.isEmpty {
                blocks.append(TraceField("key access", self.access(access)))
            }
        }
        return TraceField("KID \(Hex.string([identifier]))", words.joined(separator: " "), blocks)
    }

    /// A key component. Its length in the clear stands in front of the cryptogram in one form (GPCS table 11-70).
    private static func block(_ type: UInt8, _ octets: [UInt8]) -> TraceField {
        let name = nameOrHex(type, types)
        if type == 0xF0 { return TraceField(name, curve(octets)) }
        if let length = octets.first, octets.count % 8 == 1, length > 0, Int(length) < octets.count {
            return TraceField(name, "\(length) octets: \(Hex.string(octets.dropFirst()))")
        }
        return TraceField(name, Hex.string(octets))
    }

    /// What PUT KEY answers: the key version number and key check values, each of three octets.
    static func putResult(_ data: [UInt8]) -> [TraceField] {
        var fields = [TraceField("key version number", Hex.string(data.prefix(1)))]
        if data.count > 1 {
            let values = stride(from: 1, to: data.count, by: 3).map { Hex.string(data[$0..<min($0 + 3, data.count)]) }
            fields.append(TraceField("key check values", values.joined(separator: " ")))
        }
        return fields
    }
}
