import Octets

/// Intel HEX: `:`, length, 16 bits of the address, type, data, and the two's complement of the sum of all of these.
enum IntelHex {
    private enum RecordType: UInt8 {
        case data = 0x00
        case endOfFile = 0x01
        case extendedSegmentAddress = 0x02
        case startSegmentAddress = 0x03
        case extendedLinearAddress = 0x04
        case startLinearAddress = 0x05
    }

    private static let lineLength = 16

    /// Writes `image`, with an extended linear address record in front of each 64 KiB but the first.
    static func write(_ image: UnsafeRawBufferPointer, to file: ImageExportFile) throws(Failure) {
        for start in stride(from: 0, to: image.count, by: lineLength) {
            if start > 0, start % 0x1_0000 == 0 {
                let upper = UInt16(truncatingIfNeeded: start >> 16)
                try file.write(record(.extendedLinearAddress, 0, [UInt8(upper >> 8), UInt8(upper & 0xFF)]))
            }
            let data = UnsafeRawBufferPointer(rebasing: image[start..<min(start + lineLength, image.count)])
            try file.write(record(.data, start & 0xFFFF, data))
        }
        try file.write(record(.endOfFile, 0, []))
    }

    private static func record(_ type: RecordType, _ address: Int, _ data: some Collection<UInt8>) -> [UInt8] {
        let head = [UInt8(data.count), UInt8(address >> 8), UInt8(address & 0xFF), type.rawValue]
        let sum = head.reduce(0, &+) &+ data.reduce(0, &+)
        var line = [UInt8(ascii: ":")]
        RecordOctets.append(head, to: &line)
        RecordOctets.append(data, to: &line)
        RecordOctets.append([0 &- sum], to: &line)
        return line + [0x0A]
    }

    struct Reader: RecordReader {
        private(set) var isAtEnd = false
        var isComplete: Bool { isAtEnd }
        private var base = 0
        /// With a segment address, addresses begin anew at the end of 64 KiB.
        private var isSegmented = false

        mutating func read(_ line: ArraySlice<UInt8>, into assembly: inout ImageAssembly) throws(RecordError) {
            guard line.first == UInt8(ascii: ":") else { throw RecordError("does not begin with a colon") }
            let record = try RecordOctets(line, behind: 1)
            guard record.octets.count >= 5 else { throw RecordError("shorter than a record") }
            let length = Int(record.octets[0])
            guard record.octets.count == length + 5 else {
                throw RecordError("says \(Differences.octets(length)) of data, has \(record.octets.count - 5)")
            }
            let checksum = 0 &- record.sum
            guard record.octets.last == checksum else {
                throw RecordError(
                    "the checksum is \(Hex.string([checksum])), not \(Hex.string(record.octets.suffix(1)))"
                )
            }
            guard let type = RecordType(rawValue: record.octets[3]) else {
                throw RecordError("record type \(Hex.string([record.octets[3]])) does not exist")
            }
            try read(type, record, length, into: &assembly)
        }

        private mutating func read(
            _ type: RecordType,
            _ record: RecordOctets,
            _ length: Int,
            into assembly: inout ImageAssembly
        ) throws(RecordError) {
            let address = record.number(at: 1, width: 2)
            let expected =
                switch type {
                case .data: length
                case .endOfFile: 0
                case .extendedSegmentAddress, .extendedLinearAddress: 2
                case .startSegmentAddress, .startLinearAddress: 4
                }
            guard length == expected else {
                throw RecordError("a record of this type has \(expected) octets of data, not \(length)")
            }
            guard type == .data || address == 0 else {
                throw RecordError("a record of this type has the address 0000, not \(Hex.string(UInt16(address)))")
            }
            switch type {
            case .data:
                let data = record.octets[4..<4 + length]
                let first = isSegmented ? data.prefix(0x1_0000 - address) : data
                try assembly.put(first, at: base + address)
                try assembly.put(data.dropFirst(first.count), at: base)
            case .endOfFile: isAtEnd = true
            case .extendedSegmentAddress:
                base = record.number(at: 4, width: 2) << 4
                isSegmented = true
            case .extendedLinearAddress:
                base = record.number(at: 4, width: 2) << 16
                isSegmented = false
            // Where a processor would start.
            case .startSegmentAddress, .startLinearAddress: break
            }
        }
    }
}
