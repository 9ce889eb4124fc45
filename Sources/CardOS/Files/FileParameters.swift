import Memory
import Octets

/// What a file is created with: the FCP template of CREATE FILE (TS 102 222 clause 6.3.2.2), taken apart.
public struct FileParameters {
    /// The file descriptor octet.
    public var descriptor: UInt8
    /// The file identifier; nil for an ADF.
    public var fileIdentifier: UInt16?
    /// The life cycle status integer.
    public var lifeCycleStatus: UInt8 = File.activatedStatus
    /// The short file identifier, 1 to 30; 0: none.
    public var shortFileIdentifier: UInt8 = 0
    /// The special file information.
    public var specialFileInformation: UInt8 = 0
    /// The record length in octets; 0 unless linear fixed or cyclic.
    public var recordLength: UInt16 = 0
    /// The size of the body in octets; 0 for MF, DF, ADF and links.
    public var size: UInt32 = 0
    /// The DF name (AID) of an ADF.
    public var dfName = OctetView.empty
    /// The security attributes: a BER-TLV object 8B, 8C or AB.
    public var securityAttributes = OctetView.empty
    /// The key references of the PINs of a DF, as a plain list.
    public var pinReferences = OctetView.empty
    /// The value of the proprietary information (A5) as SELECT shows it.
    public var proprietaryInformation = OctetView.empty
    /// The file whose body or children this one shows.
    public var link: ObjectReference?

    /// Parameters with a file descriptor octet, all else as above.
    public init(descriptor: UInt8, fileIdentifier: UInt16? = nil) {
        self.descriptor = descriptor
        self.fileIdentifier = fileIdentifier
    }

    /// The maximum size of a BER-TLV EF that `proprietaryInformation` gives (tag 86); nil: none.
    ///
    /// - Throws: 6A80 for one that is no number of up to four octets, or smaller than `size`.
    fileprivate func maximumSize() throws(StatusWord) -> UInt32? {
        guard let field = OctetCursor(proprietaryInformation).firstValue(0x86) else { return nil }
        guard let maximum = field.number, maximum >= size else { throw .incorrectData }
        return maximum
    }

    /// Writes the attributes, the security attributes first: they are needed with every command.
    fileprivate func writeAttributes(to writer: inout OctetWriter) throws(StatusWord) {
        writer.append(securityAttributes)
        if !dfName.isEmpty { writer.appendTLV(0x84, dfName) }
        if !pinReferences.isEmpty {
            writer.appendTLV(0xC6) { writer in
                // PIN 1 first: some terminals look at the first bit of the PIN status only.
                for rank in 0..<5 {
                    pinReferences.withUnsafeBytes { references in
                        for reference in references where Self.rank(reference) == rank { writer.append(reference) }
                    }
                }
            }
        }
        if File.structure(of: descriptor) == .berTLV, link == nil {
            let maximum = try maximumSize()
            writer.appendTLV(0xA5) { writer in
                var members = OctetCursor(proprietaryInformation)
                while let member = members.berTLV() {
                    if member.tag != 0x85, member.tag != 0x86 { writer.appendTLV(member.tag, member.value) }
                }
                // In four octets each, so that RESIZE FILE can change them.
                writer.appendTLV(0x85) { $0.append(number: size, minimum: 4) }
                writer.appendTLV(0x86) { $0.append(number: maximum ?? .max, minimum: 4) }
            }
        } else if !proprietaryInformation.isEmpty {
            writer.appendTLV(0xA5, proprietaryInformation)
        }
    }

    private static func rank(_ reference: UInt8) -> Int {
        switch reference {
        case 0x01...0x08: 0
        case 0x11: 1
        case 0x81...0x88: 2
        case 0x0A...0x0E: 3
        default: 4
        }
    }
}

extension UICC {
    /// The longest attributes that a file can have, in octets.
    private static let attributesLimit = 1_024

