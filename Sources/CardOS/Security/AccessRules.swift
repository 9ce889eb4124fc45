import Memory
import Octets

/// The access modes of EFs and DFs as bits of an AM_DO: TS 102 221 clause 9.2, ISO/IEC 7816-4 tables 29 and 30.
enum AccessMode: UInt8 {
    /// EF: READ, SEARCH, RETRIEVE DATA. DF: DELETE a child.
    case readOrDeleteChild = 0x01
    /// EF: UPDATE, SET DATA. DF: CREATE an EF.
    case updateOrCreateEF = 0x02
    /// DF: CREATE a DF.
    case createDF = 0x04
    case deactivate = 0x08
    case activate = 0x10
    case terminate = 0x20
    case delete = 0x40

    static let read = AccessMode.readOrDeleteChild
    static let update = AccessMode.updateOrCreateEF
}

/// What a command wants to do with a file.
private struct AccessRequest {
    /// The mode; nil for a command that only rules for its instruction code allow (INCREASE, RESIZE FILE).
    let mode: AccessMode?
    let command: CommandAPDU
    let isDirectory: Bool
    /// The file in whose context local key references are looked up.
    let context: ObjectReference
    /// Who asks.
    let user: AccessUser

    init(
        _ mode: AccessMode?,
        on file: File,
        for command: CommandAPDU,
        below root: ObjectReference,
        by user: AccessUser
    ) {
        self.mode = mode
        self.command = command
        self.user = user
        isDirectory = file.isDirectory
        context = file.isDirectory ? file.reference : file.parent ?? root
    }
}

/// Who wants to do something with a file.
private enum AccessUser {
    /// Whoever has verified his PINs in this session.
    case terminal
    /// Whoever has the PINs of a level.
    case level(AccessLevel)
    /// A remote server.
    case remote(AccessDomain)
}

/// Who may do what, as TS 51.011 clause 9.3 writes it: the levels of access conditions.
private enum AccessLevel: UInt8, CaseIterable {
    case anybody = 0x0
    case firstPIN = 0x1
    case secondPIN = 0x2
    case administrator = 0x4

    /// Whether he has this PIN, by its key reference: TS 102 221 table 9.3.
    func has(_ reference: UInt8) -> Bool {
        switch self {
        case .anybody: false
        case .firstPIN: (0x01...0x08).contains(reference) || reference == 0x11
        case .secondPIN: (0x81...0x88).contains(reference)
        case .administrator: (0x0A...0x0E).contains(reference & 0x7F)
        }
    }
}

/// What the access rules say to a request.
private enum AccessDecision {
    case refused
    /// Whatever the other octets of the command header.
    case allowedForMode
    /// For these octets of the command header.
    case allowedForHeader
}

extension UICC {
    /// A number that changes with each change of the memory and with each PIN that is verified, or no longer.
    private var securityGeneration: UInt64 { memory.programOperations &+ codes.changes }

    /// Checks that the security attributes of `file` allow `command`, in `mode` or by its instruction code.
    ///
    /// - Throws: 6982 if they do not.
    func require(_ mode: AccessMode?, on file: File, for command: CommandAPDU) throws(StatusWord) {
        if case .remote(let access) = authority {
            return try require(mode, on: file, for: command, by: accessDomain(access, of: file, for: command))
        }
        // The rules of a file come into force with its operational state: TS 102 222 clause 6.1.
        if file.lifeCycle == .creation || file.lifeCycle == .initialisation { return }
        let generation = securityGeneration
        if let mode, grants.contains(mode, on: file.reference, generation) { return }
        let request = AccessRequest(mode, on: file, for: command, below: files.masterFile, by: .terminal)
        switch try decide(request, on: file) {
        case .refused: throw .securityStatusNotSatisfied
        case .allowedForHeader: break
        case .allowedForMode:
            if let mode { grants.insert(mode, on: file.reference, generation) }
        }
    }

    /// As above, for a remote server. What has been found for it is not remembered: it is not the terminal's.
    ///
    /// - Throws: 6982 if they do not.
    private func require(
        _ mode: AccessMode?,
        on file: File,
        for command: CommandAPDU,
        by domain: AccessDomain
    ) throws(StatusWord) {
        guard domain != .none else { throw .securityStatusNotSatisfied }
        if file.lifeCycle == .creation || file.lifeCycle == .initialisation { return }
        let request = AccessRequest(mode, on: file, for: command, below: files.masterFile, by: .remote(domain))
        guard try decide(request, on: file) != .refused else { throw .securityStatusNotSatisfied }
    }

