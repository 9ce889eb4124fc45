import Octets

/// A file of the card, as the target names it.
public struct FileReference: Equatable, Hashable, Sendable {
    /// The first page of the file object in the memory image.
    public var page: UInt32

    /// Makes a reference from the first page of a file object.
    public init(page: UInt32) {
        self.page = page
    }
}

/// What a file to be created is like. The views are valid during the call only.
public struct FileParameters {
    /// File descriptor octet of TS 102 221 clause 11.1.1.4.3, with the bit for shareable. Of a link: that of its target.
    public var descriptor: UInt8
    /// Nil for an ADF.
    public var fileIdentifier: UInt16?
    /// Life cycle status integer, TS 102 221 clause 11.1.1.4.9.
    public var lifeCycleStatus: UInt8 = 0x05
    /// 1 to 30; 0: none.
    public var shortFileIdentifier: UInt8 = 0
    /// TS 102 222 table 4a, tag C0: bit 8 high update activity, bit 7 readable and updatable while deactivated.
    public var specialFileInformation: UInt8 = 0
    /// Linear fixed and cyclic files: octets in a record; otherwise 0.
    public var recordLength: UInt16 = 0
    /// Octets of the body; for BER-TLV files the memory reserved. 0 for MF, DF, ADF and links.
    public var size: UInt32 = 0
    /// BER-TLV files: the size that the file may grow to, if the package names one.
    public var maximumSize: UInt32?
    /// AID of an ADF; empty for any other file.
    public var dfName: OctetView = .empty
    /// The security attributes as one data object of the FCP template (`8B 03` EF.ARR, record); empty if unknown.
    public var securityAttributes: OctetView = .empty
    /// Key references of the PINs of an MF, DF or ADF, one octet each. Empty for a link to a DF: the target's hold.
    public var pinReferences: OctetView = .empty
    /// Value of the proprietary information (tag A5) that SELECT shows, without C0, C1 and C2.
    public var proprietaryInformation: OctetView = .empty
    /// The file whose body, or whose children, this one shows. Never itself a link.
    public var link: FileReference?
}

/// What the interpreter asks about a file that exists.
public struct FileLayout: Equatable, Sendable {
    /// File descriptor octet of TS 102 221 clause 11.1.1.4.3.
    public var descriptor: UInt8
    /// Octets of the body; of a link: that of its target.
    public var size: UInt32
    /// Octets in a record; 0 unless linear fixed or cyclic.
    public var recordLength: UInt16
    /// The file that this one is a link to.
    public var link: FileReference?

    /// Makes a layout from its parts.
    public init(descriptor: UInt8, size: UInt32, recordLength: UInt16, link: FileReference?) {
        self.descriptor = descriptor
        self.size = size
        self.recordLength = recordLength
        self.link = link
    }
}

/// Which codes an entry list holds.
public enum CodeKind: Sendable {
    /// PIN codes: PE-PINCodes.
    case pin
    /// Unblocking codes: PE-PUKCodes.
    case puk
}

/// Where a profile package is installed: the card's file system.
///
/// What the interpreter writes takes effect when its owner commits it; begin, commit and rollback are the owner's.
/// A status word that a function throws aborts the installation.
public protocol ProfileTarget: ~Copyable {
    /// Creates a file in the MF, a DF or an ADF. All octets of a new body are FF. ADFs are created in the MF.
    ///
    /// - Parameter parent: nil for the MF.
    /// - Throws: 6A84 if there is no room, 6A89 if the identifier is taken, 6A8A if the DF name is taken.
    mutating func createFile(
        _ parameters: FileParameters,
        parent: FileReference?
    ) throws(StatusWord) -> FileReference

    /// The file in a DF; for a link to a DF: the file in its target.
    func child(of directory: FileReference, fileIdentifier: UInt16) -> FileReference?

    /// The ADF with this AID.
    func application(dfName: OctetView) -> FileReference?

    /// What a file is like; nil if there is none.
    func layout(of file: FileReference) -> FileLayout?

    /// Writes to the body of an EF that is no link, counted over all its records; the first record is number 1.
    ///
    /// Of a BER-TLV file the octets come in order without gaps and are data objects, one behind the other, cut anywhere.
    mutating func write(_ octets: OctetView, to file: FileReference, at offset: UInt32) throws(StatusWord)

    /// Stores the PIN or unblocking codes of a directory.
    ///
    /// - Parameters:
    ///   - context: the MF, DF or ADF that the codes belong to. Unblocking codes belong to the MF.
    ///   - sharedWith: the directory whose PIN codes hold here too; then there are no entries.
    ///   - entries: 16 octets each: key reference, attributes, tries (maximum, left), reference of the unblocking code,
    ///     00, FF FF FF, value (8 octets).
    mutating func createCodes(
        _ kind: CodeKind,
        context: FileReference,
        sharedWith: FileReference?,
        entries: OctetView
    ) throws(StatusWord)

    /// Stores the members of PE-AKAParameter behind its header.
    mutating func storeAuthenticationParameters(
        _ members: OctetView,
        application: FileReference
    ) throws(StatusWord)

    /// Stores the members of PE-CDMAParameter behind its header.
    mutating func storeCDMAParameters(_ members: OctetView, application: FileReference) throws(StatusWord)

    /// Stores the members of the ProfileHeader.
    mutating func storeProfileHeader(_ members: OctetView) throws(StatusWord)
}
