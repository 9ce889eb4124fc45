import Octets

/// One file of a file template: eUICC Profile Package 9.2 to 9.10.
///
/// Every template file is shareable, and is not readable or updatable while it is deactivated (9.1).
struct TemplateFile: Sendable {
    enum Kind: Sendable {
        case mf, adf, df, transparent, linearFixed, cyclic, berTLV
    }

    /// What an octet of the body holds where the profile package does not say it (9.1).
    ///
    /// The texts are hexadecimal. For record files they hold for each record.
    enum Content: Sendable {
        /// FF throughout.
        case none
        /// These octets, cut to the size or padded with FF.
        case fixed(StaticString)
        /// Prefix, dots, suffix: the octet on both sides of the dots is repeated until the size is reached.
        case fill(StaticString)
        /// These octets over and over.
        case repeated(StaticString)
    }

    /// A service of the card without which the file is not created (9.5.2). The raw value is the additional
    /// information of the status that says so.
    enum Service: UInt8, Sendable {
        case none = 0
        case gba = 1
        case mbms = 2
    }

    /// Tag of the member of the profile element.
    let tag: UInt32
    let name: StaticString
    let kind: Kind
    /// Nil: the package names it.
    let fileIdentifier: UInt16?
    /// The end of the range of identifiers, where the template has several files of the kind.
    let lastFileIdentifier: UInt16?
    /// Tag of the DF, ADF or MF of the same template that holds the file; 0: what the profile element belongs to.
    let parent: UInt32
    /// Nil: the package says it.
    let records: UInt8?
    /// Octets in a record, or in the body if there are no records; nil: the package says it.
    let size: UInt16?
    /// 0: none.
    let shortFileIdentifier: UInt8
    /// Number of the record of EF.ARR; 0: unknown.
    let accessRule: UInt8
    let content: Content
    let isHighUpdate: Bool
    let service: Service
    /// The versions of the template that hold the row.
    let firstVersion: UInt8
    let lastVersion: UInt8

    init(
        _ tag: UInt32,
        _ name: StaticString,
        _ kind: Kind,
        _ fileIdentifier: UInt16? = nil,
        last: UInt16? = nil,
        in parent: UInt32 = 0,
        records: UInt8? = nil,
        size: UInt16? = nil,
        sfi: UInt8 = 0,
        rule: UInt8 = 0,
        _ content: Content = .none,
        highUpdate: Bool = false,
        needs service: Service = .none,
        from firstVersion: UInt8 = 1,
        through lastVersion: UInt8 = .max
    ) {
        self.tag = tag
        self.name = name
        self.kind = kind
        self.fileIdentifier = fileIdentifier
        lastFileIdentifier = last
        self.parent = parent
        self.records = records
        self.size = size
        shortFileIdentifier = sfi
        accessRule = rule
        self.content = content
        isHighUpdate = highUpdate
        self.service = service
        self.firstVersion = firstVersion
        self.lastVersion = lastVersion
    }

    /// TS 102 221 clause 11.1.1.4.3, shareable.
    var descriptor: UInt8 {
        switch kind {
        case .mf, .adf, .df: 0x78
        case .transparent: 0x41
        case .linearFixed: 0x42
        case .cyclic: 0x46
        case .berTLV: 0x79
        }
    }

    var isDirectory: Bool { descriptor == 0x78 }
}

/// The file templates: eUICC Profile Package annex A (2.x), clause 9 (3.x).
enum Templates {
    /// 2.23.143.1.2, the arc of the template identifiers.
    static let arc: (UInt8, UInt8, UInt8, UInt8, UInt8) = (0x67, 0x81, 0x0F, 0x01, 0x02)
}

/// A template with its version.
struct Template: Equatable, Sendable {
    /// Last but one arc of the identifier, or the last one if there is no version.
    let number: UInt8
    /// 1 where the identifier has no version.
    let version: UInt8

    /// Reads the content of an OBJECT IDENTIFIER; nil where no template of the tables has it.
    init?(_ identifier: OctetView) {
        var cursor = OctetCursor(identifier)
        let arc = Templates.arc
        guard cursor.octet() == arc.0, cursor.octet() == arc.1, cursor.octet() == arc.2, cursor.octet() == arc.3,
            cursor.octet() == arc.4, let number = cursor.octet(), (1...2).contains(identifier.count - 5)
        else { return nil }
        let version = cursor.octet() ?? 1
        self.init(number: number, version: version)
        // Version 1 has no arc of its own.
        if identifier.count == 7, version == 1 { return nil }
    }

    init?(number: UInt8, version: UInt8) {
        guard let latest = Template.latestVersion(number), version >= 1, version <= latest else { return nil }
        self.number = number
        self.version = version
    }

    /// The newest version whose files are in the tables; nil for an unknown template.
    static func latestVersion(_ number: UInt8) -> UInt8? {
        switch number {
        case 1, 2, 6, 7, 8, 10, 11, 12, 14, 15, 16: 1
        case 3, 4, 9: 2
        case 5: 3
        case 13: 4
        default: nil
        }
    }

    /// Whether a file is created although the profile element does not hold its member (9.1).
    var isCreatedByDefault: Bool {
        switch number {
        case 1, 4, 8, 10: true
        default: false
        }
    }

    /// The rows of all versions, in the order of the members of the profile element.
    var files: [TemplateFile] {
        switch number {
        case 1: Templates.mf
        case 2: Templates.cd
        case 3: Templates.telecom
        case 4: Templates.usim
        case 5: Templates.optUSIM
        case 6: Templates.phonebook
        case 7: Templates.gsmAccess
        case 8: Templates.isim
        case 9: Templates.optISIM
        case 10: Templates.csim
        case 11: Templates.optCSIM
        case 12: Templates.eap
        case 13: Templates.df5GS
        case 14: Templates.dfSAIP
        case 15: Templates.dfSNPN
        case 16: Templates.df5GProSe
        default: []
        }
    }

    func holds(_ file: TemplateFile) -> Bool {
        file.firstVersion <= version && version <= file.lastVersion
    }
}
