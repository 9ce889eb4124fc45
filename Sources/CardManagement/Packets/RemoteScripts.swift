import Octets

/// The formats of remote scripts: TS 102 226 clause 5.
public enum RemoteScriptFormat: String, CaseIterable, Sendable {
    /// Commands one after the other; the result tells of the last one.
    case compact
    /// Data objects in a template of definite (AA) or indefinite length (AE); the result tells of each command.
    case expanded, indefinite

    /// A script of commands.
    ///
    /// In a compact one, a command without data and Le gets P3 = 00, and one with both keeps Le only where it is the last.
    ///
    /// - Throws: `input` where a command is no short command APDU.
    public func script(_ commands: [[UInt8]]) throws(CardManagementError) -> [UInt8] {
        var script: [UInt8] = []
        for (index, octets) in commands.enumerated() {
            guard var command = Command(octets) else {
                throw CardManagementError(.input, "script", "\(Hex.string(octets)) is no command APDU")
            }
            guard self == .compact else {
                script += TLV.object(0x22, octets)
                continue
            }
            if command.data.isEmpty {
                command.le = command.le ?? 0x00
            } else if index < commands.count - 1 {
                command.le = nil
            }
            script += command.octets
        }
        switch self {
        case .compact: return script
        case .expanded: return TLV.object(0xAA, script)
        case .indefinite: return [0xAE, 0x80] + script + [0x00, 0x00]
        }
    }
}

/// What a remote script is answered: TS 102 226 clauses 5.1.2 and 5.2.2.
public struct RemoteScriptResult: Equatable, Sendable {
    /// How many commands were executed; nil where the result does not say it.
    public private(set) var count: Int?
    /// The responses: of a compact script the last one alone.
    public private(set) var responses: [Response] = []
    /// What ended an expanded script, in words.
    public private(set) var errors: [String] = []

    /// Reads a result; nil where it is malformed.
    public init?(_ octets: [UInt8]) {
        if let template = Self.template(octets) {
            for object in TLV.objects(in: template) {
                guard read(object.tag, object.value) else { return nil }
            }
        } else {
            guard octets.count >= 3, let response = Response(Array(octets[3...] + octets[1...2])) else { return nil }
            count = Int(octets[0])
            responses = [response]
        }
    }

    /// The value of the template AB or AF; nil of a compact result.
    private static func template(_ octets: [UInt8]) -> [UInt8]? {
        if octets.starts(with: [0xAF, 0x80]), octets.suffix(2) == [0x00, 0x00], octets.count >= 4 {
            return Array(octets[2..<octets.count - 2])
        }
        let objects = TLV.objects(in: octets)
        return objects.count == 1 && octets.first == 0xAB ? objects[0].value : nil
    }

    private mutating func read(_ tag: UInt32, _ value: [UInt8]) -> Bool {
        switch tag {
        case 0x80: count = value.reduce(0) { ($0 & 0xFFFF) << 8 | Int($1) }
        case 0x23:
            guard let response = Response(value) else { return false }
            responses.append(response)
        case 0x81: errors.append("immediate action: \(Hex.string(value))")
        case 0x83: errors.append("script chaining: \(Self.chaining(value))")
        case 0x90: errors.append("bad format: \(Self.badFormat(value))")
        default: return false
        }
        return true
    }

    private static func chaining(_ value: [UInt8]) -> String {
        switch value {
        case [0x01]: "there is no previous script"
        case [0x02]: "not supported"
        case [0x03]: "unable to process"
        default: Hex.string(value)
        }
    }

    private static func badFormat(_ value: [UInt8]) -> String {
        switch value {
        case [0x01]: "unknown tag"
        case [0x02]: "wrong length"
        case [0x03]: "length not found"
        default: Hex.string(value)
        }
    }
}
