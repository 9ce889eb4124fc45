import Octets

extension UICC {
    /// SEARCH RECORD: TS 102 221 clause 11.1.7. The answer lists the records that match; the first becomes current.
    ///
    /// - Throws: 6282 where none matches; 6A83 for a start that is not a record; 6A80 for a malformed data field; and as
    ///   `currentFile`.
    static func searchRecord(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard (0x04...0x06).contains(command.p2 & 0x07) else { throw .incorrectP1P2 }
        guard !command.data.isEmpty else { throw .wrongLength }
        let (named, shown) = try card.recordFile(command)
        try card.require(.read, on: named, for: command)
        try card.requireUsable(named)
        let channel = card.channels[command.classOctet.channel]
        let current = channel.elementaryFile == named.reference ? channel.record : 0
        let search = try RecordSearch(command, current: current, records: shown.records)
        var first: Int?
        for record in search.order {
            let offset = shown.offset(ofRecord: record)
            let isMatch = try card.withBody(of: shown, at: offset, count: shown.recordLength) {
                (octets) throws(StatusWord) in search.matches(octets)
            }
            guard isMatch else { continue }
            if first == nil { first = record }
            card.output.append(UInt8(truncatingIfNeeded: record))
        }
        guard let first else { throw .endOfFile }
        card.selectIfNamed(named, command.p2 & 0xF8 != 0, command)
        card.channels[command.classOctet.channel].record = first
        return .success
    }
}

/// What SEARCH RECORD looks for, and in which order: TS 102 221 tables 11.13 to 11.15.
private struct RecordSearch {
    /// Where in a record the string may start.
    private enum Start {
        case offset(Int)
        case behind(UInt8)
    }

    let order: StrideThrough<Int>
    private let start: Start
    private let string: OctetView

    init(_ command: CommandAPDU, current: Int, records: Int) throws(StatusWord) {
        var mode = command.p2 & 0x07
        // P1 = 00 is the current record.
        var from = command.p1 == 0x00 ? current : Int(command.p1)
        if mode == 0x06 {
            // Enhanced: an indication octet and an offset or a value come before the string.
            guard command.data.count >= 3, let indication = command.data.octet(at: 0),
                let parameter = command.data.octet(at: 1), indication & 0xF0 == 0
            else { throw .incorrectData }
            start = indication & 0x08 == 0 ? .offset(Int(parameter)) : .behind(parameter)
            string = command.data.part(from: 2)
            switch indication & 0x07 {
            case 0x04, 0x05: mode = indication & 0x07
            case 0x06:
                mode = 0x04
                from = current + 1
            case 0x07:
                mode = 0x05
                from = current == 0 ? records : current - 1
            default: throw .incorrectData
            }
        } else {
            start = .offset(0)
            string = command.data
        }
        guard mode == 0x04 || mode == 0x05 else { throw .incorrectP1P2 }
        guard from >= 1, from <= records else { throw .recordNotFound }
        order = mode == 0x04 ? stride(from: from, through: records, by: 1) : stride(from: from, through: 1, by: -1)
    }

    func matches(_ record: OctetView) -> Bool {
        switch start {
        case .offset(let offset): return record.firstIndex(of: string, from: offset) != nil
        case .behind(let value):
            let place = (0..<record.count).first { record.octet(at: $0) == value }
            return place.map { record.firstIndex(of: string, from: $0 + 1) != nil } ?? false
        }
    }
}
