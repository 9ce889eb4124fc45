import ArgumentParser
import CardOS
import Octets

struct FileSystemCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fs",
        abstract: "Looks into the file system of an image, without access rules and without a change.",
        discussion: """
            veuicc fs tree --image card.img
            veuicc fs read ADF.USIM/EF.IMSI --image card.img
            """,
        subcommands: [Tree.self, Read.self]
    )

    struct Tree: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows all files.",
            discussion: """
                veuicc fs tree --image card.img

                Type: MF, ADF, DF, TR transparent, LF linear fixed, CY cyclic, BT BER-TLV. Access: the EF.ARR and its \
                record. A link shows size and structure of the file that it leads to.
                """
        )

        @Option(help: "The image file of the card.")
        var image: String

        @Flag(help: "One JSON array, with an object for each file.")
        var json = false

        func run() throws {
            let tree = try inspect(image: image) { system in try FileTree(of: system, image: image) }
            if json {
                try Output.json(tree.nodes.map(FileLine.init), indented: true)
            } else {
                try TreePicture(tree).lines.forEach { try Output.line($0) }
            }
        }
    }

    struct Read: ParsableCommand {
        enum Format: String, EnumerableFlag {
            case hex, raw, json

            static func help(for value: Format) -> ArgumentHelp? {
                switch value {
                case .hex: "Hexadecimal digits, a line for each record (default)."
                case .raw: "The octets themselves."
                case .json: "A JSON object."
                }
            }
        }

        static let configuration = CommandConfiguration(
            abstract: "Shows the content of one EF.",
            discussion: """
                veuicc fs read 3F00/2FE2 --image card.img
                veuicc fs read ADF.USIM/EF.IMSI --image card.img
                veuicc fs read MF/EF.DIR --record 1 --image card.img
                veuicc fs read 3F00/ADF.A0000000871002/6F07 --raw --image card.img
                """
        )

        @Argument(help: "The path: file identifiers, names, ADF. and the start of an AID; 3F00 may be left out.")
        var path: String

        @Option(help: "The image file of the card.")
        var image: String

        @Option(help: "Only this record, counted from 1.")
        var record: Int?

        @Flag
        var format = Format.hex

        func run() throws {
            let (node, body) = try inspect(image: image) { system in
                let node = try FileTree(of: system, image: image).find(path, image: image)
                guard !node.shown.isDirectory else {
                    throw Failure(.data, description: "\(image): \(node.path) is no EF, but of type \(node.type)")
                }
                do throws(StatusWord) {
                    return (node, try system.inspectBody(of: node.file.reference))
                } catch {
                    throw Failure(.data, description: "\(image): \(node.path): its object does not have its body")
                }
            }
            let wanted = try pieces(of: body, in: node)
            switch format {
            case .raw: try Output.octets(Array(wanted.joined()))
            case .hex: try wanted.forEach { try Output.line(Hex.string($0)) }
            case .json:
                let records = node.shown.recordLength > 0 ? wanted.map { Hex.string($0) } : nil
                let whole = records == nil ? Hex.string(body) : nil
                try Output.json(
                    Content(path: node.path, name: node.name, record: record, body: whole, records: records)
                )
            }
        }

        /// The records, or the one that is wanted; of other files the whole body.
        private func pieces(of body: [UInt8], in node: FileNode) throws(Failure) -> [ArraySlice<UInt8>] {
            let length = node.shown.recordLength
            guard length > 0 else {
                guard record == nil else {
                    throw Failure(.data, description: "\(image): \(node.path) is an EF without records")
                }
                return [body[...]]
            }
            let records = stride(from: 0, to: body.count, by: length).map { body[$0..<min($0 + length, body.count)] }
            guard let record else { return records }
            guard (1...max(1, records.count)).contains(record), record <= records.count else {
                let count = records.count
                throw Failure(.noInput, description: "\(image): \(node.path) has no record \(record), but \(count)")
            }
            return [records[record - 1]]
        }
    }
}

/// A file in JSON, with the names that tools/image-reader.py uses.
struct FileLine: Encodable {
    let path, type, descriptor, lifeCycle, state, special, attributes: String
    let name, accessRule, link: String?
    let size, recordLength, records, used, sfi, owner, object: Int

    init(_ node: FileNode) {
        let file = node.file
        path = node.path
        name = node.name
        type = node.type
        descriptor = Hex.string([file.descriptor])
        lifeCycle = Hex.string([file.lifeCycleStatus])
        state = file.lifeCycleName
        special = Hex.string([file.specialFileInformation])
        attributes = Hex.string(file.attributes ?? [])
        accessRule = node.accessRule
        link = node.linkPath
        size = node.shown.size
        recordLength = node.shown.recordLength
        records = node.shown.records
        used = node.shown.usedSize
        sfi = Int(file.shortFileIdentifier)
        owner = Int(file.owner.number)
        object = Int(file.reference.page)
    }
}

/// What `fs read` shows in JSON.
private struct Content: Encodable {
    let path: String
    let name: String?
    let record: Int?
    let body: String?
    let records: [String]?
}

/// The tree with a line for each file, and columns for what is to be known of it.
struct TreePicture {
    private(set) var lines: [String] = []

    init(_ tree: FileTree) {
        var rows = [["file", "type", "size", "sfi", "state", "access", "link"]]
        var openDirectories: [Bool] = []
        for node in tree.nodes {
            openDirectories.removeLast(max(0, openDirectories.count - node.depth))
            var label = openDirectories.dropFirst().map { $0 ? "│   " : "    " }.joined()
            if node.depth > 0 { label += node.isLast ? "└── " : "├── " }
            openDirectories.append(!node.isLast)
            label += node.name.map { "\(node.component) \($0)" } ?? String(node.component)
            rows.append([
                label, node.type, Self.size(of: node.shown), Self.shortFileIdentifier(of: node.file),
                node.file.lifeCycleName, node.accessRule ?? "", node.linkPath.map { "-> \($0)" } ?? "",
            ])
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        lines = rows.map { row in
            let cells = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }

    private static func size(of file: InspectedFile) -> String {
        switch file.structure {
        case .directory: ""
        case .linearFixed, .cyclic: "\(file.records)x\(file.recordLength)"
        case .berTLV: "\(file.usedSize)/\(file.size)"
        default: "\(file.size)"
        }
    }

    private static func shortFileIdentifier(of file: InspectedFile) -> String {
        file.shortFileIdentifier == 0 ? "" : Hex.string([file.shortFileIdentifier])
    }
}
