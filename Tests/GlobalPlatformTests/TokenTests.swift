import CardCrypto
import Octets
import Testing

@testable import GlobalPlatform

/// Tokens, and the signatures that all of tokens, receipts and DAP are: GPCS clauses B.1 to B.4 and C.4.
@Suite struct TokenTests {
    let vectors: SignatureVectors

    init() throws { vectors = try SignatureVectors.load() }

    /// Calls `body` with the token of a command, as the command brings it.
    private func withToken<Result>(
        _ command: SignatureVectors.Command,
        _ token: [UInt8],
        _ body: (Token) throws -> Result
    ) throws -> Result {
        let (p1, p2) = (command.p1.octets[0], command.p2.octets[0])
        if command.ins.octets == [0xE4] {
            let data = secret(command.data.octets + (token.isEmpty ? [] : [0x9E] + length(token.count) + token))
            return try body(Token(deleteWithP1: p1, p2: p2, data.view))
        }
        let data = secret(command.data.octets + length(token.count) + token)
        let isLoad = p1 == 0x02
        let install = try InstallCommand(.init(rawValue: p1), isLoad: isLoad, data.view)
        #expect(install.token.array == token)
        let last = Token.Command(p1: p1, p2: p2, signed: install.signed)
        guard let load = command.load else { return try body(Token(install.token, of: last)) }
        let first = secret(load.octets + [0x00])
        let loadCommand = try InstallCommand(.init(rawValue: p1), isLoad: true, first.view)
        return try body(
            Token(install.token, of: Token.Command(p1: p1, p2: 0x01, signed: loadCommand.signed), and: last)
        )
    }

    private func length(_ count: Int) -> [UInt8] {
        count < 0x80
            ? [UInt8(count)]
            : count < 0x100 ? [0x81, UInt8(count)] : [0x82, UInt8(count >> 8), UInt8(count & 0xFF)]
    }

    @Test func whatIsSigned() throws {
        #expect(vectors.published.count == 2)
        #expect(vectors.tokens.count == 10)
        for command in vectors.published + vectors.tokens {
            for token in [[], [UInt8](repeating: 0x9E, count: 16), [UInt8](repeating: 1, count: 512)] {
                var signed: [UInt8] = []
                try withToken(command, token) { parsed in
                    #expect(parsed.octets.array == token)
                    try parsed.withSignedData { (data) throws(StatusWord) in
                        try computed { () throws(CryptoError) in
                            try data.forEach { (piece) throws(CryptoError) in signed += piece.array }
                        }
                    }
                }
                #expect(hex(signed) == hex(command.signed.octets))
            }
        }
    }

    @Test func verification() throws {
        for command in vectors.tokens {
            let tokens = try #require(command.tokens)
            #expect(tokens.count == vectors.keys.count)
            for (name, token) in tokens {
                try vectors.withKey(name) { (key) throws in
                    func verdict(_ token: [UInt8]) throws -> StatusWord? {
                        try withToken(command, token) { parsed in status { try parsed.verify(with: key) } }
                    }
                    let token = token.octets
                    #expect(try verdict(token) == nil, "\(name)")
                    #expect(try verdict([]) == .securityStatusNotSatisfied)
                    #expect(try verdict(token + [0]) == .securityStatusNotSatisfied)
                    #expect(try verdict(Array(token.dropLast())) == .securityStatusNotSatisfied)
                    for index in [0, token.count / 2, token.count - 1] {
                        var wrong = token
                        wrong[index] ^= 0x40
                        #expect(try verdict(wrong) == .securityStatusNotSatisfied)
                    }
                }
            }
        }
    }

    /// A token is good for no other command, and for no other parameters.
    @Test func otherCommands() throws {
        for (index, command) in vectors.tokens.enumerated() {
            for name in ["AES-128", "P-256"] {
                let token = try #require(command.tokens?[name]).octets
                for (otherIndex, other) in vectors.tokens.enumerated() where otherIndex != index {
                    try vectors.withKey(name) { (key) throws in
                        try withToken(other, token) { parsed in
                            #expect(status { try parsed.verify(with: key) } == .securityStatusNotSatisfied)
                        }
                    }
                }
            }
        }
        let delete = vectors.tokens[7]
        let token = try #require(delete.tokens?["AES-128"]).octets
        let data = secret(delete.data.octets + [0x9E, 0x10] + token)
        try vectors.withKey("AES-128") { (key) throws in
            let right = try Token(deleteWithP1: 0, p2: 0, data.view)
            #expect(status { try right.verify(with: key) } == nil)
            let wrong = try Token(deleteWithP1: 0, p2: 0x80, data.view)
            #expect(status { try wrong.verify(with: key) } == .securityStatusNotSatisfied)
        }
    }

