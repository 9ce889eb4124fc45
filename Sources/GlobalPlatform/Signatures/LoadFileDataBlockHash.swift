import CardCrypto
import Octets

/// The hash that INSTALL [for load] announces a load file data block with: GPCS clause C.2. It is over the block in the
/// clear, without tag and length.
public struct LoadFileDataBlockHash: Sendable {
    /// The hash function, which the length of the hash tells.
    public let algorithm: HashAlgorithm
    private var octets: InlineArray<64, UInt8>

    /// Takes the field of INSTALL [for load]; nil where it is empty.
    ///
    /// - Throws: 6A80 where no hash function has the length.
    public init?(_ field: OctetView) throws(StatusWord) {
        if field.isEmpty { return nil }
        guard let algorithm = HashAlgorithm.allCases.first(where: { $0.length == field.count }) else {
            throw .incorrectData
        }
        self.algorithm = algorithm
        octets = InlineArray(repeating: 0)
        var span = octets.mutableSpan
        span.withUnsafeMutableBytes { field.copy(to: $0) }
    }

    /// Calls `body` with the hash.
    public func withOctets<Result: ~Copyable>(
        _ body: (OctetView) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        try octets.span.withUnsafeBytes { (octets) throws(StatusWord) in
            try body(OctetView(octets).part(from: 0, length: algorithm.length))
        }
    }

    /// Checks that the hash is as strong as what a key does with it or beside it: GPCS table C-3.
    ///
    /// - Throws: 6985 where it is weaker, or the key neither signs nor deciphers.
    public func requireStrength(of key: Key) throws(StatusWord) {
        guard algorithm.length >= (try key.weakestHash.length) else { throw .unsuitableHash }
    }
}

extension Key {
    /// The weakest hash function that goes with the key: GPCS table C-3. For MACs, which have none of their own, it is
    /// the one that goes with the cipher.
    fileprivate var weakestHash: HashAlgorithm {
        get throws(StatusWord) {
            switch try SignatureScheme(self) {
            case .retailMAC: .sha1
            case .cmac: octets.count == 16 ? .sha256 : octets.count == 24 ? .sha384 : .sha512
            case .rsa(let scheme): scheme.hash
            case .ecdsa: .sha256
            }
        }
    }
}
