import Memory
import Octets

/// The sizes of a BER-TLV EF, of which its body has between the reserved and the maximum one: TS 102 221 clauses
/// 11.1.1.4.6.6 and 11.1.1.4.6.7. They stand in the attribute A5 of the file.
enum DataObjectSize: UInt32 {
    /// What the EF has at least, however little its objects take.
    case reserved = 0x85
    /// What the EF has at most; FFFFFFFF: as much as there is memory.
    case maximum = 0x86
}

extension UICC {
    /// Where in the attributes of `file` the size stands, in four octets; nil where it is not given so.
    private func place(of size: DataObjectSize, in file: File) throws(StatusWord) -> Int? {
        try withAttributes(of: file) { (attributes) throws(StatusWord) in
            var cursor = OctetCursor(attributes)
            while let attribute = cursor.berTLV() {
                guard attribute.tag == 0xA5 else { continue }
                var members = attribute.cursor
                while let member = members.berTLV() {
                    guard member.tag == size.rawValue, member.value.count == 4 else { continue }
                    return cursor.position - attribute.value.count + members.position - 4
                }
            }
            return nil
        }
    }

    /// A size of the BER-TLV EF `file`; where the image does not give it, what its body has.
    func number(of size: DataObjectSize, in file: File) throws(StatusWord) -> Int {
        guard let place = try place(of: size, in: file) else { return file.size }
        return try withAttributes(of: file) { (attributes) throws(StatusWord) in
            attributes.uint32(at: place).map { Int($0) } ?? file.size
        }
    }

    /// Changes a size of the BER-TLV EF `file`.
    ///
    /// - Throws: 6A80 where the image does not give it.
    mutating func set(_ size: DataObjectSize, to number: UInt32, of file: File) throws(StatusWord) {
        guard let place = try place(of: size, in: file) else { throw .incorrectData }
        try (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(24 - $0 * 8)) }.withView {
            (view) throws(StatusWord) in try memory.write(file.reference, at: File.headerSize + place, view)
        }
    }

    /// Gives the body of a BER-TLV EF at least `size` octets.
    ///
    /// - Throws: 6A84 where its maximum size, or the memory, does not allow it.
    mutating func grow(_ file: File, to size: Int) throws(StatusWord) {
        guard size > file.size else { return }
        guard try size <= number(of: .maximum, in: file) else { throw .notEnoughMemory }
        try resizeBody(of: file, to: size)
    }

    /// Gives back what the body of a BER-TLV EF has beyond its objects and its reserved size.
    mutating func shrink(_ file: File) throws(StatusWord) {
        let size = try max(file.usedSize, number(of: .reserved, in: file))
        if size < file.size { try resizeBody(of: file, to: size) }
    }

    /// Gives the body of `file` another size: what is new is erased, what is lost is the end.
    ///
    /// - Throws: 6A84 where memory is short.
    mutating func resizeBody(of file: File, to size: Int) throws(StatusWord) {
        guard size <= memory.geometry.size else { throw .notEnoughMemory }
        try memory.resize(file.reference, to: file.bodyOffset + size)
        try set(.size(size), of: file)
    }
}
