import Memory
import Octets

// Looking at a card in the middle of a session: what is selected, which codes are verified, how many tries are left.

/// What is selected on an open logical channel.
public struct InspectedChannel: Sendable {
    /// The number of the channel.
    public let number: Int
    /// The current DF: MF, ADF, DF, or a link to a DF.
    public let directory: ObjectReference
    /// The current EF.
    public let elementaryFile: ObjectReference?
    /// The ADF of the active application.
    public let application: ObjectReference?
    /// The current record, from 1; 0: undefined.
    public let record: Int
}

/// A PIN or an unblocking code; its value is not shown.
public struct InspectedCode: Sendable {
    /// The MF, ADF or DF whose code it is.
    public let context: ObjectReference
    /// The key reference of a PIN; of an unblocking code the number that PINs name.
    public let reference: UInt8
    /// Whether it is an unblocking code.
    public let isUnblocking: Bool
    /// Whether a PIN is enabled.
    public let isEnabled: Bool
    /// Whether a PIN is verified in this session.
    public let isVerified: Bool
    /// How many tries are left.
    public let triesLeft: Int
    /// How many tries there are at most.
    public let tries: Int
}

extension UICC {
    /// The open channels, in the order of their numbers.
    public func inspectChannels() -> [InspectedChannel] {
        channels.indices.filter { channels[$0].isOpen }.map { number in
            let channel = channels[number]
            return InspectedChannel(
                number: number,
                directory: channel.directory,
                elementaryFile: channel.elementaryFile,
                application: channel.application,
                record: channel.record
            )
        }
    }

    /// All PINs, then all unblocking codes.
    public func inspectCodes() -> [InspectedCode] {
        codes.entries.indices.map { number in
            let entry = codes.entries[number]
            // docs/memory-image.md section 7.2: at most in the upper half, left in the lower one.
            let tries = codes.field(2, of: number, memory)
            return InspectedCode(
                context: entry.context,
                reference: entry.reference,
                isUnblocking: entry.isUnblocking,
                isEnabled: !entry.isUnblocking && codes.isEnabled(number, memory),
                isVerified: entry.isVerified,
                triesLeft: Int(tries & 0x0F),
                tries: Int(tries >> 4)
            )
        }
    }

    /// The path of a file as docs/memory-image.md writes it: `3F00/7F10/6F3A`, `3F00/ADF.A0000000871002/6F07`. Nil where
    /// there is no such file.
    public func inspectPath(of reference: ObjectReference) -> String? {
        var components: [String] = []
        var next: ObjectReference? = reference
        while let place = next, components.count < Self.maximumDepth {
            guard let file = File(place, in: memory) else { return nil }
            components.append(file.isApplication ? "ADF." + dfName(of: file) : Hex.string(file.fileIdentifier))
            next = file.parent
        }
        return components.reversed().joined(separator: "/")
    }

    private func dfName(of application: File) -> String {
        do throws(StatusWord) {
            return try withDFName(of: application) { (name) throws(StatusWord) in Hex.string(name.array) }
        } catch {
            return ""
        }
    }
}
