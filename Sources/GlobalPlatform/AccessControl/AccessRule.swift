import Octets

/// An access rule (REF-AR-DO, E2): what may be done by whom.
struct AccessRule {
    /// The longest one, in octets, tag and length included.
    static let limit = 1_024
    static let tag: UInt32 = 0xE2

    /// What it is for.
    let reference: RuleReference
    /// What it allows.
    let permissions: RulePermissions
    /// Whether there was a data object that the card does not know: it is not part of the rule.
    let hasUnknown: Bool

    /// Takes the value of REF-AR-DO apart.
    ///
    /// - Parameter forDeletion: whether permissions may be missing, and their data objects empty.
    /// - Throws: 6A80 where it is malformed, or allows nothing.
    init(_ value: OctetView, forDeletion: Bool = false) throws(StatusWord) {
        var reference: RuleReference?
        var permissions: RulePermissions?
        var hasUnknown = false
        var cursor = OctetCursor(value)
        while let object = try cursor.nextObject() {
            switch object.tag {
            case 0xE1:
                guard reference == nil else { throw .incorrectData }
                reference = try RuleReference(object.value, hasUnknown: &hasUnknown)
            case 0xE3:
                guard permissions == nil else { throw .incorrectData }
                permissions = try RulePermissions(object.value, allowsEmpty: forDeletion, hasUnknown: &hasUnknown)
            default: hasUnknown = true
            }
        }
        guard let reference, forDeletion || permissions?.isEmpty == false else { throw .incorrectData }
        self.reference = reference
        self.permissions = permissions ?? RulePermissions()
        self.hasUnknown = hasUnknown
    }

    /// Appends REF-AR-DO, with other permissions where there are some.
    func append(to writer: inout OctetWriter, permissions other: RulePermissions? = nil) {
        writer.appendTLV(Self.tag) { (writer) in
            reference.append(to: &writer)
            (other ?? permissions).append(to: &writer)
        }
    }

    /// Appends REF-AR-DO of this rule and another one for the same.
    ///
    /// - Throws: 6A89 where they contradict each other.
    func append(mergedWith other: AccessRule, to writer: inout OctetWriter) throws(StatusWord) {
        try writer.appendTLV(Self.tag) { (writer) throws(StatusWord) in
            reference.append(to: &writer)
            try permissions.append(mergedWith: other.permissions, to: &writer)
        }
    }
}
