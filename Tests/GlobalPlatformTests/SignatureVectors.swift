import CardCrypto
import GlobalPlatform
import Octets
import Testing

/// The file signatures.json: keys, and what they sign.
struct SignatureVectors: Decodable {
    struct KeyRecord: Decodable {
        let name: String
        let type: HexOctets
        let curve: HexOctets?
        let octets: HexOctets
        let exponent: HexOctets?
    }

    /// A command with a token. `data` is without the token; `load` is the first command of the combined process.
    struct Command: Decodable {
        let ins: HexOctets
        let p1: HexOctets
        let p2: HexOctets
        let data: HexOctets
        let load: HexOctets?
        let signed: HexOctets
        let tokens: [String: HexOctets]?
    }

    struct ReceiptRecord: Decodable {
        let operation: String
        let fields: [HexOctets]
        let counter: UInt16
        let key: String
        let tokenIdentifier: HexOctets
        let tokenDigest: HexOctets
        let response: HexOctets
    }

    struct DAPRecord: Decodable {
        let key: String
        let hash: HexOctets
        let signature: HexOctets
        let strongEnough: Bool
    }

    struct CipheredRecord: Decodable {
        let key: String
        let hash: HexOctets
        let dataBlock: HexOctets
        let loadFile: HexOctets
    }

    let keys: [KeyRecord]
    let published: [Command]
    let tokens: [Command]
    let receipts: [ReceiptRecord]
    let dap: [DAPRecord]
    let ciphered: [CipheredRecord]

    static func load() throws -> SignatureVectors {
        try Vectors.decodePlainly("signatures.json", as: SignatureVectors.self)
    }

    /// Calls `body` with a key.
    func withKey<Result>(_ name: String, _ body: (Key) throws -> Result) throws -> Result {
        let record = try #require(keys.first { $0.name == name })
        let type = try #require(KeyType(rawValue: record.type.octets[0]))
        let octets = secret(record.octets.octets)
        let exponent = secret(record.exponent?.octets ?? [])
        let curve = record.curve.flatMap { Curve(rawValue: $0.octets[0]) }
        return try body(Key(type, curve: curve, octets.view, exponent: exponent.view))
    }
}

/// The status word that `body` throws; nil where it throws none.
func status(_ body: () throws -> Void) -> StatusWord? {
    do {
        try body()
    } catch {
        if let status = error as? StatusWord { return status }
        Issue.record(error)
    }
    return nil
}
