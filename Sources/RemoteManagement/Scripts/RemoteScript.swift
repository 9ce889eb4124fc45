import CardOS
import Octets

/// A remote APDU script: TS 102 226 clause 5. Its first octet tells the format: AA and AE begin an expanded one of definite
/// and indefinite length, and are the class of no command; anything else is a compact one.
public struct RemoteScript {
    /// How a script is part of several: TS 102 226 clause 5.2.1.4.
    public enum Chaining: Equatable, Sendable {
        /// The first one; what it has selected and verified stays for the next.
        case first
        /// The first one of a chain that outlives a reset.
        case firstOverReset
        /// Another one; more follow.
        case subsequent
        /// The last one.
        case last
    }

    /// Why a script of a chain is not executed.
    public enum ChainingError: UInt8, Sendable {
        case noPreviousScript = 0x01
        case notSupported = 0x02
        case unable = 0x03
    }

    /// The most octets that a script command can answer.
    static let largestResponse = 65_536

    let octets: OctetView

    /// A script of these octets.
    public init(_ octets: OctetView) {
        self.octets = octets
    }

    var isExpanded: Bool { octets.octet(at: 0) == 0xAA || octets.octet(at: 0) == 0xAE }

    /// How it is part of a chain; nil: it stands alone.
    public var chaining: Chaining? {
        guard isExpanded, var commands = ExpandedScript(octets) else { return nil }
        guard case .chaining(let value)? = commands.next() else { return nil }
        return value
    }

    /// Executes the commands of the script, up to one that fails.
    ///
    /// - Parameter response: takes the result, as TS 102 226 clauses 5.1.2 and 5.2.2 have it. Response data that do not
    ///   fit are cut, which a status word 62F1 tells; an expanded script ends there.
    /// - Returns: whether it came to its end: no command failed, and its format was right.
    public func execute<Executor: ScriptExecutor & ~Copyable>(
        through executor: inout Executor,
        into response: inout OctetWriter
    ) -> Bool {
        isExpanded
            ? executeExpanded(through: &executor, into: &response)
            : executeCompact(through: &executor, into: &response)
    }

    /// Whether a script goes on after a status word: TS 102 226 clause 5.1.2.
    static func isPassed(_ status: StatusWord) -> Bool {
        switch status.sw1 {
        case 0x90, 0x91, 0x92, 0x9E, 0x9F, 0x61, 0x62, 0x63: true
        default: false
        }
    }

    // MARK: Compact: clause 5.1

    private func executeCompact<Executor: ScriptExecutor & ~Copyable>(
        through executor: inout Executor,
        into response: inout OctetWriter
    ) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: Self.largestResponse, alignment: 1) { buffer in
            var cursor = OctetCursor(octets)
            var data = OctetWriter(buffer)
            var count: UInt8 = 0
            var status = StatusWord.success
            while !cursor.isAtEnd, count < .max, Self.isPassed(status) {
                data = OctetWriter(buffer)
                status = executor.execute(Self.compactCommand(&cursor), .announced, into: &data)
                count += 1
            }
            let isPassed = cursor.isAtEnd && Self.isPassed(status)
            let room = response.capacity - response.count - 3
            if data.count > room { status = .moreDataAvailable }
            response.append(count)
            response.append(status.value)
            response.append(data.view.part(from: 0, length: max(0, room)))
            return isPassed
        }
    }

    /// The next command: P3 is Le where the command has no data field. The last command may have Le behind its data.
    /// One that is cut off is what is left of it, which is answered 6700.
    private static func compactCommand(_ cursor: inout OctetCursor) -> OctetView {
        let rest = cursor.view.part(from: cursor.position)
        guard rest.count >= 5, let cla = rest.octet(at: 0), let ins = rest.octet(at: 1), let p3 = rest.octet(at: 4)
        else {
            return cursor.rest()
        }
        let isWithoutData = hasNoData(cla, ins, p1: rest.octet(at: 2) ?? 0, p2: rest.octet(at: 3) ?? 0)
        let length = 5 + (isWithoutData ? 0 : Int(p3))
        let isLast = rest.count == length + 1 && !isWithoutData && p3 > 0
        return cursor.octets(isLast ? length + 1 : length) ?? cursor.rest()
    }

    /// Whether a command is one of case 2: READ BINARY and RECORD, GET RESPONSE, GET DATA, GET CHALLENGE, STATUS,
    /// RETRIEVE DATA of another than the first block.
    private static func hasNoData(_ cla: UInt8, _ ins: UInt8, p1: UInt8, p2: UInt8) -> Bool {
        switch ins {
        case 0xB0, 0xB2, 0xC0, 0xCA, 0x84: true
        // GET STATUS has the same instruction code, and other values of P1.
        case 0xF2: p1 & 0xF0 == 0
        case 0xCB: cla & 0x80 != 0 && p2 & 0x80 == 0
        default: false
        }
    }
}
