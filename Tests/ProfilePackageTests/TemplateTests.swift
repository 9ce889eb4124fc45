import Octets
import Testing

@testable import ProfilePackage

/// The Swift tables against vectors/saip, row by row.
@Suite struct TemplateTests {
    /// A row of a template, as both sides can spell it.
    struct Row: Hashable, CustomStringConvertible {
        var columns: [String]
        var description: String { columns.joined(separator: " ") }
    }

    @Test func holdsEachRowOfTheStandard() throws {
        let tags = Dictionary(
            uniqueKeysWithValues: try Vectors.table("saip/elements.tsv").map {
                ("\($0["pe"] ?? "").\($0["field"] ?? "")", $0["tag"] ?? "")
            }
        )
        var expected: Set<Row> = []
        let rows = try Vectors.table("saip/templates.tsv")
        for row in rows { expected.insert(try spell(row, tags)) }
        #expect(rows.count == 593)
        #expect(expected.count == 593)

        var actual: Set<Row> = []
        for number: UInt8 in 1...20 {
            for version: UInt8 in 1...9 {
                guard let template = Template(number: number, version: version) else { continue }
                for file in template.files where template.holds(file) { actual.insert(spell(file, template)) }
            }
        }
        #expect(actual.subtracting(expected) == [])
        #expect(expected.subtracting(actual) == [])
    }

    @Test func keepsTheOrderOfMembers() {
        for number: UInt8 in 1...16 {
            guard let template = Template(number: number, version: 1) else {
                Issue.record("template \(number)")
                continue
            }
            let tags = template.files.map { $0.tag }
            #expect(tags == tags.sorted())
            // A directory stands before what it holds, and a template has few of them.
            for file in template.files where file.parent != 0 { #expect(file.parent < file.tag) }
            #expect(template.files.filter { $0.isDirectory }.count <= 8)
        }
    }

    @Test(arguments: [
        ("67810F010201", 1, 1), ("67810F01020402", 4, 2), ("67810F01020D04", 13, 4), ("67810F010210", 16, 1),
    ]) func readsIdentifiers(text: String, number: UInt8, version: UInt8) {
        let template = hex(text).withView { Template($0) }
        #expect(template?.number == number && template?.version == version)
    }

    @Test(arguments: [
        "", "67810F0102", "67810F010200", "67810F010211", "67810F01020401", "67810F01020403", "67810F010302",
    ])
    func refusesOtherIdentifiers(text: String) {
        #expect(hex(text).withView { Template($0) } == nil)
    }

    private static let elements = [
        "mf", "cd", "telecom", "usim", "opt-usim", "phonebook", "gsm-access", "isim", "opt-isim", "csim", "opt-csim",
        "eap", "df-5gs", "df-saip", "df-snpn", "df-5gprose",
    ]
    private static let types: [String: TemplateFile.Kind] = [
        "MF": .mf, "ADF": .adf, "DF": .df, "TR": .transparent, "LF": .linearFixed, "CY": .cyclic, "BT": .berTLV,
    ]

    private func spell(_ row: [String: String], _ tags: [String: String]) throws -> Row {
        let arcs = (row["template_oid"] ?? "").split(separator: ".").dropFirst(5).map(String.init)
        let number = try #require(Int(arcs[0]))
        var field = row["pe_field"] ?? ""
        if field == "ef-iwl (ef-ial from 3.3)" { field = "ef-ial" }
        let tag = try #require(tags["\(TemplateTests.elements[number - 1]).\(field)"])
        let kind = try #require(TemplateTests.types[row["type"] ?? ""])
        let services = (row["service"] ?? "").split(separator: ",")
        var need = "none"
        if number == 5, services.contains("68") || services.contains("76") { need = "gba" }
        if number == 5, services.contains("69") { need = "mbms" }
        let parent = (row["parent"] ?? "").split(separator: "/").last.map(String.init) ?? ""
        return Row(columns: [
            arcs.joined(separator: "."), row["created_by_default"] ?? "", tag, "\(kind)",
            row["fid"] ?? "", parentName(parent, isADF: kind == .adf), row["records"] ?? "", row["size"] ?? "",
            String(Int(row["sfi"] ?? "", radix: 16) ?? 0), row["arr"].flatMap { Int($0) }.map { "\($0)" } ?? "0",
            row["default_kind"] ?? "", row["default_content"] ?? "", row["high_update"] ?? "", need,
        ])
    }

    /// The directory that holds a file; empty for what the element belongs to.
    private func parentName(_ text: String, isADF: Bool) -> String {
        if isADF || text.hasPrefix("(") || text == "-" { return "" }
        return text == "<FID from Fcp>" ? "" : text
    }

    private func spell(_ file: TemplateFile, _ template: Template) -> Row {
        var fid = file.fileIdentifier.map { Hex.string($0) } ?? ""
        if let last = file.lastFileIdentifier { fid += "-" + Hex.string(last) }
        var content = ("", "")
        switch file.content {
        case .none: break
        case .fixed(let text): content = ("fixed", text.description)
        case .fill(let text): content = ("fill", text.description)
        case .repeated(let text): content = ("repeat", text.description)
        }
        let directory = template.files.first { $0.tag == file.parent }
        var parent = directory.map { $0.fileIdentifier.map { Hex.string($0) } ?? "" } ?? outside(template.number)
        if directory?.kind == .adf { parent = outside(template.number) }
        if file.kind == .mf || file.kind == .adf || template.number == 12 { parent = "" }
        let arcs = template.version == 1 ? "\(template.number)" : "\(template.number).\(template.version)"
        return Row(columns: [
            arcs, template.isCreatedByDefault ? "yes" : "no", hexTag(file.tag), "\(file.kind)", fid, parent,
            file.records.map { "\($0)" } ?? "", file.size.map { "\($0)" } ?? "", "\(file.shortFileIdentifier)",
            "\(file.accessRule)", content.0, content.1, file.isHighUpdate ? "yes" : "no", "\(file.service)",
        ])
    }

    private func hexTag(_ tag: UInt32) -> String {
        tag > 0xFF ? Hex.string(UInt16(tag)) : Hex.string([UInt8(tag)])
    }

    private func outside(_ number: UInt8) -> String {
        switch number {
        case 1, 2, 3: "3F00"
        case 8, 9: "ADF.ISIM"
        case 10, 11: "ADF.CSIM"
        default: "ADF.USIM"
        }
    }
}
