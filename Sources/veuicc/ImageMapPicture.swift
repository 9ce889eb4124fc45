import Memory

/// The map of an image as a picture (SVG 1.1, without scripts): each octet in its place, in the colour of its owner.
///
/// A row stands for a power of two of octets, so that 32 to 64 rows show the image. Where a page is wide enough, each one
/// is drawn (`drawPages`); in larger images a cell stands for several, and is filled as far as they are (`drawCells`).
struct ImageMapPicture {
    static let columns = 128
    static let cellWidth = 7.0
    static let mapWidth = Double(columns) * cellWidth
    static let left = 76.0
    static let width = left + mapWidth + 190

    let contents: ImageContents
    /// The octets of a row, and of a cell.
    let rowSize: Int
    var cellSize: Int { rowSize / Self.columns }
    let pitch: Double
    var rowHeight: Double { pitch - 1 }
    /// Where the map begins, below title and legend.
    private(set) var top = 0.0
    let ownerIndices: [UInt8: Int]
    private let palette: ImageMapPalette
    private(set) var elements: [String] = []
    private let name: String

    init(of contents: ImageContents, named name: String) {
        self.contents = contents
        self.name = name
        var rowSize = 2_048
        while contents.geometry.size > 64 * rowSize { rowSize *= 2 }
        self.rowSize = rowSize
        let rows = (contents.geometry.size + rowSize - 1) / rowSize
        pitch = rows > 40 ? 12 : 18
        palette = ImageMapPalette(owners: contents.owners.count)
        ownerIndices = Dictionary(uniqueKeysWithValues: contents.owners.enumerated().map { ($1.owner.number, $0) })
        drawTitle()
        drawLegend()
        top += 14
        drawOffsets()
        if cellSize <= Geometry.pageSize { drawPages() } else { drawCells() }
        drawRegions()
    }

    private var rows: Int { (contents.geometry.size + rowSize - 1) / rowSize }
    private var height: Double { top + Double(rows) * pitch + 16 }

