import Card
import Foundation
import ImageFile
import Memory
import Octets
import Testing

@testable import Reader

private let selectPL = "00A4000C022F05"
private let readPL = "00B0000002"
private let fresh = "656E9000"
private let verify = "0020000A083535353535353535"

/// The control socket, with a reader at the other end of the card.
@Suite struct ControlTests {
    // MARK: Rewinding

    @Test(arguments: ["before", "%/before.img", "%/with spaces in it"])
    func snapshotAndRestore(_ place: String) throws {
        let service = try ControlledService()
        let place = place.replacing("%", with: service.directory)
        let reader = try service.reader()
        #expect(reader.transmit(selectPL) == "9000")
        let taken = try service.control("snapshot \(place)")
        #expect(taken["octets"] as? Int == ControlledService.fresh.count)
        #expect(reader.transmit("00D60000024142") == "9000")
        #expect(reader.transmit(readPL) == "41429000")
        #expect(try service.image() != ControlledService.fresh)
        let restored = try service.control("restore \(place)")
        #expect(restored["sha256"] as? String == taken["sha256"] as? String)
        // It has been reset: no EF is selected. The connection has stayed.
        #expect(reader.transmit(readPL) == "6986")
        #expect(reader.transmit(selectPL) == "9000")
        #expect(reader.transmit(readPL) == fresh)
        #expect(try service.image() == ControlledService.fresh)
        // And goes on as before, into the file.
        #expect(reader.transmit("00D60000024344") == "9000")
        #expect(try service.image() != ControlledService.fresh)
        try service.control("restore \(place)")
        #expect(try service.image() == ControlledService.fresh)
    }

    /// Image and seed determine what comes: also the random numbers begin anew.
    @Test func whatIsRewoundComesAgain() throws {
        let service = try ControlledService()
        let reader = try service.reader()
        try service.control("snapshot begin")
        let transcript = ["0084000010", verify, selectPL, "00D60000024142", "8076000004000500A0", "00C000000A"]
        let first = transcript.map { reader.transmit($0) }
        let image = try service.image()
        try service.control("restore begin")
        #expect(transcript.map { reader.transmit($0) } == first)
        #expect(try service.image() == image)
    }

    @Test func whatIsNoImageIsNotTaken() throws {
        let service = try ControlledService()
        let reader = try service.reader()
        #expect(reader.transmit(selectPL) == "9000")
        // The checksum of the superblock, and a free page.
        let damaged = [20, ControlledService.fresh.count - 1].map { place in
            var octets = ControlledService.fresh
            octets[place] ^= 0x01
            return octets
        }
        let files = [
            "first": damaged[0], "last": damaged[1], "short": Array(ControlledService.fresh.dropLast(65_536)),
            "empty": [],
        ]
        for (name, octets) in files {
            try Data(octets).write(to: URL(filePath: "\(service.directory)/\(name).img"))
            #expect(try service.refusal("restore \(service.directory)/\(name).img").kind == "data", "\(name)")
        }
        #expect(try service.refusal("restore \(service.directory)/none.img").kind == "missing")
        #expect(try service.refusal("restore \(service.directory)").kind != nil)
        #expect(try service.refusal("restore none").reason == "there is no snapshot none")
        // The card has noticed nothing.
        #expect(reader.transmit(readPL) == fresh)
        #expect(try service.image() == ControlledService.fresh)
    }

    @Test func aFileIsNotOverwritten() throws {
        let service = try ControlledService()
        try service.control("snapshot \(service.directory)/copy.img")
        #expect(try service.refusal("snapshot \(service.directory)/copy.img").kind == "exists")
        #expect(try service.refusal("snapshot \(service.imagePath)").kind == "exists")
        #expect(try service.refusal("snapshot \(service.directory)/none/copy.img").kind == "missing")
    }

    @Test func theFileOfTheImageStaysWhatItIs() throws {
        let service = try ControlledService()
        let manager = FileManager.default
        try manager.setAttributes([.posixPermissions: 0o640], ofItemAtPath: service.imagePath)
        try service.control("snapshot begin")
        try service.control("restore begin")
        #expect(try manager.attributesOfItem(atPath: service.imagePath)[.posixPermissions] as? Int == 0o640)
        // It is locked as before, and nothing else has been left.
        #expect(throws: ImageFileError.self) { try BaseImage(file: service.imagePath) }
        #expect(try manager.contentsOfDirectory(atPath: service.directory).sorted() == ["card.img", "s"])
        // Somebody has put another file in its place: that one is not touched.
        try manager.moveItem(atPath: service.imagePath, toPath: service.imagePath + ".moved")
        try Data("another".utf8).write(to: URL(filePath: service.imagePath))
        #expect(try service.refusal("restore begin").kind == "system")
        #expect(try service.image() == Array("another".utf8))
    }

    // MARK: Looking

