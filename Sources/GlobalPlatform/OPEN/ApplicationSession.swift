import CardCrypto
import Memory
import Octets

/// What lasts from the selection of an application on a channel to the next selection there: its secure channel session,
/// and commands that go on in the next one. All of it is volatile.
struct ApplicationSession: ~Copyable {
    /// The longest data field that is put together of segments, in octets.
    static let limit = 32_767

    var secureChannel = SecureChannelSession()
    /// Segments of a command that came so far: GPCS clause 11.1.5.
    var segments = CommandSegments()
    /// What the next GET STATUS with P2 = 01 goes on with.
    var listing = StatusListing()
    /// STORE DATA under way.
    var store = StoredData()
    /// The application that is being personalized: INSTALL [for personalization].
    var personalized: ObjectReference?
    /// LOAD under way.
    var load: LoadSession?
    /// What goes on with an access rule application.
    var accessRules = AccessRuleSession()
    /// Memory for a command without its protection, and for a response before it is protected.
    private(set) var scratch = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    deinit {
        wipe(scratch)
        scratch.deallocate()
    }

    /// Memory of at least `count` octets.
    mutating func scratch(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if scratch.count < count {
            wipe(scratch)
            scratch.deallocate()
            scratch = .allocate(byteCount: max(512, count), alignment: 16)
        }
        return scratch
    }

    /// Ends STORE DATA, and the personalization of an application.
    mutating func endPersonalization() {
        store = StoredData()
        personalized = nil
    }

    /// Ends what goes on over several commands of a secure channel session: it does not outlive that.
    mutating func endProcesses() {
        segments = CommandSegments()
        endPersonalization()
        load = nil
        accessRules.endProtected()
    }

    /// The application is not selected any more.
    mutating func end() {
        secureChannel.end()
        endProcesses()
        listing = StatusListing()
        accessRules = AccessRuleSession()
        wipe(scratch)
    }
}
