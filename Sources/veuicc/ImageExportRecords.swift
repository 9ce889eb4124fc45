import Memory

/// How an image stands in a file.
enum ImageFormat: String, CaseIterable {
    /// The octets themselves.
    case bin
    /// Intel HEX: Hexadecimal Object File Format Specification, revision A.
    case ihex
    /// Motorola S-records.
    case srec

    /// The format of a file that begins with `octet`.
    init(beginningWith octet: UInt8?) {
        switch octet {
        case UInt8(ascii: ":"): self = .ihex
        case UInt8(ascii: "S"): self = .srec
        default: self = .bin
        }
    }
}

/// What is wrong in a line of a file, without the line.
struct RecordError: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

/// The octets of a line in hexadecimal digits, and nothing else; the last one is the checksum.
struct RecordOctets {
    let octets: [UInt8]

    /// - Parameter start: how many characters stand in front of the digits.
    init(_ line: ArraySlice<UInt8>, behind start: Int) throws(RecordError) {
        let digits = line.dropFirst(start)
        guard digits.count % 2 == 0 else { throw RecordError("an odd number of hexadecimal digits") }
        octets = [UInt8](unsafeUninitializedCapacity: digits.count / 2) { target, count in
            var index = digits.startIndex
            while index < digits.endIndex {
                let (high, low) = (Self.values[Int(digits[index])], Self.values[Int(digits[index + 1])])
                if high | low > 0x0F { return }
                target[count] = high << 4 | low
                count += 1
                index += 2
            }
        }
        guard octets.count == digits.count / 2 else {
            let column = digits.firstIndex { Self.values[Int($0)] > 0x0F } ?? digits.startIndex
            throw RecordError("no hexadecimal digit in column \(column - line.startIndex + 1)")
        }
    }

    /// The value of each character as a digit; FF for any other one.
    private static let values: [UInt8] = (0...255).map { character in
        switch UInt8(character) {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt8(character) - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt8(character) - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt8(character) - UInt8(ascii: "a") + 10
        default: 0xFF
        }
    }

    /// The number in the `width` octets at `index`, which are there.
    func number(at index: Int, width: Int) -> Int {
        octets[index..<index + width].reduce(0) { $0 << 8 | Int($1) }
    }

    /// The sum of all octets but the last, modulo 256.
    var sum: UInt8 { octets.dropLast().reduce(0) { $0 &+ $1 } }

    /// Upper-case digits of `octets`.
    static func append(_ octets: some Sequence<UInt8>, to line: inout [UInt8]) {
        for octet in octets {
            line.append(digits[Int(octet >> 4)])
            line.append(digits[Int(octet & 0x0F)])
        }
    }

    private static let digits = Array("0123456789ABCDEF".utf8)
}

/// An image that is put together from pieces in any order. Each octet comes once, and none is missing at the end.
struct ImageAssembly {
    private(set) var octets: [UInt8] = []
    private var isKnown: [Bool] = []
    private var known = 0

    /// - Throws: where the octets lie behind the end of the largest image, or one is known already.
    mutating func put(_ piece: some Collection<UInt8>, at address: Int) throws(RecordError) {
        guard !piece.isEmpty else { return }
        let end = address + piece.count
        guard end <= Geometry.sizes.upperBound else {
            throw RecordError("address \(Self.hex(end - 1)) lies behind the end of the largest image")
        }
        if end > octets.count {
            octets.append(contentsOf: repeatElement(0xFF, count: end - octets.count))
            isKnown.append(contentsOf: repeatElement(false, count: end - isKnown.count))
        }
        if let index = isKnown[address..<end].firstIndex(of: true) {
            throw RecordError("address \(Self.hex(index)) comes twice")
        }
        octets.replaceSubrange(address..<end, with: piece)
        isKnown.replaceSubrange(address..<end, with: repeatElement(true, count: piece.count))
        known += piece.count
    }

    /// The first octets that no record had; nil if there are none.
    var gap: ClosedRange<Int>? {
        guard known < octets.count, let start = isKnown.firstIndex(of: false) else { return nil }
        return start...(isKnown[start...].firstIndex(of: true) ?? octets.count) - 1
    }

    static func hex(_ address: Int) -> String {
        let digits = String(address, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }
}

/// A format whose records are lines.
protocol RecordReader {
    /// Takes the next line, without its end.
    mutating func read(_ line: ArraySlice<UInt8>, into assembly: inout ImageAssembly) throws(RecordError)
    /// Whether the record was there behind which nothing may come.
    var isAtEnd: Bool { get }
    /// Whether the file may end here.
    var isComplete: Bool { get }
}

extension ImageAssembly {
    /// Reads `text` line by line, which end with LF or CR LF. Lines without any character are passed over.
    ///
    /// - Throws: `data` with file and line.
    mutating func read(
        _ source: ImageImportFile,
        with reader: inout some RecordReader
    ) throws(Failure) {
        while let line = try source.line() {
            guard !line.isEmpty else { continue }
            do throws(RecordError) {
                guard !reader.isAtEnd else { throw RecordError("a line behind the record that ends the file") }
                try reader.read(line[...], into: &self)
            } catch {
                throw source.failure(error.reason)
            }
        }
        guard reader.isComplete else { throw source.failure("the file ends without the record that ends it") }
        guard let gap else { return }
        let range = "\(Self.hex(gap.lowerBound)) to \(Self.hex(gap.upperBound))"
        throw source.failure("no record has the octets \(range)")
    }
}
