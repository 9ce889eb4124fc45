import Octets

/// The contents of the files that the standards define, by the names that `FileNames` has for them.
enum Files {
    typealias Decoder = @Sendable ([UInt8]) -> [TraceField]?

    /// The decoded content of an EF, or of a record of one, from its first octet on; nil where nothing is known of it.
    static func fields(_ name: String, _ content: [UInt8]) -> [TraceField]? {
        guard !content.isEmpty, let decoder = decoders[name] else { return nil }
        if content.isErased { return [TraceField("empty")] }
        return decoder(content)
    }

    private static let decoders: [String: Decoder] = {
        var decoders: [String: Decoder] = [:]
        for (names, decoder) in table {
            for name in names.split(separator: " ") { decoders["EF.\(name)"] = decoder }
        }
        return decoders
    }()

    private static let table: [(String, Decoder)] = [
        // TS 102 221 clause 13
        ("ICCID", { [TraceField("ICCID", Text.digits($0))] }),
        ("PL LI", languages),
        ("DIR", directory),
        ("ARR", { Templates.accessRules($0) }),
        ("UMPC", maximumPower),
        // TS 31.102 clause 4.2, TS 31.103 clause 4.2
        ("IMSI", imsi),
        ("AD", administrativeData),
        ("SPN", { [TraceField("name", Text.alpha(Array($0.dropFirst()))), TraceField("display", display($0[0]))] }),
        ("UST", { Services.fields($0, Services.usim) }),
        ("IST", { Services.fields($0, Services.isim) }),
        ("EST", { Services.fields($0, Services.enabled) }),
        ("ACC", accessClasses),
        ("HPPLMN", { [TraceField("search period", $0[0] == 0 ? "none" : "\(Int($0[0]) * 6) min")] }),
        ("FPLMN EHPLMN PLMNsel LRPLMNSI", networks),
        ("PLMNwAcT OPLMNwAcT HPLMNwAcT", networksWithTechnology),
        ("LOCI", { location($0, [("TMSI", 4), ("LAI", 5), ("RFU", 1)]) }),
        ("PSLOCI", { location($0, [("P-TMSI", 4), ("signature", 3), ("RAI", 6)]) }),
        ("EPSLOCI", { location($0, [("GUTI", 12), ("TAI", 5)]) }),
        ("5GS3GPPLOCI 5GSN3GPPLOCI", { location($0, [("5G-GUTI", 13), ("TAI", 6)]) }),
        ("Keys KeysPS", { fixed($0, [("KSI", 1), ("CK", 16), ("IK", 16)]) }),
        ("Kc KcGPRS", { fixed($0, [("Kc", 8), ("CKSN", 1)]) }),
        ("START-HFN", { fixed($0, [("START CS", 3), ("START PS", 3)]) }),
        ("THRESHOLD", { fixed($0, [("maximum of START", 3)]) }),
        ("MSISDN ADN FDN SDN BDN MBDN LND ICE_DN", dialledNumber),
        ("SMS", ShortMessages.record),
        ("SMSP", ShortMessages.parameters),
        ("SMSS", { fixed($0, [("last message reference", 1), ("memory exceeded", 1)]) }),
        ("ECC", emergencyCode),
        ("PNN", networkName),
        ("OPL", { operatorList($0) }),
        (
            "EPSNSC",
            {
                objects(
                    $0,
                    [
                        0xA0: "EPS NAS security context", 0x80: "KSI", 0x81: "K_ASME",
                        0x82: "uplink NAS count", 0x83: "downlink NAS count", 0x84: "algorithms",
                    ]
                )
            }
        ),
        (
            "5GS3GPPNSC 5GSN3GPPNSC",
            {
                objects(
                    $0,
                    [
                        0xA0: "5GS NAS security context", 0x80: "ngKSI", 0x81: "K_AMF",
                        0x82: "uplink NAS count", 0x83: "downlink NAS count", 0x84: "NAS algorithms",
                        0x85: "EPS algorithms",
                    ]
                )
            }
        ),
        ("5GAUTHKEYS", { objects($0, [0x80: "K_AUSF", 0x81: "K_SEAF"]) }),
        ("SUCI_Calc_Info SUCICalcInfo", concealment),
        ("Routing_Indicator", { [TraceField("routing indicator", Text.digits($0.prefix(2)))] }),
        ("SUPI_NAI", { [TraceField("SUPI", texts($0))] }),
        ("IMPI", { [TraceField("IMPI", texts($0))] }),
        ("IMPU", { [TraceField("IMPU", texts($0))] }),
        ("Domain", { [TraceField("domain", texts($0))] }),
        ("P-CSCF", proxy),
        ("GID1 GID2", { [TraceField("group identifier", Hex.string($0))] }),
    ]

    // MARK: the formats

