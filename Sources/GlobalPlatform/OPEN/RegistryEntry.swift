import Memory
import Octets

/// A look at an entry of the GlobalPlatform registry: GPCS clause 6.5, docs/memory-image.md section 7.6.
///
/// Nothing is copied: each property is read in the image when it is asked for, and shows what stands there then. An
/// entry is passed down a call, never stored past it; its `reference` may be.
public struct RegistryEntry {
    /// What an entry describes.
    public enum Kind: UInt8, Sendable {
        /// An application; a security domain is one with the privilege.
        case application = 1
        case executableLoadFile = 2
        case executableModule = 3
    }

    /// A field of the entry: where it stands in the content of its object, and how many octets it has.
    enum Field: Int {
        case kind = 0
        case lifeCycle = 1
        case lifeCycleBeforeLock = 2
        case privileges = 3
        case aidLength = 6
        case aid = 7
        case program = 23
        case securityDomain = 24
        case loadFile = 28
        case content = 32
        case data = 36
        case version = 40
        case restrictions = 42
        case attributesLength = 44

        /// The width of a number; 16 of the AID.
        var width: Int {
            switch self {
            case .kind, .lifeCycle, .lifeCycleBeforeLock, .aidLength, .program: 1
            case .version, .restrictions, .attributesLength: 2
            case .privileges: 3
            case .securityDomain, .loadFile, .content, .data: 4
            case .aid: 16
            }
        }
    }

    static let headerSize = 46
    static let noObject: UInt32 = .max

    /// The object that holds the entry.
    public let reference: ObjectReference
    private let header: OctetView

    /// The entry at `reference`; nil where no entry starts.
    public init?(_ reference: ObjectReference, in memory: borrowing Memory) {
        guard memory.kind(of: reference) == .registryEntry else { return nil }
        self.init(unchecked: reference, in: memory)
    }

    /// The entry at `reference`, which is known to be one; nil where it is too short.
    init?(unchecked reference: ObjectReference, in memory: borrowing Memory) {
        self.reference = reference
        header = memory.head(of: reference, count: Self.headerSize)
        guard header.count == Self.headerSize else { return nil }
    }

    /// What the entry describes; nil for a number that means nothing.
    public var kind: Kind? { header.octet(at: Field.kind.rawValue).flatMap(Kind.init(rawValue:)) }
    /// The life cycle state: GPCS tables 11-3 to 11-6. That of the issuer security domain is the state of the card.
    public var lifeCycle: LifeCycleState { LifeCycleState(rawValue: octet(.lifeCycle)) }
    /// The state that a locked application goes back to.
    var lifeCycleBeforeLock: LifeCycleState { LifeCycleState(rawValue: octet(.lifeCycleBeforeLock)) }
    /// The privileges; none of a load file or module.
    public var privileges: Privileges { Privileges(rawValue: number(.privileges)) }
    /// The AID, 5 to 16 octets.
    public var aid: OctetView { header.part(from: Field.aid.rawValue, length: min(16, Int(octet(.aidLength)))) }
    /// What the card runs for it.
    public var program: Program { Program(rawValue: octet(.program)) }
    /// The associated security domain; nil for the issuer security domain.
    public var securityDomain: ObjectReference? { object(.securityDomain) }
    /// Of an application or module: the entry of its executable load file; nil for what is part of a profile.
    public var loadFile: ObjectReference? { object(.loadFile) }
    /// The object that it stands for: of a security domain its first key set, of a network access application its ADF,
    /// of an executable load file the load file data block; nil where there is none.
    public var content: ObjectReference? { object(.content) }
    /// The data that the application keeps.
    public var data: ObjectReference? { object(.data) }
    /// The version of an executable load file: major and minor number.
    public var version: UInt16 { UInt16(truncatingIfNeeded: number(.version)) }
    /// What INSTALL [for registry update] has forbidden for good: GPCS table 11-54 (tag D9), the octet of the tag.
    public var restrictions: UInt8 { UInt8(truncatingIfNeeded: number(.restrictions)) }
    /// Of an executable load file or module, application or security domain: how many octets the attributes have.
    var attributesLength: Int { Int(number(.attributesLength)) }

    /// Whether it is a security domain.
    public var isSecurityDomain: Bool { kind == .application && privileges.contains(.securityDomain) }
    /// Whether it is the issuer security domain, whose life cycle is that of the card.
    public var isIssuerSecurityDomain: Bool { isSecurityDomain && securityDomain == nil }

    private func octet(_ field: Field) -> UInt8 { header.octet(at: field.rawValue) ?? 0 }

    private func number(_ field: Field) -> UInt32 {
        header.part(from: field.rawValue, length: field.width).number ?? 0
    }

    private func object(_ field: Field) -> ObjectReference? {
        let page = number(field)
        return page == Self.noObject ? nil : ObjectReference(page: page)
    }

