import CardCrypto
import Octets
import Testing

@Suite struct CMACTests {
    struct Vector: Decodable {
        let key: HexOctets
        let message: HexOctets
        let mac: HexOctets
    }

    /// At once, and in pieces of every length, under one key object.
    @Test func publishedVectors() throws {
        for vector in try VectorFile<Vector>.cases("cmac.json", count: 19) {
            let whole = try vector.key.octets.withView { key in
                try vector.message.octets.withView { message in
                    try CMAC.mac(key: key, message)
                }
            }
            #expect(hex(whole) == hex(vector.mac.octets))
            try vector.key.octets.withView { key in
                var cmac = try CMAC(key: key)
                for step in 1...33 {
                    try vector.message.octets.withView { message in
                        for start in stride(from: 0, to: message.count, by: step) {
                            try cmac.update(message.part(from: start, length: step))
                        }
                    }
                    let mac = try written(16) { output in try cmac.finish(into: output) }
                    #expect(hex(mac) == hex(vector.mac.octets), "pieces of \(step)")
                }
            }
        }
    }

    /// RFC 4493 clause 4, example 2: truncated as the protocols do, and what is not its beginning.
    @Test func verification() throws {
        let key = Hex.octets("2B7E151628AED2A6ABF7158809CF4F3C") ?? []
        let message = Hex.octets("6BC1BEE22E409F96E93D7E117393172A") ?? []
        let mac = Hex.octets("070A16B46B4D4144F79BDD9DD04A287C") ?? []
        try key.withView { key in
            var cmac = try CMAC(key: key)
            func verdict(_ candidate: [UInt8]) throws -> Bool {
                try message.withView { message in try cmac.update(message) }
                return try candidate.withView { candidate in try cmac.verify(candidate) }
            }
            for length in 0...16 {
                #expect(try verdict(Array(mac.prefix(length))) == (length >= 4))
            }
            #expect(try verdict(mac + [0]) == false)
            for bit in 0..<128 {
                var wrong = mac
                wrong[bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(try verdict(wrong) == false)
            }
        }
    }

    @Test func lengths() throws {
        let key = [UInt8](repeating: 1, count: 16)
        try key.withView { key in
            var cmac = try CMAC(key: key)
            try cmac.update(key)
            let whole = try written(16) { output in try cmac.finish(into: output) }
            // The refused lengths leave the message as it is.
            try cmac.update(key)
            #expect(
                thrown {
                    _ = try written(0) { output in try cmac.finish(into: output) }
                } == .outputLength
            )
            #expect(
                thrown {
                    _ = try written(17) { output in try cmac.finish(into: output) }
                } == .outputLength
            )
            #expect(
                try written(8) { output in try cmac.finish(into: output) } == Array(whole.prefix(8))
            )
            try cmac.update(key)
            cmac.reset()
            try cmac.update(key)
            #expect(try written(16) { output in try cmac.finish(into: output) } == whole)
            #expect(thrown { _ = try CMAC(key: key.part(from: 1)) } == .keyLength)
        }
    }
}