    /// Parts of fixed lengths, one after the other.
    private static func fixed(_ octets: [UInt8], _ parts: [(String, Int)]) -> [TraceField] {
        var reader = OctetReader(octets)
        return parts.compactMap { name, count in
            reader.octets(count).map { TraceField(name, $0.isErased ? "none" : Hex.string($0)) }
        }
    }

    /// BER-TLV objects with names.
    private static func objects(_ octets: [UInt8], _ names: [UInt32: String]) -> [TraceField] {
        BER.objects(octets).map { object in
            let name = names[object.tag] ?? object.tagText
            guard object.isConstructed else { return TraceField(name, Hex.string(object.value)) }
            return TraceField(name, "", objects(object.value, names))
        }
    }

    /// Texts in objects with the tag 80.
    private static func texts(_ octets: [UInt8]) -> String {
        BER.objects(octets).filter { $0.tag == 0x80 }.map { Text.utf8($0.value) }.joined(separator: ", ")
    }

    private static func languages(_ octets: [UInt8]) -> [TraceField] {
        let codes = stride(from: 0, to: octets.count - 1, by: 2).map { octets[$0..<$0 + 2] }
            .filter { !$0.isErased }
            .map { String(Text.utf8($0).dropFirst().dropLast()) }
        return [TraceField("languages", codes.isEmpty ? "none" : codes.joined(separator: " "))]
    }

    /// TS 102 221 clause 13.1.
    private static func directory(_ octets: [UInt8]) -> [TraceField]? {
        guard let template = BER.objects(octets).first, template.tag == 0x61 else { return nil }
        return BER.objects(template.value).map { object in
            switch object.tag {
            case 0x4F: TraceField("AID", Templates.named(object.value))
            case 0x50: TraceField("label", Text.utf8(object.value))
            default: TLV.field(object)
            }
        }
    }

    /// TS 102 221 clause 13.5.
    private static func maximumPower(_ octets: [UInt8]) -> [TraceField] {
        var fields = [TraceField("maximum consumption", octets[0] == 0xFF ? "not given" : "\(octets[0]) mA")]
        if octets.count > 1 { fields.append(TraceField("start-up time-out", "\(octets[1]) x 100 ms")) }
        if octets.count > 2 { fields.append(TraceField("UICC information", Hex.string([octets[2]]))) }
        return fields
    }

    private static func imsi(_ octets: [UInt8]) -> [TraceField] {
        let digits = Text.digits(octets.dropFirst().prefix(Int(octets[0])))
        return [TraceField("IMSI", String(digits.dropFirst()))]
    }

    private static func administrativeData(_ octets: [UInt8]) -> [TraceField] {
        let modes: [UInt8: String] = [
            0x00: "normal operation", 0x80: "type approval", 0x01: "normal operation, specific facilities",
            0x81: "type approval, specific facilities", 0x02: "maintenance", 0x04: "cell test",
        ]
        var fields = [TraceField("mode", modes[octets[0]] ?? Hex.string([octets[0]]))]
        if octets.count > 3 { fields.append(TraceField("MNC length", "\(octets[3] & 0x0F)")) }
        return fields
    }

    private static func display(_ octet: UInt8) -> String {
        (octet & 0x01 == 0 ? "in HPLMN only" : "with RPLMN") + (octet & 0x02 == 0 ? ", also in SPDI" : ", not in SPDI")
    }

    private static func accessClasses(_ octets: [UInt8]) -> [TraceField]? {
        guard octets.count == 2 else { return nil }
        let classes = (0..<16).filter { octets.number >> $0 & 1 == 1 }
        return [TraceField("access classes", classes.map(String.init).joined(separator: " "))]
    }

    private static func chunks(_ octets: [UInt8], of size: Int) -> [[UInt8]] {
        stride(from: 0, through: octets.count - size, by: size).map { Array(octets[$0..<$0 + size]) }
    }

    private static func networks(_ octets: [UInt8]) -> [TraceField] {
        let networks = chunks(octets, of: 3).filter { !$0.isErased }.map { Text.network($0) }
        return [TraceField("networks", networks.isEmpty ? "none" : networks.joined(separator: " "))]
    }

    private static func networksWithTechnology(_ octets: [UInt8]) -> [TraceField] {
        let used = chunks(octets, of: 5).filter { !$0.prefix(3).isErased }
        let list = used.map { TraceField(Text.network($0.prefix(3)), technologies($0.suffix(2).number)) }
        return list.isEmpty ? [TraceField("networks", "none")] : list
    }

