import Memory
import Octets

/// The transfer of a data object over several commands: TS 102 221 clause 11.3.
enum DataObjectTransfer {
    case none
    /// The block that was given last, and where what is to be given ends: places in the body of the EF or, with
    /// `isTagList`, in the list of its tags.
    case retrieving(block: Range<Int>, end: Int, isTagList: Bool)
    /// The octets of the body that are still to come.
    case setting(start: Int, next: Int, end: Int)
}

extension UICC {
    /// How many octets a response carries where no Le says it.
    private static let blockSize = 255

    /// RETRIEVE DATA: TS 102 221 clause 11.3.1. P2 asks for the first block, the next one, or the last one again.
    ///
    /// - Throws: 6A88 for a tag that is not there; 6985 for a next block without a first, or behind the last; 6A80 for a
    ///   data field that is not a tag; 6981 for an EF that is not BER-TLV; and as `currentFile`.
    static func retrieveData(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        let number = command.classOctet.channel
        let blocks = command.p2 & 0xE0
        guard blocks == 0x80 || blocks == 0x40 || blocks == 0x00 else { throw .incorrectP1P2 }
        guard command.data.isEmpty == (blocks != 0x80) else { throw .wrongLength }
        let (named, shown) = try card.dataObjectFile(command)
        try card.require(.read, on: named, for: command)
        try card.requireUsable(named)
        let isTagList: Bool
        let left: Range<Int>
        if blocks == 0x80 {
            var cursor = OctetCursor(command.data)
            guard let tag = cursor.berTag(), cursor.isAtEnd else { throw .incorrectData }
            isTagList = tag == 0x5C
            if isTagList {
                left = 0..<(try card.tagList(of: shown).count)
            } else if let place = try card.place(of: tag, in: shown) {
                left = place
            } else {
                throw .referencedDataNotFound
            }
        } else {
            guard case .retrieving(let block, let end, let isList) = card.channels[number].transfer,
                card.channels[number].elementaryFile == named.reference
            else { throw .conditionsNotSatisfied }
            isTagList = isList
            left = (blocks == 0x00 ? block.upperBound : block.lowerBound)..<end
            guard !left.isEmpty else { throw .conditionsNotSatisfied }
        }
        let count = try card.blockLength(of: left.count, for: command)
        if isTagList {
            try card.tagList(of: shown).withView { card.output.append($0.part(from: left.lowerBound, length: count)) }
        } else {
            let offset = shown.bodyOffset + left.lowerBound
            try card.memory.read(shown.reference, at: offset, count: count, to: &card.output)
        }
        let block = left.lowerBound..<left.lowerBound + count
        card.selectIfNamed(named, true, command)
        card.channels[number].transfer = .retrieving(block: block, end: left.upperBound, isTagList: isTagList)
        return block.upperBound == left.upperBound ? .success : .moreDataAvailable
    }

    /// How many of `available` octets the response carries.
    ///
    /// - Throws: 6CXX where a command without data field asks for more.
    private func blockLength(of available: Int, for command: CommandAPDU) throws(StatusWord) -> Int {
        switch command.expected {
        case .absent: return min(available, Self.blockSize)
        case .any(let limit): return min(available, limit)
        case .exactly(let le):
            guard le <= available || !command.data.isEmpty || available > 256 else { throw .wrongLe(available) }
            return min(available, le)
        }
    }

    /// SET DATA: TS 102 221 clause 11.3.2. A tag alone deletes the object; a sequence that is not finished, too. The EF
    /// grows with its objects, up to its maximum size, and shrinks with them, down to its reserved size.
    ///
    /// - Throws: 6A84 where the EF or the memory has no room; 6A80 for a malformed object, or more data than it has; 6A88
    ///   where there is nothing to delete; 6985 for a next block without a first; 6981 for an EF that is not BER-TLV; and
    ///   as `currentFile`.
    static func setData(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        let number = command.classOctet.channel
        let blocks = command.p2 & 0xE0
        guard blocks == 0x80 || blocks == 0x00 else { throw .incorrectP1P2 }
        guard !command.data.isEmpty else { throw .wrongLength }
        let (named, shown) = try card.dataObjectFile(command)
        try card.require(.update, on: named, for: command)
        try card.requireUsable(named)
        if blocks == 0x80 { return try card.startSetting(command, named, shown) }
        guard case .setting(let start, let next, let end) = card.channels[number].transfer,
            card.channels[number].elementaryFile == named.reference, shown.usedSize == start
        else { throw .conditionsNotSatisfied }
        return try card.write(command, to: shown, start: start, next: next, end: end)
    }

