import CardOS
import Octets

/// The objects of an expanded script: TS 102 226 clause 5.2.1.
struct ExpandedScript {
    /// What is wrong with a script: TS 102 226 clause 5.2.2.2.
    enum BadFormat: UInt8 {
        case unknownTag = 0x01
        case wrongLength = 0x02
        case lengthNotFound = 0x03
    }

    /// An object of a script.
    enum Element {
        case command(OctetView)
        case immediateAction(ScriptAction)
        /// nil: from here on, none is to be done.
        case errorAction(ScriptAction?)
        case chaining(RemoteScript.Chaining)
        case badFormat(BadFormat)
    }

    let isDefinite: Bool
    private var cursor: OctetCursor
    /// What was wrong with the template that all objects are in.
    private var defect: BadFormat?
    private var isAtBeginning = true
    private var isOver = false

    /// nil where the octets do not begin with the tag of a script.
    init?(_ octets: OctetView) {
        var outer = OctetCursor(octets)
        switch outer.octet() {
        case 0xAA:
            isDefinite = true
            let length = outer.berLength()
            cursor = OctetCursor(length.flatMap { outer.octets($0) } ?? .empty)
            defect = length == nil ? .lengthNotFound : outer.isAtEnd ? nil : .wrongLength
        case 0xAE:
            isDefinite = false
            defect = outer.octet() == 0x80 ? nil : .wrongLength
            cursor = OctetCursor(outer.rest())
        default: return nil
        }
    }

    /// The next object; nil at the end. Nothing comes behind what is wrong.
    mutating func next() -> Element? {
        if isOver { return nil }
        let element = read()
        isAtBeginning = false
        if case .badFormat = element { isOver = true }
        if element == nil { isOver = true }
        return element
    }

    private mutating func read() -> Element? {
        if let defect { return .badFormat(defect) }
        if cursor.isAtEnd { return isDefinite ? nil : .badFormat(.wrongLength) }
        guard let tag = cursor.octet() else { return nil }
        if !isDefinite, tag == 0x00 {
            return cursor.octet() == 0x00 && cursor.isAtEnd ? nil : .badFormat(.wrongLength)
        }
        guard [0x22, 0x81, 0x82, 0x83].contains(tag), tag != 0x83 || isAtBeginning else {
            return .badFormat(.unknownTag)
        }
        guard let length = cursor.berLength() else { return .badFormat(.lengthNotFound) }
        guard let value = cursor.octets(length) else { return .badFormat(.wrongLength) }
        switch tag {
        case 0x22: return .command(value)
        case 0x81: return ScriptAction(value).map { .immediateAction($0) } ?? .badFormat(.wrongLength)
        case 0x82:
            if value.isEmpty { return .errorAction(nil) }
            return ScriptAction(value).map { .errorAction($0) } ?? .badFormat(.wrongLength)
        default:
            guard value.count == 1 else { return .badFormat(.wrongLength) }
            switch value.octet(at: 0) {
            case 0x01: return .chaining(.first)
            case 0x11: return .chaining(.firstOverReset)
            case 0x02: return .chaining(.subsequent)
            case 0x03: return .chaining(.last)
            default: return .badFormat(.wrongLength)
            }
        }
    }
}

extension RemoteScript {
    /// Answers a script of a chain that is not executed.
    public func refuse(_ error: ChainingError, into response: inout OctetWriter) {
        let octets: InlineArray<3, UInt8> = [0x83, 0x01, error.rawValue]
        octets.span.withUnsafeBytes { append(OctetView($0), commands: 0, to: &response) }
    }

    /// Executes the objects of an expanded script. A command that fails ends it, unless an error action is set.
    func executeExpanded<Executor: ScriptExecutor & ~Copyable>(
        through executor: inout Executor,
        into response: inout OctetWriter
    ) -> Bool {
        guard var elements = ExpandedScript(octets) else { return false }
        // Of the response, the template and the number of commands take at most 12 octets, an object for what ends the
        // script takes three.
        let room = max(0, response.capacity - response.count - 15)
        return withUnsafeTemporaryAllocation(byteCount: Self.largestResponse, alignment: 1) { buffer in
            withUnsafeTemporaryAllocation(byteCount: room + 3, alignment: 1) { area in
                var results = OctetWriter(area)
                var errorAction: ScriptAction?
                var count: UInt32 = 0
                var isPassed = true
                while isPassed, let element = elements.next() {
                    switch element {
                    case .command(let command):
                        var data = OctetWriter(buffer)
                        let status = executor.execute(command, .complete, into: &data)
                        count &+= 1
                        isPassed = Self.append(data.view, status, within: room, to: &results)
                        if isPassed, !Self.isPassed(status) {
                            isPassed = errorAction != nil
                            if let errorAction { _ = executor.perform(errorAction) }
                        }
                    case .immediateAction(let action):
                        guard !executor.perform(action) else { break }
                        results.append(UInt8(0x81))
                        results.append(0x0101 as UInt16)
                        isPassed = false
                    case .errorAction(let action): errorAction = action
                    case .chaining: break
                    case .badFormat(let defect):
                        results.append(UInt8(0x90))
                        results.append(0x0100 | UInt16(defect.rawValue))
                        isPassed = false
                    }
                }
                append(results.view, commands: count, to: &response)
                return isPassed
            }
        }
    }

    /// Appends the response to a command (R-APDU); false where it has been cut.
    private static func append(
        _ data: OctetView,
        _ status: StatusWord,
        within room: Int,
        to results: inout OctetWriter
    ) -> Bool {
        let left = room - results.count
        // Tag, length and status word.
        let overhead = data.count < 0x7E ? 4 : data.count < 0xFE ? 5 : 6
        let isWhole = overhead + data.count <= left
        guard isWhole || left >= 6 else { return false }
        results.appendTLV(0x23) { response in
            response.append(isWhole ? data : data.part(from: 0, length: left - 6))
            response.append(isWhole ? status.value : StatusWord.moreDataAvailable.value)
        }
        return isWhole
    }

    /// Appends the result of a script: AB, with the number of commands executed, or AF of indefinite length, without.
    private func append(_ results: OctetView, commands count: UInt32, to response: inout OctetWriter) {
        if octets.octet(at: 0) == 0xAA {
            response.appendTLV(0xAB) { template in
                template.appendTLV(0x80) { $0.append(number: count, minimum: 1) }
                template.append(results)
            }
        } else {
            response.append(0xAF80 as UInt16)
            response.append(results)
            response.append(0x0000 as UInt16)
        }
    }
}
