import CardOS
import GlobalPlatform
import Memory
import Octets
import ProfilePackage
import Telecom

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
        var isInstalled = installer.close() == .finished
        do throws(StatusWord) {
            if isInstalled { try open.registerNetworkAccess(on: &system) }
        } catch {
            isInstalled = false
        }
        if isInstalled { system.memory.commit() } else { system.discard() }
        open.reset(system)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: ProfileInstaller.responseLimit, alignment: 8)
        defer { buffer.deallocate() }
        var writer = OctetWriter(buffer)
        installer.appendResponse(to: &writer)
        return (isInstalled, writer.view.array)
    }
}

extension UICC: ProfileTarget {
    /// Makes a file that has the owner of its parent: `createFile(_:parent:owner:)`.
    public mutating func createFile(
        _ parameters: FileParameters,
        parent: ObjectReference?
    ) throws(StatusWord) -> ObjectReference {
        try createFile(parameters, parent: parent, owner: nil)
    }

    /// The file with an identifier in a DF.
    public func child(of directory: ObjectReference, fileIdentifier: UInt16) -> ObjectReference? {
        child(fileIdentifier, of: directory)
    }

    /// The ADF with a DF name.
    public func application(dfName: OctetView) -> ObjectReference? {
        application(named: dfName)
    }

    /// What the interpreter needs to know of a file that exists.
    public func layout(of file: ObjectReference) -> FileLayout? {
        description(of: file).map { file in
            FileLayout(
                descriptor: file.descriptor,
                size: UInt32(truncatingIfNeeded: file.size),
                recordLength: UInt16(truncatingIfNeeded: file.recordLength),
                link: file.link
            )
        }
    }

    /// Overwrites the body of an EF.
    public mutating func write(_ octets: OctetView, to file: ObjectReference, at offset: UInt32) throws(StatusWord) {
        try fill(file, at: Int(offset), octets)
    }

    /// Gives a context its PIN codes or unblocking codes.
    public mutating func createCodes(
        _ kind: CodeKind,
        context: ObjectReference,
        sharedWith: ObjectReference?,
        entries: OctetView
    ) throws(StatusWord) {
        try createCodes(entries: entries, areUnblocking: kind == .puk, for: context, sharedWith: sharedWith)
    }

    /// Keeps the CDMA parameters of an application.
    public mutating func storeCDMAParameters(
        _ members: OctetView,
        application: ObjectReference
    ) throws(StatusWord) {
        try store(.cdmaParameters, of: application, members)
    }

    /// Keeps the profile header.
    public mutating func storeProfileHeader(_ members: OctetView) throws(StatusWord) {
        try store(.profileHeader, of: nil, members)
    }
}
