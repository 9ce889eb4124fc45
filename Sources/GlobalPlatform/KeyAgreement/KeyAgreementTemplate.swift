import Octets

/// The control reference template A6 of MUTUAL and INTERNAL AUTHENTICATE, and the ephemeral key behind it:
/// AmdF.
struct KeyAgreementTemplate {
    /// How the parties authenticate each other.
    enum Variant: UInt8 {
        /// Both do; the card's key is ephemeral and static.
        case scp11a = 0x01
        /// The card does.
        case scp11b = 0x00
        /// Both do; the card's key is static, so that the host can compute a script in advance.
        case scp11c = 0x03

        /// The identifier of the card's key: AmdF.
        var keyIdentifier: UInt8 {
            switch self {
            case .scp11a: 0x11
            case .scp11b: 0x13
            case .scp11c: 0x15
            }
        }
    }

    let variant: Variant
    /// The level of the session that is made.
    let level: SecurityLevel
    /// Key usage, key type and key length: the shared information of the key derivation.
    let sharedInfo: InlineArray<3, UInt8>
    let keyLength: Int
    /// The public key of the host, a point.
    let ephemeralKey: OctetView

    /// Reads the data field.
    ///
    /// - Throws: 6A80 where it is malformed, or asks for something else than SCP11 with AES keys, C-MAC and R-MAC. A
    ///   host identifier, whose place in the key derivation is not known, is refused likewise.
    init(_ data: OctetView) throws(StatusWord) {
        var cursor = OctetCursor(data)
        guard let template = cursor.berTLV(), template.tag == 0xA6, let point = cursor.berTLV(), point.tag == 0x5F49,
            cursor.isAtEnd
        else { throw .incorrectData }
        ephemeralKey = point.value
        var inner = template.cursor
        guard let parameters = inner.berTLV(), parameters.tag == 0x90, parameters.value.count == 2,
            parameters.value.octet(at: 0) == 0x11,
            let variant = parameters.value.octet(at: 1).flatMap(Variant.init(rawValue:)),
            let usage = inner.berTLV(), usage.tag == 0x95, usage.value.count == 1,
            let type = inner.berTLV(), type.tag == 0x80, type.value.count == 1, type.value.octet(at: 0) == 0x88,
            let length = inner.berTLV(), length.tag == 0x81, length.value.count == 1, inner.isAtEnd,
            let keyLength = length.value.octet(at: 0), [0x10, 0x18, 0x20].contains(keyLength)
        else { throw .incorrectData }
        self.variant = variant
        self.keyLength = Int(keyLength)
        // Table 11-17 of GPCS: C-MAC 04, C-ENC 08 and so on, with 10 for commands and 20 for responses.
        switch usage.value.octet(at: 0) {
        case 0x3C: level = [.commandMAC, .commandEncryption, .responseMAC, .responseEncryption]
        case 0x34: level = [.commandMAC, .responseMAC]
        default: throw .incorrectData
        }
        sharedInfo = [usage.value.octet(at: 0) ?? 0, 0x88, keyLength]
    }
}
