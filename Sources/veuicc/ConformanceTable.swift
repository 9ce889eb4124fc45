import Conformance

/// The results of transcripts as a table, with the first line of each that failed.
enum ConformanceTable {
    static func text(_ results: [TranscriptResult]) -> String {
        let width = max(5, results.map(\.file.count).max() ?? 0)
        var lines = [row("file", "lines", "passed", "failed", "n/a", width)]
        for result in results {
            lines.append(row(result, named: result.file, width))
            lines += result.assumedCards.map { "    on a card that is taken for one made from \($0)" }
            lines += failure(result)
            lines += notApplicable(result)
        }
        if results.count > 1 {
            let total = results.reduce(into: [0, 0, 0, 0]) { sum, result in
                sum[0] += result.lines.count
                sum[1] += result.passed
                sum[2] += result.failures.count
                sum[3] += result.notApplicable
            }
            lines.append(row("total", "\(total[0])", "\(total[1])", "\(total[2])", "\(total[3])", width))
        }
        return lines.joined(separator: "\n")
    }

    private static func row(_ result: TranscriptResult, named name: String, _ width: Int) -> String {
        let numbers = [result.lines.count, result.passed, result.failures.count, result.notApplicable].map(String.init)
        return row(name, numbers[0], numbers[1], numbers[2], numbers[3], width)
    }

    private static func row(
        _ name: String,
        _ lines: String,
        _ passed: String,
        _ failed: String,
        _ notApplicable: String,
        _ width: Int
    ) -> String {
        let numbers = [lines, passed, failed, notApplicable].map { String(repeating: " ", count: 8 - $0.count) + $0 }
        return name + String(repeating: " ", count: width - name.count) + numbers.joined()
    }

    private static func failure(_ result: TranscriptResult) -> [String] {
        guard let line = result.failures.first, case .failed(let expected, let actual) = line.outcome else { return [] }
        let place = [line.clause, line.note].filter { !$0.isEmpty }.joined(separator: ": ")
        var lines = [
            "    \(result.file):\(line.number): \(place)", "      sent      \(line.command)",
            "      expected  \(expected)", "      got       \(actual)",
        ]
        if let position = difference(expected, actual) {
            lines.append("                " + String(repeating: " ", count: position) + "^")
        }
        let more = result.failures.count - 1
        if more > 0 { lines.append("      and \(more) more of its lines, which --json lists") }
        return lines
    }

    /// The first digit that is another one; nil where the expectation is no row of digits.
    private static func difference(_ expected: String, _ actual: String) -> Int? {
        guard expected.allSatisfy({ $0.isHexDigit || $0 == "." }), actual.allSatisfy(\.isHexDigit) else { return nil }
        let common = zip(expected, actual).prefix { $0 == $1 || $0 == "." }.count
        return common < max(expected.count, actual.count) ? common : nil
    }

    private static func notApplicable(_ result: TranscriptResult) -> [String] {
        var reasons: [String] = []
        for case .notApplicable(let reason) in result.lines.map(\.outcome) where !reasons.contains(reason) {
            reasons.append(reason)
        }
        return reasons.map { "    n/a: \($0)" }
    }
}

/// The results of transcripts as JSON.
struct ConformanceReport: Encodable {
    let files: [File]
    let lines: Int
    let passed: Int
    let failed: Int
    let notApplicable: Int

    struct File: Encodable {
        let file: String
        let lines: Int
        let passed: Int
        let failed: Int
        let notApplicable: Int
        let assumedCards: [String]
        let failures: [Line]
        let skipped: [Line]
    }

    struct Line: Encodable {
        let line: Int
        let clause: String
        let note: String
        let command: String
        var expected: String?
        var actual: String?
        var reason: String?

        init(_ line: TranscriptResult.Line) {
            self.line = line.number
            clause = line.clause
            note = line.note
            command = line.command
            switch line.outcome {
            case .passed: break
            case .failed(let expected, let actual): (self.expected, self.actual) = (expected, actual)
            case .notApplicable(let reason): self.reason = reason
            }
        }
    }

    init(_ results: [TranscriptResult]) {
        files = results.map { result in
            File(
                file: result.file,
                lines: result.lines.count,
                passed: result.passed,
                failed: result.failures.count,
                notApplicable: result.notApplicable,
                assumedCards: result.assumedCards,
                failures: result.failures.map(Line.init),
                skipped: result.lines.filter { line in
                    if case .notApplicable = line.outcome { true } else { false }
                }.map(Line.init)
            )
        }
        lines = files.reduce(0) { $0 + $1.lines }
        passed = files.reduce(0) { $0 + $1.passed }
        failed = files.reduce(0) { $0 + $1.failed }
        notApplicable = files.reduce(0) { $0 + $1.notApplicable }
    }
}
