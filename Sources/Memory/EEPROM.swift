import Octets

/// A power failure that shall happen: during which program operation, and what is left of it.
public struct PowerFailure: Sendable {
    /// What the operation in which the power fails leaves behind. "Changing" are the bits that it would have changed.
    public enum Tear: Sendable {
        /// Nothing has changed.
        case before
        /// The first `octets` octets have changed, and the first `bits` (0 to 7) bits of the next one.
        case prefix(octets: Int, bits: Int)
        /// As `prefix`, from the other end.
        case suffix(octets: Int, bits: Int)
        /// Any of the changing bits have changed, as `seed` decides.
        case subset(seed: UInt64)
        /// Everything has changed: the power fails right after the operation.
        case after
    }

    /// How many program operations are complete before the one that is torn, counted from when this is set.
    public var completeOperations: UInt64
    /// What that one leaves behind.
    public var tear: Tear

    /// A power failure in the program operation that follows `completeOperations` complete ones.
    public init(completeOperations: UInt64, tear: Tear) {
        self.completeOperations = completeOperations
        self.tear = tear
    }
}

/// The bare memory: octets that can be read at will and changed by program operations only, each within one page.
///
/// Without power a program operation does nothing: what a command still does after its power failed has no effect.
struct EEPROM: ~Copyable {
    let base: UnsafeMutableRawPointer
    let size: Int
    /// Program operations since the card was made.
    private(set) var operations: UInt64 = 0
    private(set) var hasPower = true
    private var failure: PowerFailure?
    /// Called before each program operation with the range of the image that it changes.
    var observer: ((Range<Int>) -> Void)?

    init(_ image: UnsafeMutableRawBufferPointer) {
        // A geometry has been read from the image, so that it is not empty.
        base = image.baseAddress ?? UnsafeMutableRawPointer(bitPattern: Geometry.pageSize).unsafelyUnwrapped
        size = image.count
    }

    mutating func schedule(_ failure: PowerFailure?) {
        self.failure = failure
        hasPower = true
    }

    /// Programs `count` octets at `offset`, one operation for each page that they touch.
    mutating func program(_ source: UnsafeRawPointer, at offset: Int, count: Int) {
        var done = 0
        while done < count {
            let place = offset + done
            let length = min(count - done, Geometry.pageSize - place % Geometry.pageSize)
            operate(on: place, count: length, source: source + done)
            done += length
        }
    }

    /// Erases `count` octets at `offset`, one operation for each page that is not erased already.
    mutating func erase(at offset: Int, count: Int) {
        var done = 0
        while done < count {
            let place = offset + done
            let length = min(count - done, Geometry.pageSize - place % Geometry.pageSize)
            if !isErased(at: place, count: length) { operate(on: place, count: length, source: nil) }
            done += length
        }
    }

    func isErased(at offset: Int, count: Int) -> Bool {
        var index = offset
        let end = offset + count
        while index <= end - 8 {
            if base.loadUnaligned(fromByteOffset: index, as: UInt64.self) != .max { return false }
            index += 8
        }
        while index < end {
            if base.load(fromByteOffset: index, as: UInt8.self) != 0xFF { return false }
            index += 1
        }
        return true
    }

    /// One program operation within one page; without `source` it erases.
    ///
    /// Never inlined: the host may map a file here, and the order of the operations is what survives the process.
    @inline(never)
    private mutating func operate(on place: Int, count: Int, source: UnsafeRawPointer?) {
        guard hasPower, place >= 0, count > 0, place <= size - count else { return }
        if let failure {
            guard failure.completeOperations > 0 else {
                tear(at: place, count: count, source: source, failure.tear)
                hasPower = false
                return
            }
            self.failure?.completeOperations -= 1
        }
        operations += 1
        observer?(place..<place + count)
        if let source {
            (base + place).copyMemory(from: source, byteCount: count)
        } else {
            (base + place).initializeMemory(as: UInt8.self, repeating: 0xFF, count: count)
        }
    }

    private func tear(at place: Int, count: Int, source: UnsafeRawPointer?, _ tear: PowerFailure.Tear) {
        var state: UInt64 = 0
        if case .subset(let seed) = tear { state = seed }
        for index in 0..<count {
            let old = base.load(fromByteOffset: place + index, as: UInt8.self)
            let new = source?.load(fromByteOffset: index, as: UInt8.self) ?? 0xFF
            let mask: UInt8
            switch tear {
            case .before: mask = 0
            case .after: mask = 0xFF
            case .prefix(let octets, let bits):
                mask = index < octets ? 0xFF : index == octets ? 0xFF << UInt8(8 - bits & 7) : 0
            case .suffix(let octets, let bits):
                let fromEnd = count - 1 - index
                mask = fromEnd < octets ? 0xFF : fromEnd == octets ? ~(0xFF << UInt8(bits & 7)) : 0
            case .subset:
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                mask = UInt8(truncatingIfNeeded: state >> 33)
            }
            base.storeBytes(of: old & ~mask | new & mask, toByteOffset: place + index, as: UInt8.self)
        }
    }

    // Big-endian numbers; the caller keeps within the image.

    func octet(at offset: Int) -> UInt8 { base.load(fromByteOffset: offset, as: UInt8.self) }
    func uint16(at offset: Int) -> UInt16 {
        UInt16(bigEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }
    func uint32(at offset: Int) -> UInt32 {
        UInt32(bigEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}