    /// Calls `body` with the attributes, BER-TLV objects: docs/memory-image.md section 7.6.
    ///
    /// - Throws: 6581 where the object does not have them; what `body` throws.
    public func withAttributes<Result>(
        in memory: borrowing Memory,
        _ body: (OctetView) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        try memory.withContent(reference, at: Self.headerSize, count: attributesLength, body)
    }
}

/// The program that the card runs for an application: docs/memory-image.md section 7.6.
public struct Program: RawRepresentable, Equatable, Hashable, Sendable {
    /// The number in the image.
    public let rawValue: UInt8

    /// The program with a number.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// None: a load file that the card cannot execute.
    public static let none = Program(rawValue: 0)
    /// A security domain.
    public static let securityDomain = Program(rawValue: 1)
    /// A network access application, whose files are those of an ADF.
    public static let networkAccess = Program(rawValue: 2)
    /// The access rule application master.
    public static let accessRules = Program(rawValue: 3)
    /// Remote file management, an instance that comes with a profile.
    public static let remoteFileManagement = Program(rawValue: 4)
}

// MARK: Changes

/// What is needed to make an entry.
struct RegistryEntryContent {
    var kind: RegistryEntry.Kind
    var lifeCycle: LifeCycleState
    var privileges: Privileges = []
    var program: Program = .none
    var securityDomain: ObjectReference?
    var loadFile: ObjectReference?
    var content: ObjectReference?
    var version: UInt16 = 0
    var owner: Owner
}

extension Memory {
    /// Makes a registry entry.
    ///
    /// - Parameters:
    ///   - aid: 5 to 16 octets.
    ///   - attributes: BER-TLV objects.
    /// - Throws: 6A80 for an AID of another length; 6A84 where memory is short.
    mutating func createEntry(
        _ entry: RegistryEntryContent,
        aid: OctetView,
        attributes: OctetView
    ) throws(StatusWord) -> ObjectReference {
        guard (5...16).contains(aid.count), attributes.count <= Int(UInt16.max) else { throw .incorrectData }
        let length = RegistryEntry.headerSize + attributes.count
        let reference = try allocate(.registryEntry, owner: entry.owner, length: length)
        var octets = InlineArray<46, UInt8>(repeating: 0xFF)
        try withUnsafeMutableBytes(of: &octets) { (buffer) throws(StatusWord) in
            var writer = OctetWriter(buffer)
            writer.append(entry.kind.rawValue)
            writer.append(entry.lifeCycle.rawValue)
            writer.append(UInt8(0xFF))
            writer.append(number: entry.privileges.rawValue, minimum: 3)
            writer.append(UInt8(truncatingIfNeeded: aid.count))
            writer.append(aid)
            writer.append(repeating: 0xFF, count: 16 - aid.count)
            writer.append(entry.program.rawValue)
            for object in [entry.securityDomain, entry.loadFile, entry.content, nil] {
                writer.append(number: object?.page ?? RegistryEntry.noObject, minimum: 4)
            }
            writer.append(entry.version)
            writer.append(UInt16(0))
            writer.append(UInt16(truncatingIfNeeded: attributes.count))
            try write(reference, at: 0, writer.view)
        }
        try write(reference, at: RegistryEntry.headerSize, attributes)
        return reference
    }

    /// Changes a number in an entry.
    ///
    /// - Throws: 6581 where the journal is full.
    mutating func set(
        _ field: RegistryEntry.Field,
        of entry: ObjectReference,
        to value: UInt32
    ) throws(StatusWord) {
        var octets = InlineArray<4, UInt8>(repeating: 0)
        try withUnsafeMutableBytes(of: &octets) { (buffer) throws(StatusWord) in
            var writer = OctetWriter(buffer)
            writer.append(number: value, minimum: field.width)
            try write(entry, at: field.rawValue, writer.view)
        }
    }

    /// Changes the object that a field of an entry names.
    ///
    /// - Throws: 6581 where the journal is full.
    mutating func set(
        _ field: RegistryEntry.Field,
        of entry: ObjectReference,
        to object: ObjectReference?
    ) throws(StatusWord) {
        try set(field, of: entry, to: object?.page ?? RegistryEntry.noObject)
    }

    /// Replaces the attributes of an entry.
    ///
    /// - Throws: 6A84 where memory is short.
    mutating func setAttributes(_ attributes: OctetView, of entry: ObjectReference) throws(StatusWord) {
        guard attributes.count <= Int(UInt16.max) else { throw .notEnoughMemory }
        try resize(entry, to: RegistryEntry.headerSize + attributes.count)
        try write(entry, at: RegistryEntry.headerSize, attributes)
        try set(.attributesLength, of: entry, to: UInt32(truncatingIfNeeded: attributes.count))
    }
}
