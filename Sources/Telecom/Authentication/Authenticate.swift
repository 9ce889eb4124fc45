import CardCrypto
import CardOS
import Memory
import Octets

extension StatusWord {
    /// 9862: authentication error, incorrect MAC (TS 31.102 clause 7.3).
    public static let incorrectMAC = StatusWord(0x9862)
    /// 9864: authentication error, security context not supported (TS 31.102 clause 7.3).
    public static let securityContextNotSupported = StatusWord(0x9864)
}

/// The security contexts of AUTHENTICATE, b3 to b1 of P2: TS 31.102 clause 7.1.2, TS 31.103 clause 7.1.2.
private enum SecurityContext: UInt8 {
    case gsm = 0
    case aka = 1
    /// VGCS and VBS of a USIM, HTTP Digest of an ISIM.
    case groupCallOrDigest = 2
    case bootstrapping = 4
    case multicast = 5
    case localKey = 6
}

extension UICC {
    /// AUTHENTICATE: TS 31.102 clause 7.1, TS 31.103 clause 7.1. What the network must not see twice, the sequence
    /// number, is in the memory before the response leaves the card.
    ///
    /// - Throws: 6A86 for other parameters; 6985 outside a USIM or ISIM; 6982 while its PIN is not satisfied; 9864 for a
    ///   security context that the application does not have; 9862 for a wrong MAC; 6700 for data fields of a wrong
    ///   length; 6983 where there were as many authentications as the profile allows; 6985 for a NAF derivation without
    ///   a bootstrapping.
    static func authenticate(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1 == 0x00, command.p2 & 0xF8 == 0x80, let context = SecurityContext(rawValue: command.p2 & 0x07)
        else { throw .incorrectP1P2 }
        let application = try card.networkAccessApplication(command)
        try card.requirePIN(of: application.file)
        switch context {
        case .gsm: try card.runGSMAlgorithm(application, command.data)
        case .aka: try card.runAKA(application, command.data)
        case .bootstrapping: try card.runBootstrapping(application, command.data)
        case .groupCallOrDigest, .multicast, .localKey: throw .securityContextNotSupported
        }
        return .success
    }

    /// GSM context: RAND gives SRES and Kc.
    private mutating func runGSMAlgorithm(
        _ application: NetworkAccessApplication,
        _ data: OctetView
    ) throws(StatusWord) {
        guard application.kind == .usim, try hasService(38, of: application) else { throw .securityContextNotSupported }
        var cursor = OctetCursor(data)
        guard let random = cursor.lengthAndNumber(), cursor.isAtEnd else { throw .wrongLength }
        let result = try gsmResult(of: application, random: random)
        output.append(UInt8(4))
        output.append(UInt128(result.signedResponse), count: 4)
        output.append(UInt8(8))
        output.append(UInt128(result.cipherKey), count: 8)
    }

    /// SRES and Kc of a challenge.
    mutating func gsmResult(
        of application: NetworkAccessApplication,
        random: UInt128
    ) throws(StatusWord) -> GSMResult {
        let object = try authenticationParameters(of: application.file.reference)
        let parameters = try parameters(object)
        try countAuthentication(object, parameters)
        return try converted { () throws(CryptoError) in
            GSMResult(converting: try parameters.f2345(random, reusing: &spareCipher))
        }
    }

    /// 3G context, and IMS AKA of an ISIM.
    private mutating func runAKA(_ application: NetworkAccessApplication, _ data: OctetView) throws(StatusWord) {
        let object = try authenticationParameters(of: application.file.reference)
        guard let result = try examine(data, isModified: false, object) else { return }
        output.append(UInt8(0xDB))
        output.appendField(result.response)
        output.appendField(result.cipherKey)
        output.appendField(result.integrityKey)
        if application.kind == .usim, try hasService(27, of: application) {
            output.append(UInt8(8))
            output.append(UInt128(GSMResult(converting: result).cipherKey), count: 8)
        }
    }

    /// Examines RAND and AUTN, each behind its length, and remembers the sequence number.
    ///
    /// - Returns: nil for a synchronisation failure, whose response is then written.
    mutating func examine(
        _ data: OctetView,
        isModified: Bool,
        _ object: ObjectReference
    ) throws(StatusWord) -> AuthenticationResult? {
        let parameters = try parameters(object)
        var cursor = OctetCursor(data)
        guard let random = cursor.lengthAndNumber(), let length = cursor.octet(),
            let field = cursor.octets(Int(length)), cursor.isAtEnd, let token = AuthenticationToken(field)
        else { throw .wrongLength }
        guard token.code.count == (parameters.algorithm == .tuak ? parameters.tuakOptions.macLength : 8) else {
            throw .wrongLength
        }
        try countAuthentication(object, parameters)
        let finding = try converted { () throws(CryptoError) in
            try parameters.examine(random: random, token: token, isModified: isModified, reusing: &spareCipher)
        }
        switch finding {
        case .wrongCode: throw .incorrectMAC
        case .synchronisationFailure(let token):
            output.append(UInt8(0xDC))
            output.append(UInt8(truncatingIfNeeded: token.count))
            token.append(to: &output)
            return nil
        case .authentic(let result, let number):
            let place = AuthenticationParameters.sequencesOffset + 6 * number.index
            try write(UInt128(number.sequence), count: 6, to: object, at: place)
            return result
        }
    }

    // MARK: Parameters

    private func parameters(_ object: ObjectReference) throws(StatusWord) -> AuthenticationParameters {
        let length = AuthenticationParameters.length
        let parameters = try memory.withContent(object, at: 0, count: length) { (content) throws(StatusWord) in
            AuthenticationParameters(content)
        }
        guard let parameters else { throw .memoryProblem }
        return parameters
    }

    /// Counts an authentication, for good, before anything is computed, so that nobody gets more of them by taking the
    /// power away.
    ///
    /// - Throws: 6983 where there were as many as the profile allows.
    private mutating func countAuthentication(
        _ object: ObjectReference,
        _ parameters: borrowing AuthenticationParameters
    ) throws(StatusWord) {
        // The test algorithm has none: eUICC Profile Package 8.4.2.
        guard parameters.limit != AuthenticationParameters.noLimit, parameters.algorithm != .test else { return }
        guard parameters.count < parameters.limit else { throw .authenticationMethodBlocked }
        try write(UInt128(parameters.count + 1), count: 3, to: object, at: AuthenticationParameters.countOffset)
        memory.commit()
    }

    private mutating func write(
        _ number: UInt128,
        count: Int,
        to object: ObjectReference,
        at offset: Int
    ) throws(StatusWord) {
        try ShortOctets(low: number, count: count).withOctets { (octets) throws(StatusWord) in
            try memory.write(object, at: offset, octets)
        }
    }
}

/// What `body` returns; an error of the cryptography, which no input causes, becomes 6F00.
func converted<Result>(_ body: () throws(CryptoError) -> Result) throws(StatusWord) -> Result {
    do throws(CryptoError) {
        return try body()
    } catch {
        throw .technicalProblem
    }
}

extension OctetCursor {
    /// Reads a length of 16, and so many octets as a number: RAND.
    mutating func lengthAndNumber() -> UInt128? {
        guard octet() == 16 else { return nil }
        return number(16)
    }
}

extension OctetWriter {
    /// Appends a length, and the octets.
    mutating func appendField(_ octets: ShortOctets) {
        append(UInt8(truncatingIfNeeded: octets.count))
        append(octets)
    }
}
