import Octets

/// Which pairs of command and status word of the standard's tables transcripts have shown.
public struct Coverage: Sendable {
    /// A pair of the tables.
    public struct Pair: Sendable {
        /// The name of the command.
        public let command: String
        /// Where the standard describes it.
        public let clause: String
        /// Four digits; X is any digit.
        public let statusWord: String
        /// The transcript that showed it first; nil: none has.
        public let shownIn: String?
        /// Why no transcript can show it; nil where one could.
        public let obstacle: String?
    }

    /// All pairs, in the order of the tables.
    public let pairs: [Pair]
    /// What transcripts have shown besides: commands and status words that the tables do not have.
    public let beyond: [String]

    /// What `results` have shown.
    public init(of results: [TranscriptResult]) {
        var shown: [ShownPair: String] = [:]
        for result in results {
            for pair in result.shown where shown[pair] == nil { shown[pair] = Self.name(of: result.file) }
        }
        let all = shown.keys.sorted { ($0.ins, $0.cla, $0.statusWord) < ($1.ins, $1.cla, $1.statusWord) }
        var pairs: [Pair] = []
        var known: Set<ShownPair> = []
        for command in StatusWordTable.commands {
            for statusWord in command.all {
                let matches = all.filter { Self.isPair($0, command, statusWord) }
                known.formUnion(matches)
                let obstacle = StatusWordTable.obstacles.first {
                    $0.command == command.name && $0.statusWord == statusWord
                }
                let shownIn = matches.compactMap { shown[$0] }.min()
                let reason = obstacle?.reason ?? command.obstacle
                pairs.append(
                    Pair(
                        command: command.name,
                        clause: command.clause,
                        statusWord: statusWord,
                        shownIn: shownIn,
                        obstacle: shownIn == nil ? reason : nil
                    )
                )
            }
        }
        self.pairs = pairs
        var beyond: [String] = []
        for pair in all where !known.contains(pair) {
            let name = StatusWordTable.commands.first { $0.ins == pair.ins }?.name ?? Hex.string([pair.cla, pair.ins])
            let line = "\(name) \(Hex.string(pair.statusWord))"
            if !beyond.contains(line) { beyond.append(line) }
        }
        self.beyond = beyond
    }

    /// Whether a pair that was shown is that of a table. 6E00 tells of the class, so that it comes in the wrong one;
    /// GET RESPONSE has every class.
    private static func isPair(_ pair: ShownPair, _ command: CommandStatusWords, _ statusWord: String) -> Bool {
        guard pair.ins == command.ins else { return false }
        let isOfClass = statusWord == "6E00" || command.ins == 0xC0 || pair.cla == command.cla
        return isOfClass && zip(Hex.string(pair.statusWord), statusWord).allSatisfy { $0 == $1 || $1 == "X" }
    }

    private static func name(of file: String) -> String {
        file.lastIndex(of: "/").map { String(file[file.index(after: $0)...]) } ?? file
    }

    /// How many pairs have been shown.
    public var shownCount: Int { pairs.count { $0.shownIn != nil } }

    /// The coverage as a document.
    ///
    /// - Parameter command: the command line that writes it.
    public func markdown(command: String) -> String {
        var lines = [
            "# Coverage: which command has shown which status word", "",
            "<!-- Written by: \(command) -->", "",
            "The rows are the commands of TS 102 221 table 10.16 and TS 102 222 clause 6, the columns the status words",
            "that their clauses give a reason for (Sources/Conformance/StatusWordTable.swift). **x**: a transcript of",
            "vectors/conformance shows it; **-**: none does, and the list below says why. \(shownCount) of \(pairs.count)",
            "pairs are shown.", "",
        ]
        let columns = Set(pairs.map(\.statusWord)).sorted(by: Self.isBefore)
        lines.append("| command | clause | " + columns.joined(separator: " | ") + " |")
        lines.append("|---|---|" + columns.map { _ in ":-:|" }.joined())
        for command in StatusWordTable.commands {
            let cells = columns.map { column in
                pairs.first { $0.command == command.name && $0.statusWord == column }
                    .map { $0.shownIn == nil ? "-" : "x" } ?? ""
            }
            lines.append("| \(command.name) | \(command.clause) | " + cells.joined(separator: " | ") + " |")
        }
        lines += ["", "## Not shown", ""]
        lines += notShown
        lines += ["", "Table 10.16 marks these for (nearly) every command; the card gives none of them:", ""]
        lines += StatusWordTable.unreachable.map { "* \($0.statusWord): \($0.reason)" }
        lines += ["", "## Shown, and not in the tables", ""]
        lines += beyond.map { "* \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }

    private var notShown: [String] {
        var lines: [String] = []
        for command in StatusWordTable.commands {
            let missing = pairs.filter { $0.command == command.name && $0.shownIn == nil }
            var reasons: [(reason: String, statusWords: [String])] = []
            for pair in missing {
                let reason = pair.obstacle ?? "no transcript yet"
                if let index = reasons.firstIndex(where: { $0.reason == reason }) {
                    reasons[index].statusWords.append(pair.statusWord)
                } else {
                    reasons.append((reason, [pair.statusWord]))
                }
            }
            for entry in reasons {
                let isAll = entry.statusWords.count == command.all.count
                let which = isAll ? "" : " " + entry.statusWords.joined(separator: ", ")
                lines.append("* \(command.name)\(which): \(entry.reason)")
            }
        }
        return lines.isEmpty ? ["* nothing"] : lines
    }

    /// 9000 first, then by number.
    private static func isBefore(_ one: String, _ other: String) -> Bool {
        (one == "9000" ? "0" : one) < (other == "9000" ? "0" : other)
    }
}
