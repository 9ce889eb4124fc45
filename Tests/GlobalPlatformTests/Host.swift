import CardCrypto
import GlobalPlatform
import Octets

/// The host side of SCP02 and SCP03, written from the standard's text with arrays, without the card's code above its
/// block ciphers and CMAC.
final class Host {
    let version: UInt8
    let i: UInt8
    let isAES: Bool
    let size: Int
    let keys: [[UInt8]]
    var sessionKeys: [String: [UInt8]] = [:]
    var challenge: [UInt8]
    var hostCryptogram: [UInt8] = []
    var level: UInt8 = 0
    var chain: [UInt8] = []
    var responseChain: [UInt8] = []
    var counter = 0
    var isFirst = true

    init(_ channel: SecureChannelProtocol, version: UInt8, keys: [[UInt8]]) {
        self.version = version
        self.keys = keys
        switch channel {
        case .scp02(let options): (i, isAES, size) = (options.value, false, 8)
        case .scp03(let options): (i, isAES, size) = (options.value, true, options.size.rawValue)
        case .scp11(let size): (i, isAES, self.size) = (0, true, size.rawValue)
        }
        // Before there is a session, commands have the right form at least.
        for name in ["enc", "mac", "rmac", "dek"] { sessionKeys[name] = [UInt8](repeating: 0xEE, count: 16) }
        hostCryptogram = [UInt8](repeating: 0xEE, count: size)
        chain = [UInt8](repeating: 0xEE, count: isAES ? 16 : 8)
        challenge = (0..<UInt8(size)).map { $0 &* 17 &+ 3 }
    }

    // MARK: Initiation

    func initializeUpdate() -> [UInt8] { [0x80, 0x50, version, 0x00, UInt8(size)] + challenge + [0x00] }

    /// Takes the response; whether the card's cryptogram is right.
    func take(_ response: [UInt8]) -> Bool {
        guard response.suffix(2) == [0x90, 0x00] else { return false }
        let fixed = isAES ? 13 : 12
        guard response.count >= fixed + 2 * size + 2, response[10] == version, response[11] == (isAES ? 3 : 2) else {
            return false
        }
        var cryptogram: [UInt8] = []
        if isAES {
            let cardChallenge = Array(response[13..<(13 + size)])
            let context = challenge + cardChallenge
            cryptogram = Array(response[(13 + size)..<(13 + 2 * size)])
            let length = keys[0].count
            sessionKeys = [
                "enc": kdf(keys[0], 4, length, context), "mac": kdf(keys[1], 6, length, context),
                "rmac": kdf(keys[1], 7, length, context), "dek": keys[2],
            ]
            hostCryptogram = kdf(sessionKeys["mac"] ?? [], 1, size, context)
            chain = [UInt8](repeating: 0, count: 16)
            return cryptogram == kdf(sessionKeys["mac"] ?? [], 0, size, context)
        }
        let counter = Array(response[12..<14])
        let cardChallenge = Array(response[14..<20])
        cryptogram = Array(response[20..<28])
        for (name, label, key) in [
            ("enc", [1, 0x82], 0), ("mac", [1, 1], 1), ("rmac", [1, 2], 1), ("dek", [1, 0x81], 2),
        ] {
            let block = label.map { UInt8($0) } + counter + [UInt8](repeating: 0, count: 12)
            sessionKeys[name] = cbc(.des, keys[key], [UInt8](repeating: 0, count: 8), block)
        }
        func mac(_ data: [UInt8]) -> [UInt8] {
            cbc(.des, sessionKeys["enc"] ?? [], [UInt8](repeating: 0, count: 8), pad(data, 8)).suffix(8)
        }
        hostCryptogram = mac(counter + cardChallenge + challenge)
        chain = [UInt8](repeating: 0, count: 8)
        return cryptogram == mac(challenge + counter + cardChallenge)
    }

    func externalAuthenticate(_ level: UInt8) -> [UInt8] {
        isFirst = true
        counter = 0
        let header: [UInt8] = [0x84, 0x82, level, 0x00, UInt8(2 * size)]
        let mac = commandMAC(header, hostCryptogram)
        self.level = level
        responseChain = Array(chain)
        return header + hostCryptogram + mac
    }

    // MARK: Messages

