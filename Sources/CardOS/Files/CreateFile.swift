import Memory
import Octets

extension UICC {
    /// CREATE FILE: TS 102 222 clause 6.3. The new file becomes the current one.
    ///
    /// - Throws: 6A80 for a template that says too little, or contradicts itself; 6A89 for the identifier of a DF above;
    ///   6985 in a DF in termination state, and for an ADF elsewhere than in the MF; and as
    ///   `createFile(_:parent:owner:)`.
    static func createFile(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        let number = command.classOctet.channel
        guard command.p1p2 == 0 else { throw .incorrectP1P2 }
        guard !command.data.isEmpty else { throw .wrongLength }
        var cursor = OctetCursor(command.data)
        guard let template = cursor.berTLV(), template.tag == 0x62, cursor.isAtEnd else { throw .incorrectData }
        let request = try CreateRequest(template.value)
        var parameters = request.parameters
        let parent = try card.target(of: card.currentDirectory(number))
        let isDirectory = File.structure(of: parameters.descriptor) == .directory
        guard parent.lifeCycle != .terminated, parameters.fileIdentifier != nil || parent.parent == nil else {
            throw .conditionsNotSatisfied
        }
        try card.require(isDirectory ? .createDF : .updateOrCreateEF, on: parent, for: command)
        try card.requireOwnIdentifier(parameters.fileIdentifier, below: parent)
        if request.hasImpliedShortFileIdentifier,
            card.files.child(short: parameters.shortFileIdentifier, of: parent.reference, in: card.memory) != nil
        {
            parameters.shortFileIdentifier = 0
        }
        let reference = try request.pinReferences.withView { (references) throws(StatusWord) in
            try request.proprietaryInformation.withView { (information) throws(StatusWord) in
                parameters.pinReferences = references
                parameters.proprietaryInformation = information
                return try card.createFile(parameters, parent: parent.reference)
            }
        }
        if isDirectory {
            try card.makeCurrent(card.file(reference), on: number)
        } else {
            try card.fill(card.file(reference), with: request.pattern)
            card.channels[number].select(elementaryFile: reference)
        }
        return .success
    }

    /// TS 102 221 clause 8.3: a file has another identifier than each DF above it.
    ///
    /// - Throws: 6A89.
    private func requireOwnIdentifier(_ identifier: UInt16?, below directory: File) throws(StatusWord) {
        var above = directory
        for _ in 0..<Self.maximumDepth {
            guard identifier != above.fileIdentifier || identifier == nil else { throw .fileExists }
            guard let parent = above.parent else { return }
            above = try file(parent)
        }
    }

    /// Fills the body, or each record, as TS 102 222 table 4a says.
    private mutating func fill(_ file: File, with pattern: CreateRequest.Pattern) throws(StatusWord) {
        let unit = file.recordLength > 0 ? file.recordLength : file.size
        guard file.structure != .berTLV, unit > 0, let octets = pattern.octets(unit) else { return }
        try octets.withView { (view) throws(StatusWord) in
            for start in stride(from: 0, to: file.size, by: unit) { try writeBody(of: file, at: start, view) }
        }
    }
}

/// The FCP template of CREATE FILE, taken apart: TS 102 222 tables 3 and 4.
private struct CreateRequest {
    /// What a new body is filled with.
    enum Pattern {
        case erased
        /// C1: written once, then its last octet repeated.
        case fill(OctetView)
        /// C2: repeated as a whole.
        case repeated(OctetView)

        func octets(_ count: Int) -> [UInt8]? {
            switch self {
            case .erased: return nil
            case .fill(let view):
                guard let last = view.octet(at: view.count - 1) else { return nil }
                return (0..<count).map { view.octet(at: $0) ?? last }
            case .repeated(let view):
                guard !view.isEmpty else { return nil }
                return (0..<count).map { view.octet(at: $0 % view.count) ?? 0xFF }
            }
        }
    }

    var parameters: FileParameters
    var pattern = Pattern.erased
    /// The key references of a DF; they do not stand together in the template.
    var pinReferences: [UInt8] = []
    /// What SELECT shows of the proprietary information: all but what only creation needs.
    var proprietaryInformation: [UInt8] = []
    /// Whether the short file identifier is that of the file identifier, as no other is given.
    var hasImpliedShortFileIdentifier = false

