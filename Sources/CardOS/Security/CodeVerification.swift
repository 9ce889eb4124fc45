import Memory
import Octets

/// Compares codes, parameters and a suspended session with docs/memory-image.md sections 7.2 to 8. Any octets are read
/// to the end, and nothing traps.
struct CodeVerification {
    private(set) var defects: [ImageDefect] = []
    private let files: FileVerification
    private var objects: [Object] = []
    /// The codes that PINs can name.
    private var references: Set<CodeName> = []
    /// The PINs that a session can have verified.
    private var pins: Set<PIN> = []
    /// The contexts that have PIN codes of their own.
    private var origins: Set<UInt32> = []
    /// The contexts that have an object of a kind, and the owners that have a profile header.
    private var holders: Set<Holder> = []

    private struct Object {
        let reference: ObjectReference
        let kind: ObjectKind
        let owner: UInt8
        let content: [UInt8]
        let pages: [Int]

        /// The offset in the image of the octet at `index` of the content, or of the end of the object.
        func imageOffset(at index: Int) -> Int {
            let position = min(index + 4, max(1, pages.count) * Geometry.pageSize - 1)
            let page = pages.isEmpty ? Int(reference.page) : pages[position / Geometry.pageSize]
            return page * Geometry.pageSize + position % Geometry.pageSize
        }
    }

    private struct CodeName: Hashable {
        let owner: UInt8
        let isUnblocking: Bool
        let reference: UInt8
    }

    private struct PIN: Hashable {
        let object: UInt32
        let reference: UInt8
    }

    private struct Holder: Hashable {
        let kind: ObjectKind
        let number: UInt32
    }

    /// Reads all objects that are not files.
    init(_ files: FileVerification, _ memory: borrowing Memory) {
        self.files = files
        let kinds: [ObjectKind] = [
            .pinCodes, .unblockingCodes, .authenticationParameters, .cdmaParameters, .suspendedSession, .profileHeader,
        ]
        var reading = ReadingLimit(memory)
        for kind in kinds {
            var next = memory.firstObject(of: kind)
            while let reference = next {
                if let content = reading.content(reference, 0, memory.length(of: reference), memory) {
                    objects.append(
                        Object(
                            reference: reference,
                            kind: kind,
                            owner: memory.owner(of: reference).number,
                            content: content,
                            pages: memory.pages(of: reference)
                        )
                    )
                }
                next = memory.firstObject(of: kind, from: reference.page + 1)
            }
        }
        for object in objects where object.kind == .pinCodes || object.kind == .unblockingCodes {
            let isUnblocking = object.kind == .unblockingCodes
            for index in Self.entries(of: object.content) {
                let reference = object.content[index]
                references.insert(CodeName(owner: object.owner, isUnblocking: isUnblocking, reference: reference))
                if !isUnblocking { pins.insert(PIN(object: object.reference.page, reference: reference)) }
            }
            let isOwn = !isUnblocking && object.content.number(at: 4) == File.noObject
            if isOwn, let context = object.content.number(at: 0) { origins.insert(context) }
        }
    }

    /// Where the entries start: as many as there are key references, and one more, which names one twice.
    private static func entries(of content: [UInt8]) -> StrideThrough<Int> {
        let end = min(content.count, CodeTable.headerSize + 257 * CodeTable.entrySize)
        return stride(from: CodeTable.headerSize, through: end - CodeTable.entrySize, by: CodeTable.entrySize)
    }

    private mutating func note(_ reason: ImageDefect.Reason, _ object: Object, at index: Int) {
        defects.append(ImageDefect(offset: object.imageOffset(at: index), reason: reason))
    }

    /// Checks each object.
    mutating func check(_ memory: borrowing Memory) {
        for object in objects {
            switch object.kind {
            // Those of the registry: GlobalPlatform verifies them.
            case .file, .registryEntry, .keySet, .loadFile, .applicationData: break
            case .pinCodes, .unblockingCodes: checkCodes(object, memory)
            case .authenticationParameters: checkAuthentication(object)
            case .cdmaParameters, .profileHeader: checkParameters(object)
            case .suspendedSession: checkSession(object)
            }
        }
    }

    // MARK: Section 7.2

    private mutating func checkCodes(_ object: Object, _ memory: borrowing Memory) {
        guard let context = object.content.number(at: 0), let origin = object.content.number(at: 4) else {
            return note(.codes, object, at: 0)
        }
        let isNew = holders.insert(Holder(kind: object.kind, number: context)).inserted
        if !isNew || !files.isDirectory(ObjectReference(page: context)) { note(.codesContext, object, at: 0) }
        if object.kind == .pinCodes, origin != File.noObject, !origins.contains(origin) {
            note(.codesContext, object, at: 4)
        }
        if (object.content.count - CodeTable.headerSize) % CodeTable.entrySize != 0 {
            note(.codes, object, at: CodeTable.headerSize)
        }
        var seen: Set<UInt8> = []
        for index in Self.entries(of: object.content) {
            let entry = object.content[index..<index + CodeTable.entrySize]
            if !seen.insert(object.content[index]).inserted { note(.codes, object, at: index) }
            checkCode(object, [UInt8](entry), at: index, memory)
        }
    }

