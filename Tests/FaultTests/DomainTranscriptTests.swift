import Card
import Foundation
import Octets
import Testing

@testable import GlobalPlatform

/// vectors/globalplatform/*.apdu: what a factory card answers to whoever has no keys, and whole sessions with its test keys,
/// octet for octet. The challenges are fixed. VEUICC_WRITE_STATES=1 writes them anew; `veuicc conformance` runs them.
@Suite struct DomainTranscriptTests {
    /// Writes down what a card is sent and answers.
    final class Recorder {
        private(set) var text: String
        private(set) var session: DomainSession

        init(_ title: String, clause: String, isSeeded: Bool = false) throws {
            text =
                "# \(title)\n# Written by DomainTranscriptTests of this repository, on a factory card with its test keys.\n"
            text += "\nclause \(clause)\nprotocol t1\n" + (isSeeded ? "seed 5A*48\n" : "")
            session = DomainSession(try Self.card())
        }

        /// As `card` makes it in a transcript.
        private static func card() throws -> FaultCard {
            let card = try FaultCard(Fixture.empty(), .t1)
            try card.card.manufacture(FactoryConfiguration())
            let package = [UInt8](try Data(contentsOf: Fixture.vectors.appending(path: "conformance/small.der")))
            try #require(card.card.install(profilePackage: [package]).isInstalled)
            return card
        }

        func begin(_ what: String) throws {
            text += "\n# \(what)\ncard ../conformance/small.der\n"
            session = DomainSession(try Self.card())
        }

        @discardableResult
        func send(_ command: [UInt8], _ note: String) -> [UInt8] {
            let response = session.card.send(command)
            text += "\(Hex.string(command)) -> \(Hex.string(response))  # \(note)\n"
            return response
        }

        func send(_ command: String, _ note: String) { send(Hex.octets(command) ?? [], note) }

        func initialize(_ kind: SessionKind) {
            let version: UInt8 = if case .scp02 = kind { 0x20 } else { 0x30 }
            session.prepare(kind, version: version, keys: Array(repeating: FactoryConfiguration.testKey, count: 3))
            #expect(session.host.take(send(session.host.initializeUpdate(), "INITIALIZE UPDATE")))
        }

        func open(_ kind: SessionKind, _ level: UInt8) {
            initialize(kind)
            send(session.host.externalAuthenticate(level), "EXTERNAL AUTHENTICATE")
        }

        /// A command of the session; the host must find its response right.
        func exchange(_ command: [UInt8], _ note: String) {
            let response = send(session.wrap(command), note)
            #expect(session.host.unwrap(response, to: command) != nil, "\(note)")
        }
    }

    static func check(_ recorder: Recorder, _ name: String) throws {
        let url = Fixture.vectors.appending(path: "globalplatform/\(name).apdu")
        if Setting.writesStates { try recorder.text.write(to: url, atomically: true, encoding: .utf8) }
        let recorded = try String(contentsOf: url, encoding: .utf8)
        #expect(recorder.text == recorded, "\(name)")
    }

