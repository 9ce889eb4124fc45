import Memory
import Octets

/// The transfer of a data object over several commands: TS 102 221 clause 11.3.
enum DataObjectTransfer {
    case none
    /// The octets of the body that are still to be read.
    case retrieving(Range<Int>)
    /// The octets of the body that are still to come.
    case setting(start: Int, next: Int, end: Int)
}

extension UICC {
    /// How many octets one response or one data field carries.
    private static let blockSize = 255

    /// RETRIEVE DATA: TS 102 221 clause 11.3.1.
    ///
    /// - Throws: 6A88 for a tag that is not there; 6985 for a next block without a first; 6981 for an EF that is not
    ///   BER-TLV; and as `currentFile`.
    static func retrieveData(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        let number = command.classOctet.channel
        let (named, shown) = try card.dataObjectFile(command)
        try card.require(.read, on: named, for: command)
        try card.requireUsable(named)
        var left: Range<Int>
        switch command.p2 & 0xE0 {
        case 0x80:
            var cursor = OctetCursor(command.data)
            guard let tag = cursor.berTag(), cursor.isAtEnd else { throw .incorrectData }
            if tag == 0x5C { return try card.listTags(of: shown) }
            guard let place = try card.place(of: tag, in: shown) else { throw .referencedDataNotFound }
            left = place
        case 0x00:
            guard command.data.isEmpty else { throw .wrongLength }
            guard case .retrieving(let rest) = card.channels[number].transfer,
                card.channels[number].elementaryFile == named.reference
            else { throw .conditionsNotSatisfied }
            left = rest
        default: throw .incorrectP1P2
        }
        var count = min(left.count, blockSize)
        if command.data.isEmpty, case .exactly(let le) = command.expected {
            guard le <= count else { throw .wrongLe(count) }
            count = le
        }
        let offset = shown.bodyOffset + left.lowerBound
        try card.memory.read(shown.reference, at: offset, count: count, to: &card.output)
        left = left.lowerBound + count..<left.upperBound
        card.selectIfNamed(named, true, command)
        card.channels[number].transfer = left.isEmpty ? .none : .retrieving(left)
        return left.isEmpty ? .success : .moreDataAvailable
    }

    /// SET DATA: TS 102 221 clause 11.3.2. A tag alone deletes the object; a sequence that is not finished, too.
    ///
    /// - Throws: 6A84 where the EF has no room; 6A80 for a malformed object; 6985 for a next block without a first; 6981
    ///   for an EF that is not BER-TLV; and as `currentFile`.
    static func setData(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        let number = command.classOctet.channel
        let (named, shown) = try card.dataObjectFile(command)
        try card.require(.update, on: named, for: command)
        try card.requireUsable(named)
        guard !command.data.isEmpty else { throw .wrongLength }
        var (start, next, end): (Int, Int, Int)
        var file = shown
        switch command.p2 & 0xE0 {
        case 0x80:
            var cursor = OctetCursor(command.data)
            guard let tag = cursor.berTag() else { throw .incorrectData }
            try card.remove(tag, from: shown)
            file = try card.file(shown.reference)
            card.selectIfNamed(named, true, command)
            card.channels[number].transfer = .none
            if cursor.isAtEnd { return .success }
            guard let length = cursor.berLength() else { throw .incorrectData }
            let total = cursor.position + length
            guard total <= file.size - file.usedSize else { throw .notEnoughMemory }
            (start, next, end) = (file.usedSize, file.usedSize, file.usedSize + total)
        case 0x00:
            guard case .setting(let first, let reached, let last) = card.channels[number].transfer,
                card.channels[number].elementaryFile == named.reference, file.usedSize == first
            else { throw .conditionsNotSatisfied }
            (start, next, end) = (first, reached, last)
        default: throw .incorrectP1P2
        }
        guard command.data.count <= end - next else { throw .incorrectData }
        try card.writeBody(of: file, at: next, command.data)
        next += command.data.count
        if next == end {
            try card.set(.usedSize(end), of: file)
            card.channels[number].transfer = .none
            return .success
        }
        card.channels[number].transfer = .setting(start: start, next: next, end: end)
        return .moreDataExpected
    }

    private func dataObjectFile(_ command: CommandAPDU) throws(StatusWord) -> (named: File, shown: File) {
        guard command.p1 == 0x00, command.p2 & 0x1F <= 30 else { throw .incorrectP1P2 }
        let named = try currentFile(short: command.p2 & 0x1F, command)
        let shown = try target(of: named)
        guard shown.structure == .berTLV else { throw .incompatibleFileStructure }
        return (named, shown)
    }

    /// Where in the body the data object with `tag` stands.
    private func place(of tag: UInt32, in file: File) throws(StatusWord) -> Range<Int>? {
        try withBody(of: file, at: 0, count: min(file.usedSize, file.size)) { (body) throws(StatusWord) in
            var cursor = OctetCursor(body)
            var start = 0
            while let object = cursor.berTLV() {
                if object.tag == tag { return start..<cursor.position }
                start = cursor.position
            }
            return nil
        }
    }

    private mutating func listTags(of file: File) throws(StatusWord) -> StatusWord {
        var writer = output
        try withBody(of: file, at: 0, count: min(file.usedSize, file.size)) { (body) throws(StatusWord) in
            writer.appendTLV(0x5C) { writer in
                var cursor = OctetCursor(body)
                while let object = cursor.berTLV() { writer.append(number: object.tag, minimum: 1) }
            }
        }
        output = writer
        return .success
    }

    /// Removes the data object with `tag`, if there is one: what stands behind it moves up.
    private mutating func remove(_ tag: UInt32, from file: File) throws(StatusWord) {
        guard let place = try place(of: tag, in: file) else { return }
        let tail = try withBody(of: file, at: place.upperBound, count: file.usedSize - place.upperBound) {
            (octets) throws(StatusWord) in octets.array
        }
        try tail.withView { (view) throws(StatusWord) in
            try writeBody(of: file, at: place.lowerBound, view)
        }
        let used = file.usedSize - place.count
        try memory.erase(file.reference, at: file.bodyOffset + used, count: place.count)
        try set(.usedSize(used), of: file)
    }
}
