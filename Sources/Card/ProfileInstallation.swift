import CardOS
import GlobalPlatform
import Memory
import Octets
import ProfilePackage
import Telecom

extension Card {
    /// Installs a profile package as the first one of the card: its file system, codes and parameters, and, on a card
    /// with an issuer security domain, its security domains, applications and remote file management. A package that is
    /// aborted leaves the image as before, octet for octet.
    ///
    /// - Parameter segments: the package, parted in any way.
    /// - Returns: whether the profile is installed, and the EUICCResponse.
    public mutating func install(profilePackage segments: [[UInt8]]) -> (isInstalled: Bool, response: [UInt8]) {
        // A card that has not been powered on does not know its registry yet.
        runtime.reset(system)
        var installer = ProfileInstaller()
        for segment in segments {
            _ = segment.withUnsafeBytes { installer.push(OctetView($0), to: &self) }
        }
        let isInstalled = installer.close() == .finished
        if isInstalled { system.memory.commit() } else { system.discard() }
        runtime.reset(system)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: ProfileInstaller.responseLimit, alignment: 8)
        defer { buffer.deallocate() }
        var writer = OctetWriter(buffer)
        installer.appendResponse(to: &writer)
        return (isInstalled, writer.view.array)
    }
}

/// The file system of a profile is that of the platform.
extension Card: ProfileTarget {
    /// Makes a file that has the owner of its parent.
    public mutating func createFile(
        _ parameters: FileParameters,
        parent: ObjectReference?
    ) throws(StatusWord) -> ObjectReference {
        try system.createFile(parameters, parent: parent, owner: nil)
    }

    /// The file with an identifier in a DF.
    public func child(of directory: ObjectReference, fileIdentifier: UInt16) -> ObjectReference? {
        system.child(fileIdentifier, of: directory)
    }

    /// The ADF with a DF name.
    public func application(dfName: OctetView) -> ObjectReference? {
        system.application(named: dfName)
    }

    /// What the interpreter needs to know of a file that exists.
    public func layout(of file: ObjectReference) -> FileLayout? {
        system.description(of: file).map { file in
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
        try system.fill(file, at: Int(offset), octets)
    }

    /// Gives a context its PIN codes or unblocking codes.
    public mutating func createCodes(
        _ kind: CodeKind,
        context: ObjectReference,
        sharedWith: ObjectReference?,
        entries: OctetView
    ) throws(StatusWord) {
        try system.createCodes(
            entries: entries,
            areUnblocking: kind == .puk,
            for: context,
            sharedWith: sharedWith
        )
    }

    /// Gives an application its parameters for authentication.
    public mutating func storeAuthenticationParameters(
        _ members: OctetView,
        application: ObjectReference
    ) throws(StatusWord) {
        try system.storeAuthenticationParameters(members, application: application)
    }

    /// Keeps the CDMA parameters of an application.
    public mutating func storeCDMAParameters(
        _ members: OctetView,
        application: ObjectReference
    ) throws(StatusWord) {
        try system.store(.cdmaParameters, of: application, members)
    }

    /// Keeps the profile header.
    public mutating func storeProfileHeader(_ members: OctetView) throws(StatusWord) {
        try system.store(.profileHeader, of: nil, members)
    }

    /// Makes registry entries for the network access applications.
    ///
    /// - Throws: 6A8A where another application has the AID of one; 6A84 where memory is short.
    public mutating func complete() throws(StatusWord) {
        try runtime.open.registerNetworkAccess(on: &system)
    }
}
