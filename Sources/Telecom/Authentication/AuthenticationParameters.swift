import CardOS
import Memory
import Octets

/// What a network access application authenticates with: the object of docs/memory-image.md section 7.3.
struct AuthenticationParameters {
    /// algorithmID of eUICC Profile Package 8.4.2.
    enum Algorithm: UInt8 {
        case milenage = 1
        case tuak = 2
        case test = 3
    }

    /// Where the fields stand that AUTHENTICATE changes.
    static let sequencesOffset = 177
    static let countOffset = 369
    static let bootstrappingOffset = 372
    /// How many octets the object has.
    static let length = 453
    /// How many octets the object of an application has that uses the parameters of another one.
    static let sharedLength = 9
    /// An authCounterMax that says: no limit.
    static let noLimit: UInt32 = 0xFF_FFFF

    let algorithm: Algorithm
    /// algorithmOptions.
    let options: UInt8
    let iterations: UInt8
    let key: ShortOctets
    /// OPc, 16 octets, or TOPc, 32 octets.
    let opc: ShortOctets
    let constants: Milenage.Constants
    /// How many authentications there may be.
    let limit: UInt32
    /// How many there were; not counted where there is no limit.
    let count: UInt32
    let numbers: SequenceNumberArray

    /// Reads the content of the object; nil where it is none.
    init?(_ content: OctetView) {
        var cursor = OctetCursor(content)
        guard content.count == Self.length, cursor.octets(8) != nil,
            let algorithm = cursor.octet().flatMap({ Algorithm(rawValue: $0) }),
            let options = cursor.octet(), let sequenceOptions = cursor.octet(), let iterations = cursor.octet(),
            let keyLength = cursor.octet(), let limit = cursor.number(3), let keyField = cursor.octets(32),
            let opcField = cursor.octets(32), let rotations = cursor.octets(5), let additions = cursor.octets(80),
            let delta = cursor.number(6), let ageLimit = cursor.number(6),
            let key = ShortOctets(keyField.part(from: 0, length: Int(keyLength))),
            let opc = ShortOctets(opcField.part(from: 0, length: algorithm == .tuak ? 32 : 16))
        else { return nil }
        var constants = Milenage.Constants()
        for index in 0..<5 {
            constants.rotations[index] = rotations.octet(at: index) ?? 0
            constants.additions[index] = ShortOctets(additions.part(from: index * 16, length: 16))?.low ?? 0
        }
        var accepted = InlineArray<32, UInt64>(repeating: 0)
        for index in 0..<SequenceNumber.count { accepted[index] = UInt64(truncatingIfNeeded: cursor.number(6) ?? 0) }
        // The options do not count for the test algorithm: eUICC Profile Package 8.4.2.
        let checks = algorithm == .test ? 0 : sequenceOptions
        numbers = SequenceNumberArray(
            accepted: accepted,
            delta: checks & 0x06 != 0 ? UInt64(truncatingIfNeeded: delta) : nil,
            ageLimit: checks & 0x08 != 0 ? UInt64(truncatingIfNeeded: ageLimit) : nil
        )
        count = UInt32(truncatingIfNeeded: cursor.number(3) ?? 0)
        self.algorithm = algorithm
        self.options = options
        self.iterations = iterations
        self.key = key
        self.opc = opc
        self.constants = constants
        self.limit = UInt32(truncatingIfNeeded: limit)
    }

    /// What algorithmOptions says of TUAK: b3 to b1 the length of RES, b5 and b4 that of the MAC, b6 and b7 whether CK
    /// and IK have 256 bits.
    var tuakOptions: TUAK.Options {
        var choice = TUAK.Options()
        choice.responseLength = 4 << Int(options & 0x03)
        choice.macLength = 8 << min(2, Int(options >> 3 & 0x03))
        choice.cipherKeyLength = options & 0x20 == 0 ? 16 : 32
        choice.integrityKeyLength = options & 0x40 == 0 ? 16 : 32
        choice.iterations = max(1, iterations)
        return choice
    }
}

extension UICC {
    /// The object with the parameters that hold for an application, its own or those of another one.
    ///
    /// - Throws: 6985 where it has none.
    func authenticationParameters(of application: ObjectReference) throws(StatusWord) -> ObjectReference {
        var application = application.page
        // Each step leads to an application that was there before; the bound is for a damaged image.
        for _ in 0..<8 {
            guard let object = authenticationObject(application) else { break }
            guard let origin = memory.head(of: object, count: 8).uint32(at: 4) else { break }
            if origin == .max { return object }
            application = origin
        }
        throw .conditionsNotSatisfied
    }

    private func authenticationObject(_ application: UInt32) -> ObjectReference? {
        var next = memory.firstObject(of: .authenticationParameters)
        while let object = next {
            if memory.head(of: object, count: 4).uint32(at: 0) == application { return object }
            next = memory.firstObject(of: .authenticationParameters, from: object.page + 1)
        }
        return nil
    }
}
