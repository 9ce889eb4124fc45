import CardCrypto
import Octets

/// What a receipt confirms, with the AIDs it is about: GPCS clauses C.5.1 to C.5.6.
public enum ConfirmedOperation {
    /// A load file has been loaded, and associated with a security domain.
    case load(loadFile: OctetView, securityDomain: OctetView)
    /// An application has been installed, made selectable, or both.
    case installation(loadFile: OctetView, application: OctetView)
    /// An application or load file has another security domain.
    case extradition(from: OctetView, object: OctetView, to: OctetView)
    /// The registry entry of an application has changed; the security domains are empty but for an extradition.
    case registryUpdate(
        from: OctetView,
        application: OctetView,
        to: OctetView,
        privileges: OctetView,
        parameters: OctetView
    )
    /// An application, or a load file alone or with its applications, has been deleted.
    case deletion(object: OctetView)
    /// Load and installation in one process.
    case loadAndInstallation(loadFile: OctetView, application: OctetView, securityDomain: OctetView)

    /// Appends what the receipt signs behind the confirmation data.
    func append(to writer: inout OctetWriter) {
        switch self {
        case .load(let loadFile, let securityDomain):
            writer.appendField(loadFile)
            writer.appendField(securityDomain)
        case .installation(let loadFile, let application):
            writer.appendField(loadFile)
            writer.appendField(application)
        case .extradition(let from, let object, let to):
            writer.appendField(from)
            writer.appendField(object)
            writer.appendField(to)
        case .registryUpdate(let from, let application, let to, let privileges, let parameters):
            writer.appendField(from)
            writer.appendField(application)
            writer.appendField(to)
            writer.appendField(privileges)
            writer.appendField(parameters)
        case .deletion(let object):
            writer.appendField(object)
        case .loadAndInstallation(let loadFile, let application, let securityDomain):
            writer.appendField(loadFile)
            writer.appendField(application)
            writer.appendField(securityDomain)
        }
    }
}

/// Confirmation data: GPCS table 11-14.
public struct ConfirmationData {
    /// The highest value of the confirmation counter. Cards need not count further (clause C.5).
    public static var highestCounter: UInt16 { 32_767 }

    /// What a response has room for, together with the longest receipt and both lengths.
    private static var longest: Int { 256 - 2 - 1 - CMAC.length }

    private let counter: UInt16
    private let provider: OctetView
    private let image: OctetView
    private let tokenIdentifier: OctetView
    private let tokenDigest: OctetView

    /// - Parameters:
    ///   - counter: how many receipts the security domain has made. The caller keeps one more before the response
    ///     leaves the card.
    ///   - provider: the provider identification number (42) of the security domain that makes the receipt.
    ///   - image: its image number (45).
    ///   - tokenIdentifier: that of the token; empty where it has none.
    ///   - tokenDigest: the digest of what the token signs; empty where the domain does not give it.
    /// - Throws: 6985 where the counter has gone past its highest value; 6A80 where the rest is too long for a
    ///   response.
    public init(
        counter: UInt16,
        provider: OctetView,
        image: OctetView,
        tokenIdentifier: OctetView = .empty,
        tokenDigest: OctetView = .empty
    ) throws(StatusWord) {
        guard counter <= Self.highestCounter else { throw .exhaustedConfirmationCounter }
        self.counter = counter
        self.provider = provider
        self.image = image
        self.tokenIdentifier = tokenIdentifier
        self.tokenDigest = tokenDigest
        guard length <= Self.longest else { throw .incorrectData }
    }

    /// The counter to keep, which is above `highestCounter` when no receipt can be made any more.
    public var nextCounter: UInt16 { counter + 1 }

    /// How many octets it has.
    var length: Int {
        var length = 4 + provider.count + image.count
        if hasIdentifier { length += 1 + tokenIdentifier.count }
        if !tokenDigest.isEmpty { length += 1 + tokenDigest.count }
        return length
    }

    /// In front of a digest the field is there, even empty.
    private var hasIdentifier: Bool { !tokenIdentifier.isEmpty || !tokenDigest.isEmpty }

    /// Appends it.
    func append(to writer: inout OctetWriter) {
        writer.append(UInt8(2))
        writer.append(counter)
        writer.append(UInt8(truncatingIfNeeded: provider.count + image.count))
        writer.append(provider)
        writer.append(image)
        if hasIdentifier {
            writer.append(UInt8(truncatingIfNeeded: tokenIdentifier.count))
            writer.append(tokenIdentifier)
        }
        if !tokenDigest.isEmpty {
            writer.append(UInt8(truncatingIfNeeded: tokenDigest.count))
            writer.append(tokenDigest)
        }
    }
}

/// A receipt: the signature, by the security domain with the Receipt Generation privilege, of confirmation data and of
/// what they confirm (GPCS clause C.5).
public struct Receipt {
    private let operation: ConfirmedOperation
    private let confirmation: ConfirmationData

    /// A receipt of an operation.
    public init(of operation: ConfirmedOperation, _ confirmation: ConfirmationData) {
        self.operation = operation
        self.confirmation = confirmation
    }

    /// Appends the data field of the response (GPCS tables 11-13 and 11-59): the length of the confirmation; the length
    /// of the receipt and the receipt; the confirmation data.
    ///
    /// - Throws: 6985 for a key that is not one of AES or Triple DES; 6F00 where `response` has no room for it, and for
    ///   what it signs.
    public func append(to response: inout OctetWriter, signedWith key: Key) throws(StatusWord) {
        guard let length = try SignatureScheme(key).macLength else { throw .unsuitableKey }
        response.appendLength(1 + length + confirmation.length)
        response.append(UInt8(truncatingIfNeeded: length))
        guard let place = response.reserve(length) else { throw .technicalProblem }
        let signedAt = response.count
        confirmation.append(to: &response)
        let end = response.count
        // What is signed is the confirmation data as they stand, and behind them, until it is signed, the operation.
        operation.append(to: &response)
        guard !response.overflowed else { throw .technicalProblem }
        let mac = try key.mac(of: SignedData(response.view.part(from: signedAt)))
        mac.view.copy(to: UnsafeMutableRawBufferPointer(start: place, count: length))
        response.truncate(to: end)
    }
}

extension OctetWriter {
    /// Appends a field behind its length.
    fileprivate mutating func appendField(_ field: OctetView) {
        appendLength(field.count)
        append(field)
    }

    /// Appends a BER length below 65,536 in the shortest form.
    fileprivate mutating func appendLength(_ length: Int) {
        if length > 0xFF {
            append(UInt8(0x82))
            append(UInt16(truncatingIfNeeded: length))
        } else {
            if length > 0x7F { append(UInt8(0x81)) }
            append(UInt8(truncatingIfNeeded: length))
        }
    }
}
