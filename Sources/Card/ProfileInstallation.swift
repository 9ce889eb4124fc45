import CardOS
import Memory
import Octets
import ProfilePackage

extension Card {
    /// Installs a profile package as the first one of the card: its file system, codes and parameters. A package that
    /// is aborted leaves the image as before, octet for octet.
    ///
    /// - Parameter segments: the package, parted in any way.
    /// - Returns: whether the profile is installed, and the EUICCResponse.
    public mutating func install(profilePackage segments: [[UInt8]]) -> (isInstalled: Bool, response: [UInt8]) {
        var installer = ProfileInstaller()
        for segment in segments {
            _ = segment.withUnsafeBytes { installer.push(OctetView($0), to: &system) }
        }
        let isInstalled = installer.close() == .finished
        if isInstalled { system.memory.commit() } else { system.discard() }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: ProfileInstaller.responseLimit, alignment: 8)
        defer { buffer.deallocate() }
        var writer = OctetWriter(buffer)
        installer.appendResponse(to: &writer)
        return (isInstalled, writer.view.array)
    }
}

extension UICC: ProfileTarget {
    /// Makes a file: `createFile(_:parent:owner:)` of the operating system.
    public mutating func createFile(
        _ parameters: ProfilePackage.FileParameters,
        parent: FileReference?
    ) throws(StatusWord) -> FileReference {
        var own = CardOS.FileParameters(descriptor: parameters.descriptor, identifier: parameters.fileIdentifier)
        own.lifeCycleStatus = parameters.lifeCycleStatus
        own.shortIdentifier = parameters.shortFileIdentifier
        own.specialInformation = parameters.specialFileInformation
        own.recordLength = parameters.recordLength
        own.size = parameters.size
        own.dfName = parameters.dfName
        own.securityAttributes = parameters.securityAttributes
        own.pinReferences = parameters.pinReferences
        own.proprietaryInformation = parameters.proprietaryInformation
        own.link = parameters.link.map { ObjectReference(page: $0.page) }
        let file = try createFile(own, parent: parent.map { ObjectReference(page: $0.page) })
        return FileReference(page: file.page)
    }

    /// The file with an identifier in a DF.
    public func child(of directory: FileReference, fileIdentifier: UInt16) -> FileReference? {
        child(fileIdentifier, of: ObjectReference(page: directory.page)).map { FileReference(page: $0.page) }
    }

    /// The ADF with a DF name.
    public func application(dfName: OctetView) -> FileReference? {
        application(named: dfName).map { FileReference(page: $0.page) }
    }

    /// What the interpreter needs to know of a file that exists.
    public func layout(of file: FileReference) -> FileLayout? {
        description(of: ObjectReference(page: file.page)).map { file in
            FileLayout(
                descriptor: file.descriptor,
                size: UInt32(truncatingIfNeeded: file.size),
                recordLength: UInt16(truncatingIfNeeded: file.recordLength),
                link: file.link.map { FileReference(page: $0.page) }
            )
        }
    }

    /// Overwrites the body of an EF.
    public mutating func write(_ octets: OctetView, to file: FileReference, at offset: UInt32) throws(StatusWord) {
        try fill(ObjectReference(page: file.page), at: Int(offset), octets)
    }

    /// Gives a context its PIN codes or unblocking codes.
    public mutating func createCodes(
        _ kind: CodeKind,
        context: FileReference,
        sharedWith: FileReference?,
        entries: OctetView
    ) throws(StatusWord) {
        try createCodes(
            entries: entries,
            areUnblocking: kind == .puk,
            for: ObjectReference(page: context.page),
            sharedWith: sharedWith.map { ObjectReference(page: $0.page) }
        )
    }

    /// Keeps the authentication parameters of an application.
    public mutating func storeAuthenticationParameters(
        _ members: OctetView,
        application: FileReference
    ) throws(StatusWord) {
        try store(.authenticationParameters, of: ObjectReference(page: application.page), members)
    }

    /// Keeps the CDMA parameters of an application.
    public mutating func storeCDMAParameters(
        _ members: OctetView,
        application: FileReference
    ) throws(StatusWord) {
        try store(.cdmaParameters, of: ObjectReference(page: application.page), members)
    }

    /// Keeps the profile header.
    public mutating func storeProfileHeader(_ members: OctetView) throws(StatusWord) {
        try store(.profileHeader, of: nil, members)
    }
}
