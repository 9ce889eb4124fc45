import FoundationEssentials
import ImageFile
import Memory

/// What a request is answered: a JSON object in one line, with `ok`, and `error` and `kind` where that is false.
struct ControlAnswer: Encodable {
    private let failure: ControlFailure?
    private let card: Int?
    private let result: (any Encodable)?

    /// Done, with what the request was for.
    init(card: Int, _ result: (any Encodable)? = nil) {
        failure = nil
        self.card = card
        self.result = result
    }

    init(_ failure: ControlFailure) {
        self.failure = failure
        card = nil
        result = nil
    }

    private enum CodingKeys: CodingKey { case ok, card, error, kind }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(failure == nil, forKey: .ok)
        try container.encodeIfPresent(card, forKey: .card)
        try container.encodeIfPresent(failure?.reason, forKey: .error)
        try container.encodeIfPresent(failure?.kind.rawValue, forKey: .kind)
        // Into the same object.
        try result?.encode(to: encoder)
    }

    /// The line, with its end.
    var line: [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8]((try? encoder.encode(self)) ?? Data(#"{"ok":false}"#.utf8)) + [0x0A]
    }
}

/// What `snapshot` and `restore` tell of the image.
struct SnapshotSummary: Encodable {
    let octets: Int
    let sha256: String
}

extension ControlFailure {
    /// What `error` is to the one who has sent the request.
    init(_ error: any Error) {
        switch error {
        case let failure as ControlFailure: self = failure
        case let failure as ImageFileError:
            let kind: Kind =
                switch failure.reason {
                case .missing, .notAFile: .missing
                case .inUse: .inUse
                case .exists: .exists
                case .size: .data
                case .system: .system
                }
            self.init(kind, failure.description)
        case let defect as ImageDefect: self.init(.data, defect.description)
        default: self.init(.system, "\(error)")
        }
    }
}
