import Glibc
import Memory
import Octets

/// Where the octets of two images differ, as they stand in the files.
struct ImageByteDiff {
    /// At most so many octets of one page.
    struct Run: Encodable {
        let offset, page: Int
        let old, new: String
        /// The region, or the object that has the page.
        let place: String
    }

    /// How many octets differ; those that only one image has do.
    private(set) var count = 0
    private(set) var pages = 0
    private(set) var runs: [Run] = []

    private static let width = 16

    init(_ old: UnsafeRawBufferPointer, _ new: UnsafeRawBufferPointer, _ diff: ImageDiff, listing: Bool) {
        let size = Geometry.pageSize
        let common = min(old.count, new.count)
        for start in stride(from: 0, to: common, by: size) {
            guard let one = old.baseAddress, let other = new.baseAddress, memcmp(one + start, other + start, size) != 0
            else { continue }
            pages += 1
            let (before, after) = (old[start..<start + size], new[start..<start + size])
            count += zip(before, after).reduce(0) { $0 + ($1.0 == $1.1 ? 0 : 1) }
            guard listing else { continue }
            for run in Differences.runs(Array(before), Array(after)) {
                for piece in stride(from: run.lowerBound, to: run.upperBound, by: Self.width) {
                    let range = start + piece..<start + min(piece + Self.width, run.upperBound)
                    runs.append(
                        Run(
                            offset: range.lowerBound,
                            page: start / size,
                            old: Hex.string(old[range]),
                            new: Hex.string(new[range]),
                            place: Self.place(of: start / size, diff)
                        )
                    )
                }
            }
        }
        count += max(old.count, new.count) - common
        pages += (max(old.count, new.count) - common) / size
    }

    private static func place(of page: Int, _ diff: ImageDiff) -> String {
        let names = [diff.old, diff.new].map { contents in
            switch contents.pages[page] {
            case .region(let name): name.rawValue
            case .object(let index): diff.subject(contents.objects[index], contents)
            case .free: "free"
            case .stray: "no object"
            }
        }
        return names[0] == names[1] ? names[0] : "\(names[0]) → \(names[1])"
    }

    /// The tables that people read.
    var lines: [String] {
        let rows = runs.map { ["\($0.offset)", "\($0.page)", Self.spaced($0.old), "→", Self.spaced($0.new), $0.place] }
        return TextTable(["offset", "page", "old", "", "new", "where"], rows, left: [2, 3, 4, 5]).lines
    }

    private static func spaced(_ digits: String) -> String {
        let digits = Array(digits)
        return stride(from: 0, to: digits.count, by: 2).map { String(digits[$0..<$0 + 2]) }.joined(separator: " ")
    }

    var summary: String { "\(Differences.octets(count)) in \(pages) \(pages == 1 ? "page" : "pages")" }
}