    /// The access conditions of an EF as a SIM shows them, a half octet each: TS 51.011 clauses 9.2.1 and 9.3. They are
    /// those of READ and SEEK, UPDATE, INCREASE, REHABILITATE and INVALIDATE: whoever needs least of nobody, CHV1, CHV2
    /// and an administrator; F: none of them.
    package func gsmAccessConditions(of file: File) throws(StatusWord) -> InlineArray<5, UInt8> {
        let isBinary = file.structure == .transparent
        let columns: InlineArray<5, (mode: AccessMode?, cla: UInt8, ins: UInt8)> = [
            (.read, 0x00, isBinary ? 0xB0 : 0xB2), (.update, 0x00, isBinary ? 0xD6 : 0xDC), (nil, 0x80, 0x32),
            (.activate, 0x00, 0x44), (.deactivate, 0x00, 0x04),
        ]
        var conditions = InlineArray<5, UInt8>(repeating: 0x0F)
        for index in columns.indices {
            let column = columns[index]
            let header: InlineArray<4, UInt8> = [column.cla, column.ins, 0x00, 0x00]
            let command = try header.span.withUnsafeBytes { (octets) throws(StatusWord) in
                try CommandAPDU(OctetView(octets), allowsExtended: false)
            }
            for level in AccessLevel.allCases {
                let user = AccessUser.level(level)
                let request = AccessRequest(column.mode, on: file, for: command, below: files.masterFile, by: user)
                guard try decide(request, on: file) != .refused else { continue }
                conditions[index] = level.rawValue
                break
            }
        }
        return conditions
    }

    /// What the security attributes of `file` say to a request.
    private func decide(_ request: AccessRequest, on file: File) throws(StatusWord) -> AccessDecision {
        try withAttributes(of: file) { (attributes) throws(StatusWord) in
            var cursor = OctetCursor(attributes)
            while let attribute = cursor.berTLV() {
                switch attribute.tag {
                case 0x8B: return try allowsReferenced(attribute.value, of: file, request)
                case 0x8C: return allowsCompact(attribute.value, request)
                case 0xAB: return allowsExpanded(attribute.value, request)
                default: break
                }
            }
            return .refused
        }
    }

    /// Whether the PIN with this key reference has been verified, as far as a rule asks.
    private func isAuthenticated(_ reference: UInt8, _ request: AccessRequest) -> Bool {
        switch request.user {
        case .terminal: codes.satisfies(reference, in: request.context, memory)
        case .level(let level): level.has(reference)
        case .remote(let domain):
            domain.has(reference) || codes.isVerifiedByScript(reference, in: request.context, memory)
        }
    }

    // MARK: Referenced to EF.ARR, tag 8B: TS 102 221 clause 9.2.7

    private func allowsReferenced(
        _ reference: OctetView,
        of file: File,
        _ request: AccessRequest
    ) throws(StatusWord) -> AccessDecision {
        guard let identifier = reference.uint16(at: 0) else { return .refused }
        let record: UInt8?
        if reference.count == 3 {
            record = reference.octet(at: 2)
        } else {
            let environment = securityEnvironment
            var pairs = OctetCursor(reference.part(from: 2))
            var found: UInt8?
            while let pair = pairs.octets(2) {
                if pair.octet(at: 0) == environment { found = pair.octet(at: 1) }
            }
            record = found
        }
        guard let record, let rules = accessRules(identifier, above: file) else { return .refused }
        guard rules.structure == .linearFixed, record >= 1, Int(record) <= rules.records else { return .refused }
        let offset = rules.offset(ofRecord: Int(record))
        return try withBody(of: rules, at: offset, count: rules.recordLength) { (octets) throws(StatusWord) in
            allowsExpanded(octets, request)
        }
    }

    /// The security environment in force: 00 while the PIN of the application is disabled, and the universal PIN is
    /// disabled too or used in its place; otherwise 01.
    private var securityEnvironment: UInt8 {
        // The PINs are those of the terminal: they are nothing to a remote server.
        guard case .terminal = authority else { return 0x01 }
        let masterFile = files.masterFile
        guard let pin = codes.number(of: 0x01, in: masterFile, memory), !codes.isEnabled(pin, memory) else {
            return 0x01
        }
        if codes.replacement(of: pin, memory) == 0x11 { return 0x00 }
        let universal = codes.number(of: 0x11, in: masterFile, memory)
        return universal.map { codes.isEnabled($0, memory) } == true ? 0x01 : 0x00
    }

    /// The EF.ARR with `identifier`: in the DF of the file (in the file itself if it is one), then upwards to the MF.
    private func accessRules(_ identifier: UInt16, above file: File) -> File? {
        var directory: File? = file.isDirectory ? file : file.parent.flatMap { File($0, in: memory) }
        // Parents form a tree; the bound keeps a damaged image from holding the card up.
        for _ in 0..<Self.maximumDepth {
            guard let current = directory else { return nil }
            let place = current.link ?? current.reference
            if let rules = files.child(identifier, of: place, in: memory) {
                return rules.link.flatMap { File($0, in: memory) } ?? rules
            }
            directory = current.parent.flatMap { File($0, in: memory) }
        }
        return nil
    }

