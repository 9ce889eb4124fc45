import Octets

/// What a security level, the first octet of an SPI, asks of the first octet of a packet's SPI: TS 102 226 clause
/// 8.2.1.3.2.1.1. Each of the three parts is at least as strong.
struct MinimumSecurityLevel {
    private let octet: UInt8

    init(_ octet: UInt8) { self.octet = octet }

    /// Whether a packet with this octet reaches the level.
    func isReached(by parameters: UInt8) -> Bool {
        // b2 b1: none, redundancy check, cryptographic checksum, digital signature; b3: ciphering; b5 b4: no counter, one
        // that is not checked, one that is higher, one that is higher by one.
        parameters & 0x03 >= octet & 0x03 && parameters & 0x04 >= octet & 0x04 && parameters & 0x18 >= octet & 0x18
    }
}

/// What the counter of a packet is checked for: SPI, b5 and b4.
enum CounterRule: UInt8 {
    /// There is none, or it does not count.
    case none = 0x00
    /// It is there, for the sender.
    case available = 0x08
    /// It is higher than the last one.
    case higher = 0x10
    /// It is the last one plus one.
    case next = 0x18

    /// What becomes of a packet.
    enum Decision: Equatable {
        /// It is accepted; the value is kept before anything is executed. nil: the last one stays.
        case accepted(UInt64?)
        case low
        case high
        /// The last counter was the largest: the keys have served.
        case blocked
    }

    init(parameters: UInt8) {
        self = CounterRule(rawValue: parameters & 0x18) ?? .next
    }

    /// Compares a counter with the last one that was accepted.
    ///
    /// - Parameter largest: the counter behind which there is none.
    func decide(_ counter: UInt64, last: UInt64, largest: UInt64) -> Decision {
        guard last < largest else { return .blocked }
        switch self {
        case .none, .available: return .accepted(nil)
        case .higher: return counter > last ? .accepted(counter) : .low
        case .next:
            if counter <= last { return .low }
            return counter == last + 1 ? .accepted(counter) : .high
        }
    }
}
