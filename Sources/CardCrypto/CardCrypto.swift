import Octets

/// Whether both show the same octets, in a time that depends on their number only: for PINs, MACs and cryptograms.
public func constantTimeEquals(_ one: OctetView, _ other: OctetView) -> Bool {
    guard one.count == other.count else { return false }
    var difference: UInt8 = 0
    for index in 0..<one.count {
        difference |= (one.octet(at: index) ?? 0) ^ (other.octet(at: index) ?? 0)
    }
    return difference == 0
}
