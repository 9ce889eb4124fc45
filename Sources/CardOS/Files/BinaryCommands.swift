import Memory
import Octets

extension UICC {
    /// READ BINARY: TS 102 221 clause 11.1.3.
    ///
    /// - Throws: 6B00 for an offset outside the EF; 6CXX where Le goes past its end, or, as more than 256 octets cannot
    ///   be told so, 6282 with those that are there; and as `currentFile`.
    static func readBinary(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        try card.requireBinaryParameters(command)
        guard command.data.isEmpty else { throw .wrongLength }
        let (named, shown, offset) = try card.transparentFile(command)
        try card.require(.read, on: named, for: command)
        try card.requireUsable(named)
        guard offset < shown.size || (offset == 0 && shown.size == 0) else { throw .wrongP1P2 }
        let available = shown.size - offset
        let count: Int
        var status = StatusWord.success
        switch command.expected {
        case .absent: count = min(256, available)
        case .any(let limit): count = min(limit, available)
        case .exactly(let le):
            guard le <= available || available > 256 else { throw .wrongLe(available) }
            count = min(le, available)
            if le > available { status = .endOfFile }
        }
        try card.memory.read(shown.reference, at: shown.bodyOffset + offset, count: count, to: &card.output)
        card.selectIfNamed(named, command.p1 & 0x80 != 0, command)
        return status
    }

    /// UPDATE BINARY: TS 102 221 clause 11.1.4.
    ///
    /// - Throws: 6B00 for an offset outside the EF; 6700 where the data go past its end; and as `currentFile`.
    static func updateBinary(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        try card.requireBinaryParameters(command)
        guard !command.data.isEmpty else { throw .wrongLength }
        let (named, shown, offset) = try card.transparentFile(command)
        try card.require(.update, on: named, for: command)
        try card.requireUsable(named)
        guard offset < shown.size else { throw .wrongP1P2 }
        guard command.data.count <= shown.size - offset else { throw .wrongLength }
        try card.writeBody(of: shown, at: offset, command.data)
        card.selectIfNamed(named, command.p1 & 0x80 != 0, command)
        return .success
    }

    /// With b8 of P1, b7 and b6 are 0: TS 102 221 table 11.10.
    ///
    /// - Throws: 6A86.
    private func requireBinaryParameters(_ command: CommandAPDU) throws(StatusWord) {
        guard command.p1 & 0x80 == 0 || command.p1 & 0x60 == 0 else { throw .incorrectP1P2 }
    }

    /// The EF that P1 and P2 mean, the file whose body it shows, and the offset.
    private func transparentFile(
        _ command: CommandAPDU
    ) throws(StatusWord) -> (named: File, shown: File, offset: Int) {
        let isShort = command.p1 & 0x80 != 0
        let named = try currentFile(short: isShort ? command.p1 & 0x1F : 0, command)
        let shown = try target(of: named)
        guard shown.structure == .transparent else { throw .incompatibleFileStructure }
        return (named, shown, isShort ? Int(command.p2) : Int(command.p1p2))
    }

    // MARK: The file that a command means

    /// The EF with a short file identifier in the current DF, or the current EF where that is 0.
    ///
    /// - Throws: 6A82 where no EF has the identifier; 6986 where no EF is current; and as `requireShareable`.
    func currentFile(short identifier: UInt8, _ command: CommandAPDU) throws(StatusWord) -> File {
        let number = command.classOctet.channel
        guard identifier != 0 else {
            guard let current = channels[number].elementaryFile else { throw .noEFSelected }
            return try file(current)
        }
        let directory = try target(of: currentDirectory(number))
        guard let file = files.child(short: identifier, of: directory.reference, in: memory) else {
            throw .fileNotFound
        }
        try requireShareable(file, on: number)
        return file
    }

    /// An EF that a command has named by its short file identifier becomes the current one.
    mutating func selectIfNamed(_ file: File, _ isNamed: Bool, _ command: CommandAPDU) {
        let number = command.classOctet.channel
        if isNamed, channels[number].elementaryFile != file.reference {
            channels[number].select(elementaryFile: file.reference)
        }
    }

    /// TS 102 221 clause 11.1.14: a deactivated EF is not read or updated, unless its special file information says so.
    ///
    /// - Throws: 6984 for a deactivated EF; 6985 for one in termination state.
    func requireUsable(_ file: File) throws(StatusWord) {
        switch file.lifeCycle {
        case .deactivated where file.specialFileInformation & 0x40 == 0: throw .referencedDataInvalidated
        case .terminated: throw .conditionsNotSatisfied
        default: break
        }
    }
}
