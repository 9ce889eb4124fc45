import Memory
import Octets

// TS 102 221 clauses 11.1.14 and 11.1.15, TS 102 222 clause 6

extension UICC {
    /// DEACTIVATE FILE: TS 102 221 clause 11.1.14.
    static func deactivateFile(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        try card.changeLifeCycle(command, .deactivate, to: File.deactivatedStatus)
    }

    /// ACTIVATE FILE: TS 102 221 clause 11.1.15.
    static func activateFile(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        try card.changeLifeCycle(command, .activate, to: File.activatedStatus)
    }

    private mutating func changeLifeCycle(
        _ command: CommandAPDU,
        _ mode: AccessMode,
        to status: UInt8
    ) throws(StatusWord) -> StatusWord {
        let number = command.classOctet.channel
        guard command.p2 == 0x00 else { throw .incorrectP1P2 }
        let file: File
        switch (command.p1, command.data.isEmpty) {
        case (0x00, true):
            guard let current = channels[number].elementaryFile else { throw .noEFSelected }
            file = try self.file(current)
        case (0x00, false): file = try named(command)
        case (0x08, false): file = try self.file(path: command.data, from: self.file(files.masterFile), on: number)
        case (0x09, false): file = try self.file(path: command.data, from: currentDirectory(number), on: number)
        default: throw .incorrectP1P2
        }
        guard file.lifeCycle != .terminated else { throw .conditionsNotSatisfied }
        try require(mode, on: file, for: command)
        try set(.lifeCycleStatus(status), of: file)
        if !file.isDirectory { selectIfNamed(file, !command.data.isEmpty, command) }
        return .success
    }

    /// The file with the identifier in the data field: a child of the current DF, or the current file itself.
    private func named(_ command: CommandAPDU) throws(StatusWord) -> File {
        let number = command.classOctet.channel
        guard command.data.count == 2, let identifier = command.data.uint16(at: 0) else { throw .wrongLength }
        return try namedFile(identifier, on: number)
    }

    private func namedFile(_ identifier: UInt16, on number: Int) throws(StatusWord) -> File {
        let directory = try currentDirectory(number)
        let place = try target(of: directory).reference
        if let child = files.child(identifier, of: place, in: memory) { return child }
        if let current = channels[number].elementaryFile, try file(current).fileIdentifier == identifier {
            return try file(current)
        }
        guard directory.fileIdentifier == identifier else { throw .fileNotFound }
        return directory
    }

    /// CREATE FILE: TS 102 222 clause 6.3. The new file becomes the current one.
    ///
    /// - Throws: 6A80 for a template that says too little, or contradicts itself; and as `createFile(_:parent:owner:)`.
    static func createFile(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        let number = command.classOctet.channel
        guard command.p1p2 == 0 else { throw .incorrectP1P2 }
        var cursor = OctetCursor(command.data)
        guard let template = cursor.berTLV(), template.tag == 0x62, cursor.isAtEnd else { throw .incorrectData }
        let request = try CreateRequest(template.value)
        let parent = try card.target(of: card.currentDirectory(number))
        let isDirectory = File.structure(of: request.parameters.descriptor) == .directory
        try card.require(isDirectory ? .createDF : .updateOrCreateEF, on: parent, for: command)
        let reference = try card.createFile(request.parameters, parent: parent.reference)
        let file = try card.file(reference)
        if isDirectory {
            card.channels[number].select(directory: reference)
        } else {
            try card.fill(file, with: request.pattern)
            card.channels[number].select(elementaryFile: reference)
        }
        return .success
    }

    /// Fills the body, or each record, as TS 102 222 table 4a says.
    private mutating func fill(_ file: File, with pattern: CreateRequest.Pattern) throws(StatusWord) {
        let unit = file.recordLength > 0 ? file.recordLength : file.size
        guard unit > 0, let octets = pattern.octets(unit) else { return }
        try octets.withView { (view) throws(StatusWord) in
            for start in stride(from: 0, to: file.size, by: unit) { try writeBody(of: file, at: start, view) }
        }
    }

