import CardCrypto
import Octets

extension CommandPacket {
    /// What a sender says in front of the data of a command packet: TS 102 225 clause 5.1.
    package struct Header: Equatable, Sendable {
        /// The two octets of the SPI: how the packet is protected, and how its response is to be.
        package var parameters: UInt8
        package var responseParameters: UInt8
        package var kic: UInt8
        package var kid: UInt8
        /// The toolkit application reference, three octets.
        package var reference: [UInt8]
        /// 40 bits.
        package var counter: UInt64

        /// A header of its fields.
        package init(
            parameters: UInt8,
            responseParameters: UInt8,
            kic: UInt8,
            kid: UInt8,
            reference: [UInt8],
            counter: UInt64
        ) {
            self.parameters = parameters
            self.responseParameters = responseParameters
            self.kic = kic
            self.kid = kid
            self.reference = reference
            self.counter = counter
        }
    }

    /// Makes a command packet, from its length on: what `open` takes.
    ///
    /// - Parameter data: the script.
    /// - Returns: nil where a key is missing or does not fit, the check is none that there is, the reference has not three
    ///   octets, the counter more than five, or the data are too many for the length of a packet.
    package static func make(_ data: OctetView, _ header: Header, with keys: borrowing PacketKeys) -> [UInt8]? {
        do throws(CryptoError) {
            return try made(data, header, keys)
        } catch {
            return nil
        }
    }

    private static func made(
        _ data: OctetView,
        _ header: Header,
        _ keys: borrowing PacketKeys
    ) throws(CryptoError) -> [UInt8]? {
        guard let check = PacketCheck(header.parameters, kidAlgorithm: keys.kidAlgorithm), header.reference.count == 3,
            header.counter >> 40 == 0
        else { return nil }
        let isCiphered = header.parameters & 0x04 != 0
        let length = countersLength + check.length + data.count
        var padding = 0
        if isCiphered {
            guard let block = keys.cipheringBlockLength else { return nil }
            padding = (block - length % block) % block
        }
        guard clearLength - 2 + length + padding <= 0xFFFF else { return nil }
        // Everything but the check, which is that of all of it.
        let all = SecretOctets(count: clearLength + length + padding)
        var message = OctetWriter(all.buffer)
        message.append(UInt16(truncatingIfNeeded: clearLength - 2 + length + padding))
        message.append(UInt8(truncatingIfNeeded: 13 + check.length))
        for octet in [header.parameters, header.responseParameters, header.kic, header.kid] + header.reference {
            message.append(octet)
        }
        for shift in [32, 24, 16, 8, 0] as [UInt64] {
            message.append(UInt8(truncatingIfNeeded: header.counter >> shift))
        }
        message.append(UInt8(truncatingIfNeeded: padding))
        message.append(data)
        message.append(repeating: 0x00, count: padding)
        let value = SecretOctets(count: check.length)
        try check.compute(message.view, with: keys, into: value.buffer)
        let plain = SecretOctets(count: length + padding)
        var body = OctetWriter(plain.buffer)
        body.append(message.view.part(from: clearLength, length: countersLength))
        body.append(value.view)
        body.append(message.view.part(from: clearLength + countersLength))
        switch keys.ciphering {
        case .some(let key) where isCiphered:
            try BlockCipher(key.algorithm, key: key.octets.view).encryptCBC(plain.view, into: plain.buffer)
        default: break
        }
        return message.view.part(from: 0, length: clearLength).array + plain.view.array
    }
}
