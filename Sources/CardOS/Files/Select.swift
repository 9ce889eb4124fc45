import Memory
import Octets

extension UICC {
    /// SELECT: TS 102 221 clause 11.1.1. A SELECT that fails changes nothing.
    ///
    /// - Throws: 6A82 where nothing is found; 6A86 for other parameters; 6700 for a data field of a wrong length; 6985
    ///   for a file that is not shareable and selected on another channel.
    static func select(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        let number = command.classOctet.channel
        let found: File
        // TS 102 221 table 11.2: FCP, or no data; the other bits are for selection by DF name.
        switch command.p1 == 0x04 ? command.p2 & 0x9C : command.p2 {
        case 0x00, 0x04, 0x0C: break
        default: throw .incorrectP1P2
        }
        switch command.p1 {
        case 0x04: return try card.selectApplication(command)
        case 0x00: found = try card.fileByIdentifier(command.data, on: number)
        case 0x01:
            let child = try card.child(command.data, of: card.currentDirectory(number))
            guard child.isDirectory else { throw .fileNotFound }
            found = child
        case 0x03:
            guard command.data.isEmpty else { throw .wrongLength }
            guard let parent = try card.currentDirectory(number).parent else { throw .fileNotFound }
            found = try card.file(parent)
        case 0x08: found = try card.file(path: command.data, from: card.file(card.files.masterFile), on: number)
        case 0x09: found = try card.file(path: command.data, from: card.currentDirectory(number), on: number)
        default: throw .incorrectP1P2
        }
        return try card.finishSelection(of: found, command)
    }

    /// Answers a selection as P2 asks, and makes the file the current one.
    private mutating func finishSelection(of file: File, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        let number = command.classOctet.channel
        if command.p2 & 0x0C != 0x0C { try appendFileControlParameters(of: file) }
        try makeCurrent(file, on: number)
        return file.selectionStatus
    }

    /// Makes the file the current one of a channel, and an ADF's application the active one.
    ///
    /// - Throws: 6985 for a file that is not shareable and selected on another channel.
    mutating func makeCurrent(_ file: File, on number: Int) throws(StatusWord) {
        try requireShareable(file, on: number)
        if file.isDirectory {
            if file.isApplication, channels[number].application != file.reference {
                endApplicationSession(on: number)
                channels[number].application = file.reference
            }
            channels[number].select(directory: file.reference)
        } else {
            if let parent = file.parent, try currentTarget(number).reference != parent {
                channels[number].select(directory: parent)
            }
            channels[number].select(elementaryFile: file.reference)
        }
    }

    /// TS 102 221 clause 8.7: a file that is not shareable belongs to one channel at a time.
    ///
    /// - Throws: 6985 where it belongs to another one.
    func requireShareable(_ file: File, on number: Int) throws(StatusWord) {
        guard !file.isShareable else { return }
        for other in 0..<LogicalChannel.count where other != number && channels[other].isOpen {
            let channel = channels[other]
            if channel.elementaryFile == file.reference || channel.directory == file.reference {
                throw .conditionsNotSatisfied
            }
        }
    }

    // MARK: By identifier and path

    /// The current DF of a channel.
    func currentDirectory(_ number: Int) throws(StatusWord) -> File {
        try file(channels[number].directory)
    }

    /// The DF whose children the current DF of a channel shows.
    private func currentTarget(_ number: Int) throws(StatusWord) -> File {
        try target(of: currentDirectory(number))
    }

    /// The file with the identifier in `data` (none: the MF), in the order of TS 102 221 clause 8.4.1.
    private func fileByIdentifier(_ data: OctetView, on number: Int) throws(StatusWord) -> File {
        if data.isEmpty { return try file(files.masterFile) }
        guard data.count == 2, let identifier = data.uint16(at: 0) else { throw .wrongLength }
        if identifier == File.masterFileIdentifier { return try file(files.masterFile) }
        if identifier == 0x7FFF {
            guard let application = channels[number].application else { throw .fileNotFound }
            return try file(application)
        }
        let directory = try currentDirectory(number)
        if let child = files.child(identifier, of: try target(of: directory).reference, in: memory) { return child }
        if directory.fileIdentifier == identifier { return directory }
        guard let parent = directory.parent else { throw .fileNotFound }
        let above = try file(parent)
        if above.fileIdentifier == identifier { return above }
        // Of the files beside the current DF only a DF can be reached.
        guard let sibling = files.child(identifier, of: try target(of: above).reference, in: memory),
            sibling.isDirectory
        else {
            throw .fileNotFound
        }
        return sibling
    }

