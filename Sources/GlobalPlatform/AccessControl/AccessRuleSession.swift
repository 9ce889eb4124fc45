import Memory
import Octets

/// What goes on over several commands with an access rule application, on one channel. All of it is volatile.
struct AccessRuleSession {
    /// STORE DATA in blocks.
    var blocks = RuleBlocks()
    /// The response that GET DATA [next] goes on with.
    var listing: RuleListing?

    /// Ends what came in a secure channel session: it does not outlive that.
    mutating func endProtected() {
        if !blocks.level.isEmpty { blocks = RuleBlocks() }
    }
}

/// Puts together the blocks of STORE DATA: GPCS clause 11.11.
struct RuleBlocks {
    /// The longest data field of all blocks together, in octets.
    static let limit = 2_048

    /// The data fields of the blocks that have come.
    private(set) var octets: [UInt8] = []
    /// How many have come.
    private(set) var count: UInt8 = 0
    /// The instance that they are for.
    private(set) var instance: ObjectReference?
    /// How they came: all in the same way.
    private(set) var level: SecurityLevel = []

    /// Whether a command is the next block, or the first one.
    func accepts(_ call: Call) -> Bool {
        call.command.p2 == count && (count == 0 || instance == call.instance.reference && level == call.level)
    }

    /// Adds a block that is not the last one, or is not the first one.
    ///
    /// - Throws: 6A84 where they become too long.
    mutating func append(_ call: Call) throws(StatusWord) {
        let data = call.command.data
        guard octets.count + data.count <= Self.limit, count < .max else { throw .notEnoughMemory }
        data.withUnsafeBytes { octets.append(contentsOf: $0) }
        count += 1
        instance = call.instance.reference
        level = call.level
    }
}

/// A response that may be longer than one response APDU: a data object over a part of the rules.
struct RuleListing {
    /// The tag, of two octets.
    let tag: UInt16
    /// Which octets of the rules are the value.
    let range: Range<Int>
    /// The refresh tag of the rules that it began with.
    let refreshTag: UInt64
    /// How many octets, tag and length included, have been told.
    var position = 0

    /// How many octets tag and length have.
    private var headerSize: Int {
        switch range.count {
        case ..<0x80: 3
        case ..<0x100: 4
        case ..<0x1_0000: 5
        default: 6
        }
    }

    /// How many octets there are left to tell.
    var remaining: Int { headerSize + range.count - position }

    /// Appends what of tag and length is in the next `count` octets.
    ///
    /// - Returns: which octets of the rules follow.
    func appendHeader(_ count: Int, to writer: inout OctetWriter) -> Range<Int> {
        var octets = InlineArray<8, UInt8>(repeating: 0)
        withUnsafeMutableBytes(of: &octets) { (buffer) in
            var header = OctetWriter(buffer)
            header.append(tag)
            if headerSize > 3 { header.append(0x80 | UInt8(truncatingIfNeeded: headerSize - 3)) }
            header.append(number: UInt32(truncatingIfNeeded: range.count), minimum: 1)
            if position < headerSize { writer.append(header.view.part(from: position, length: count)) }
        }
        let start = range.lowerBound + max(0, position - headerSize)
        return start..<max(start, range.lowerBound + position + count - headerSize)
    }
}