    /// DELETE FILE: TS 102 222 clause 6.4. A DF goes with all that is below it.
    ///
    /// - Throws: 6A82 where the file is not found; 6985 for the MF.
    static func deleteFile(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1p2 == 0 else { throw .incorrectP1P2 }
        let file = try card.named(command)
        guard let parent = file.parent else { throw .conditionsNotSatisfied }
        do throws(StatusWord) {
            try card.require(.delete, on: file, for: command)
        } catch {
            try card.require(.readOrDeleteChild, on: card.file(parent), for: command)
        }
        try card.delete(file)
        card.files.build(from: card.memory)
        return .success
    }

    private mutating func delete(_ file: File) throws(StatusWord) {
        var doomed = [file.reference]
        var known = 0
        while known < doomed.count {
            let directory = doomed[known]
            known += 1
            var next = memory.firstObject(of: .file)
            while let reference = next {
                next = memory.firstObject(of: .file, from: reference.page + 1)
                let other = try self.file(reference)
                // A link without its target would show nothing.
                if other.parent == directory || other.link == directory, !doomed.contains(reference) {
                    doomed.append(reference)
                }
            }
        }
        for reference in doomed {
            try memory.free(reference)
            for number in 0..<LogicalChannel.count {
                if channels[number].elementaryFile == reference { channels[number].elementaryFile = nil }
                if channels[number].directory == reference {
                    channels[number].select(directory: file.parent ?? files.masterFile)
                }
                if channels[number].application == reference { channels[number].application = nil }
            }
        }
    }

    /// RESIZE FILE: TS 102 222 clause 6.10. What is new is filled with FF; what is lost is the end.
    ///
    /// - Throws: 6A80 for a size that does not fit the file; 6A82 where the file is not found; 6A84 where memory is short.
    static func resizeFile(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1 == 0x00, command.p2 == 0x00 else { throw .incorrectP1P2 }
        var cursor = OctetCursor(command.data)
        guard let template = cursor.berTLV(), template.tag == 0x62, cursor.isAtEnd,
            let identifier = template.cursor.firstValue(0x83)?.uint16(at: 0),
            let size = template.cursor.firstValue(0x80)?.number
        else { throw .incorrectData }
        let file = try card.namedFile(identifier, on: command.classOctet.channel)
        guard !file.isDirectory, file.link == nil else { throw .incompatibleFileStructure }
        try card.require(nil, on: file, for: command)
        guard size > 0, Int(size) >= file.usedSize, size <= 0xFF_FFFF else { throw .incorrectData }
        if file.recordLength > 0 {
            // The records of a cyclic EF lie in a ring: only one that starts at the front can grow or shrink.
            guard Int(size) % file.recordLength == 0, Int(size) / file.recordLength <= 254, file.firstRecord == 0 else {
                throw .incorrectData
            }
        }
        try card.memory.resize(file.reference, to: file.bodyOffset + Int(size))
        try card.set(.size(Int(size)), of: file)
        return .success
    }

    /// TERMINATE EF: TS 102 222 clause 6.8.
    static func terminateEF(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        try card.terminate(command, isDirectory: false)
    }

    /// TERMINATE DF: TS 102 222 clause 6.7.
    static func terminateDF(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        try card.terminate(command, isDirectory: true)
    }

    private mutating func terminate(_ command: CommandAPDU, isDirectory: Bool) throws(StatusWord) -> StatusWord {
        guard command.p1p2 == 0 else { throw .incorrectP1P2 }
        let file = try named(command)
        guard file.isDirectory == isDirectory else { throw .incompatibleFileStructure }
        try require(.terminate, on: file, for: command)
        try set(.lifeCycleStatus(File.terminatedStatus), of: file)
        return .success
    }

