import Octets

/// The services of the card that a profile may demand, by tag: ServicesList, eUICC Profile Package 8.2.
enum Services {
    /// Network access, algorithms and file types that the card has. CAVE it has not: a CSIM keeps its data, and
    /// AUTHENTICATE of 3GPP2 is another service (86).
    private static let supported: [UInt8] = [
        0x81,  // usim
        0x82,  // isim
        0x83,  // csim
        0x84,  // milenage
        0x85,  // tuak128
        0x87,  // gba-usim
        0x88,  // gba-isim
        0x8A,  // eap
        0x8D,  // multiple-usim
        0x8E,  // multiple-isim
        0x8F,  // multiple-csim
        0x90,  // tuak256
        0x91,  // usim-test-algorithm
        0x92,  // ber-tlv
        0x93,  // dfLink
        0x95,  // get-identity
        0x96,  // profile-a-x25519
        0x97,  // profile-b-p256
    ]

    /// The status that says why the card lacks a service; nil if it has it.
    static func status(_ tag: UInt32) -> UInt16? {
        if supported.contains(where: { UInt32($0) == tag }) { return nil }
        switch tag {
        case 0x8B, 0x8C: return PackageStatus.runtimeNotSupported  // javacard, multos
        default: return PackageStatus.featureNotSupported
        }
    }

    static func supports(_ service: TemplateFile.Service) -> Bool {
        switch service {
        case .none, .gba: true
        case .mbms: false
        }
    }
}

/// The file that says which services of an application are available, EF.UST or EF.IST. Bits of services that the card
/// lacks are cleared when it is installed (9.5.2): TS 31.102 clause 4.2.8, TS 31.103 clause 4.2.7.
enum ServiceTable: Sendable {
    case none, usim, isim

    init(_ application: Application, fileIdentifier: UInt16?) {
        switch (application, fileIdentifier) {
        case (.usim, 0x6F38): self = .usim
        case (.isim, 0x6F07): self = .isim
        default: self = .none
        }
    }

    private static let lackingUSIM: [UInt8] = [
        69,  // MBMS security
        76,  // GBA-based local key establishment
    ]
    private static let lackingISIM: [UInt8] = [
        4  // GBA-based local key establishment
    ]

    private var lacking: [UInt8] {
        switch self {
        case .none: []
        case .usim: ServiceTable.lackingUSIM
        case .isim: ServiceTable.lackingISIM
        }
    }

    /// The bits of an octet of the file that must not be set.
    func lackingBits(at offset: UInt32) -> UInt8 {
        var bits: UInt8 = 0
        for service in lacking where UInt32(service - 1) / 8 == offset { bits |= 1 << ((service - 1) & 7) }
        return bits
    }

    /// The octets of the file behind which nothing is lacking.
    var length: UInt32 { lacking.last.map { UInt32($0 - 1) / 8 + 1 } ?? 0 }
}
