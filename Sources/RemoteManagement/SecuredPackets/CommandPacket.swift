import CardCrypto
import Octets

/// A command packet as it has come, whole, from its length on: TS 102 225 clause 5.1, TS 31.115 clause 4.
package struct CommandPacket {
    /// Where the header ends that is never ciphered: CPL, CHL, SPI, KIc, KID, TAR.
    static let clearLength = 10
    /// Counter and padding counter, which begin what may be ciphered.
    static let countersLength = 6

    private let octets: OctetView
    private let checksumLength: Int

    /// SPI: how the packet is protected, and how its response is to be.
    let parameters: UInt8
    let responseParameters: UInt8
    let kic: UInt8
    let kid: UInt8
    /// The toolkit application reference.
    let reference: OctetView

    var isCiphered: Bool { parameters & 0x04 != 0 }
    var hasChecksum: Bool { parameters & 0x03 == 0x02 }

    /// nil where the lengths are not those of a packet.
    init?(_ octets: OctetView) {
        guard let length = octets.uint16(at: 0), octets.count == 2 + Int(length), let header = octets.octet(at: 2),
            header >= 13, 3 + Int(header) <= octets.count, let parameters = octets.octet(at: 3),
            let responseParameters = octets.octet(at: 4), let kic = octets.octet(at: 5), let kid = octets.octet(at: 6)
        else { return nil }
        self.octets = octets
        self.parameters = parameters
        self.responseParameters = responseParameters
        self.kic = kic
        self.kid = kid
        reference = octets.part(from: 7, length: 3)
        checksumLength = Int(header) - 13
    }

    /// What a packet says once it is known to be genuine. It lives as long as the memory that it was deciphered into.
    struct Content {
        let counter: UInt64
        /// The data behind the header, without padding; nil where there are fewer octets than padding.
        let data: OctetView?
    }

    /// Deciphers the packet, and verifies its cryptographic checksum.
    ///
    /// - Parameter plain: takes the packet in the clear; twice as long as it.
    /// - Returns: nil where it is not genuine: has no checksum, or a wrong one, or is no whole blocks.
    func open(with keys: borrowing PacketKeys, into plain: borrowing SecretOctets) -> Content? {
        do throws(CryptoError) {
            return try opened(keys, plain)
        } catch {
            return nil
        }
    }

    private func opened(_ keys: borrowing PacketKeys, _ plain: borrowing SecretOctets) throws(CryptoError) -> Content? {
        let body = octets.part(from: Self.clearLength)
        guard plain.count >= 2 * octets.count, hasChecksum, checksumLength == CryptographicChecksum.length else {
            return nil
        }
        let clear = UnsafeMutableRawBufferPointer(rebasing: plain.buffer[..<body.count])
        switch keys.ciphering {
        case .some(let key) where isCiphered:
            try BlockCipher(key.algorithm, key: key.octets.view).decryptCBC(body, into: clear)
        default:
            guard !isCiphered else { return nil }
            body.copy(to: clear)
        }
        let view = OctetView(UnsafeRawBufferPointer(clear))
        let counters = view.part(from: 0, length: Self.countersLength)
        let checksum = view.part(from: Self.countersLength, length: checksumLength)
        let data = view.part(from: Self.countersLength + checksumLength)
        // The checksum is that of everything else.
        var message = OctetWriter(UnsafeMutableRawBufferPointer(rebasing: plain.buffer[octets.count...]))
        message.append(octets.part(from: 0, length: Self.clearLength))
        message.append(counters)
        message.append(data)
        switch keys.integrity {
        case .some(let key):
            guard try CryptographicChecksum.verify(checksum, of: message.view, with: key) else { return nil }
        case .none: return nil
        }
        var counter: UInt64 = 0
        for index in 0..<5 { counter = counter << 8 | UInt64(counters.octet(at: index) ?? 0) }
        let padding = Int(counters.octet(at: 5) ?? 0)
        return Content(
            counter: counter,
            data: padding <= data.count ? data.part(from: 0, length: data.count - padding) : nil
        )
    }
}
