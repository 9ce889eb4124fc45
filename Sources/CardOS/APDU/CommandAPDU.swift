import Octets

/// How many octets of response data a command asks for (Le).
public enum ExpectedLength: Equatable, Sendable {
    /// No Le.
    case absent
    /// Le = 00 (or 0000): whatever there is, at most `limit` octets (256 or 65,536).
    case any(limit: Int)
    /// Le says how many.
    case exactly(Int)
}

/// A command APDU, taken apart: ISO/IEC 7816-4 clause 5.2, TS 102 221 clause 10.1.
public struct CommandAPDU {
    /// The class octet as it came.
    public let cla: UInt8
    /// What the class octet says.
    public let classOctet: ClassOctet
    /// The instruction code.
    public let ins: UInt8
    /// Parameter 1.
    public let p1: UInt8
    /// Parameter 2.
    public let p2: UInt8
    /// The data field; empty in cases 1 and 2.
    public let data: OctetView
    /// Le.
    public let expected: ExpectedLength

    /// P1 and P2 as one number.
    public var p1p2: UInt16 { UInt16(p1) << 8 | UInt16(p2) }

    /// The same command with another data field: the end of a chain.
    package func with(data: OctetView) -> CommandAPDU {
        CommandAPDU(cla: cla, classOctet: classOctet, ins: ins, p1: p1, p2: p2, data: data, expected: expected)
    }

    /// The command of another class that this one stands for, with its parameters.
    package func with(cla: UInt8, p1: UInt8, p2: UInt8) -> CommandAPDU {
        let classOctet = (ClassOctet(cla) ?? classOctet).on(channel: classOctet.channel)
        return CommandAPDU(cla: cla, classOctet: classOctet, ins: ins, p1: p1, p2: p2, data: data, expected: expected)
    }

    /// The same command on another logical channel, whatever its class octet says.
    func on(channel: Int) -> CommandAPDU {
        let classOctet = classOctet.on(channel: channel)
        return CommandAPDU(cla: cla, classOctet: classOctet, ins: ins, p1: p1, p2: p2, data: data, expected: expected)
    }

    /// The same command with another Le.
    func expecting(_ expected: ExpectedLength) -> CommandAPDU {
        CommandAPDU(cla: cla, classOctet: classOctet, ins: ins, p1: p1, p2: p2, data: data, expected: expected)
    }

    fileprivate init(
        cla: UInt8,
        classOctet: ClassOctet,
        ins: UInt8,
        p1: UInt8,
        p2: UInt8,
        data: OctetView,
        expected: ExpectedLength
    ) {
        self.cla = cla
        self.classOctet = classOctet
        self.ins = ins
        self.p1 = p1
        self.p2 = p2
        self.data = data
        self.expected = expected
    }

    /// Takes `octets` apart: `OctetView.commandAPDU(allowsExtended:)`.
    package init(_ octets: OctetView, allowsExtended: Bool) throws(StatusWord) {
        self = try octets.commandAPDU(allowsExtended: allowsExtended)
    }
}

extension OctetView {
    /// Takes these octets apart: cases 1 to 4, short, and extended where `allowsExtended`.
    ///
    /// Not an initializer: that would be called through a function that only drops its type, once for each command.
    ///
    /// A header alone has no Le. Under T=0, where there are no extended lengths, it comes with P3 = 00, as a case 2
    /// command with Le = 00 does: TS 102 221 clause 7.3.1.1.
    ///
    /// - Throws: 6700 for any other length; 6E00 for a class that no command has.
    func commandAPDU(allowsExtended: Bool) throws(StatusWord) -> CommandAPDU {
        var cursor = OctetCursor(self)
        guard let cla = cursor.octet(), let ins = cursor.octet(), let p1 = cursor.octet(), let p2 = cursor.octet()
        else { throw .wrongLength }
        guard let classOctet = ClassOctet(cla) else { throw .classNotSupported }
        var data = OctetView.empty
        var expected = ExpectedLength.absent
        switch (count, cursor.octet()) {
        case (4, _): expected = allowsExtended ? .absent : .any(limit: 256)
        case (5, let p3?): expected = p3 == 0 ? .any(limit: 256) : .exactly(Int(p3))
        case (7..., 0):
            guard allowsExtended, let number = cursor.uint16() else { throw .wrongLength }
            if cursor.isAtEnd {
                expected = number == 0 ? .any(limit: 65_536) : .exactly(Int(number))
            } else {
                guard number > 0, let field = cursor.octets(Int(number)) else { throw .wrongLength }
                data = field
                if !cursor.isAtEnd {
                    guard let le = cursor.uint16() else { throw .wrongLength }
                    expected = le == 0 ? .any(limit: 65_536) : .exactly(Int(le))
                }
            }
        case (_, let lc?):
            guard lc > 0, let field = cursor.octets(Int(lc)) else { throw .wrongLength }
            data = field
            if let le = cursor.octet() { expected = le == 0 ? .any(limit: 256) : .exactly(Int(le)) }
        case (_, nil): throw .wrongLength
        }
        guard cursor.isAtEnd else { throw .wrongLength }
        return CommandAPDU(
            cla: cla,
            classOctet: classOctet,
            ins: ins,
            p1: p1,
            p2: p2,
            data: data,
            expected: expected
        )
    }
}

/// What the class octet of a command says: TS 102 221 clause 10.1.1.
public struct ClassOctet: Equatable, Sendable {
    /// Whose instruction codes the command uses.
    public enum Kind: Sendable {
        /// 0X, 1X, 4X to 7X: those of ISO/IEC 7816-4.
        case interindustry
        /// 8X, 9X, CX, EX: those of the UICC or of GlobalPlatform.
        case proprietary
        /// A0: those of TS 51.011, on the basic channel.
        case gsm
    }

    /// Whose instruction codes the command uses.
    public let kind: Kind
    /// The logical channel: 0 to 19, or that of remote scripts, which no class octet names.
    public private(set) var channel: Int
    /// Whether the command comes with secure messaging.
    public let hasSecureMessaging: Bool
    /// Whether the command is one of a chain of ISO/IEC 7816-4, and not its last. In class 9X the application knows.
    public let isChained: Bool

    /// nil for a class that no command has.
    init?(_ cla: UInt8) {
        switch cla {
        case 0x00...0x1F, 0x80...0x9F:
            channel = Int(cla & 0x03)
            hasSecureMessaging = cla & 0x0C != 0
        case 0x40...0x7F, 0xC0...0xCF, 0xE0...0xEF:
            channel = 4 + Int(cla & 0x0F)
            hasSecureMessaging = cla & 0x20 != 0
        case 0xA0:
            channel = 0
            hasSecureMessaging = false
        default: return nil
        }
        kind = cla == 0xA0 ? .gsm : cla & 0x80 == 0 ? .interindustry : .proprietary
        isChained = cla & 0x90 == 0x10
    }

    /// The same class on another logical channel.
    func on(channel: Int) -> ClassOctet {
        var other = self
        other.channel = channel
        return other
    }

    /// Whether `cla` is the same class, on whatever logical channel, in a chain or not.
    func isOf(_ cla: UInt8) -> Bool {
        guard let other = ClassOctet(cla) else { return false }
        return kind == other.kind && hasSecureMessaging == other.hasSecureMessaging
    }
}
