import Card
import Conformance
import Foundation
import ImageFile
import Memory
import Reader
import Testing

/// The transcripts of vectors, against cards of this process and of others.
@Suite struct ConformanceTests {
    @Test func theTranscriptsAreThere() throws {
        #expect(Vectors.transcripts.count >= 20)
        let checks = try Vectors.transcripts.reduce(0) { try $0 + Vectors.transcript($1).checks }
        #expect(checks > 1_500)
    }

    @Test(arguments: Vectors.transcripts)
    func theCardAnswersAsTheTranscriptSays(path: String) throws {
        let runner = TranscriptRunner(anyPackage: try Vectors.anyPackage(), load: Vectors.load)
        let result = runner.run(try Vectors.transcript(path))
        for line in result.failures {
            Issue.record("\(path):\(line.number): \(line.clause): \(line.command): \(line.outcome)")
        }
        #expect(result.notApplicable == 0)
        #expect(result.passed == result.lines.count)
    }

    // docs/coverage.md is what the command at its head writes.
    @Test func theCoverageIsThatOfTheDocument() throws {
        let runner = TranscriptRunner(anyPackage: try Vectors.anyPackage(), load: Vectors.load)
        let results = try Vectors.transcripts.filter { $0.hasPrefix("conformance/") }
            .map { runner.run(try Vectors.transcript($0)) }
        let document = try String(contentsOf: Vectors.repository.appending(path: "docs/coverage.md"), encoding: .utf8)
        let marker = "<!-- Written by: "
        let head = try #require(document.split(separator: "\n").first { $0.hasPrefix(marker) })
        let command = String(head.dropFirst(marker.count).dropLast(" -->".count))
        let coverage = Coverage(of: results)
        #expect(coverage.markdown(command: command) == document, "run: \(command)")
        // Whatever is not shown has a reason.
        for pair in coverage.pairs where pair.shownIn == nil {
            #expect(pair.obstacle != nil, "\(pair.command) \(pair.statusWord)")
        }
    }

    // MARK: Cards outside

    /// A card made from `package` behind vpcd, and a terminal that is connected to it.
    private func withOutsideCard(
        _ package: [UInt8],
        _ body: (VPCDTerminal) throws -> Void
    ) throws {
        let image = try CardImage(size: CardImage.defaultSize)
        _ = Memory.format(image.octets)
        var card = try Card(image: image.octets, environment: Environment(seed: [UInt8](repeating: 0, count: 48)))
        #expect(card.install(profilePackage: [package]).isInstalled)
        let service = try VPCDCard(
            serving: InProcessTerminal(card, on: image),
            at: VPCDEndpoint(host: "127.0.0.1", port: 0),
            .listening,
            once: true
        )
        do {
            let terminal = try VPCDTerminal(connectingTo: service.endpoint, timeout: 10_000)
            try body(terminal)
        }
        service.stop()
        _ = try service.waitForEnd(milliseconds: nil)
    }

    @Test(arguments: [
        "conformance/status.apdu", "conformance/activate-deactivate-file.apdu", "conformance/classes.apdu",
    ])
    func aCardBehindVPCDAnswersTheSame(path: String) throws {
        try withOutsideCard(try Vectors.octets("conformance/small.der")) { terminal in
            let runner = TranscriptRunner(outside: terminal, anyPackage: [], load: Vectors.load)
            let result = runner.run(try Vectors.transcript(path))
            #expect(result.failures.isEmpty, "\(result.failures.first.debugDescription)")
            #expect(result.passed > 10)
        }
    }

    @Test func whatOnlyTheEmulatorHasDoesNotApplyOutside() throws {
        let text = """
            card a.der
            80F2000C -> 9000
            image -> <x:32>
            reset cold -> 3B *
            cut 1
            00D68200 [AA] -> none
            80F2000C -> 9000
            card b.der
            80F2000C -> 9000
            card any
            80F2000C -> 9000
            """
        try withOutsideCard(try Vectors.octets("conformance/small.der")) { terminal in
            let runner = TranscriptRunner(outside: terminal, anyPackage: [], load: Vectors.load)
            let result = runner.run(try Transcript(text, file: "t.apdu"))
            #expect(result.assumedCards == ["a.der"])
            let outcomes = result.lines.map(\.outcome)
            let noPower = TranscriptResult.Outcome.notApplicable("the power of this card cannot be made to fail")
            #expect(
                outcomes == [
                    .passed, .notApplicable("the image of this card cannot be seen"), .passed, noPower, noPower,
                    .notApplicable("needs another fresh card made from b.der"), .passed,
                ]
            )
            #expect((result.passed, result.notApplicable) == (3, 4))
        }
    }

    // MARK: Results

    @Test func whatFailsIsToldWithItsDifference() throws {
        let text = """
            clause TS 102 221 11.1.2
            card any
            80F2000C -> 6A86  # a <note> & more
            00B0000001 -> <x:1> 9000
            00A4000C <x> -> 9000
            card missing.der
            80F2000C -> 9000
            """
        let runner = TranscriptRunner(anyPackage: try Vectors.anyPackage()) { path in throw Missing(path: path) }
        let result = runner.run(try Transcript(text, file: "t.apdu"))
        #expect(
            result.lines.map(\.outcome) == [
                .failed(expected: "6A86", actual: "9000"), .failed(expected: "<x:1> 9000", actual: "6986"),
                .failed(expected: "a command", actual: "a name without octets"),
                .failed(expected: "a card", actual: "missing.der: Missing(path: \"missing.der\")"),
            ]
        )
        #expect(result.shown.isEmpty)
        let document = JUnit.document([result])
        #expect(document.contains("<testsuites name=\"veuicc conformance\" tests=\"4\" failures=\"4\">"))
        #expect(document.contains("name=\"line 3: a &lt;note&gt; &amp; more\" file=\"t.apdu\" line=\"3\""))
        #expect(document.contains("<failure message=\"expected 6A86, got 9000\">80F2000C</failure>"))
        #expect(XMLChecker.isWellFormed(document))
    }

    private struct Missing: Error {
        let path: String
    }
}

/// Whether the tags of a document close each other, which is all that JUnit.document can get wrong.
private enum XMLChecker {
    static func isWellFormed(_ document: String) -> Bool {
        var open: [String] = []
        for tag in document.split(separator: "<").dropFirst() {
            guard let end = tag.firstIndex(of: ">"), !tag.hasPrefix("?") else { continue }
            let content = tag[..<end]
            if content.hasPrefix("/") {
                guard open.popLast() == String(content.dropFirst()) else { return false }
            } else if !content.hasSuffix("/") {
                open.append(String(content.prefix { $0 != " " }))
            }
        }
        return open.isEmpty
    }
}
