import CardCrypto
import CardOS
import Octets

// R-MAC sessions within a secure channel session.

extension SecureChannelSession {
    /// BEGIN R-MAC SESSION, its protection taken off: GPCS clause E.5.3, AmdD clause 7.1.3.
    ///
    /// - Returns: 6985 where no session is open, where the protocol has not what is asked for, where it is there
    ///   already, and, with SCP03, where commands are not protected likewise; 6A86 for other parameters; 6A80 where the
    ///   data field is no length and at most 24 octets.
    mutating func beginResponseMAC(
        _ command: CommandAPDU,
        into response: inout OctetWriter
    ) throws(StatusWord) -> StatusWord {
        let status: StatusWord
        var added = SecurityLevel()
        do throws(StatusWord) {
            added = try requestedLevel(command)
            status = .success
        } catch {
            status = error
        }
        // The response is protected as it was before.
        try wrap(.empty, status: status, into: &response)
        guard status == .success else { return status }
        if des != nil {
            isSilent = command.p1 == 0x00
            try chainBeginning(command)
        }
        currentLevel.formUnion(added)
        return status
    }

    private func requestedLevel(_ command: CommandAPDU) throws(StatusWord) -> SecurityLevel {
        guard state == .open else { throw .conditionsNotSatisfied }
        let requested: SecurityLevel
        switch (command.p1, command.p2, des != nil) {
        case (0x00, 0x01, true), (0x10, 0x01, _): requested = .responseMAC
        case (0x30, 0x01, false): requested = [.responseMAC, .responseEncryption]
        default: throw .incorrectP1P2
        }
        guard supportsResponseMAC, !currentLevel.contains(requested) else { throw .conditionsNotSatisfied }
        if des == nil {
            guard currentLevel.contains(.commandMAC), !currentLevel.contains(.responseEncryption) else {
                throw .conditionsNotSatisfied
            }
            if requested.contains(.responseEncryption) {
                guard supportsResponseEncryption, currentLevel.contains(.commandEncryption) else {
                    throw .conditionsNotSatisfied
                }
            }
        }
        var data = OctetCursor(command.data)
        if !data.isAtEnd {
            guard let count = data.octet(), count <= 24, data.octets(Int(count)) != nil, data.isAtEnd else {
                throw .incorrectData
            }
        }
        return requested
    }

    /// The command takes part in the chain of R-MACs with its data, although its response has none: the reading of GPCS
    /// clause E.4.5 in which the data have a use. No record confirms it.
    private mutating func chainBeginning(_ command: CommandAPDU) throws(StatusWord) {
        let data = command.data
        do throws(CryptoError) {
            try withHeader(0x80, command.ins, command.p1, command.p2, length: data.count) {
                (header) throws(CryptoError) in try des?.beginResponse(header, data)
            }
            try des?.endResponse(.empty, .success)
        } catch {
            throw abort(.technicalProblem)
        }
    }

    /// END R-MAC SESSION, its protection taken off: GPCS clause E.5.4, AmdD clause 7.1.4. With SCP02, the last R-MAC is
    /// the response, and the command takes no part in it.
    ///
    /// - Returns: 6A86 for other parameters; 6985 without R-MACs, and where they are not BEGIN R-MAC SESSION's to end.
    mutating func endResponseMAC(
        _ command: CommandAPDU,
        into response: inout OctetWriter
    ) throws(StatusWord) -> StatusWord {
        var status = StatusWord.success
        switch (command.p1, command.p2, des != nil) {
        case (0x00, 0x03, _), (0x00, 0x01, true): break
        default: status = .incorrectP1P2
        }
        let ends = command.p2 == 0x03
        let isBegun = !ends || currentLevel != openedLevel
        if status == .success, state != .open || !currentLevel.contains(.responseMAC) || !isBegun {
            status = .conditionsNotSatisfied
        }
        guard status == .success, des != nil else {
            try wrap(.empty, status: status, into: &response)
            if status == .success { currentLevel = openedLevel }
            return status
        }
        protectsResponse = false
        des?.appendResponseMAC(to: &response)
        if ends {
            currentLevel = openedLevel
            isSilent = false
        }
        return .success
    }
}