    @Test func status() throws {
        let service = try ControlledService()
        var status = try service.control("status")
        #expect(status["powered"] as? Bool == false)
        #expect((status["channels"] as? [Any])?.isEmpty == true)
        let reader = try service.reader()
        #expect(reader.transmit("00A4040C0CA0000000871002F999FFFF89") == "9000")
        #expect(reader.transmit("00A4000C026F3C") == "9000")
        #expect(reader.transmit("0020000A083131313131313131") == "63C9")
        status = try service.control("status")
        #expect(status["powered"] as? Bool == true)
        #expect(status["connected"] as? Bool == true)
        let channels = try #require(status["channels"] as? [[String: Any]])
        let application = "3F00/ADF.A0000000871002F999FFFF8900000100"
        #expect(channels[0]["application"] as? String == application)
        #expect(channels[0]["directory"] as? String == application)
        #expect(channels[0]["elementary_file"] as? String == application + "/6F3C")
        let pins = try #require(status["pins"] as? [[String: Any]])
        let adm = try #require(pins.first { $0["reference"] as? String == "0A" })
        #expect(adm["tries_left"] as? Int == 9 && adm["tries"] as? Int == 10 && adm["verified"] as? Bool == false)
        #expect(reader.transmit(verify) == "9000")
        status = try service.control("status")
        let verified = (status["pins"] as? [[String: Any]])?.first { $0["reference"] as? String == "0A" }
        #expect(verified?["tries_left"] as? Int == 10 && verified?["verified"] as? Bool == true)
    }

    @Test func reset() throws {
        let service = try ControlledService()
        let reader = try service.reader()
        for kind in ["cold", "warm"] {
            #expect(reader.transmit(selectPL) == "9000")
            try service.control("reset \(kind)")
            #expect(reader.transmit(readPL) == "6986")
        }
        reader.put([0x00])
        #expect(reader.ask([0x04])?.isEmpty == false)
        try service.control("reset cold")
        #expect(try service.control("status")["powered"] as? Bool == false)
    }

    // MARK: Faults

