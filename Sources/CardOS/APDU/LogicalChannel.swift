import Memory
import Octets

/// What is selected on a logical channel, and what waits there. All of it is volatile.
struct LogicalChannel {
    /// How many channels there are: TS 102 221 clause 10.1.1.
    static let count = 20
    /// How many octets of response data can wait on a channel.
    static let pendingCapacity = 2_048

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
    /// What the access rules of a file are known to allow.
    var grant: AccessGrant
    /// How much response data waits for GET RESPONSE, and how much of it has been fetched.
    var pending = 0..<0
    /// The status word that comes with the last of it.
    var pendingStatus = StatusWord.success

    /// A channel with the MF as the current DF, nothing else.
    init(masterFile: ObjectReference) {
        directory = masterFile
        grant = AccessGrant(file: masterFile, modes: 0, generation: 0)
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
    /// - Throws: 6A86 for other parameters, the basic channel among them; 6881 for a channel that is not open to be
    ///   closed; 6A81 where no channel is free; 6985 where the channel asked for is open.
    static func manageChannel(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.data.isEmpty else { throw .wrongLength }
        let number = Int(command.p2)
        switch command.p1 {
        case 0x00 where number == 0:
            let limit = card.terminalSupportsExtendedChannels ? LogicalChannel.count : 4
            for candidate in 1..<limit where !card.channels[candidate].isOpen {
                try card.requireLe(1, of: command)
                card.openChannel(candidate, from: command.classOctet.channel)
                card.output.append(UInt8(truncatingIfNeeded: candidate))
                return .success
            }
            throw .functionNotSupported
        case 0x00 where number < LogicalChannel.count:
            // ISO/IEC 7816-4 clause 11.1.2: the terminal chooses the number, and gets no data.
            guard !card.channels[number].isOpen else { throw .conditionsNotSatisfied }
            card.openChannel(number, from: command.classOctet.channel)
            return .success
        case 0x80:
            guard number > 0, number < LogicalChannel.count else { throw .incorrectP1P2 }
            guard card.channels[number].isOpen else { throw .logicalChannelNotSupported }
            card.channels[number] = LogicalChannel(masterFile: card.files.masterFile)
            return .success
        default: throw .incorrectP1P2
        }
    }

    private mutating func openChannel(_ number: Int, from origin: Int) {
        var channel = LogicalChannel(masterFile: files.masterFile)
        if origin != 0 {
            channel.directory = channels[origin].directory
            channel.application = channels[origin].application
        }
        channel.isOpen = true
        channels[number] = channel
    }
}
