import Memory
import Octets

// Looking at the files from outside the card: without a logical channel, without access rules, without a change.

extension UICC {
    /// All files of the image, in the order of their objects: those of each MF, ADF and DF, and links as such.
    public func inspectFiles() -> [File] {
        var found: [File] = []
        var next = memory.firstObject(of: .file)
        while let reference = next {
            if let file = File(unchecked: reference, in: memory) { found.append(file) }
            next = memory.firstObject(of: .file, from: reference.page + 1)
        }
        return found
    }

    /// The attributes of `file`: BER-TLV objects as in an FCP template, docs/memory-image.md section 7.1.
    ///
    /// - Throws: 6581 where the object does not have them.
    public func inspectAttributes(of file: File) throws(StatusWord) -> [UInt8] {
        try withAttributes(of: file) { (attributes) throws(StatusWord) in attributes.array }
    }

    /// The body of the EF `file`, or of the EF that it links to: the records of a cyclic EF in the order of their numbers,
    /// of a BER-TLV EF the data objects.
    ///
    /// - Throws: 6981 for an MF, ADF or DF; 6581 where the object does not have the octets; 6A82 for a broken link.
    public func inspectBody(of file: File) throws(StatusWord) -> [UInt8] {
        let shown = try target(of: file)
        guard !shown.isDirectory else { throw .incompatibleFileStructure }
        let count = shown.structure == .berTLV ? shown.usedSize : shown.size
        let body = try withBody(of: shown, at: 0, count: count) { (body) throws(StatusWord) in body.array }
        guard shown.structure == .cyclic else { return body }
        let start = min(shown.offset(ofRecord: 1), body.count)
        return Array(body[start...] + body[..<start])
    }
}

extension File {
    /// What the life cycle status integer says, in the words of TS 102 221 table 11.7b.
    public var lifeCycleName: String {
        switch lifeCycle {
        case .noInformation: "no information"
        case .creation: "creation"
        case .initialisation: "initialisation"
        case .activated: "activated"
        case .deactivated: "deactivated"
        case .terminated: "terminated"
        }
    }
}
