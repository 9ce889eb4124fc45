/// What a profile element is, by its tag: eUICC Profile Package 8.1, ProfileElement.
enum ElementKind: Equatable, Sendable {
    case header, genericFileManagement, pinCodes, pukCodes, akaParameter, cdmaParameter, end
    case securityDomain, remoteFileManagement, application
    case nonStandard
    case iot
    /// Files by a template.
    case files(FileElement)
    case unknown

    init(tag: UInt32) {
        switch tag {
        case 0xA0: self = .header
        case 0xA1: self = .genericFileManagement
        case 0xA2: self = .pinCodes
        case 0xA3: self = .pukCodes
        case 0xA4: self = .akaParameter
        case 0xA5: self = .cdmaParameter
        case 0xA6: self = .securityDomain
        case 0xA7: self = .remoteFileManagement
        case 0xA8: self = .application
        case 0xA9: self = .nonStandard
        case 0xAA: self = .end
        case 0xBF20, 0xBF21: self = .iot
        default:
            for element in FileElement.all where element.tag == tag {
                self = .files(element)
                return
            }
            self = .unknown
        }
    }

    /// Elements that are small: they are read whole.
    var isCollected: Bool {
        switch self {
        case .header, .pinCodes, .pukCodes, .akaParameter, .cdmaParameter, .remoteFileManagement, .end: true
        default: false
        }
    }
}

/// A profile element that creates the files of a template.
struct FileElement: Equatable, Sendable {
    /// What must have been created before.
    enum Place: Equatable, Sendable {
        case package
        case mf
        case application(Application)
        case anyApplication
    }

    let tag: UInt32
    /// Number of the template.
    let template: UInt8
    /// Where its first file is created.
    let place: Place
    /// The application that it creates.
    var application = Application.none
    var isOnce = false

    static let all: [FileElement] = [
        FileElement(tag: 0xB0, template: 1, place: .package, isOnce: true),
        FileElement(tag: 0xB1, template: 2, place: .mf, isOnce: true),
        FileElement(tag: 0xB2, template: 3, place: .mf, isOnce: true),
        FileElement(tag: 0xB3, template: 4, place: .mf, application: .usim),
        FileElement(tag: 0xB4, template: 5, place: .application(.usim)),
        FileElement(tag: 0xB5, template: 8, place: .mf, application: .isim),
        FileElement(tag: 0xB6, template: 9, place: .application(.isim)),
        FileElement(tag: 0xB7, template: 6, place: .application(.usim)),
        FileElement(tag: 0xB8, template: 7, place: .application(.usim)),
        FileElement(tag: 0xB9, template: 10, place: .mf, application: .csim),
        FileElement(tag: 0xBA, template: 11, place: .application(.csim)),
        FileElement(tag: 0xBB, template: 12, place: .anyApplication),
        FileElement(tag: 0xBC, template: 13, place: .application(.usim)),
        FileElement(tag: 0xBD, template: 14, place: .application(.usim)),
        FileElement(tag: 0xBE, template: 15, place: .application(.usim)),
        FileElement(tag: 0xBF1F, template: 16, place: .application(.usim)),
    ]
}
