import Octets

/// A command APDU, taken apart as far as it can be: a trace shows malformed ones too.
struct TracedCommand: Equatable {
    /// Whose instruction codes a command uses.
    enum Kind: Equatable {
        /// ISO/IEC 7816-4.
        case interindustry
        /// TS 102 221, GlobalPlatform.
        case proprietary
        /// Class A0: TS 51.011.
        case gsm
    }

    let octets: [UInt8]
    var cla: UInt8
    let ins: UInt8
    let p1: UInt8
    let p2: UInt8
    /// The data field; empty where there is none.
    var data: [UInt8] = []
    /// Le, nil where there is none; 256 and 65,536 where it is 0.
    var expected: Int?
    /// Whether the lengths fit.
    var isWellFormed = true

    /// Nil for less than a header.
    init?(_ octets: [UInt8]) {
        guard octets.count >= 4 else { return nil }
        self.octets = octets
        (cla, ins, p1, p2) = (octets[0], octets[1], octets[2], octets[3])
        let body = Array(octets[4...])
        switch body.count {
        case 0: break
        case 1: expected = body[0] == 0 ? 256 : Int(body[0])
        case 3... where body[0] == 0:
            let length = Int(body[1]) << 8 | Int(body[2])
            let rest = body.dropFirst(3)
            if rest.isEmpty {
                expected = length == 0 ? 65_536 : length
            } else {
                data = Array(rest.prefix(length))
                let end = rest.dropFirst(length)
                isWellFormed = length > 0 && data.count == length && (end.isEmpty || end.count == 2)
                if end.count == 2 { expected = end.reduce(0) { $0 << 8 | Int($1) } }
                if expected == 0 { expected = 65_536 }
            }
        default:
            data = Array(body.dropFirst().prefix(Int(body[0])))
            let end = body.dropFirst(1 + Int(body[0]))
            isWellFormed = body[0] > 0 && data.count == Int(body[0]) && end.count <= 1
            if let le = end.first { expected = le == 0 ? 256 : Int(le) }
        }
    }

    /// Nil for a class that no command has: TS 102 221 clause 10.1.1.
    var kind: Kind? {
        switch cla {
        case 0x00...0x1F, 0x40...0x7F: .interindustry
        // 90 to 9F: those of 80 to 8F in a chain, ISO/IEC 7816-4 clause 5.1.1.
        case 0x80...0x9F, 0xC0...0xCF, 0xE0...0xEF: .proprietary
        case 0xA0: .gsm
        default: nil
        }
    }

    /// The logical channel, 0 to 19.
    var channel: Int {
        switch cla {
        case 0x40...0x7F, 0xC0...0xCF, 0xE0...0xEF: 4 + Int(cla & 0x0F)
        case 0xA0: 0
        default: Int(cla & 0x03)
        }
    }

    /// Whether it comes with secure messaging.
    var hasSecureMessaging: Bool {
        switch cla {
        case 0x00...0x1F, 0x80...0x9F: cla & 0x0C != 0
        case 0x40...0x7F, 0xC0...0xCF, 0xE0...0xEF: cla & 0x20 != 0
        default: false
        }
    }

    /// The same command without secure messaging and with another data field.
    func inTheClear(_ data: [UInt8]) -> TracedCommand {
        var command = self
        command.cla = cla & 0x40 != 0 && cla & 0x20 != 0 ? cla & ~0x20 : cla & ~0x0C
        command.data = data
        return command
    }

    var p1p2: Int { Int(p1) << 8 | Int(p2) }
}
