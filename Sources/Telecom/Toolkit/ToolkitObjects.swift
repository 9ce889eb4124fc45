import Octets

/// The data objects of the toolkit that this card reads or writes, without the comprehension required flag: TS 101 220
/// table 7.23.
enum ToolkitTag: UInt8 {
    case commandDetails = 0x01
    case deviceIdentities = 0x02
    case result = 0x03
    case duration = 0x04
    case alphaIdentifier = 0x05
    case address = 0x06
    case tpdu = 0x0B
    case textString = 0x0D
    case fileList = 0x12
    case locationInformation = 0x13
    case imei = 0x14
    case networkMeasurementResults = 0x16
    case eventList = 0x19
    case locationStatus = 0x1B
    case timerIdentifier = 0x24
    case timerValue = 0x25
    case dateAndTime = 0x26
    case language = 0x2D
    case timingAdvance = 0x2E
    case applicationIdentifier = 0x2F
    case bearerDescription = 0x35
    case channelData = 0x36
    case channelDataLength = 0x37
    case channelStatus = 0x38
    case bufferSize = 0x39
    case transportLevel = 0x3C
    case otherAddress = 0x3E
    case accessTechnology = 0x3F
    case networkAccessName = 0x47
    case imeisv = 0x62
    case searchMode = 0x65
    case batteryState = 0x66
    case updateType = 0x74
    case rejectionCause = 0x75
    case trackingArea = 0x7D
}

/// A sequence of COMPREHENSION-TLV data objects. The comprehension required flag does not tell objects apart.
struct ToolkitObjects {
    private let octets: OctetView

    /// nil where `octets` are not whole data objects.
    init?(_ octets: OctetView) {
        var cursor = OctetCursor(octets)
        while !cursor.isAtEnd {
            guard cursor.comprehensionTLV() != nil else { return nil }
        }
        self.octets = octets
    }

    /// The value of the first object with a tag, among those behind the first object with the tag `start`.
    func value(_ tag: ToolkitTag, after start: ToolkitTag? = nil) -> OctetView? {
        var cursor = OctetCursor(octets)
        var hasStarted = start == nil
        while let object = cursor.comprehensionTLV() {
            if hasStarted, object.tag == UInt16(tag.rawValue) { return object.value }
            if let start, object.tag == UInt16(start.rawValue) { hasStarted = true }
        }
        return nil
    }

    /// The values of all objects with a tag, among those before the first object with the tag `end`.
    func values(_ tag: ToolkitTag, before end: ToolkitTag? = nil) -> [OctetView] {
        var cursor = OctetCursor(octets)
        var found: [OctetView] = []
        while let object = cursor.comprehensionTLV() {
            if let end, object.tag == UInt16(end.rawValue) { break }
            if object.tag == UInt16(tag.rawValue) { found.append(object.value) }
        }
        return found
    }

    /// The value of an object that is one octet long.
    func octet(_ tag: ToolkitTag) -> UInt8? {
        guard let value = value(tag), value.count == 1 else { return nil }
        return value.octet(at: 0)
    }
}

/// Whether the receiver must understand a data object: the CR flag of its tag.
enum Comprehension: UInt8 {
    case required = 0x80
    case optional = 0x00
}

extension OctetWriter {
    /// Appends a data object of the toolkit.
    mutating func append(
        _ tag: ToolkitTag,
        _ comprehension: Comprehension = .required,
        _ content: (inout OctetWriter) -> Void
    ) {
        appendTLV(UInt32(tag.rawValue | comprehension.rawValue), content)
    }

    /// Appends a data object of the toolkit with the octets of `value`.
    mutating func append(_ tag: ToolkitTag, _ comprehension: Comprehension = .required, _ value: [UInt8]) {
        append(tag, comprehension) { $0.append(octets: value) }
    }

    mutating func append(octets: [UInt8]) {
        octets.withView { append($0) }
    }
}
