import Memory
import Octets

/// A DAP block of a load file: GPCS table 11-58. It is valid until its stream is read further.
public struct DAPBlock {
    /// The AID of the security domain that verifies the signature.
    public let securityDomain: OctetView
    /// The load file data block signature.
    public let signature: OctetView

    /// Reads the value of an object E2.
    ///
    /// - Throws: 6A80 where it is anything but an AID (4F) and a signature (C3).
    init(_ value: OctetView) throws(StatusWord) {
        var cursor = OctetCursor(value)
        guard let aid = cursor.berTLV(), aid.tag == 0x4F, (5...16).contains(aid.value.count),
            let signature = cursor.berTLV(), signature.tag == 0xC3, !signature.value.isEmpty, cursor.isAtEnd
        else { throw .incorrectData }
        securityDomain = aid.value
        self.signature = signature.value
    }
}

/// Which security domains have verified a signature of a load file data block, and which must have: GPCS clauses 9.2.1
/// and 9.3.5.
public struct DAPVerification {
    private var verified: [ObjectReference] = []

    /// Nothing is verified.
    public init() {}

    /// Whether a security domain must have verified a signature: one that has the Mandated DAP Verification privilege,
    /// when it is PERSONALIZED, of any load file; one that has DAP Verification, of those that are associated with it.
    public static func isRequired(of privileges: Privileges, isPersonalized: Bool, isAssociated: Bool) -> Bool {
        privileges.contains(.mandatedDAPVerification) && isPersonalized
            || privileges.contains(.dapVerification) && isAssociated
    }

    /// Verifies the signature of a DAP block, which is over the load file data block hash.
    ///
    /// - Parameters:
    ///   - domain: the security domain that the block names.
    ///   - privileges: those of the domain.
    ///   - key: its key for DAP verification.
    ///   - hash: what INSTALL [for load] has announced.
    /// - Throws: 6982 where the signature is wrong; 6985 for a domain without DAP Verification, for a key that does not
    ///   sign, where there is no hash, and where its algorithm is weaker than the signature's.
    public mutating func verify(
        _ block: DAPBlock,
        by domain: ObjectReference,
        _ privileges: Privileges,
        with key: Key,
        of hash: LoadFileDataBlockHash?
    ) throws(StatusWord) {
        guard privileges.contains(.dapVerification) else { throw .missingSignature }
        guard let hash else { throw .unsuitableHash }
        try hash.requireStrength(of: key)
        let isRight = try hash.withOctets { (octets) throws(StatusWord) in
            try key.verify(block.signature, of: SignedData(octets))
        }
        guard isRight else { throw .wrongSignature }
        if !verified.contains(domain) { verified.append(domain) }
    }

    /// Checks that a security domain which must have verified a signature has done so.
    ///
    /// - Throws: 6985 where it has not.
    public func require(_ domain: ObjectReference) throws(StatusWord) {
        guard verified.contains(domain) else { throw .missingSignature }
    }
}
