import CardCrypto
import CardOS
import Memory
import Octets

// GBA: TS 33.220, TS 31.102 clause 7.1.1.4, TS 31.103 clause 7.1.1.4.

extension UICC {
    /// GBA context: the bootstrapping (DD), which leaves Ks in the card, and the derivation of Ks_ext_NAF (DE).
    mutating func runBootstrapping(
        _ application: NetworkAccessApplication,
        _ data: OctetView
    ) throws(StatusWord) {
        guard try hasService(application.kind == .usim ? 68 : 2, of: application) else {
            throw .securityContextNotSupported
        }
        let object = try authenticationParameters(of: application.file.reference)
        switch data.octet(at: 0) {
        case 0xDD: try bootstrap(application, data.part(from: 1), object)
        case 0xDE: try deriveKey(application, data.part(from: 1), object)
        default: throw .incorrectData
        }
    }

    /// The object keeps the length of Ks, RAND and Ks: docs/memory-image.md section 7.3.
    private mutating func bootstrap(
        _ application: NetworkAccessApplication,
        _ data: OctetView,
        _ object: ObjectReference
    ) throws(StatusWord) {
        guard let result = try examine(data, isModified: true, object) else { return }
        var memory = InlineArray<81, UInt8>(repeating: 0xFF)
        try withUnsafeMutableBytes(of: &memory) { (buffer) throws(StatusWord) in
            var writer = OctetWriter(buffer)
            writer.append(UInt8(truncatingIfNeeded: result.cipherKey.count + result.integrityKey.count))
            writer.append(data.part(from: 1, length: 16))
            writer.append(result.cipherKey)
            writer.append(result.integrityKey)
            let offset = AuthenticationParameters.bootstrappingOffset
            try self.memory.write(object, at: offset, OctetView(UnsafeRawBufferPointer(buffer)))
            wipe(buffer)
        }
        try noteBootstrapping(application, random: data.part(from: 1, length: 16))
        output.append(UInt8(0xDB))
        output.appendField(result.response)
    }

    /// NAF derivation: NAF_Id and IMPI, each behind its length.
    private mutating func deriveKey(
        _ application: NetworkAccessApplication,
        _ data: OctetView,
        _ object: ObjectReference
    ) throws(StatusWord) {
        var cursor = OctetCursor(data)
        guard let nafLength = cursor.octet(), let naf = cursor.octets(Int(nafLength)), let length = cursor.octet(),
            let identity = cursor.octets(Int(length)), cursor.isAtEnd
        else { throw .wrongLength }
        let offset = AuthenticationParameters.bootstrappingOffset
        let key = try memory.withContent(object, at: offset, count: 81) { (kept) throws(StatusWord) -> ShortOctets in
            guard let count = kept.octet(at: 0), count != 0xFF else { throw .conditionsNotSatisfied }
            let ks = kept.part(from: 17, length: Int(count))
            return try converted { () throws(CryptoError) in
                try NAFKey.external.derive(ks: ks, random: kept.part(from: 1, length: 16), identity: identity, naf: naf)
            }
        }
        try noteDerivation(application, naf: naf)
        output.append(UInt8(0xDB))
        output.appendField(key)
    }
}

/// The keys for a network application function: TS 33.220 annex B.3.
public enum NAFKey: Sendable {
    /// Ks_ext_NAF, which the UICC gives out (with GBA_ME: Ks_NAF).
    case external
    /// Ks_int_NAF, which stays in the UICC.
    case `internal`

    /// Derives the key from Ks, RAND, IMPI and NAF_Id.
    public func derive(
        ks: OctetView,
        random: OctetView,
        identity: OctetView,
        naf: OctetView
    ) throws(CryptoError) -> ShortOctets {
        var hmac = try HMAC(.sha256, key: ks)
        // FC = 01; each parameter comes before its length.
        try hmac.update(number: 0x01, count: 1)
        // "gba-me", "gba-u"
        try hmac.update(number: self == .external ? 0x6762_612D_6D65 : 0x67_6261_2D75, count: self == .external ? 6 : 5)
        try hmac.update(number: self == .external ? 6 : 5, count: 2)
        for parameter in [random, identity, naf] {
            try hmac.update(parameter)
            try hmac.update(number: UInt128(parameter.count), count: 2)
        }
        var key = InlineArray<32, UInt8>(repeating: 0)
        var span = key.mutableSpan
        try span.withUnsafeMutableBytes { (output) throws(CryptoError) in try hmac.finish(into: output) }
        return key.span.withUnsafeBytes { ShortOctets(OctetView($0)) } ?? ShortOctets()
    }
}

extension HMAC {
    fileprivate mutating func update(number: UInt128, count: Int) throws(CryptoError) {
        var octets = number.bigEndian
        try withUnsafeBytes(of: &octets) { (buffer) throws(CryptoError) in
            try update(OctetView(buffer).part(from: 16 - count))
        }
    }
}
