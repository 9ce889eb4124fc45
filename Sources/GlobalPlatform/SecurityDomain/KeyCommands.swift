import CardOS
import Memory
import Octets

extension SecurityDomain {
    /// PUT KEY, with the sensitive data key of the session.
    ///
    /// - Throws: as `KeyManagement.putKey`.
    static func putKey(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        let options = try SecurityDomainParameters(of: call.instance, in: card.memory).options
        let session = open.channels[call.channel].makeSession()
        var response = card.output
        try session.pointee.secureChannel.withDataEncryptionKey { (encryption) throws(StatusWord) in
            try KeyManagement.putKey(
                call.command,
                &card.memory,
                domain: call.instance.reference,
                encryption,
                options,
                into: &response
            )
        }
        card.output = response
        try open.personalize(call.instance, &card)
        return .success
    }
}

extension OPEN {
    /// A security domain that has its first key set for secure channel sessions makes itself PERSONALIZED: GPCS clause
    /// 5.3.2.
    mutating func personalize(_ domain: RegistryEntry, _ card: inout UICC) throws(StatusWord) {
        guard !domain.isIssuerSecurityDomain, domain.lifeCycle == .selectable,
            card.memory.firstKeySet(of: domain.reference, where: { $0.purpose.hasSessions }) != nil
        else { return }
        try card.memory.set(.lifeCycle, of: domain.reference, to: UInt32(LifeCycleState.personalized.rawValue))
    }
}
