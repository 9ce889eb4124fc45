import CardCrypto
import CardOS
import Memory
import Octets

extension UICC {
    /// GET IDENTITY, context SUCI: TS 31.102 clause 7.5.
    ///
    /// - Throws: 6A86 for other parameters; 6985 outside a USIM, or where it does not compute the SUCI (services 124 and
    ///   125); 6982 while its PIN is not satisfied; 6A81 for the context of 5G NSWO; 6A88 where there is no IMSI, or the
    ///   key of the home network is none.
    static func getIdentity(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1 == 0x00, command.p2 == 0x01 || command.p2 == 0x02 else { throw .incorrectP1P2 }
        guard command.data.isEmpty else { throw .wrongLength }
        let application = try card.networkAccessApplication(command)
        guard application.kind == .usim, try card.hasService(124, of: application),
            try card.hasService(125, of: application)
        else { throw .conditionsNotSatisfied }
        try card.requirePIN(of: application.file)
        guard command.p2 == 0x01 else { throw .functionNotSupported }
        // 8 octets before the scheme output, of which the longest has a key of 33, the MSIN of 6, and a MAC of 8.
        var memory = InlineArray<64, UInt8>(repeating: 0)
        try withUnsafeMutableBytes(of: &memory) { (buffer) throws(StatusWord) in
            var writer = OctetWriter(buffer)
            try card.appendSUCI(of: application.file.reference, to: &writer)
            card.output.appendTLV(0xA1, writer.view)
        }
        return .success
    }

    private mutating func appendSUCI(
        of application: ObjectReference,
        to writer: inout OctetWriter
    ) throws(StatusWord) {
        guard let file = transparentFile(0x6F07, of: application),
            let imsi = try withContent(of: file, { (content) throws(StatusWord) in IMSI(content) })
        else { throw .referencedDataNotFound }
        var identity = SubscriptionIdentity(imsi: imsi)
        // EF.AD octet 4: TS 31.102 clause 4.2.18.
        if let file = transparentFile(0x6FAD, of: application) {
            identity.mncLength = try withContent(of: file) { (content) throws(StatusWord) in
                content.octet(at: 3) == 3 ? 3 : 2
            }
        }
        // EF.Routing_Indicator: TS 31.102 clause 4.4.11.11.
        if let file = transparentFile(0x4F0A, in: 0x5FC0, of: application) {
            identity.routingIndicator = try withContent(of: file) { (content) throws(StatusWord) in
                content.uint16(at: 0) ?? identity.routingIndicator
            }
        }
        var random = InlineArray<40, UInt8>(repeating: 0)
        try withUnsafeMutableBytes(of: &random) { (random) throws(StatusWord) in
            defer { wipe(random) }
            try fillRandom(random)
            // EF.SUCI_Calc_Info_USIM: TS 31.102 clause 4.4.12.2.
            guard let file = transparentFile(0x4F01, in: 0x5FD0, of: application) else {
                return try append(identity, .empty, OctetView(UnsafeRawBufferPointer(random)), to: &writer)
            }
            try withContent(of: file) { (information) throws(StatusWord) in
                try append(identity, information, OctetView(UnsafeRawBufferPointer(random)), to: &writer)
            }
        }
    }

    private func append(
        _ identity: SubscriptionIdentity,
        _ information: OctetView,
        _ random: OctetView,
        to writer: inout OctetWriter
    ) throws(StatusWord) {
        do throws(CryptoError) {
            try identity.appendConcealed(information, random: random, to: &writer)
        } catch {
            throw error == .invalidPoint ? .referencedDataNotFound : .technicalProblem
        }
    }
}
