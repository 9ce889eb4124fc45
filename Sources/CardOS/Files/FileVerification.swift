import Memory
import Octets

/// Compares the files of an image with docs/memory-image.md section 7.1: headers, parents, names, attributes, bodies,
/// links. Any octets are read to the end, and nothing traps.
struct FileVerification {
    private(set) var defects: [ImageDefect] = []
    /// All files, in the order of their objects.
    private var files: [File] = []
    private var numbers: [UInt32: Int] = [:]
    /// The first file with each name.
    private var names: [Name: Int] = [:]
    private var standings: [Standing] = []
    private var reading: ReadingLimit

    /// A name that only one file may have.
    private enum Name: Hashable {
        case masterFile(owner: UInt8)
        case child(of: UInt32, identifier: UInt16)
        case short(of: UInt32, identifier: UInt8)
        case application(of: UInt32, name: [UInt8])
    }

    /// Whether the parents of a file lead to an MF.
    private enum Standing {
        case unknown
        case underWay
        case below
        case ring
    }

    /// Reads all file objects.
    init(_ memory: borrowing Memory) {
        reading = ReadingLimit(memory)
        var next = memory.firstObject(of: .file)
        while let reference = next {
            if let file = File(unchecked: reference, in: memory) {
                numbers[reference.page] = files.count
                files.append(file)
            } else {
                note(.file, reference, at: 0, memory)
            }
            next = memory.firstObject(of: .file, from: reference.page + 1)
        }
        standings = [Standing](repeating: .unknown, count: files.count)
    }

    /// The file at `reference`; nil where none is.
    func file(_ reference: ObjectReference) -> File? { numbers[reference.page].map { files[$0] } }

    func isDirectory(_ reference: ObjectReference) -> Bool { file(reference)?.isDirectory ?? false }

    func isApplication(_ reference: ObjectReference) -> Bool { file(reference)?.isApplication ?? false }

    /// The ADFs, with their DF names; an empty one where none can be read.
    mutating func applications(_ memory: borrowing Memory) -> [ObjectReference: [UInt8]] {
        var names: [ObjectReference: [UInt8]] = [:]
        for file in files where file.isApplication && file.parent != nil {
            let attributes = reading.content(file.reference, File.headerSize, file.attributesLength, memory)
            names[file.reference] = attributes?.withView { OctetCursor($0).firstValue(0x84)?.array } ?? []
        }
        return names
    }

    private mutating func note(
        _ reason: ImageDefect.Reason,
        _ reference: ObjectReference,
        at index: Int,
        _ memory: borrowing Memory
    ) {
        defects.append(ImageDefect(offset: memory.imageOffset(of: reference, at: index), reason: reason))
    }

    /// Checks each file.
    mutating func check(_ memory: borrowing Memory) {
        for number in files.indices {
            checkPlace(number, memory)
            checkHeader(files[number], memory)
            if let attributes = checkAttributes(files[number], memory) { checkName(number, attributes, memory) }
            if files[number].link == nil { checkBody(files[number], memory) } else { checkLink(files[number], memory) }
        }
        for file in files { checkAccessRules(file, memory) }
    }

    // MARK: Where the file stands

    private mutating func checkPlace(_ number: Int, _ memory: borrowing Memory) {
        let file = files[number]
        if let parent = file.parent {
            let directory = self.file(parent)
            if directory?.isDirectory != true || directory?.link != nil || standing(of: number) == .ring {
                note(.fileParent, file.reference, at: 0, memory)
            }
        } else if !file.isDirectory {
            note(.fileParent, file.reference, at: 0, memory)
        } else if file.fileIdentifier != File.masterFileIdentifier {
            note(.masterFile, file.reference, at: 4, memory)
        }
        if !file.isDirectory, file.fileIdentifier == File.noIdentifier {
            note(.fileIdentifier, file.reference, at: 4, memory)
        }
    }

