import Card

/// What a card is put into: gives it power, resets it, and exchanges APDUs with it.
///
/// All terminals behave alike, whether the card is in this process, behind a socket, or in a PC/SC reader. A terminal
/// belongs to one thread at a time.
public protocol CardTerminal: AnyObject {
    /// The answer to reset that the card gave last; before the first power-on what the terminal knows of it.
    var answerToReset: [UInt8] { get }

    /// Cold reset: takes the power away, if the card has it, and gives it again.
    func powerOn() throws(TerminalError)

    /// Takes the power away.
    func powerOff() throws(TerminalError)

    /// Warm reset, the power staying on.
    func warmReset() throws(TerminalError)

    /// Sends a command APDU and receives its response APDU, both as they are: GET RESPONSE and the repetition of a
    /// command after 6CXX are for the caller. A card without power is powered on first.
    ///
    /// - Parameter response: holds at least `Card.maximumResponseLength` octets.
    /// - Returns: the length of the response, at least 2 octets if the card keeps to ISO/IEC 7816-4.
    func transmit(
        _ command: UnsafeRawBufferPointer,
        into response: UnsafeMutableRawBufferPointer
    ) throws(TerminalError) -> Int
}

extension CardTerminal {
    /// Sends a command APDU and returns its response APDU.
    public func transmit(_ command: [UInt8]) throws(TerminalError) -> [UInt8] {
        var failure: TerminalError?
        let response = [UInt8](unsafeUninitializedCapacity: Card.maximumResponseLength) { response, count in
            command.withUnsafeBytes { command in
                do throws(TerminalError) {
                    count = try transmit(command, into: UnsafeMutableRawBufferPointer(response))
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
        // The room for the longest response is not kept for a short one.
        return response.count < 1024 ? Array(response[...]) : response
    }
}
