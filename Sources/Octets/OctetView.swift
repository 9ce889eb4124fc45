/// A bounded look at octets that somebody else owns. It never reads outside its bounds and never traps.
///
/// The owner must outlive the view: a view is passed down a call, never stored past it.
public struct OctetView {
    let base: UnsafeRawPointer
    /// How many octets can be seen.
    public let count: Int

    /// The octets of `buffer`.
    public init(_ buffer: UnsafeRawBufferPointer) {
        base = buffer.baseAddress ?? OctetView.nowhere
        count = buffer.count
    }

    init(base: UnsafeRawPointer, count: Int) {
        self.base = base
        self.count = count
    }

    static var nowhere: UnsafeRawPointer { UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped }

    /// No octets.
    public static var empty: OctetView { OctetView(base: nowhere, count: 0) }

    /// Whether there is nothing to see.
    public var isEmpty: Bool { count == 0 }

    /// The octet at `index`; nil outside the bounds.
    public func octet(at index: Int) -> UInt8? {
        guard index >= 0, index < count else { return nil }
        return base.load(fromByteOffset: index, as: UInt8.self)
    }

    /// The big-endian 16-bit number at `index`; nil where it does not lie within the bounds.
    public func uint16(at index: Int) -> UInt16? {
        guard index >= 0, index < count - 1 else { return nil }
        return UInt16(bigEndian: base.loadUnaligned(fromByteOffset: index, as: UInt16.self))
    }

    /// The big-endian 32-bit number at `index`; nil where it does not lie within the bounds.
    public func uint32(at index: Int) -> UInt32? {
        guard index >= 0, index < count - 3 else { return nil }
        return UInt32(bigEndian: base.loadUnaligned(fromByteOffset: index, as: UInt32.self))
    }

    /// All octets as one big-endian number; nil for none or for more than four.
    public var number: UInt32? {
        guard count >= 1, count <= 4 else { return nil }
        var value: UInt32 = 0
        for index in 0..<count {
            value = value << 8 | UInt32(base.load(fromByteOffset: index, as: UInt8.self))
        }
        return value
    }

    /// At most `length` octets from `offset` on; empty outside the bounds.
    public func part(from offset: Int, length: Int = .max) -> OctetView {
        guard offset >= 0, offset < count, length > 0 else { return .empty }
        return OctetView(base: base + offset, count: min(length, count - offset))
    }

    /// Whether both show the same octets. Not for secrets: it stops at the first difference.
    public func equals(_ other: OctetView) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count
        where base.load(fromByteOffset: index, as: UInt8.self)
            != other.base.load(fromByteOffset: index, as: UInt8.self)
        {
            return false
        }
        return true
    }

    /// Whether the first octets are those of `prefix`.
    public func starts(with prefix: OctetView) -> Bool {
        count >= prefix.count && part(from: 0, length: prefix.count).equals(prefix)
    }

    /// The index of the first octet from which on `pattern` can be seen; nil if nowhere.
    public func firstIndex(of pattern: OctetView, from start: Int = 0) -> Int? {
        guard start >= 0, pattern.count <= count else { return nil }
        var index = start
        while index <= count - pattern.count {
            if part(from: index, length: pattern.count).equals(pattern) { return index }
            index += 1
        }
        return nil
    }

    /// Calls `body` with the octets.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// Copies the octets to `target`, at most as many as fit.
    public func copy(to target: UnsafeMutableRawBufferPointer) {
        guard let start = target.baseAddress else { return }
        start.copyMemory(from: base, byteCount: min(count, target.count))
    }

    /// A copy of the octets.
    public var array: [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}

extension Array where Element == UInt8 {
    /// Calls `body` with a view of the octets, which lives only for the call.
    public func withView<Result, Failure: Error>(
        _ body: (OctetView) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var result: Swift.Result<Result, Failure>?
        withUnsafeBytes { buffer in
            do throws(Failure) {
                result = .success(try body(OctetView(buffer)))
            } catch {
                result = .failure(error)
            }
        }
        switch result {
        case .success(let value): return value
        case .failure(let error): throw error
        case nil: return try body(.empty)
        }
    }
}
