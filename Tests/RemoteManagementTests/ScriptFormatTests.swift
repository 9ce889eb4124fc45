import CardOS
import Foundation
import Octets
import Testing

@testable import RemoteManagement

/// Scripts without a card: TS 102 226 clause 5.
struct ScriptFormatTests {
    /// Answers commands as told, and remembers them.
    struct Executor: ScriptExecutor {
        var answers: [String: String]
        var commands: [String] = []
        var actions = 0
        var isActionRefused = false

        init(_ answers: [String: String] = [:]) { self.answers = answers }

        mutating func execute(
            _ command: OctetView,
            _ form: UICC.ScriptResponse,
            into response: inout OctetWriter
        ) -> StatusWord {
            let text = Hex.string(command.array)
            commands.append(text)
            let answer = Hex.octets(answers[text] ?? "9000") ?? []
            answer.withView { response.append($0.part(from: 0, length: $0.count - 2)) }
            return StatusWord(UInt16(answer[answer.count - 2]) << 8 | UInt16(answer[answer.count - 1]))
        }

        mutating func perform(_ action: ScriptAction) -> Bool {
            actions += 1
            return !isActionRefused
        }
    }

    private func result(
        _ script: String,
        _ executor: inout Executor,
        capacity: Int = 1_024
    ) throws -> (response: String, isPassed: Bool) {
        let octets = try #require(Hex.octets(script))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 8)
        defer { buffer.deallocate() }
        var writer = OctetWriter(buffer)
        let isPassed = octets.withView { RemoteScript($0).execute(through: &executor, into: &writer) }
        #expect(!writer.overflowed)
        return (Hex.string(writer.view.array), isPassed)
    }

    private struct VectorFile: Decodable {
        struct Vector: Decodable {
            let id: String
            let data: String?
            let script: String?
            let response: String?
        }
        let vectors: [Vector]

        func vector(_ id: String) throws -> Vector { try #require(vectors.first { $0.id == id }) }
    }

