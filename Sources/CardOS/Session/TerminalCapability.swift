import Octets

extension UICC {
    /// TERMINAL CAPABILITY: TS 102 221 clause 11.1.19. Of what it tells, the card needs whether the terminal supports
    /// extended logical channels; the last command counts.
    ///
    /// - Throws: 6A80 where the data field is not a template A9 of whole data objects.
    static func terminalCapability(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1p2 == 0 else { throw .incorrectP1P2 }
        guard !command.data.isEmpty else { throw .wrongLength }
        var cursor = OctetCursor(command.data)
        guard let template = cursor.berTLV(), template.tag == 0xA9, cursor.isAtEnd else { throw .incorrectData }
        var members = template.cursor
        var supportsExtendedChannels = false
        while let member = members.berTLV() {
            if member.tag == 0x81 { supportsExtendedChannels = true }
        }
        guard members.isAtEnd else { throw .incorrectData }
        card.terminalSupportsExtendedChannels = supportsExtendedChannels
        return .success
    }
}
