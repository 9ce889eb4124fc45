import CardOS
import Memory
import Octets

extension UICC {
    /// SELECT: TS 51.011 clause 9.2.1.
    ///
    /// - Throws: 9404 where nothing is found; 6B00 for other parameters; 6702 without two octets of data.
    static func gsmSelect(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1p2 == 0 else { throw .wrongP1P2 }
        guard command.data.count == 2, let identifier = command.data.uint16(at: 0) else { throw StatusWord(0x6702) }
        // 7FFF is the UICC's.
        guard identifier != 0x7FFF else { throw .gsmNotFound }
        if identifier == GSM.directory, card.child(identifier, of: card.masterFile) == nil {
            guard let application = try card.firstUSIM() else { throw .gsmNotFound }
            card.activate(application, for: command)
        } else {
            _ = try card.executeGSM(command.with(cla: 0x00, p1: 0x00, p2: 0x0C))
        }
        let selection = card.selection(command)
        try card.appendGSMDescription(of: selection.file ?? selection.directory, in: selection.directory)
        return .success
    }

    /// STATUS: TS 51.011 clause 9.2.2. As many octets as P3 asks for, from the first one on.
    static func gsmStatus(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1p2 == 0 else { throw .wrongP1P2 }
        guard command.data.isEmpty else { throw .wrongLength }
        let directory = card.selection(command).directory
        try card.appendGSMDescription(of: directory, in: directory)
        if case .exactly(let count) = command.expected { card.output.truncate(to: count) }
        return .success
    }

    private func firstUSIM() throws(StatusWord) -> ObjectReference? {
        for application in applications {
            guard let file = description(of: application) else { continue }
            let kind = try withDFName(of: file) { (name) throws(StatusWord) in NetworkAccessApplication.Kind(name) }
            if kind == .usim { return application }
        }
        return nil
    }

    private mutating func appendGSMDescription(
        of reference: ObjectReference,
        in directory: ObjectReference
    ) throws(StatusWord) {
        guard let file = description(of: reference) else { throw .gsmNotFound }
        let shown = file.link.flatMap { description(of: $0) } ?? file
        if file.isDirectory {
            appendGSMDirectory(file, shown)
        } else {
            try appendGSMElementaryFile(file, shown)
        }
    }

    /// The response for an MF or DF, 23 octets: TS 51.011 clause 9.2.1.
    private mutating func appendGSMDirectory(_ file: File, _ shown: File) {
        let isRoot = file.reference == masterFile
        let children = children(of: shown.reference)
        let first = pinStatus(0x01, in: file.reference)
        let second = pinStatus(0x81, in: file.reference)
        output.append(UInt16(0))
        // The free memory; more than the field holds is as much as it holds.
        output.append(UInt16(truncatingIfNeeded: min(0xFFFF, memory.freePages * 64)))
        output.append(file.isApplication ? GSM.directory : file.fileIdentifier)
        output.append(UInt8(isRoot ? 0x01 : 0x02))
        output.append(repeating: 0x00, count: 5)
        output.append(UInt8(10))
        // Clock stop allowed, 13/4 MHz; b8: CHV1 disabled.
        output.append((first?.isEnabled ?? false) ? UInt8(0x01) : UInt8(0x81))
        output.append(UInt8(truncatingIfNeeded: min(255, children.directories)))
        output.append(UInt8(truncatingIfNeeded: min(255, children.files)))
        output.append(UInt8((first == nil ? 0 : 2) + (second == nil ? 0 : 2)))
        output.append(UInt8(0))
        for status in [first, second] {
            // b8: the code is initialised.
            output.append(status.map { 0x80 | $0.tries } ?? 0)
            output.append(status.map { 0x80 | $0.unblockingTries } ?? 0)
        }
        output.append(UInt8(0))
    }

    /// The response for an EF, 15 octets: TS 51.011 clause 9.2.1.
    private mutating func appendGSMElementaryFile(_ file: File, _ shown: File) throws(StatusWord) {
        let isCyclic = shown.structure == .cyclic
        output.append(UInt16(0))
        output.append(UInt16(truncatingIfNeeded: min(0xFFFF, shown.size)))
        output.append(file.fileIdentifier)
        output.append(UInt8(0x04))
        output.append(UInt8(isCyclic ? 0x40 : 0x00))
        // READ, UPDATE; INCREASE, RFU; REHABILITATE, INVALIDATE.
        let conditions = try gsmAccessConditions(of: file)
        output.append(conditions[0] << 4 | conditions[1])
        output.append(conditions[2] << 4)
        output.append(conditions[3] << 4 | conditions[4])
        // b1: not invalidated; b3: readable and updatable all the same.
        let isInvalidated = file.lifeCycleStatus == 0x04 || file.lifeCycleStatus == 0x06
        output.append((isInvalidated ? 0x00 : 0x01) | (file.specialFileInformation & 0x40) >> 4)
        output.append(UInt8(2))
        output.append(isCyclic ? UInt8(3) : shown.structure == .linearFixed ? UInt8(1) : UInt8(0))
        output.append(UInt8(truncatingIfNeeded: min(255, shown.recordLength)))
    }

    private func children(of directory: ObjectReference) -> (directories: Int, files: Int) {
        var count = (directories: 0, files: 0)
        var next = memory.firstObject(of: .file)
        while let reference = next {
            if let file = description(of: reference), file.parent == directory, !file.isApplication {
                if file.isDirectory { count.directories += 1 } else { count.files += 1 }
            }
            next = memory.firstObject(of: .file, from: reference.page + 1)
        }
        return count
    }
}
