import Memory
import Octets

extension UICC {
    /// RESIZE FILE: TS 102 222 clause 6.10. What is new is filled with FF; what is lost is the end. Of a BER-TLV EF the
    /// reserved size (85, or 80) and the maximum size (86) change, and no object is lost.
    ///
    /// - Throws: 6A80 for a size that does not fit the file; 6A82 where the file is not found; 6981 for a DF or a link;
    ///   6984 and 6985 as `requireUsable`; 6A84 where memory is short.
    static func resizeFile(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1p2 == 0 else { throw .incorrectP1P2 }
        guard !command.data.isEmpty else { throw .wrongLength }
        var cursor = OctetCursor(command.data)
        guard let template = cursor.berTLV(), template.tag == 0x62, cursor.isAtEnd,
            let identifier = template.cursor.firstValue(0x83)?.uint16(at: 0)
        else { throw .incorrectData }
        let file = try card.namedFile(identifier, on: command.classOctet.channel)
        guard !file.isDirectory, file.link == nil else { throw .incompatibleFileStructure }
        try card.require(nil, on: file, for: command)
        try card.requireUsable(file)
        if file.structure == .berTLV {
            try card.resizeDataObjectFile(file, template.cursor)
        } else {
            guard let size = template.cursor.firstValue(0x80)?.number, size > 0 else { throw .incorrectData }
            try card.resize(file, to: Int(size))
        }
        for number in card.channels.indices where card.channels[number].elementaryFile == file.reference {
            card.channels[number].select(elementaryFile: file.reference)
        }
        return .success
    }

    private mutating func resize(_ file: File, to size: Int) throws(StatusWord) {
        if file.recordLength > 0 {
            // The records of a cyclic EF lie in a ring: only one that starts at the front can grow or shrink.
            guard size % file.recordLength == 0, size / file.recordLength <= 254, file.firstRecord == 0 else {
                throw .incorrectData
            }
        }
        try resizeBody(of: file, to: size)
    }

    private mutating func resizeDataObjectFile(_ file: File, _ fields: OctetCursor) throws(StatusWord) {
        let information = fields.firstValue(0xA5).map { OctetCursor($0) }
        let reserved = information?.firstValue(0x85) ?? fields.firstValue(0x80)
        let maximum = information?.firstValue(0x86)
        guard reserved != nil || maximum != nil else { throw .incorrectData }
        if let reserved {
            guard let size = reserved.number, Int(size) <= memory.geometry.size else { throw .incorrectData }
            try set(.reserved, to: size, of: file)
        }
        if let maximum {
            guard let size = maximum.number, Int(size) >= file.usedSize else { throw .incorrectData }
            try set(.maximum, to: size, of: file)
        }
        let size = try number(of: .reserved, in: file)
        guard try size <= number(of: .maximum, in: file) else { throw .incorrectData }
        endTransfers(of: file)
        try resizeBody(of: file, to: max(size, file.usedSize))
    }
}
