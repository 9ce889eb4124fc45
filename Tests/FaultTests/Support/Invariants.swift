import Memory

/// What is wrong with an image: docs/memory-image.md sections 3 to 7. The one place where the tests ask that.
func defects(of image: Block) -> [String] {
    let walk = ImageWalk(UnsafeRawBufferPointer(image.octets))
    return walk.map { $0.defects() } ?? ["superblock"]
}

/// Reads an image as the document says, without the code under test.
private struct ImageWalk {
    private let image: UnsafeRawBufferPointer
    private let journal: Range<Int>
    private let table: Int
    private let pages: Range<Int>
    private static let noNext: UInt32 = 0x3_FFFF

    init?(_ image: UnsafeRawBufferPointer) {
        guard let geometry = try? Geometry(superblockOf: image) else { return nil }
        self.image = image
        journal = 33 * 64..<geometry.pageTableFirstPage * 64
        table = geometry.pageTableFirstPage * 64
        pages = geometry.firstDataPage..<geometry.pageCount
    }

    private func number(_ offset: Int) -> UInt32 {
        UInt32(bigEndian: image.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    private func entry(_ page: Int) -> UInt32 { number(table + page * 4) }

    private func isErased(_ range: Range<Int>) -> Bool {
        var offset = range.lowerBound
        while offset < range.upperBound {
            if offset <= range.upperBound - 8 {
                guard image.loadUnaligned(fromByteOffset: offset, as: UInt64.self) == .max else { return false }
                offset += 8
            } else {
                guard image[offset] == 0xFF else { return false }
                offset += 1
            }
        }
        return true
    }

    func defects() -> [String] {
        var found: [String] = []
        if !isErased(journal) { found.append("the journal is not erased") }
        if !isErased(table..<table + pages.lowerBound * 4) { found.append("reserved page entries") }
        var owners: [UInt32: UInt64] = [:]
        var visited = Set<Int>()
        var firsts: [Int] = []
        for page in pages {
            let entry = entry(page)
            if entry == .max {
                if !isErased(page * 64..<(page + 1) * 64) { found.append("free page \(page) is not erased") }
                continue
            }
            owners[entry >> 18 & 0xFF, default: 0] += 64
            if entry >> 30 == 1 { firsts.append(page) } else if entry >> 30 != 2 { found.append("page entry \(page)") }
        }
        for (owner, used) in owners {
            let place = 64 + Int(owner) * 8
            let quota = number(place + 4)
            if image[place] != 0x01 { found.append("owner \(owner) does not exist") }
            if quota != .max, used > quota { found.append("owner \(owner) is above its quota") }
        }
        for first in firsts { found += chain(from: first, &visited) }
        let used = pages.count { entry($0) != .max }
        if used != visited.count { found.append("\(used - visited.count) further pages without an object") }
        for first in firsts where entry(first) >> 26 & 0x0F == 1 { found += fileDefects(first) }
        return found
    }

    private func chain(from first: Int, _ visited: inout Set<Int>) -> [String] {
        let length = Int(number(first * 64))
        let count = (length + 4 + 63) / 64
        var page = first
        for index in 0..<count {
            guard pages.contains(page), visited.insert(page).inserted, index == 0 || entry(page) >> 30 == 2,
                entry(page) >> 18 & 0xFF == entry(first) >> 18 & 0xFF
            else { return ["object \(first): page \(index)"] }
            let next = entry(page) & Self.noNext
            if index < count - 1 {
                page = Int(next)
            } else {
                guard next == Self.noNext else { return ["object \(first) is longer than \(length) octets"] }
                guard isErased(page * 64 + (length + 3) % 64 + 1..<(page + 1) * 64) else {
                    return ["object \(first): what is behind its content"]
                }
            }
        }
        return []
    }

    private func fileDefects(_ page: Int) -> [String] {
        let start = page * 64 + 4
        let parent = number(start)
        let isMasterFile = image[start + 4] == 0x3F && image[start + 5] == 0x00
        let length = Int(number(page * 64))
        guard length >= 28 else { return ["file \(page) is too short"] }
        var found: [String] = []
        let attributes = Int(image[start + 26]) << 8 | Int(image[start + 27])
        if length != 28 + attributes + Int(number(start + 14)) { found.append("file \(page): its size") }
        if number(start + 18) > number(start + 14) { found.append("file \(page): its used size") }
        if isMasterFile != (parent == .max) { found.append("file \(page): its parent") }
        if parent != .max {
            let isFile = pages.contains(Int(parent)) && entry(Int(parent)) >> 26 == 0x11
            if !isFile || image[Int(parent) * 64 + 10] & 0xBF != 0x38 { found.append("file \(page): its parent") }
        }
        return found
    }
}
