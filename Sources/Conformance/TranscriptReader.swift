import Card
import Memory

extension Transcript {
    /// Reads the transcript in `text`.
    ///
    /// - Parameter file: what the transcript is called in messages; the files that it names are beside it.
    /// - Throws: for the first line that is none of the format.
    public init(_ text: some StringProtocol, file: String) throws(TranscriptError) {
        var reader = TranscriptReader(file: file)
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for line in lines { try reader.read(line) }
        self.init(file: file, steps: try reader.finish())
    }
}

/// Reads a transcript line by line.
private struct TranscriptReader {
    let file: String
    private var steps: [Step] = []
    private var line = 0
    private var firstLine = 0
    private var begun = ""
    private var clause = ""
    private var settings = CardSettings()
    private var octets = PatternReader()
    private var isCutPending = false
    private var hasCard = false

    init(file: String) {
        self.file = file
    }

    mutating func read(_ text: Substring) throws(TranscriptError) { try read(text as any StringProtocol) }

    mutating func read(_ text: any StringProtocol) throws(TranscriptError) {
        line += 1
        let parts = String(text).split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        var content = Self.trimmed(parts.first ?? "")
        let note = parts.count > 1 ? Self.trimmed(parts[1]) : ""
        if begun.isEmpty { firstLine = line }
        if content.hasSuffix("\\") {
            content.removeLast()
            begun += content + " "
            return
        }
        content = begun + content
        begun = ""
        guard !content.isEmpty else { return }
        do throws(SyntaxError) {
            try readLine(content, note)
        } catch {
            throw TranscriptError(file: file, line: firstLine, reason: error.reason)
        }
    }

    mutating func finish() throws(TranscriptError) -> [Step] {
        guard begun.isEmpty else {
            throw TranscriptError(
                file: file,
                line: firstLine,
                reason: "the line is continued on one that does not come"
            )
        }
        guard !isCutPending else {
            throw TranscriptError(file: file, line: line, reason: "cut without a command after it")
        }
        return steps
    }

    private mutating func readLine(_ content: String, _ note: String) throws(SyntaxError) {
        let (left, responses) = try parted(content)
        let words = left.split { $0 == " " || $0 == "\t" }.map(String.init)
        let rest = words.dropFirst().joined(separator: " ")
        var action: Action?
        switch words.first {
        case "clause":
            clause = rest
            return
        case "protocol":
            guard let named = Environment.TransmissionProtocol(rawValue: rest) else {
                throw SyntaxError("protocol is t0, t1 or both")
            }
            settings.transmissionProtocol = named
            return
        case "seed":
            guard let seed = try octets.pattern(rest).octets([:]), seed.count == 48 else {
                throw SyntaxError("seed has 48 octets")
            }
            settings.seed = seed
            return
        case "size":
            guard let size = Int(rest), Geometry(size: size) != nil else {
                throw SyntaxError("size is a multiple of \(Geometry.sizeUnit) that an image may have")
            }
            settings.size = size
            return
        case "card":
            hasCard = true
            action = .card(try source(rest), settings)
        case "reset":
            guard rest == "cold" || rest == "warm" else { throw SyntaxError("reset is cold or warm") }
            action = .reset(isCold: rest == "cold", try self.responses(responses ?? ""))
        case "power":
            guard rest == "off" else { throw SyntaxError("power is off; reset cold brings it back") }
            action = .powerOff
        case "cut":
            action = .cut(try failure(words.dropFirst()))
        case "image":
            guard rest.isEmpty, let responses else { throw SyntaxError("image -> SHA-256 of the image") }
            action = .image(try self.responses(responses))
        default:
            guard let responses else { throw SyntaxError("\(Self.quoted(content)): -> and the response are missing") }
            let command = try octets.pattern(left)
            guard command.isExact, !command.elements.isEmpty else {
                throw SyntaxError("\(Self.quoted(left)) is no command: its octets are given one by one")
            }
            action = .exchange(command, try self.responses(responses))
        }
        guard let action else { return }
        if responses != nil, !action.isCheck { throw SyntaxError("\(words.first ?? "") has no response") }
        guard hasCard else { throw SyntaxError("card comes first: what the transcript starts from") }
        try append(action, note)
    }

