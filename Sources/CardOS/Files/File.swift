import Memory
import Octets

/// A look at a file object: docs/memory-image.md section 7.1.
///
/// Nothing is copied: each property is read in the image when it is asked for, and shows what stands there then. A
/// file is passed down a call, never stored past it.
public struct File {
    /// The structure of a file: TS 102 221 table 11.5.
    public enum Structure: Sendable {
        /// MF, DF or ADF.
        case directory
        case transparent
        case linearFixed
        case cyclic
        case berTLV
    }

    static let headerSize = 28
    static let noObject: UInt32 = .max
    /// The file identifier that an ADF is stored with: it is known by its DF name.
    static let noIdentifier: UInt16 = 0xFFFF
    static let masterFileIdentifier: UInt16 = 0x3F00
    /// How many records a file may have: TS 102 221 clause 8.2.2.2.
    static let maximumRecords = 254

    /// The object that holds the file.
    public let reference: ObjectReference
    /// The first `headerSize` octets of the object, where the image has them.
    private let header: OctetView

    /// The file at `reference`; nil where no file object starts.
    init?(_ reference: ObjectReference, in memory: borrowing Memory) {
        guard memory.kind(of: reference) == .file else { return nil }
        self.init(unchecked: reference, in: memory)
    }

    /// The file at `reference`, which is known to be a file object; nil where it is too short to be one.
    init?(unchecked reference: ObjectReference, in memory: borrowing Memory) {
        self.reference = reference
        header = memory.head(of: reference, count: Self.headerSize)
        guard header.count == Self.headerSize else { return nil }
    }

    /// The DF that holds the file; nil for the MF.
    public var parent: ObjectReference? { object(at: 0) }
    /// The file identifier; FFFF for an ADF.
    public var fileIdentifier: UInt16 { header.uint16(at: 4) ?? 0 }
    /// The file descriptor octet.
    public var descriptor: UInt8 { header.octet(at: 6) ?? 0 }
    /// The life cycle status integer.
    public var lifeCycleStatus: UInt8 { header.octet(at: 7) ?? 0 }
    /// The short file identifier, 1 to 30; 0: none.
    public var shortFileIdentifier: UInt8 { header.octet(at: 8) ?? 0 }
    /// The special file information: b8 high update activity, b7 readable and updatable while deactivated.
    public var specialFileInformation: UInt8 { header.octet(at: 9) ?? 0 }
    /// The record length in octets; 0 unless linear fixed or cyclic.
    public var recordLength: Int { Int(header.uint16(at: 10) ?? 0) }
    /// Cyclic: the position in the body of record 1.
    var firstRecord: Int { Int(header.uint16(at: 12) ?? 0) }
    /// The size of the body in octets.
    public var size: Int { Int(header.uint32(at: 14) ?? 0) }
    /// BER-TLV: how many octets of the body the data objects take.
    public var usedSize: Int { Int(header.uint32(at: 18) ?? 0) }
    /// The file whose body or children this one shows.
    public var link: ObjectReference? { object(at: 22) }
    var attributesLength: Int { Int(header.uint16(at: 26) ?? 0) }

    private func object(at index: Int) -> ObjectReference? {
        guard let page = header.uint32(at: index), page != Self.noObject else { return nil }
        return ObjectReference(page: page)
    }

    /// The structure; nil for a file descriptor octet that no file has.
    public var structure: Structure? { Self.structure(of: descriptor) }

    static func structure(of descriptor: UInt8) -> Structure? {
        switch descriptor & 0xBF {
        case 0x38: .directory
        case 0x39: .berTLV
        case 0x01, 0x09: .transparent
        case 0x02, 0x0A: .linearFixed
        case 0x06, 0x0E: .cyclic
        default: nil
        }
    }

    /// Whether the file is an MF, DF or ADF.
    public var isDirectory: Bool { structure == .directory }
    /// Whether the file is an ADF.
    public var isApplication: Bool { isDirectory && fileIdentifier == Self.noIdentifier }
    /// Whether several logical channels may select the file at a time.
    var isShareable: Bool { descriptor & 0x40 != 0 }

