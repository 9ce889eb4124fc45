import Octets

/// Fcp: the value of an FCP template (TS 102 222 clause 6.3.2.2.2), eUICC Profile Package 8.3.3. Nil: not given.
struct FileControlParameters {
    /// The longest that is accepted; the standard's own limits keep it below.
    static let limit = 512

    private(set) var descriptor: UInt8?
    private(set) var recordLength: UInt16?
    private(set) var fileIdentifier: UInt16?
    private(set) var dfName: OctetView?
    private(set) var lifeCycleStatus: UInt8 = 0x05
    /// One octet (record of the EF.ARR that applies) or three (identifier of EF.ARR, record).
    private(set) var accessRule: OctetView?
    private(set) var size: UInt32?
    private(set) var pinStatus: OctetView?
    /// 0: expressly none.
    private(set) var shortFileIdentifier: UInt8?
    /// Empty: a link of the template becomes a file of its own.
    private(set) var linkPath: OctetView?
    /// Given by the mere presence of the proprietary information, whose member has a default value.
    private(set) var specialFileInformation: UInt8?
    private(set) var fillPattern: OctetView?
    private(set) var repeatPattern: OctetView?
    private(set) var maximumSize: OctetView?
    /// BER-TLV files: coding of the objects. Nil: not given.
    private(set) var fileDetails: UInt8?
    /// Whether a data object is in it that the standard does not know.
    private(set) var hasUnknown = false

    /// What the template alone says.
    init() {}

    init(_ template: OctetView) throws(Failure) {
        var cursor = OctetCursor(template)
        while let object = try cursor.member() { try read(object) }
    }

    private mutating func read(_ object: BERTLV) throws(Failure) {
        let value = object.value
        switch object.tag {
        case 0x82: try readDescriptor(value)
        case 0x83: fileIdentifier = try uint16(value)
        case 0x84:
            guard (5...16).contains(value.count) else { throw Failure(PackageStatus.badValues) }
            dfName = value
        case 0x8A: lifeCycleStatus = try octet(value)
        case 0x8B:
            guard value.count == 1 || value.count == 3 else { throw Failure(PackageStatus.badValues) }
            accessRule = value
        case 0x80: size = try number(value)
        case 0xC6: pinStatus = value
        case 0x88: try readShortFileIdentifier(value)
        case 0xA5: try readProprietary(value)
        case 0xC7:
            guard value.count <= 8, value.count % 2 == 0 else { throw Failure(PackageStatus.badValues) }
            linkPath = value
        default: hasUnknown = true
        }
    }

    private mutating func readDescriptor(_ value: OctetView) throws(Failure) {
        guard value.count == 2 || value.count == 4, let first = value.octet(at: 0) else {
            throw Failure(PackageStatus.badValues)
        }
        switch first & 0xBF {
        case 0x01, 0x02, 0x06, 0x38, 0x39: descriptor = first
        default: throw Failure(PackageStatus.badValues)
        }
        recordLength = value.uint16(at: 2)
    }

    private mutating func readShortFileIdentifier(_ value: OctetView) throws(Failure) {
        if value.isEmpty {
            shortFileIdentifier = 0
        } else {
            let coded = try octet(value)
            guard coded & 7 == 0, (1...30).contains(coded >> 3) else { throw Failure(PackageStatus.badValues) }
            shortFileIdentifier = coded >> 3
        }
    }

    private mutating func readProprietary(_ value: OctetView) throws(Failure) {
        specialFileInformation = 0
        var cursor = OctetCursor(value)
        while let object = try cursor.member() {
            switch object.tag {
            case 0xC0: specialFileInformation = try octet(object.value)
            case 0xC1: fillPattern = try pattern(object.value)
            case 0xC2: repeatPattern = try pattern(object.value)
            case 0x86:
                _ = try number(object.value)
                maximumSize = object.value
            case 0x84: fileDetails = try octet(object.value)
            default: hasUnknown = true
            }
        }
        if fillPattern != nil, repeatPattern != nil { throw Failure(PackageStatus.badValues) }
    }

    private func pattern(_ value: OctetView) throws(Failure) -> OctetView {
        guard (1...200).contains(value.count) else { throw Failure(PackageStatus.badValues) }
        return value
    }

    private func octet(_ value: OctetView) throws(Failure) -> UInt8 {
        guard value.count == 1, let octet = value.octet(at: 0) else { throw Failure(PackageStatus.badValues) }
        return octet
    }

    private func uint16(_ value: OctetView) throws(Failure) -> UInt16 {
        guard value.count == 2, let number = value.uint16(at: 0) else { throw Failure(PackageStatus.badValues) }
        return number
    }

    private func number(_ value: OctetView) throws(Failure) -> UInt32 {
        guard let number = value.number else { throw Failure(PackageStatus.badValues) }
        return number
    }

    /// Appends the key references of the PIN status template. It should be a plain list; packages exist that put the
    /// list as it stands in an FCP template there, and it is taken out of that.
    func appendPINReferences(to writer: inout OctetWriter) {
        guard var list = pinStatus else { return }
        if list.octet(at: 0) == 0xC6, let inner = OctetCursor(list).firstValue(0xC6) { list = inner }
        guard list.octet(at: 0) == 0x90 else { return writer.append(list) }
        var cursor = OctetCursor(list)
        while let object = cursor.berTLV() {
            if object.tag == 0x83 { writer.append(object.value) }
        }
    }
}

/// Why an element cannot be installed.
struct Failure: Error {
    let status: UInt16
    let additionalInformation: UInt8?

    init(_ status: UInt16, additionalInformation: UInt8? = nil) {
        self.status = status
        self.additionalInformation = additionalInformation
    }

    /// What the card's own functions report: eUICC Profile Package 8.11.
    init(_ word: StatusWord) {
        switch word {
        case .notEnoughMemory: self.init(PackageStatus.notEnoughMemory)
        case .memoryProblem: self.init(PackageStatus.memoryFailure)
        default: self.init(word.value)
        }
    }
}

/// Calls a function of the target and makes its status word a failure.
func onCard<Result>(_ body: () throws(StatusWord) -> Result) throws(Failure) -> Result {
    do throws(StatusWord) {
        return try body()
    } catch {
        throw Failure(error)
    }
}

extension OctetCursor {
    /// Reads the next DER object; nil at the end.
    mutating func member() throws(Failure) -> BERTLV? {
        if isAtEnd { return nil }
        guard let object = berTLV(.distinguished) else { throw Failure(Decision.malformed) }
        return object
    }
}

extension OctetView {
    /// The value of a non-negative INTEGER in its shortest form, at most `limit`.
    func integer(limit: UInt32) throws(Failure) -> UInt32 {
        let digits = octet(at: 0) == 0 && count > 1 ? part(from: 1) : self
        guard let first = octet(at: 0), first < 0x80, let value = digits.number,
            digits.count == count || (digits.octet(at: 0) ?? 0) >= 0x80
        else { throw Failure(Decision.malformed) }
        guard value <= limit else { throw Failure(PackageStatus.badValues) }
        return value
    }
}
