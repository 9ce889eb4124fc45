import CardOS
import Memory
import Octets

/// The file within which a package writes.
struct OpenFile {
    let reference: ObjectReference
    let isDirectory: Bool
    let isLink: Bool
    let isBERTLV: Bool
    let size: UInt32
    let table: ServiceTable
    /// Where the next content goes.
    var pointer: UInt32 = 0

    init(_ reference: ObjectReference, _ layout: FileLayout, table: ServiceTable) {
        self.reference = reference
        isDirectory = layout.descriptor & 0xBF == 0x38
        isBERTLV = layout.descriptor & 0xBF == 0x39
        isLink = layout.link != nil
        size = layout.size
        self.table = table
    }
}

// Creation of a file from an FCP and, where there is one, the row of a template: eUICC Profile Package 8.3.3, 8.3.5.

extension ProfileInstaller {
    /// Creates a file, fills it with its pattern and makes it the current one.
    ///
    /// - Parameters:
    ///   - parent: place of its directory in `directories`; nil for the MF.
    /// - Returns: its own place there, if it is a directory.
    mutating func create<Target: ProfileTarget & ~Copyable>(
        _ fcp: FileControlParameters,
        _ row: TemplateFile?,
        parent: Int?,
        _ target: inout Target
    ) throws(Failure) -> Int? {
        if fcp.hasUnknown { try report(PackageStatus.invalidParameter) }
        var layout = try layout(fcp, row, target)
        let isDirectory = layout.descriptor & 0xBF == 0x38
        guard let fileIdentifier = fcp.fileIdentifier ?? (row?.lastFileIdentifier == nil ? row?.fileIdentifier : nil)
        else { throw Failure(Decision.missingParameter) }
        let isApplication = row == nil ? isDirectory && fcp.dfName != nil : row?.kind == .adf
        let isMF = row == nil ? parent == nil : row?.kind == .mf

        var parameters = FileParameters(descriptor: layout.descriptor)
        parameters.fileIdentifier = isApplication ? nil : fileIdentifier
        parameters.lifeCycleStatus = fcp.lifeCycleStatus
        parameters.link = layout.link
        var values = OctetWriter(scratch.values)
        try appendSecurityAttributes(fcp, row, isInMF: isMF || isApplication || parent == mf, to: &values)
        parameters.securityAttributes = values.view
        if isDirectory {
            if layout.link == nil {
                parameters.pinReferences = append(to: &values) { fcp.appendPINReferences(to: &$0) }
            }
            if isApplication {
                if layout.link != nil { throw Failure(PackageStatus.badValues) }
                guard let dfName = fcp.dfName else { throw Failure(Decision.missingParameter) }
                guard directories.index(temporaryIdentifier: fileIdentifier) == nil else {
                    throw Failure(StatusWord.fileExists)
                }
                parameters.dfName = dfName
            }
        } else {
            parameters.shortFileIdentifier = fcp.shortFileIdentifier ?? defaultShortFileIdentifier(row, fileIdentifier)
            if layout.link == nil { setBody(fcp, row, layout, &parameters, &values) }
        }

        if values.overflowed { throw Failure(PackageStatus.badValues) }
        var directory: ObjectReference?
        let parent = isApplication ? mf : parent
        if let parent { directory = directories[parent].reference }
        let reference = try onCard { () throws(StatusWord) in
            try target.createFile(parameters, parent: directory)
        }
        if isDirectory {
            file = OpenFile(reference, layout, table: .none)
            let application: Application = isApplication ? self.application(of: parameters.dfName) : .none
            return try addDirectory(
                reference,
                parent: parent,
                application,
                isApplication ? fileIdentifier : nil,
                parameters.pinReferences
            )
        }
        if layout.link != nil { layout.size = 0 }
        let table = ServiceTable(parent.map { directories[$0].application } ?? .none, fileIdentifier: fileIdentifier)
        file = OpenFile(reference, layout, table: table)
        if layout.link == nil { try fill(fcp, row, layout, &target) }
        return nil
    }

    /// What the file is like: its own body or that of the file that it is a link to.
    private func layout<Target: ProfileTarget & ~Copyable>(
        _ fcp: FileControlParameters,
        _ row: TemplateFile?,
        _ target: borrowing Target
    ) throws(Failure) -> FileLayout {
        if let path = fcp.linkPath, !path.isEmpty {
            let found = try resolve(path, target)
            guard var layout = target.layout(of: found) else { throw Failure(Decision.pathNotFound) }
            layout.link = layout.link ?? found
            if let row, row.isDirectory != (layout.descriptor & 0xBF == 0x38) { throw Failure(PackageStatus.badValues) }
            return layout
        }
        guard let descriptor = row?.isDirectory == true ? row?.descriptor : fcp.descriptor ?? row?.descriptor else {
            throw Failure(Decision.missingParameter)
        }
        var layout = FileLayout(descriptor: descriptor, size: 0, recordLength: 0, link: nil)
        switch descriptor & 0xBF {
        case 0x38:
            if row?.isDirectory == false { throw Failure(PackageStatus.badValues) }
        case 0x02, 0x06: try setRecords(fcp, row, &layout)
        default:
            guard let size = fcp.size ?? row?.size.map({ UInt32($0) }) else { throw Failure(Decision.missingParameter) }
            layout.size = size
        }
        return layout
    }