    /// A command with its protection; `command` is header, and data with their length where there are any. Le follows.
    func wrap(_ command: [UInt8]) -> [UInt8] {
        let data = Array(command.dropFirst(5))
        guard level & 0x01 != 0 else {
            counter += 1
            return command + [0x00]
        }
        counter += 1
        var body = data
        let cla = command[0] | 0x04
        if isAES {
            if level & 0x02 != 0, !data.isEmpty {
                let iv = ecb(
                    .aes,
                    sessionKeys["enc"] ?? [],
                    [UInt8](repeating: 0, count: 14) + [UInt8(counter >> 8), UInt8(counter & 0xFF)]
                )
                body = cbc(.aes, sessionKeys["enc"] ?? [], iv, pad(data, 16))
            }
            let header = [cla & 0xFC] + command[1..<4] + Self.lengthField(body.count + size)
            let le: [UInt8] = header.count > 5 ? [0x00, 0x00] : [0x00]
            return [cla] + header.dropFirst() + body + commandMAC(header, body) + le
        }
        let header = [cla & 0xFC] + command[1..<4] + Self.lengthField(data.count + 8)
        let mac = commandMAC(header, data)
        if level & 0x02 != 0, !data.isEmpty {
            body = cbc(.des, sessionKeys["enc"] ?? [], [UInt8](repeating: 0, count: 8), pad(data, 8))
        }
        let lc = Self.lengthField(body.count + 8)
        let le: [UInt8] = lc.count > 1 ? [0x00, 0x00] : [0x00]
        return [cla] + command[1..<4] + lc + body + mac + le
    }

    /// Lc: one octet, or above 255 three.
    static func lengthField(_ count: Int) -> [UInt8] {
        count > 255 ? [0x00, UInt8(count >> 8), UInt8(count & 0xFF)] : [UInt8(count)]
    }

    /// The data of a response to `command` with its protection taken off; nil where that is wrong.
    func unwrap(_ response: [UInt8], to command: [UInt8]) -> [UInt8]? {
        let status = Array(response.suffix(2))
        var data = Array(response.dropLast(2))
        guard level & 0x10 != 0 else { return data }
        if isAES {
            guard status == [0x90, 0x00] || status[0] == 0x62 || status[0] == 0x63 else {
                return data.isEmpty ? [] : nil
            }
            guard data.count >= size else { return nil }
            let mac = Array(data.suffix(size))
            data.removeLast(size)
            guard cmac(sessionKeys["rmac"] ?? [], chain + data + status).prefix(size) == mac[...] else { return nil }
            guard level & 0x20 != 0, !data.isEmpty else { return data }
            let iv = ecb(
                .aes,
                sessionKeys["enc"] ?? [],
                [0x80] + [UInt8](repeating: 0, count: 13) + [UInt8(counter >> 8), UInt8(counter & 0xFF)]
            )
            let plain = decryptCBC(.aes, sessionKeys["enc"] ?? [], iv, data)
            guard let mark = plain.lastIndex(where: { $0 != 0 }), plain[mark] == 0x80 else { return nil }
            return Array(plain[..<mark])
        }
        guard data.count >= 8 else { return nil }
        let mac = Array(data.suffix(8))
        data.removeLast(8)
        advance(Self.stripped(command) + [UInt8(truncatingIfNeeded: data.count)] + data + status)
        return responseChain == mac ? data : nil
    }

    /// A command with wrong padding under a right MAC, where its data are enciphered; otherwise with a wrong MAC.
    func wrapWrongly(_ command: [UInt8]) -> [UInt8] {
        let data = Array(command.dropFirst(5))
        let block = isAES ? 16 : 8
        let cla = command[0] | 0x04
        let unpadded = data + [UInt8](repeating: 0x11, count: block - data.count % block)
        guard level & 0x03 == 0x03 else {
            let own = level
            level |= 0x01
            defer { level = own }
            return wrap(command).dropLast(2) + [0x00]
        }
        counter += 1
        let key = sessionKeys["enc"] ?? []
        if isAES {
            let iv = ecb(.aes, key, [UInt8](repeating: 0, count: 14) + [UInt8(counter >> 8), UInt8(counter & 0xFF)])
            let body = cbc(.aes, key, iv, unpadded)
            let header = [cla] + command[1..<4] + [UInt8(body.count + size)]
            return header + body + commandMAC(header, body)
        }
        let header = [cla] + command[1..<4] + [UInt8(data.count + 8)]
        let mac = commandMAC(header, data)
        let body = cbc(.des, key, [UInt8](repeating: 0, count: 8), unpadded)
        return [cla] + command[1..<4] + [UInt8(body.count + 8)] + body + mac
    }

