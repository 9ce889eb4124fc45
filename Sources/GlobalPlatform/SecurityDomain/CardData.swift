import CardCrypto
import CardOS
import Memory
import Octets

// What a security domain says of the card and of itself: GPCS annex H.

extension SecurityDomain {
    private static let globalPlatform: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B]

    /// Appends the security domain management data (73), that is also the card recognition data: GPCS clause H.2.
    static func appendManagementData(
        of domain: RegistryEntry,
        _ memory: borrowing Memory,
        to writer: inout OctetWriter
    ) throws(StatusWord) {
        let channels = try secureChannels(of: domain, memory)
        writer.appendTLV(0x73) { (writer) in
            appendIdentifier([0x01], to: &writer)
            // GlobalPlatform 2.3.1.
            writer.appendTLV(0x60) { appendIdentifier([0x02, 0x02, 0x03, 0x01], to: &$0) }
            writer.appendTLV(0x63) { appendIdentifier([0x03], to: &$0) }
            for channel in channels {
                writer.appendTLV(0x64) {
                    appendIdentifier([0x04] + arcs(channel.number) + arcs(channel.option), to: &$0)
                }
            }
        }
    }

    /// The secure channel protocols of a security domain: those of its install parameters, otherwise those of its keys.
    private static func secureChannels(
        of domain: RegistryEntry,
        _ memory: borrowing Memory
    ) throws(StatusWord) -> [(number: UInt8, option: UInt8)] {
        let channels = try SecurityDomainParameters(of: domain, in: memory).secureChannels
        if !channels.isEmpty { return channels }
        switch memory.defaultKeySet(of: domain.reference)?.secureChannel {
        case .scp02(let options): return [(0x02, options.value)]
        case .scp03(let options): return [(0x03, options.value)]
        case .scp11(let size): return [(0x11, size == .s8 ? 0x00 : 0x01)]
        case nil: return []
        }
    }

    private static func appendIdentifier(_ arcs: [UInt8], to writer: inout OctetWriter) {
        writer.appendTLV(0x06) { writer in
            for octet in globalPlatform + arcs { writer.append(octet) }
        }
    }

    /// The arc of a number in an object identifier: two octets from 80 on.
    private static func arcs(_ number: UInt8) -> [UInt8] { number < 0x80 ? [number] : [0x81, number & 0x7F] }

    /// Appends the card capability information (67): GPCS clause H.4.
    static func appendCapabilities(
        of domain: RegistryEntry,
        _ memory: borrowing Memory,
        to writer: inout OctetWriter
    ) throws(StatusWord) {
        let channels = try secureChannels(of: domain, memory)
        writer.appendTLV(0x67) { (writer) in
            for channel in channels {
                writer.appendTLV(0xA0) { (writer) in
                    writer.appendTLV(0x80) { $0.append(channel.number) }
                    writer.appendTLV(0x81) { $0.append(channel.option) }
                    // AES-128, -192 and -256.
                    if channel.number == 0x03 { writer.appendTLV(0x82) { $0.append(UInt8(0x07)) } }
                }
            }
            // Privileges of security domains and of applications.
            writer.appendTLV(0x81) { $0.append(number: 0xFF_FEC0, minimum: 3) }
            writer.appendTLV(0x82) { $0.append(number: 0x1E_0700, minimum: 3) }
            // Hashes of load file data blocks: SHA-1, -256, -384 and -512.
            writer.appendTLV(0x83) { $0.append(number: 0x0102_0304, minimum: 4) }
            // Their ciphers: Triple DES, AES of three lengths, with an ICV.
            writer.appendTLV(0x84) { $0.append(UInt8(0x8F)) }
            // Tokens, receipts and DAP: the signatures of `SignatureScheme`.
            writer.appendTLV(0x85) { $0.append(UInt16(0x7F00)) }
            writer.appendTLV(0x86) { $0.append(UInt16(0x3C00)) }
            writer.appendTLV(0x87) { $0.append(UInt16(0x7F00)) }
            writer.appendTLV(0x88) { (writer) in
                for curve in Curve.allCases { writer.append(curve.rawValue) }
            }
        }
    }
}
