/// Colours that people with any of the usual kinds of colour blindness tell apart: Okabe and Ito, "Color Universal
/// Design", 2008, without black and grey. Where there are more owners than colours, hatching distinguishes them.
struct ImageMapPalette {
    struct Colour {
        let fill, tint, text: String
    }

    private static let colours = [
        Colour(fill: "#0072b2", tint: "#b9d7ea", text: "#fff"),
        Colour(fill: "#e69f00", tint: "#f9e3b8", text: "#000"),
        Colour(fill: "#009e73", tint: "#b5e2d4", text: "#fff"),
        Colour(fill: "#cc79a7", tint: "#f1d8e5", text: "#000"),
        Colour(fill: "#56b4e9", tint: "#d0eaf9", text: "#000"),
        Colour(fill: "#d55e00", tint: "#f5d0b5", text: "#fff"),
        Colour(fill: "#e3d62f", tint: "#f9f5c4", text: "#000"),
    ]
    /// What hatches the second, third, ... owner with a colour.
    private static let hatchings = ["M0 6L6 0", "M0 0L6 6", "M0 3H6", "M3 0V6", "M0 0L6 6M0 6L6 0"]

    /// The regions in front of the data, from the first on: in use, and erased.
    static let regions: [ImageContents.Region.Name: (fill: String, tint: String)] = [
        .superblock: ("#1f2933", "#c8ccd1"),
        .ownerTable: ("#3e4c59", "#d3d6da"),
        .journal: ("#616e7c", "#dfe2e6"),
        .pageTable: ("#7b8794", "#d3d6da"),
    ]
    static let free = "#f5f5f2"

    private let count: Int

    init(owners count: Int) { self.count = count }

    static func colour(ofOwnerAt index: Int) -> Colour { colours[index % colours.count] }

    /// The style sheet: `o` and `t` with the index of an owner, `m` and `n` with the name of a region, for what is in use
    /// and what is not; `f` what is free.
    var styles: [String] {
        var rules = [
            "text{font:11px 'DejaVu Sans',Verdana,Helvetica,Arial,sans-serif;fill:#1f2933}",
            "text.h{font-size:18px;font-weight:bold}",
            "text.b{font-weight:bold}",
            "text.s{font-size:10px;fill:#52606d}",
            "text.a{font:9px 'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#52606d;text-anchor:end}",
            "text.l{pointer-events:none}",
            ".f{fill:\(Self.free)}.e{fill:\(Self.free);stroke:#9aa5b1;stroke-width:.6}.x{fill:#000}.d{fill:#9aa5b1}",
            ".g{fill:none;pointer-events:none}",
        ]
        for (name, colour) in Self.regions.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            rules.append(".m\(Self.key(name)){fill:\(colour.fill)}.n\(Self.key(name)){fill:\(colour.tint)}")
        }
        for index in 0..<count {
            let colour = Self.colour(ofOwnerAt: index)
            let fill = index < Self.colours.count ? colour.fill : "url(#h\(index))"
            // On hatching, letters stand out by an edge.
            let edge = fill == colour.fill ? "" : ";stroke:\(colour.fill);stroke-width:3px;paint-order:stroke"
            rules.append(
                ".o\(index){fill:\(fill)}.t\(index){fill:\(colour.tint)}.c\(index){fill:\(colour.text)\(edge)}"
            )
        }
        return rules
    }

    /// The hatchings that the style sheet names.
    var definitions: [String] {
        (min(Self.colours.count, count)..<count).map { index in
            let colour = Self.colour(ofOwnerAt: index)
            let path = Self.hatchings[(index / Self.colours.count - 1) % Self.hatchings.count]
            return "<pattern id=\"h\(index)\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
                + "<rect width=\"6\" height=\"6\" fill=\"\(colour.fill)\"/>"
                + "<path d=\"\(path)\" stroke=\"\(colour.text)\" stroke-width=\"1.2\" fill=\"none\"/></pattern>"
        }
    }

    static func key(_ name: ImageContents.Region.Name) -> String {
        switch name {
        case .superblock: "s"
        case .ownerTable: "o"
        case .journal: "j"
        case .pageTable: "p"
        case .data: "d"
        }
    }
}
