import CardCrypto
import Octets

extension ResponsePacket {
    /// Why a response packet cannot be opened.
    package enum Defect: Error, Equatable, Sendable {
        /// It is no response packet, or not protected as the SPI has asked for.
        case malformed
        /// Its check is wrong, or a key for it is missing: it is from somebody else.
        case check
    }

    /// What a response packet says.
    package struct Content: Equatable, Sendable {
        /// The response status code: TS 102 225 table 5.
        package let status: UInt8
        /// TAR and counter of the command packet.
        package let reference: [UInt8]
        package let counter: UInt64
        /// The result of the script, without padding.
        package let data: [UInt8]
    }

    /// Octets of the header that are never ciphered: user data header, RPL, RHL, TAR.
    private static let clearLength = 9

    /// Deciphers a response packet, and verifies its check.
    ///
    /// - Parameters:
    ///   - octets: the packet with its user data header: what `append` makes.
    ///   - parameters: the second octet of the SPI that has asked for it.
    package static func open(
        _ octets: OctetView,
        _ parameters: UInt8,
        with keys: borrowing PacketKeys
    ) throws(Defect) -> Content {
        var cursor = OctetCursor(octets)
        guard let check = PacketCheck(parameters >> 2, kidAlgorithm: keys.kidAlgorithm),
            let start = cursor.octets(userDataHeader.count), userDataHeader.withView({ start.equals($0) }),
            let length = cursor.uint16(), cursor.remaining == Int(length), let header = cursor.octet(),
            Int(header) == 10 + check.length, let reference = cursor.octets(3), cursor.remaining >= 7 + check.length
        else { throw .malformed }
        let body = cursor.rest()
        let plain = SecretOctets(count: body.count)
        let isGenuine: Bool
        do throws(CryptoError) {
            isGenuine = try read(octets, body, check, isCiphered: parameters & 0x10 != 0, keys, into: plain)
        } catch {
            throw .malformed
        }
        guard isGenuine else { throw .check }
        var counter: UInt64 = 0
        for index in 0..<5 { counter = counter << 8 | UInt64(plain.view.octet(at: index) ?? 0) }
        let padding = Int(plain.view.octet(at: 5) ?? 0)
        let data = plain.view.part(from: 7 + check.length)
        guard padding <= data.count else { throw .malformed }
        return Content(
            status: plain.view.octet(at: 6) ?? 0,
            reference: reference.array,
            counter: counter,
            data: data.part(from: 0, length: data.count - padding).array
        )
    }

    /// Puts the body in the clear, and finds out whether the check is right.
    private static func read(
        _ octets: OctetView,
        _ body: OctetView,
        _ check: PacketCheck,
        isCiphered: Bool,
        _ keys: borrowing PacketKeys,
        into plain: borrowing SecretOctets
    ) throws(CryptoError) -> Bool {
        switch keys.ciphering {
        case .some(let key) where isCiphered:
            try BlockCipher(key.algorithm, key: key.octets.view).decryptCBC(body, into: plain.buffer)
        default:
            guard !isCiphered else { return false }
            body.copy(to: plain.buffer)
        }
        let all = SecretOctets(count: octets.count)
        var message = OctetWriter(all.buffer)
        message.append(octets.part(from: 0, length: clearLength))
        message.append(plain.view.part(from: 0, length: 7))
        message.append(plain.view.part(from: 7 + check.length))
        let value = SecretOctets(count: check.length)
        try check.compute(message.view, with: keys, into: value.buffer)
        return constantTimeEqual(value.view, plain.view.part(from: 7, length: check.length))
    }
}
