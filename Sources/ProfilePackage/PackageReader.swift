import CardCrypto
import Octets

/// Reads the DER objects of a profile package as its octets arrive, split anywhere: eUICC Profile Package 7.3.
///
/// For each object the reader stops behind the header and reports it. The caller then says what becomes of the value:
/// `enter` it, `collect` it whole, `stream` it in parts, or, if it says nothing, pass over it.
/// The working memory is `capacity` octets, allocated once; an object that is collected must fit.
struct PackageReader: ~Copyable {
    /// A length that is not in its shortest form, an indefinite length, a tag of more than three octets, an object
    /// that is longer than the one that holds it, or objects nested too deep.
    struct Malformed: Error {}

    enum Event {
        /// All octets have been read.
        case segmentRead
        /// The header of an object. Its value begins with the next octet.
        case header(tag: UInt32, length: UInt32)
        /// A collected value.
        case value(OctetView)
        /// The next octets of a streamed value. The last part may be empty.
        case part(OctetView, isLast: Bool)
        /// The end of an object that was entered.
        case end
    }

    /// How deep objects that are entered may lie in each other.
    static let depthLimit = 8
    /// How long a collected value may be. The longest by the standard is PE-CDMAParameter: about 1,520 octets.
    static let capacity = 2_048

    private enum Phase {
        case tag, longTag, length, longLength
        case undecided, collect, stream, skip
    }

    private let buffer: UnsafeMutableRawBufferPointer
    private var phase = Phase.tag
    private(set) var tag: UInt32 = 0
    private(set) var length: UInt32 = 0
    private var lengthOctetsLeft = 0
    private(set) var headerLength: UInt32 = 0
    /// How much of the current value has been read.
    private var valueRead: UInt32 = 0
    /// How much is left of each entered object, outermost first.
    private var left = InlineArray<8, UInt32>(repeating: 0)
    /// How many objects are entered.
    private(set) var depth = 0
    /// Octets of the outermost object before the first octet of the current object.
    private(set) var offset: UInt32 = 0
    private var position: UInt32 = 0

    init() {
        buffer = .allocate(byteCount: PackageReader.capacity, alignment: 8)
    }

    deinit {
        // There may have been keys in it.
        wipe(buffer)
        buffer.deallocate()
    }

    /// Whether the octets read so far end with the end of an outermost object.
    var isBetweenElements: Bool { depth == 0 && phase == .tag }

    /// Reads on to the next event.
    mutating func next(_ cursor: inout OctetCursor) throws(Malformed) -> Event {
        while true {
            switch phase {
            case .undecided:
                phase = .skip
            case .skip:
                _ = take(&cursor)
                guard isValueComplete else { return .segmentRead }
                phase = .tag
            case .stream:
                let part = take(&cursor)
                if isValueComplete { phase = .tag } else if part.isEmpty { return .segmentRead }
                return .part(part, isLast: phase == .tag)
            case .collect:
                let start = Int(valueRead)
                take(&cursor).copy(to: UnsafeMutableRawBufferPointer(rebasing: buffer[start...]))
                guard isValueComplete else { return .segmentRead }
                phase = .tag
                return .value(OctetView(UnsafeRawBufferPointer(buffer)).part(from: 0, length: Int(length)))
            case .tag:
                if depth > 0, left[depth - 1] == 0 {
                    depth -= 1
                    return .end
                }
                guard let octet = cursor.octet() else { return .segmentRead }
                try startHeader(octet)
            case .longTag:
                guard let octet = cursor.octet() else { return .segmentRead }
                try continueTag(octet)
            case .length, .longLength:
                guard let octet = cursor.octet() else { return .segmentRead }
                if try readLength(octet) { return .header(tag: tag, length: length) }
            }
        }
    }

    /// Reads the objects within the value.
    mutating func enter() throws(Malformed) {
        guard phase == .undecided, isConstructed, depth < PackageReader.depthLimit else { throw Malformed() }
        left[depth] = length
        depth += 1
        phase = .tag
    }

    /// Reads the value as a whole; false if it is longer than `limit` or than the working memory.
    mutating func collect(limit: Int = PackageReader.capacity) -> Bool {
        guard phase == .undecided, length <= UInt32(min(max(limit, 0), PackageReader.capacity)) else { return false }
        phase = .collect
        return true
    }

    /// Reads the value in parts.
    mutating func stream() {
        if phase == .undecided { phase = .stream }
    }

    /// Whether the current object holds others by its tag.
    var isConstructed: Bool {
        let first = tag > 0xFFFF ? tag >> 16 : tag > 0xFF ? tag >> 8 : tag
        return first & 0x20 != 0
    }

    private var isValueComplete: Bool { valueRead == length }

    private mutating func take(_ cursor: inout OctetCursor) -> OctetView {
        let count = Int(min(length - valueRead, UInt32(clamping: cursor.remaining)))
        let part = cursor.octets(count) ?? .empty
        valueRead += UInt32(truncatingIfNeeded: part.count)
        position &+= UInt32(truncatingIfNeeded: part.count)
        return part
    }

    private mutating func startHeader(_ octet: UInt8) throws(Malformed) {
        if depth == 0 { position = 0 }
        offset = position
        headerLength = 0
        tag = 0
        try count(octet, isTag: true)
        phase = octet & 0x1F == 0x1F ? .longTag : .length
    }

    private mutating func continueTag(_ octet: UInt8) throws(Malformed) {
        // Numbers below 31 have the short form, and a number does not begin with a zero digit.
        if headerLength == 1, octet < 0x1F || octet == 0x80 { throw Malformed() }
        try count(octet, isTag: true)
        if octet & 0x80 == 0 { phase = .length } else if headerLength == 3 { throw Malformed() }
    }

    /// Whether the header is complete.
    private mutating func readLength(_ octet: UInt8) throws(Malformed) -> Bool {
        try count(octet, isTag: false)
        if phase == .length {
            length = UInt32(octet)
            if octet >= 0x80 {
                lengthOctetsLeft = Int(octet & 0x7F)
                guard (1...4).contains(lengthOctetsLeft) else { throw Malformed() }
                length = 0
                phase = .longLength
                return false
            }
        } else {
            if length == 0, octet == 0 { throw Malformed() }
            length = length << 8 | UInt32(octet)
            lengthOctetsLeft -= 1
            if lengthOctetsLeft > 0 { return false }
            guard length >= 0x80 else { throw Malformed() }
        }
        if depth > 0 {
            guard length <= left[depth - 1] else { throw Malformed() }
            left[depth - 1] -= length
        }
        valueRead = 0
        phase = .undecided
        return true
    }

    /// Counts an octet of a header, which must lie within the object around it.
    private mutating func count(_ octet: UInt8, isTag: Bool) throws(Malformed) {
        if depth > 0 {
            guard left[depth - 1] > 0 else { throw Malformed() }
            left[depth - 1] -= 1
        }
        if isTag { tag = tag << 8 | UInt32(octet) }
        headerLength += 1
        position &+= 1
    }
}
