import Memory
import Octets

// TS 102 221 clauses 11.1.14 and 11.1.15, TS 102 222 clauses 6.7 to 6.9

extension UICC {
    /// DEACTIVATE FILE: TS 102 221 clause 11.1.14.
    static func deactivateFile(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        try card.changeLifeCycle(command, .deactivate, to: File.deactivatedStatus)
    }

    /// ACTIVATE FILE: TS 102 221 clause 11.1.15.
    static func activateFile(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        try card.changeLifeCycle(command, .activate, to: File.activatedStatus)
    }

    /// The file that P1 and the data field name, as SELECT does, becomes the current one too.
    ///
    /// - Throws: 6986 without a data field where no EF is current; 6985 for a file in termination state.
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
        case (0x00, false): file = try namedFile(command)
        case (0x08, false): file = try self.file(path: command.data, from: self.file(files.masterFile), on: number)
        case (0x09, false): file = try self.file(path: command.data, from: currentDirectory(number), on: number)
        case (0x08, true), (0x09, true): throw .wrongLength
        default: throw .incorrectP1P2
        }
        guard file.lifeCycle != .terminated else { throw .conditionsNotSatisfied }
        try require(mode, on: file, for: command)
        if !command.data.isEmpty, channels[number].elementaryFile != file.reference {
            try makeCurrent(file, on: number)
        }
        try set(.lifeCycleStatus(status), of: file)
        return .success
    }

    /// TERMINATE EF: TS 102 222 clause 6.8.
    static func terminateEF(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        try card.terminate(command, isDirectory: false)
    }

    /// TERMINATE DF: TS 102 222 clause 6.7. Not for the MF, whose end is that of the card.
    static func terminateDF(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        try card.terminate(command, isDirectory: true)
    }

    /// - Throws: 6981 for a file of the other kind; 6985 for the MF, and for a file in termination state.
    private mutating func terminate(_ command: CommandAPDU, isDirectory: Bool) throws(StatusWord) -> StatusWord {
        guard command.p1p2 == 0 else { throw .incorrectP1P2 }
        let file = try namedFile(command)
        guard file.isDirectory == isDirectory else { throw .incompatibleFileStructure }
        guard file.parent != nil, file.lifeCycle != .terminated else { throw .conditionsNotSatisfied }
        try require(.terminate, on: file, for: command)
        try set(.lifeCycleStatus(File.terminatedStatus), of: file)
        return .success
    }

    /// TERMINATE CARD USAGE: TS 102 222 clause 6.9. Needs the right to terminate the MF. From then on SELECT is answered
    /// 6285 and every other command 6985.
    static func terminateCardUsage(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1p2 == 0 else { throw .incorrectP1P2 }
        guard command.data.isEmpty else { throw .wrongLength }
        let masterFile = try card.file(card.files.masterFile)
        try card.require(.terminate, on: masterFile, for: command)
        try card.set(.lifeCycleStatus(File.terminatedStatus), of: masterFile)
        card.isTerminated = true
        return .success
    }

    // MARK: The file that an administrative command names

    /// The file with the identifier in the data field: a child of the current DF, or the current EF or DF itself.
    ///
    /// - Throws: 6700 for a data field that is not an identifier; 6A82 where there is no such file.
    func namedFile(_ command: CommandAPDU) throws(StatusWord) -> File {
        guard command.data.count == 2, let identifier = command.data.uint16(at: 0) else { throw .wrongLength }
        return try namedFile(identifier, on: command.classOctet.channel)
    }

    /// As `namedFile(_:)`; 7FFF is the ADF of the active application.
    ///
    /// - Throws: also as `requireShareable`.
    func namedFile(_ identifier: UInt16, on number: Int) throws(StatusWord) -> File {
        let file = try file(named: identifier, on: number)
        try requireShareable(file, on: number)
        return file
    }

    private func file(named identifier: UInt16, on number: Int) throws(StatusWord) -> File {
        if identifier == 0x7FFF {
            guard let application = channels[number].application else { throw .fileNotFound }
            return try file(application)
        }
        let directory = try currentDirectory(number)
        if let child = files.child(identifier, of: try target(of: directory).reference, in: memory) { return child }
        if let current = channels[number].elementaryFile, try file(current).fileIdentifier == identifier {
            return try file(current)
        }
        guard directory.fileIdentifier == identifier, identifier != File.noIdentifier else { throw .fileNotFound }
        return directory
    }
}