    /// Follows the parents of the file, each only once for all files.
    private mutating func standing(of number: Int) -> Standing {
        var way: [Int] = []
        var place = number
        while standings[place] == .unknown {
            standings[place] = .underWay
            way.append(place)
            guard let parent = files[place].parent.flatMap({ numbers[$0.page] }) else {
                standings[place] = .below
                break
            }
            place = parent
        }
        let end: Standing = standings[place] == .below ? .below : .ring
        for passed in way { standings[passed] = end }
        return standings[number]
    }

    private mutating func checkName(_ number: Int, _ attributes: [UInt8], _ memory: borrowing Memory) {
        let file = files[number]
        let owner = memory.owner(of: file.reference).number
        guard let parent = file.parent?.page else {
            claim(.masterFile(owner: owner), number, .masterFile, at: 4, memory)
            return
        }
        if file.isApplication {
            let name = attributes.withView { OctetCursor($0).firstValue(0x84)?.array ?? [] }
            if name.isEmpty { note(.fileIdentifier, file.reference, at: 4, memory) }
            claim(.application(of: parent, name: name), number, .fileIdentifier, at: 4, memory)
        } else {
            claim(.child(of: parent, identifier: file.fileIdentifier), number, .fileIdentifier, at: 4, memory)
        }
        if file.shortFileIdentifier != 0 {
            let name = Name.short(of: parent, identifier: file.shortFileIdentifier)
            claim(name, number, .fileIdentifier, at: 8, memory)
        }
    }

    private mutating func claim(
        _ name: Name,
        _ number: Int,
        _ reason: ImageDefect.Reason,
        at index: Int,
        _ memory: borrowing Memory
    ) {
        if names[name] == nil { names[name] = number } else { note(reason, files[number].reference, at: index, memory) }
    }

    // MARK: Header and attributes

    private mutating func checkHeader(_ file: File, _ memory: borrowing Memory) {
        if file.structure == nil { note(.file, file.reference, at: 6, memory) }
        if file.shortFileIdentifier > 30 || file.isDirectory && file.shortFileIdentifier != 0 {
            note(.fileIdentifier, file.reference, at: 8, memory)
        }
        if file.isDirectory || file.link != nil, file.size != 0 { note(.fileBody, file.reference, at: 14, memory) }
        guard file.bodyOffset <= memory.length(of: file.reference) else {
            return note(.fileAttributes, file.reference, at: 26, memory)
        }
        if memory.length(of: file.reference) - file.bodyOffset != file.size {
            note(.fileBody, file.reference, at: 14, memory)
        }
    }

    /// - Returns: the attributes, if they can be read.
    private mutating func checkAttributes(_ file: File, _ memory: borrowing Memory) -> [UInt8]? {
        guard let octets = reading.content(file.reference, File.headerSize, file.attributesLength, memory) else {
            return nil
        }
        let isKnownVersion = memory.geometry.isKnownVersion
        let wrong: [Int] = octets.withView { attributes in
            var wrong: [Int] = []
            var seen: [UInt32] = []
            var cursor = OctetCursor(attributes)
            // Four kinds of attributes exist: what is wrong eight times is wrong as a whole.
            while !cursor.isAtEnd, wrong.count < 8 {
                let start = cursor.position
                guard let attribute = cursor.berTLV() else { return wrong + [start] }
                // Only one of the three can hold the security attributes.
                let tag = [0x8C, 0xAB].contains(attribute.tag) ? 0x8B : attribute.tag
                let isUnknown = isKnownVersion && ![0x84, 0x8B, 0xC6, 0xA5].contains(tag)
                let hasWrongName = tag == 0x84 && !(1...16).contains(attribute.value.count)
                if isUnknown || hasWrongName || seen.contains(tag) { wrong.append(start) }
                if seen.count < 8 { seen.append(tag) }
            }
            return wrong
        }
        for index in wrong { note(.fileAttributes, file.reference, at: File.headerSize + index, memory) }
        return octets
    }

    // MARK: Body

