import Memory
import Octets

/// An application or security domain that a package brings: ApplicationInstance, eUICC Profile Package 8.7.3. Octets are
/// as they stand in the package; those of optional members are empty where it has none.
public struct ApplicationInstance {
    /// The AID of the executable load file.
    public var loadPackage = OctetView.empty
    /// The AID of the module.
    public var module = OctetView.empty
    /// The AID of the application.
    public var instance = OctetView.empty
    /// The AID of the security domain that it is to be associated with; empty: the first one of the package.
    public var securityDomain = OctetView.empty
    /// One or three octets.
    public var privileges = OctetView.empty
    /// The life cycle state, GPCS tables 11-4 and 11-5.
    public var lifeCycleState: UInt8 = 0x07
    /// The value of C9: application specific parameters.
    public var specificParameters = OctetView.empty
    /// The value of EF: system specific parameters, BER-TLV objects.
    public var systemParameters = OctetView.empty
    /// The value of EA: parameters of ETSI TS 102 226, BER-TLV objects.
    public var toolkitParameters = OctetView.empty
    /// The value of 5F20 in the control reference template: the identifier of the application provider.
    public var provider = OctetView.empty

    /// One of which nothing is known.
    public init() {}
}

/// A key of a security domain: KeyObject, eUICC Profile Package 8.6.3.
public struct KeyObject {
    /// The key usage qualifier, GPCS table 11-17, its first octet on top.
    public var usage: UInt16
    /// The key access, GPCS table 11-18.
    public var access: UInt8 = 0x00
    /// The key identifier.
    public var identifier: UInt8
    /// The key version number.
    public var version: UInt8
    /// The number that the counter of SCP80 begins with, at most five octets; nil where none is given.
    public var counter: UInt64?
    /// The components: type by GPCS table 11-16, and value.
    public var components: [(type: UInt8, value: OctetView)] = []
}

/// A load file: ApplicationLoadPackage, eUICC Profile Package 8.7.2. Its block follows.
public struct LoadPackage {
    /// The AID of the executable load file.
    public var aid = OctetView.empty
    /// The hash of the load file data block; empty where none is given.
    public var hash = OctetView.empty
    /// C6: the octets of code that are allowed. Empty where there is none.
    public var codeLimit = OctetView.empty
    /// C7: the octets of volatile data.
    public var volatileDataLimit = OctetView.empty
    /// C8: the octets of non-volatile data.
    public var dataLimit = OctetView.empty
}

/// Remote file management: PE-RFM, eUICC Profile Package 8.8.
public struct RemoteFileManagement {
    /// What may be done with files: ETSI TS 102 226 clause 8.2.1.3.2.2, two access domain parameters.
    public struct Access {
        /// The access domain.
        public var domain = OctetView.empty
        /// The access domain for administrative commands.
        public var administrative = OctetView.empty
    }

    /// The AID of the instance.
    public var instance = OctetView.empty
    /// The toolkit application references, three octets each; empty: that in the AID.
    public var references = OctetView.empty
    /// The minimum security level: the first octet of the security parameter indicator, ETSI TS 102 225 clause 5.1.1.
    public var minimumSecurityLevel: UInt8 = 0
    /// Rights to the files of the UICC.
    public var access = Access()
    /// The AID of the ADF that is selected at the beginning; empty: the MF is.
    public var application = OctetView.empty
    /// Rights to the files of that ADF.
    public var applicationAccess = Access()
}

/// Where the security domains, applications and load files of a package are installed: the card's registry.
///
/// A status word that a function throws aborts the installation. 6A80 and 6985 mean values that cannot be, 9484 and 6A81
/// what the card does not have, 6A84 and 6581 the memory, others stand for themselves.
public protocol ContentTarget: ~Copyable {
    /// Whether there is a registry. Without one, elements for it are passed over with a warning.
    var hasSecurityDomains: Bool { get }

    /// The security domain with an AID; nil where there is none.
    func securityDomain(_ aid: OctetView) -> ObjectReference?

    /// Whether something can be associated with a security domain: it is PERSONALIZED.
    func isPersonalized(_ domain: ObjectReference) -> Bool

    /// Makes a security domain. AIDs of load file and module mean nothing.
    ///
    /// - Parameter domain: the one that it is associated with; nil for the first one of the package.
    mutating func installSecurityDomain(
        _ instance: ApplicationInstance,
        in domain: ObjectReference?
    ) throws(StatusWord) -> ObjectReference

    /// Gives a security domain a key.
    mutating func putKey(_ key: KeyObject, in domain: ObjectReference) throws(StatusWord)

    /// Stores data of a security domain: data groupings (STORE DATA), one behind the other, cut anywhere.
    ///
    /// - Parameter number: that of the block, from 0, modulo 256. The last one is empty.
    mutating func storeData(
        _ block: OctetView,
        number: UInt8,
        isLast: Bool,
        in domain: ObjectReference
    ) throws(StatusWord)

    /// Forbids operations of card content management to a security domain: GPCS table 11-54.
    mutating func restrict(_ domain: ObjectReference, _ restrictions: UInt8) throws(StatusWord)

    /// Makes an instance of remote file management.
    mutating func installRemoteFileManagement(
        _ parameters: RemoteFileManagement,
        in domain: ObjectReference
    ) throws(StatusWord)

    /// Begins a load file whose block has `length` octets.
    mutating func beginLoad(
        _ package: LoadPackage,
        length: UInt32,
        in domain: ObjectReference
    ) throws(StatusWord)

    /// Takes the next octets of the block.
    ///
    /// - Parameter number: that of the part, from 1, modulo 256.
    mutating func load(
        _ octets: OctetView,
        number: UInt8,
        isLast: Bool,
        in domain: ObjectReference
    ) throws(StatusWord)

    /// Makes an application.
    ///
    /// - Returns: nil where the card cannot execute it.
    mutating func installApplication(
        _ instance: ApplicationInstance,
        in domain: ObjectReference
    ) throws(StatusWord) -> ObjectReference?

    /// Hands an application data of its personalization.
    mutating func process(_ data: OctetView, for application: ObjectReference) throws(StatusWord)

    /// Gives an application the identifier of its provider.
    mutating func setProvider(_ identifier: OctetView, of application: ObjectReference) throws(StatusWord)
}
