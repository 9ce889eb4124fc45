import Memory
import Octets

/// A network access application.
enum Application: Sendable {
    case none, usim, isim, csim, other

    /// By the first octets of the AID: TS 101 220 annex E, 3GPP2 C.S0065.
    init(dfName: OctetView) {
        switch (dfName.part(from: 0, length: 4).number, dfName.octet(at: 4), dfName.uint16(at: 5)) {
        case (0xA000_0000, 0x87, 0x1002): self = .usim
        case (0xA000_0000, 0x87, 0x1004): self = .isim
        case (0xA000_0003, 0x43, 0x1002): self = .csim
        default: self = .other
        }
    }
}

/// The directories (MF, DF, ADF) of a package, as far as later elements refer to them.
struct Directories {
    /// What an application has been given.
    struct Parameters: OptionSet {
        let rawValue: UInt8
        static let authentication = Parameters(rawValue: 1)
        static let cdma = Parameters(rawValue: 2)
    }

    struct Directory {
        let reference: ObjectReference
        /// `none` unless an ADF.
        let application: Application
        /// The file identifier by which the package names an ADF: eUICC Profile Package 8.3.
        let temporaryIdentifier: UInt16?
        private let parentPlace: UInt8?
        /// Local PINs (bit 0: 129) that the PIN status template names, and those defined here.
        var requiredPINs: UInt8 = 0
        var definedPINs: UInt8 = 0
        var hasPINs = false
        var parameters: Parameters = []
        /// The file elements that belong to the ADF and came already, by template number.
        var elements: UInt32 = 0

        init(reference: ObjectReference, parent: Int?, application: Application, temporaryIdentifier: UInt16?) {
            self.reference = reference
            self.application = application
            self.temporaryIdentifier = temporaryIdentifier
            parentPlace = parent.map { UInt8(truncatingIfNeeded: $0) }
        }

        /// Place in the list; nil for the MF.
        var parent: Int? { parentPlace.map { Int($0) } }
    }

    /// Places fit in an octet.
    static let limit = 128

    private(set) var list: [Directory] = []

    init() {
        list.reserveCapacity(Directories.limit)
    }

    subscript(index: Int) -> Directory {
        get { list[index] }
        set { list[index] = newValue }
    }

    /// The place of the new entry; nil if the table is full.
    mutating func append(_ directory: Directory) -> Int? {
        guard list.count < Directories.limit else { return nil }
        list.append(directory)
        return list.count - 1
    }

    func index(of reference: ObjectReference) -> Int? {
        list.firstIndex { $0.reference == reference }
    }

    func index(temporaryIdentifier: UInt16) -> Int? {
        list.firstIndex { $0.temporaryIdentifier == temporaryIdentifier }
    }

    /// Whether each local PIN that a directory names is defined there or above: 8.5.1.
    var areLocalPINsDefined: Bool {
        for directory in list {
            var missing = directory.requiredPINs & ~directory.definedPINs
            var parent = directory.parent
            while missing != 0, let index = parent {
                missing &= ~list[index].definedPINs
                parent = list[index].parent
            }
            if missing != 0 { return false }
        }
        return true
    }
}

/// A PIN as a bit in a set. Global: key references 1 to 8, 10 to 14 (ADM1 to ADM5), 138 to 142 (ADM6 to ADM10);
/// local: 129 to 136.
enum PINReference {
    case global(UInt32)
    case local(UInt8)

    /// Nil for a number that is no key reference of a PIN: TS 102 221 table 9.3.
    init?(_ reference: UInt8) {
        switch reference {
        case 1...8: self = .global(1 << UInt32(reference - 1))
        case 10...14: self = .global(1 << UInt32(reference - 2))
        case 138...142: self = .global(1 << UInt32(reference - 125))
        case 129...136: self = .local(1 << (reference - 129))
        default: return nil
        }
    }
}
