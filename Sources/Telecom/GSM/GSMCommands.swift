import CardOS
import Memory
import Octets

/// The commands of a SIM, class A0: TS 51.011 clause 9.2.
///
/// A card without DF.GSM shows the first USIM in its place, so that terminals that know SIMs only find what both have in
/// common: EF.IMSI, the location, the PINs, the algorithm.
public enum GSM {
    /// The identifier of DF.GSM.
    static let directory: UInt16 = 0x7F20

    /// The rows of the command table of class A0.
    public static var commands: [Command] {
        [
            Command(0xA4, .gsm, UICC.gsmSelect),
            Command(0xF2, .gsm, UICC.gsmStatus),
            Command(0xB0, .gsm, UICC.gsmFileCommand),
            Command(0xD6, .gsm, UICC.gsmFileCommand),
            Command(0xB2, .gsm, UICC.gsmFileCommand),
            Command(0xDC, .gsm, UICC.gsmFileCommand),
            Command(0xA2, .gsm, UICC.gsmSeek),
            Command(0x32, .gsm, UICC.gsmFileCommand),
            Command(0x20, .gsm, UICC.gsmCodeCommand),
            Command(0x24, .gsm, UICC.gsmCodeCommand),
            Command(0x26, .gsm, UICC.gsmCodeCommand),
            Command(0x28, .gsm, UICC.gsmCodeCommand),
            Command(0x2C, .gsm, UICC.gsmCodeCommand),
            Command(0x04, .gsm, UICC.gsmFileCommand),
            Command(0x44, .gsm, UICC.gsmFileCommand),
            Command(0x88, .gsm, UICC.runGSMAlgorithm),
            Command(0xFA, .gsm, UICC.gsmSleep),
        ]
    }
}

extension StatusWord {
    /// 9400: no EF selected (TS 51.011 clause 9.4).
    static let gsmNoEFSelected = StatusWord(0x9400)
    /// 9402: out of range.
    static let gsmOutOfRange = StatusWord(0x9402)
    /// 9404: file identifier or pattern not found.
    static let gsmNotFound = StatusWord(0x9404)
    /// 9408: the file is inconsistent with the command.
    static let gsmInconsistentFile = StatusWord(0x9408)
    /// 9240: memory problem.
    static let gsmMemoryProblem = StatusWord(0x9240)
    /// 9802: no CHV initialised.
    static let gsmNoCHV = StatusWord(0x9802)
    /// 9804: access condition not fulfilled, CHV verification unsuccessful with a try left.
    static let gsmNotFulfilled = StatusWord(0x9804)
    /// 9808: in contradiction with the CHV status.
    static let gsmCHVContradiction = StatusWord(0x9808)
    /// 9810: in contradiction with the invalidation status.
    static let gsmInvalidated = StatusWord(0x9810)
    /// 9840: CHV blocked.
    static let gsmBlocked = StatusWord(0x9840)

    /// What a SIM says where a UICC says this: TS 51.011 clause 9.4, TS 102 221 clause 10.2.
    fileprivate func gsm(ofCode isOfCode: Bool) -> StatusWord {
        switch self {
        case .noEFSelected: return .gsmNoEFSelected
        case .recordNotFound: return .gsmOutOfRange
        case .wrongP1P2: return .gsmOutOfRange
        case .fileNotFound, .endOfFile: return .gsmNotFound
        case .incompatibleFileStructure: return .gsmInconsistentFile
        case .notEnoughMemory, .memoryProblem: return .gsmMemoryProblem
        case .referencedDataNotFound: return .gsmNoCHV
        case .securityStatusNotSatisfied: return .gsmNotFulfilled
        case .referencedDataInvalidated: return isOfCode ? .gsmCHVContradiction : .gsmInvalidated
        case .conditionsNotSatisfied: return isOfCode ? .gsmCHVContradiction : .gsmInconsistentFile
        case .authenticationMethodBlocked, .triesRemaining(0): return .gsmBlocked
        case .incorrectP1P2: return .wrongP1P2
        default: break
        }
        switch value {
        case 0x63C1...0x63CF: return .gsmNotFulfilled
        // 67XX: incorrect parameter P3, XX is the right one.
        case 0x6C00...0x6CFF: return StatusWord(0x6700 | value & 0xFF)
        default: return self
        }
    }
}

extension UICC {
    /// Executes the command of the UICC that a command of class A0 stands for.
    mutating func executeGSM(_ command: CommandAPDU, ofCode isOfCode: Bool = false) throws(StatusWord) -> StatusWord {
        let status: StatusWord
        do throws(StatusWord) {
            status = try executeUICC(command)
        } catch {
            throw error.gsm(ofCode: isOfCode)
        }
        // A search that finds nothing ends with a warning.
        guard status != .endOfFile else { throw .gsmNotFound }
        return .success
    }

