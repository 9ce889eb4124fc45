import Octets

/// The CRC-32 of ISO/IEC/IEEE 8802-3.
public enum CRC32 {
    // An array, not an inline one: that would be copied at each look-up.
    private static let table: [UInt32] = (0..<256).map { index in
        var remainder = UInt32(truncatingIfNeeded: index)
        for _ in 0..<8 {
            remainder = remainder & 1 == 0 ? remainder >> 1 : remainder >> 1 ^ 0xEDB8_8320
        }
        return remainder
    }

    /// The checksum of the octets of `view`.
    public static func of(_ view: OctetView) -> UInt32 {
        view.withUnsafeBytes { octets in
            var remainder: UInt32 = 0xFFFF_FFFF
            for octet in octets {
                remainder = table[Int(UInt8(truncatingIfNeeded: remainder) ^ octet)] ^ remainder >> 8
            }
            return ~remainder
        }
    }
}
