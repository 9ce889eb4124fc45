import ArgumentParser
import CardOS
import ImageFile
import Memory
import Octets

extension ImageCommand {
    struct Map: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows who owns which part of an image and how full it is, as text or as a picture.",
            discussion: """
                veuicc image map card.img
                veuicc image map card.img --svg map.svg

                The image as the next power-on would leave it. "In use" is what is not FF: of a transparent EF octets, of \
                one with records records; of a BER-TLV EF what the data objects take.
                """
        )

        @Argument(help: "The image file.")
        var image: String

        @Option(
            help: ArgumentHelp(
                "Make a picture in this file, instead of the text; - is the standard output.",
                valueName: "file"
            )
        )
        var svg: String?

        @Flag(help: "Show it as JSON.")
        var json = false

        @Flag(help: "Replace a file that is there.")
        var force = false

        func validate() throws {
            guard !json || svg == nil else { throw ValidationError("--json and --svg exclude each other") }
        }

        func run() throws {
            let contents = try ImageContents(file: image)
            if let svg {
                let name = image.split(separator: "/").last.map(String.init) ?? image
                let picture = ImageMapPicture(of: contents, named: name).text
                let file = try ImageExportFile(svg, overwriting: force)
                try file.write(picture.utf8)
                try file.finish()
            } else if json {
                try Output.json(ImageMap(of: contents), indented: true)
            } else {
                try Output.octets(Array((ImageMap(of: contents).lines.joined(separator: "\n") + "\n").utf8))
            }
        }
    }
}

/// Who owns what of an image, and how full it is: what `image map` shows.
struct ImageMap: Encodable {
    struct Share: Encodable {
        let owner: Int
        let parent, quota: Int?
        let reserved, used, pages: Int
        /// How many octets of those pages objects take.
        let filled: Int
        /// How many objects there are, by kind.
        let objects: [String: Int]
    }

    struct Region: Encodable {
        let name: String
        let offset, size, pages, used: Int
        let holds: String
    }

    struct Run: Encodable {
        let page, pages, octets: Int
    }

    struct Line: Encodable {
        let object, owner: Int
        let kind, name: String
        let path: String?
        let pages, octets, filledPercent: Int
        let inUse: String?
    }

    let format: String
    let size: Int
    let pageSize = Geometry.pageSize
    let journal: String
    let defects: Int
    let owners: [Share]
    let regions: [Region]
    let freePages, freeOctets, freeRuns: Int
    let largestFreeRun: Run?
    let objects: [Line]

    init(of contents: ImageContents) {
        format = "\(Geometry.majorVersion).\(contents.geometry.minorVersion)"
        size = contents.geometry.size
        journal = contents.journal.rawValue
        defects = contents.defects
        owners = contents.owners.map { share in
            let own = contents.objects.filter { $0.owner == share.owner }
            return Share(
                owner: Int(share.owner.number),
                parent: share.parent.map { Int($0.number) },
                quota: share.quota,
                reserved: share.reserved,
                used: share.used,
                pages: share.used / Geometry.pageSize,
                filled: own.reduce(0) { $0 + $1.content.count + ImageContents.lengthSize },
                objects: own.reduce(into: [:]) { $0[ImageContents.name(ofKind: $1.kind), default: 0] += 1 }
            )
        }
        regions = contents.regions.map { region in Self.region(region, contents) }
        let runs = contents.freeRuns
        freePages = runs.reduce(0) { $0 + $1.count }
        freeOctets = freePages * Geometry.pageSize
        freeRuns = runs.count
        largestFreeRun = runs.max { $0.count < $1.count }.map {
            Run(page: $0.lowerBound, pages: $0.count, octets: $0.count * Geometry.pageSize)
        }
        objects = contents.objects.map { object in
            let octets = object.content.count + ImageContents.lengthSize
            return Line(
                object: Int(object.reference.page),
                owner: Int(object.owner.number),
                kind: ImageContents.name(ofKind: object.kind),
                name: contents.label(of: object),
                path: contents.node(object.reference)?.path,
                pages: object.pages.count,
                octets: object.content.count,
                filledPercent: octets * 100 / (object.pages.count * Geometry.pageSize),
                inUse: contents.fill(of: object)
            )
        }
    }

