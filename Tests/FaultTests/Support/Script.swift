import Foundation
import Octets

/// Commands and what they are answered, as they stand in a file of `Scripts` or `Cases`.
///
/// A line is a command and the end of its response in hexadecimal, or `reset`, or `protocol` with a name of a
/// transmission protocol; # begins a comment. A resume token of zeros stands for the right one.
struct Script {
    enum Step {
        case reset
        case command([UInt8], expected: [UInt8])
    }

    var steps: [(line: Int, step: Step)] = []
    var transmissionProtocol = "t0"

    init(_ folder: String, _ name: String) throws {
        let url = Fixture.tests.appending(path: "\(folder)/\(name)")
        let text = String(decoding: try Data(contentsOf: url), as: UTF8.self)
        for (number, line) in text.components(separatedBy: "\n").enumerated() {
            let words = line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
            switch (words.first, words.count) {
            case (nil, _): continue
            case ("reset", 1): steps.append((number + 1, .reset))
            case ("protocol", 2): transmissionProtocol = words[1]
            case (let command?, 2):
                guard let octets = Hex.octets(command), let expected = Hex.octets(words[1]) else {
                    throw Malformed(file: name, line: number + 1)
                }
                steps.append((number + 1, .command(octets, expected: expected)))
            default: throw Malformed(file: name, line: number + 1)
            }
        }
    }

    struct Malformed: Error {
        let file: String
        let line: Int
    }

    /// The names of the files of a folder.
    static func names(_ folder: String) -> [String] {
        let url = Fixture.tests.appending(path: folder)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        return names.filter { $0.hasSuffix(".apdu") }.sorted()
    }
}
