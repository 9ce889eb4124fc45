import CardCrypto
import Memory
import Octets

// TS 102 221 clauses 11.1.9 to 11.1.13

extension UICC {
    /// VERIFY PIN: TS 102 221 clause 11.1.9. Without data it tells the tries that are left.
    static func verifyPIN(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1 == 0x00 else { throw .incorrectP1P2 }
        let pin = try card.pin(command)
        guard !command.data.isEmpty else { throw card.triesStatus(pin) }
        guard command.data.count == CodeTable.codeSize else { throw .wrongLength }
        guard card.codes.isEnabled(pin, card.memory) else { throw .referencedDataInvalidated }
        try card.present(command.data, to: pin)
        card.setVerified(true, pin)
        return .success
    }

    /// CHANGE PIN: TS 102 221 clause 11.1.10.
    static func changePIN(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1 == 0x00 else { throw .incorrectP1P2 }
        let pin = try card.pin(command)
        guard command.data.count == 2 * CodeTable.codeSize else { throw .wrongLength }
        let attributes = card.codes.attributes(of: pin, card.memory)
        guard attributes.contains(.enabled) else { throw .referencedDataInvalidated }
        guard attributes.contains(.changeable) else { throw .conditionsNotSatisfied }
        try card.present(command.data.part(from: 0, length: CodeTable.codeSize), to: pin)
        try card.setCode(command.data.part(from: CodeTable.codeSize), of: pin)
        card.setVerified(true, pin)
        return .success
    }

    /// DISABLE PIN: TS 102 221 clause 11.1.11. P1 = 80 | reference names the PIN, the universal one, that replaces an
    /// application PIN: access conditions that ask for this then ask for that.
    ///
    /// - Throws: 6A86 for other parameters; 6A88 for a PIN that there is not; 6984 for one that is disabled already;
    ///   6985 for one that may not be disabled; and as `present`.
    static func disablePIN(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1 == 0x00 || command.p1 & 0xE0 == 0x80 else { throw .incorrectP1P2 }
        let pin = try card.pin(command)
        guard command.data.count == CodeTable.codeSize else { throw .wrongLength }
        let replacing = command.p1 & 0x7F
        if command.p1 != 0x00 {
            let directory = card.channels[command.classOctet.channel].directory
            guard card.codes.number(of: replacing, in: directory, card.memory) != nil, replacing != command.p2 else {
                throw .referencedDataNotFound
            }
        }
        let attributes = card.codes.attributes(of: pin, card.memory)
        guard attributes.contains(.enabled) else { throw .referencedDataInvalidated }
        guard attributes.contains(.switchable) else { throw .conditionsNotSatisfied }
        try card.present(command.data, to: pin)
        try card.setField(1, to: attributes.subtracting(.enabled).rawValue, of: pin)
        try card.setField(4, to: command.p1 == 0x00 ? 0x00 : replacing, of: pin)
        card.setVerified(command.p1 == 0x00, pin)
        return .success
    }

    /// ENABLE PIN: TS 102 221 clause 11.1.12.
    static func enablePIN(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1 == 0x00 else { throw .incorrectP1P2 }
        let pin = try card.pin(command)
        guard command.data.count == CodeTable.codeSize else { throw .wrongLength }
        let attributes = card.codes.attributes(of: pin, card.memory)
        guard !attributes.contains(.enabled) else { throw .referencedDataInvalidated }
        guard attributes.contains(.switchable) else { throw .conditionsNotSatisfied }
        try card.present(command.data, to: pin)
        try card.enable(pin)
        card.setVerified(true, pin)
        return .success
    }

    /// UNBLOCK PIN: TS 102 221 clause 11.1.13. Without data it tells the tries of the unblocking code that are left.
    static func unblockPIN(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1 == 0x00 else { throw .incorrectP1P2 }
        let pin = try card.pin(command)
        let reference = card.codes.field(3, of: pin, card.memory)
        guard reference != 0, let code = card.codes.unblockingNumber(of: reference, for: pin, card.memory) else {
            throw .referencedDataNotFound
        }
        guard !command.data.isEmpty else { throw card.triesStatus(code) }
        guard command.data.count == 2 * CodeTable.codeSize else { throw .wrongLength }
        try card.present(command.data.part(from: 0, length: CodeTable.codeSize), to: code)
        try card.setCode(command.data.part(from: CodeTable.codeSize), of: pin)
        let tries = card.codes.field(2, of: pin, card.memory)
        try card.setField(2, to: tries & 0xF0 | tries >> 4, of: pin)
        try card.enable(pin)
        card.setVerified(true, pin)
        return .success
    }

    // MARK: Codes

    /// The PIN that P2 names, seen from the current DF of the channel.
    ///
    /// - Throws: 6A88 where there is none.
    private func pin(_ command: CommandAPDU) throws(StatusWord) -> Int {
        let directory = channels[command.classOctet.channel].directory
        guard let pin = codes.number(of: command.p2, in: directory, memory) else { throw .referencedDataNotFound }
        return pin
    }

    private func triesStatus(_ number: Int) -> StatusWord {
        .triesRemaining(codes.field(2, of: number, memory) & 0x0F)
    }

    /// Compares `value` with a code. The try is counted, for good, before the comparison: a power failure right after
    /// it does not give the try back.
    ///
    /// - Throws: 6983 where no try is left; 63CX where the value is wrong, with the PIN no longer verified.
    private mutating func present(_ value: OctetView, to number: Int) throws(StatusWord) {
        let tries = codes.field(2, of: number, memory)
        guard tries & 0x0F > 0 else { throw .authenticationMethodBlocked }
        try setField(2, to: tries - 1, of: number)
        memory.commit()
        let entry = codes.entries[number]
        let isRight = try memory.withContent(entry.object, at: entry.offset + 8, count: CodeTable.codeSize) {
            (code) throws(StatusWord) in constantTimeEqual(code, value)
        }
        guard isRight else {
            setVerified(false, number)
            throw triesStatus(number)
        }
        try setField(2, to: tries & 0xF0 | tries >> 4, of: number)
    }

    private mutating func enable(_ pin: Int) throws(StatusWord) {
        let attributes = codes.attributes(of: pin, memory)
        try setField(1, to: attributes.union(.enabled).rawValue, of: pin)
        try setField(4, to: 0x00, of: pin)
    }

    private mutating func setField(_ index: Int, to value: UInt8, of number: Int) throws(StatusWord) {
        guard codes.entries.indices.contains(number), codes.field(index, of: number, memory) != value else { return }
        let entry = codes.entries[number]
        try [value].withView { (view) throws(StatusWord) in
            try memory.write(entry.object, at: entry.offset + index, view)
        }
    }

    private mutating func setCode(_ value: OctetView, of number: Int) throws(StatusWord) {
        guard codes.entries.indices.contains(number) else { throw .referencedDataNotFound }
        let entry = codes.entries[number]
        try memory.write(entry.object, at: entry.offset + 8, value)
    }
}