    var text: String {
        let box = "0 0 \(Self.number(Self.width)) \(Self.number(height))"
        let size = "width=\"\(Self.number(Self.width))\" height=\"\(Self.number(height))\""
        let head = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) viewBox=\"\(box)\">",
            "<title>\(Self.escaped(name)): memory map</title>",
            "<style>\(palette.styles.joined(separator: "\n"))</style>",
            "<defs>\(definitions.joined(separator: "\n"))</defs>",
            "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>",
        ]
        return (head + elements + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    private var definitions: [String] {
        let unit = Self.number(max(Self.cellWidth, width(of: Geometry.pageSize)))
        let place = "x=\"\(Self.number(Self.left))\" y=\"\(Self.number(top))\""
        let size = "width=\"\(unit)\" height=\"\(Self.number(pitch))\" patternUnits=\"userSpaceOnUse\""
        return palette.definitions
            + [Grid.below, .above].map { grid in
                let line = "d=\"M0 0V\(Self.number(pitch))\" stroke=\"\(grid.colour)\""
                return "<pattern id=\"\(grid.rawValue)\" \(place) \(size)><path \(line)/></pattern>"
            }
    }

    /// The bounds of pages, or of cells: dark where nothing is in use, light on what is.
    enum Grid: String {
        case below, above

        fileprivate var colour: String { self == .below ? "#d9dcd9" : "rgba(255,255,255,.5)" }
    }

    // MARK: Places

    func width(of octets: Int) -> Double { Double(octets) * Self.mapWidth / Double(rowSize) }

    func x(of offset: Int) -> Double { Self.left + width(of: offset % rowSize) }

    func y(of offset: Int) -> Double { top + Double(offset / rowSize) * pitch }

    /// The parts of `range` that lie in one row each.
    func pieces(of range: Range<Int>) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(range.upperBound, (start / rowSize + 1) * rowSize)
            pieces.append(start..<end)
            start = end
        }
        return pieces
    }

    // MARK: Elements

    mutating func add(_ element: String) { elements.append(element) }

    static func rectangle(_ style: String, _ x: Double, _ y: Double, _ width: Double, _ height: Double) -> String {
        "<rect class=\"\(style)\" x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(width))\" "
            + "height=\"\(number(height))\"/>"
    }

    static func group(_ title: String, _ elements: [String]) -> String {
        "<g><title>\(escaped(title))</title>\(elements.joined())</g>"
    }

    static func text(_ style: String, _ x: Double, _ y: Double, _ text: String) -> String {
        "<text class=\"\(style)\" x=\"\(number(x))\" y=\"\(number(y))\">\(escaped(text))</text>"
    }

    /// Two decimals at most.
    static func number(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        guard hundredths % 100 != 0 else { return "\(hundredths / 100)" }
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction % 10 == 0 ? fraction / 10 : fraction)"
    }

    /// `text` as XML; what XML does not allow becomes a question mark.
    static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n": result += "\n"
            case "\u{0}"..<" ", "\u{FFFE}", "\u{FFFF}": result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }

    /// 524,288
    static func grouped(_ number: Int) -> String {
        let digits = Array(String(number))
        return digits.enumerated().reduce(into: "") { text, digit in
            if digit.offset > 0, (digits.count - digit.offset) % 3 == 0 { text.append(",") }
            text.append(digit.element)
        }
    }

    // MARK: Title and legend

    private mutating func drawTitle() {
        add(Self.text("h", Self.left, 34, name))
        let runs = contents.freeRuns
        let free = runs.reduce(0) { $0 + $1.count } * Geometry.pageSize
        let largest = (runs.map(\.count).max() ?? 0) * Geometry.pageSize
        let size = contents.geometry.size
        let words = [
            "\(Self.grouped(size)) octets in \(Self.grouped(contents.geometry.pageCount)) pages of \(Geometry.pageSize)",
            "\(Self.grouped(free)) free, the largest run \(Self.grouped(largest))",
            "journal \(contents.journal.rawValue)",
        ]
        let defects = contents.defects == 0 ? [] : ["\(contents.defects) defects"]
        add(Self.text("", Self.left, 53, (words + defects).joined(separator: "  ·  ")))
        let pages = cellSize / Geometry.pageSize
        let scale = cellSize == Geometry.pageSize ? "one page" : pages > 1 ? "\(pages) pages" : "a part of a page"
        let row = "a row for \(Self.grouped(rowSize))"
        add(Self.text("s", Self.left, 69, "A cell stands for \(Self.grouped(cellSize)) octets, \(scale); \(row)."))
        top = 84
    }

    /// A line for each owner, in two columns; then what the shades mean.
    private mutating func drawLegend() {
        let column = Self.mapWidth / 2
        for (index, share) in contents.owners.enumerated() {
            let x = Self.left + Double(index % 2) * column
            let y = top + Double(index / 2) * 30
            let files = contents.objects.count { $0.owner == share.owner && $0.kind == ObjectKind.file.rawValue }
            let all = contents.objects.count { $0.owner == share.owner }
            let parent = share.parent.map { " of owner \($0.number)" } ?? (index == 0 ? ", the card" : "")
            add(Self.rectangle("o\(index)", x, y, 14, 22))
            add(Self.text("b", x + 22, y + 9, "owner \(share.owner.number)\(parent)"))
            let quota = share.quota.map { " of \(Self.grouped($0))" } ?? ", no quota"
            let use = "\(Self.grouped(share.used)) octets\(quota)  ·  \(files) files, \(all - files) other objects"
            add(Self.text("s", x + 22, y + 22, use))
            let whole = max(1, share.quota ?? contents.geometry.dataPages * Geometry.pageSize)
            let bar = 96.0
            let part = min(1, Double(share.used) / Double(whole))
            add(Self.rectangle("t\(index)", x + 190, y + 2, bar, 7))
            add(Self.rectangle("o\(index)", x + 190, y + 2, share.used > 0 ? max(1.5, bar * part) : 0, 7))
        }
        top += Double((contents.owners.count + 1) / 2) * 30 + 6
        var x = Self.left
        for (styles, words) in shades {
            for style in styles {
                add(Self.rectangle(style, x, top, 14, 10))
                x += 14
            }
            add(Self.text("s", x + 6, top + 9, words))
            x += 6 + Double(words.count) * 5.9 + 20
        }
        top += 14
    }

    private var shades: [(styles: [String], words: String)] {
        let drawsPages = cellSize <= Geometry.pageSize
        return [
            (["o0"], drawsPages ? "content of an object" : "content of objects, as far as the cell is filled"),
            (["t0"], drawsPages ? "end of its last page, erased" : "ends of pages"),
            (["e"], "free"),
            (["mj"], "card management, written"),
            (["nj"], "card management, erased"),
        ]
    }

    // MARK: On top of the map

    mutating func draw(_ grid: Grid) {
        for start in stride(from: 0, to: contents.geometry.size, by: rowSize) {
            let width = width(of: min(rowSize, contents.geometry.size - start))
            add(
                "<rect class=\"g\" style=\"fill:url(#\(grid.rawValue))\" x=\"\(Self.number(Self.left))\" "
                    + "y=\"\(Self.number(y(of: start)))\" width=\"\(Self.number(width))\" "
                    + "height=\"\(Self.number(rowHeight))\"/>"
            )
        }
    }

    private mutating func drawOffsets() {
        for start in stride(from: 0, to: contents.geometry.size, by: 4 * rowSize) {
            add(Self.text("a", Self.left - 6, y(of: start) + rowHeight / 2 + 3, ImageAssembly.hex(start)))
        }
        add(Self.text("a", Self.left - 6, top - 5, "offset"))
    }

    private mutating func drawRegions() {
        let right = Self.left + Self.mapWidth
        var lowest = top - 100
        for (index, region) in contents.regions.enumerated() {
            let (start, end) = (region.offset, region.offset + region.size - 1)
            if start > 0 { add(boundary(at: start)) }
            let bar = right + 5 + Double(index % 2) * 5
            let (upper, lower) = (y(of: start), y(of: end) + rowHeight)
            let style = region.name == .data ? "d" : "m\(ImageMapPalette.key(region.name))"
            add(Self.rectangle(style, bar, upper, 3, lower - upper))
            let middle = max(lowest + 28, (upper + lower) / 2 - 2, top + 8)
            lowest = middle
            let line = "M\(Self.number(bar + 3)) \(Self.number((upper + lower) / 2))L\(Self.number(right + 22)) "
            add("<path class=\"g\" stroke=\"#7b8794\" d=\"\(line)\(Self.number(middle - 3))\"/>")
            add(Self.text("b", right + 26, middle, region.name.rawValue))
            let use: String =
                switch region.name {
                case .superblock: ""
                case .ownerTable: ", \(contents.owners.count) in use"
                case .journal: ", \(contents.journal.rawValue)"
                case .pageTable: ", \(contents.usedPages) in use"
                case .data: ", \(contents.usedPages * 1_000 / contents.geometry.dataPages / 10) % in use"
                }
            add(Self.text("s", right + 26, middle + 12, "\(Self.grouped(region.size)) octets\(use)"))
        }
    }

    /// The line between what lies in front of `offset` and what lies behind it.
    private func boundary(at offset: Int) -> String {
        let (x, y) = (x(of: offset), y(of: offset) - 0.5)
        let right = Self.left + Self.mapWidth
        var path = "M\(Self.number(right)) \(Self.number(y))H\(Self.number(x))"
        if offset % rowSize != 0 { path += "V\(Self.number(y + pitch))H\(Self.number(Self.left))" }
        return "<path class=\"g\" stroke=\"#1f2933\" stroke-width=\"1.6\" d=\"\(path)\"/>"
    }
}