    private mutating func append(_ action: Action, _ note: String) throws(SyntaxError) {
        if isCutPending {
            guard case .exchange = action else { throw SyntaxError("a command follows cut") }
            isCutPending = false
        }
        if case .cut = action { isCutPending = true }
        steps.append(Step(line: firstLine, clause: clause, note: note, action: action))
    }

    /// What stands before and behind ->.
    private func parted(_ content: String) throws(SyntaxError) -> (left: String, right: String?) {
        guard let arrow = content.firstRange(of: "->") else { return (content, nil) }
        let right = Self.trimmed(content[arrow.upperBound...])
        guard !right.isEmpty else { throw SyntaxError("the response is missing behind ->") }
        return (Self.trimmed(content[..<arrow.lowerBound]), right)
    }

    private mutating func responses(_ text: String) throws(SyntaxError) -> [Response] {
        var responses: [Response] = []
        guard !text.isEmpty else { return responses }
        for alternative in text.split(separator: "|", omittingEmptySubsequences: false) {
            let words = Self.trimmed(alternative)
            guard !words.isEmpty else { throw SyntaxError("an alternative is missing beside |") }
            responses.append(words == "none" ? .none : .octets(try octets.pattern(words)))
        }
        return responses
    }

    private func source(_ name: String) throws(SyntaxError) -> CardSource {
        if name == "any" { return .any }
        let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
        let path = name.hasPrefix("/") ? name : folder + name
        if name.hasSuffix(".der") { return .package(path) }
        if name.hasSuffix(".img") { return .image(path) }
        throw SyntaxError("card is a profile package (.der), an image (.img), or any")
    }

    /// `cut N before|after|first OCTETS[.BITS]|last OCTETS[.BITS]|some SEED`.
    private func failure(_ words: ArraySlice<String>) throws(SyntaxError) -> PowerFailure {
        let words = Array(words)
        guard let number = words.first.flatMap({ UInt64($0) }), number > 0 else {
            throw SyntaxError("cut N PART: N is the program operation, from 1")
        }
        let part = words.count > 1 ? words[1] : "before"
        let argument = words.count > 2 ? words[2] : nil
        let tear: PowerFailure.Tear
        switch (part, argument) {
        case ("before", nil): tear = .before
        case ("after", nil): tear = .after
        case ("first", let amount?):
            let (octets, bits) = try amountOf(amount)
            tear = .prefix(octets: octets, bits: bits)
        case ("last", let amount?):
            let (octets, bits) = try amountOf(amount)
            tear = .suffix(octets: octets, bits: bits)
        case ("some", let seed?):
            guard let seed = UInt64(seed) else { throw SyntaxError("cut N some SEED: the seed is a number") }
            tear = .subset(seed: seed)
        default: throw SyntaxError("cut N before, after, first OCTETS.BITS, last OCTETS.BITS or some SEED")
        }
        guard words.count <= 3 else { throw SyntaxError("cut: \(words[3]) is too much") }
        return PowerFailure(completeOperations: number - 1, tear: tear)
    }

    private func amountOf(_ text: String) throws(SyntaxError) -> (octets: Int, bits: Int) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let octets = Int(parts[0]), octets >= 0,
            let bits = parts.count == 2 ? Int(parts[1]) : 0, (0...7).contains(bits)
        else { throw SyntaxError("\(text) is no number of octets and bits") }
        return (octets, bits)
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        let start = text.drop(while: isSpace)
        let end = start.lastIndex { !isSpace($0) }
        return end.map { String(start[...$0]) } ?? ""
    }

    private static func quoted(_ text: String) -> String {
        text.count > 40 ? "\(text.prefix(40))..." : text
    }
}