    /// TS 31.102 clause 4.2.5.
    private static func technologies(_ bits: Int) -> String {
        let names = [
            (0x8000, "UTRAN"), (0x4000, "E-UTRAN"), (0x0800, "NG-RAN"), (0x0400, "satellite NG-RAN"), (0x0080, "GSM"),
            (0x0040, "GSM COMPACT"), (0x0020, "cdma2000 HRPD"), (0x0010, "cdma2000 1xRTT"),
        ]
        let set = names.filter { bits & $0.0 != 0 }.map(\.1)
        return set.isEmpty ? "none" : set.joined(separator: ", ")
    }

    /// Identities, an area that begins with a network, and the update status in the last octet.
    private static func location(_ octets: [UInt8], _ parts: [(String, Int)]) -> [TraceField] {
        var reader = OctetReader(octets)
        var fields: [TraceField] = []
        for (name, count) in parts {
            guard let part = reader.octets(count) else { return fields }
            if name == "RFU" { continue }
            if name.hasSuffix("AI") {
                let code = Hex.string(part.dropFirst(3))
                fields.append(TraceField(name, "\(Text.network(part.prefix(3))) \(code)"))
            } else {
                fields.append(TraceField(name, part.isErased ? "none" : Hex.string(part)))
            }
        }
        let states = ["updated", "not updated", "PLMN or roaming not allowed", "area not allowed"]
        if let state = reader.octet().map({ Int($0 & 0x07) }) {
            fields.append(TraceField("status", state < states.count ? states[state] : "reserved"))
        }
        return fields
    }

    /// An alpha identifier of any length and 14 octets: TS 31.102 clause 4.2.26, 4.4.2.3.
    private static func dialledNumber(_ octets: [UInt8]) -> [TraceField]? {
        guard octets.count >= 14 else { return nil }
        let number = Array(octets.suffix(14))
        let length = min(Int(number[0]), 11)
        let text = number[0] == 0xFF ? "none" : Text.number(Array(number[1..<1 + length]))
        return [TraceField("number", text), TraceField("name", Text.alpha(Array(octets.dropLast(14))))]
    }

    private static func emergencyCode(_ octets: [UInt8]) -> [TraceField]? {
        guard octets.count >= 4, let category = octets.last else { return nil }
        let categories = [
            "police", "ambulance", "fire brigade", "marine guard", "mountain rescue", "manual eCall", "eCall",
        ]
        return [
            TraceField("number", Text.dialled(octets.prefix(3))),
            TraceField("category", bitNames(category, categories)),
            TraceField("name", Text.alpha(Array(octets[3..<octets.count - 1]))),
        ]
    }

    /// TS 24.008 clause 10.5.3.5a.
    private static func networkName(_ octets: [UInt8]) -> [TraceField] {
        BER.objects(octets).map { object in
            let name = object.tag == 0x43 ? "full name" : object.tag == 0x45 ? "short name" : object.tagText
            guard let coding = object.value.first, object.tag == 0x43 || object.tag == 0x45 else {
                return TLV.field(object)
            }
            let text = Array(object.value.dropFirst())
            if coding & 0x70 == 0x10 { return TraceField(name, Text.quoted(Text.ucs2(text))) }
            let septets = (text.count * 8 - Int(coding & 0x07)) / 7
            return TraceField(name, Text.quoted(Text.packed(text, count: septets)))
        }
    }

    private static func operatorList(_ octets: [UInt8]) -> [TraceField]? {
        guard octets.count >= 8 else { return nil }
        return [
            TraceField("network", Text.network(octets.prefix(3))),
            TraceField("areas", "\(Hex.string(octets[3..<5])) to \(Hex.string(octets[5..<7]))"),
            TraceField("PNN record", "\(octets[7])"),
        ]
    }

    /// TS 31.102 clause 4.4.11.8.
    private static func concealment(_ octets: [UInt8]) -> [TraceField] {
        let schemes: [UInt8: String] = [0: "null scheme", 1: "profile A", 2: "profile B"]
        return BER.objects(octets).map { object in
            switch object.tag {
            case 0xA0:
                let list = chunks(object.value, of: 2).map { pair in
                    TraceField(schemes[pair[0]] ?? "scheme \(pair[0])", pair[1] == 0 ? "" : "key \(pair[1])")
                }
                return TraceField("protection schemes", "", list)
            case 0xA1:
                return TraceField(
                    "home network public keys",
                    "",
                    objects(object.value, [0x80: "key identifier", 0x81: "key"])
                )
            default: return TLV.field(object)
            }
        }
    }

    private static func proxy(_ octets: [UInt8]) -> [TraceField] {
        BER.objects(octets).filter { $0.tag == 0x80 }.map { object in
            let address = Array(object.value.dropFirst())
            switch object.value.first {
            case 0: return TraceField("FQDN", Text.utf8(address))
            case 1: return TraceField("IPv4", address.map { String($0) }.joined(separator: "."))
            default: return TraceField("IPv6", Hex.string(address))
            }
        }
    }
}