    @Test func withoutKeys() throws {
        let recorder = try Recorder("Whoever has no keys", clause: "GPCS 11")
        try recorder.begin("What can be read")
        recorder.send("00A4040000", "SELECT the issuer security domain")
        recorder.send("00A4040008A00000015100000000", "by its AID")
        recorder.send("00A4040005A0000001F000", "an unknown AID")
        for (tag, name) in [
            ("0042", "issuer identification number"), ("0045", "card image number"), ("0066", "card data"),
            ("0067", "card capabilities"), ("00E0", "key information"), ("00C1", "sequence counter"), ("00D3", "level"),
            ("9F70", "unknown"),
        ] {
            recorder.send("80CA\(tag)00", "GET DATA: \(name)")
        }
        try recorder.begin("What needs authentication")
        for (command, name) in [
            ("80E40000034F0100", "DELETE"), ("80F24002024F0000", "GET STATUS"), ("80E620000600000000000000", "INSTALL"),
            ("80E8800003C4010000", "LOAD"), ("80D8008103310000", "PUT KEY"), ("80F0807F00", "SET STATUS"),
            ("80E2880006007003450100", "STORE DATA"),
        ] {
            recorder.send(command, name)
        }
        try recorder.begin("Sessions that do not begin")
        recorder.send("8050310008000102030405060700", "an unknown key version")
        recorder.send("8050300108000102030405060700", "a key identifier")
        recorder.send("80503000040001020300", "a short challenge")
        recorder.send("8450300008000102030405060700", "secure messaging")
        recorder.send(
            "8482010010" + String(repeating: "00", count: 16),
            "EXTERNAL AUTHENTICATE without INITIALIZE UPDATE"
        )
        recorder.initialize(.scp03(0x01))
        recorder.send("8482010010" + String(repeating: "00", count: 16), "a wrong cryptogram")
        recorder.initialize(.scp02(0x01))
        recorder.send("8482010010" + String(repeating: "00", count: 16), "a wrong cryptogram")
        recorder.initialize(.scp03(0x01))
        recorder.send("8482020010" + String(repeating: "00", count: 16), "a level that there is not")
        try Self.check(recorder, "without-keys")
    }

    /// One session at each level: reads, keeps data, takes and deletes keys, installs and deletes, and is violated.
    @Test(arguments: ["scp02", "scp03"])
    func sessions(name: String) throws {
        let isAES = name == "scp03"
        let recorder = try Recorder("Sessions of \(name.uppercased())", clause: isAES ? "AmdD 6" : "GPCS E")
        let levels: [UInt8] = isAES ? [0x00, 0x01, 0x03, 0x11, 0x13, 0x33] : [0x00, 0x01, 0x03]
        for level in levels {
            try recorder.begin("Level \(Hex.string([level]))")
            recorder.send("00A4040000", "SELECT the issuer security domain")
            recorder.open(isAES ? .scp03(level) : .scp02(level), level)
            recorder.exchange(Command.make(0xCA, 0x00, 0xD3, []), "GET DATA: level")
            recorder.exchange(Command.make(0xF2, 0x80, 0x02, [0x4F, 0x00]), "GET STATUS")
            let object: [UInt8] = [0x00, 0x70, 0x04, 0x45, 0x02, 0xCA, 0xFE]
            recorder.exchange(Command.make(0xE2, 0x88, 0x00, object), "STORE DATA")
            recorder.exchange(Command.make(0xCA, 0x00, 0x45, []), "GET DATA: what was stored")
            let keys = (0..<3).map { number in [UInt8](repeating: 0x10 + UInt8(number), count: 15) + [0x01] }
            let data = recorder.session.keyData(0x31, .aes, keys)
            recorder.exchange(Command.make(0xD8, 0x00, 0x81, data), "PUT KEY")
            recorder.exchange(Command.make(0xCA, 0x00, 0xE0, []), "GET DATA: key information")
            recorder.exchange(Command.make(0xE4, 0x00, 0x00, [0xD2, 0x01, 0x31]), "DELETE [key]")
            let aid = Domain.issuer.aid + [0x01]
            let fields = [Domain.firmware, Domain.firmware + [0x41], aid, [0x80, 0x00, 0x00], [0xC9, 0x00], []]
            recorder.exchange(Command.make(0xE6, 0x0C, 0x00, Command.install(fields)), "INSTALL a security domain")
            recorder.exchange(Command.make(0xF0, 0x40, 0x80, aid), "SET STATUS: lock it")
            recorder.exchange(Command.make(0xF0, 0x40, 0x00, aid), "SET STATUS: unlock it")
            recorder.exchange(Command.make(0xE4, 0x00, 0x00, Command.tlv(0x4F, aid)), "DELETE it")
            recorder.exchange(Command.make(0xE4, 0x00, 0x00, Command.tlv(0x4F, aid)), "DELETE it again")
            guard level & 0x01 != 0 else { continue }
            recorder.send("80F28002024F0000", "without protection")
            recorder.send(
                recorder.session.wrap(Command.make(0xF2, 0x80, 0x02, [0x4F, 0x00])),
                "the session is aborted"
            )
        }
        try Self.check(recorder, name)
    }
}
