import CardCrypto
import Memory
import Octets

// What the commands of the applications above the card's operating system need of it.

extension UICC {
    /// The ADF of the application in which a command is executed: active on its channel, and around the current DF.
    ///
    /// - Throws: 6985 where there is none.
    package func activeApplication(_ command: CommandAPDU) throws(StatusWord) -> File {
        let channel = channels[command.classOctet.channel]
        guard let application = channel.application else { throw .conditionsNotSatisfied }
        var directory: ObjectReference? = channel.directory
        for _ in 0..<Self.maximumDepth {
            guard let current = directory else { break }
            if current == application { return try file(application) }
            directory = File(current, in: memory)?.parent
        }
        throw .conditionsNotSatisfied
    }

    /// Checks that the PIN of an application is verified, or disabled: the first application PIN (key reference 01 to
    /// 08) that its ADF names.
    ///
    /// - Throws: 6982 where it is not.
    package func requirePIN(of application: File) throws(StatusWord) {
        // Whatever the terminal has verified, a remote server has not.
        guard case .terminal = authority else { throw .securityStatusNotSatisfied }
        let reference = try withAttributes(of: application) { (attributes) throws(StatusWord) -> UInt8 in
            guard let named = OctetCursor(attributes).firstValue(0xC6) else { return 0x01 }
            for index in 0..<named.count {
                if let reference = named.octet(at: index), (0x01...0x08).contains(reference) { return reference }
            }
            return 0x01
        }
        guard codes.satisfies(reference, in: application.reference, memory) else { throw .securityStatusNotSatisfied }
    }

    /// Calls `body` with the DF name of an application; with no octets where it has none.
    package func withDFName<Result>(
        of application: File,
        _ body: (OctetView) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        try withAttributes(of: application) { (attributes) throws(StatusWord) in
            try body(OctetCursor(attributes).firstValue(0x84) ?? .empty)
        }
    }

    /// The transparent EF with `identifier`, in `directory` or in a DF in it; nil where there is none, or where it is
    /// not activated. Access rules do not count.
    package func transparentFile(
        _ identifier: UInt16,
        in folder: UInt16? = nil,
        of directory: ObjectReference
    ) -> File? {
        workingFile(identifier, .transparent, in: folder, of: directory)
    }

    /// As `transparentFile`, for an EF of any structure.
    package func workingFile(
        _ identifier: UInt16,
        _ structure: File.Structure,
        in folder: UInt16? = nil,
        of directory: ObjectReference
    ) -> File? {
        var place: ObjectReference? = directory
        if let folder { place = child(folder, of: directory) }
        guard let place, let named = child(identifier, of: place).flatMap({ File($0, in: memory) }),
            named.lifeCycle != .deactivated, named.lifeCycle != .terminated,
            let shown = named.link.map({ File($0, in: memory) }) ?? named, shown.structure == structure
        else { return nil }
        return shown
    }

    /// Calls `body` with the content of a file that `transparentFile` has found.
    package func withContent<Result>(
        of file: File,
        _ body: (OctetView) throws(StatusWord) -> Result
    ) throws(StatusWord) -> Result {
        try withBody(of: file, at: 0, count: file.size, body)
    }

    /// Fills `octets`, at most 65,536 of them, with random ones.
    ///
    /// - Throws: 6F00 where the card was given no entropy.
    package mutating func fillRandom(_ octets: UnsafeMutableRawBufferPointer) throws(StatusWord) {
        do throws(CryptoError) {
            guard try random?.generate(into: octets) != nil else { throw CryptoError.reseedRequired }
        } catch {
            throw .technicalProblem
        }
    }
}

// What the commands of the class A0 (TS 51.011) need besides: they are put down to those of the UICC.

extension UICC {
    /// Executes a command of the UICC on behalf of another one. It writes response data as ever.
    ///
    /// - Throws: what its handler throws.
    package mutating func executeUICC(_ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        let handler = try CommandTable.uicc.handler(of: command)
        return try handler(&self, command)
    }

    /// The MF.
    package var masterFile: ObjectReference { files.masterFile }

    /// The ADFs, in the order of their objects.
    package var applications: [ObjectReference] { files.applications }

    /// The current DF and the current EF of the channel of a command.
    package func selection(_ command: CommandAPDU) -> (directory: ObjectReference, file: ObjectReference?) {
        let channel = channels[command.classOctet.channel]
        return (channel.directory, channel.elementaryFile)
    }

    /// Makes an application the active one on the channel of a command, and its ADF the current DF.
    package mutating func activate(_ application: ObjectReference, for command: CommandAPDU) {
        channels[command.classOctet.channel].application = application
        channels[command.classOctet.channel].select(directory: application)
    }

    /// Whether a PIN, as it is seen from `directory`, is enabled, and how many tries it and its unblocking code have
    /// left; nil where there is none.
    package func pinStatus(
        _ reference: UInt8,
        in directory: ObjectReference
    ) -> (isEnabled: Bool, tries: UInt8, unblockingTries: UInt8)? {
        guard let pin = codes.number(of: reference, in: directory, memory) else { return nil }
        let unblocking = codes.unblockingNumber(of: codes.field(3, of: pin, memory), for: pin, memory)
        return (
            codes.isEnabled(pin, memory), codes.field(2, of: pin, memory) & 0x0F,
            unblocking.map { codes.field(2, of: $0, memory) & 0x0F } ?? 0
        )
    }
}
