import CardCrypto
import Memory
import Octets

/// What a packet is checked by, as two bits of the SPI say: nothing, a redundancy check, or a cryptographic checksum (TS
/// 102 225 clauses 5.1.1 and 5.1.3). A digital signature is none that there is.
enum PacketCheck {
    case none
    case crc16
    case crc32
    case checksum

    /// nil for a digital signature, and for a redundancy check that KID does not name.
    ///
    /// - Parameters:
    ///   - bits: b2 b1 of the first octet of the SPI, or b4 b3 of the second; what stands above is passed over.
    ///   - kidAlgorithm: b4 to b1 of KID.
    init?(_ bits: UInt8, kidAlgorithm: UInt8) {
        switch (bits & 0x03, kidAlgorithm) {
        case (0x00, _): self = .none
        case (0x01, 0x01): self = .crc16
        case (0x01, 0x05): self = .crc32
        case (0x02, _): self = .checksum
        default: return nil
        }
    }

    /// How many octets it has.
    var length: Int {
        switch self {
        case .none: 0
        case .crc16: 2
        case .crc32: 4
        case .checksum: CryptographicChecksum.length
        }
    }

    /// The check of a message, in `output`, which has `length` octets.
    ///
    /// - Throws: where a key for it is missing, or has another length.
    func compute(
        _ message: OctetView,
        with keys: borrowing PacketKeys,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        var writer = OctetWriter(output)
        switch self {
        case .none: break
        case .crc16: writer.append(CRC16.of(message))
        case .crc32: writer.append(number: CRC32.of(message), minimum: 4)
        case .checksum:
            switch keys.integrity {
            case .some(let key): try CryptographicChecksum.compute(message, with: key, into: output)
            case .none: throw .keyLength
            }
        }
    }
}

/// The CRC-16 of ISO/IEC 13239.
enum CRC16 {
    /// The checksum of the octets of `view`.
    static func of(_ view: OctetView) -> UInt16 {
        view.withUnsafeBytes { octets in
            var remainder: UInt16 = 0xFFFF
            for octet in octets {
                remainder ^= UInt16(octet)
                for _ in 0..<8 { remainder = remainder & 1 == 0 ? remainder >> 1 : remainder >> 1 ^ 0x8408 }
            }
            return ~remainder
        }
    }
}