    /// Record length and size of a linear fixed or cyclic file: the number of records is their quotient.
    private func setRecords(
        _ fcp: FileControlParameters,
        _ row: TemplateFile?,
        _ layout: inout FileLayout
    ) throws(Failure) {
        guard let length = fcp.recordLength ?? row?.size else { throw Failure(Decision.missingParameter) }
        guard let size = fcp.size ?? row?.records.map({ UInt32($0) * UInt32(length) }) else {
            throw Failure(Decision.missingParameter)
        }
        guard length > 0, size > 0, size % UInt32(length) == 0 else { throw Failure(PackageStatus.badValues) }
        layout.recordLength = length
        layout.size = size
    }

    private func setBody(
        _ fcp: FileControlParameters,
        _ row: TemplateFile?,
        _ layout: FileLayout,
        _ parameters: inout FileParameters,
        _ values: inout OctetWriter
    ) {
        parameters.recordLength = layout.recordLength
        parameters.size = layout.size
        parameters.specialFileInformation = fcp.specialFileInformation ?? (row?.isHighUpdate == true ? 0x80 : 0x00)
        guard layout.descriptor & 0xBF == 0x39 else { return }
        parameters.proprietaryInformation = append(to: &values) { writer in
            if let maximumSize = fcp.maximumSize { writer.appendTLV(0x86, maximumSize) }
            if let fileDetails = fcp.fileDetails { writer.appendTLV(0x84) { $0.append(fileDetails) } }
        }
    }

    /// What `content` appends.
    private func append(to writer: inout OctetWriter, _ content: (inout OctetWriter) -> Void) -> OctetView {
        let start = writer.count
        content(&writer)
        return writer.view.part(from: start)
    }

    /// Files without a template have the SFI that TS 102 222 clause 6.3.2.2.2 gives to those whose FCP says none.
    private func defaultShortFileIdentifier(_ row: TemplateFile?, _ fileIdentifier: UInt16) -> UInt8 {
        if let row { return row.shortFileIdentifier }
        let low = UInt8(fileIdentifier & 0x1F)
        return low == 0x1F ? 0 : low
    }

    /// 9.1: where only the record of EF.ARR is given, EF.ARR is that of the MF, or that of the application.
    private func appendSecurityAttributes(
        _ fcp: FileControlParameters,
        _ row: TemplateFile?,
        isInMF: Bool,
        to writer: inout OctetWriter
    ) throws(Failure) {
        if let rule = fcp.accessRule, rule.count == 3 { return writer.appendTLV(0x8B, rule) }
        guard let record = fcp.accessRule?.octet(at: 0) ?? row?.accessRule else {
            throw Failure(Decision.missingParameter)
        }
        if record == 0 { return }
        writer.appendTLV(0x8B) { writer in
            writer.append(isInMF ? 0x2F06 as UInt16 : 0x6F06)
            writer.append(record)
        }
    }

    private func application(of dfName: OctetView) -> Application {
        if case .files(let files) = element.kind { return files.application }
        return Application(dfName: dfName)
    }

    /// Remembers a directory, which following elements may belong to.
    private mutating func addDirectory(
        _ reference: ObjectReference,
        parent: Int?,
        _ application: Application,
        _ temporaryIdentifier: UInt16?,
        _ pinReferences: OctetView
    ) throws(Failure) -> Int {
        var directory = Directories.Directory(
            reference: reference,
            parent: parent,
            application: application,
            temporaryIdentifier: temporaryIdentifier
        )
        var cursor = OctetCursor(pinReferences)
        while let reference = cursor.octet() {
            switch PINReference(reference) {
            case .global(let bit): requiredGlobalPINs |= bit
            case .local(let bit): directory.requiredPINs |= bit
            case nil: break
            }
        }
        guard let index = directories.append(directory) else { throw Failure(PackageStatus.notEnoughMemory) }
        if parent == nil { mf = index }
        if application != .none { self.application = index }
        if !element.hasDirectory {
            element.hasDirectory = true
            pinContext = index
        }
        return index
    }

    /// The file at a path of identifiers from the MF, the first of which may be the temporary one of an ADF.
    func resolve<Target: ProfileTarget & ~Copyable>(
        _ path: OctetView,
        _ target: borrowing Target
    ) throws(Failure) -> ObjectReference {
        guard let mf else { throw Failure(Decision.wrongOrder) }
        guard path.count <= 8, path.count % 2 == 0 else { throw Failure(PackageStatus.badValues) }
        var reference = directories[mf].reference
        var cursor = OctetCursor(path)
        while let identifier = cursor.uint16() {
            if cursor.position == 2, let application = directories.index(temporaryIdentifier: identifier) {
                reference = directories[application].reference
            } else if let child = target.child(of: reference, fileIdentifier: identifier) {
                reference = child
            } else {
                throw Failure(Decision.pathNotFound)
            }
        }
        return reference
    }
}