    @Test func malformedDelete() throws {
        for text in ["4F", "4F05A0", "4F05A0000000019E0201024F00", "4F05A0000000019E02010200", "9E8201"] {
            let data = secret(octets(text))
            #expect(status { _ = try Token(deleteWithP1: 0, p2: 0, data.view) } == .incorrectData, "\(text)")
        }
    }

    @Test func schemes() throws {
        let expected: [String: SignatureScheme] = [
            "3DES": .retailMAC, "AES-128": .cmac, "AES-192": .cmac, "AES-256": .cmac, "RSA-1024": .rsa(.pkcs1),
            "RSA-2048": .rsa(.pss), "RSA-4096": .rsa(.pss), "P-256": .ecdsa, "brainpoolP256r1": .ecdsa,
        ]
        for record in vectors.keys {
            let scheme = try vectors.withKey(record.name) { try SignatureScheme($0) }
            #expect(scheme == expected[record.name])
        }
        let long = secret([UInt8](repeating: 0xFF, count: 513))
        let message = SignedData(long.view)
        for type in KeyType.allCases {
            for count in [0, 1, 8, 15, 17, 31, 33, 65, 127, 513] {
                let key = Key(
                    type,
                    long.view.part(from: 0, length: count),
                    exponent: long.view.part(from: 0, length: 1)
                )
                #expect(status { _ = try key.verify(.empty, of: message) } == .conditionsNotSatisfied)
                #expect(status { _ = try key.mac(of: message) } == .conditionsNotSatisfied)
            }
        }
        // A key without its exponent, a point off its curve, and a key that is not made to sign.
        for name in ["RSA-1024", "P-256", "brainpoolP256r1"] {
            try vectors.withKey(name) { (key) throws in
                let other = key.curve == .p256 ? Curve.brainpoolP256r1 : .p256
                let wrong = Key(key.type, curve: other, key.octets)
                #expect(status { _ = try wrong.verify(.empty, of: message) } == .conditionsNotSatisfied)
                #expect(status { _ = try key.mac(of: message) } == .conditionsNotSatisfied)
            }
        }
    }

    /// Keys as the image keeps them: an RSA key is two components, one of an elliptic curve a point and its curve.
    @Test func storedKeys() throws {
        let command = vectors.tokens[0]
        for name in ["RSA-1024", "RSA-2048", "P-256"] {
            let token = try #require(command.tokens?[name]).octets
            try vectors.withKey(name) { (lent) throws in
                var list = KeyList(capacity: 512)
                list.begin(0x01)
                list.append(lent.type, lent.octets)
                let reference = secret([lent.curve?.rawValue ?? 0])
                if lent.curve == nil {
                    list.append(.rsaPublicExponent, lent.exponent)
                } else {
                    list.append(.curveReference, reference.view)
                }
                let overflowed = list.overflowed
                #expect(!overflowed)
                var cursor = OctetCursor(list.view)
                let key = try #require(StoredKey(&cursor)?.key)
                try withToken(command, token) { parsed in
                    #expect(status { try parsed.verify(with: key) } == nil)
                }
            }
        }
    }

    /// The pieces that data are signed in make no difference.
    @Test func pieces() throws {
        let message = secret([UInt8](0..<41))
        for name in ["3DES", "AES-256"] {
            try vectors.withKey(name) { (key) throws in
                let whole = try key.mac(of: SignedData(message.view)).view.array
                for first in 0...41 {
                    for second in first...41 {
                        let pieces = SignedData(
                            message.view.part(from: 0, length: first),
                            .empty,
                            message.view.part(from: first, length: second - first),
                            message.view.part(from: second)
                        )
                        #expect(try key.mac(of: pieces).view.array == whole)
                    }
                }
            }
        }
    }

    @Test func references() throws {
        let provider = secret(octets("12345678"))
        let image = secret(octets("0102"))
        #expect(TokenReference(.empty).identifier == nil)
        #expect(TokenReference(.empty).isMeant(forProvider: provider.view, image: image.view))
        let whole = secret(octets("C900B612420412345678450201025F2001AA93020007"))
        let named = TokenReference(whole.view)
        #expect(named.identifier?.array == [0, 7])
        #expect(named.isMeant(forProvider: provider.view, image: image.view))
        #expect(!named.isMeant(forProvider: image.view, image: image.view))
        #expect(!named.isMeant(forProvider: provider.view, image: provider.view))
    }
}
