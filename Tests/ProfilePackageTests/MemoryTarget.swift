import CardOS
import Memory
import Octets
import ProfilePackage

/// A file system in memory.
struct MemoryTarget: ~Copyable, ProfileTarget {
    struct File: Equatable {
        var parent: ObjectReference?
        var fileIdentifier: UInt16?
        var descriptor: UInt8
        var lifeCycleStatus: UInt8
        var shortFileIdentifier: UInt8
        var specialFileInformation: UInt8
        var recordLength: UInt16
        var dfName: [UInt8]
        var securityAttributes: [UInt8]
        var pinReferences: [UInt8]
        var proprietaryInformation: [UInt8]
        var link: ObjectReference?
        var body: [UInt8]
        /// BER-TLV files: how much has been written.
        var used = 0
    }

    struct Codes: Equatable {
        var kind: CodeKind
        var context: ObjectReference
        var sharedWith: ObjectReference?
        var entries: [UInt8]
    }

    var files: [File] = []
    var codes: [Codes] = []
    var authentication: [ObjectReference: [UInt8]] = [:]
    var cdma: [ObjectReference: [UInt8]] = [:]
    var header: [UInt8] = []
    var registry = MemoryRegistry()
    /// Whether there is a registry at all.
    var hasSecurityDomains = true
    /// How many octets of bodies fit.
    var room = 1_000_000
    /// Thrown by the next creation, if any.
    var fault: StatusWord?

    mutating func createFile(
        _ parameters: FileParameters,
        parent: ObjectReference?
    ) throws(StatusWord) -> ObjectReference {
        if let fault { throw fault }
        guard Int(parameters.size) <= room else { throw .notEnoughMemory }
        if let parent, let identifier = parameters.fileIdentifier, child(of: parent, fileIdentifier: identifier) != nil
        {
            throw .fileExists
        }
        if !parameters.dfName.isEmpty, application(dfName: parameters.dfName) != nil { throw .dfNameExists }
        room -= Int(parameters.size)
        files.append(
            File(
                parent: parent,
                fileIdentifier: parameters.fileIdentifier,
                descriptor: parameters.descriptor,
                lifeCycleStatus: parameters.lifeCycleStatus,
                shortFileIdentifier: parameters.shortFileIdentifier,
                specialFileInformation: parameters.specialFileInformation,
                recordLength: parameters.recordLength,
                dfName: parameters.dfName.array,
                securityAttributes: parameters.securityAttributes.array,
                pinReferences: parameters.pinReferences.array,
                proprietaryInformation: parameters.proprietaryInformation.array,
                link: parameters.link,
                body: [UInt8](repeating: 0xFF, count: Int(parameters.size))
            )
        )
        return ObjectReference(page: UInt32(files.count - 1))
    }

    func child(of directory: ObjectReference, fileIdentifier: UInt16) -> ObjectReference? {
        let directory = self[directory].link ?? directory
        let index = files.firstIndex { $0.parent == directory && $0.fileIdentifier == fileIdentifier }
        return index.map { ObjectReference(page: UInt32($0)) }
    }

    func application(dfName: OctetView) -> ObjectReference? {
        let name = dfName.array
        let index = files.firstIndex { !$0.dfName.isEmpty && $0.dfName == name }
        return index.map { ObjectReference(page: UInt32($0)) }
    }

    func layout(of file: ObjectReference) -> FileLayout? {
        let body = self[self[file].link ?? file]
        return FileLayout(
            descriptor: body.descriptor,
            size: UInt32(body.body.count),
            recordLength: body.recordLength,
            link: self[file].link
        )
    }

    mutating func write(_ octets: OctetView, to file: ObjectReference, at offset: UInt32) throws(StatusWord) {
        let index = Int(file.page)
        let end = Int(offset) + octets.count
        guard files[index].link == nil, end <= files[index].body.count else { throw .wrongP1P2 }
        files[index].body.replaceSubrange(Int(offset)..<end, with: octets.array)
        files[index].used = max(files[index].used, end)
    }

    mutating func createCodes(
        _ kind: CodeKind,
        context: ObjectReference,
        sharedWith: ObjectReference?,
        entries: OctetView
    ) throws(StatusWord) {
        codes.append(Codes(kind: kind, context: context, sharedWith: sharedWith, entries: entries.array))
    }

    mutating func storeAuthenticationParameters(
        _ members: OctetView,
        application: ObjectReference
    ) throws(StatusWord) {
        authentication[application] = members.array
    }

    mutating func storeCDMAParameters(_ members: OctetView, application: ObjectReference) throws(StatusWord) {
        cdma[application] = members.array
    }

    mutating func storeProfileHeader(_ members: OctetView) throws(StatusWord) {
        header = members.array
    }

    subscript(file: ObjectReference) -> File { files[Int(file.page)] }

    /// The file at a path: `3F00/2FE2`, `ADF.USIM/6F07`.
    func file(_ path: String) -> ObjectReference? {
        let steps = path.split(separator: "/").map(String.init)
        guard let first = steps.first else { return nil }
        var reference = ObjectReference(page: 0)
        if let aid = MemoryTarget.applications[first] {
            guard let found = aid.withView({ application(dfName: $0) }) else { return nil }
            reference = found
        }
        for step in steps.dropFirst() {
            guard let identifier = UInt16(step, radix: 16), let found = child(of: reference, fileIdentifier: identifier)
            else { return nil }
            reference = found
        }
        return reference
    }

    /// The AIDs of the TS.48 packages.
    static let applications: [String: [UInt8]] = [
        "ADF.USIM": Hex.octets("A0000000871002FF49FF0589") ?? [],
        "ADF.ISIM": Hex.octets("A0000000871004FF49FF0589") ?? [],
        "ADF.CSIM": Hex.octets("A0000003431002F310FFFF89020000FF") ?? [],
    ]
}

extension MemoryTarget {
    /// What was installed.
    struct Contents: Equatable {
        var files: [File]
        var codes: [Codes]
        var authentication: [ObjectReference: [UInt8]]
        var cdma: [ObjectReference: [UInt8]]
        var header: [UInt8]
        var registry: MemoryRegistry
    }

    /// All that was installed, to compare.
    var contents: Contents {
        Contents(
            files: files,
            codes: codes,
            authentication: authentication,
            cdma: cdma,
            header: header,
            registry: registry
        )
    }
}