    /// A command whose enciphered data are no whole blocks, under a right MAC with SCP03.
    func wrapBroken(_ command: [UInt8]) -> [UInt8] {
        let body = [UInt8](repeating: 0x77, count: 13)
        let header = [command[0] | 0x04] + command[1..<4] + [UInt8(body.count + size)]
        guard level & 0x03 == 0x03 else { return header + body + [UInt8](repeating: 0, count: size) }
        return header + body + commandMAC(header, body)
    }

    /// A command as the R-MAC of SCP02 takes it.
    static func stripped(_ command: [UInt8]) -> [UInt8] {
        [command[0] & 0xF8] + command[1..<4] + lengthField(max(0, command.count - 5)) + command.dropFirst(5)
    }

    /// Advances the chain of R-MACs of SCP02.
    func advance(_ input: [UInt8]) { responseChain = retail(sessionKeys["rmac"] ?? [], responseChain, input) }

    private func commandMAC(_ header: [UInt8], _ body: [UInt8]) -> [UInt8] {
        if isAES {
            chain = cmac(sessionKeys["mac"] ?? [], chain + header + body)
            return Array(chain.prefix(size))
        }
        let key = sessionKeys["mac"] ?? []
        let iv = isFirst || i & 0x10 == 0 ? chain : ecb(.des, Array(key.prefix(8)), chain)
        isFirst = false
        chain = retail(key, iv, header + body)
        return chain
    }

    // MARK: Primitives

    private func kdf(_ key: [UInt8], _ constant: UInt8, _ length: Int, _ context: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for counter in [UInt8(1), 2] {
            let label =
                [UInt8](repeating: 0, count: 11) + [constant, 0, UInt8((length * 8) >> 8), UInt8((length * 8) & 255)]
            result += cmac(key, label + [counter] + context)
        }
        return Array(result.prefix(length))
    }

    private func retail(_ key: [UInt8], _ iv: [UInt8], _ data: [UInt8]) -> [UInt8] {
        let padded = pad(data, 8)
        var state = iv
        for start in stride(from: 0, to: padded.count - 8, by: 8) {
            state = ecb(.des, Array(key.prefix(8)), zip(state, padded[start..<(start + 8)]).map { $0 ^ $1 })
        }
        return ecb(.des, key, zip(state, padded.suffix(8)).map { $0 ^ $1 })
    }
}

func pad(_ data: [UInt8], _ block: Int) -> [UInt8] {
    var padded = data + [0x80]
    while padded.count % block != 0 { padded.append(0) }
    return padded
}

func cmac(_ key: [UInt8], _ data: [UInt8]) -> [UInt8] {
    key.withView { key in data.withView { data in (try? CMAC.mac(key: key, data)) ?? [] } }
}

private func apply(
    _ data: [UInt8],
    _ body: (OctetView, UnsafeMutableRawBufferPointer) throws -> Void
) -> [UInt8] {
    let result = SecretOctets(count: data.count)
    try? data.withView { try body($0, result.buffer) }
    return result.view.array
}

func ecb(_ algorithm: BlockCipher.Algorithm, _ key: [UInt8], _ data: [UInt8]) -> [UInt8] {
    apply(data) { data, output in
        try key.withView { try BlockCipher(algorithm, key: $0).encryptECB(data, into: output) }
    }
}

func cbc(_ algorithm: BlockCipher.Algorithm, _ key: [UInt8], _ iv: [UInt8], _ data: [UInt8]) -> [UInt8] {
    apply(data) { data, output in
        try key.withView { key in
            try iv.withView { try BlockCipher(algorithm, key: key).encryptCBC(data, iv: $0, into: output) }
        }
    }
}

func decryptCBC(_ algorithm: BlockCipher.Algorithm, _ key: [UInt8], _ iv: [UInt8], _ data: [UInt8]) -> [UInt8] {
    apply(data) { data, output in
        try key.withView { key in
            try iv.withView { try BlockCipher(algorithm, key: key).decryptCBC(data, iv: $0, into: output) }
        }
    }
}

/// Octets that a view can be had of for as long as the value lives.
func secret(_ octets: [UInt8]) -> SecretOctets {
    let secret = SecretOctets(count: octets.count)
    for (index, octet) in octets.enumerated() { secret.buffer[index] = octet }
    return secret
}
