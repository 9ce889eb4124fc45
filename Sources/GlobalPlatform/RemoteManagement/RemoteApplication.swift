import CardOS
import Memory
import Octets

/// An application that executes remote scripts, as a packet's reference has led to it: a security domain (RAM), or an
/// application for the management of files (RFM).
public struct RemoteApplication {
    /// Its registry entry.
    public let application: ObjectReference
    /// Whether it manages files; otherwise it is a security domain.
    public let managesFiles: Bool
    /// The registry entry of the security domain whose keys protect packets to it: of a security domain itself.
    public let securityDomain: ObjectReference
    /// The first octet of the SPI that a packet has at least: TS 102 226 clause 8.2.1.3.2.1.1. Without parameters it is
    /// 16: a cryptographic checksum, ciphering, and a counter that is higher than the last one.
    public let minimumSecurityLevel: UInt8

    static let defaultSecurityLevel: UInt8 = 0x16
}

extension OPEN {
    /// The registry entry of the issuer security domain; nil for a card without GlobalPlatform.
    public var issuerSecurityDomain: ObjectReference? { registry.issuer }

    /// The application with a toolkit application reference; nil where there is none that executes scripts, and where it
    /// or its security domain is not selectable. Of references that stand for an AID, the first AID counts.
    ///
    /// - Parameter reference: three octets.
    public func remoteApplication(_ reference: OctetView, in card: borrowing UICC) -> RemoteApplication? {
        guard registry.issuer != nil, cardState(card) != .terminated,
            let entry = entry(reference, isImplicit: false, card) ?? entry(reference, isImplicit: true, card)
        else { return nil }
        let isFileManagement = entry.program == .remoteFileManagement
        guard let domain = isFileManagement ? entry.securityDomain : entry.reference,
            let provider = RegistryEntry(domain, in: card.memory), isInService(provider),
            isInService(entry)
        else { return nil }
        return RemoteApplication(
            application: entry.reference,
            managesFiles: isFileManagement,
            securityDomain: domain,
            minimumSecurityLevel: level(of: entry, card)
        )
    }

    private func isInService(_ entry: RegistryEntry) -> Bool {
        entry.isIssuerSecurityDomain || entry.lifeCycle.isSelectable
    }

    private func level(of entry: RegistryEntry, _ card: borrowing UICC) -> UInt8 {
        do throws(StatusWord) {
            return try entry.withAttributes(in: card.memory) { (attributes) throws(StatusWord) in
                try RemoteParameters(attributes).minimumSecurityLevel ?? RemoteApplication.defaultSecurityLevel
            }
        } catch {
            return RemoteApplication.defaultSecurityLevel
        }
    }

    /// The application that a reference is given to, or (implicit) whose AID has it.
    private func entry(_ reference: OctetView, isImplicit: Bool, _ card: borrowing UICC) -> RegistryEntry? {
        for candidate in registry.entries {
            guard let entry = RegistryEntry(candidate, in: card.memory), entry.hasScripts,
                has(reference, entry, isImplicit: isImplicit, card)
            else { continue }
            return entry
        }
        return nil
    }

    private func has(
        _ reference: OctetView,
        _ entry: RegistryEntry,
        isImplicit: Bool,
        _ card: borrowing UICC
    ) -> Bool {
        do throws(StatusWord) {
            return try entry.withAttributes(in: card.memory) { (attributes) throws(StatusWord) in
                let given = try RemoteParameters(attributes).references
                return isImplicit
                    ? given.isEmpty && entry.isImplicitly(reference) : given.hasReference(reference)
            }
        } catch {
            // Malformed parameters: nobody reaches it.
            return false
        }
    }

    /// Checks what INSTALL says of remote management: GPCS clause 9.3.6 has OPEN check parameters.
    ///
    /// - Parameters:
    ///   - attributes: those that the entry is to have.
    ///   - entry: the entry, where it exists.
    /// - Throws: 6A80 where they are malformed, give a reference twice or one that another application has, or let
    ///   packets reach an application for remote management that are not signed.
    func requireRemoteParameters(
        _ attributes: OctetView,
        hasScripts: Bool,
        for entry: ObjectReference? = nil,
        _ card: borrowing UICC
    ) throws(StatusWord) {
        let parameters = try RemoteParameters(attributes)
        if hasScripts { try parameters.requireSecurity() }
        var references = OctetCursor(parameters.references)
        while let reference = references.octets(3) {
            guard !references.view.part(from: references.position).hasReference(reference) else {
                throw .incorrectData
            }
            for other in registry.entries where other != entry {
                guard let other = RegistryEntry(other, in: card.memory), other.kind == .application,
                    has(reference, other, isImplicit: false, card)
                        || (other.isIssuerSecurityDomain && has(reference, other, isImplicit: true, card))
                else { continue }
                throw .incorrectData
            }
        }
    }
}

extension RegistryEntry {
    /// Whether it executes remote scripts.
    var hasScripts: Bool {
        kind == .application && (program == .securityDomain || program == .remoteFileManagement)
    }

    /// Whether its AID stands for a reference: octets 13 to 15, and 000000 for the issuer security domain (TS 101 220).
    fileprivate func isImplicitly(_ reference: OctetView) -> Bool {
        if isIssuerSecurityDomain, reference.number == 0 { return true }
        return aid.count >= 15 && aid.part(from: 12, length: 3).equals(reference)
    }
}

extension OctetView {
    /// Whether one of these references, three octets each, is `reference`.
    fileprivate func hasReference(_ reference: OctetView) -> Bool {
        var cursor = OctetCursor(self)
        while let own = cursor.octets(3) {
            if own.equals(reference) { return true }
        }
        return false
    }
}
