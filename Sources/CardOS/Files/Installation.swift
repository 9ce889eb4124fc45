import Memory
import Octets

// What the profile package interpreter does to the card, beside `createFile(_:parent:owner:)`.

extension UICC {
    /// The file with `identifier` in `directory`, or among the children that a link to a DF shows.
    public func child(_ identifier: UInt16, of directory: ObjectReference) -> ObjectReference? {
        guard let file = File(directory, in: memory) else { return nil }
        return files.child(identifier, of: file.link ?? directory, in: memory)?.reference
    }

    /// The ADF with the DF name `name`.
    public func application(named name: OctetView) -> ObjectReference? {
        do throws(StatusWord) {
            return try application(named: name, from: 0, isWhole: true)?.file.reference
        } catch {
            return nil
        }
    }

    /// The file at `reference`; nil where none is.
    public func description(of reference: ObjectReference) -> File? {
        File(reference, in: memory)
    }

    /// Overwrites the body of the EF at `reference` from `offset` on, whatever its access rules say.
    ///
    /// - Throws: 6581 where the octets do not fit.
    public mutating func fill(_ reference: ObjectReference, at offset: Int, _ octets: OctetView) throws(StatusWord) {
        let file = try file(reference)
        try writeBody(of: file, at: offset, octets)
        if file.structure == .berTLV, offset + octets.count > file.usedSize {
            try set(.usedSize(offset + octets.count), of: file)
        }
    }

    /// Gives the MF, ADF or DF `context` codes, entries of 16 octets as docs/memory-image.md section 7.2 has them, or
    /// lets it use those of `origin`.
    ///
    /// - Throws: 6A84 where memory is short.
    public mutating func createCodes(
        entries: OctetView,
        areUnblocking: Bool,
        for context: ObjectReference,
        sharedWith origin: ObjectReference?
    ) throws(StatusWord) {
        let object = try memory.allocate(
            areUnblocking ? .unblockingCodes : .pinCodes,
            owner: memory.owner(of: context),
            length: CodeTable.headerSize + entries.count
        )
        try writeNumber(context.page, to: object, at: 0)
        try writeNumber(origin?.page ?? File.noObject, to: object, at: 4)
        try memory.write(object, at: CodeTable.headerSize, entries)
        codes.refresh(from: memory)
    }

    /// Keeps what a profile package says of an application, or (nil) of the profile.
    ///
    /// - Throws: 6A84 where memory is short.
    public mutating func store(
        _ kind: ObjectKind,
        of application: ObjectReference?,
        _ members: OctetView
    ) throws(StatusWord) {
        let headerSize = application == nil ? 0 : 4
        let owner = application.map { memory.owner(of: $0) } ?? .card
        let object = try memory.allocate(kind, owner: owner, length: headerSize + members.count)
        if let application { try writeNumber(application.page, to: object, at: 0) }
        try memory.write(object, at: headerSize, members)
    }

    private mutating func writeNumber(_ number: UInt32, to object: ObjectReference, at offset: Int) throws(StatusWord) {
        try (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(24 - $0 * 8)) }.withView {
            (view) throws(StatusWord) in try memory.write(object, at: offset, view)
        }
    }

    /// Takes back everything that has not been committed.
    public mutating func discard() {
        rollBack()
    }
}
