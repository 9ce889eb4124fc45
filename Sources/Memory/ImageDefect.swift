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
        case ownerQuota = "the owner uses more than its quota"
        case journal = "the journal is not erased although no transaction is under way"
        case reservedPageEntry = "a page that holds no data has a page table entry"
        case pageEntry = "the page table entry is malformed"
        case pageOwner = "the page belongs to an owner that does not exist"
        case pageLink = "the page links to a page that is not a further page of the same owner"
        case pageShared = "two pages link to this page"
        case pageOrphan = "no page links to this further page"
        case objectLength = "the length of the object does not fit the number of its pages"
        case objectTail = "octets behind the content of the object are not erased"
        case freePage = "a free page is not erased"
        case file = "the file object is malformed"
        case fileParent = "the parent of the file does not exist or is not a DF"
        case fileIdentifier = "the file identifier, short file identifier or DF name exists twice"
        case fileLink = "the target of the link does not exist or does not fit"
        case masterFile = "there is not exactly one MF"
        case codes = "the object with PIN or unblocking codes is malformed"
        case parameters = "the object with authentication parameters is malformed"
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
