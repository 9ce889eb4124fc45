import CardCryptoSeam
import Octets

/// Memory for octets that must not outlive their use: it has one owner, and is wiped when that ends.
public struct SecretOctets: ~Copyable {
    let base: UnsafeMutableRawPointer
    /// How many octets there are.
    public let count: Int

    /// `count` octets, all zero; none for a negative number.
    public init(count: Int) {
        self.count = max(0, count)
        base = .allocate(byteCount: self.count, alignment: 16)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: self.count)
    }

    /// A copy of the octets of `view`.
    public init(_ view: OctetView) {
        self.init(count: view.count)
        view.copy(to: buffer)
    }

    deinit {
        seam_wipe(base, count)
        base.deallocate()
    }

    /// The octets to read; not for use beyond the life of this value.
    public var view: OctetView { OctetView(UnsafeRawBufferPointer(buffer)) }

    /// The octets to write; not for use beyond the life of this value.
    public var buffer: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: base, count: count) }

    /// The octets from `offset` on, `length` of them, both within the bounds.
    func part(_ offset: Int, _ length: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base + offset, count: length)
    }

    var octets: UnsafeMutablePointer<UInt8> { base.assumingMemoryBound(to: UInt8.self) }
}

/// Whether both show the same octets, found in a time that depends on their number only.
public func constantTimeEqual(_ first: OctetView, _ second: OctetView) -> Bool {
    guard first.count == second.count else { return false }
    return first.withUnsafeBytes { first in
        second.withUnsafeBytes { second in seam_equal(first.octets, second.octets, first.count) == 1 }
    }
}

/// Overwrites octets with zeros, in a way that no optimisation leaves out.
public func wipe(_ buffer: UnsafeMutableRawBufferPointer) {
    if let base = buffer.baseAddress { seam_wipe(base, buffer.count) }
}

extension UnsafeRawBufferPointer {
    /// The octets as the seam takes them.
    var octets: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}

extension UnsafeMutableRawBufferPointer {
    /// The octets as the seam takes them.
    var octets: UnsafeMutablePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }

    var view: OctetView { OctetView(UnsafeRawBufferPointer(self)) }
}

extension Slice where Base == UnsafeMutableRawBufferPointer {
    var rebased: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: self) }
}

/// `count` octets that `body` writes.
func filled(
    _ count: Int,
    _ body: (UnsafeMutableRawBufferPointer) throws(CryptoError) -> Void
) throws(CryptoError) -> [UInt8] {
    var octets = [UInt8](repeating: 0, count: count)
    var span = octets.mutableSpan
    try span.withUnsafeMutableBytes(body)
    return octets
}
