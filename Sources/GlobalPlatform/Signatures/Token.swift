import CardCrypto
import Octets

/// The token of a command, and what it has to be a signature of: GPCS clause C.4.
public struct Token {
    /// A command as tokens sign it. Of one in segments P1 is that of the last.
    public struct Command {
        let p1: UInt8
        let p2: UInt8
        let data: OctetView

        /// A command.
        ///
        /// - Parameter data: the data field up to the token, without its length.
        public init(p1: UInt8, p2: UInt8, signed data: OctetView) {
            self.p1 = p1
            self.p2 = p2
            self.data = data
        }
    }

    /// The signature; empty where the command has none.
    public let octets: OctetView
    private let first: Command
    private let second: Command?

    /// The token of a command.
    public init(_ octets: OctetView, of command: Command) {
        self.octets = octets
        first = command
        second = nil
    }

    /// The token of INSTALL [for load, install and make selectable]: it comes with the last command, and signs the
    /// first one as well (clause C.4.7).
    public init(_ octets: OctetView, of load: Command, and installation: Command) {
        self.octets = octets
        first = load
        second = installation
    }

    /// The token of DELETE [card content], the object 9E behind all others (clause C.4.6); empty where there is none.
    ///
    /// - Throws: 6A80 for a data field that is no sequence of objects, or where another object follows the token.
    public init(deleteWithP1 p1: UInt8, p2: UInt8, _ data: OctetView) throws(StatusWord) {
        var cursor = OctetCursor(data)
        var signed = data
        var token = OctetView.empty
        while !cursor.isAtEnd {
            let end = cursor.position
            guard let object = cursor.berTLV() else { throw .incorrectData }
            guard object.tag == 0x9E else { continue }
            guard cursor.isAtEnd else { throw .incorrectData }
            signed = data.part(from: 0, length: end)
            token = object.value
        }
        self.init(token, of: Command(p1: p1, p2: p2, signed: signed))
    }

    /// Verifies the token with the key of the security domain that has the Token Verification privilege.
    ///
    /// - Throws: 6982 where it is missing or wrong; 6985 for a key that does not sign.
    public func verify(with key: Key) throws(StatusWord) {
        let isRight = try withSignedData { (data) throws(StatusWord) in try key.verify(octets, of: data) }
        guard isRight else { throw .wrongSignature }
    }

    /// Calls `body` with P1, P2, length and data field of each command.
    func withSignedData<Result>(
        _ body: (SignedData) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        try Self.withHeader(of: first) { (header) throws(StatusWord) in
            guard let second else { return try body(SignedData(header, first.data)) }
            return try Self.withHeader(of: second) { (secondHeader) throws(StatusWord) in
                try body(SignedData(header, first.data, secondHeader, second.data))
            }
        }
    }

    /// The length takes one octet, or three above 255.
    private static func withHeader<Result>(
        of command: Command,
        _ body: (OctetView) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        let length = command.data.count
        guard length <= 0xFFFF else { throw .incorrectData }
        var octets: InlineArray<5, UInt8> = [command.p1, command.p2, UInt8(truncatingIfNeeded: length), 0, 0]
        var count = 3
        if length > 255 {
            octets[2] = 0
            octets[3] = UInt8(truncatingIfNeeded: length >> 8)
            octets[4] = UInt8(truncatingIfNeeded: length)
            count = 5
        }
        return try octets.span.withUnsafeBytes { (octets) throws(StatusWord) in
            try body(OctetView(octets).part(from: 0, length: count))
        }
    }
}

/// What a command says of its token, in the control reference template for digital signature (B6): GPCS tables 11-23
/// and 11-49.
public struct TokenReference {
    private let template: OctetCursor

    /// Finds the template among the parameters of INSTALL, or the objects of DELETE; it is empty where there is none.
    public init(_ objects: OctetView) {
        template = OctetCursor(OctetCursor(objects).firstValue(0xB6) ?? .empty)
    }

    /// The token identifier (93), which receipts repeat.
    public var identifier: OctetView? { template.firstValue(0x93) }

    /// Whether the token is meant for the security domain that has this provider identification number (42) and this
    /// image number (45). What the command does not name is not compared.
    public func isMeant(forProvider provider: OctetView, image: OctetView) -> Bool {
        (template.firstValue(0x42)?.equals(provider) ?? true) && (template.firstValue(0x45)?.equals(image) ?? true)
    }
}