    private mutating func checkCode(_ object: Object, _ entry: [UInt8], at index: Int, _ memory: borrowing Memory) {
        if entry[2] & 0x0F > entry[2] >> 4 { note(.codes, object, at: index + 2) }
        if memory.geometry.isKnownVersion, entry[5..<8] != [0xFF, 0xFF, 0xFF] {
            note(.codes, object, at: index + 5)
        }
        if object.kind == .unblockingCodes {
            if entry[1] != 0 || entry[3] != 0 || entry[4] != 0 { note(.codes, object, at: index + 1) }
            return
        }
        for (field, isUnblocking) in [(3, true), (4, false)] where entry[field] != 0 {
            let name = CodeName(owner: object.owner, isUnblocking: isUnblocking, reference: entry[field])
            if !references.contains(name) { note(.codeReference, object, at: index + field) }
        }
    }

    // MARK: Sections 7.3 and 7.5

    private mutating func checkAuthentication(_ object: Object) {
        let content = object.content
        guard let context = content.number(at: 0) else { return note(.parameters, object, at: 0) }
        if !files.isApplication(ObjectReference(page: context)) { note(.parameters, object, at: 0) }
        let origin = content.number(at: 4) ?? File.noObject
        guard content.count == (origin == File.noObject ? 453 : 9) else { return note(.parameters, object, at: 0) }
        guard origin == File.noObject else {
            if !files.isApplication(ObjectReference(page: origin)) { note(.parameters, object, at: 4) }
            return
        }
        if !(1...3).contains(content[8]) { note(.parameters, object, at: 8) }
        if content[12] != 16, content[12] != 32 { note(.parameters, object, at: 12) }
        if content[372] != 0xFF, !(32...64).contains(content[372]) { note(.parameters, object, at: 372) }
    }

    private mutating func checkParameters(_ object: Object) {
        var start = 0
        if object.kind == .profileHeader {
            let holder = Holder(kind: .profileHeader, number: UInt32(object.owner))
            if !holders.insert(holder).inserted { note(.parameters, object, at: 0) }
        } else {
            guard let context = object.content.number(at: 0) else { return note(.parameters, object, at: 0) }
            if !files.isApplication(ObjectReference(page: context)) { note(.parameters, object, at: 0) }
            start = 4
        }
        if let wrong = [UInt8](object.content[start...]).firstWrongDataObject {
            note(.parameters, object, at: start + wrong)
        }
    }

    // MARK: Sections 7.4 and 8

    private static let channelSize = 16
    private static let verifiedSize = 8

    private mutating func checkSession(_ object: Object) {
        let content = object.content
        let start = 9
        guard content.count >= start else { return note(.session, object, at: 8) }
        let channelsEnd = start + Int(content[8]) * Self.channelSize
        guard content.count >= channelsEnd, (content.count - channelsEnd) % Self.verifiedSize == 0 else {
            return note(.session, object, at: 8)
        }
        var channels: Set<UInt8> = []
        for index in stride(from: start, to: channelsEnd, by: Self.channelSize) {
            if !channels.insert(content[index]).inserted { note(.session, object, at: index) }
            if content[index + 2] & 0xFE != 0 || content[index + 3] != 0 { note(.session, object, at: index + 2) }
            let named = [4, 8, 12].map { content.number(at: index + $0) ?? File.noObject }
            if !files.isDirectory(ObjectReference(page: named[0])) { note(.session, object, at: index + 4) }
            let elementaryFile = files.file(ObjectReference(page: named[1]))
            if named[1] != File.noObject, elementaryFile?.isDirectory != false {
                note(.session, object, at: index + 8)
            }
            if named[2] != File.noObject, !files.isApplication(ObjectReference(page: named[2])) {
                note(.session, object, at: index + 12)
            }
        }
        for index in stride(from: channelsEnd, to: content.count, by: Self.verifiedSize) {
            let pin = content.number(at: index).map { PIN(object: $0, reference: content[index + 4]) }
            if pin.map({ pins.contains($0) }) != true { note(.session, object, at: index) }
            if content[index + 5..<index + 8] != [0, 0, 0] { note(.session, object, at: index + 5) }
        }
    }
}

extension [UInt8] {
    /// The big-endian 32-bit number at `index`; nil where it does not fit.
    fileprivate func number(at index: Int) -> UInt32? { withView { $0.uint32(at: index) } }
}

extension UICC {
    /// What is wrong with the contents of the objects in `memory`, in the order of the offsets: files, codes, parameters,
    /// a suspended session; and what is worth a remark (`ImageDefect.Reason.isRemark`). Empty for a right card.
    public static func defects(in memory: borrowing Memory) -> [ImageDefect] {
        var files = FileVerification(memory)
        files.check(memory)
        var codes = CodeVerification(files, memory)
        codes.check(memory)
        return (files.defects + codes.defects).sorted { $0.offset < $1.offset }
    }

    /// The ADFs in `memory`, which may hold any octets, with their DF names; an empty name where none can be read.
    package static func applications(in memory: borrowing Memory) -> [ObjectReference: [UInt8]] {
        var files = FileVerification(memory)
        return files.applications(memory)
    }
}
