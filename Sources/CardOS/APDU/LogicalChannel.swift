import Memory
import Octets

/// What is selected on a logical channel. All of it is volatile.
struct LogicalChannel {
    /// How many channels there are: TS 102 221 clause 10.1.1.
    static let count = 20
    /// The number of the one for remote scripts, beyond those of the interface: no class octet and no MANAGE CHANNEL
    /// reaches it. It is open while a script is executed.
    static let remote = 20

    var isOpen = false
    /// The current DF: MF, DF, ADF, or a link to a DF.
    var directory: ObjectReference
    /// The current EF.
    var elementaryFile: ObjectReference?
    /// The ADF of the active application.
    var application: ObjectReference?
    /// The current record, from 1; 0: undefined.
    var record = 0
    /// The transfer of a data object that is under way.
    var transfer = DataObjectTransfer.none

    /// A channel with the MF as the current DF, nothing else.
    init(masterFile: ObjectReference) {
        directory = masterFile
    }

    /// Makes `file` the current EF; pointers become undefined.
    mutating func select(elementaryFile file: ObjectReference) {
        elementaryFile = file
        record = 0
        transfer = .none
    }

    /// Makes `directory` the current DF, without a current EF.
    mutating func select(directory: ObjectReference) {
        self.directory = directory
        elementaryFile = nil
        record = 0
        transfer = .none
    }
}

extension UICC {
    /// MANAGE CHANNEL: TS 102 221 clause 11.1.17.
    ///
    /// A channel opened from another one than the basic channel starts with its application and its current DF.
    ///
    /// - Throws: 6A86 for other parameters, the basic channel among them; 6881 for a channel that is not open to be
    ///   closed; 6A81 where no channel is free, or where the one asked for is an extended one, of which the terminal
    ///   has not said that it supports them; 6985 where the channel asked for is open, or where the current DF to
    ///   start with is not shareable.
    static func manageChannel(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        let number = Int(command.p2)
        let isKnown = command.p1 == 0x00 || command.p1 == 0x80 && number > 0
        guard isKnown, number < LogicalChannel.count else { throw .incorrectP1P2 }
        guard command.data.isEmpty else { throw .wrongLength }
        // TS 102 221 clause 11.1.19: channels above 3 need a terminal that supports them.
        let limit = card.terminalSupportsExtendedChannels ? LogicalChannel.count : 4
        switch command.p1 {
        case 0x00 where number == 0:
            for candidate in 1..<limit where !card.channels[candidate].isOpen {
                try card.requireLe(1, of: command)
                try card.openChannel(candidate, from: command.classOctet.channel)
                card.output.append(UInt8(truncatingIfNeeded: candidate))
                return .success
            }
            throw .functionNotSupported
        case 0x00:
            // ISO/IEC 7816-4 clause 11.1.2: the terminal chooses the number, and gets no data.
            guard number < limit else { throw .functionNotSupported }
            guard !card.channels[number].isOpen else { throw .conditionsNotSatisfied }
            try card.openChannel(number, from: command.classOctet.channel)
            return .success
        default:
            guard card.channels[number].isOpen else { throw .logicalChannelNotSupported }
            card.endApplicationSession(on: number)
            card.channels[number] = LogicalChannel(masterFile: card.files.masterFile)
            return .success
        }
    }

    /// Ends the session of the application that is active on a channel. When it is active on no other, its own PINs are
    /// no longer verified: TS 102 221 clauses 8.5.2 and 9.4.
    mutating func endApplicationSession(on number: Int) {
        guard let application = channels[number].application else { return }
        channels[number].application = nil
        for other in 0..<LogicalChannel.count where channels[other].isOpen && channels[other].application == application
        {
            return
        }
        codes.resetVerified(in: application)
    }

    private mutating func openChannel(_ number: Int, from origin: Int) throws(StatusWord) {
        var channel = LogicalChannel(masterFile: files.masterFile)
        if origin != 0 {
            guard try file(channels[origin].directory).isShareable else { throw .conditionsNotSatisfied }
            channel.directory = channels[origin].directory
            channel.application = channels[origin].application
        }
        channel.isOpen = true
        channels[number] = channel
    }
}
