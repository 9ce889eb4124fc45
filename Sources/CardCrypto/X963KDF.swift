import Octets

/// The key derivation function of ANS X9.63 (BSI TR-03111 clause 4.3.3), which the card uses after a key agreement.
public enum X963KDF {
    /// Fills `output` with key data: digest(z, counter, sharedInfo) for the counters 1, 2 and so on, each in four
    /// octets.
    ///
    /// - Throws: `CryptoError.outputLength` where the counter cannot count the digests that `output` needs.
    public static func derive(
        _ algorithm: HashAlgorithm = .sha256,
        z: OctetView,
        sharedInfo: OctetView = .empty,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        guard UInt64(output.count / algorithm.length) < UInt64(UInt32.max) else { throw .outputLength }
        var hash = try Hash(algorithm)
        let digest = SecretOctets(count: algorithm.length)
        var counter: UInt32 = 0
        var offset = 0
        while offset < output.count {
            counter += 1
            try hash.update(z)
            try update(&hash, counter)
            try hash.update(sharedInfo)
            try hash.finish(into: digest.buffer)
            let part = digest.view.part(from: 0, length: output.count - offset)
            part.copy(to: output[offset..<(offset + part.count)].rebased)
            offset += part.count
        }
    }

    private static func update(_ hash: inout Hash, _ counter: UInt32) throws(CryptoError) {
        var octets: InlineArray<4, UInt8> = [
            UInt8(truncatingIfNeeded: counter >> 24), UInt8(truncatingIfNeeded: counter >> 16),
            UInt8(truncatingIfNeeded: counter >> 8), UInt8(truncatingIfNeeded: counter),
        ]
        var span = octets.mutableSpan
        try span.withUnsafeMutableBytes { octets throws(CryptoError) in try hash.update(octets.view) }
    }
}