    /// READ and UPDATE BINARY and RECORD, INCREASE, INVALIDATE, REHABILITATE: TS 51.011 clauses 9.2.3 to 9.2.8, 9.2.14,
    /// 9.2.15.
    static func gsmFileCommand(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        let isRecord = command.ins == 0xB2 || command.ins == 0xDC
        let isBinary = command.ins == 0xB0 || command.ins == 0xD6
        // Short file identifiers are the UICC's; so is the use of P1 and P2 by the other commands.
        guard isRecord ? (0x02...0x04).contains(command.p2) : isBinary ? command.p1 < 0x80 : command.p1p2 == 0 else {
            throw .wrongP1P2
        }
        if command.ins == 0x04 || command.ins == 0x44 {
            guard command.data.isEmpty else { throw .wrongLength }
        }
        return try card.executeGSM(command.with(cla: command.ins == 0x32 ? 0x80 : 0x00, p1: command.p1, p2: command.p2))
    }

    /// SEEK: TS 51.011 clause 9.2.7. Type 2 answers the number of the record.
    static func gsmSeek(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1 == 0x00, command.p2 & 0xEC == 0 else { throw .wrongP1P2 }
        guard (1...16).contains(command.data.count) else { throw .wrongLength }
        guard let file = card.selection(command).file.flatMap({ card.description(of: $0) }) else {
            throw .gsmNoEFSelected
        }
        let records = file.link.flatMap { card.description(of: $0) }?.records ?? file.records
        let mode = command.p2 & 0x03
        // From the beginning, from the end; with an indication of the enhanced search: next, previous.
        let p1 = mode == 0 ? 1 : mode == 1 ? min(records, 255) : 0
        let p2: UInt8 = mode == 0 ? 0x04 : mode == 1 ? 0x05 : 0x06
        let search = command.with(cla: 0x00, p1: UInt8(truncatingIfNeeded: p1), p2: p2)
        var field = InlineArray<18, UInt8>(repeating: 0)
        try withUnsafeMutableBytes(of: &field) { (buffer) throws(StatusWord) in
            var writer = OctetWriter(buffer)
            if mode > 1 { writer.append(UInt16(mode == 2 ? 0x0600 : 0x0700)) }
            writer.append(command.data)
            do throws(StatusWord) {
                _ = try card.executeGSM(search.with(data: writer.view))
            } catch {
                // There is no record where the search would begin.
                throw error == .gsmOutOfRange ? .gsmNotFound : error
            }
        }
        card.output.truncate(to: command.p2 & 0x10 == 0 ? 0 : 1)
        return .success
    }

    /// VERIFY, CHANGE, DISABLE, ENABLE and UNBLOCK CHV: TS 51.011 clauses 9.2.9 to 9.2.13. CHV1 is the PIN 01, CHV2 the
    /// second PIN 81.
    static func gsmCodeCommand(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        let reference: UInt8
        switch (command.ins, command.p1p2) {
        case (0x2C, 0x0000), (0x20, 0x0001), (0x24, 0x0001), (0x26, 0x0001), (0x28, 0x0001): reference = 0x01
        case (0x2C, 0x0002), (0x20, 0x0002), (0x24, 0x0002): reference = 0x81
        default: throw .wrongP1P2
        }
        guard !command.data.isEmpty else { throw .wrongLength }
        return try card.executeGSM(command.with(cla: 0x00, p1: 0x00, p2: reference), ofCode: true)
    }

    /// SLEEP: TS 51.011 clause 9.2.19. Old terminals send it; it does nothing.
    static func gsmSleep(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1p2 == 0 else { throw .wrongP1P2 }
        return .success
    }

    /// RUN GSM ALGORITHM: TS 51.011 clause 9.2.16.
    ///
    /// - Throws: 9404 where the current DF is not in DF.GSM; 9804 while CHV1 is not satisfied; and as
    ///   `gsmResult(of:random:)`.
    static func runGSMAlgorithm(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1p2 == 0 else { throw .wrongP1P2 }
        guard command.data.count == 16, let random = ShortOctets(command.data) else { throw StatusWord(0x6710) }
        let application: NetworkAccessApplication
        do throws(StatusWord) {
            application = try card.networkAccessApplication(command)
        } catch {
            throw .gsmNotFound
        }
        guard application.kind == .usim else { throw .gsmNotFound }
        let result: GSMResult
        do throws(StatusWord) {
            try card.requirePIN(of: application.file)
            result = try card.gsmResult(of: application, random: random.leading)
        } catch {
            throw error.gsm(ofCode: false)
        }
        card.output.append(UInt128(result.signedResponse), count: 4)
        card.output.append(UInt128(result.cipherKey), count: 8)
        return .success
    }
}
