import CardCrypto
import CardOS
import Memory
import Octets

/// How the data of STORE DATA are structured: b5 and b4 of P1, GPCS table 11-86.
enum DataStructure: UInt8 {
    case unknown = 0x00
    case dataGroupings = 0x08
    case berTLV = 0x10
}

/// STORE DATA under way: structures that go on in the next block.
struct StoredData: ~Copyable {
    /// The number of the next block.
    var next: UInt8 = 0
    var keys = KeyDataGroups()
    /// What the certificates that follow belong to: key identifier and version (AmdF).
    var certificateReference: [UInt8]?
    private var structure = DataStructure.unknown
    private var octets: [UInt8] = []

    /// Whether nothing is missing.
    var isComplete: Bool { octets.isEmpty && !keys.isPending && certificateReference == nil }

    /// Adds a block.
    ///
    /// - Throws: 6A80 where the structure changes within an object; 6A84 where an object becomes too long.
    mutating func append(_ block: OctetView, _ structure: DataStructure) throws(StatusWord) {
        var structure = structure
        if structure == .unknown {
            // Clients send data groupings also without a word of it.
            let isGrouping = block.uint16(at: 0).map { $0 == 0x0070 || KeyDataGroups.contains($0) } ?? false
            structure = octets.isEmpty ? (isGrouping ? .dataGroupings : .berTLV) : self.structure
        }
        guard octets.isEmpty || structure == self.structure else { throw .incorrectData }
        guard octets.count + block.count <= ApplicationSession.limit else { throw .notEnoughMemory }
        self.structure = structure
        block.withUnsafeBytes { octets.append(contentsOf: $0) }
    }

    /// Takes the next whole object.
    ///
    /// - Returns: nil where none is whole yet.
    /// - Throws: 6A80 for what cannot become one.
    mutating func take() throws(StatusWord) -> (tag: UInt32, value: [UInt8], isGrouping: Bool)? {
        let isGrouping = structure == .dataGroupings
        let found = try octets.withView { (view) throws(StatusWord) -> (tag: UInt32, value: [UInt8], count: Int)? in
            var cursor = OctetCursor(view)
            guard !cursor.isAtEnd else { return nil }
            let tag = isGrouping ? cursor.uint16().map(UInt32.init) : cursor.berTag()
            guard let tag else { return try Self.wait(view.count < (isGrouping ? 2 : 3)) }
            let length = isGrouping ? cursor.groupingLength() : cursor.berLength()
            guard let length else { return try Self.wait(cursor.remaining < (isGrouping ? 3 : 5)) }
            guard length <= ApplicationSession.limit else { throw .incorrectData }
            guard let value = cursor.octets(length) else { return nil }
            return (tag, value.array, cursor.position)
        }
        guard let found else { return nil }
        octets.removeFirst(found.count)
        return (found.tag, found.value, isGrouping)
    }

    private static func wait(_ isPossible: Bool) throws(StatusWord) -> (tag: UInt32, value: [UInt8], count: Int)? {
        guard isPossible else { throw .incorrectData }
        return nil
    }
}

extension OctetCursor {
    /// The length of a data grouping: one octet, or FF and two.
    fileprivate mutating func groupingLength() -> Int? {
        var copy = self
        guard let first = copy.octet() else { return nil }
        let length = first == 0xFF ? copy.uint16().map(Int.init) : Int(first)
        if length != nil { self = copy }
        return length
    }
}