    /// How deep DFs may lie below the MF.
    static let maximumDepth = 16

    // MARK: Compact, tag 8C: ISO/IEC 7816-4 clause 9.3.3.1

    private func allowsCompact(_ rule: OctetView, _ request: AccessRequest) -> AccessDecision {
        guard let mode = request.mode?.rawValue, let modes = rule.octet(at: 0), modes & 0x80 == 0 else {
            return .refused
        }
        var position = 1
        for bit in (0..<7).reversed() where modes & 1 << UInt8(bit) != 0 {
            guard let condition = rule.octet(at: position) else { return .refused }
            position += 1
            if mode == 1 << UInt8(bit) {
                return satisfies(condition: condition, request) ? .allowedForMode : .refused
            }
        }
        return .refused
    }

    /// A security condition octet: ISO/IEC 7816-4 table 33.
    private func satisfies(condition: UInt8, _ request: AccessRequest) -> Bool {
        switch condition {
        case 0x00: return true
        case 0xFF: return false
        default: break
        }
        // Secure messaging (b7) and external authentication (b6) do not exist here: never satisfied.
        let isUserAuthenticated =
            condition & 0x10 != 0 && isAuthenticated(0x01, request)
        return condition & 0x80 != 0 ? condition & 0x60 == 0 && isUserAuthenticated : isUserAuthenticated
    }

    // MARK: Expanded, tag AB, and the records of EF.ARR: TS 102 221 clause 13.4

    private func allowsExpanded(_ rules: OctetView, _ request: AccessRequest) -> AccessDecision {
        var cursor = OctetCursor(rules)
        var decision = AccessDecision.refused
        // FF or 00 where a tag should stand ends the rules.
        while let next = cursor.peek, next != 0xFF, next != 0x00, let object = cursor.berTLV() {
            switch object.tag {
            case 0x80:
                guard let modes = object.value.octet(at: 0) else { return .refused }
                let applies = modes & 0x80 == 0 && modes & (request.mode?.rawValue ?? 0) != 0
                decision = applies ? .allowedForMode : .refused
            case 0x81...0x8F: decision = matches(object, request.command) ? .allowedForHeader : .refused
            case 0x9C: decision = .refused
            default:
                if decision != .refused, satisfies(object, request, depth: 0) { return decision }
            }
        }
        return .refused
    }

    /// Whether the header octets of the command are among the combinations that an AM_DO lists; its tag says which
    /// octets a combination has: ISO/IEC 7816-4 table 31.
    private func matches(_ object: BERTLV, _ command: CommandAPDU) -> Bool {
        let count = (object.tag & 0x0F).nonzeroBitCount
        guard object.value.count % count == 0 else { return false }
        var combinations = OctetCursor(object.value)
        while let combination = combinations.octets(count) {
            var octets = OctetCursor(combination)
            let isListed =
                (object.tag & 0x08 == 0 || octets.octet().map { command.classOctet.isOf($0) } == true)
                && (object.tag & 0x04 == 0 || octets.octet() == command.ins)
                && (object.tag & 0x02 == 0 || octets.octet() == command.p1)
                && (object.tag & 0x01 == 0 || octets.octet() == command.p2)
            if isListed { return true }
        }
        return false
    }

    /// A security condition: ISO/IEC 7816-4 table 34. The templates nest, at most four deep.
    private func satisfies(_ condition: BERTLV, _ request: AccessRequest, depth: Int) -> Bool {
        guard depth < 4 else { return false }
        switch condition.tag {
        case 0x90: return true
        case 0x9E: return condition.value.octet(at: 0).map { satisfies(condition: $0, request) } ?? false
        case 0xA4: return satisfiesAuthentication(condition.cursor, request)
        case 0xA0:
            var parts = condition.cursor
            while let part = parts.berTLV() {
                if satisfies(part, request, depth: depth + 1) { return true }
            }
            return false
        case 0xAF, 0xA7:
            var parts = condition.cursor
            let expected = condition.tag == 0xAF
            guard !parts.isAtEnd else { return false }
            while let part = parts.berTLV() {
                if satisfies(part, request, depth: depth + 1) != expected { return false }
            }
            return parts.isAtEnd
        default: return false
        }
    }

    /// An authentication template: any of its key references.
    private func satisfiesAuthentication(_ template: OctetCursor, _ request: AccessRequest) -> Bool {
        var cursor = template
        while let object = cursor.berTLV() {
            if object.tag == 0x83, let reference = object.value.octet(at: 0),
                isAuthenticated(reference, request)
            {
                return true
            }
        }
        return false
    }
}
