/// Octets as hexadecimal digits, upper case, without separators.
public enum Hex {
    static let digits: StaticString = "0123456789ABCDEF"

    /// The four digits of a 16-bit number.
    public static func string(_ value: UInt16) -> String {
        string([UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)])
    }

    /// Two digits for each octet.
    public static func string(_ octets: some Sequence<UInt8>) -> String {
        var text = ""
        text.reserveCapacity(octets.underestimatedCount * 2)
        digits.withUTF8Buffer { digits in
            for octet in octets {
                text.unicodeScalars.append(Unicode.Scalar(digits[Int(octet >> 4)]))
                text.unicodeScalars.append(Unicode.Scalar(digits[Int(octet & 0x0F)]))
            }
        }
        return text
    }

    /// The octets that `text` spells; white space between digits is passed over.
    ///
    /// - Returns: nil where a character is not a hexadecimal digit, or their number is odd.
    public static func octets(_ text: some StringProtocol) -> [UInt8]? {
        var octets: [UInt8] = []
        octets.reserveCapacity(text.utf8.count / 2)
        var high: UInt8?
        for character in text.utf8 {
            guard let digit = value(ofDigit: character) else {
                if character == 0x20 || (0x09...0x0D).contains(character) { continue }
                return nil
            }
            if let first = high {
                octets.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return high == nil ? octets : nil
    }

    /// The value of one digit given as ASCII; nil for any other character.
    static func value(ofDigit character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character - 0x30
        case 0x41...0x46: character - 0x41 + 10
        case 0x61...0x66: character - 0x61 + 10
        default: nil
        }
    }
}
