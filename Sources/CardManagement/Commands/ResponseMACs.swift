import GlobalPlatform

// R-MAC sessions: GPCS clauses E.5.3 and E.5.4, AmdD clauses 7.1.3 and 7.1.4.

extension CardManager {
    /// BEGIN R-MAC SESSION: from the next command on, responses have R-MACs, which are checked.
    ///
    /// - Parameters:
    ///   - level: what is added to the level of the session: R-MAC; with SCP03 R-MAC and R-ENC; with SCP02 nothing: R-MACs
    ///     are computed, and the last one comes with END R-MAC SESSION only.
    ///   - data: at most 24 octets, which the R-MACs of SCP02 cover.
    public func beginResponseMAC(
        _ level: SecurityLevel = .responseMAC,
        data: [UInt8] = []
    ) throws(CardManagementError) {
        let name = "BEGIN R-MAC SESSION"
        guard data.count <= 24 else {
            throw CardManagementError(.input, name, "\(data.count) octets of data are too many")
        }
        let field = data.isEmpty ? [] : [UInt8(truncatingIfNeeded: data.count)] + data
        _ = try send(Command(0x80, 0x7A, level.rawValue, 0x01, field), name)
    }

    /// The last R-MAC of SCP02, which has been checked: END R-MAC SESSION that does not end it.
    public func responseMAC() throws(CardManagementError) -> [UInt8] { try endResponseMAC(0x01) }

    /// END R-MAC SESSION: responses are protected again as the session was opened.
    ///
    /// - Returns: the last R-MAC of SCP02, which has been checked; nothing with SCP03.
    @discardableResult public func endResponseMAC() throws(CardManagementError) -> [UInt8] { try endResponseMAC(0x03) }

    private func endResponseMAC(_ p2: UInt8) throws(CardManagementError) -> [UInt8] {
        try send(Command(0x80, 0x78, 0x00, p2), "END R-MAC SESSION").data
    }
}
