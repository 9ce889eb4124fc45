import Octets

/// The commands of secure channel sessions: GPCS annex E, AmdD clause 7, AmdF.
enum GlobalPlatformSecureChannel {
    /// GPCS table 10-1, and tables E-9 and 7-6 of AmdD: `C-DECRYPTION, C-MAC, R-MAC`.
    static func level(_ level: UInt8) -> String {
        let names = [
            (0x80, "AUTHENTICATED"), (0x40, "ANY_AUTHENTICATED"), (0x02, "C-DECRYPTION"), (0x20, "R-ENCRYPTION"),
            (0x01, "C-MAC"), (0x10, "R-MAC"),
        ]
        let set = names.filter { Int(level) & $0.0 != 0 }.map(\.1)
        return set.isEmpty ? "no secure messaging" : set.joined(separator: ", ")
    }

    /// What INITIALIZE UPDATE answers.
    struct Initiation {
        let keyVersion: UInt8
        let scp: UInt8
        /// SCP03 only.
        var options: UInt8?
        let macLength: Int
        let fields: [TraceField]

        /// Nil for another length than a protocol has.
        init?(_ data: [UInt8]) {
            var reader = OctetReader(data)
            guard let diversification = reader.octets(10), let version = reader.octet(), let scp = reader.octet() else {
                return nil
            }
            keyVersion = version
            self.scp = scp
            var parts: [(String, Int)]
            switch (scp, data.count) {
            case (0x01, 28): parts = [("card challenge", 8), ("card cryptogram", 8)]
            case (0x02, 28): parts = [("sequence counter", 2), ("card challenge", 6), ("card cryptogram", 8)]
            case (0x03, 29), (0x03, 32), (0x03, 45), (0x03, 48):
                options = reader.octet()
                let width = data.count < 45 ? 8 : 16
                parts = [("card challenge", width), ("card cryptogram", width), ("sequence counter", 3)]
            default: return nil
            }
            macLength = data.count < 45 ? 8 : 16
            let name = "SCP\(Hex.string([scp]))\(options.map { " i=\(Hex.string([$0]))" } ?? "")"
            var fields = [TraceField(name), TraceField("key version number", Hex.string([version]))]
            for (name, width) in parts {
                guard let part = reader.octets(width) else { continue }
                fields.append(TraceField(name, name == "sequence counter" ? "\(part.number)" : Hex.string(part)))
            }
            fields.append(TraceField("key diversification data", Hex.string(diversification)))
            self.fields = fields
        }
    }

    /// EXTERNAL AUTHENTICATE: host cryptogram and C-MAC, of one length.
    static func authentication(_ data: [UInt8]) -> [TraceField] {
        guard data.count == 16 || data.count == 32 else { return [TraceField("data", Hex.string(data))] }
        let half = data.count / 2
        return [
            TraceField("host cryptogram", Hex.string(data.prefix(half))),
            TraceField("C-MAC", Hex.string(data.suffix(half))),
        ]
    }

    /// MUTUAL and INTERNAL AUTHENTICATE of SCP11: what both sides send.
    static let agreement = ObjectTable([
        .init(0xA6, "control reference template", .template(GlobalPlatformKeys.agreement)),
        .init(0x5F49, "public key"), .init(0x86, "receipt"),
    ])

    /// The key usage qualifier that a session of SCP11 is agreed with.
    static func agreedUsage(_ data: [UInt8]) -> UInt8? {
        let template = BER.sequence(data)?.first { $0.tag == 0xA6 }
        return template.flatMap { BER.sequence($0.value) }?.first { $0.tag == 0x95 }?.value.first
    }
}
