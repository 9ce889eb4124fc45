import Memory
import Octets

// Looking at the files from outside the card: without a logical channel, without access rules, without a change.

/// A file as its object described it when it was looked at: a copy, which outlives the image. docs/memory-image.md
/// section 7.1.
public struct InspectedFile: Sendable {
    /// The object that holds the file.
    public let reference: ObjectReference
    /// To whom the object belongs.
    public let owner: Owner
    /// The DF that holds the file; nil for the MF.
    public let parent: ObjectReference?
    /// The file whose body or children this one shows.
    public let link: ObjectReference?
    /// The file identifier; FFFF for an ADF.
    public let fileIdentifier: UInt16
    /// The file descriptor octet.
    public let descriptor: UInt8
    /// The structure; nil for a file descriptor octet that no file has.
    public let structure: File.Structure?
    /// The life cycle status integer.
    public let lifeCycleStatus: UInt8
    /// What the life cycle status integer says, in the words of TS 102 221 table 11.7b.
    public let lifeCycleName: String
    /// The short file identifier, 1 to 30; 0: none.
    public let shortFileIdentifier: UInt8
    /// The special file information: b8 high update activity, b7 readable and updatable while deactivated.
    public let specialFileInformation: UInt8
    /// The record length in octets; 0 unless linear fixed or cyclic.
    public let recordLength: Int
    /// How many records the file has.
    public let records: Int
    /// The size of the body in octets; 0 for a link.
    public let size: Int
    /// BER-TLV: how many octets of the body the data objects take.
    public let usedSize: Int
    /// BER-TLV objects as in an FCP template; nil where the object is too short for them.
    public let attributes: [UInt8]?

    /// Whether the file is an MF, DF or ADF.
    public var isDirectory: Bool { structure == .directory }
    /// Whether the file is an ADF.
    public var isApplication: Bool { isDirectory && fileIdentifier == File.noIdentifier }

    fileprivate init(_ file: File, owner: Owner, attributes: [UInt8]?) {
        reference = file.reference
        self.owner = owner
        parent = file.parent
        link = file.link
        fileIdentifier = file.fileIdentifier
        descriptor = file.descriptor
        structure = file.structure
        lifeCycleStatus = file.lifeCycleStatus
        lifeCycleName = file.lifeCycle.name
        shortFileIdentifier = file.shortFileIdentifier
        specialFileInformation = file.specialFileInformation
        recordLength = file.recordLength
        records = file.records
        size = file.size
        usedSize = file.usedSize
        self.attributes = attributes
    }
}

extension UICC {
    /// All files of the image, in the order of their objects: those of each MF, ADF and DF, and links as such.
    public func inspectFiles() -> [InspectedFile] {
        var found: [InspectedFile] = []
        var next = memory.firstObject(of: .file)
        while let reference = next {
            if let file = File(unchecked: reference, in: memory) {
                let owner = memory.owner(of: reference)
                found.append(InspectedFile(file, owner: owner, attributes: attributes(of: file)))
            }
            next = memory.firstObject(of: .file, from: reference.page + 1)
        }
        return found
    }

    private func attributes(of file: File) -> [UInt8]? {
        do throws(StatusWord) {
            return try withAttributes(of: file) { (attributes) throws(StatusWord) in attributes.array }
        } catch {
            return nil
        }
    }

    /// The body of the EF at `reference`, or of the EF that it links to: the records of a cyclic EF in the order of their
    /// numbers, of a BER-TLV EF the data objects.
    ///
    /// - Throws: 6981 for an MF, ADF or DF; 6581 where the object does not have the octets; 6A82 where there is no file,
    ///   or a link leads to none.
    public func inspectBody(of reference: ObjectReference) throws(StatusWord) -> [UInt8] {
        let shown = try target(of: file(reference))
        guard !shown.isDirectory else { throw .incompatibleFileStructure }
        let count = shown.structure == .berTLV ? shown.usedSize : shown.size
        let body = try withBody(of: shown, at: 0, count: count) { (body) throws(StatusWord) in body.array }
        guard shown.structure == .cyclic else { return body }
        let start = min(shown.offset(ofRecord: 1), body.count)
        return Array(body[start...] + body[..<start])
    }
}

extension File.LifeCycle {
    fileprivate var name: String {
        switch self {
        case .noInformation: "no information"
        case .creation: "creation"
        case .initialisation: "initialisation"
        case .activated: "activated"
        case .deactivated: "deactivated"
        case .terminated: "terminated"
        }
    }
}
