import CardCrypto
import CardOS
import Memory
import Octets

extension UICC {
    /// GET IDENTITY, context SUCI: TS 31.102 clause 7.5.
    ///
    /// - Throws: 6A86 for other parameters; 6985 outside a USIM, or where it does not compute the SUCI (services 124 and
    ///   125); 6982 while its PIN is not satisfied; 6A81 for the context of 5G NSWO; 6A88 where there is no IMSI (with
    ///   service 130: no network specific identifier), or the key of the home network is none.
    static func getIdentity(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1 == 0x00, command.p2 == 0x01 || command.p2 == 0x02 else { throw .incorrectP1P2 }
        guard command.data.isEmpty else { throw .wrongLength }
        let application = try card.networkAccessApplication(command)
        guard application.kind == .usim, try card.hasService(124, of: application),
            try card.hasService(125, of: application)
        else { throw .conditionsNotSatisfied }
        try card.requirePIN(of: application.file)
        guard command.p2 == 0x01 else { throw .functionNotSupported }
        // A network specific identifier of 253 octets takes 905 in profile B.
        var memory = InlineArray<1_024, UInt8>(repeating: 0)
        try withUnsafeMutableBytes(of: &memory) { (buffer) throws(StatusWord) in
            var writer = OctetWriter(buffer)
            try card.appendSUCI(of: application, to: &writer)
            card.output.appendTLV(0xA1, writer.view)
        }
        return .success
    }

    private mutating func appendSUCI(
        of application: NetworkAccessApplication,
        to writer: inout OctetWriter
    ) throws(StatusWord) {
        var random = InlineArray<40, UInt8>(repeating: 0)
        try withUnsafeMutableBytes(of: &random) { (buffer) throws(StatusWord) in
            defer { wipe(buffer) }
            try fillRandom(buffer)
            let random = OctetView(UnsafeRawBufferPointer(buffer))
            let directory = application.file.reference
            // Service 130: the SUPI is not an IMSI.
            let isOther = try hasService(130, of: application)
            // EF.SUCI_Calc_Info_USIM: TS 31.102 clause 4.4.12.2.
            guard let file = transparentFile(0x4F01, in: 0x5FD0, of: directory) else {
                return try append(isOther, directory, .empty, random, to: &writer)
            }
            try withContent(of: file) { (information) throws(StatusWord) in
                try append(isOther, directory, information, random, to: &writer)
            }
        }
    }

    private func append(
        _ isOther: Bool,
        _ directory: ObjectReference,
        _ information: OctetView,
        _ random: OctetView,
        to writer: inout OctetWriter
    ) throws(StatusWord) {
        // EF.Routing_Indicator: TS 31.102 clause 4.4.11.11.
        var routingIndicator = SubscriptionIdentity.noRoutingIndicator
        if let file = transparentFile(0x4F0A, in: 0x5FC0, of: directory) {
            routingIndicator = try withContent(of: file) { (content) throws(StatusWord) in
                content.uint16(at: 0) ?? routingIndicator
            }
        }
        guard isOther else {
            var identity = try subscriptionIdentity(directory)
            identity.routingIndicator = routingIndicator
            return try checkedKey { () throws(CryptoError) in
                try identity.appendConcealed(information, random: random, to: &writer)
            }
        }
        // EF.SUPI_NAI: TS 31.102 clause 4.4.11.10.
        guard let file = transparentFile(0x4F09, in: 0x5FC0, of: directory) else { throw .referencedDataNotFound }
        try withContent(of: file) { (content) throws(StatusWord) in
            guard
                let identity = OctetCursor(content).firstValue(0x80).flatMap({
                    NetworkSpecificIdentity($0, routingIndicator: routingIndicator)
                })
            else { throw .referencedDataNotFound }
            try checkedKey { () throws(CryptoError) in
                try identity.appendConcealed(information, random: random, to: &writer)
            }
        }
    }

    private func subscriptionIdentity(_ directory: ObjectReference) throws(StatusWord) -> SubscriptionIdentity {
        guard let file = transparentFile(0x6F07, of: directory),
            let imsi = try withContent(of: file, { (content) throws(StatusWord) in IMSI(content) })
        else { throw .referencedDataNotFound }
        var identity = SubscriptionIdentity(imsi: imsi)
        // EF.AD octet 4: TS 31.102 clause 4.2.18.
        if let file = transparentFile(0x6FAD, of: directory) {
            identity.mncLength = try withContent(of: file) { (content) throws(StatusWord) in
                content.octet(at: 3) == 3 ? 3 : 2
            }
        }
        return identity
    }

    /// Does what uses the home network's key, which may be none.
    private func checkedKey(_ body: () throws(CryptoError) -> Void) throws(StatusWord) {
        do throws(CryptoError) {
            try body()
        } catch {
            throw error == .invalidPoint ? .referencedDataNotFound : .technicalProblem
        }
    }
}