    @Test func vectorsOfTheField() throws {
        let url = RemoteCard.vectors.appending(path: "gp/ram-rfm-scp81.json")
        let file = try JSONDecoder().decode(VectorFile.self, from: try Data(contentsOf: url))
        var executor = Executor(["00B000000A": "001122334455667788999000"])
        let compact = try result(#require(file.vector("compact-cmd").data), &executor)
        #expect(executor.commands == ["00A40004023F00", "00A40004022FE2", "00B000000A"])
        #expect(try compact.response == file.vector("compact-rsp").data)
        for id in ["expanded-definite", "expanded-indefinite"] {
            executor = Executor()
            _ = try result(#require(file.vector(id).script), &executor)
            #expect(executor.commands == ["80E2900000"])
        }
        executor = Executor(["80CA008500": "6A88"])
        let unknown = try file.vector("expanded-rsp-indefinite-6A88")
        #expect(try result(#require(unknown.script), &executor).response == unknown.response)
        executor = Executor()
        _ = try result(#require(file.vector("expanded-getstatus").script), &executor)
        #expect(executor.commands == ["80F28002024F0000"])
    }

    @Test(arguments: [
        // The script, the commands in it, the result.
        ("80F2000000" + "00B2010400" + "80CBXX", "80F2000000 00B2010400 80CB", "036700"),
        ("80F24002024F0000", "80F24002024F0000", "01900001"),
        ("00D60000", "00D60000", "016700"),
        ("00D6000005AABB", "00D6000005AABB", "016700"),
        ("00A40004023F00" + "00C000000A", "00A40004023F00 00C000000A", "0290000A"),
        ("80CB008001" + "5C" + "80CB000000", "80CB0080015C 80CB000000", "029000"),
    ])
    func compactScriptsAreParted(script: String, commands: String, response: String) throws {
        let octets = script.replacingOccurrences(of: "XX", with: "")
        var executor = Executor([
            "80CB": "6700", "80F24002024F0000": "019000", "00D60000": "6700", "00D6000005AABB": "6700",
            "00C000000A": "0A9000",
        ])
        #expect(try result(octets, &executor).response == response)
        #expect(executor.commands.joined(separator: " ") == commands)
    }

    @Test func compactScriptsEndWhereACommandFails() throws {
        var executor = Executor(["0020000100": "63C2", "00A40004026F07": "6A82"])
        let (response, isPassed) = try result("0020000100" + "00A40004026F07" + "00B0000009", &executor)
        #expect(response == "026A82")
        #expect(!isPassed)
    }

    @Test func compactResultsAreCut() throws {
        var executor = Executor(["00B0000008": "01020304050607089000"])
        #expect(try result("00B0000008", &executor, capacity: 7).response == "0162F101020304")
    }

    @Test(arguments: [
        ("AA00", "AB03800100"), ("AE800000", "AF800000"),
        ("AA072205" + "00B0000002", "AB098001012304AABB9000"),
        ("AE80" + "220500B0000002" + "220500B0000002" + "0000", "AF802304AABB90002304AABB90000000"),
        // An error ends the script.
        ("AA0E220500A4000000220500B0000002", "AB0780010123026A82"),
        // With an error action it goes on, without one again it does not.
        ("AA118201" + "01" + "220500A4000000220500B0000002", "AB0D80010223026A822304AABB9000"),
        ("AA138201" + "01" + "8200" + "220500A4000000220500B0000002", "AB0780010123026A82"),
        // Bad formats.
        ("AA", "AB06800100900103"), ("AA03220500", "AB06800100900102"), ("AA022205", "AB06800100900102"),
        ("AA0122", "AB06800100900103"), ("AA022400", "AB06800100900101"), ("AA0100", "AB06800100900101"),
        ("AA08220500B000000224", "AB0C8001012304AABB9000900101"),
        ("AA000000", "AB06800100900102"), ("AA0222FF", "AB06800100900103"),
        ("AE", "AF809001020000"), ("AE80", "AF809001020000"), ("AE8000", "AF809001020000"),
        ("AE80000000", "AF809001020000"), ("AE80240000", "AF809001010000"), ("AE050000", "AF809001020000"),
        ("AA0A220500B0000002830101", "AB0C8001012304AABB9000900101"), ("AA03830104", "AB06800100900102"),
        // Actions.
        ("AA038101" + "01", "AB03800100"), ("AA02" + "8100", "AB06800100900102"),
        ("AA03810180", "AB06800100900102"), ("AA0A" + "810181" + "220500B0000002", "AB098001012304AABB9000"),
    ])
    func expandedScripts(script: String, response: String) throws {
        var executor = Executor(["00B0000002": "AABB9000", "00A4000000": "6A82"])
        #expect(try result(script, &executor).response == response)
    }

    @Test func immediateActionsThatAreNotDoneEndTheScript() throws {
        var executor = Executor()
        executor.isActionRefused = true
        let script = "AA11" + "220500B0000002" + "810181" + "220500B0000002"
        #expect(try result(script, &executor).response == "AB0A80010123029000" + "810101")
        #expect(executor.commands.count == 1)
    }

    @Test func actionsAreDoneInTheirPlace() throws {
        var executor = Executor(["00A4000000": "6A82"])
        _ = try result("AA13" + "8203810101" + "220500A4000000" + "220500B0000000", &executor)
        #expect(executor.actions == 1)
    }

    @Test func expandedResultsAreCut() throws {
        let data = String(repeating: "5A", count: 200)
        var executor = Executor(["00B00000C8": data + "9000"])
        let (response, isPassed) = try result("AA0E" + "220500B00000C8" + "220500B00000C8", &executor, capacity: 140)
        let room = 140 - 15 - 6
        let cut = String(repeating: "5A", count: room) + "62F1"
        let object = "23" + RemoteCard.field(cut)
        #expect(response == "AB" + RemoteCard.field("800101" + object))
        #expect(!isPassed)
        #expect(executor.commands.count == 1)
    }

    @Test func anyOctetsAreReadToTheEnd() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var state = seed
        for _ in 0..<20_000 {
            var octets: [UInt8] = []
            state = state &* 6_364_136_223_846_793_005 &+ 1
            let count = Int(state >> 56) % 40
            for index in 0..<count {
                state = state &* 6_364_136_223_846_793_005 &+ 1
                let known: [UInt8] = [0xAA, 0xAE, 0x80, 0x22, 0x81, 0x82, 0x83, 0x00, 0x05, 0x01]
                let octet = UInt8(truncatingIfNeeded: state >> 40)
                octets.append(state >> 60 < 12 || index == 0 ? known[Int(octet) % known.count] : octet)
            }
            var executor = Executor()
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
            defer { buffer.deallocate() }
            var writer = OctetWriter(buffer)
            _ = octets.withView { RemoteScript($0).execute(through: &executor, into: &writer) }
            #expect(!writer.overflowed, "seed \(seed): \(Hex.string(octets))")
        }
    }
}
