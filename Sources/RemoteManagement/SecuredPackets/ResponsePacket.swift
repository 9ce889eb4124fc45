import CardCrypto
import Octets

/// What the card says of a command packet: TS 102 225 table 5.
enum ResponseStatus: UInt8 {
    case ok = 0x00
    case counterLow = 0x02
    case counterHigh = 0x03
    case counterBlocked = 0x04
    case unidentifiedSecurityError = 0x06
    case insufficientMemory = 0x07
    case referenceUnknown = 0x09
    case insufficientSecurityLevel = 0x0A
}

/// A response packet: TS 102 225 clause 5.2, TS 31.115 clause 4.
package struct ResponsePacket {
    /// The user data header that begins it in a short message.
    package static let userDataHeader: [UInt8] = [0x02, 0x71, 0x00]
    /// How many octets of it are not data, at most: user data header, lengths, TAR, counters, status, checksum, padding.
    static let largestOverhead = 3 + 3 + 3 + 6 + 1 + 8 + 15

    let status: ResponseStatus
    /// TAR and counter of the command packet.
    let reference: OctetView
    let counter: UInt64

    /// Appends the packet with its user data header.
    ///
    /// - Parameter parameters: the second octet of the SPI: b5 ciphering, b4 b3 the check.
    /// - Returns: false where a key is missing, the check is none that the card has, or it does not fit.
    func append(
        _ data: OctetView,
        _ parameters: UInt8,
        with keys: borrowing PacketKeys,
        to writer: inout OctetWriter
    ) -> Bool {
        do throws(CryptoError) {
            return try appended(data, parameters, keys, &writer)
        } catch {
            return false
        }
    }

    private func appended(
        _ data: OctetView,
        _ parameters: UInt8,
        _ keys: borrowing PacketKeys,
        _ writer: inout OctetWriter
    ) throws(CryptoError) -> Bool {
        let isCiphered = parameters & 0x10 != 0
        guard let check = PacketCheck(parameters >> 2, kidAlgorithm: keys.kidAlgorithm) else { return false }
        let length = 7 + check.length + data.count
        var padding = 0
        if isCiphered {
            guard let block = keys.cipheringBlockLength else { return false }
            padding = (block - length % block) % block
        }
        let all = SecretOctets(count: 9 + length + padding)
        let plain = SecretOctets(count: length + padding)
        // CNTR, PCNTR, STS and data in the clear, without the check, behind the header.
        var message = OctetWriter(all.buffer)
        for octet in Self.userDataHeader { message.append(octet) }
        message.append(UInt16(truncatingIfNeeded: 4 + length + padding))
        message.append(UInt8(truncatingIfNeeded: 10 + check.length))
        message.append(reference)
        let start = message.count
        for shift in [32, 24, 16, 8, 0] as [UInt64] { message.append(UInt8(truncatingIfNeeded: counter >> shift)) }
        message.append(UInt8(truncatingIfNeeded: padding))
        message.append(status.rawValue)
        message.append(data)
        message.append(repeating: 0x00, count: padding)
        let value = SecretOctets(count: check.length)
        try check.compute(message.view, with: keys, into: value.buffer)
        var body = OctetWriter(plain.buffer)
        body.append(message.view.part(from: start, length: 7))
        body.append(value.view)
        body.append(message.view.part(from: start + 7))
        switch keys.ciphering {
        case .some(let key) where isCiphered:
            try BlockCipher(key.algorithm, key: key.octets.view).encryptCBC(plain.view, into: plain.buffer)
        default: break
        }
        writer.append(message.view.part(from: 0, length: start))
        writer.append(plain.view)
        return !writer.overflowed
    }
}
