/// Reads octets from front to back within bounds. A read that does not fit returns nil and moves nothing.
public struct OctetCursor {
    /// What the cursor walks over.
    public let view: OctetView
    /// How many octets have been read.
    public private(set) var position = 0

    /// Starts at the first octet of `view`.
    public init(_ view: OctetView) {
        self.view = view
        position = 0
    }

    /// How many octets have not been read yet.
    public var remaining: Int { view.count - position }

    /// Whether everything has been read.
    public var isAtEnd: Bool { remaining == 0 }

    /// The next octet, without reading it.
    public var peek: UInt8? { view.octet(at: position) }

    /// Reads one octet.
    public mutating func octet() -> UInt8? {
        guard let value = view.octet(at: position) else { return nil }
        advance(1)
        return value
    }

    /// Reads a big-endian 16-bit number.
    public mutating func uint16() -> UInt16? {
        guard let value = view.uint16(at: position) else { return nil }
        advance(2)
        return value
    }

    /// Reads `count` octets.
    public mutating func octets(_ count: Int) -> OctetView? {
        guard count >= 0, count <= remaining else { return nil }
        let part = view.part(from: position, length: count)
        advance(count)
        return part
    }

    /// Reads all that is left.
    public mutating func rest() -> OctetView {
        let part = view.part(from: position)
        advance(remaining)
        return part
    }

    mutating func advance(_ count: Int) {
        position += count
    }

    /// Goes back to `position`, which was read before.
    mutating func rewind(to position: Int) {
        self.position = position
    }
}