    /// TERMINATE CARD USAGE: TS 102 222 clause 6.9. Needs the right to terminate the MF. From then on SELECT is answered
    /// 6285 and every other command 6985.
    static func terminateCardUsage(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1p2 == 0 else { throw .incorrectP1P2 }
        let masterFile = try card.file(card.files.masterFile)
        try card.require(.terminate, on: masterFile, for: command)
        try card.set(.lifeCycleStatus(File.terminatedStatus), of: masterFile)
        card.isTerminated = true
        return .success
    }
}

/// The FCP template of CREATE FILE, taken apart.
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

    init(_ template: OctetView) throws(StatusWord) {
        let fields = OctetCursor(template)
        guard let descriptor = fields.firstValue(0x82), let octet = descriptor.octet(at: 0),
            let structure = File.structure(of: octet)
        else { throw .incorrectData }
        let name = fields.firstValue(0x84) ?? .empty
        let identifier = fields.firstValue(0x83)?.uint16(at: 0)
        guard identifier != nil || !name.isEmpty else { throw .incorrectData }
        parameters = FileParameters(descriptor: octet, fileIdentifier: name.isEmpty ? identifier : nil)
        parameters.dfName = name
        parameters.lifeCycleStatus = fields.firstValue(0x8A)?.octet(at: 0) ?? File.activatedStatus
        if structure != .directory {
            guard let size = fields.firstValue(0x80)?.number, size <= 0xFF_FFFF else { throw .incorrectData }
            parameters.size = size
            if let length = descriptor.uint16(at: 2) { parameters.recordLength = length }
            if structure == .transparent || structure == .berTLV { parameters.recordLength = 0 }
            parameters.shortFileIdentifier = try Self.shortFileIdentifier(fields.firstValue(0x88), identifier)
        }
        parameters.pinReferences = try Self.pinReferences(fields.firstValue(0xC6))
        var cursor = fields
        while !cursor.isAtEnd {
            let start = cursor.position
            guard let object = cursor.berTLV() else { throw .incorrectData }
            if [0x8B, 0x8C, 0xAB].contains(object.tag) {
                parameters.securityAttributes = template.part(from: start, length: cursor.position - start)
            }
        }
        guard !parameters.securityAttributes.isEmpty else { throw .incorrectData }
        if let information = fields.firstValue(0xA5) { readProprietary(information) }
    }

    /// TS 102 222 table 4: absent, the low five bits of the identifier; empty, none.
    private static func shortFileIdentifier(_ field: OctetView?, _ identifier: UInt16?) throws(StatusWord) -> UInt8 {
        guard let field else {
            let low = UInt8(truncatingIfNeeded: identifier ?? 0) & 0x1F
            return low == 31 ? 0 : low
        }
        guard let octet = field.octet(at: 0) else { return 0 }
        guard octet & 0x07 == 0, octet >> 3 <= 30 else { throw .incorrectData }
        return octet >> 3
    }

    /// The key references of a PIN status template, given whole (90, 83, ...) or as a plain list.
    private static func pinReferences(_ field: OctetView?) throws(StatusWord) -> OctetView {
        guard let field, field.octet(at: 0) == 0x90 else { return field ?? .empty }
        throw .incorrectData
    }

    private mutating func readProprietary(_ information: OctetView) {
        let fields = OctetCursor(information)
        parameters.specialFileInformation = fields.firstValue(0xC0)?.octet(at: 0) ?? 0
        if let octets = fields.firstValue(0xC1) { pattern = .fill(octets) }
        if let octets = fields.firstValue(0xC2) { pattern = .repeated(octets) }
        // What SELECT shows stands behind what only creation needs.
        var cursor = fields
        var start = 0
        while let object = cursor.berTLV(), [0xC0, 0xC1, 0xC2].contains(object.tag) { start = cursor.position }
        parameters.proprietaryInformation = information.part(from: start)
    }
}
