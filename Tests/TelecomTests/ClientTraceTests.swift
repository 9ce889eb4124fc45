import Card
import Foundation
import Memory
import Octets
import Telecom
import Testing

/// Sessions of real clients with another card that held the same TS.48 package: vectors/uicc/client-traces.json. This
/// card answers each command as that one did, but for what stands here.
@Suite struct ClientTraceTests {
    /// A reader's event, or a command and its response.
    enum Event: Decodable {
        case power(isOn: Bool)
        case exchange(command: String, response: String)

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                guard ["power on", "power off"].contains(text) else { throw Unknown(text: text) }
                self = .power(isOn: text == "power on")
            } else {
                let fields = try [String](from: decoder)
                guard fields.count == 2 else { throw Unknown(text: fields.joined(separator: " ")) }
                self = .exchange(command: fields[0], response: fields[1])
            }
        }
    }

    struct Unknown: Error {
        let text: String
    }

    /// What the file holds under a name: a session, or the notes.
    struct Session: Decodable {
        let events: [Event]

        init(from decoder: any Decoder) throws {
            let isText = (try? decoder.singleValueContainer().decode(String.self)) != nil
            events = isText ? [] : try [Event](from: decoder)
        }
    }

    /// Where the cards differ in a response, in any command: free memory; an empty tag A5; the order of the key
    /// references, which follows that of the package there in two sessions.
    private static let differences = [
        ("8304000100008701", "8304????????8701"),
        (
            "62318202782183027FFF840CA0000000871002FF49FF0589A500",
            "622F8202782183027FFF840CA0000000871002FF49FF0589"
        ),
        ("9001B083018183010183010A", "90017083010183018183010A"),
    ]
    /// Where they differ in the response to a command. T=0 announces what that card gave at once in two sessions; class
    /// A0 is there; RETRIEVE DATA has another class.
    private static let responses = [
        "00A404040CA0000000871002FF49FF0589": "6131", "00A40004023F00": "612E", "A0A40000023F00": "9F17",
        "00CB3FFF035C017E": "6E00",
    ]

    /// A card with the package, in the state in which the session found that card.
    private func card(for session: String) throws -> TelecomCard {
        let path = "ts48/TS48_V7.0_eSIM_GTP_SAIP2.3_BERTLV_SUCI.der"
        let card = try TelecomCard(image: nil, .t0)
        #expect(card.card.install(profilePackage: [try Vectors.profile(path)]).isInstalled)
        card.card.powerOn()
        #expect(try card.send("00A4040C07A0000000871002") == "9000")
        if session.contains("PIN1 enabled") {
            #expect(try card.send("002800010830303030FFFFFFFF") == "9000")
        } else if session.contains("resync") {
            // SQN 00000030D3E8, with the IND that the session uses, and 00000030D400.
            for token in ["03040536D4E0000000010233D7ED0607", "03040536D308000000010233D0050607"] {
                let zero = "00000000000000000000000000000000"
                #expect(try card.send("008800812210\(zero)10\(token)") == "613D")
            }
        } else if session.contains("MILENAGE") {
            try replaceKey(of: card)
        }
        card.card.powerOff()
        return card
    }

    /// TS 35.208 set 20.
    private func replaceKey(of card: TelecomCard) throws {
        let old = card.card.system.memory.firstObject(of: .authenticationParameters)
        try card.card.system.memory.free(#require(old))
        try card.store(
            TelecomCard.parameters(
                algorithm: 1,
                key: "90DCA4EDA45B53CF0F12D7C9C3BC6A89",
                opc: "CB9CCCC4B9258E6DCA4760379FB82581"
            ),
            card.usimFile
        )
        card.card.system.memory.commit()
    }

    @Test func everyCommandGetsTheSameAnswer() throws {
        let file: [String: Session] = try Vectors.decode("client-traces.json", keys: .useDefaultKeys)
        let sessions = file.filter { !$0.value.events.isEmpty }
        #expect(sessions.count == 12)
        var count = 0
        for (name, session) in sessions.sorted(by: { $0.key < $1.key }) {
            let card = try card(for: name)
            var announced = ""
            for event in session.events {
                switch event {
                case .power(true): card.card.powerOn()
                case .power(false): card.card.powerOff()
                case .exchange(let command, let response):
                    // GET RESPONSE asks for what this card announces.
                    let isContinued = command.hasPrefix("00C0") && !announced.isEmpty
                    let answer = try card.send(isContinued ? command.prefix(8) + announced : command)
                    let expected = Self.expected(command, response)
                    let isExpected =
                        answer.count == expected.count && zip(answer, expected).allSatisfy { $0 == $1 || $1 == "?" }
                    #expect(isExpected, "\(name): \(command): \(answer) in place of \(expected)")
                    announced = answer.hasPrefix("61") && answer.count == 4 ? String(answer.suffix(2)) : ""
                    count += 1
                }
            }
        }
        #expect(count == 302)
    }

    private static func expected(_ command: String, _ response: String) -> String {
        if let other = responses[command] { return other }
        return differences.reduce(response) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
    }
}
