import Octets

/// A row of a command table: one command of an application.
public struct Command {
    /// Which class octets the command has.
    public enum Classes: Sendable {
        /// 0X, 4X, 6X.
        case interindustry
        /// 8X, CX, EX.
        case proprietary
        /// A0.
        case gsm
    }

    /// A handler writes response data, and returns or throws the status word.
    public typealias Handler = (inout UICC, CommandAPDU) throws(StatusWord) -> StatusWord

    let ins: UInt8
    let classes: Classes
    let handler: Handler

    /// A row of the command with an instruction code.
    public init(_ ins: UInt8, _ classes: Classes, _ handler: @escaping Handler) {
        self.ins = ins
        self.classes = classes
        self.handler = handler
    }
}

/// The commands of an application, found by instruction code.
public struct CommandTable: Sendable {
    private nonisolated(unsafe) let rows: [Command]
    /// For each instruction code the row, counted from 1; 0: none.
    private let index: [UInt8]

    /// This table with further rows, at most 255 in all; where one has the instruction code of another, the later one
    /// counts.
    public func adding(_ further: [Command]) -> CommandTable { CommandTable(rows + further) }

    /// A table of at most 255 rows, each with an instruction code of its own.
    public init(_ rows: [Command]) {
        self.rows = rows
        var index = [UInt8](repeating: 0, count: 256)
        for (number, row) in rows.enumerated() { index[Int(row.ins)] = UInt8(truncatingIfNeeded: number + 1) }
        self.index = index
    }

    /// The handler of a command.
    ///
    /// - Throws: 6D00 for an instruction code that the table does not have; 6E00 where it has it in another class.
    func handler(of command: CommandAPDU) throws(StatusWord) -> Command.Handler {
        let number = Int(index[Int(command.ins)])
        guard number > 0 else { throw .instructionNotSupported }
        let row = rows[number - 1]
        let hasClass =
            switch row.classes {
            case .interindustry: command.classOctet.kind == .interindustry
            case .proprietary: command.classOctet.kind == .proprietary
            case .gsm: command.classOctet.kind == .gsm
            }
        guard hasClass else { throw .classNotSupported }
        return row.handler
    }
}

extension CommandTable {
    /// The commands of the UICC file system: TS 102 221 table 10.5, TS 102 222 clause 6.
    public static let uicc = CommandTable([
        // TS 102 221 clause 11.1
        Command(0xA4, .interindustry, UICC.select),
        Command(0xF2, .proprietary, UICC.status),
        Command(0xB0, .interindustry, UICC.readBinary),
        Command(0xD6, .interindustry, UICC.updateBinary),
        Command(0xB2, .interindustry, UICC.readRecord),
        Command(0xDC, .interindustry, UICC.updateRecord),
        Command(0xA2, .interindustry, UICC.searchRecord),
        Command(0x32, .proprietary, UICC.increase),
        Command(0x20, .interindustry, UICC.verifyPIN),
        Command(0x24, .interindustry, UICC.changePIN),
        Command(0x26, .interindustry, UICC.disablePIN),
        Command(0x28, .interindustry, UICC.enablePIN),
        Command(0x2C, .interindustry, UICC.unblockPIN),
        Command(0x04, .interindustry, UICC.deactivateFile),
        Command(0x44, .interindustry, UICC.activateFile),
        Command(0x70, .interindustry, UICC.manageChannel),
        Command(0x84, .interindustry, UICC.getChallenge),
        Command(0xAA, .proprietary, UICC.terminalCapability),
        Command(0x76, .proprietary, UICC.suspendUICC),
        // TS 102 221 clause 11.3
        Command(0xCB, .proprietary, UICC.retrieveData),
        Command(0xDB, .proprietary, UICC.setData),
        // TS 102 222 clause 6
        Command(0xE0, .interindustry, UICC.createFile),
        Command(0xE4, .interindustry, UICC.deleteFile),
        Command(0xE6, .interindustry, UICC.terminateDF),
        Command(0xE8, .interindustry, UICC.terminateEF),
        Command(0xFE, .interindustry, UICC.terminateCardUsage),
        Command(0xD4, .proprietary, UICC.resizeFile),
    ])
}
