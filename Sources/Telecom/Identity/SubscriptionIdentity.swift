import CardCrypto
import Octets

/// An IMSI as EF.IMSI holds it: TS 31.102 clause 4.2.2.
public struct IMSI: Sendable {
    /// The digits, 6 to 15, the first in the highest half octet.
    private let digits: UInt64
    /// How many there are.
    public let count: Int

    /// Reads the content of EF.IMSI; nil where it holds no IMSI.
    public init?(_ content: OctetView) {
        guard let length = content.octet(at: 0), (4...8).contains(length), content.count > Int(length) else {
            return nil
        }
        var digits: UInt64 = 0
        var count = 0
        for index in 2...Int(length) * 2 {
            let octet = content.octet(at: 1 + (index - 1) / 2) ?? 0xFF
            let digit = index % 2 == 0 ? octet >> 4 : octet & 0x0F
            // The last half octet is F where the number of digits is even.
            if digit == 0x0F, index == Int(length) * 2 { break }
            guard digit <= 9 else { return nil }
            digits |= UInt64(digit) << UInt64((15 - count) * 4)
            count += 1
        }
        self.digits = digits
        self.count = count
    }

    /// The digit at `index`; F outside.
    func digit(_ index: Int) -> UInt8 {
        guard index >= 0, index < count else { return 0x0F }
        return UInt8(truncatingIfNeeded: digits >> UInt64((15 - index) * 4)) & 0x0F
    }

    /// Appends MCC and MNC in three octets (TS 24.008 clause 10.5.1.13); the MNC has two or three digits.
    func appendNetwork(mncLength: Int, to writer: inout OctetWriter) {
        let third = mncLength == 3 ? digit(5) : 0x0F
        writer.append(digit(1) << 4 | digit(0))
        writer.append(third << 4 | digit(2))
        writer.append(digit(4) << 4 | digit(3))
    }

    /// Appends the MSIN, two digits to an octet, the first in the low half: TS 24.501 clause 9.11.3.4.
    func appendMSIN(mncLength: Int, to writer: inout OctetWriter) {
        for index in stride(from: 3 + mncLength, to: count, by: 2) {
            writer.append(digit(index + 1) << 4 | digit(index))
        }
    }
}

/// What EF.SUCI_Calc_Info says of the highest priority: TS 31.102 clause 4.4.11.8.
public struct ConcealmentChoice {
    /// The protection scheme; the null scheme where there is no usable entry.
    public let scheme: ProtectionScheme
    /// The identifier of the home network's public key.
    public let keyIdentifier: UInt8
    /// The home network's public key.
    public let homeKey: OctetView

    /// The choice that the content of the file makes.
    public init(_ content: OctetView) {
        var choice: (ProtectionScheme, UInt8, OctetView) = (.null, 0, .empty)
        let information = OctetCursor(content)
        if let list = information.firstValue(0xA0), let identifier = list.octet(at: 0), let number = list.octet(at: 1),
            let scheme = ProtectionScheme(rawValue: identifier), scheme != .null,
            let keys = information.firstValue(0xA1)
        {
            var cursor = OctetCursor(keys)
            var position = 0
            while let name = cursor.berTLV(), let key = cursor.berTLV(), name.tag == 0x80, key.tag == 0x81 {
                position += 1
                if position == number { choice = (scheme, name.value.octet(at: 0) ?? 0, key.value) }
            }
        }
        (scheme, keyIdentifier, homeKey) = choice
    }
}

/// What the USIM makes a SUCI of.
public struct SubscriptionIdentity: Sendable {
    /// The IMSI.
    public var imsi: IMSI
    /// How many digits the MNC has, 2 or 3.
    public var mncLength = 2
    /// The routing indicator, two octets as in EF.Routing_Indicator: 0.
    public var routingIndicator = Self.noRoutingIndicator

    /// The routing indicator of a USIM that has none: 0.
    static let noRoutingIndicator: UInt16 = 0xF0FF

    /// An identity in a network with an MNC of two digits, with the routing indicator 0.
    public init(imsi: IMSI) {
        self.imsi = imsi
    }

    /// Appends the SUCI: the 5GS mobile identity of TS 24.501 clause 9.11.3.4 from octet 4 on.
    ///
    /// - Parameters:
    ///   - information: the content of EF.SUCI_Calc_Info_USIM.
    ///   - random: 40 random octets.
    /// - Throws: as `ProtectionScheme.conceal`.
    public func appendConcealed(
        _ information: OctetView,
        random: OctetView,
        to writer: inout OctetWriter
    ) throws(CryptoError) {
        let choice = ConcealmentChoice(information)
        // SUPI format IMSI, type of identity SUCI.
        writer.append(UInt8(0x01))
        imsi.appendNetwork(mncLength: mncLength, to: &writer)
        writer.append(routingIndicator)
        writer.append(choice.scheme.rawValue)
        writer.append(choice.keyIdentifier)
        var input = InlineArray<8, UInt8>(repeating: 0)
        try withUnsafeMutableBytes(of: &input) { (buffer) throws(CryptoError) in
            var digits = OctetWriter(buffer)
            imsi.appendMSIN(mncLength: mncLength, to: &digits)
            try choice.scheme.conceal(
                digits.view,
                homeKey: choice.homeKey,
                random: random.part(from: 0, length: choice.scheme.randomLength),
                to: &writer
            )
        }
    }
}