    /// The first block of SET DATA: what has the tag goes, and there is room for the new object.
    private mutating func startSetting(
        _ command: CommandAPDU,
        _ named: File,
        _ shown: File
    ) throws(StatusWord) -> StatusWord {
        var cursor = OctetCursor(command.data)
        guard let tag = cursor.berTag(), tag != 0x5C else { throw .incorrectData }
        let isKnown = try remove(tag, from: shown)
        if cursor.isAtEnd {
            guard isKnown else { throw .referencedDataNotFound }
            try shrink(file(shown.reference))
            selectForTransfer(named, shown, command)
            return .success
        }
        guard let length = cursor.berLength() else { throw .incorrectData }
        let file = try file(shown.reference)
        let start = file.usedSize
        let end = start + cursor.position + length
        // Before the EF becomes the current one.
        guard command.data.count <= end - start else { throw .incorrectData }
        try grow(file, to: end)
        selectForTransfer(named, shown, command)
        return try write(command, to: self.file(shown.reference), start: start, next: start, end: end)
    }

    /// Makes `named` the current EF, and ends all transfers of its objects.
    private mutating func selectForTransfer(_ named: File, _ shown: File, _ command: CommandAPDU) {
        selectIfNamed(named, true, command)
        endTransfers(of: shown)
    }

    /// Writes a block of SET DATA; the last one makes the object part of the EF.
    private mutating func write(
        _ command: CommandAPDU,
        to file: File,
        start: Int,
        next: Int,
        end: Int
    ) throws(StatusWord) -> StatusWord {
        let number = command.classOctet.channel
        guard command.data.count <= end - next else { throw .incorrectData }
        try writeBody(of: file, at: next, command.data)
        let reached = next + command.data.count
        guard reached == end else {
            channels[number].transfer = .setting(start: start, next: reached, end: end)
            return .moreDataExpected
        }
        try set(.usedSize(end), of: file)
        channels[number].transfer = .none
        try shrink(self.file(file.reference))
        return .success
    }

    private func dataObjectFile(_ command: CommandAPDU) throws(StatusWord) -> (named: File, shown: File) {
        guard command.p1 == 0x00, command.p2 & 0x1F <= 30 else { throw .incorrectP1P2 }
        let named = try currentFile(short: command.p2 & 0x1F, command)
        let shown = try target(of: named)
        guard shown.structure == .berTLV else { throw .incompatibleFileStructure }
        return (named, shown)
    }

    /// Forgets, on every channel, where a transfer of data objects of `file` has got to: they may have moved.
    mutating func endTransfers(of file: File) {
        for number in channels.indices {
            guard let current = channels[number].elementaryFile else { continue }
            if current == file.reference || File(current, in: memory)?.link == file.reference {
                channels[number].transfer = .none
            }
        }
    }

    // MARK: The objects in the body

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

    /// The tag list data object, 5C, of the EF.
    private func tagList(of file: File) throws(StatusWord) -> [UInt8] {
        try withBody(of: file, at: 0, count: min(file.usedSize, file.size)) { (body) throws(StatusWord) in
            // A tag takes less than its object, and the header of the list at most five octets.
            withUnsafeTemporaryAllocation(byteCount: body.count + 5, alignment: 8) { area in
                var writer = OctetWriter(area)
                writer.appendTLV(0x5C) { writer in
                    var cursor = OctetCursor(body)
                    while let object = cursor.berTLV() { writer.append(number: object.tag, minimum: 1) }
                }
                return writer.view.array
            }
        }
    }

    /// Removes the data object with `tag`: what stands behind it moves up.
    ///
    /// - Returns: whether there was one.
    private mutating func remove(_ tag: UInt32, from file: File) throws(StatusWord) -> Bool {
        guard let place = try place(of: tag, in: file) else { return false }
        let tail = try withBody(of: file, at: place.upperBound, count: file.usedSize - place.upperBound) {
            (octets) throws(StatusWord) in octets.array
        }
        try tail.withView { (view) throws(StatusWord) in
            try writeBody(of: file, at: place.lowerBound, view)
        }
        let used = file.usedSize - place.count
        try memory.erase(file.reference, at: file.bodyOffset + used, count: place.count)
        try set(.usedSize(used), of: file)
        return true
    }
}