    private mutating func checkBody(_ file: File, _ memory: borrowing Memory) {
        switch file.structure {
        case .linearFixed, .cyclic:
            if file.recordLength == 0 || file.size % file.recordLength != 0 {
                note(.fileBody, file.reference, at: 10, memory)
            }
        default: if file.recordLength != 0 { note(.fileBody, file.reference, at: 10, memory) }
        }
        if file.firstRecord != 0, file.structure != .cyclic || file.firstRecord >= file.records {
            note(.fileBody, file.reference, at: 12, memory)
        }
        guard file.structure == .berTLV, file.usedSize <= file.size else {
            if file.usedSize != 0 { note(.fileBody, file.reference, at: 18, memory) }
            return
        }
        let octets = reading.content(file.reference, file.bodyOffset, file.usedSize, memory)
        if let wrong = octets?.firstWrongDataObject {
            note(.fileBody, file.reference, at: file.bodyOffset + wrong, memory)
        }
    }

    private mutating func checkLink(_ file: File, _ memory: borrowing Memory) {
        let target = file.link.flatMap { self.file($0) }
        if target == nil || target?.link != nil || target?.isDirectory != file.isDirectory {
            note(.fileLink, file.reference, at: 22, memory)
        }
    }

    // MARK: Access rules

    /// Looks for the records of EF.ARR that the security attributes name, as a command would.
    private mutating func checkAccessRules(_ file: File, _ memory: borrowing Memory) {
        guard let octets = reading.content(file.reference, File.headerSize, file.attributesLength, memory) else {
            return
        }
        let reference = octets.withView { OctetCursor($0).firstValue(0x8B)?.array }
        guard let reference else { return }
        let isFound = reference.withView { (view) -> Bool in
            guard view.count >= 3, view.count == 3 || view.count % 2 == 0, let identifier = view.uint16(at: 0),
                let rules = accessRules(identifier, above: file), rules.structure == .linearFixed
            else { return false }
            let records = view.count == 3 ? [2] : Array(stride(from: 3, to: view.count, by: 2))
            return records.allSatisfy { index in
                view.octet(at: index).map { $0 >= 1 && Int($0) <= rules.records } ?? false
            }
        }
        if !isFound { note(.accessRules, file.reference, at: File.headerSize, memory) }
    }

    private func accessRules(_ identifier: UInt16, above file: File) -> File? {
        var directory = file.isDirectory ? file : file.parent.flatMap { self.file($0) }
        for _ in 0..<UICC.maximumDepth {
            guard let current = directory else { return nil }
            let place = (current.link ?? current.reference).page
            if let number = names[.child(of: place, identifier: identifier)] {
                return files[number].link.flatMap { self.file($0) } ?? files[number]
            }
            directory = current.parent.flatMap { self.file($0) }
        }
        return nil
    }
}

/// Reads contents, altogether no more than a right image can hold: in a defective one, all objects may have the same
/// pages.
package struct ReadingLimit {
    private var left: Int

    /// Nothing has been read yet.
    package init(_ memory: borrowing Memory) {
        // Attributes are read twice and a body once, with what stands before them.
        left = memory.geometry.size * 8
    }

    /// Whether `count` octets at `offset` of the content of an object may be read yet; they count as read.
    package mutating func allows(_ offset: Int, _ count: Int) -> Bool {
        left -= offset + count + Geometry.pageSize
        return left >= 0
    }

    /// A copy of `count` octets at `offset` of the content of an object; nil where it does not have them.
    package mutating func content(
        _ reference: ObjectReference,
        _ offset: Int,
        _ count: Int,
        _ memory: borrowing Memory
    ) -> [UInt8]? {
        guard allows(offset, count) else { return nil }
        do throws(StatusWord) {
            return try memory.withContent(reference, at: offset, count: count) { (octets) throws(StatusWord) in
                octets.array
            }
        } catch {
            return nil
        }
    }
}

extension [UInt8] {
    /// Where in a list of BER-TLV objects the first thing stands that is none; nil for a right list.
    package var firstWrongDataObject: Int? {
        withView { (view) -> Int? in
            var cursor = OctetCursor(view)
            while !cursor.isAtEnd {
                let start = cursor.position
                guard cursor.berTLV() != nil else { return start }
            }
            return nil
        }
    }
}
