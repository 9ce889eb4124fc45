import Octets

/// Motorola S-records: `S`, type, length of what follows, address, data, and the complement of the sum of these.
enum SRecord {
    private static let lineLength = 32

    /// Writes `image`: S1 and S9 where two octets are enough for the addresses, otherwise S2 and S8; the number of the
    /// records in S5 or S6.
    static func write(_ image: UnsafeRawBufferPointer, to file: ImageExportFile) throws(Failure) {
        let isShort = image.count <= 0x1_0000
        let width = isShort ? 2 : 3
        try file.write(record("0", 0, width: 2, Array("VEUICC".utf8)))
        var count = 0
        for start in stride(from: 0, to: image.count, by: lineLength) {
            let data = UnsafeRawBufferPointer(rebasing: image[start..<min(start + lineLength, image.count)])
            try file.write(record(isShort ? "1" : "2", start, width: width, data))
            count += 1
        }
        let isFewRecords = count <= 0xFFFF
        try file.write(record(isFewRecords ? "5" : "6", count, width: isFewRecords ? 2 : 3, []))
        try file.write(record(isShort ? "9" : "8", 0, width: width, []))
    }

    private static func record(
        _ type: Unicode.Scalar,
        _ address: Int,
        width: Int,
        _ data: some Collection<UInt8>
    ) -> [UInt8] {
        let head =
            [UInt8(width + data.count + 1)]
            + (0..<width).reversed().map { UInt8(truncatingIfNeeded: address >> ($0 * 8)) }
        let sum = head.reduce(0, &+) &+ data.reduce(0, &+)
        var line = [UInt8(ascii: "S"), UInt8(ascii: type)]
        RecordOctets.append(head, to: &line)
        RecordOctets.append(data, to: &line)
        RecordOctets.append([~sum], to: &line)
        return line + [0x0A]
    }

    struct Reader: RecordReader {
        private(set) var isAtEnd = false
        /// Programs that know of no start address leave out the record that has it: the number of records says as well
        /// that none is missing.
        var isComplete: Bool { isAtEnd || hasCount }
        /// How many records had data.
        private var count = 0
        private var hasCount = false

        mutating func read(_ line: ArraySlice<UInt8>, into assembly: inout ImageAssembly) throws(RecordError) {
            let type = line.dropFirst().first ?? 0
            guard line.first == UInt8(ascii: "S"), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(type) else {
                throw RecordError("does not begin with S and a digit")
            }
            guard let width = Self.addressWidths[Int(type - UInt8(ascii: "0"))] else {
                throw RecordError("record type S4 is reserved")
            }
            let record = try RecordOctets(line, behind: 2)
            guard let length = record.octets.first, record.octets.count > width + 1 else {
                throw RecordError("shorter than a record of its type")
            }
            guard record.octets.count == Int(length) + 1 else {
                throw RecordError("says \(length) octets, has \(record.octets.count - 1)")
            }
            let checksum = ~record.sum
            guard record.octets.last == checksum else {
                throw RecordError(
                    "the checksum is \(Hex.string([checksum])), not \(Hex.string(record.octets.suffix(1)))"
                )
            }
            try read(Unicode.Scalar(type), record, width, into: &assembly)
        }

        private mutating func read(
            _ type: Unicode.Scalar,
            _ record: RecordOctets,
            _ width: Int,
            into assembly: inout ImageAssembly
        ) throws(RecordError) {
            let address = record.number(at: 1, width: width)
            let data = record.octets[(1 + width)..<record.octets.count - 1]
            switch type {
            case "0":
                guard address == 0 else { throw RecordError("the address of a header is 0000") }
            case "1", "2", "3":
                guard !hasCount else { throw RecordError("data behind the number of records") }
                try assembly.put(data, at: address)
                count += 1
            default:
                guard data.isEmpty else { throw RecordError("a record S\(type) has no data") }
                guard type == "5" || type == "6" else { return isAtEnd = true }
                guard !hasCount else { throw RecordError("the number of records comes twice") }
                guard address == count else { throw RecordError("says \(address) records of data, there are \(count)") }
                hasCount = true
            }
        }

        /// How many octets the address has, by the type.
        private static let addressWidths: [Int?] = [2, 2, 3, 4, nil, 2, 3, 4, 3, 2]
    }
}
