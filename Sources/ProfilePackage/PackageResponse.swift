import Octets

/// The status of a profile element: eUICC Profile Package 8.10 and 8.11.
enum PackageStatus {
    static let ok: UInt16 = 0
    static let elementNotSupported: UInt16 = 1
    static let memoryFailure: UInt16 = 2
    static let badValues: UInt16 = 3
    static let notEnoughMemory: UInt16 = 4
    static let invalidRequestFormat: UInt16 = 5
    static let invalidParameter: UInt16 = 6
    static let runtimeNotSupported: UInt16 = 7
    static let libraryNotSupported: UInt16 = 8
    static let templateNotSupported: UInt16 = 9
    static let featureNotSupported: UInt16 = 10
    static let pinCodeMissing: UInt16 = 11
    static let unsupportedProfileVersion: UInt16 = 31
}

/// The decisions that the standard leaves open, or that its public witnesses do not settle.
///
/// An unknown object, template, element or feature in an element that is not mandated is passed over with a warning.
/// Any other fault aborts the installation even there, since part of the element may have been installed.
enum Decision {
    /// An element where it must not be (8.1.3 leaves the behaviour undefined).
    static let wrongOrder = PackageStatus.invalidRequestFormat
    /// Octets that are no DER, a mandatory member that is absent, octets behind the end element.
    static let malformed = PackageStatus.invalidRequestFormat
    /// File content beyond the end of the file, or for a file that has no body of its own.
    static let contentOverflow = PackageStatus.badValues
    /// An FCP without a parameter that neither the template nor the element before it supplies.
    static let missingParameter = PackageStatus.badValues
    /// A file within a DF of its template that the element did not create (8.3.1).
    static let missingDirectory = PackageStatus.badValues
    /// A security domain that something is to be associated with, and that is not PERSONALIZED (8.6.2).
    static let domainNotPersonalized = PackageStatus.invalidParameter
    /// A link or file path that leads nowhere.
    static let pathNotFound = StatusWord.fileNotFound.value
    /// A PIN whose unblocking code is not defined.
    static let missingUnblockingCode = PackageStatus.pinCodeMissing
    /// A member that the version of the template does not know.
    static let memberUnknownToTemplate = PackageStatus.invalidParameter
    /// An element for an application or directory whose own element was passed over.
    static let contextNotInstalled = PackageStatus.templateNotSupported
}

/// PEStatus: one line of the response.
struct ElementStatus {
    var status: UInt16
    var identification: UInt16?
    var additionalInformation: UInt8?
    /// Octets of the profile element before the failing object.
    var offset: UInt32?

    init(_ status: UInt16) {
        self.status = status
    }

    func append(to writer: inout OctetWriter) {
        writer.appendTLV(0x30) { writer in
            ElementStatus.append(0x80, UInt32(status), to: &writer)
            if let identification { ElementStatus.append(0x81, UInt32(identification), to: &writer) }
            if let additionalInformation { ElementStatus.append(0x82, UInt32(additionalInformation), to: &writer) }
            if let offset { ElementStatus.append(0x83, offset, to: &writer) }
        }
    }

    /// A non-negative INTEGER.
    private static func append(_ tag: UInt32, _ value: UInt32, to writer: inout OctetWriter) {
        writer.appendTLV(tag) { writer in
            var width = 1
            while width < 4, value >> UInt32(width * 8) != 0 { width += 1 }
            if value >> UInt32(width * 8 - 1) & 1 == 1 { writer.append(UInt8(0)) }
            writer.append(number: value, minimum: width)
        }
    }
}

/// EUICCResponse: 8.10.
struct PackageResponse {
    /// How many warnings are kept; further ones are dropped.
    static let warningLimit = 32

    private var warnings = InlineArray<32, ElementStatus>(repeating: ElementStatus(0))
    private var warningCount = 0
    private var final: ElementStatus?
    private var isAborted = false

    mutating func warn(_ status: ElementStatus) {
        guard warningCount < PackageResponse.warningLimit else { return }
        warnings[warningCount] = status
        warningCount += 1
    }

    mutating func finish() {
        final = ElementStatus(PackageStatus.ok)
    }

    mutating func abort(_ status: ElementStatus) {
        final = status
        isAborted = true
    }

    func append(to writer: inout OctetWriter) {
        writer.appendTLV(0x30) { writer in
            writer.appendTLV(0xA0) { writer in
                for index in 0..<warningCount { warnings[index].append(to: &writer) }
                final?.append(to: &writer)
            }
            if isAborted { writer.appendTLV(0x81, .empty) }
        }
    }
}
