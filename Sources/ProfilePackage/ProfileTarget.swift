import CardOS
import Memory
import Octets

/// What the interpreter asks about a file that exists.
public struct FileLayout: Equatable, Sendable {
    /// File descriptor octet of TS 102 221 clause 11.1.1.4.3.
    public var descriptor: UInt8
    /// Octets of the body; of a link: that of its target.
    public var size: UInt32
    /// Octets in a record; 0 unless linear fixed or cyclic.
    public var recordLength: UInt16
    /// The file that this one is a link to.
    public var link: ObjectReference?

    /// Makes a layout from its parts.
    public init(descriptor: UInt8, size: UInt32, recordLength: UInt16, link: ObjectReference?) {
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

/// Where a profile package is installed: the card's file system, and its registry.
///
/// What the interpreter writes takes effect when its owner commits it; begin, commit and rollback are the owner's.
/// A status word that a function throws aborts the installation.
public protocol ProfileTarget: ContentTarget, ~Copyable {
    /// Creates a file in the MF, a DF or an ADF. All octets of a new body are FF. ADFs are created in the MF.
    ///
    /// - Parameter parent: nil for the MF.
    /// - Throws: 6A84 if there is no room, 6A89 if the identifier is taken, 6A8A if the DF name is taken.
    mutating func createFile(
        _ parameters: FileParameters,
        parent: ObjectReference?
    ) throws(StatusWord) -> ObjectReference

    /// The file in a DF; for a link to a DF: the file in its target.
    func child(of directory: ObjectReference, fileIdentifier: UInt16) -> ObjectReference?

    /// The ADF with this AID.
    func application(dfName: OctetView) -> ObjectReference?

    /// What a file is like; nil if there is none.
    func layout(of file: ObjectReference) -> FileLayout?

    /// Writes to the body of an EF that is no link, counted over all its records; the first record is number 1.
    ///
    /// Of a BER-TLV file the octets come in order without gaps and are data objects, one behind the other, cut anywhere.
    mutating func write(_ octets: OctetView, to file: ObjectReference, at offset: UInt32) throws(StatusWord)

    /// Stores the PIN or unblocking codes of a directory.
    ///
    /// - Parameters:
    ///   - context: the MF, DF or ADF that the codes belong to. Unblocking codes belong to the MF.
    ///   - sharedWith: the directory whose PIN codes hold here too; then there are no entries.
    ///   - entries: 16 octets each: key reference, attributes, tries (maximum, left), reference of the unblocking code,
    ///     00, FF FF FF, value (8 octets).
    mutating func createCodes(
        _ kind: CodeKind,
        context: ObjectReference,
        sharedWith: ObjectReference?,
        entries: OctetView
    ) throws(StatusWord)

    /// Stores the members of PE-AKAParameter behind its header.
    mutating func storeAuthenticationParameters(
        _ members: OctetView,
        application: ObjectReference
    ) throws(StatusWord)

    /// Stores the members of PE-CDMAParameter behind its header.
    mutating func storeCDMAParameters(_ members: OctetView, application: ObjectReference) throws(StatusWord)

    /// Stores the members of the ProfileHeader.
    mutating func storeProfileHeader(_ members: OctetView) throws(StatusWord)

    /// All elements have been processed.
    ///
    /// - Throws: what keeps them from standing together.
    mutating func complete() throws(StatusWord)
}
