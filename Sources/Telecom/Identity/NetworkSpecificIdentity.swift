import CardCrypto
import Octets

/// What the USIM makes a SUCI of where the SUPI is a network specific identifier: TS 23.003 clauses 28.7.2 and 28.7.3.
public struct NetworkSpecificIdentity {
    /// The longest network access identifier, in octets: RFC 7542 clause 2.3.
    public static let limit = 253

    private let user: OctetView
    /// `@` and the realm; empty where there is none.
    private let realm: OctetView
    private let routingIndicator: UInt16

    /// The identity with this network access identifier; nil where it is none, or too long.
    ///
    /// - Parameters:
    ///   - identifier: user name, `@` and realm, in UTF-8.
    ///   - routingIndicator: two octets as in EF.Routing_Indicator.
    public init?(_ identifier: OctetView, routingIndicator: UInt16) {
        guard (1...Self.limit).contains(identifier.count) else { return nil }
        let split = (0..<identifier.count).last { identifier.octet(at: $0) == UInt8(ascii: "@") } ?? identifier.count
        user = identifier.part(from: 0, length: split)
        realm = identifier.part(from: split)
        self.routingIndicator = routingIndicator
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
        // SUPI format network specific identifier, type of identity SUCI.
        writer.append(UInt8(0x11))
        writer.append(text: "type1.rid")
        appendRoutingIndicator(to: &writer)
        writer.append(text: ".schid")
        writer.append(decimal: choice.scheme.rawValue)
        var memory = InlineArray<512, UInt8>(repeating: 0)
        try withUnsafeMutableBytes(of: &memory) { (buffer) throws(CryptoError) in
            var output = OctetWriter(buffer)
            try choice.scheme.conceal(
                user,
                homeKey: choice.homeKey,
                random: random.part(from: 0, length: choice.scheme.randomLength),
                to: &output
            )
            let keyLength = choice.scheme.ephemeralKeyLength
            if choice.scheme == .null {
                writer.append(text: ".userid")
                writer.append(output.view)
            } else {
                writer.append(text: ".hnkey")
                writer.append(decimal: choice.keyIdentifier)
                writer.append(text: ".ecckey")
                writer.append(hexadecimal: output.view.part(from: 0, length: keyLength))
                writer.append(text: ".cip")
                writer.append(hexadecimal: output.view.part(from: keyLength, length: user.count))
                writer.append(text: ".mac")
                writer.append(hexadecimal: output.view.part(from: keyLength + user.count))
            }
        }
        writer.append(realm)
    }

    /// One to four digits, the first in the low half of the first octet; F ends them.
    private func appendRoutingIndicator(to writer: inout OctetWriter) {
        for shift: UInt16 in [8, 12, 0, 4] {
            let digit = UInt8(truncatingIfNeeded: routingIndicator >> shift) & 0x0F
            guard digit <= 9 else { return }
            writer.append(UInt8(ascii: "0") + digit)
        }
    }
}

extension OctetWriter {
    fileprivate mutating func append(text: StaticString) {
        text.withUTF8Buffer { append(OctetView(UnsafeRawBufferPointer($0))) }
    }

    fileprivate mutating func append(decimal number: UInt8) {
        if number >= 100 { append(UInt8(ascii: "0") + number / 100) }
        if number >= 10 { append(UInt8(ascii: "0") + number / 10 % 10) }
        append(UInt8(ascii: "0") + number % 10)
    }

    /// Lower-case digits, as in the examples of TS 29.503 annex C.
    fileprivate mutating func append(hexadecimal octets: OctetView) {
        for index in 0..<octets.count {
            let octet = octets.octet(at: index) ?? 0
            for digit in [octet >> 4, octet & 0x0F] {
                append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
    }
}