    private func child(_ data: OctetView, of directory: File) throws(StatusWord) -> File {
        guard data.count == 2, let identifier = data.uint16(at: 0) else { throw .wrongLength }
        guard let child = files.child(identifier, of: try target(of: directory).reference, in: memory) else {
            throw .fileNotFound
        }
        return child
    }

    /// The file at the end of `path`, identifiers of two octets: TS 102 221 clause 8.4.2.
    func file(path: OctetView, from start: File, on number: Int) throws(StatusWord) -> File {
        guard !path.isEmpty, path.count % 2 == 0 else { throw .wrongLength }
        var cursor = OctetCursor(path)
        var current = start
        while let identifier = cursor.uint16() {
            if identifier == 0x7FFF, cursor.position == 2 {
                guard let application = channels[number].application else { throw .fileNotFound }
                current = try file(application)
                continue
            }
            let place = try target(of: current)
            guard place.isDirectory, let next = files.child(identifier, of: place.reference, in: memory) else {
                throw .fileNotFound
            }
            current = next
        }
        return current
    }

    // MARK: By DF name

    private mutating func selectApplication(_ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        let number = command.classOctet.channel
        guard (1...16).contains(command.data.count) else { throw .wrongLength }
        guard command.p2 & 0x20 == 0 else { throw .incorrectP1P2 }
        guard let found = try occurrence(of: command.data, command.p2 & 0x03, on: number) else { throw .fileNotFound }
        return try select(application: found.reference, command)
    }

    /// Answers the selection of a network access application by its DF name, and makes it the active one; or ends its
    /// session, where P2 asks for that.
    ///
    /// - Throws: 6985 where it is not shareable and active on another channel, or to be ended and not active.
    package mutating func select(
        application: ObjectReference,
        _ command: CommandAPDU
    ) throws(StatusWord) -> StatusWord {
        let number = command.classOctet.channel
        if command.p2 & 0x40 != 0 {
            // Termination of the application: TS 102 221 clause 11.1.1.1.
            guard channels[number].application == application else { throw .conditionsNotSatisfied }
            leaveApplication(on: number)
            return .success
        }
        return try finishSelection(of: file(application), command)
    }

    /// Ends the session of the network access application on a channel, and makes the MF the current DF.
    package mutating func leaveApplication(on number: Int) {
        endApplicationSession(on: number)
        channels[number] = LogicalChannel(masterFile: files.masterFile)
        channels[number].isOpen = true
    }

    /// Whether a logical channel is open.
    package func isOpen(_ number: Int) -> Bool { channels.indices.contains(number) && channels[number].isOpen }

    /// The first, last, next or previous (0 to 3) application whose DF name starts with `name`.
    private func occurrence(of name: OctetView, _ which: UInt8, on number: Int) throws(StatusWord) -> File? {
        let current = files.applications.firstIndex { $0 == channels[number].application }
        var found: File?
        var position = 0
        while let match = try application(named: name, from: position, isWhole: false) {
            position = match.number + 1
            let isWanted =
                switch which {
                // The application last selected on this channel comes before the others.
                case 0: found == nil || match.number == current
                case 1: true
                case 2: found == nil && match.number > current ?? -1
                default: match.number < current ?? .max
                }
            if isWanted { found = match.file }
        }
        return found
    }

    // MARK: STATUS

    /// STATUS: TS 102 221 clause 11.1.2.
    ///
    /// - Throws: 6A86 for other parameters; 6A88 where P2 asks for the application and none is active.
    static func status(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        let number = command.classOctet.channel
        guard command.p1 <= 0x02 else { throw .incorrectP1P2 }
        guard command.data.isEmpty else { throw .wrongLength }
        switch command.p2 {
        case 0x00: try card.appendFileControlParameters(of: card.currentDirectory(number))
        case 0x01:
            guard let application = card.channels[number].application else { throw .referencedDataNotFound }
            var writer = card.output
            try card.withAttributes(of: card.file(application)) { (attributes) throws(StatusWord) in
                writer.appendTLV(0x84, OctetCursor(attributes).firstValue(0x84) ?? .empty)
            }
            card.output = writer
        case 0x0C: break
        default: throw .incorrectP1P2
        }
        return .success
    }
}
