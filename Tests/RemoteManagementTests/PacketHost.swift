import CardCrypto
import Memory
import Octets
import Testing

/// The sender of command packets: a second implementation of TS 102 225, from the other side.
struct PacketHost {
    var algorithm = BlockCipher.Algorithm.aes
    var ciphering = RemoteCard.key
    var integrity = RemoteCard.key
    var parameters: UInt8 = 0x16
    var responseParameters: UInt8 = 0x19
    var kic: UInt8 = 0x12
    var kid: UInt8 = 0x12
    var reference = "000000"
    var counter: UInt64 = 1

    /// The checksum of a message.
    func checksum(_ message: [UInt8]) throws -> [UInt8] {
        switch algorithm {
        case .aes:
            return Array(
                try integrity.withView { (key) throws(CryptoError) in
                    try message.withView { (message) throws(CryptoError) in try CMAC.mac(key: key, message) }
                }.prefix(8)
            )
        case .des:
            let blocks = message + [UInt8](repeating: 0, count: (8 - message.count % 8) % 8)
            return Array(try cipher(blocks, integrity, isDeciphering: false).suffix(8))
        }
    }

    private func cipher(_ blocks: [UInt8], _ key: [UInt8], isDeciphering: Bool) throws -> [UInt8] {
        let output = SecretOctets(count: blocks.count)
        try key.withView { (key) throws(CryptoError) in
            let cipher = try BlockCipher(algorithm, key: key)
            try blocks.withView { (blocks) throws(CryptoError) in
                if isDeciphering {
                    try cipher.decryptCBC(blocks, into: output.buffer)
                } else {
                    try cipher.encryptCBC(blocks, into: output.buffer)
                }
            }
        }
        return output.view.array
    }

    private var counterOctets: [UInt8] {
        [32, 24, 16, 8, 0].map { (shift: UInt64) in UInt8(truncatingIfNeeded: counter >> shift) }
    }

    /// A command packet with a script; `padding` in place of what the blocks need.
    func packet(_ script: String, padding counted: UInt8? = nil) throws -> [UInt8] {
        let data = try #require(Hex.octets(script))
        let check = parameters & 0x03 == 0x02 ? 8 : 0
        let isCiphered = parameters & 0x04 != 0
        let block = isCiphered ? algorithm.blockLength : 1
        let padding = (block - (6 + check + data.count) % block) % block
        let length = 8 + 6 + check + data.count + padding
        let header =
            [UInt8(length >> 8), UInt8(truncatingIfNeeded: length), UInt8(13 + check), parameters, responseParameters]
            + [kic, kid] + (try #require(Hex.octets(reference)))
        let counters = counterOctets + [counted ?? UInt8(padding)]
        let padded = data + [UInt8](repeating: 0, count: padding)
        let checksum = check == 0 ? [] : try checksum(header + counters + padded)
        let body = counters + checksum + padded
        return header + (isCiphered ? try cipher(body, ciphering, isDeciphering: false) : body)
    }

    /// A response packet, opened: status, counter and data; the check is verified.
    func open(_ response: [UInt8]) throws -> (status: UInt8, counter: UInt64, data: String) {
        try #require(response.count >= 16)
        #expect(Array(response.prefix(3)) == [0x02, 0x71, 0x00])
        #expect(Int(response[3]) << 8 | Int(response[4]) == response.count - 5)
        #expect(Hex.string(response[6..<9]) == reference)
        let check = Int(response[5]) - 10
        let isCiphered = responseParameters & 0x10 != 0
        let body = Array(response.dropFirst(9))
        let plain = isCiphered ? try cipher(body, ciphering, isDeciphering: true) : body
        let rest = Array(plain.dropFirst(7 + check))
        let message = Array(response.prefix(9)) + plain.prefix(7) + rest
        let found = Array(plain[7..<7 + check])
        switch (responseParameters & 0x0C, kid & 0x0F) {
        case (0x00, _): #expect(check == 0)
        case (0x08, _): #expect(try found == checksum(message))
        default: #expect(check == 2 || check == 4)
        }
        let counter = plain.prefix(5).reduce(0) { $0 << 8 | UInt64($1) }
        return (plain[6], counter, Hex.string(rest.dropLast(Int(plain[5]))))
    }
}