    /// Where the body starts in the content of the object.
    var bodyOffset: Int { Self.headerSize + attributesLength }
    /// How many records the file has.
    public var records: Int { recordLength > 0 ? min(size / recordLength, Self.maximumRecords) : 0 }

    /// Where record `number` (1 to `records`) starts in the body.
    func offset(ofRecord number: Int) -> Int {
        guard records > 0 else { return 0 }
        return (firstRecord + number - 1) % records * recordLength
    }
}

/// The life cycle of a file: TS 102 221 table 11.7b.
extension File {
    /// What the life cycle status integer says.
    enum LifeCycle {
        case noInformation
        case creation
        case initialisation
        case activated
        case deactivated
        case terminated
    }

    static let activatedStatus: UInt8 = 0x05
    static let deactivatedStatus: UInt8 = 0x04
    static let terminatedStatus: UInt8 = 0x0C

    var lifeCycle: LifeCycle {
        switch lifeCycleStatus {
        case 0x01: .creation
        case 0x03: .initialisation
        case 0x05, 0x07: .activated
        case 0x04, 0x06: .deactivated
        case 0x0C...0x0F: .terminated
        default: .noInformation
        }
    }

    /// What a SELECT of the file ends with.
    var selectionStatus: StatusWord {
        switch lifeCycle {
        case .deactivated: .selectedFileDeactivated
        case .terminated: .selectedFileTerminated
        default: .success
        }
    }
}

extension UICC {
    /// The file at `reference`.
    ///
    /// - Throws: 6A82 where it is not a file (any more).
    func file(_ reference: ObjectReference) throws(StatusWord) -> File {
        guard let file = File(reference, in: memory) else { throw .fileNotFound }
        return file
    }

    /// The file that holds the body, or the children, that `file` shows: itself, or the target of a link.
    func target(of file: File) throws(StatusWord) -> File {
        guard let link = file.link else { return file }
        return try self.file(link)
    }

    /// Calls `body` with the attributes of `file`: BER-TLV objects as in an FCP template.
    func withAttributes<Result>(
        of file: File,
        _ body: (OctetView) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        try memory.withContent(file.reference, at: File.headerSize, count: file.attributesLength, body)
    }

    /// Calls `body` with `count` octets at `offset` of the body of `file`, which is not a link.
    func withBody<Result>(
        of file: File,
        at offset: Int,
        count: Int,
        _ body: (OctetView) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        guard offset >= 0, count >= 0, count <= file.size, offset <= file.size - count else { throw .memoryProblem }
        return try memory.withContent(file.reference, at: file.bodyOffset + offset, count: count, body)
    }

    /// Overwrites the body of `file`, which is not a link, from `offset` on.
    mutating func writeBody(of file: File, at offset: Int, _ octets: OctetView) throws(StatusWord) {
        guard offset >= 0, octets.count <= file.size, offset <= file.size - octets.count else { throw .memoryProblem }
        try memory.write(file.reference, at: file.bodyOffset + offset, octets)
    }
}

/// The fields of a file object that commands change.
enum FileField {
    case lifeCycleStatus(UInt8)
    case firstRecord(Int)
    case size(Int)
    case usedSize(Int)
}

extension UICC {
    /// Changes one field of the object of `file`.
    mutating func set(_ field: FileField, of file: File) throws(StatusWord) {
        let (offset, octets): (Int, [UInt8]) =
            switch field {
            case .lifeCycleStatus(let status): (7, [status])
            case .firstRecord(let record): (12, Self.bigEndian(record, width: 2))
            case .size(let size): (14, Self.bigEndian(size, width: 4))
            case .usedSize(let size): (18, Self.bigEndian(size, width: 4))
            }
        try octets.withView { (view) throws(StatusWord) in
            try memory.write(file.reference, at: offset, view)
        }
    }

    private static func bigEndian(_ number: Int, width: Int) -> [UInt8] {
        (0..<width).reversed().map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
}
