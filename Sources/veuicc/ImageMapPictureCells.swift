import CardOS
import Memory

/// The map itself.
extension ImageMapPicture {
    private static let size = Geometry.pageSize

    // MARK: Each page

    /// Draws the regions as rows, each run of free pages, and each run of pages of an object.
    mutating func drawPages() {
        for region in contents.regions where region.name != .data { drawRegion(region) }
        var objects: [(index: Int, octets: Range<Int>)] = []
        var page = contents.geometry.firstDataPage
        while page < contents.geometry.pageCount {
            let use = contents.pages[page]
            var end = page + 1
            while end < contents.geometry.pageCount, contents.pages[end] == use, isNext(end, use) { end += 1 }
            if case .object(let index) = use {
                objects.append((index, page * Self.size..<end * Self.size))
            } else {
                drawRun(page..<end, use)
            }
            page = end
        }
        draw(.below)
        for (index, octets) in objects { drawObject(index, octets) }
        draw(.above)
    }

    /// Whether `page` follows the one in front of it in the object that has both.
    private func isNext(_ page: Int, _ use: ImageContents.PageUse) -> Bool {
        guard case .object(let index) = use else { return true }
        let pages = contents.objects[index].pages
        return pages.firstIndex(of: page - 1).map { pages.indices.contains($0 + 1) && pages[$0 + 1] == page } ?? false
    }

    private mutating func drawRegion(_ region: ImageContents.Region) {
        let key = ImageMapPalette.key(region.name)
        for piece in pieces(of: region.offset..<region.offset + region.size) {
            var parts = [rectangle("n\(key)", piece)]
            var run: Range<Int>?
            for start in stride(from: piece.lowerBound, to: piece.upperBound, by: cellSize) {
                let cell = start..<min(start + cellSize, piece.upperBound)
                guard contents.octets[cell].contains(where: { $0 != 0xFF }) else { continue }
                if let known = run, known.upperBound == start {
                    run = known.lowerBound..<cell.upperBound
                } else {
                    if let run { parts.append(rectangle("m\(key)", run)) }
                    run = cell
                }
            }
            if let run { parts.append(rectangle("m\(key)", run)) }
            add(Self.group("\(region.name.rawValue)\noffset \(piece.lowerBound) to \(piece.upperBound - 1)", parts))
        }
    }

    private func rectangle(_ style: String, _ range: Range<Int>, inset: Double = 0) -> String {
        let width = max(0.5, self.width(of: range.count) - 2 * inset)
        return Self.rectangle(style, x(of: range.lowerBound) + inset, y(of: range.lowerBound), width, rowHeight)
    }

    private mutating func drawRun(_ pages: Range<Int>, _ use: ImageContents.PageUse) {
        let octets = pages.lowerBound * Self.size..<pages.upperBound * Self.size
        let words = use == .free ? "free: \(octets.count) octets" : "in use, but by no object"
        let title = "\(words)\npages \(pages.lowerBound) to \(pages.upperBound - 1)"
        add(Self.group(title, pieces(of: octets).map { rectangle(use == .free ? "f" : "x", $0) }))
    }

    private mutating func drawObject(_ index: Int, _ octets: Range<Int>) {
        let object = contents.objects[index]
        let owner = ownerIndices[object.owner.number]
        var parts: [String] = []
        // Only the end of the last page has nothing.
        let isLast = object.pages.last == octets.upperBound / Self.size - 1
        let slack = object.pages.count * Self.size - object.content.count - ImageContents.lengthSize
        let end = isLast ? max(octets.lowerBound, octets.upperBound - max(0, slack)) : octets.upperBound
        for piece in pieces(of: octets) {
            if piece.upperBound > end { parts.append(rectangle(owner.map { "t\($0)" } ?? "x", piece, inset: 0.6)) }
            let used = piece.lowerBound..<max(piece.lowerBound, min(piece.upperBound, end))
            guard !used.isEmpty else { continue }
            let inset = used.count == piece.count ? 0.6 : 0
            let style = owner.map { "o\($0)" } ?? "x"
            let start = x(of: used.lowerBound) + 0.6
            let width = max(0.5, width(of: used.count) - 0.6 - inset)
            parts.append(Self.rectangle(style, start, y(of: used.lowerBound), width, rowHeight))
        }
        if octets.lowerBound == Int(object.reference.page) * Self.size {
            if let label = label(of: object, owner, octets, end) { parts.append(label) }
        }
        add(Self.group(title(of: object), parts))
    }

    /// The name, in the widest row that has room for it.
    private func label(
        of object: ImageContents.Object,
        _ owner: Int?,
        _ octets: Range<Int>,
        _ end: Int
    ) -> String? {
        let name = shortName(of: object)
        let size = min(9, rowHeight - 3)
        let needed = Double(name.count) * size * 0.64 + 5
        guard let piece = pieces(of: octets.lowerBound..<max(octets.lowerBound, end)).max(by: { $0.count < $1.count }),
            width(of: piece.count) >= needed
        else { return nil }
        let (x, y) = (x(of: piece.lowerBound) + 3, y(of: piece.lowerBound) + rowHeight / 2 + size * 0.36)
        let style = owner.map { "l c\($0)" } ?? "l"
        return "<text class=\"\(style)\" style=\"font-size:\(Self.number(size))px\" x=\"\(Self.number(x))\" "
            + "y=\"\(Self.number(y))\">\(Self.escaped(name))</text>"
    }