    /// Makes a file below `parent` (nil: the MF). Its body is erased, and belongs to `owner`, or to the owner of
    /// `parent`.
    ///
    /// - Throws: 6A89 where `parent` has a file with the identifier; 6A8A where the DF name exists; 6A80 for parameters
    ///   that contradict each other; 6A84 where memory is short.
    public mutating func createFile(
        _ parameters: FileParameters,
        parent: ObjectReference?,
        owner: Owner? = nil
    ) throws(StatusWord) -> ObjectReference {
        guard let structure = File.structure(of: parameters.descriptor) else { throw .incorrectData }
        try check(parameters, structure, parent)
        let attributes = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.attributesLimit, alignment: 8)
        defer { attributes.deallocate() }
        var writer = OctetWriter(attributes)
        try parameters.writeAttributes(to: &writer)
        guard !writer.overflowed else { throw .incorrectData }
        let hasBody = structure != .directory && parameters.link == nil
        let size = hasBody ? Int(parameters.size) : 0
        guard size <= memory.geometry.size else { throw .notEnoughMemory }
        let reference = try memory.allocate(
            .file,
            owner: owner ?? parent.map { memory.owner(of: $0) } ?? .card,
            length: File.headerSize + writer.count + size
        )
        try withUnsafeTemporaryAllocation(byteCount: File.headerSize, alignment: 8) { (head) throws(StatusWord) in
            var header = OctetWriter(head)
            header.append(number: parent?.page ?? File.noObject, minimum: 4)
            header.append(parameters.fileIdentifier ?? File.noIdentifier)
            header.append(parameters.descriptor)
            header.append(parameters.lifeCycleStatus)
            header.append(parameters.shortFileIdentifier)
            header.append(parameters.specialFileInformation)
            header.append(hasBody ? parameters.recordLength : 0)
            header.append(0 as UInt16)
            header.append(number: UInt32(truncatingIfNeeded: size), minimum: 4)
            header.append(number: 0, minimum: 4)
            header.append(number: parameters.link?.page ?? File.noObject, minimum: 4)
            header.append(UInt16(truncatingIfNeeded: writer.count))
            try memory.write(reference, at: 0, header.view)
        }
        try memory.write(reference, at: File.headerSize, writer.view)
        files.insert(try file(reference), in: memory)
        return reference
    }

    private func check(
        _ parameters: FileParameters,
        _ structure: File.Structure,
        _ parent: ObjectReference?
    ) throws(StatusWord) {
        guard parameters.shortFileIdentifier <= 30 else { throw .incorrectData }
        if structure == .linearFixed || structure == .cyclic, parameters.link == nil {
            let length = UInt32(parameters.recordLength)
            guard length > 0, length <= 255, parameters.size % length == 0, parameters.size / length <= 254 else {
                throw .incorrectData
            }
        }
        guard let parent else {
            guard structure == .directory, !files.hasMasterFile else { throw .fileExists }
            return
        }
        let directory = try target(of: file(parent))
        guard directory.isDirectory else { throw .incorrectData }
        if let identifier = parameters.fileIdentifier {
            guard files.child(identifier, of: directory.reference, in: memory) == nil else { throw .fileExists }
            guard identifier != File.masterFileIdentifier, identifier != 0x3FFF, identifier != 0x7FFF,
                identifier < 0xFF00
            else { throw .incorrectData }
        } else {
            guard structure == .directory, (1...16).contains(parameters.dfName.count) else { throw .incorrectData }
            guard try application(named: parameters.dfName, from: 0, isWhole: true) == nil else { throw .dfNameExists }
        }
        if parameters.shortFileIdentifier != 0 {
            let known = files.child(short: parameters.shortFileIdentifier, of: directory.reference, in: memory)
            guard known == nil else { throw .fileExists }
        }
    }

    /// The first ADF, from number `start` on, whose DF name is `name`, or starts with it.
    ///
    /// - Returns: the number of the ADF and the ADF.
    func application(
        named name: OctetView,
        from start: Int,
        isWhole: Bool
    ) throws(StatusWord) -> (number: Int, file: File)? {
        for (number, reference) in files.applications.enumerated() where number >= start {
            let file = try file(reference)
            let isNamed = try withAttributes(of: file) { (attributes) throws(StatusWord) -> Bool in
                guard let own = OctetCursor(attributes).firstValue(0x84) else { return false }
                return isWhole ? own.equals(name) : own.starts(with: name)
            }
            if isNamed { return (number, file) }
        }
        return nil
    }
}
