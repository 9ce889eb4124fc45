import CardManagement
import Octets
import Reader

/// A terminal whose card expects the commands of a record, and answers as recorded. What comes otherwise is answered
/// 6F00, and remembered.
final class RecordedCard: CardTerminal {
    let answerToReset: [UInt8] = []
    private var exchanges: ArraySlice<(command: [UInt8], response: [UInt8])>
    /// What was not as recorded.
    private(set) var differences: [String] = []

    init(_ exchanges: [(command: [UInt8], response: [UInt8])]) { self.exchanges = exchanges[...] }

    convenience init(_ exchanges: [TracedExchange]) {
        self.init(exchanges.map { ($0.command, $0.rsp.octets) })
    }

    /// Pairs of command and response in hexadecimal.
    convenience init(_ pairs: KeyValuePairs<String, String>) {
        self.init(pairs.map { (octets($0.key), octets($0.value)) })
    }

    /// How many exchanges have not taken place.
    var remaining: Int { exchanges.count }

    func powerOn() {}
    func powerOff() {}
    func warmReset() {}

    func transmit(
        _ command: UnsafeRawBufferPointer,
        into response: UnsafeMutableRawBufferPointer
    ) throws(TerminalError) -> Int {
        let command = [UInt8](command)
        guard let expected = exchanges.popFirst() else {
            differences.append("\(hex(command)) is one more")
            return Self.write([0x6F, 0x00], into: response)
        }
        // EXTERNAL and MUTUAL AUTHENTICATE: some hosts send an Le with the one, or none with the other.
        let isEqual =
            command == expected.command
            || command[1] == 0x82 && (command == expected.command.dropLast() || command.dropLast() == expected.command)
        guard isEqual else {
            differences.append("\(hex(command)) instead of \(hex(expected.command))")
            return Self.write([0x6F, 0x00], into: response)
        }
        return Self.write(expected.response, into: response)
    }

    private static func write(_ octets: [UInt8], into response: UnsafeMutableRawBufferPointer) -> Int {
        response.copyBytes(from: octets)
        return octets.count
    }
}
