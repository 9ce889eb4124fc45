import Card
import Octets
import Testing

/// What once went wrong, kept for ever: scripts on a card with the default profile.
@Suite struct CaseTests {
    @Test func thereAreCases() {
        #expect(!Script.names("Cases").isEmpty)
    }

    @Test(arguments: Script.names("Cases"))
    func aCaseIsAnswered(name: String) throws {
        let script = try Script("Cases", name)
        let rule = try #require(Environment.TransmissionProtocol(rawValue: script.transmissionProtocol))
        let card = try FaultCard(try Fixture.personalised(), rule)
        var properties = Properties(card)
        for (line, step) in script.steps {
            guard case .command(let command, let expected) = step else {
                card.card.powerOff()
                continue
            }
            let fault = properties.send(card.filled(command))
            #expect(fault == nil, "\(name), line \(line)")
            let response = properties.response
            #expect(response.suffix(expected.count) == expected[...], "\(name), line \(line): \(Hex.string(response))")
        }
        let found = properties.soundness()
        #expect(found == [], "\(name)")
    }
}
