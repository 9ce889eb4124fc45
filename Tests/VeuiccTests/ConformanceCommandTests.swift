import Foundation
import Testing

/// `veuicc conformance`.
@Suite struct ConformanceCommandTests {
    private static let passing = """
        card any
        80F2000C -> 9000  # STATUS

        """
    private static let failing = """
        clause TS 102 221 11.1.2
        card any
        80F2000C -> 9000
        80F20002 -> 6A82  # P2
        80F20003 -> 6A88

        """

    private func directory() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        try directory.write("good.apdu", Self.passing)
        return directory
    }

    @Test func whatPassesIsARowOfATable() throws {
        let directory = try directory()
        let result = try Program.veuicc("conformance", "good.apdu", in: directory)
        #expect(result.status == 0 && result.stderr == "")
        #expect(
            result.stdout == """
                file        lines  passed  failed     n/a
                good.apdu       1       1       0       0

                """
        )
    }

    @Test func whatFailsIsShownWithItsFirstDifference() throws {
        let directory = try directory()
        try directory.write("bad.apdu", Self.failing)
        let result = try Program.veuicc("conformance", ".", "--junit", "report.xml", in: directory)
        #expect(result.status == 1 && result.stderr == "")
        #expect(
            result.stdout == """
                file          lines  passed  failed     n/a
                ./bad.apdu        3       1       2       0
                    ./bad.apdu:4: TS 102 221 11.1.2: P2
                      sent      80F20002
                      expected  6A82
                      got       6A86
                                   ^
                      and 1 more of its lines, which --json lists
                ./good.apdu       1       1       0       0
                total             4       2       2       0

                """
        )
        let report = try directory.read("report.xml")
        #expect(report.contains("<testsuite name=\"./bad.apdu\" tests=\"3\" failures=\"2\" skipped=\"0\">"))
        #expect(report.contains("<failure message=\"expected 6A82, got 6A86\">80F20002</failure>"))
    }

    @Test func resultsInJSON() throws {
        let directory = try directory()
        try directory.write("bad.apdu", Self.failing)
        let result = try Program.veuicc("conformance", "bad.apdu", "good.apdu", "--json", in: directory)
        #expect(result.status == 1)
        let report = try #require(try json(result.stdout).first)
        #expect(report["lines"] as? Int == 4 && report["passed"] as? Int == 2 && report["failed"] as? Int == 2)
        let files = try #require(report["files"] as? [[String: Any]])
        let failures = try #require(files[0]["failures"] as? [[String: Any]])
        #expect(failures[0]["line"] as? Int == 4 && failures[0]["note"] as? String == "P2")
        #expect(failures[0]["expected"] as? String == "6A82" && failures[0]["actual"] as? String == "6A86")
    }

    @Test func coverageGoesToStdoutOrAFile() throws {
        let directory = try directory()
        let output = try Program.veuicc("conformance", "good.apdu", "--coverage", "-", in: directory)
        #expect(output.status == 0 && output.stdout.hasPrefix("# Coverage: "))
        let file = try Program.veuicc("conformance", "good.apdu", "--coverage", "c.md", in: directory)
        #expect(file.status == 0 && file.stdout.hasPrefix("file"))
        #expect(try directory.read("c.md") == output.stdout)
    }

    @Test func whatIsInTheWayIsOneLine() throws {
        let directory = try directory()
        try directory.write("wrong.apdu", "card any\n00A4 -> 90\n00A4 -> 9\n")
        let wrong = try Program.veuicc("conformance", "wrong.apdu", in: directory)
        #expect(wrong.status == 65 && wrong.stderr == "Error: wrong.apdu:3: 9 has half an octet\n")
        let missing = try Program.veuicc("conformance", "missing", in: directory)
        #expect(missing.status == 66 && missing.stderr == "Error: missing: no such file or directory\n")
        try directory.write("sub", "")
        let empty = try TemporaryDirectory()
        let nothing = try Program.veuicc("conformance", ".", in: empty)
        #expect(nothing.status == 66 && nothing.stderr == "Error: .: no transcript (*.apdu) below it\n")
        let both = try Program.veuicc("conformance", ".", "--json", "--coverage", "-", in: directory)
        #expect(both.status == 64)
        let unwritable = try Program.veuicc("conformance", "good.apdu", "--junit", "none/x.xml", in: directory)
        #expect(unwritable.status == 73)
        try directory.write("far.apdu", "card far.der\n80F2000C -> 9000\n")
        let far = try Program.veuicc("conformance", "far.apdu", in: directory)
        #expect(far.status == 1 && far.stdout.contains("far.der: cannot read the card: No such file or directory"))
    }
}
