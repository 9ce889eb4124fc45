import Memory
import Octets

/// In whose name a command is executed: what the access rules of files are asked for.
public enum Authority: Sendable {
    /// The terminal: whatever PINs it has verified.
    case terminal
    /// A remote server, by an application for remote management: what that grants, and no PIN of the terminal.
    case remote(RemoteAccess)
}

/// What an application grants whoever manages it remotely: TS 102 226 clause 8.2.1.3.2.5, an access domain.
public enum AccessDomain: Equatable, Sendable {
    /// All but what the rules never allow.
    case full
    /// What the rules allow somebody with these PINs, each by bit: of `application` b1 to b8 the application PINs 01 to
    /// 08, with the second PINs 81 to 88; of `administrative` b1 to b5 ADM1 to ADM5, b9 to b13 ADM6 to ADM10.
    case conditions(application: UInt8, administrative: UInt16)
    /// Nothing, not even what the rules allow anybody.
    case none

    /// Reads the access domain parameter and its data: 00; 02 with one octet for application PINs and none to two for
    /// ADM, those of ADM1 to ADM5 first; FF. Empty is none.
    ///
    /// - Throws: 6A80 for anything else.
    public init(_ octets: OctetView) throws(StatusWord) {
        switch (octets.octet(at: 0), octets.count) {
        case (nil, _), (0xFF, 1): self = .none
        case (0x00, 1): self = .full
        case (0x02, 2...4):
            let lower = UInt16(octets.octet(at: 2) ?? 0)
            let upper = UInt16(octets.octet(at: 3) ?? 0)
            guard (lower | upper) & 0xE0 == 0 else { throw .incorrectData }
            self = .conditions(application: octets.octet(at: 1) ?? 0, administrative: upper << 8 | lower)
        default: throw .incorrectData
        }
    }

    /// Whether the PIN with a key reference counts as verified: TS 102 221 table 9.3. The universal PIN goes with any
    /// application PIN.
    func has(_ reference: UInt8) -> Bool {
        guard case .conditions(let application, let administrative) = self else { return self == .full }
        return switch reference {
        case 0x01...0x08, 0x81...0x88: application & 1 << ((reference & 0x7F) - 1) != 0
        case 0x11: application != 0
        case 0x0A...0x0E: administrative & 1 << UInt16(reference - 0x0A) != 0
        case 0x8A...0x8E: administrative & 1 << UInt16(reference - 0x8A + 8) != 0
        default: false
        }
    }
}

/// The access domains of an application for remote management.
public struct RemoteAccess: Sendable {
    /// The two access domains for a part of the file system: TS 102 226 clauses 8.2.1.3.2.2.2 and 8.2.1.3.2.2.4.
    public struct Domains: Sendable {
        /// For what reads and updates files.
        public var files: AccessDomain
        /// For what makes, deletes, resizes and terminates them.
        public var administration: AccessDomain

        /// Two access domains.
        public init(files: AccessDomain = .none, administration: AccessDomain = .none) {
            self.files = files
            self.administration = administration
        }
    }

    /// For the MF and what is below it, but not in an ADF.
    public var system: Domains
    /// For ADFs, each with what is below it. Others are out of reach.
    public var applications: [(directory: ObjectReference, domains: Domains)]

    /// Access to the file system, and to ADFs; without parameters to nothing.
    public init(system: Domains = Domains(), applications: [(ObjectReference, Domains)] = []) {
        self.system = system
        self.applications = applications
    }
}

extension UICC {
    /// What a remote server may do with `file` by a command: the access domain of the part of the file system that the
    /// file is in.
    func accessDomain(_ access: RemoteAccess, of file: File, for command: CommandAPDU) -> AccessDomain {
        var domains = access.system
        var place: File? = file
        // Parents form a tree; the bound keeps a damaged image from holding the card up.
        for _ in 0..<Self.maximumDepth {
            guard let current = place else { break }
            if current.isApplication {
                domains = access.applications.first { $0.directory == current.reference }?.domains ?? .init()
                break
            }
            place = current.parent.flatMap { File($0, in: memory) }
        }
        // TS 102 222: CREATE FILE, DELETE FILE, TERMINATE DF and EF, RESIZE FILE.
        return switch command.ins {
        case 0xE0, 0xE4, 0xE6, 0xE8, 0xD4: domains.administration
        default: domains.files
        }
    }

    /// Remembers that a PIN is verified, or that it is not: for the terminal, or for the script that is executed.
    mutating func setVerified(_ isVerified: Bool, _ pin: Int) {
        switch authority {
        case .terminal: codes.setVerified(isVerified, pin)
        case .remote: codes.setVerifiedByScript(isVerified, pin)
        }
    }
}
