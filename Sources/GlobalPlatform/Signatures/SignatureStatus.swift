import Octets

// The standard names no status words of its own for these: GPCS tables 11-24, 11-53 and 11-60 send to the general ones
// of table 11-10. What the card answers is decided here.
extension StatusWord {
    /// 6982: a token, or the signature of a load file data block, is not that of its key.
    static let wrongSignature = securityStatusNotSatisfied
    /// 6985: a security domain that must have signed the load file has not, or one has signed that does not verify
    /// signatures.
    static let missingSignature = conditionsNotSatisfied
    /// 6985: a key of this type or length does not sign, or does not decipher load file data blocks.
    static let unsuitableKey = conditionsNotSatisfied
    /// 6985: there is no load file data block hash where one is needed, or its algorithm is weaker than a signature's
    /// or a cipher's.
    static let unsuitableHash = conditionsNotSatisfied
    /// 6A80: the load file data block has another hash than it was announced with, or was not enciphered with the key.
    static let wrongLoadFileDataBlock = incorrectData
    /// 6985: no receipt can be made any more.
    static let exhaustedConfirmationCounter = conditionsNotSatisfied
}
