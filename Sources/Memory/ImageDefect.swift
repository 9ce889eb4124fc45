/// Something that is wrong with an image, and where.
public struct ImageDefect: Error, Equatable, Sendable {
    /// What is wrong.
    public enum Reason: String, Sendable {
        case truncated = "the image ends here, before its superblock says"
        case tooLong = "the image goes on behind the end that its superblock says"
        case foreign = "not a card image: the magic is not that of veuicc"
        case version = "the format has a major version that this program does not know"
        case superblockChecksum = "the checksum of the superblock is wrong"
        case superblock = "the superblock contradicts itself"
        case ownerEntry = "the owner table entry is malformed"
        case cardOwner = "the card itself is not in the owner table"
        case ownerParent = "the owner belongs to an owner that does not exist, or to itself"
        case ownerQuota = "the owner uses more than its quota, with what belongs to it"
        case ownerReservation = "more memory is reserved than the quota of the owner, or the image, has"
        case journalEntry = "the journal entry names the superblock or the journal, or stands where none can"
        case reservedPageEntry = "a page that holds no data has a page table entry"
        case pageEntry = "the page table entry is malformed"
        case objectKind = "the kind of the object is reserved"
        case pageOwner = "the page belongs to an owner that does not exist"
        case pageLink = "the page links to a page that is not a further page of the same owner"
        case pageShared = "two pages link to this page"
        case pageOrphan = "no page links to this further page"
        case objectLength = "the length of the object does not fit the number of its pages"
        case objectTail = "octets behind the content of the object are not erased"
        case freePage = "a free page is not erased"
        case file = "the file object is malformed"
        case fileParent = "the parent of the file does not exist, is not a DF, or lies below the file"
        case fileIdentifier = "the file identifier, short file identifier or DF name exists twice, or is none"
        case fileAttributes = "the attributes of the file are malformed"
        case fileBody = "the body does not fit the size, the structure or the records of the file"
        case fileLink = "the target of the link does not exist or does not fit"
        case masterFile = "the MF does not have the identifier 3F00, or its owner has another one"
        case accessRules = "the access rules of the file do not exist, so that nobody can use it"
        case codes = "the object with PIN or unblocking codes is malformed"
        case codesContext = "the codes belong to no MF, DF or ADF, or to one that has others"
        case codeReference = "the unblocking code, or the PIN, that the entry names does not exist"
        case parameters = "the object with parameters or the profile header is malformed, or one too many"
        case session = "the suspended session is malformed, or names what does not exist"
        case registryEntry = "the registry entry is malformed, or its fields do not go together"
        case registryAttributes = "the attributes of the registry entry are malformed"
        case registryName = "the AID stands twice among applications and load files, or among modules"
        case registryReference = "the load file, ADF or data of the registry entry do not exist, or have another entry"
        case registryOwner = "the owner does not go with that of the security domain, or of the registry entry"
        case privileges = "the privileges do not go together, or another application has one that only one has"
        case securityDomain = "the security domain does not exist, is none, or is associated with this entry itself"
        case issuerSecurityDomain = "there is no issuer security domain, or another one"
        case networkAccess = "the ADF has no registry entry, or one with another AID"
        case keySet = "the key set is malformed, or its version stands twice"
        case keySetList = "the key sets of the security domain form no list, or this one is in none"
        case key = "the key is malformed, or its identifier stands twice"
        case loadFile = "the load file does not belong to the registry entry that it names"
        case applicationData = "the application data are malformed, or belong to no registry entry"

        /// Whether a card may well get there by commands that the standard allows: a file can be made before the
        /// access rules that it names. Such a thing is worth a look, and no inconsistency.
        public var isRemark: Bool { self == .accessRules }
    }

    /// Where: the offset in the image, in octets.
    public let offset: Int
    /// What is wrong there.
    public let reason: Reason

    /// A defect at `offset`.
    public init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }
}

extension ImageDefect: CustomStringConvertible {
    /// One line: `offset 1234: a free page is not erased`.
    public var description: String { "offset \(offset): \(reason.rawValue)" }
}
