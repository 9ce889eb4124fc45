import CardCrypto
import Octets
import Testing

@Suite struct SecretOctetsTests {
    @Test func holdsACopy() {
        let source = SecretOctets(count: 3)
        source.buffer.copyBytes(from: [1, 2, 3])
        let secret = SecretOctets(source.view)
        wipe(source.buffer)
        #expect(source.view.array == [0, 0, 0])
        #expect(secret.view.array == [1, 2, 3])
        #expect(secret.count == 3)
        #expect(SecretOctets(count: -1).count == 0)
        #expect(SecretOctets(count: 4).view.array == [0, 0, 0, 0])
    }

    @Test func wiping() {
        var octets: [UInt8] = [1, 2, 3, 4]
        octets.withUnsafeMutableBytes { wipe(UnsafeMutableRawBufferPointer(rebasing: $0[1..<3])) }
        #expect(octets == [1, 0, 0, 4])
        wipe(UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }

    @Test func comparison() {
        let octets = [UInt8](0..<32)
        func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
            left.withView { left in right.withView { constantTimeEqual(left, $0) } }
        }
        #expect(equal([], []))
        #expect(equal(octets, octets))
        #expect(!equal(octets, octets + [0]))
        #expect(!equal(octets, []))
        for bit in 0..<256 {
            var other = octets
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!equal(octets, other))
        }
    }
}
