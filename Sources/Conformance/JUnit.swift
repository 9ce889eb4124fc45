/// Results in the XML of JUnit, as continuous integration reads it: a suite for each transcript, a case for each line.
public enum JUnit {
    /// The document.
    public static func document(_ results: [TranscriptResult]) -> String {
        let lines = results.reduce(0) { $0 + $1.lines.count }
        let failures = results.reduce(0) { $0 + $1.failures.count }
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        text += "<testsuites name=\"veuicc conformance\" tests=\"\(lines)\" failures=\"\(failures)\">\n"
        for result in results { append(result, to: &text) }
        return text + "</testsuites>\n"
    }

    private static func append(_ result: TranscriptResult, to text: inout String) {
        text += "  <testsuite name=\"\(escaped(result.file))\" tests=\"\(result.lines.count)\" "
        text += "failures=\"\(result.failures.count)\" skipped=\"\(result.notApplicable)\">\n"
        for line in result.lines {
            let name = "line \(line.number): " + (line.note.isEmpty ? line.command : line.note)
            text += "    <testcase classname=\"\(escaped(line.clause))\" name=\"\(escaped(name))\""
            text += " file=\"\(escaped(result.file))\" line=\"\(line.number)\""
            switch line.outcome {
            case .passed: text += "/>\n"
            case .failed(let expected, let actual):
                let message = "expected \(expected), got \(actual)"
                text += ">\n      <failure message=\"\(escaped(message))\">\(escaped(line.command))</failure>\n"
                text += "    </testcase>\n"
            case .notApplicable(let reason):
                text += ">\n      <skipped message=\"\(escaped(reason))\"/>\n    </testcase>\n"
            }
        }
        text += "  </testsuite>\n"
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            // XML 1.0 has no other control characters.
            case "\u{0}"..."\u{8}", "\u{B}", "\u{C}", "\u{E}"..."\u{1F}": escaped += "?"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
