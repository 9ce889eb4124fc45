import Octets

/// A record in words.
public struct TraceLine: Sendable {
    /// What it is about, with secrets masked where that was asked for.
    public internal(set) var record: TraceRecord
    /// The logical channel of a command.
    public internal(set) var channel: Int?
    /// What happened: `power on`, or the command, `READ BINARY`.
    public internal(set) var name: String
    /// What the parameters of the command say: a record number, an offset, a PIN.
    public internal(set) var argument = ""
    /// The file or application that the command is about, in the words of the standards: `EF.IMSI`.
    public internal(set) var file: String?
    /// Where that is: `ADF.USIM/6F07`.
    public internal(set) var path: String?
    /// The status word.
    public internal(set) var status: StatusWord?
    /// The status word in words.
    public internal(set) var statusText = ""
    /// The data in a few words.
    public internal(set) var summary = ""
    /// What the data are made of.
    public internal(set) var fields: [TraceField] = []
}

/// How a trace looks as text.
public struct TraceStyle: Sendable {
    /// Whether escape sequences for colours are written.
    public var isColoured: Bool
    /// Whether octets and fields are shown below each line.
    public var isVerbose: Bool
    /// Whether there is a column for the number of the card.
    public var showsCard: Bool
    /// The time that the first column counts from, in microseconds since 1970.
    public var start: UInt64?

    /// Makes a style.
    public init(isColoured: Bool = false, isVerbose: Bool = false, showsCard: Bool = false) {
        self.isColoured = isColoured
        self.isVerbose = isVerbose
        self.showsCard = showsCard
    }

    private enum Colour: String {
        case green = "32"
        case yellow = "33"
        case red = "31"
        case cyan = "36"
        case bold = "1"
        case dim = "2"
    }

    private func paint(_ text: String, _ colour: Colour?) -> String {
        guard isColoured, let colour, !text.isEmpty else { return text }
        return "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m"
    }

    /// The text of `line`, of several lines where it is verbose; without a line end behind it. The first time that is
    /// given is where the first column begins.
    public mutating func text(_ line: TraceLine) -> String {
        var columns: [String] = []
        if let time = line.record.time {
            let begin = start ?? time
            start = begin
            columns.append(paint(Self.seconds(time >= begin ? time - begin : 0), .dim))
        }
        if showsCard, let card = line.record.card { columns.append(paint(Self.right("#\(card)", 5), .dim)) }
        guard let status = line.status else {
            let atr = line.summary.isEmpty ? "" : "  \(line.summary)"
            columns.append("    " + paint(line.name, .cyan) + atr)
            return columns.joined(separator: " ")
        }
        columns.append(paint(Self.right(line.channel.map { "\($0)" } ?? "", 2), line.channel == 0 ? .dim : .cyan))
        // What is about no file has its parameters in the column for that.
        let isAboutFile = line.file != nil || line.path != nil
        let command = line.argument.isEmpty || !isAboutFile ? line.name : "\(line.name) \(line.argument)"
        columns.append(" " + paint(line.name, .bold) + command.dropFirst(line.name.count) + Self.fill(command, 24))
        let subject = (isAboutFile ? line.file : line.argument) ?? ""
        let path = line.path.map { (subject.isEmpty ? "" : " ") + Self.shortened($0) } ?? ""
        columns.append(subject + paint(path, .dim) + Self.fill(subject + path, 31))
        let colour: Colour? =
            switch StatusWords.outcome(of: status.value) {
            case .success: status.sw1 == 0x61 ? nil : .green
            case .warning: .yellow
            case .failure: .red
            }
        var end = paint("\(status)", colour)
        if status != .success || line.summary.isEmpty { end += " " + paint(line.statusText, colour) }
        if !line.summary.isEmpty { end += "  " + line.summary }
        columns.append(end)
        let text = columns.joined(separator: " ")
        return isVerbose ? ([text] + details(line)).joined(separator: "\n") : text
    }

    /// The octets and the fields of a line.
    private func details(_ line: TraceLine) -> [String] {
        guard case .command(let command, let response) = line.record.event else { return [] }
        let margin = String(repeating: " ", count: 14)
        let answer = [response.dropLast(2), response.suffix(2)].map { Hex.string($0) }.filter { !$0.isEmpty }
        var lines = [
            margin + paint("> \(Hex.string(command))", .dim),
            margin + paint("< \(answer.joined(separator: " "))", .dim),
        ]
        func add(_ fields: [TraceField], _ depth: Int) {
            for field in fields {
                let indent = margin + String(repeating: "  ", count: depth + 1)
                lines.append(indent + paint(field.name, .cyan) + (field.value.isEmpty ? "" : "  \(field.value)"))
                add(field.fields, depth + 1)
            }
        }
        add(line.fields, 0)
        return lines
    }

    /// The AID of an application that has a name too, so that the columns stay.
    private static func shortened(_ path: String) -> String {
        path.count > 22 && !path.contains("/") ? "\(path.prefix(14))..\(path.suffix(6))" : path
    }

    private static func seconds(_ microseconds: UInt64) -> String {
        let digits = "\(microseconds % 1_000_000 / 1000)"
        return right("\(microseconds / 1_000_000).\(String(repeating: "0", count: 3 - digits.count))\(digits)", 9)
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static func fill(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count))
    }
}

/// A line as a JSON object. With `veuicc trace` it can be read again.
public struct TraceObject: Encodable {
    let card: Int?
    let time: Double?
    let event: String
    var atr: String?
    var command: String?
    var response: String?
    var sw: String?
    var status: String?
    var channel: Int?
    var name: String?
    var argument: String?
    var file: String?
    var path: String?
    var summary: String?
    var fields: [TraceField]?

    /// The object of `line`; with the fields where `isVerbose`.
    public init(_ line: TraceLine, isVerbose: Bool) {
        card = line.record.card
        time = line.record.time.map { Double($0) / 1_000_000 }
        switch line.record.event {
        case .powerOn(let octets):
            event = "powerOn"
            if !octets.isEmpty { atr = Hex.string(octets) }
        case .warmReset(let octets):
            event = "warmReset"
            if !octets.isEmpty { atr = Hex.string(octets) }
        case .powerOff: event = "powerOff"
        case .command(let octets, let answer):
            event = "command"
            command = Hex.string(octets)
            response = Hex.string(answer)
            sw = line.status.map { "\($0)" }
            status = line.statusText
            channel = line.channel
            name = line.name
            argument = line.argument.isEmpty ? nil : line.argument
            file = line.file
            path = line.path
            summary = line.summary.isEmpty ? nil : line.summary
            if isVerbose, !line.fields.isEmpty { fields = line.fields }
        }
    }
}
