import Octets

/// Values that are in many files: digits, networks, texts.
enum Text {
    /// Decimal digits, the lower half of an octet first; F fills: TS 102 221 clause 13.2.
    static func digits(_ octets: some Sequence<UInt8>) -> String {
        let halves = octets.flatMap { [$0 & 0x0F, $0 >> 4] }
        return String(halves.prefix { $0 != 0x0F }.map { Character(String($0, radix: 16).uppercased()) })
    }

    /// The digits of a number that can be dialled: TS 31.102 table 4.4.
    static func dialled(_ octets: some Sequence<UInt8>) -> String {
        let symbols = Array("0123456789*#,?E")
        return String(octets.flatMap { [$0 & 0x0F, $0 >> 4] }.prefix { $0 != 0x0F }.map { symbols[Int($0)] })
    }

    /// A number with the octet for its type in front.
    static func number(_ octets: [UInt8]) -> String {
        guard let type = octets.first else { return "none" }
        return (type & 0x70 == 0x10 ? "+" : "") + dialled(octets.dropFirst())
    }

    /// MCC and MNC: TS 24.008 clause 10.5.1.3.
    static func network(_ octets: some Collection<UInt8>) -> String {
        let octets = Array(octets)
        guard octets.count == 3 else { return Hex.string(octets) }
        if octets == [0xFF, 0xFF, 0xFF] { return "none" }
        func digit(_ value: UInt8) -> String { value == 0x0D ? "x" : String(value, radix: 16) }
        let country = [octets[0] & 0x0F, octets[0] >> 4, octets[1] & 0x0F].map(digit).joined()
        let third = octets[1] >> 4
        let network = [octets[2] & 0x0F, octets[2] >> 4].map(digit).joined() + (third == 0x0F ? "" : digit(third))
        return "\(country)-\(network)"
    }

    /// Text in quotation marks, with what would disturb a terminal escaped.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            let isControl =
                scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
            result += scalar == "\"" || scalar == "\\" || isControl ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return result + "\""
    }

    /// UTF-8, up to the padding.
    static func utf8(_ octets: some Collection<UInt8>) -> String {
        quoted(String(decoding: octets.prefix { $0 != 0xFF }, as: UTF8.self))
    }

    /// An alpha identifier: TS 102 221 annex A, padded with FF.
    static func alpha(_ octets: [UInt8]) -> String {
        guard let first = octets.first, first != 0xFF else { return "none" }
        switch first {
        case 0x80: return quoted(ucs2(octets.dropFirst()))
        case 0x81 where octets.count >= 3:
            return quoted(based(octets.dropFirst(3).prefix(Int(octets[1])), on: UInt32(octets[2]) << 7))
        case 0x82 where octets.count >= 4:
            let base = UInt32(octets[2]) << 8 | UInt32(octets[3])
            return quoted(based(octets.dropFirst(4).prefix(Int(octets[1])), on: base))
        default: return quoted(gsm(octets.prefix { $0 != 0xFF }))
        }
    }

    /// The default alphabet of TS 23.038, an octet for each character.
    static func gsm(_ octets: some Sequence<UInt8>) -> String {
        var text = ""
        var isEscaped = false
        for octet in octets {
            let index = Int(octet & 0x7F)
            if isEscaped {
                text.append(extensions[octet] ?? alphabet[index])
                isEscaped = false
            } else if index == 0x1B {
                isEscaped = true
            } else {
                text.append(alphabet[index])
            }
        }
        return text
    }

    /// Septets of seven bits, packed, after `fill` bits that are passed over: TS 23.038 clause 6.1.2.1.
    static func packed(_ octets: [UInt8], count: Int, fill: Int = 0) -> String {
        var septets: [UInt8] = []
        for index in 0..<max(0, count) {
            let bit = fill + index * 7
            guard bit / 8 < octets.count else { break }
            let low = UInt16(octets[bit / 8])
            let high = bit / 8 + 1 < octets.count ? UInt16(octets[bit / 8 + 1]) : 0
            septets.append(UInt8((low | high << 8) >> UInt16(bit % 8) & 0x7F))
        }
        return gsm(septets)
    }

    static func ucs2(_ octets: some Collection<UInt8>) -> String {
        let octets = Array(octets)
        var units: [UInt16] = []
        for index in stride(from: 0, to: octets.count - 1, by: 2) {
            units.append(UInt16(octets[index]) << 8 | UInt16(octets[index + 1]))
        }
        return String(decoding: units.prefix { $0 != 0xFFFF }, as: UTF16.self)
    }

    private static func based(_ octets: ArraySlice<UInt8>, on base: UInt32) -> String {
        octets.reduce(into: "") { text, octet in
            if octet < 0x80 {
                text += gsm([octet])
            } else if let scalar = Unicode.Scalar(base + UInt32(octet & 0x7F)) {
                text.unicodeScalars.append(scalar)
            }
        }
    }

    private static let alphabet = Array(
        "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1B}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
            + "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
    )

    private static let extensions: [UInt8: Character] = [
        0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€",
    ]
}

extension Sequence<UInt8> {
    /// All octets as one big-endian number.
    var number: Int { reduce(0) { $0 &<< 8 | Int($1) } }

    /// Whether all are FF: nothing is there.
    var isErased: Bool { allSatisfy { $0 == 0xFF } }
}

/// The names of the bits of an octet that are set, the lowest first.
func bitNames(_ octet: UInt8, _ names: [String]) -> String {
    let set = (0..<8).filter { octet >> UInt8($0) & 1 == 1 }.map { $0 < names.count ? names[$0] : "b\($0 + 1)" }
    return set.isEmpty ? "none" : set.joined(separator: ", ")
}
