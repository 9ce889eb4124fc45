import Memory
import Octets

/// The install parameters of a security domain (C9): UICC Configuration clause 4.3.2.
///
/// They stand in the attributes of its registry entry as they came.
struct SecurityDomainParameters {
    /// Its secure channel protocols with their options, in the order of the parameters: tag 81, two octets each.
    private(set) var secureChannels: [(number: UInt8, option: UInt8)] = []

    /// Reads the value of C9.
    ///
    /// - Throws: 6A80 where it is malformed, or names a protocol or option that the card does not have.
    init(_ parameters: OctetView) throws(StatusWord) {
        var cursor = OctetCursor(parameters)
        while !cursor.isAtEnd {
            guard let object = cursor.berTLV() else { throw .incorrectData }
            guard object.tag == 0x81 else { continue }
            guard object.value.count == 2, let number = object.value.octet(at: 0),
                let option = object.value.octet(at: 1), Self.isKnown(number, option)
            else { throw .incorrectData }
            secureChannels.append((number, option))
        }
    }

    /// Those of a security domain.
    ///
    /// - Throws: 6581 where the entry is damaged.
    init(of domain: RegistryEntry, in memory: borrowing Memory) throws(StatusWord) {
        self = try domain.withAttributes(in: memory) { (attributes) throws(StatusWord) in
            try SecurityDomainParameters(OctetCursor(attributes).firstValue(0xC9) ?? .empty)
        }
    }

    private static func isKnown(_ number: UInt8, _ option: UInt8) -> Bool {
        switch number {
        case 0x02: SCP02Options(option) != nil
        case 0x03: SCP03Options(option) != nil
        case 0x11: true
        // Those of SCP80 and SCP81 are of the remote management of the UICC.
        case 0x80, 0x81: true
        default: false
        }
    }

    /// How keys that the security domain is given are used.
    var options: SecureChannelOptions {
        var options = SecureChannelOptions()
        for channel in secureChannels {
            switch channel.number {
            case 0x02: options.scp02 = SCP02Options(channel.option) ?? options.scp02
            case 0x03: options.scp03 = SCP03Options(channel.option) ?? options.scp03
            // AmdF table 5-1: b1 of i is the mode S16.
            case 0x11: options.scp11 = channel.option & 0x01 == 0 ? .s8 : .s16
            default: break
            }
        }
        return options
    }
}