    private func shortName(of object: ImageContents.Object) -> String {
        guard let node = contents.node(object.reference) else {
            return ImageContents.name(ofKind: object.kind)
        }
        return node.name ?? String(node.component)
    }

    /// The tooltip.
    private func title(of object: ImageContents.Object) -> String {
        var lines = [contents.label(of: object)]
        if let path = contents.node(object.reference)?.path { lines.append(path) }
        let room = object.pages.count * Self.size - ImageContents.lengthSize
        lines.append("owner \(object.owner.number), \(ImageContents.name(ofKind: object.kind))")
        lines.append("\(object.content.count) of \(room) octets, pages \(ImageDiff.ranges(object.pages))")
        if let fill = contents.fill(of: object) { lines.append("in use \(fill)") }
        return lines.joined(separator: "\n")
    }

    // MARK: Several pages in a cell

    /// What of a cell one owner or region has.
    private struct Part {
        var used = 0
        var erased = 0
    }

    /// Draws each cell as a column: from below what is written, by owner and region, then what their pages have besides.
    mutating func drawCells() {
        let slack = slackByPage
        var cell = 0
        let count = (contents.geometry.size + cellSize - 1) / cellSize
        while cell < count {
            let uses = uses(of: cell)
            var end = cell + 1
            // Neighbours that one thing fills are one element.
            if uses.count == 1, case .free = uses[0] {
                while end < count, end % Self.columns != 0, self.uses(of: end) == uses { end += 1 }
                let octets = cell * cellSize..<min(end * cellSize, contents.geometry.size)
                add(Self.group("free: \(octets.count) octets from \(octets.lowerBound) on", [rectangle("f", octets)]))
            } else {
                drawCell(cell, uses, slack)
            }
            cell = end
        }
        draw(.below)
    }

    private func pages(of cell: Int) -> Range<Int> {
        let perCell = cellSize / Self.size
        return cell * perCell..<min((cell + 1) * perCell, contents.geometry.pageCount)
    }

    /// What the pages of a cell are used for, each once, in their order.
    private func uses(of cell: Int) -> [ImageContents.PageUse] {
        pages(of: cell).reduce(into: []) { uses, page in
            if uses.last != contents.pages[page] { uses.append(contents.pages[page]) }
        }
    }

    /// How many octets at the end of each page are behind the content of its object.
    private var slackByPage: [Int: Int] {
        contents.objects.reduce(into: [:]) { slack, object in
            guard let last = object.pages.last else { return }
            let room = object.pages.count * Self.size - object.content.count - ImageContents.lengthSize
            slack[last] = min(Self.size, max(0, room))
        }
    }

    private mutating func drawCell(_ cell: Int, _ uses: [ImageContents.PageUse], _ slack: [Int: Int]) {
        var order: [(used: String, erased: String)] = []
        var parts: [String: Part] = [:]
        for page in pages(of: cell) {
            let styles: (used: String, erased: String)
            var erased = 0
            switch contents.pages[page] {
            case .free: continue
            case .stray: styles = ("x", "x")
            case .region(let name):
                styles = ("m\(ImageMapPalette.key(name))", "n\(ImageMapPalette.key(name))")
                erased = contents.octets[page * Self.size..<(page + 1) * Self.size].reduce(0) {
                    $0 + ($1 == 0xFF ? 1 : 0)
                }
            case .object(let index):
                let owner = ownerIndices[contents.objects[index].owner.number]
                styles = owner.map { ("o\($0)", "t\($0)") } ?? ("x", "x")
                erased = slack[page] ?? 0
            }
            if parts[styles.used] == nil { order.append(styles) }
            parts[styles.used, default: Part()].used += Self.size - erased
            parts[styles.used, default: Part()].erased += erased
        }
        let octets = cell * cellSize..<min((cell + 1) * cellSize, contents.geometry.size)
        let x = x(of: octets.lowerBound) + 0.3
        let width = width(of: octets.count) - 0.6
        var bottom = y(of: octets.lowerBound) + rowHeight
        var elements = [Self.rectangle("f", x, y(of: octets.lowerBound), width, rowHeight)]
        let columns =
            order.map { ($0.used, parts[$0.used]?.used ?? 0) } + order.map { ($0.erased, parts[$0.used]?.erased ?? 0) }
        for (style, count) in columns where count > 0 {
            let height = rowHeight * Double(count) / Double(octets.count)
            bottom -= height
            elements.append(Self.rectangle(style, x, bottom, width, height))
        }
        add(Self.group(title(of: uses, octets), elements))
    }

    private func title(of uses: [ImageContents.PageUse], _ octets: Range<Int>) -> String {
        var names: [String] = []
        for use in uses {
            switch use {
            case .free: continue
            case .stray: names.append("in use, but by no object")
            case .region(let name): names.append(name.rawValue)
            case .object(let index):
                let object = contents.objects[index]
                names.append("\(contents.label(of: object)), owner \(object.owner.number)")
            }
        }
        let limit = 12
        let rest = names.count > limit ? ["and \(names.count - limit) more"] : []
        let place = "offset \(octets.lowerBound) to \(octets.upperBound - 1)"
        return ([place] + names.prefix(limit) + rest).joined(separator: "\n")
    }
}