    /// A region, and how many of its octets are in use: not erased, or, of the data, in the pages of objects.
    private static func region(_ region: ImageContents.Region, _ contents: ImageContents) -> Region {
        let octets = contents.octets[region.offset..<region.offset + region.size]
        let holds =
            switch region.name {
            case .superblock: "format \(Geometry.majorVersion).\(contents.geometry.minorVersion)"
            case .ownerTable: "\(contents.owners.count) of 255 owners"
            case .journal: contents.journal.rawValue
            case .pageTable: "\(contents.usedPages) of \(contents.geometry.dataPages) entries"
            case .data: "\(contents.objects.count) objects"
            }
        return Region(
            name: region.name.rawValue,
            offset: region.offset,
            size: region.size,
            pages: region.pages.count,
            used: region.name == .data ? contents.usedPages * Geometry.pageSize : octets.count { $0 != 0xFF },
            holds: holds
        )
    }
}

extension ImageContents {
    /// How many data pages are in use.
    var usedPages: Int { geometry.dataPages - freeRuns.reduce(0) { $0 + $1.count } }

    /// The free pages, as runs of neighbours.
    var freeRuns: [Range<Int>] {
        var runs: [Range<Int>] = []
        for page in geometry.firstDataPage..<geometry.pageCount where pages[page] == .free {
            if let last = runs.last, last.upperBound == page {
                runs[runs.count - 1] = last.lowerBound..<page + 1
            } else {
                runs.append(page..<page + 1)
            }
        }
        return runs
    }
}

extension ImageMap {
    /// The tables that people read.
    var lines: [String] {
        var lines = [
            "format \(format), \(size) octets, \(size / pageSize) pages of \(pageSize), journal \(journal), defects \(defects)"
        ]
        lines += [""] + ownerTable
        lines += [""] + regionTable
        let run = largestFreeRun.map {
            ", the largest of \($0.octets) octets: pages \($0.page) to \($0.page + $0.pages - 1)"
        }
        let runs = freeRuns == 1 ? "1 run" : "\(freeRuns) runs"
        lines.append("free: \(freeOctets) octets, \(freePages) pages in \(runs)\(run ?? "")")
        if !objects.isEmpty { lines += [""] + objectTable }
        return lines
    }

    private var ownerTable: [String] {
        var kinds: [String] = []
        for number in UInt8(0)...15 {
            let name = ImageContents.name(ofKind: number)
            if owners.contains(where: { $0.objects[name] != nil }) { kinds.append(name) }
        }
        let head = ["owner", "belongs to", "quota", "used", "pages", "filled"] + kinds
        let rows = owners.map { share in
            [
                "\(share.owner)", share.parent.map { "\($0)" } ?? "-", share.quota.map { "\($0)" } ?? "none",
                "\(share.used)", "\(share.pages)", percent(share.filled, of: share.used),
            ] + kinds.map { "\(share.objects[$0] ?? 0)" }
        }
        return TextTable(head, rows, left: []).lines
    }

    private var regionTable: [String] {
        let rows = regions.map { region in
            [
                region.name, "\(region.offset)", "\(region.size)", "\(region.pages)",
                percent(region.used, of: region.size),
                region.holds,
            ]
        }
        return TextTable(["region", "offset", "octets", "pages", "in use", "holds"], rows, left: [0, 5]).lines
    }

    private var objectTable: [String] {
        let rows = objects.map { line in
            [
                "\(line.object)", "\(line.owner)", line.kind, "\(line.pages)", "\(line.octets)",
                "\(line.filledPercent) %", line.inUse ?? "", line.name,
            ]
        }
        let head = ["object", "owner", "kind", "pages", "octets", "filled", "in use", "name"]
        return TextTable(head, rows, left: [2, 7]).lines
    }

    private func percent(_ part: Int, of whole: Int) -> String {
        guard whole > 0 else { return "-" }
        let tenths = part * 1_000 / whole
        return "\(tenths / 10).\(tenths % 10) %"
    }
}

/// Rows of cells in columns; those that are not `left` end below each other.
struct TextTable {
    let lines: [String]

    init(_ head: [String], _ rows: [[String]], left: Set<Int>) {
        let rows = [head] + rows
        let widths = head.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        lines = rows.map { row in
            let cells = row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return left.contains(column) ? row[column] + space : space + row[column]
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
