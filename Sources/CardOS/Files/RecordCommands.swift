import Memory
import Octets

extension UICC {
    /// READ RECORD: TS 102 221 clause 11.1.5.
    ///
    /// - Throws: 6A83 for a record that is not there; 6CXX where Le is not the record length; and as `currentFile`.
    static func readRecord(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        try requireRecordMode(command)
        guard command.data.isEmpty else { throw .wrongLength }
        let (named, shown) = try card.recordFile(command)
        try card.require(.read, on: named, for: command)
        try card.requireUsable(named)
        let (record, moves) = try card.record(of: named, shown, command)
        try card.requireLe(shown.recordLength, of: command)
        let offset = shown.bodyOffset + shown.offset(ofRecord: record)
        try card.memory.read(shown.reference, at: offset, count: shown.recordLength, to: &card.output)
        card.selectIfNamed(named, command.p2 & 0xF8 != 0, command)
        if moves { card.channels[command.classOctet.channel].record = record }
        return .success
    }

    /// UPDATE RECORD: TS 102 221 clause 11.1.6. In a cyclic EF only PREVIOUS, which makes a new record 1.
    ///
    /// - Throws: 6A83 for a record that is not there; 6700 where the data are not one record; 6981 for another mode in
    ///   a cyclic EF; and as `currentFile`.
    static func updateRecord(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        try requireRecordMode(command)
        let (named, shown) = try card.recordFile(command)
        try card.require(.update, on: named, for: command)
        try card.requireUsable(named)
        let record: Int
        let moves: Bool
        if shown.structure == .cyclic {
            guard command.p2 & 0x07 == 0x03 else { throw .incompatibleFileStructure }
            guard command.data.count == shown.recordLength else { throw .wrongLength }
            try card.writeNewest(command.data, in: shown)
            (record, moves) = (1, true)
        } else {
            (record, moves) = try card.record(of: named, shown, command)
            guard command.data.count == shown.recordLength else { throw .wrongLength }
            try card.writeBody(of: shown, at: shown.offset(ofRecord: record), command.data)
        }
        card.selectIfNamed(named, command.p2 & 0xF8 != 0, command)
        if moves { card.channels[command.classOctet.channel].record = record }
        return .success
    }

    /// INCREASE: TS 102 221 clause 11.1.8. The new record 1 is the old one plus the value.
    ///
    /// - Throws: 6981 for an EF that is not cyclic; 9850 where the sum does not fit; and as `currentFile`.
    static func increase(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        let isShort = command.p1 & 0x80 != 0
        guard command.p2 == 0x00, isShort ? command.p1 & 0x60 == 0 : command.p1 == 0x00 else { throw .incorrectP1P2 }
        let named = try card.currentFile(short: isShort ? command.p1 & 0x1F : 0, command)
        let shown = try card.target(of: named)
        guard shown.structure == .cyclic, shown.records > 0 else { throw .incompatibleFileStructure }
        try card.require(nil, on: named, for: command)
        try card.requireUsable(named)
        guard !command.data.isEmpty, command.data.count <= 127, command.data.count <= shown.recordLength else {
            throw .wrongLength
        }
        var sum = try card.withBody(of: shown, at: shown.offset(ofRecord: 1), count: shown.recordLength) {
            (record) throws(StatusWord) in record.array
        }
        var carry = 0
        for index in 0..<sum.count {
            let place = sum.count - 1 - index
            carry += Int(sum[place]) + Int(command.data.octet(at: command.data.count - 1 - index) ?? 0)
            sum[place] = UInt8(carry & 0xFF)
            carry >>= 8
        }
        guard carry == 0 else { throw .maximumValueReached }
        try sum.withView { (record) throws(StatusWord) in
            try card.writeNewest(record, in: shown)
            card.output.append(record)
        }
        card.output.append(command.data)
        card.selectIfNamed(named, isShort, command)
        card.channels[command.classOctet.channel].record = 1
        return .success
    }

    /// Overwrites the oldest record of a cyclic EF and makes it record 1.
    private mutating func writeNewest(_ record: OctetView, in file: File) throws(StatusWord) {
        guard file.records > 0 else { throw .recordNotFound }
        let newest = (file.firstRecord + file.records - 1) % file.records
        try writeBody(of: file, at: newest * file.recordLength, record)
        try set(.firstRecord(newest), of: file)
    }

    /// What P1 and P2 say must be one of TS 102 221 table 11.11, before the file is looked at.
    private static func requireRecordMode(_ command: CommandAPDU) throws(StatusWord) {
        switch command.p2 & 0x07 {
        case 0x02, 0x03: guard command.p1 == 0x00 else { throw .incorrectP1P2 }
        case 0x04: break
        default: throw .incorrectP1P2
        }
    }

    /// The EF with records that P2 means, and the file whose body it shows.
    func recordFile(_ command: CommandAPDU) throws(StatusWord) -> (named: File, shown: File) {
        guard command.p2 >> 3 <= 30 else { throw .incorrectP1P2 }
        let named = try currentFile(short: command.p2 >> 3, command)
        let shown = try target(of: named)
        guard shown.structure == .linearFixed || shown.structure == .cyclic else { throw .incompatibleFileStructure }
        return (named, shown)
    }

    /// The record that P1 and the mode in P2 mean, and whether it becomes the current one.
    private func record(
        of named: File,
        _ shown: File,
        _ command: CommandAPDU
    ) throws(StatusWord) -> (record: Int, moves: Bool) {
        let channel = channels[command.classOctet.channel]
        let current = channel.elementaryFile == named.reference ? channel.record : 0
        let count = shown.records
        let isCyclic = shown.structure == .cyclic
        guard count > 0 else { throw .recordNotFound }
        switch command.p2 & 0x07 {
        case 0x02:
            guard current < count || isCyclic else { throw .recordNotFound }
            return (current % count + 1, true)
        case 0x03:
            if current == 0 { return (count, true) }
            guard current > 1 || isCyclic else { throw .recordNotFound }
            return ((current - 2 + count) % count + 1, true)
        case 0x04:
            let record = command.p1 == 0x00 ? current : Int(command.p1)
            guard record >= 1, record <= count else { throw .recordNotFound }
            return (record, false)
        default: throw .incorrectP1P2
        }
    }
}
