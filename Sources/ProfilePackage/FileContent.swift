import Octets

// Content of files: eUICC Profile Package 8.3.2, 9.1.

extension ProfileInstaller {
    /// Takes an offset: the pointer moves on by it.
    mutating func advance(_ value: OctetView) throws(Failure) {
        let distance = try value.integer(limit: 0xFFFF)
        guard var file, !file.isBERTLV, distance <= file.size - file.pointer else {
            throw Failure(Decision.contentOverflow)
        }
        file.pointer += distance
        self.file = file
    }

    /// Writes content where the pointer is, which moves behind it.
    mutating func writeContent<Target: ProfileTarget & ~Copyable>(
        _ octets: OctetView,
        _ target: inout Target
    ) throws(Failure) {
        if octets.isEmpty { return }
        let count = UInt32(clamping: octets.count)
        guard let file, !file.isDirectory, !file.isLink, count <= file.size - file.pointer else {
            throw Failure(Decision.contentOverflow)
        }
        try write(octets, to: file, at: file.pointer, &target)
        self.file?.pointer = file.pointer + count
    }

    /// Writes within the file, without the bits of services that the card lacks.
    private func write<Target: ProfileTarget & ~Copyable>(
        _ octets: OctetView,
        to file: OpenFile,
        at offset: UInt32,
        _ target: inout Target
    ) throws(Failure) {
        try onCard { () throws(StatusWord) in try target.write(octets, to: file.reference, at: offset) }
        var place = offset
        while place < file.table.length, let octet = octets.octet(at: Int(place - offset)) {
            let cleared = octet & ~file.table.lackingBits(at: place)
            if cleared != octet {
                let view = scratch.view(of: cleared)
                try onCard { () throws(StatusWord) in try target.write(view, to: file.reference, at: place) }
            }
            place += 1
        }
    }

    /// Fills a new file with the pattern of its FCP, else with the default content of its template, else with FF.
    func fill<Target: ProfileTarget & ~Copyable>(
        _ fcp: FileControlParameters,
        _ row: TemplateFile?,
        _ layout: FileLayout,
        _ target: inout Target
    ) throws(Failure) {
        guard let file else { return }
        if file.isBERTLV {
            if fcp.fillPattern != nil || fcp.repeatPattern != nil { throw Failure(PackageStatus.badValues) }
            return
        }
        let pattern: Pattern
        if let octets = fcp.fillPattern {
            pattern = Pattern(head: octets, fill: octets.octet(at: octets.count - 1) ?? 0xFF)
        } else if let octets = fcp.repeatPattern {
            pattern = Pattern(head: octets, repeats: true)
        } else {
            pattern = Pattern(row?.content ?? .none, scratch.values)
        }
        // A new body is FF already.
        if pattern.isErased, file.table.length == 0 { return }
        let unit = layout.recordLength > 0 ? UInt32(layout.recordLength) : layout.size
        var offset: UInt32 = 0
        var index: UInt32 = 0
        while offset < layout.size {
            var chunk = OctetWriter(scratch.chunk)
            let count = min(layout.size - offset, UInt32(truncatingIfNeeded: chunk.capacity))
            for _ in 0..<count {
                chunk.append(pattern.octet(at: index, of: unit))
                index = index + 1 == unit ? 0 : index + 1
            }
            try write(chunk.view, to: file, at: offset, &target)
            offset += count
        }
    }
}

/// What stands in a record, or in a body without records.
private struct Pattern {
    var head = OctetView.empty
    var fill: UInt8 = 0xFF
    /// Stands at the end.
    var tail = OctetView.empty
    /// The head over and over.
    var repeats = false

    init(head: OctetView, fill: UInt8 = 0xFF, repeats: Bool = false) {
        self.head = head
        self.fill = fill
        self.repeats = repeats
    }

    /// Spells out the content of a template in `memory`.
    init(_ content: TemplateFile.Content, _ memory: UnsafeMutableRawBufferPointer) {
        var writer = OctetWriter(memory)
        switch content {
        case .none: break
        case .fixed(let text):
            _ = Pattern.spell(text, to: &writer)
            head = writer.view
        case .repeated(let text):
            _ = Pattern.spell(text, to: &writer)
            head = writer.view
            repeats = true
        case .fill(let text):
            let headLength = Pattern.spell(text, to: &writer)
            head = writer.view.part(from: 0, length: headLength)
            tail = writer.view.part(from: headLength)
            fill = head.octet(at: headLength - 1) ?? 0xFF
        }
    }

    /// Whether it is FF throughout.
    var isErased: Bool {
        guard fill == 0xFF else { return false }
        for index in 0..<head.count where head.octet(at: index) != 0xFF { return false }
        for index in 0..<tail.count where tail.octet(at: index) != 0xFF { return false }
        return true
    }

    func octet(at index: UInt32, of length: UInt32) -> UInt8 {
        let headLength = UInt32(truncatingIfNeeded: head.count)
        let tailLength = UInt32(truncatingIfNeeded: tail.count)
        if repeats, headLength > 0 { return head.octet(at: Int(index % headLength)) ?? 0xFF }
        if index < headLength { return head.octet(at: Int(index)) ?? fill }
        if length - index <= tailLength { return tail.octet(at: Int(tailLength - (length - index))) ?? fill }
        return fill
    }

    /// Appends the octets that a hexadecimal text spells; dots are passed over.
    ///
    /// - Returns: how many stand before the dots.
    private static func spell(_ text: StaticString, to writer: inout OctetWriter) -> Int {
        var high: UInt8?
        var before: Int?
        for index in 0..<text.utf8CodeUnitCount {
            let character = text.utf8Start[index]
            guard character != 0x2E else {
                before = before ?? writer.count
                continue
            }
            let digit = character < 0x41 ? character &- 0x30 : character &- 0x41 &+ 10
            if let first = high {
                writer.append(first << 4 | digit & 0x0F)
                high = nil
            } else {
                high = digit
            }
        }
        return before ?? writer.count
    }
}
