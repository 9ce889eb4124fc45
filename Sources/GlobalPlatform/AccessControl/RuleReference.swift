import Octets

/// What an access rule is for (REF-DO, E1): an application of the card, an application of the device, or an Android package.
///
/// It shows what stands in a command or in the image: a view, passed down a call.
struct RuleReference {
    /// The data objects of REF-DO.
    private enum Tag: UInt32 {
        /// AID-REF-DO: an AID, or no octets for every application.
        case application = 0x4F
        /// AID-REF-DO: the application that is selected implicitly.
        case implicitlySelected = 0xC0
        /// DeviceAppID-REF-DO: the hash of a certificate or an identifier, or no octets for every application of the device.
        case deviceApplication = 0xC1
        /// PKG-REF-DO: the name of an Android package.
        case package = 0xCA
    }

    /// The application of the card; nil where the rule names none, as Android's rules of carrier privileges do.
    let application: ApplicationReference?
    /// The value of DeviceAppID-REF-DO.
    let deviceApplication: OctetView
    /// The value of PKG-REF-DO.
    let package: OctetView?

    /// Takes the value of REF-DO apart.
    ///
    /// - Parameter hasUnknown: set where there is a data object that the card does not know; it is passed over.
    /// - Throws: 6A80 where it is malformed.
    init(_ value: OctetView, hasUnknown: inout Bool) throws(StatusWord) {
        var application: ApplicationReference?
        var deviceApplication: OctetView?
        var package: OctetView?
        var cursor = OctetCursor(value)
        while let object = try cursor.nextObject() {
            switch Tag(rawValue: object.tag) {
            case .application, .implicitlySelected:
                guard application == nil else { throw .incorrectData }
                application = try ApplicationReference(object)
            case .deviceApplication:
                guard [0, 20, 32].contains(object.value.count) else { throw .incorrectData }
                try deviceApplication.fill(with: object.value)
            case .package:
                guard (1...127).contains(object.value.count) else { throw .incorrectData }
                try package.fill(with: object.value)
            case nil: hasUnknown = true
            }
        }
        guard let deviceApplication else { throw .incorrectData }
        self.application = application
        self.deviceApplication = deviceApplication
        self.package = package
    }

    /// Whether both are for the same.
    func equals(_ other: RuleReference) -> Bool {
        application.equals(other.application) && deviceApplication.equals(other.deviceApplication)
            && package.equals(other.package)
    }

    /// Appends REF-DO, its data objects in the order in which Android expects them.
    func append(to writer: inout OctetWriter) {
        writer.appendTLV(0xE1) { (writer) in
            if let application { writer.appendTLV(application.tag, application.aid) }
            writer.appendTLV(Tag.deviceApplication.rawValue, deviceApplication)
            if let package { writer.appendTLV(Tag.package.rawValue, package) }
        }
    }
}

/// The application of the card that a rule is for (AID-REF-DO).
struct ApplicationReference {
    /// 4F or C0.
    let tag: UInt32
    /// 5 to 16 octets, or none: every application, or the one that is selected implicitly.
    let aid: OctetView

    /// - Throws: 6A80 for another data object, or a length that none of them has.
    init(_ object: BERTLV) throws(StatusWord) {
        switch object.tag {
        case 0x4F: guard object.value.isEmpty || (5...16).contains(object.value.count) else { throw .incorrectData }
        case 0xC0: guard object.value.isEmpty else { throw .incorrectData }
        default: throw .incorrectData
        }
        tag = object.tag
        aid = object.value
    }
}

extension ApplicationReference? {
    /// Whether both name the same, or both nothing.
    func equals(_ other: ApplicationReference?) -> Bool {
        guard let self, let other else { return self == nil && other == nil }
        return self.tag == other.tag && self.aid.equals(other.aid)
    }
}

extension OctetView? {
    /// Whether both show the same octets, or none is there.
    func equals(_ other: OctetView?) -> Bool {
        guard let self, let other else { return self == nil && other == nil }
        return self.equals(other)
    }

    /// - Throws: 6A80 where there is one already.
    mutating func fill(with value: OctetView) throws(StatusWord) {
        guard self == nil else { throw .incorrectData }
        self = value
    }
}

extension OctetCursor {
    /// The next data object; nil at the end.
    ///
    /// - Throws: 6A80 where there is no whole one.
    mutating func nextObject() throws(StatusWord) -> BERTLV? {
        if isAtEnd { return nil }
        guard let object = berTLV() else { throw .incorrectData }
        return object
    }
}