    init(_ template: OctetView) throws(StatusWord) {
        let fields = OctetCursor(template)
        guard let descriptor = fields.firstValue(0x82), let octet = descriptor.octet(at: 0),
            let structure = File.structure(of: octet)
        else { throw .incorrectData }
        let name = fields.firstValue(0x84)
        let identifier = fields.firstValue(0x83)
        guard identifier?.count ?? 2 == 2, identifier != nil || name != nil else { throw .incorrectData }
        guard name == nil || structure == .directory else { throw .incorrectData }
        parameters = FileParameters(descriptor: octet, fileIdentifier: name == nil ? identifier?.uint16(at: 0) : nil)
        parameters.dfName = name ?? .empty
        guard let status = fields.firstValue(0x8A), status.count == 1, let lifeCycle = status.octet(at: 0),
            [0x01, 0x03, 0x04, 0x05, 0x06, 0x07].contains(lifeCycle)
        else { throw .incorrectData }
        parameters.lifeCycleStatus = lifeCycle
        parameters.securityAttributes = try Self.securityAttributes(template)
        if let information = fields.firstValue(0xA5) { try readProprietary(information) }
        if structure == .directory {
            try readPINStatus(fields.firstValue(0xC6) ?? .empty)
        } else {
            try readSize(structure, descriptor, fields.firstValue(0x80))
            try readShortFileIdentifier(fields.firstValue(0x88))
        }
    }

    /// The one of 8B, 8C and AB that is there, whole.
    private static func securityAttributes(_ template: OctetView) throws(StatusWord) -> OctetView {
        var cursor = OctetCursor(template)
        var found = OctetView.empty
        while !cursor.isAtEnd {
            let start = cursor.position
            guard let object = cursor.berTLV() else { throw .incorrectData }
            guard [0x8B, 0x8C, 0xAB].contains(object.tag) else { continue }
            guard found.isEmpty else { throw .incorrectData }
            found = template.part(from: start, length: cursor.position - start)
        }
        guard !found.isEmpty else { throw .incorrectData }
        return found
    }

    /// The record length stands in the file descriptor; of the number of records, which may follow, the size decides.
    private mutating func readSize(
        _ structure: File.Structure,
        _ descriptor: OctetView,
        _ field: OctetView?
    ) throws(StatusWord) {
        guard let size = field?.number, size <= 0xFF_FFFF else { throw .incorrectData }
        parameters.size = size
        guard structure == .linearFixed || structure == .cyclic else {
            guard descriptor.count <= 2, size > 0 || structure == .berTLV else { throw .incorrectData }
            return
        }
        guard let length = descriptor.uint16(at: 2), size > 0 else { throw .incorrectData }
        parameters.recordLength = length
        if descriptor.count > 4 {
            guard descriptor.part(from: 4).number.map({ UInt64($0) * UInt64(length) == UInt64(size) }) == true else {
                throw .incorrectData
            }
        }
    }

    /// TS 102 222 table 4: absent, the low five bits of the identifier; empty, none.
    private mutating func readShortFileIdentifier(_ field: OctetView?) throws(StatusWord) {
        guard let field else {
            let low = UInt8(truncatingIfNeeded: parameters.fileIdentifier ?? 0) & 0x1F
            parameters.shortFileIdentifier = low == 31 ? 0 : low
            hasImpliedShortFileIdentifier = true
            return
        }
        guard let octet = field.octet(at: 0) else { return }
        guard field.count == 1, octet & 0x07 == 0, (1...30).contains(octet >> 3) else { throw .incorrectData }
        parameters.shortFileIdentifier = octet >> 3
    }

    /// A PIN status template, as SELECT shows it (90, then 83 for each PIN), or a plain list of key references.
    private mutating func readPINStatus(_ template: OctetView) throws(StatusWord) {
        guard template.octet(at: 0) == 0x90 else {
            pinReferences = template.array
            return
        }
        var cursor = OctetCursor(template)
        while let object = cursor.berTLV() {
            if object.tag == 0x83 { pinReferences += object.value.array }
        }
        guard cursor.isAtEnd else { throw .incorrectData }
    }

    private mutating func readProprietary(_ information: OctetView) throws(StatusWord) {
        let fields = OctetCursor(information)
        parameters.specialFileInformation = fields.firstValue(0xC0)?.octet(at: 0) ?? 0
        if let octets = fields.firstValue(0xC1) { pattern = .fill(octets) }
        if let octets = fields.firstValue(0xC2) {
            guard fields.firstValue(0xC1) == nil else { throw .incorrectData }
            pattern = .repeated(octets)
        }
        var cursor = fields
        var start = 0
        while let object = cursor.berTLV() {
            if ![0xC0, 0xC1, 0xC2].contains(object.tag) {
                proprietaryInformation += information.part(from: start, length: cursor.position - start).array
            }
            start = cursor.position
        }
        guard cursor.isAtEnd else { throw .incorrectData }
    }
}
