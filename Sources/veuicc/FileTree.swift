import CardOS
import Memory
import Octets
import Trace

/// A file of an image as it is shown: with its path, its name in the standards, and what it links to.
struct FileNode {
    let file: InspectedFile
    /// As docs/memory-image.md names files: `3F00/7F10/6F3A`, `3F00/ADF.A0000000871002/6F07`.
    let path: String
    /// What the standards call it: `EF.IMSI`.
    let name: String?
    /// Where `FileNames` looks for what is below.
    let context: String
    let depth: Int
    /// Whether no file of its directory comes after it.
    let isLast: Bool
    /// The structure, size and records: those of the target of a link.
    let shown: InspectedFile
    let linkPath: String?

    /// The last component of the path.
    var component: Substring { path.split(separator: "/").last ?? "" }

    /// MF, ADF, DF, or the structure of an EF: TR transparent, LF linear fixed, CY cyclic, BT BER-TLV.
    var type: String {
        switch shown.structure {
        case .directory: file.parent == nil ? "MF" : file.isApplication ? "ADF" : "DF"
        case .transparent: "TR"
        case .linearFixed: "LF"
        case .cyclic: "CY"
        case .berTLV: "BT"
        case nil: "??"
        }
    }

    /// The security attributes in short: `2F06:11` for record 11 of the EF.ARR 2F06, with the security environment in
    /// front of each record where there are several; `compact` or `expanded` where the file has rules of its own.
    var accessRule: String? {
        (file.attributes ?? []).withView { view in
            let fields = OctetCursor(view)
            if fields.firstValue(0x8C) != nil { return "compact" }
            if fields.firstValue(0xAB) != nil { return "expanded" }
            guard let reference = fields.firstValue(0x8B), let identifier = reference.uint16(at: 0) else { return nil }
            if reference.count == 3, let record = reference.octet(at: 2) {
                return "\(Hex.string(identifier)):\(record)"
            }
            var pairs = OctetCursor(reference.part(from: 2))
            var records: [String] = []
            while let environment = pairs.octet(), let record = pairs.octet() {
                records.append("\(Hex.string([environment]))=\(record)")
            }
            return "\(Hex.string(identifier)):\(records.joined(separator: ","))"
        }
    }
}

/// The files of an image, in the order of their paths, each directory in front of what is below it.
struct FileTree {
    private(set) var nodes: [FileNode] = []
    /// The nodes below a file, by the page of its object; those of no file under nil.
    private var numbers: [UInt32?: [Int]] = [:]

    /// No image that a card has made is deeper.
    private static let depthLimit = 32

    /// - Throws: `data` where an object is too short for what it says, with `image` as the name of the image.
    init(of system: borrowing UICC, image: String) throws(Failure) {
        let files = system.inspectFiles()
        if let short = files.first(where: { $0.attributes == nil }) {
            let object = short.reference.page
            throw Failure(.data, description: "\(image): the attributes of file #\(object) do not fit into its object")
        }
        let builder = Builder(files: files)
        builder.add(below: nil, to: &self)
    }

    /// The files without a directory: the MF.
    var roots: [FileNode] { (numbers[nil] ?? []).map { nodes[$0] } }

    /// The files that can be selected in `node`: those of its target, if it is a link.
    func children(of node: FileNode) -> [FileNode] {
        (numbers[node.shown.reference.page] ?? []).map { nodes[$0] }
    }

    private struct Builder {
        let byReference: [ObjectReference: InspectedFile]
        let byParent: [ObjectReference?: [InspectedFile]]

        init(files: [InspectedFile]) {
            byReference = Dictionary(files.map { ($0.reference, $0) }) { first, _ in first }
            byParent = Dictionary(grouping: files) { $0.parent }
        }

        func dfName(of file: InspectedFile) -> [UInt8] {
            (file.attributes ?? []).withView { OctetCursor($0).firstValue(0x84)?.array } ?? []
        }

        func component(of file: InspectedFile) -> String {
            file.isApplication ? "ADF." + Hex.string(dfName(of: file)) : Hex.string(file.fileIdentifier)
        }

