import Memory
import Octets

/// The work on an element for security domains and applications: where in it the interpreter is.
struct ContentWork {
    /// The tag of the member of the element that is being read, or was read last: they come in the order of their tags.
    var member: UInt32 = 0
    /// The security domain of the element, of the load file or of the application.
    var domain: ObjectReference?
    /// The application whose instance is being read.
    var application: ObjectReference?
    /// Whether the members of what is being read, up to the one that needs them, have been used.
    var isBegun = false
    /// The number of the next block of a load file, or of data.
    var block: UInt8 = 0

    /// Begins a load file or an instance.
    mutating func beginObject() {
        domain = nil
        application = nil
        isBegun = false
        block = 0
    }
}

extension ProfileInstaller {
    /// The security domain that something is to be associated with: 8.6.2. The first one of the package where the AID is
    /// empty.
    func securityDomain<Target: ProfileTarget & ~Copyable>(
        _ aid: OctetView,
        _ target: borrowing Target
    ) throws(Failure) -> ObjectReference {
        guard let firstDomain, let domain = aid.isEmpty ? firstDomain : target.securityDomain(aid) else {
            throw Failure(Decision.wrongOrder)
        }
        guard target.isPersonalized(domain) else { throw Failure(Decision.domainNotPersonalized) }
        return domain
    }

    /// Notes which member of the element begins; an unknown one is passed over.
    ///
    /// - Returns: whether it is one of `members`.
    mutating func beginMember(_ tag: UInt32, of members: ClosedRange<UInt32>) throws(Failure) -> Bool {
        guard members.contains(tag) else {
            try report(PackageStatus.invalidParameter)
            return false
        }
        guard tag > content.member else { throw Failure(Decision.malformed) }
        content.member = tag
        return true
    }

    /// Forgets the members of an object that is read member by member.
    mutating func beginObject() {
        content.beginObject()
        fields = OctetWriter(scratch.fields)
    }

    /// Keeps a member until the object is complete.
    mutating func keep(_ value: OctetView) throws(Failure) {
        fields.appendTLV(reader.tag, value)
        guard !fields.overflowed else { throw Failure(PackageStatus.badValues) }
    }
}

/// Calls a function of the registry, and makes its status word a failure.
func onRegistry<Result>(_ body: () throws(StatusWord) -> Result) throws(Failure) -> Result {
    do throws(StatusWord) {
        return try body()
    } catch {
        switch error.value {
        case 0x6A80, 0x6985: throw Failure(PackageStatus.badValues)
        case 0x9484, 0x6A81: throw Failure(PackageStatus.featureNotSupported)
        default: throw Failure(error)
        }
    }
}
