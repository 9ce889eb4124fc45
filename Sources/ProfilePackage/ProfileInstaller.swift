import Memory
import Octets

/// Installs a profile package: eUICC Profile Package 8. The octets go in as they arrive, the files come out at the
/// target.
///
/// The owner begins a transaction before the first segment, commits it when the installer has `finished`, and rolls it
/// back when it has `aborted` or when the transport gives up. Working memory: about 8,000 octets, whatever the package.
public struct ProfileInstaller: ~Copyable {
    /// How far the installation is.
    public enum Progress: Sendable {
        /// The package goes on.
        case moreExpected
        /// The end element has been processed: commit.
        case finished
        /// Nothing may remain of what was installed: roll back.
        case aborted
    }

    /// The longest EUICCResponse, in octets.
    public static let responseLimit = 1_024

    /// How far the installation is.
    public private(set) var progress = Progress.moreExpected
    private var response = PackageResponse()

    var reader = PackageReader()
    let scratch = Scratch()
    /// The current profile element.
    var element = Element()
    /// Octets of the current profile element before the object that is being read.
    var offset: UInt32 = 0

    var isHeaderRead = false
    /// Tags of elements that may come once, and came.
    var onceSeen: UInt32 = 0
    var directories = Directories()
    /// Places in `directories`: the MF, the application and the directory that the next parameters and PINs belong to.
    var mf: Int?
    var application: Int?
    var pinContext: Int?
    /// Whether an element that would have set one of these was passed over.
    var isContextMissing = false
    var requiredGlobalPINs: UInt32 = 0
    var definedGlobalPINs: UInt32 = 0
    /// Unblocking codes that are defined: bits 0 to 7 for references 1 to 8, 8 to 15 for 129 to 136.
    var definedUnblockingCodes: UInt16 = 0
    /// The file within which the package writes.
    var file: OpenFile?
    /// Files by a template: the work on the current element.
    var work = TemplateWork()
    /// Generic file management: place of the current DF in `directories`.
    var currentDirectory: Int?
    /// The first security domain of the package.
    var firstDomain: ObjectReference?
    /// Security domains and applications: the work on the current element.
    var content = ContentWork()
    /// Members of a load file or instance that came so far.
    var fields: OctetWriter

    /// Waits for the first octet of a package.
    public init() { fields = OctetWriter(scratch.fields) }

    /// Takes the next octets of the package, any number of them.
    ///
    /// - Returns: how far the installation is. Octets behind the end element abort it.
    public mutating func push<Target: ProfileTarget & ~Copyable>(
        _ segment: OctetView,
        to target: inout Target
    ) -> Progress {
        if progress == .aborted || segment.isEmpty { return progress }
        var cursor = OctetCursor(segment)
        do throws(Failure) {
            guard progress == .moreExpected else { throw Failure(Decision.malformed) }
            while try step(&cursor, &target) {}
        } catch {
            abort(error)
        }
        return progress
    }

    /// Says that no more octets will come. A package without an end element is aborted.
    public mutating func close() -> Progress {
        if progress == .moreExpected { abort(Failure(Decision.malformed)) }
        return progress
    }

    /// Appends the EUICCResponse: at most `responseLimit` octets.
    public func appendResponse(to writer: inout OctetWriter) {
        response.append(to: &writer)
    }

    /// Whether there may be more in the segment.
    private mutating func step<Target: ProfileTarget & ~Copyable>(
        _ cursor: inout OctetCursor,
        _ target: inout Target
    ) throws(Failure) -> Bool {
        if progress == .finished {
            if cursor.isAtEnd { return false }
            throw Failure(Decision.malformed)
        }
        let event: PackageReader.Event
        do throws(PackageReader.Malformed) {
            event = try reader.next(&cursor)
        } catch {
            offset = reader.offset
            throw Failure(Decision.malformed)
        }
        switch event {
        case .segmentRead: return false
        case .header(let tag, _):
            offset = reader.offset
            try header(tag, &target)
        case .value(let value):
            try self.value(value, &target)
            if reader.depth == 0 { leaveElement() }
        case .part(let part, let isLast): try self.part(part, isLast: isLast, &target)
        case .end:
            try end(&target)
            if reader.depth == 0 { leaveElement() }
        }
        return true
    }

    private mutating func leaveElement() {
        element = Element()
        content = ContentWork()
        offset = 0
    }

    mutating func finish() {
        response.finish()
        progress = .finished
    }

    private mutating func abort(_ failure: Failure) {
        var status = ElementStatus(failure.status)
        status.identification = element.identification
        status.additionalInformation = failure.additionalInformation
        status.offset = offset
        response.abort(status)
        progress = .aborted
    }

    /// Aborts if the element is mandated, otherwise leaves a warning: 7.2.
    mutating func report(_ status: UInt16) throws(Failure) {
        if element.isMandated { throw Failure(status) }
        warn(status)
    }

    mutating func warn(_ status: UInt16, additionalInformation: UInt8? = nil) {
        var warning = ElementStatus(status)
        warning.identification = element.identification
        warning.additionalInformation = additionalInformation
        response.warn(warning)
    }
}

/// The profile element that is being read.
struct Element {
    enum Stage {
        case start
        /// The PE-Header, the template identifier are read; the members follow.
        case headed, members
        /// What follows is of no interest; of `checked` elements the objects within each other are walked through.
        case skipped, checked
    }

    var kind = ElementKind.unknown
    var stage = Stage.start
    var isMandated = false
    var identification: UInt16?
    /// Whether a directory has been created: the first one is the context of PINs that follow.
    var hasDirectory = false
}

/// Octets to put values together in.
struct Scratch: ~Copyable {
    private static let half = 512
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1_025 + 1_280, alignment: 8)

    deinit {
        buffer.deallocate()
    }

    /// For values that are handed over, or used while `chunk` is filled.
    var values: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: buffer[..<Scratch.half])
    }

    /// For file content.
    var chunk: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: buffer[Scratch.half..<2 * Scratch.half])
    }

    /// For the members of an object that comes member by member.
    var fields: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: buffer[(2 * Scratch.half + 1)...])
    }

    /// A single octet to write.
    func view(of octet: UInt8) -> OctetView {
        let place = UnsafeMutableRawBufferPointer(rebasing: buffer[2 * Scratch.half..<2 * Scratch.half + 1])
        place.storeBytes(of: octet, as: UInt8.self)
        return OctetView(UnsafeRawBufferPointer(place))
    }
}