        /// The path of any file, up to its MF.
        func path(of file: InspectedFile) -> String {
            var components = [component(of: file)]
            var place = file
            while components.count < FileTree.depthLimit, let next = place.parent.flatMap({ byReference[$0] }) {
                components.append(component(of: next))
                place = next
            }
            return components.reversed().joined(separator: "/")
        }

        func add(below parent: FileNode?, to tree: inout FileTree) {
            guard parent.map({ $0.depth < FileTree.depthLimit }) ?? true else { return }
            let children = (byParent[parent?.file.reference] ?? []).map { (component: component(of: $0), file: $0) }
                .sorted { ($0.component, $0.file.reference.page) < ($1.component, $1.file.reference.page) }
            for (index, child) in children.enumerated() {
                let node = node(child.file, child.component, parent, isLast: index == children.count - 1)
                tree.numbers[parent?.file.reference.page, default: []].append(tree.nodes.count)
                tree.nodes.append(node)
                add(below: node, to: &tree)
            }
        }

        private func node(_ file: InspectedFile, _ component: String, _ parent: FileNode?, isLast: Bool) -> FileNode {
            let target = file.link.flatMap { byReference[$0] }
            let name: String?
            let context: String
            if file.isApplication {
                name = FileNames.application(dfName(of: file))
                context = name ?? component
            } else {
                name = parent.map { FileNames.name(of: file.fileIdentifier, in: $0.context) } ?? "MF"
                context = parent.map { $0.context == "MF" ? component : "\($0.context)/\(component)" } ?? "MF"
            }
            return FileNode(
                file: file,
                path: parent.map { "\($0.path)/\(component)" } ?? component,
                name: name,
                context: context,
                depth: parent.map { $0.depth + 1 } ?? 0,
                isLast: isLast,
                shown: target ?? file,
                linkPath: file.link.map { link in byReference[link].map { path(of: $0) } ?? "#\(link.page)" }
            )
        }
    }
}

/// Finding a file by a path that a user has written.
extension FileTree {
    /// The file at `path`. Its components are file identifiers, names (`EF.IMSI`, `ADF.USIM`), or `ADF.` and a DF name or
    /// how one starts; the MF, `3F00` or `MF`, may be left out in front. Links to a DF are passed through.
    ///
    /// - Throws: `noInput` with the component that is missing; `data` where several files have the name.
    func find(_ path: String, image: String) throws(Failure) -> FileNode {
        let components = path.split(separator: "/")
        guard !components.isEmpty else { throw Failure(.usage, description: "\"\(path)\" is no path of a file") }
        guard var node = roots.first else { throw Failure(.noInput, description: "\(image): there is no MF") }
        let start = matches(components[0], among: [node]).isEmpty ? 0 : 1
        for component in components[start...] {
            let children = children(of: node)
            guard node.shown.isDirectory else {
                let place = described(node)
                throw Failure(
                    .noInput,
                    description: "\(image): \(path): \(place) is an EF, there is no \(component) in it"
                )
            }
            let found = matches(component, among: children)
            guard let next = found.first else {
                throw Failure(
                    .noInput,
                    description: "\(image): \(path): there is no \(component) in \(described(node))"
                )
            }
            guard found.count == 1 else {
                let list = found.map { String($0.component) }.joined(separator: ", ")
                let place = described(node)
                throw Failure(.data, description: "\(image): \(path): in \(place) several are \(component): \(list)")
            }
            node = next
        }
        return node
    }

    private func described(_ node: FileNode) -> String {
        node.name.map { "\(node.path) (\($0))" } ?? node.path
    }

    private func matches(_ component: Substring, among nodes: [FileNode]) -> [FileNode] {
        let text = component.uppercased()
        let exact = nodes.filter { $0.component == text }
        if !exact.isEmpty { return exact }
        return nodes.filter { node in
            node.name?.uppercased() == text
                || (node.file.isApplication && text.count > 4 && node.component.hasPrefix(text))
        }
    }
}
