import Memory
import Octets

// PIN codes, unblocking codes and authentication parameters: docs/memory-image.md sections 7.2 and 7.3.

extension ImageDiff {
    private struct Code {
        let reference: UInt8
        let octets: ArraySlice<UInt8>

        func octet(_ index: Int) -> UInt8 { octets[octets.startIndex + index] }
        var value: ArraySlice<UInt8> { octets.suffix(8) }
    }

    private static func codes(_ object: ImageContents.Object) -> [Code] {
        stride(from: 8, through: object.content.count - 16, by: 16).map { start in
            Code(reference: object.content[start], octets: object.content[start..<start + 16])
        }
    }

    mutating func compareCodes(_ before: ImageContents.Object, _ after: ImageContents.Object) {
        let isPIN = before.kind == ObjectKind.pinCodes.rawValue
        let owner = before.owner.number
        let origins = [(before, old), (after, new)].map { object, contents in
            object.object(at: 4).map { contents.shortPath(of: $0) } ?? "itself"
        }
        note(subject(before, old), owner, "are those of", origins[0], origins[1])
        let (one, other) = (Self.codes(before), Self.codes(after))
        let place = " of \(old.context(of: before))"
        for code in one {
            let subject = Self.name(of: code.reference, isPIN: isPIN) + place
            guard let next = other.first(where: { $0.reference == code.reference }) else {
                note(ImageChange(subject, owner: owner, .deleted))
                continue
            }
            compareCode(subject, owner, code, next)
        }
        for code in other where !one.contains(where: { $0.reference == code.reference }) {
            note(ImageChange(Self.name(of: code.reference, isPIN: isPIN) + place, owner: owner, .created))
        }
    }

    private mutating func compareCode(_ subject: String, _ owner: UInt8, _ before: Code, _ after: Code) {
        let flags =
            [(UInt8(1), "enabled", "disabled"), (2, "may be changed", "may not be changed")]
            + [(4, "may be disabled", "may not be disabled")]
        for (bit, set, clear) in flags {
            note(subject, owner, "", before.octet(1) & bit, after.octet(1) & bit) { $0 == 0 ? clear : set }
        }
        note(subject, owner, "attributes", before.octet(1) & 0xF8, after.octet(1) & 0xF8) { Hex.string([$0]) }
        note(subject, owner, "most tries", before.octet(2) >> 4, after.octet(2) >> 4)
        note(subject, owner, "tries", before.octet(2) & 0x0F, after.octet(2) & 0x0F)
        for (index, what, isPIN) in [(3, "unblocked by", false), (4, "replaced by", true)] {
            note(subject, owner, what, before.octet(index), after.octet(index)) {
                $0 == 0 ? "none" : Self.name(of: $0, isPIN: isPIN)
            }
        }
        guard !before.value.elementsEqual(after.value) else { return }
        if let digits = Self.digits(before.value), let next = Self.digits(after.value) {
            note(subject, owner, "value", digits, next)
        } else {
            noteOctets(subject, owner, "value", before.value, after.value)
        }
    }

    /// The digits of a code; nil where it has anything else: TS 102 221 clause 9.5.1.
    private static func digits(_ value: ArraySlice<UInt8>) -> String? {
        let digits = value.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty, value.dropFirst(digits.count).allSatisfy({ $0 == 0xFF }) else { return nil }
        return String(decoding: digits, as: UTF8.self)
    }

    /// TS 102 221 table 9.3, in the words of TS 31.102 for the first application.
    static func name(of reference: UInt8, isPIN: Bool) -> String {
        let code = isPIN ? "PIN" : "PUK"
        return switch reference {
        case 0x01: "\(code)1"
        case 0x81: "\(code)2"
        case 0x02...0x08: "\(code) of application \(reference)"
        case 0x82...0x88: "second \(code) of application \(reference & 0x0F)"
        case 0x11: isPIN ? "universal PIN" : "universal PUK"
        case 0x0A...0x0E: isPIN ? "ADM\(reference - 9)" : "PUK of ADM\(reference - 9)"
        case 0x8A...0x8E: isPIN ? "ADM\(reference - 0x84)" : "PUK of ADM\(reference - 0x84)"
        default: "\(code) \(Hex.string([reference]))"
        }
    }

    // MARK: Authentication parameters

    /// The fields that are numbers or octets, and where they stand.
    private static let fields: [(offset: Int, width: Int, name: String)] = [
        (9, 1, "algorithmOptions"), (10, 1, "sqnOptions"), (11, 1, "numberOfKeccak"), (12, 1, "length of K"),
        (13, 3, "authCounterMax"), (16, 32, "K"), (48, 32, "OPc or TOPc"), (80, 5, "rotationConstants"),
        (85, 80, "xoringConstants"), (165, 6, "sqnDelta"), (171, 6, "sqnAgeLimit"),
    ]

    mutating func compareAuthentication(_ before: ImageContents.Object, _ after: ImageContents.Object) {
        let owner = before.owner.number
        let subject = subject(before, old)
        guard before.content.count >= 453, before.content.count == after.content.count else {
            return noteRuns(subject, owner, "", Array(before.content.dropFirst(4)), Array(after.content.dropFirst(4)))
        }
        note(subject, owner, "algorithm", before.content[8], after.content[8]) {
            [1: "MILENAGE", 2: "TUAK", 3: "test algorithm"][$0] ?? Hex.string([$0])
        }
        for field in Self.fields {
            let range = field.offset..<field.offset + field.width
            noteOctets(subject, owner, field.name, before.content[range], after.content[range])
        }
        for index in 0..<32 {
            let place = 177 + 6 * index
            let values = (before.number(at: place, width: 6), after.number(at: place, width: 6))
            note(subject, owner, "SQN with IND \(index)", values.0, values.1) { Self.sequenceNumber($0, index) }
        }
        note(subject, owner, "authentications", before.number(at: 369, width: 3), after.number(at: 369, width: 3))
        let bootstrapped = (before.content[372] != 0xFF, after.content[372] != 0xFF)
        note(subject, owner, "bootstrapping", bootstrapped.0, bootstrapped.1) { $0 ? "done" : "none" }
        noteOctets(subject, owner, "bootstrapping RAND", before.content[373..<389], after.content[373..<389])
        noteOctets(subject, owner, "bootstrapping Ks", before.content[389..<453], after.content[389..<453])
    }

    /// SQN as it stands in AUTN: SEQ and behind it the five bits of IND (TS 33.102 annex C.1.1).
    private static func sequenceNumber(_ sequence: Int, _ index: Int) -> String {
        let digits = String((sequence << 5 | index) & 0xFFFF_FFFF_FFFF, radix: 16, uppercase: true)
        return String(repeating: "0", count: 12 - digits.count) + digits
    }
}
