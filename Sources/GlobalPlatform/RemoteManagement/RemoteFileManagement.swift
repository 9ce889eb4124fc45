import CardOS
import Memory
import Octets

/// An application for remote file management: TS 102 226 clause 7. It comes with a profile, and executes commands of
/// scripts only: a terminal cannot select it.
enum RemoteFileManagement: Application {
    /// The commands that it has: TS 102 226 clause 7.1, and STATUS.
    private static let commands: Set<UInt8> = [
        0xA4, 0xF2, 0xB0, 0xD6, 0xB2, 0xDC, 0xA2, 0x32, 0x20, 0x24, 0x26, 0x28, 0x2C, 0x04, 0x44, 0xCB, 0xDB, 0xE0,
        0xE4, 0xE6, 0xE8, 0xD4,
    ]

    /// - Throws: 6985: a profile brings it.
    static func install(
        _ instance: ObjectReference,
        parameters: OctetView,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) {
        throw .conditionsNotSatisfied
    }

    /// - Throws: 6985.
    static func select(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        throw .conditionsNotSatisfied
    }

    /// - Throws: 6D00 for a command that it does not have.
    static func process(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord {
        guard commands.contains(call.command.ins) else { throw .instructionNotSupported }
        return try open.executePlatform(call.command, &card)
    }
}

/// What an application for remote file management is made of: SAIP clause 8.8.
public struct RemoteFileManagementContent {
    /// The AID, 5 to 16 octets.
    public var aid: OctetView
    /// The AID of its security domain; empty: the issuer's.
    public var securityDomain = OctetView.empty
    /// Toolkit application references, three octets each; none: octets 13 to 15 of the AID.
    public var references: [UInt8] = []
    /// The first octet of the SPI that a packet has at least.
    public var minimumSecurityLevel: UInt8
    /// The access domains for the file system of the UICC: `AccessDomain(_:)`.
    public var access = OctetView.empty
    /// That for administrative commands.
    public var administration = OctetView.empty
    /// The ADF that is selected at the beginning of scripts, with its access domains; nil: there is none.
    public var application: (aid: OctetView, access: OctetView, administration: OctetView)?

    /// Access to nothing, so far.
    public init(aid: OctetView, minimumSecurityLevel: UInt8) {
        self.aid = aid
        self.minimumSecurityLevel = minimumSecurityLevel
    }

    /// The parameters that the registry keeps: EA, as INSTALL would have them.
    fileprivate func appendParameters(to writer: inout OctetWriter) {
        writer.appendTLV(0xEA) { template in
            template.appendTLV(0x80) { toolkit in
                toolkit.append(repeating: 0x00, count: 5)
                toolkit.append(UInt8(2))
                toolkit.append(UInt8(0x01))
                toolkit.append(minimumSecurityLevel)
                references.withView { toolkit.appendField($0) }
                toolkit.append(UInt8(0))
            }
            template.appendTLV(0x81) { parameters in
                parameters.appendDomain(.empty, access)
                if let application { parameters.appendDomain(application.aid, application.access) }
            }
            template.appendTLV(0x82) { parameters in
                parameters.appendDomain(.empty, administration)
                if let application { parameters.appendDomain(application.aid, application.administration) }
            }
        }
    }
}

extension OctetWriter {
    /// A length and the octets.
    fileprivate mutating func appendField(_ octets: OctetView) {
        append(UInt8(truncatingIfNeeded: octets.count))
        append(octets)
    }

    /// A part of access parameters, which nothing signs.
    fileprivate mutating func appendDomain(_ aid: OctetView, _ domain: OctetView) {
        appendField(aid)
        appendField(domain)
        append(UInt8(0))
    }
}

extension OPEN {
    /// Makes an application for remote file management, selectable. The caller commits, and resets this.
    ///
    /// - Throws: 6A80 for an AID or access domain that is none, for references that are none or taken, and for a security
    ///   level without a cryptographic checksum; 6985 where the AID is in use; 6A88 where the security domain or the ADF
    ///   is not there; 6A84 where memory is short.
    public mutating func installRemoteFileManagement(
        _ content: RemoteFileManagementContent,
        on card: inout UICC
    ) throws(StatusWord) {
        guard (5...16).contains(content.aid.count), content.references.count % 3 == 0,
            content.references.count <= 0xFF, content.access.count <= 0x7F, content.administration.count <= 0x7F
        else { throw .incorrectData }
        guard registry.entry(content.aid, in: card.memory) == nil else { throw .conditionsNotSatisfied }
        let domain =
            content.securityDomain.isEmpty
            ? registry.issuer.flatMap { RegistryEntry($0, in: card.memory) }
            : registry.entry(content.securityDomain, in: card.memory)
        guard let domain, domain.isSecurityDomain else { throw .referencedDataNotFound }
        if let application = content.application {
            guard (5...16).contains(application.aid.count), application.access.count <= 0x7F,
                application.administration.count <= 0x7F
            else { throw .incorrectData }
            guard card.application(named: application.aid) != nil else { throw .referencedDataNotFound }
        }
        try withUnsafeTemporaryAllocation(byteCount: 1_024, alignment: 1) { (buffer) throws(StatusWord) in
            var attributes = OctetWriter(buffer)
            content.appendParameters(to: &attributes)
            guard !attributes.overflowed else { throw .incorrectData }
            try requireRemoteParameters(attributes.view, hasScripts: true, card)
            let entry = RegistryEntryContent(
                kind: .application,
                lifeCycle: .selectable,
                program: .remoteFileManagement,
                securityDomain: domain.reference,
                owner: card.memory.owner(of: domain.reference)
            )
            _ = try card.memory.createEntry(entry, aid: content.aid, attributes: attributes.view)
        }
        hasChanged = true
    }
}
