import Card
import CardOS
import ImageFile
import Memory
import Octets

/// What an image holds, page by page and object by object, as the next power-on would leave it. A copy, which outlives
/// the image; any octets are read to the end, whatever is wrong with them.
struct ImageContents {
    /// One of the regions of docs/memory-image.md section 2.
    struct Region {
        enum Name: String {
            case superblock
            case ownerTable = "owner table"
            case journal
            case pageTable = "page table"
            case data
        }

        let name: Name
        /// Its pages.
        let pages: Range<Int>

        var offset: Int { pages.lowerBound * Geometry.pageSize }
        var size: Int { pages.count * Geometry.pageSize }
    }

    /// An entry of the owner table.
    struct OwnerShare {
        let owner: Owner
        let parent: Owner?
        let quota: Int?
        let reserved: Int
        let used: Int
    }

    /// An object with its pages in their order.
    struct Object {
        let reference: ObjectReference
        /// The kind as the page table has it: it may be one that this program does not know.
        let kind: UInt8
        let owner: Owner
        let pages: [Int]
        let content: [UInt8]

        /// Where octet `index` of the content stands in the image.
        func imageOffset(of index: Int) -> Int {
            let position = index + ImageContents.lengthSize
            guard pages.indices.contains(position / Geometry.pageSize) else { return 0 }
            return pages[position / Geometry.pageSize] * Geometry.pageSize + position % Geometry.pageSize
        }

        func number(at index: Int, width: Int = 4) -> Int {
            guard index >= 0, content.count >= index + width else { return 0 }
            return content[index..<index + width].reduce(0) { $0 << 8 | Int($1) }
        }

        /// The object whose number stands at `index`; nil for none.
        func object(at index: Int) -> ObjectReference? {
            let page = number(at: index)
            return page == Int(UInt32.max) ? nil : ObjectReference(page: UInt32(page))
        }
    }

    /// What a page is used for.
    enum PageUse: Equatable {
        case region(Region.Name)
        /// The object with that index has it.
        case object(Int)
        case free
        /// In use, but by no object: such an image is defective.
        case stray
    }

    static let lengthSize = 4
    private static let noNextPage = 0x3_FFFF

    let geometry: Geometry
    /// The journal as the image has it, before the power-on.
    let journal: Memory.JournalState
    /// How many defects there are.
    let defects: Int
    let octets: [UInt8]
    let regions: [Region]
    let owners: [OwnerShare]
    /// In the order of their first pages.
    let objects: [Object]
    let pages: [PageUse]
    /// The files, in the order of their paths.
    let nodes: [FileNode]
    /// The files by the page of their object.
    private let nodeNumbers: [UInt32: Int]
    private let objectNumbers: [UInt32: Int]
    /// How many files of a directory have a name.
    private let nameCounts: [SiblingName: Int]

    private struct SiblingName: Hashable {
        let directory: ObjectReference?
        let name: String
    }

    /// Reads the image file at `path`.
    ///
    /// - Throws: what is in the way of the file, or wrong with its superblock or its journal.
    init(file path: String) throws {
        let base = try BaseImage(file: path)
        defer { withExtendedLifetime(base) {} }
        try self.init(of: base.octets, named: path)
    }

    /// - Throws: what is wrong with the superblock or the journal.
    init(of image: UnsafeRawBufferPointer, named path: String) throws(Failure) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: image.count, alignment: Geometry.pageSize)
        defer { copy.deallocate() }
        copy.copyMemory(from: image)
        do throws(ImageDefect) {
            journal = try Memory.journalState(of: image)
            defects = Card.defects(of: image).count { !$0.reason.isRemark }
            let memory = try Memory(inspecting: copy)
            geometry = memory.geometry
            owners = (UInt8(0)...254).compactMap { number in
                let owner = Owner(number: number)
                guard memory.exists(owner) else { return nil }
                return OwnerShare(
                    owner: owner,
                    parent: memory.parent(of: owner),
                    quota: memory.quota(of: owner).map { Int($0) },
                    reserved: memory.reserved(of: owner),
                    used: memory.usage(of: owner)
                )
            }
            let system = UICC(memory: memory, responseRule: .immediate, seed: [])
            nodes = (try? FileTree(of: system, image: path))?.nodes ?? []
        } catch {
            throw Failure(.data, description: "\(path): \(error)")
        }
        octets = [UInt8](UnsafeRawBufferPointer(copy))
        regions = Self.regions(of: geometry)
        var reading = PageReading(octets, geometry, regions)
        reading.readObjects()
        (objects, pages) = (reading.objects, reading.pages)
        nodeNumbers = Dictionary(nodes.enumerated().map { ($1.file.reference.page, $0) }) { first, _ in first }
        objectNumbers = Dictionary(objects.enumerated().map { ($1.reference.page, $0) }) { first, _ in first }
        nameCounts = nodes.reduce(into: [:]) { counts, node in
            guard let name = node.name else { return }
            counts[SiblingName(directory: node.file.parent, name: name), default: 0] += 1
        }
    }

    private static func regions(of geometry: Geometry) -> [Region] {
        let owners = 1
        let journal = geometry.pageTableFirstPage - geometry.journalPages
        return [
            Region(name: .superblock, pages: 0..<owners),
            Region(name: .ownerTable, pages: owners..<journal),
            Region(name: .journal, pages: journal..<geometry.pageTableFirstPage),
            Region(name: .pageTable, pages: geometry.pageTableFirstPage..<geometry.firstDataPage),
            Region(name: .data, pages: geometry.firstDataPage..<geometry.pageCount),
        ]
    }

    /// Follows the entries of the page table: docs/memory-image.md section 6.
    private struct PageReading {
        let octets: [UInt8]
        let geometry: Geometry
        var objects: [Object] = []
        var pages: [PageUse]

        init(_ octets: [UInt8], _ geometry: Geometry, _ regions: [Region]) {
            self.octets = octets
            self.geometry = geometry
            pages = [PageUse](repeating: .stray, count: geometry.pageCount)
            for region in regions where region.name != .data {
                for page in region.pages { pages[page] = .region(region.name) }
            }
        }

        private func number(at offset: Int) -> Int { octets[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }

        private func entry(_ page: Int) -> Int {
            number(at: geometry.pageTableFirstPage * Geometry.pageSize + 4 * page)
        }

        mutating func readObjects() {
            let data = geometry.firstDataPage..<geometry.pageCount
            var firsts: [Int] = []
            for page in data {
                let entry = entry(page)
                if entry == Int(UInt32.max) { pages[page] = .free } else if entry >> 30 == 1 { firsts.append(page) }
            }
            for (index, first) in firsts.enumerated() {
                pages[first] = .object(index)
                objects.append(object(first))
            }
        }

        /// The object that starts at `first`, with the further pages that no object has yet.
        private mutating func object(_ first: Int) -> Object {
            let head = entry(first)
            let owner = head >> 18 & 0xFF
            var chain = [first]
            var next = head & ImageContents.noNextPage
            while (geometry.firstDataPage..<geometry.pageCount).contains(next), pages[next] == .stray,
                entry(next) >> 30 == 2, entry(next) >> 18 & 0xFF == owner
            {
                pages[next] = .object(objects.count)
                chain.append(next)
                next = entry(next) & ImageContents.noNextPage
            }
            let size = Geometry.pageSize
            let raw = chain.flatMap { octets[$0 * size..<($0 + 1) * size] }
            let length = number(at: first * size)
            return Object(
                reference: ObjectReference(page: UInt32(first)),
                kind: UInt8(head >> 26 & 0x0F),
                owner: Owner(number: UInt8(owner)),
                pages: chain,
                content: Array(raw.dropFirst(ImageContents.lengthSize).prefix(length))
            )
        }
    }
}

