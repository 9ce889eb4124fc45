import CardOS
import Octets
import Telecom

extension RuntimeEnvironment {
    /// SMS-PP download: TS 31.111 clause 7.1.1.
    ///
    /// - Throws: 6F00: no application of this card takes short messages. The terminal then answers the network with
    ///   RP-ERROR, so that the message is not taken for delivered.
    mutating func receiveShortMessage(
        _ message: ShortMessageDownload,
        _ card: inout UICC
    ) throws(StatusWord) -> StatusWord {
        throw .technicalProblem
    }
}