    /// In each of the program operations of a command, in each way: afterwards the card is as before or as after it.
    @Test(arguments: ["", " prefix 3", " prefix 1 4", " suffix 2", " suffix 0 3", " subset 99", " after"])
    func powerCut(_ tear: String) throws {
        let service = try ControlledService()
        let reader = try service.reader()
        try service.control("snapshot begin")
        var operation = 0
        var seen: [String?] = []
        while true {
            operation += 1
            #expect(reader.transmit(selectPL) == "9000")
            try service.control("power-cut \(operation)\(tear)")
            reader.put(Hex.octets("00D60000024142") ?? [])
            // A second message follows: whatever answers first answers that. The card is dead until it is reset.
            reader.put(Hex.octets(readPL) ?? [])
            let answer = reader.ask([0x04]).map { Hex.string($0) }
            if answer == "9000" {
                #expect(reader.get().map { Hex.string($0) } == "41429000")
                #expect(reader.get() == service.terminals[0].answerToReset)
                break
            }
            #expect(answer == Hex.string(service.terminals[0].answerToReset))
            let status = try service.control("status")
            #expect(status["dead"] as? Bool == true && status["powered"] as? Bool == false)
            #expect(status["power_cut"] == nil && status["pins"] == nil)
            reader.put([operation % 2 == 0 ? 0x01 : 0x02])
            #expect(reader.transmit(selectPL) == "9000")
            let content = reader.transmit(readPL)
            #expect(content == fresh || content == "41429000")
            seen.append(content)
            try service.control("restore begin")
            #expect(try service.image() == ControlledService.fresh)
        }
        try service.control("power-cut off")
        // Begin of the journal, its entry, the octets, its end.
        #expect(seen.count >= 3, "\(seen)")
        #expect(seen.first == fresh)
        if tear == " after" { #expect(seen.last == "41429000") }
    }

    @Test func aPowerCutIsCountedOverResets() throws {
        let service = try ControlledService()
        let reader = try service.reader()
        #expect(reader.transmit(selectPL) == "9000")
        #expect(reader.transmit("00D60000024142") == "9000")
        let perCommand = try #require(service.control("status")["program_operations"] as? Int)
        try service.control("power-cut \(2 * perCommand + 1) after")
        for reset: UInt8 in [0x01, 0x02] {
            #expect(reader.transmit("00D60000024143") == "9000")
            reader.put([reset])
            #expect(reader.transmit(selectPL) == "9000")
        }
        let pending = try #require(service.control("status")["power_cut"] as? [String: Any])
        #expect(pending["operation"] as? Int == 1 && pending["tear"] as? String == "after")
        reader.put(Hex.octets("00D60000024144") ?? [])
        #expect(reader.ask([0x04]) == service.terminals[0].answerToReset)
        #expect(try service.control("status")["dead"] as? Bool == true)
    }

    /// After the waiting time the connection is closed: a reader of vpcd would wait for ever.
    @Test func mute() throws {
        let service = try ControlledService()
        var reader = try service.reader()
        #expect(reader.transmit(selectPL) == "9000")
        try service.control("mute 2")
        reader.put(Hex.octets(readPL) ?? [])
        reader.put(Hex.octets(readPL) ?? [])
        #expect(reader.transmit(readPL) == fresh)
        try service.control("mute")
        let begin = ContinuousClock.now
        reader.put(Hex.octets("00D60000024142") ?? [])
        #expect(reader.isClosed())
        let waited = ContinuousClock.now - begin
        #expect(waited > .milliseconds(700) && waited < .seconds(5), "\(waited)")
        #expect(service.events.wait(for: "disconnected: mute"))
        // What is not answered was not executed, and all is well again.
        reader = try service.reader()
        #expect(reader.transmit(selectPL) == "9000")
        #expect(reader.transmit(readPL) == fresh)
        try service.control("mute 3")
        try service.control("mute off")
        #expect(reader.transmit(readPL) == fresh)
    }

    @Test func answerToReset() throws {
        let service = try ControlledService()
        let reader = try service.reader()
        let own = reader.ask([0x04])
        try service.control("atr 3B 02 14 50")
        #expect(reader.ask([0x04]) == [0x3B, 0x02, 0x14, 0x50])
        #expect(try service.control("status")["answer_to_reset"] as? String == "3B021450")
        try service.control("atr default")
        #expect(reader.ask([0x04]) == own)
    }

    @Test func delay() throws {
        let service = try ControlledService()
        let reader = try service.reader()
        try service.control("delay 200")
        let begin = ContinuousClock.now
        reader.put(Hex.octets(selectPL) ?? [])
        // It can be spoken to meanwhile.
        #expect(try service.control("status")["delay"] as? Int == 200)
        #expect(ContinuousClock.now - begin < .milliseconds(190))
        #expect(reader.get() == [0x90, 0x00])
        #expect(ContinuousClock.now - begin >= .milliseconds(200))
        try service.control("delay off")
    }

    // MARK: The reader

    @Test(arguments: VPCDCard.Role.allCases)
    func removeAndInsert(_ role: VPCDCard.Role) throws {
        let service = try ControlledService(role)
        var reader = try service.reader()
        #expect(reader.transmit(selectPL) == "9000")
        for _ in 0..<2 {
            try service.control("remove")
            #expect(reader.isClosed())
            #expect(service.events.wait(for: "disconnected: removed"))
            var status = try service.control("status")
            #expect(status["removed"] as? Bool == true && status["powered"] as? Bool == false)
            // Twice is once.
            try service.control("remove")
            if role == .listening { #expect(try service.reader().isClosed()) }
            let begin = ContinuousClock.now
            try service.control("insert")
            try service.control("insert")
            reader = try service.reader()
            #expect(reader.transmit(readPL) == "6986")
            if role == .connecting { #expect(ContinuousClock.now - begin > .milliseconds(500)) }
            #expect(reader.transmit(selectPL) == "9000")
            status = try service.control("status")
            #expect(status["removed"] as? Bool == false && status["connected"] as? Bool == true)
        }
    }

    @Test(arguments: VPCDCard.Role.allCases)
    func aRemovedCardEnds(_ role: VPCDCard.Role) throws {
        let service = try ControlledService(role)
        let reader = try service.reader()
        #expect(reader.transmit(selectPL) == "9000")
        try service.control("remove")
        #expect(reader.isClosed())
        // Long enough for a card that connects to wait for its insertion.
        Pause.milliseconds(1_200)
        service.cards[0].stop()
        #expect(try service.cards[0].waitForEnd(milliseconds: 5_000))
    }

    @Test func removalWhileTheCardIsBusy() throws {
        let service = try ControlledService()
        let reader = try service.reader()
        #expect(reader.transmit(selectPL) == "9000")
        try service.control("delay 300")
        reader.put(Hex.octets(selectPL) ?? [])
        try service.control("remove")
        #expect(reader.isClosed())
        #expect(service.events.wait(for: "disconnected: removed"))
        try service.control("delay off")
        try service.control("insert")
        #expect(try service.reader().transmit(selectPL) == "9000")
    }

    @Test func severalCards() throws {
        let service = try ControlledService(count: 3)
        #expect(try service.refusal("status").kind == "usage")
        #expect(try service.refusal("3 status").reason == "there is no card 3: they are 0 to 2")
        for index in 0..<3 {
            let status = try service.control("\(index) status")
            #expect(status["card"] as? Int == index)
            #expect((status["image"] as? String)?.hasSuffix(index == 0 ? "card.img" : "card\(index).img") == true)
        }
        try service.control("1 snapshot x")
        #expect(try service.refusal("2 restore x").kind == "missing")
    }

    /// Commands, rewinding and looking from several threads: each response is one that the card gives by itself.
    @Test func allAtOnce() async throws {
        let service = try ControlledService()
        let reader = try service.reader()
        try service.control("snapshot begin")
        let path = service.socketPath
        try await withThrowingTaskGroup(of: Void.self) { group in
            for request in ["restore begin", "status", "snapshot other", "reset warm"] {
                group.addTask {
                    let client = try ControlClient(connectingTo: path)
                    for _ in 0..<40 { #expect(try client.ask(request).contains(#""ok":true"#)) }
                }
            }
            let responses = Set((0..<400).flatMap { _ in [reader.transmit(selectPL), reader.transmit(readPL)] })
            #expect(responses.isSubset(of: ["9000", fresh, "6986"]), "\(responses)")
            try await group.waitForAll()
        }
    }
}