/// What the objects are called.
extension ImageContents {
    func object(_ reference: ObjectReference) -> Object? { objectNumbers[reference.page].map { objects[$0] } }

    func node(_ reference: ObjectReference) -> FileNode? { nodeNumbers[reference.page].map { nodes[$0] } }

    /// How many MFs there are: one for the card, or one for each profile.
    var masterFiles: Int { nodes.count { $0.depth == 0 } }

    /// The path of names that people read, and `veuicc fs read` too: `EF.ICCID`, `DF.TELECOM/EF.ADN`. Where a name
    /// stands for several files of a directory, or for none, it is the component of the path.
    func shortPath(of reference: ObjectReference) -> String {
        var components: [String] = []
        var place: ObjectReference? = reference
        while let current = place, components.count < 32 {
            guard let node = node(current) else { return "#\(reference.page)" }
            guard node.depth > 0 || components.isEmpty else { break }
            components.append(shortName(of: node))
            place = node.file.parent
        }
        return components.reversed().joined(separator: "/")
    }

    private func shortName(of node: FileNode) -> String {
        guard let name = node.name else { return String(node.component) }
        let count = nameCounts[SiblingName(directory: node.file.parent, name: name)] ?? 0
        return node.depth > 0 && count > 1 ? String(node.component) : name
    }

    /// What the object is, in words.
    func label(of object: Object) -> String {
        switch ObjectKind(rawValue: object.kind) {
        case .file: shortPath(of: object.reference)
        case .pinCodes: "PIN codes of \(context(of: object))"
        case .unblockingCodes: "unblocking codes of \(context(of: object))"
        case .authenticationParameters: "authentication parameters of \(context(of: object))"
        case .cdmaParameters: "CDMA parameters of \(context(of: object))"
        case .suspendedSession: "suspended session"
        case .profileHeader: "profile header"
        case .registryEntry, .keySet, .loadFile, .applicationData:
            registryLabel(of: object) ?? Self.name(ofKind: object.kind)
        case nil: "object of kind \(object.kind)"
        }
    }

    /// The file that codes or parameters belong to.
    func context(of object: Object) -> String {
        object.object(at: 0).map { shortPath(of: $0) } ?? "none"
    }

    /// The kind as the tables name it.
    static func name(ofKind kind: UInt8) -> String {
        switch ObjectKind(rawValue: kind) {
        case .file: "file"
        case .pinCodes: "PIN codes"
        case .unblockingCodes: "unblocking codes"
        case .authenticationParameters: "authentication"
        case .cdmaParameters: "CDMA"
        case .suspendedSession: "session"
        case .profileHeader: "profile header"
        case .registryEntry: "registry entry"
        case .keySet: "key set"
        case .loadFile: "load file"
        case .applicationData: "application data"
        case nil: "kind \(kind)"
        }
    }

    /// How much of the body of a file is in use; nil for what has no body of its own.
    func fill(of object: Object) -> String? {
        guard object.kind == ObjectKind.file.rawValue, let node = node(object.reference), node.file.link == nil else {
            return nil
        }
        let file = node.file
        let body = object.content.suffix(min(file.size, object.content.count))
        switch file.structure {
        case .directory, nil: return nil
        case .transparent: return "\(body.count { $0 != 0xFF })/\(file.size)"
        case .berTLV: return "\(file.usedSize)/\(file.size)"
        case .linearFixed, .cyclic:
            guard file.recordLength > 0 else { return nil }
            let starts = Array(stride(from: body.startIndex, to: body.endIndex, by: file.recordLength))
            let used = starts.count { body[$0..<min($0 + file.recordLength, body.endIndex)].contains { $0 != 0xFF } }
            return "\(used)/\(file.records) records"
        }
    }
}
