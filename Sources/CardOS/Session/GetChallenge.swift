import CardCrypto
import Octets

extension UICC {
    /// GET CHALLENGE: TS 102 221 clause 11.1.18. As many random octets as Le says, 256 for 00.
    ///
    /// - Throws: 6700 without Le, or above 256; 6F00 where the card was given no entropy.
    static func getChallenge(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1p2 == 0 else { throw .incorrectP1P2 }
        guard command.data.isEmpty else { throw .wrongLength }
        let count: Int
        switch command.expected {
        case .absent: throw .wrongLength
        case .any: count = 256
        case .exactly(let le): count = le
        }
        guard count <= 256 else { throw .wrongLength }
        try card.randomOctets(count).withView { card.output.append($0) }
        return .success
    }

    /// `count` random octets.
    ///
    /// - Throws: 6F00 where the card was given no entropy.
    mutating func randomOctets(_ count: Int) throws(StatusWord) -> [UInt8] {
        do throws(CryptoError) {
            guard let octets = try random?.octets(count) else { throw CryptoError.reseedRequired }
            return octets
        } catch {
            throw .technicalProblem
        }
    }
}
