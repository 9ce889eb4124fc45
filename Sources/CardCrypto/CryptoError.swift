/// Why a cryptographic operation gave no result. What the caller makes of it, a status word as a rule, is the caller's.
public enum CryptoError: Error, Equatable, Sendable {
    /// A key has a length that its algorithm does not have.
    case keyLength
    /// An input has a length that the operation does not take: no whole blocks, an initial vector of another length
    /// than a block, a digest of another length than its hash function's, too few random octets.
    case dataLength
    /// The output buffer is too small for the result, or longer than a result can be.
    case outputLength
    /// The octets are no point of the curve, or the point at infinity, or the keys are on different curves.
    case invalidPoint
    /// A private key is not in the range 1 to n-1.
    case invalidScalar
    /// The random bit generator has served the 2^48 requests of one seed (SP 800-90A table 2).
    case reseedRequired
    /// The library under the seam failed; no input causes it.
    case libraryFailure
}

/// Turns what a function of the seam returned into an error.
///
/// - Throws: `refused` for SEAM_REFUSED, `CryptoError.libraryFailure` for any other than SEAM_OK.
func check(_ result: Int32, refused: CryptoError = .libraryFailure) throws(CryptoError) {
    if result == 1 { return }
    throw result == 0 ? refused : .libraryFailure
}
