import CardCrypto
import Octets

/// Octets in memory that is wiped.
func secret(_ octets: some Collection<UInt8>) -> SecretOctets {
    let secret = SecretOctets(count: octets.count)
    for (index, octet) in octets.enumerated() { secret.buffer[index] = octet }
    return secret
}

/// What `body` writes, at most `capacity` octets.
func written(
    _ capacity: Int,
    _ body: (inout OctetWriter) throws(CryptoError) -> Void
) throws(CryptoError) -> [UInt8] {
    let octets = SecretOctets(count: capacity)
    var writer = OctetWriter(octets.buffer)
    try body(&writer)
    return writer.view.array
}

/// The octets in front of the padding (method 2 of ISO/IEC 9797-1); nil where there is none. Whole blocks of zeros, which
/// some cards add, are taken for a part of it.
func withoutPadding(_ data: [UInt8]) -> [UInt8]? {
    guard let mark = data.lastIndex(where: { $0 != 0x00 }), data[mark] == 0x80 else { return nil }
    return Array(data[..<mark])
}

/// Whether both are the same octets, found in a time that depends on their number only.
func areEqual(_ first: some Collection<UInt8>, _ second: some Collection<UInt8>) -> Bool {
    let first = secret(first)
    let second = secret(second)
    return constantTimeEqual(first.view, second.view)
}
